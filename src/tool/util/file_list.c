/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/file_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"
#include "tool/util/usage.h"

static void append_file_path_or_exit(const char *name, void *ctx)
{
	struct file_list *list = ctx;
	char **names = realloc(list->names, (list->count + 1) * sizeof(*names));

	if (names) {
		list->names = names;
		names[list->count] = strdup(name);
	}
	if (!names || !names[list->count]) {
		fprintf(stderr, "pagetorture: expected memory for the names of files, got none\n");
		exit(EXIT_BAD);
	}
	list->count++;
}

void file_list_log_ignored(const char *path, size_t ignored_count)
{
	if (ignored_count)
		fprintf(stderr, "%s: %zu file%s ignored: not named like a program\n", path, ignored_count,
			ignored_count == 1 ? "" : "s");
}

static bool append_files_and_check_argument(struct file_list *list, const char *argument)
{
	size_t before = list->count, ignored = 0;
	bool is_readable = true;

	if (!strcmp(argument, "-")) /* standard input, even if a directory is named "-" */
		append_file_path_or_exit(argument, list);
	else
		is_readable =
			program_visit_file_or_directory(argument, append_file_path_or_exit, list, &ignored);
	file_list_log_ignored(argument, ignored);
	if (list->count == before && is_readable)
		fprintf(stderr,
			"%s: expected at least one program (*.page, " PROGRAM_BYTE_NAMES "), got none\n",
			argument);
	return is_readable && list->count > before;
}

bool file_list_init_and_check_arguments(struct file_list *list, int count, char **arguments)
{
	*list = (struct file_list){ NULL, 0, 0 };
	for (int i = 0; i < count; i++)
		list->bad_argument_count += !append_files_and_check_argument(list, arguments[i]);
	return !list->bad_argument_count;
}

void file_list_destroy(struct file_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->names[i]);
	free(list->names);
}

void file_tally_init(struct file_tally *tally, const struct file_list *list)
{
	*tally = (struct file_tally){ .file_count = list->bad_argument_count,
				      .bad_count = list->bad_argument_count };
}

int file_tally_count_and_return(struct file_tally *tally, int status)
{
	tally->file_count++;
	tally->bad_count += status == EXIT_BAD;
	tally->failed_count += status == EXIT_FAILED;
	return status;
}

void file_tally_log_failures(const struct file_tally *tally, const char *command)
{
	char bad[64] = "", failed[32] = "";

	if (tally->file_count < 2 || !(tally->bad_count + tally->failed_count))
		return;
	if (tally->bad_count)
		snprintf(bad, sizeof(bad), " %zu bad (cannot be read or parsed)", tally->bad_count);
	if (tally->failed_count)
		snprintf(failed, sizeof(failed), "%s %zu failed", *bad ? "," : "", tally->failed_count);
	log_command_message(command, "%zu files:%s%s", tally->file_count, bad, failed);
}

int file_list_handle_all(const char *command, int count, char **arguments, file_fn handle, void *context)
{
	struct file_tally tally;
	struct file_list files;
	int status = file_list_init_and_check_arguments(&files, count, arguments) ? EXIT_GOOD : EXIT_BAD;

	file_tally_init(&tally, &files);
	for (size_t i = 0; i < files.count; i++)
		status = worse_exit_status(
			status, file_tally_count_and_return(&tally, handle(files.names[i], context)));
	fflush(stdout);
	file_tally_log_failures(&tally, command);
	file_list_destroy(&files);
	return status;
}

const char *file_list_find_only_file(const char *command, char *argument)
{
	static struct file_list list;

	if (!file_list_init_and_check_arguments(&list, 1, &argument))
		return NULL;
	if (list.count == 1)
		return list.names[0];
	usage_error(command, "expected one FILE, got %zu in the directory %s", list.count, argument);
	return NULL;
}
