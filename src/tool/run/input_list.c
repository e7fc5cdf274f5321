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
#include "tool/util/file_list.h"

/* Descriptors below this are a worker's own (enum worker_descriptor). */
#define FIRST_INHERITED 64

/* Of the copy of standard input; empty: there is none. */
static char standard_input[32];

/* ---- arguments ---- */

/* Workers inherit the copy: standard input can be read once. Return: its path, or NULL. */
static const char *copy_standard_input(void)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read("-", &size, error);
	int file = memfd_create("input", MFD_CLOEXEC), copy = -1;

	if (content && file >= 0 && write(file, content, size) == (ssize_t)size)
		copy = fcntl(file, F_DUPFD, FIRST_INHERITED);
	if (!content)
		fprintf(stderr, "%s\n", error);
	else if (copy < 0)
		fprintf(stderr, "-: expected memory for a copy, got none\n");
	free(content);
	if (file >= 0)
		close(file);
	snprintf(standard_input, sizeof(standard_input), "/proc/self/fd/%d", copy);
	return copy < 0 ? NULL : standard_input;
}

/* A pipe can be read once, and an input is read by each flavour, and again after a failure. */
static bool can_be_read_again(const char *path)
{
	struct stat status;

	if (stat(path, &status) || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))
		return true;
	fprintf(stderr, "%s: expected a file or a directory: it is neither\n", path);
	return false;
}

/* Drops the arguments that cannot be used. Return: were there none? */
static bool check_arguments(char **arguments)
{
	char **kept = arguments;
	bool good = true;

	for (; *arguments; arguments++) {
		if (strcmp(*arguments, "-") && !can_be_read_again(*arguments))
			good = false;
		else
			*kept++ = *arguments;
	}
	*kept = NULL;
	return good;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void sort_names(struct file_list *files)
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

/* Return: could it be copied, or is it not among the files? */
static bool replace_standard_input(struct file_list *files)
{
	const char *path = NULL;

	for (size_t i = 0; i < files->count; i++) {
		if (strcmp(files->names[i], "-"))
			continue;
		if (!path && !(path = copy_standard_input())) {
			free(files->names[i]);
			memmove(files->names + i, files->names + i + 1,
				(--files->count - i) * sizeof(*files->names));
			return false;
		}
		free(files->names[i]);
		files->names[i] = strdup(path);
	}
	return true;
}

/* ---- the file ---- */

static int write_names(const struct file_list *files)
{
	int file = memfd_create("inputs", MFD_CLOEXEC), copy = file < 0 ? -1 : dup(file);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	uint64_t offset = sizeof(uint64_t) * (files->count + 1), count = files->count;
	bool good;

	if (!out)
		return -1;
	fwrite(&count, sizeof(count), 1, out);
	for (size_t i = 0; i < files->count; i++) {
		fwrite(&offset, sizeof(offset), 1, out);
		offset += strlen(files->names[i]) + 1;
	}
	for (size_t i = 0; i < files->count; i++)
		fwrite(files->names[i], strlen(files->names[i]) + 1, 1, out);
	good = !ferror(out);
	return !fclose(out) && good ? file : -1;
}

struct input_list *input_list_open(int file)
{
	struct input_list *list = calloc(1, sizeof(*list));
	struct stat status;
	uint64_t *words;

	if (!list || fstat(file, &status) || (size_t)status.st_size < sizeof(*words)) {
		free(list);
		return NULL;
	}
	list->size = (size_t)status.st_size;
	words = mmap(NULL, list->size, PROT_READ, MAP_SHARED, file, 0);
	if (words == MAP_FAILED) {
		free(list);
		return NULL;
	}
	list->file = file;
	list->count = (uint32_t)words[0];
	list->offsets = words + 1;
	list->names = (const char *)words;
	return list;
}

void input_list_delete(struct input_list *list)
{
	if (!list)
		return;
	munmap((void *)(uintptr_t)list->names, list->size);
	close(list->file);
	free(list);
}

const char *input_path(const struct input_list *list, uint32_t input)
{
	return list->names + list->offsets[input];
}

const char *input_name(const struct input_list *list, uint32_t input)
{
	const char *path = input_path(list, input);

	return *standard_input && !strcmp(path, standard_input) ? "-" : path;
}

struct input_list *input_list_new(char **arguments, bool sort, bool *good)
{
	struct input_list *list = NULL;
	struct file_list files;
	int file, count = 0;

	*good = check_arguments(arguments);
	while (arguments[count])
		count++;
	*good &= file_list_init(&files, count, arguments);
	*good &= replace_standard_input(&files);
	if (sort)
		sort_names(&files);
	file = write_names(&files);
	if (file >= 0)
		list = input_list_open(file);
	if (!list)
		fprintf(stderr, "pagetorture: expected memory for %zu names, got none\n", files.count);
	file_list_destroy(&files);
	return list;
}
