/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds functions by their offset in a binary. Workers print reports without symbols, because in each process
 * that ends the look-up of symbols would take longer than the execution. Instead, this file runs a
 * symbolizer, once for each offset.
 */
#pragma once

#include <stdint.h>

#include "tool/report/report.h"

/*
 * The size of a stack as text: offsets in the binary, "0x1a 0x2b", the innermost first. The offset of a
 * caller is an address in its call instruction, not after this instruction.
 */
#define SYMBOLS_STACK 192

/* Appends @offset to @stack, if @stack has space for the text of the offset. */
void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset);

/* Appends the offset of the call that returns to this address, in the running binary, to @stack. */
void symbols_append_return_address(char stack[SYMBOLS_STACK], uintptr_t return_address);

/* Formats the innermost functions of the page library in a stack (report_format_library_functions()). */
void symbols_format_library_functions(const char *binary_path, const char *stack,
				      char text[REPORT_INNERMOST_TEXT]);

/* Finds the innermost frame of the page library in a stack. Return: false if the stack has no such frame. */
bool symbols_find_innermost_library_frame(const char *binary_path, const char *stack,
					  struct report_frame *frame);

/* Return: whether a symbolizer was searched and not found, so that stacks have no functions. */
bool symbols_symbolizer_is_missing(void);
