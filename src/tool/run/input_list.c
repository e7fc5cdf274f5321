/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/input_list.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/program/program_file.h"

/* A worker itself uses smaller descriptors (enum worker_descriptor). */
#define FIRST_INHERITED_DESCRIPTOR 64

/* The path of the copy of standard input; empty: standard input was not copied. */
static char standard_input_path[32];

/* Copies standard input to a file that workers inherit. Return: the path of the copy, or NULL. */
static char *copy_standard_input(void)
{
	char error[PROGRAM_FILE_ERROR];
	int file = -1, copy = -1;
	char *content;
	size_t content_size;

	if (*standard_input_path)
		return standard_input_path;
	content = program_file_read_or_stdin("-", &content_size, error);
	if (content)
		file = memfd_create("input", MFD_CLOEXEC);
	if (file >= 0 && write(file, content, content_size) == (ssize_t)content_size)
		copy = fcntl(file, F_DUPFD, FIRST_INHERITED_DESCRIPTOR);
	if (!content)
		fprintf(stderr, "%s\n", error);
	else if (copy < 0)
		fprintf(stderr, "-: expected memory for a copy, got none\n");
	free(content);
	if (file >= 0)
		close(file);
	if (copy < 0)
		return NULL;
	snprintf(standard_input_path, sizeof(standard_input_path), "/proc/self/fd/%d", copy);
	return standard_input_path;
}

/* Return: false, after an error message, for a pipe or a device, which cannot be read again. */
static bool can_be_read_again(const char *path)
{
	struct stat status;

	if (stat(path, &status) || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))
		return true;
	fprintf(stderr, "%s: expected a file or a directory: it is neither\n", path);
	return false;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_and_deduplicate_names(struct file_list *files)
{
	size_t kept = 0;

	if (files->count)
		qsort(files->names, files->count, sizeof(*files->names), compare_names);
	for (size_t i = 0; i < files->count; i++) {
		if (kept && !strcmp(files->names[kept - 1], files->names[i]))
			free(files->names[i]);
		else
			files->names[kept++] = files->names[i];
	}
	files->count = kept;
}

bool input_list_init(struct file_list *inputs, char **arguments, bool must_sort)
{
	bool all_usable = true;
	int kept = 0;

	for (int i = 0; arguments[i]; i++) {
		char *path = strcmp(arguments[i], "-") ? arguments[i] : copy_standard_input();

		if (path && can_be_read_again(path))
			arguments[kept++] = path;
		else
			all_usable = false;
	}
	all_usable &= file_list_init_and_check_arguments(inputs, kept, arguments);
	if (must_sort)
		sort_and_deduplicate_names(inputs);
	return all_usable;
}

const char *input_display_name(const char *path)
{
	return *standard_input_path && !strcmp(path, standard_input_path) ? "-" : path;
}
