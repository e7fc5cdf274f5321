/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds functions by their offset in a binary. Sanitizers print reports without symbols here, because
 * each process that ends would look symbols up again, which costs more than its whole execution. This
 * file runs a symbolizer instead, once for each offset.
 */
#pragma once

#include "tool/report/report.h"

/*
 * A stack as text: offsets in the binary, "0x1a 0x2b", the innermost first. The offset of a caller lies
 * within the call instruction, not after it.
 */
#define SYMBOLS_STACK 192

/* Appends an offset to a stack, if the text has space for it. */
void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset);

/* Formats the innermost functions of the page library in a stack (report_format_library_functions()). */
void symbols_format_library_functions(const char *binary_path, const char *stack,
				      char text[REPORT_INNERMOST_TEXT]);

/* Finds the innermost frame of the page library in a stack. Return: false if the stack has none. */
bool symbols_find_innermost_library_frame(const char *binary_path, const char *stack,
					  struct report_frame *frame);

/* Return: whether no symbolizer was found, so that stacks have no functions. */
bool symbols_symbolizer_is_missing(void);
