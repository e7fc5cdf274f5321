/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a run leaves for `make report`: one JSON object in a file, with a head that all runs
 * have (what, version, begun, seconds, command, on, status) and tables of its own.
 * The file is whole, or that of the run before.
 */
#ifndef TOOL_RESULTS_H
#define TOOL_RESULTS_H

#include <stdbool.h>
#include <time.h>

#include "tool/util/json.h"

struct results {
	const char *what;
	const char *path; /* NULL: nothing is written */
	char *command; /* as a shell reads it; never freed */
	size_t command_size;
	char *text; /* while it is written */
	size_t size;
	time_t begun;
	struct timespec started;
	struct json json;
};

/* Notes the time and the command; to be called before getopt() sorts the arguments. */
void results_begin(struct results *results, const char *what, int argc, char **argv);

/*
 * Writes the head; the caller's own tables follow.
 * @status: "good", "failed", "stopped" or "running"
 * Return: where to write to, or NULL after saying why not.
 */
struct json *results_open(struct results *results, const char *status);

/* Return: is it there, whole? If not that has been said. */
bool results_close(struct results *results);

#endif
