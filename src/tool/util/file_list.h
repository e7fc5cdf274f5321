/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The program files that the arguments of a command name: for a directory, its programs. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct file_list {
	char **names;              /* paths of files, or "-" */
	size_t count;              /* of @names */
	size_t bad_argument_count; /* arguments without a program, or that cannot be read */
};

/*
 * Lists the files of @count arguments, in the order of the arguments. The programs of a directory are sorted;
 * its other files are ignored, and their number is logged.
 * Return: false, after messages, if a directory cannot be read or has no program. Even with the result false,
 * @list has the files that were found, and the caller must call file_list_destroy().
 */
bool file_list_init_and_check_arguments(struct file_list *list, int count, char **arguments);

void file_list_destroy(struct file_list *list);

/* How many files a command has handled, by the exit status of each file. */
struct file_tally {
	size_t file_count, bad_count, failed_count;
};

/* Begins to count. Each bad argument of @list counts as a bad file. */
void file_tally_init(struct file_tally *tally, const struct file_list *list);

/* Counts a file with the exit status @status. Return: @status */
int file_tally_count_and_return(struct file_tally *tally, int status);

/* Logs how many files are bad or failed, but logs nothing for one file, or if all files are good. */
void file_tally_log_failures(const struct file_tally *tally, const char *command);

/* A function that handles one file of a command. Return: the exit status for @file. */
typedef int (*file_fn)(const char *file, void *context);

/*
 * Calls @handle for each file of @count arguments, and logs how many files are bad or failed.
 * Return: the worst exit status.
 */
int file_list_handle_all(const char *command, int count, char **arguments, file_fn handle, void *context);

/*
 * For a command that takes one FILE: @argument is a file, or a directory that has exactly one program.
 * Return: the path of the file, which is never freed; or NULL after an error message.
 */
const char *file_list_find_only_file(const char *command, char *argument);

/* Logs that @ignored_count files of the directory @path are not named like programs. */
void file_list_log_ignored(const char *path, size_t ignored_count);
