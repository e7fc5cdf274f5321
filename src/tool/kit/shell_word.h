/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_SHELL_WORD_H
#define TOOL_SHELL_WORD_H

#include <stdio.h>

/* Prints @word so that a POSIX shell reads it as one word: quoted, if it needs quotes. */
void shell_word_print(FILE *out, const char *word);

#endif
