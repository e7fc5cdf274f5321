/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The paths of all inputs of a run. */
#pragma once

#include "tool/util/file_list.h"

/*
 * Lists the files of all @arguments, which end with NULL. For a directory, lists its programs. For "-",
 * copies standard input to a file, because several workers read the input.
 * @must_sort: sort by name and remove repeated names; false: keep the order of the arguments.
 * Return: false, after messages, if an argument cannot be used; @inputs has the files of the other arguments.
 */
bool input_list_init(struct file_list *inputs, char **arguments, bool must_sort);

/* Return: the name of the input in messages: "-" for the copy of standard input, otherwise @path. */
const char *input_display_name(const char *path);
