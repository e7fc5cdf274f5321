/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_FLAVOURS_H
#define TOOL_FLAVOURS_H

#include <stdbool.h>
#include <stddef.h>

#define FLAVOURS_MAX 4

/* All flavours, in the order of tables. A build may lack some of them. */
enum { FLAVOUR_PLAIN, FLAVOUR_ASAN, FLAVOUR_TSAN, FLAVOUR_MSAN };
extern const char *const flavour_names[FLAVOURS_MAX];
#define FLAVOUR_NAMES "plain, asan, tsan, msan"

/*
 * Finds a binary of this project in the directory of this binary, or where it is installed.
 * @path: gets its path
 * Return: whether it was found
 */
bool binary_find(const char *binary, char *path, size_t size);

/*
 * Finds the binary of a flavour in the directory of this binary, or where it is installed.
 * @path: gets its path
 * Return: whether it was found
 */
bool flavour_find_binary(const char *name, char *path, size_t size);

/*
 * Sets the backend with which the library maps pages, in this process and, by the environment, in all
 * processes that it starts.
 * Return: false if the library has no such backend.
 */
bool flavour_set_backend(const char *name);

/*
 * Parses a list such as "asan,tsan", which it overwrites.
 * @wanted: gets FLAVOURS_MAX flags, of type bool
 * Return: false for an unknown name.
 */
bool flavours_parse(char *list, void *wanted);

/* Sets the flavours that run without --flavour. */
void flavours_set_default(bool wanted[FLAVOURS_MAX]);

/* Formats the names of the @wanted flavours, separated by commas. */
#define FLAVOURS_TEXT 40
void flavours_format_names(const bool wanted[FLAVOURS_MAX], char text[FLAVOURS_TEXT]);

#endif
