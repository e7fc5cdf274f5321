/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Prints, writes and draws a verdict that differs from the verdict of the line order. */
#pragma once

#include <limits.h>
#include <stdio.h>

#include "tool/explore/exploration.h"
#include "tool/util/json.h"

/* Size of the longest text of a verdict, with the NUL. */
#define ORDER_VERDICT_TEXT (RULE_SET_TEXT + 64)

/* Writes the names of the broken rules or `clean`, and if expected results do not hold, a remark. */
void order_verdict_to_text(const struct order_verdict *verdict, char text[ORDER_VERDICT_TEXT]);

/* Writes the members `verdict` and `results_hold` of an open JSON object. */
void order_verdict_write_json_members(struct json *json, const struct order_verdict *verdict);

/*
 * Writes the program to the file @directory/NAME-RULES.page, completely or not at all; NAME is the name of
 * @file. If this process has already written a file with this name, a number is appended.
 * @path: gets the path of the file, PATH_MAX bytes
 * Return: 0 or errno
 */
int other_verdict_write_file(const struct other_verdict *other, const char *directory, const char *file,
			     char *path);

/*
 * Prints a command that explains the program, so that a user can paste the command.
 * @path: the file of the program; NULL: the command contains the program
 */
void other_verdict_print_command(FILE *out, const struct other_verdict *other, const char *path);

/* Writes an object with the program, and with @path unless @path is NULL. */
void other_verdict_write_json(struct json *json, const struct other_verdict *other, const char *path);

/*
 * Draws the program on standard output, as `explain` does. Evaluates the program with @rules.
 * @file: the name of the program in the drawing
 * Return: EXIT_BAD, after a line on standard error, if the drawing cannot be made; else EXIT_GOOD.
 */
int other_verdict_draw(const struct other_verdict *other, struct rules *rules, const char *file);
