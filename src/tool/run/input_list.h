/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The names of inputs, in a file without a name: a count, offsets, strings. Workers map it
 * read-only, so a worker that writes to wild addresses does not change it.
 */
#ifndef TOOL_INPUT_LIST_H
#define TOOL_INPUT_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct input_list {
	int file; /* by which another process reads the list */
	uint32_t count;
	const uint64_t *offsets;
	const char *names;
	size_t size;
};

/*
 * Lists the files of all @arguments, which NULL ends; a directory means its programs, "-"
 * for standard input, which is copied.
 * @sort: sorted by name, each once; else in the order of the arguments
 * @good: gets whether all could be listed; what could not is printed on standard error
 * Return: NULL without memory, after a line on standard error.
 */
struct input_list *input_list_new(char **arguments, bool sort, bool *good);

/* The list that another process made; NULL if @file holds none. */
struct input_list *input_list_open(int file);
void input_list_delete(struct input_list *list);

/* The path by which every process of this run reads the input. */
const char *input_path(const struct input_list *list, uint32_t input);

/* The name for people: "-" for the copy of standard input. */
const char *input_name(const struct input_list *list, uint32_t input);

#endif
