/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_FLAVOURS_H
#define TOOL_FLAVOURS_H

#include <stdbool.h>
#include <stddef.h>

#define FLAVOURS_MAX 4

/* All that can exist, in the order in which a table shows them. */
enum { FLAVOUR_PLAIN, FLAVOUR_ASAN, FLAVOUR_TSAN, FLAVOUR_MSAN };
extern const char *const flavour_names[FLAVOURS_MAX];

/*
 * Is the binary there, beside this one or where it is installed?
 * @path: gets where
 */
bool binary_find(const char *binary, char *path, size_t size);

/*
 * Is the flavour's binary there, next to this one or where it is installed?
 * @path: gets where
 */
bool flavour_find_binary(const char *name, char *path, size_t size);

/*
 * How the library maps pages, here and in all flavours that are started: they are processes
 * of their own, and read it from the environment, as the user may have said it there.
 * Return: false if the library has no such backend.
 */
bool flavour_set_backend(const char *name);

/* "asan,tsan", which is taken apart. Return: false if there is a name that is none. */
bool flavours_parse(char *list, bool wanted[FLAVOURS_MAX]);

/* What runs where nothing is asked for. */
void flavours_set_default(bool wanted[FLAVOURS_MAX]);

/* The names of the @wanted flavours, with commas. */
#define FLAVOURS_TEXT 40
void flavours_format_names(const bool wanted[FLAVOURS_MAX], char text[FLAVOURS_TEXT]);

#endif
