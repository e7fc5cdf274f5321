/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Quotes words of commands that people paste into a POSIX shell, in any directory. */
#ifndef HARNESS_SHELL_WORD_H
#define HARNESS_SHELL_WORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Prints @word: bare if it has only safe characters, else in single quotes. */
void shell_word_print(FILE *out, const char *word);

/* Prints the file name @path as a word that names the same file from any directory. */
void shell_absolute_path_print(FILE *out, const char *path);

/*
 * Return: the absolute path of the running binary; if it is unknown, the name it was started
 * with.
 */
const char *running_binary_path(void);

/*
 * Returns whether the directory of the running binary has an executable file @name.
 * @path: gets its path
 */
bool find_beside_running_binary(const char *name, char *path, size_t size);

#endif
