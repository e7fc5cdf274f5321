/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Functions by their offset in a binary. Reports come without symbols here: each process
 * that ends would look them up anew, and that costs more than all it did before. A tool of
 * the toolchain is asked instead, once for each offset.
 */
#ifndef TOOL_SYMBOLS_H
#define TOOL_SYMBOLS_H

#include "tool/report/report.h"

/*
 * A stack as offsets: "0x1a 0x2b", the innermost first. Callers are named by the address
 * within the call, not after it.
 */
#define SYMBOLS_STACK 192

/* Adds one to a stack, if there is room. */
void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset);

/* The innermost functions of the page library of a stack in @binary_path, as
 * report_format_top_functions() returns them. */
void symbols_format_top_functions(const char *binary_path, const char *stack,
				  char text[REPORT_TOP_TEXT]);

/* The innermost frame of the page library. Return: false if there is none. */
bool symbols_find_innermost_frame(const char *binary_path, const char *stack,
				  struct report_frame *frame);

/* Was there no tool to ask? Then stacks have no functions. */
bool symbols_tool_is_missing(void);

#endif
