/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Programs that once failed, in corpus/regress of a source tree, for ever. */
#ifndef TOOL_REGRESS_H
#define TOOL_REGRESS_H

#include <limits.h>
#include <stdbool.h>

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/finding/signature.h"

/*
 * The corpus/regress of the source tree at @start, or of the nearest above it.
 * Return: false if there is no source tree.
 */
bool regress_find(const char *start, char directory[PATH_MAX]);

/*
 * Adds @program as NAME.page, with what the model says of it as `expect` and its failure as
 * a comment. One that is there is left alone. A program that was minimised may break fewer
 * rules than the finding whose @signature it is: a disagreement is all that has to stay.
 * @path: gets where
 * Return: 0, EEXIST, or what went wrong.
 */
int regress_add(const char *directory, const char *name, const struct program *program,
		const struct signature *signature, struct rules *rules, char path[PATH_MAX]);

#endif
