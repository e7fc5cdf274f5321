/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_SCRIPT_H
#define TOOL_SCRIPT_H

/*
 * Replaces this process by python3 with the command line @words, which begins with "python3" and ends
 * with NULL. Return: EXIT_BAD, after a line on standard error, if that is impossible.
 */
int execute_python(const char *const words[]);

/*
 * Replaces this process by python3 with the text of a script, which a command contains, and
 * @arguments, which end with NULL.
 * Return: EXIT_BAD, after a line on standard error, if that is impossible.
 */
int execute_script(const char *script, const char *const arguments[]);

#endif
