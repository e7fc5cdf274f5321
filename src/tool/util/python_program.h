/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Commands that are Python programs: C reads their options, because it generates --help,
 * completion and the manual page from them.
 *
 * The programs are in src/tool, and in PKGLIBEXECDIR/python after `make install`. A build directory
 * has a link `python` to src/tool.
 */
#ifndef TOOL_PYTHON_PROGRAM_H
#define TOOL_PYTHON_PROGRAM_H

/*
 * Replaces this process by the Python program @name ("finding/triage.py") with @arguments, which end
 * with NULL. Return: EXIT_BAD after a line on standard error, if that is impossible.
 */
int execute_python_program(const char *name, char *const arguments[]);

#endif
