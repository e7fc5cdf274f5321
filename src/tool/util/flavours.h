/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define FLAVOURS_MAX 4

/* All flavours, in the order of columns in tables. A build may lack some flavours. */
enum { FLAVOUR_PLAIN, FLAVOUR_ASAN, FLAVOUR_TSAN, FLAVOUR_MSAN };
extern const char *const flavour_names[FLAVOURS_MAX];
#define FLAVOUR_NAMES "plain, asan, tsan, msan"

/*
 * These functions find a binary of this project by its name, or pagetorture by its flavour. They search in
 * the directory of the running binary, then in the directories of installed binaries.
 * @path: gets the path of the binary.
 * Return: whether the binary exists.
 */
bool binary_find(const char *binary_name, char *path, size_t path_size);
bool flavour_find_binary(const char *flavour, char *path, size_t path_size);

/*
 * Parses a list of flavours such as "asan,tsan", and overwrites the list.
 * @wanted: an array of FLAVOURS_MAX bools; gets true for each flavour in @list.
 * Return: false if @list has an unknown flavour.
 */
bool flavours_parse(char *list, void *wanted);

/* Formats the names of the @wanted flavours, separated by commas. */
#define FLAVOURS_TEXT 40
void flavours_format_names(const bool wanted[FLAVOURS_MAX], char text[FLAVOURS_TEXT]);
