/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a run writes for `make report` and for other programs: lines of JSON, of which the last one
 * is an object with a head that all runs have (what, version, begun, seconds, command, on,
 * status) and tables of its own. The lines before it are the run's records, if it has any.
 * The file is whole, or that of the run before.
 */
#ifndef TOOL_RESULTS_H
#define TOOL_RESULTS_H

#include <stdbool.h>
#include <time.h>

#include "tool/util/json.h"

struct results {
	const char *run_kind;
	const char *path; /* NULL: nothing is written; "-": to standard output */
	char *command_line; /* as a shell reads it; never freed */
	size_t command_line_size;
	char *file_text; /* while it is written */
	size_t file_size;
	time_t begin_time;
	struct timespec start_clock;
	struct json json;
};

/* Notes the time and the command; to be called before getopt() sorts the arguments. */
void results_begin(struct results *results, const char *run_kind, int argc, char **argv);

/*
 * Begins the file. The caller writes records, a line each, which json_end_line() ends.
 * Return: where to write to, or NULL after saying why not.
 */
struct json *results_begin_record(struct results *results);

/*
 * Writes the head; the caller's own tables follow.
 * @status: "good", "failed", "stopped" or "running"
 * Return: where to write to, or NULL after saying why not.
 */
struct json *results_begin_summary(struct results *results, const char *status);

/* Return: is it there, whole? If not that has been said. */
bool results_write_file(struct results *results);

#endif
