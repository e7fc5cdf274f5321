/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Writes the results of a run for `make report` and for other programs, as lines of JSON. The last line is
 * an object with the members that all runs have (what, version, begun, seconds, command, on, status)
 * and with the tables of this run. The lines before it are the records of the run, if it has any. The
 * file is written completely, or the previous file stays.
 */
#ifndef TOOL_RESULTS_H
#define TOOL_RESULTS_H

#include <stdbool.h>
#include <time.h>

#include "tool/util/json.h"

struct results {
	const char *run_kind;
	const char *path; /* NULL: no results are written; "-": standard output */
	char *command_line; /* quoted for a shell; never freed */
	size_t command_line_size;
	char *file_text; /* buffer of the JSON text */
	size_t file_size;
	time_t begin_time;
	struct timespec start_clock;
	struct json json;
};

/* Records the time and the command line. Call it before getopt() reorders the arguments. */
void results_begin(struct results *results, const char *run_kind, int argc, char **argv);

/*
 * Opens the JSON text for a record. The caller writes records, and ends each line by json_end_line().
 * Return: the JSON writer, or NULL after an error message.
 */
struct json *results_begin_record(struct results *results);

/*
 * Begins the summary, and writes the members that all runs have; the caller then writes its own tables.
 * @status: "good", "failed", "stopped" or "running"
 * Return: the JSON writer, or NULL after an error message.
 */
struct json *results_begin_summary(struct results *results, const char *status);

/* Ends the summary, and writes the file. Return: success; a failure is reported. */
bool results_write_file(struct results *results);

#endif
