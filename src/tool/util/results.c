/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/results.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "tool/util/output.h"
#include "harness/util/shell_word.h"
#include "tool/util/usage.h"

static _Noreturn void exit_without_memory(void)
{
	fprintf(stderr, "%s: expected memory for the command, got none\n", usage_program);
	exit(EXIT_BAD);
}

void results_begin(struct results *results, const char *run_kind, int argc, char **argv)
{
	FILE *out;

	memset(results, 0, sizeof(*results));
	results->run_kind = run_kind;
	results->begin_time = time(NULL);
	clock_gettime(CLOCK_MONOTONIC, &results->start_clock);
	out = open_memstream(&results->command_line, &results->command_line_size);
	if (!out)
		exit_without_memory();
	fputs(usage_program, out);
	for (int i = 0; i < argc; i++) {
		putc(' ', out);
		shell_word_print(out, argv[i]);
	}
	if (fclose(out))
		exit_without_memory();
}

static double seconds_since(const struct timespec *start_clock)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)(now.tv_sec - start_clock->tv_sec) +
	       (double)(now.tv_nsec - start_clock->tv_nsec) / 1e9;
}

static void write_machine(struct json *json)
{
	struct utsname name;

	json_begin_object(json, "on");
	json_number(json, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	json_text(json, "compiler", __VERSION__);
	if (!uname(&name)) {
		json_text(json, "system", name.sysname);
		json_text(json, "release", name.release);
		json_text(json, "machine", name.machine);
	}
	json_end(json);
}

static void write_summary_head(struct results *results, const char *status)
{
	struct json *json = &results->json;
	char begin_time[32];
	struct tm tm;

	strftime(begin_time, sizeof(begin_time), "%Y-%m-%dT%H:%M:%SZ",
		 gmtime_r(&results->begin_time, &tm));
	json_begin_object(json, NULL);
	json_text(json, "what", results->run_kind);
	json_text(json, "version", PACKAGE_VERSION);
	json_text(json, "begun", begin_time);
	json_real(json, "seconds", seconds_since(&results->start_clock), 1);
	json_text(json, "status", status);
	json_text(json, "command", results->command_line);
	write_machine(json);
}

static void report_write_error(const char *path, int error)
{
	fprintf(stderr, "%s: expected a file that can be written: %s\n", path, strerror(error));
}

struct json *results_begin_record(struct results *results)
{
	FILE *out;

	if (results->json.out)
		return &results->json;
	out = open_memstream(&results->file_text, &results->file_size);
	if (!out) {
		report_write_error(results->path, errno);
		return NULL;
	}
	results->json = json_begin(out);
	return &results->json;
}

struct json *results_begin_summary(struct results *results, const char *status)
{
	if (!results_begin_record(results))
		return NULL;
	write_summary_head(results, status);
	return &results->json;
}

static int write_result_text(const struct results *results)
{
	if (strcmp(results->path, "-"))
		return output_write(results->path, results->file_text, results->file_size);
	fwrite(results->file_text, 1, results->file_size, stdout);
	return fflush(stdout) ? errno : 0;
}

bool results_write_file(struct results *results)
{
	int error;

	json_end_line(&results->json);
	error = fclose(results->json.out) ? ENOMEM : 0;
	results->json.out = NULL;
	if (!error)
		error = write_result_text(results);
	if (error)
		report_write_error(results->path, error);
	free(results->file_text);
	return !error;
}
