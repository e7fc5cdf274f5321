/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Prints words of commands that people paste into a POSIX shell, and finds the running binary. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* Prints @word: unchanged if it has only safe characters, otherwise in single quotes. */
void shell_word_print(FILE *out, const char *word);

/* Prints the absolute path of @path as a word, so that the command works in any directory. */
void shell_absolute_path_print(FILE *out, const char *path);

/* Return: the absolute path of this binary; if it is unknown, the name that it was started with. */
const char *running_binary_path(void);

/*
 * Returns whether the directory of this binary has an executable file @name.
 * @path: the function stores the path of the file here
 */
bool find_executable_beside_running_binary(const char *name, char *path, size_t size);
