/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The program files that the arguments of a command name: a directory means its programs. */
#ifndef TOOL_FILE_LIST_H
#define TOOL_FILE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct file_list {
	char **names;
	size_t count;
	size_t bad_count; /* arguments: directories without a program or that cannot be read */
};

/*
 * Lists the files of @count arguments, in the order of the arguments; those of a directory
 * are sorted. Logs how many files of a directory were ignored. The caller frees @list with
 * file_list_destroy(), also after an error.
 * Return: false if a directory cannot be read or has no program, after a line on standard error for each;
 * the other files are in @list.
 */
bool file_list_init(struct file_list *list, int count, char **arguments);

void file_list_destroy(struct file_list *list);

/* Counts of the files of a command, by their exit status. */
struct file_tally {
	size_t file_count, bad_count, failed_count;
};

/* Begins to count; the bad arguments of @list count as bad files. */
void file_tally_init(struct file_tally *tally, const struct file_list *list);

/* Counts a file with the exit status @status. Return: @status */
int file_tally_add(struct file_tally *tally, int status);

/* Logs how many files are bad or failed; prints nothing for a single file or if all are good. */
void file_tally_print(const struct file_tally *tally, const char *command);

/* Handles a file. Return: its exit status. */
typedef int (*file_fn)(const char *file, void *context);

/*
 * Handles the files of @count arguments, and logs how many are bad or failed.
 * Return: the worst exit status.
 */
int file_list_handle_all(const char *command, int count, char **arguments, file_fn handle, void *context);

/*
 * For a command that takes one FILE: a directory with one program means that program.
 * Return: the name, which is never freed; or NULL after a line on standard error.
 */
const char *file_list_find_only_file(const char *command, char *argument);

/* Logs that @ignored files of the directory @path are no programs. */
void file_list_log_ignored(const char *path, size_t ignored);

#endif
