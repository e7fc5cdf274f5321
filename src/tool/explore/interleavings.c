/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/interleavings.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/interleaving_child.h"
#include "harness/interleaving_schedule.h"
#include "harness/program/program_text.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/explore/switches.h"
#include "tool/report/symbols.h"
#include "tool/util/flavours.h"
#include "tool/util/json.h"
#include "tool/util/output.h"
#include "tool/util/status.h"
#include "tool/util/usage.h"

int interleavings_continue_in_tsan_binary(int argc, char **argv)
{
	char path[PATH_MAX], **arguments = calloc((size_t)argc + 2, sizeof(*arguments));

	if (!strcmp(FLAVOUR, "tsan"))
		return EXIT_GOOD;
	if (!flavour_find_binary("tsan", path, sizeof(path)))
		return usage_error("explore", "expected the flavour tsan for --library, this build has none");
	if (!arguments)
		return usage_error("explore", "expected memory for the arguments, got none");
	arguments[0] = path;
	for (int i = 0; i < argc; i++)
		arguments[i + 1] = argv[i];
	execv(path, arguments);
	free(arguments);
	return usage_error("explore", "expected to run %s: it cannot be executed", path);
}

static struct {
	struct interleaving_request request;
	const struct interleaving_search_result *result; /* in shared memory */
	struct deviations given, found;
} current;

static uint64_t get_limit(const struct interleavings_settings *settings, bool is_slow)
{
	if (settings->limit)
		return settings->limit;
	return is_slow ? INTERLEAVINGS_SLOW_LIMIT : INTERLEAVINGS_LIMIT;
}

/* @must_fork: run each execution in a child process. */
static bool run_search(const struct program *program, const struct interleavings_settings *settings,
		       bool must_fork)
{
	current.request = (struct interleaving_request){
		.program = program,
		.execution_limit = get_limit(settings, must_fork || start_state_is_slow(settings->start)),
		.seed = settings->seed,
		.only = interleaving_find_strategy(settings->strategy_name),
		.deviations = settings->schedule ? &current.given : NULL,
		.start = settings->schedule ? current.given.start : settings->start,
		.must_fork = must_fork,
	};
	current.result = interleaving_search_run_in_child(&current.request, settings->timeout_seconds);
	return current.result;
}

/* ---- the result ---- */

/* Return: the functions that contain the address, the innermost first; empty if they are not known. */
static const char *format_functions(uintptr_t caller)
{
	static char text[REPORT_INNERMOST_TEXT];
	char stack[SYMBOLS_STACK] = "";

	*text = '\0';
	symbols_append_return_address(stack, caller);
	symbols_format_library_functions(running_binary_path(), stack, text);
	return text;
}

static const char *format_schedule(void)
{
	static char text[DEVIATIONS_TEXT];

	if (!interleaving_get_schedule(current.result, &current.found))
		return "";
	deviations_to_text(&current.found, text);
	return text;
}

/*
 * Writes the program with the schedule of the last execution to a file `DIRECTORY/NAME-schedule.page`.
 * Return: EXIT_GOOD; EXIT_BAD, after a line on standard error, if the file cannot be written.
 */
static int write_program_with_schedule(const char *file, const struct interleavings_settings *settings)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	const char *suffix = strstr(name, ".page");
	const char *directory = settings->directory;
	char path[PATH_MAX];
	int error = 0;

	program = *current.request.program;
	program.schedule = current.found;
	program.has_expect = true;
	program.expect = 0;
	if (mkdir(directory, 0777) && errno != EEXIST)
		error = errno;
	else if (!path_format(path, sizeof(path), "%s/%.*s-schedule.page", directory,
			      (int)(suffix ? (size_t)(suffix - name) : strlen(name)), name))
		error = ENAMETOOLONG;
	if (!error)
		error = output_write_or_errno(path, text, program_to_text(&program, text));
	if (error) {
		fprintf(stderr, "%s: expected a directory that can be written: %s\n", directory,
			strerror(error));
		return EXIT_BAD;
	}
	if (settings->must_print_json)
		return EXIT_GOOD;
	fputs("  written: ", stdout);
	shell_absolute_path_print(stdout, path);
	putchar('\n');
	return EXIT_GOOD;
}

static const char *format_start(void)
{
	static char text[START_MESSAGE_TEXT];

	start_state_to_message_begin(current.request.start, text);
	return text;
}

static void print_finding(const char *file)
{
	const struct interleaving_search_result *result = current.result;
	const char *schedule = format_schedule();
	static struct switches switches;

	printf("%s: %s%s\n", file, format_start(), result->text);
	for (unsigned int i = 0; i < 2 && result->race_callers[0]; i++)
		printf("  %s access: %s\n", i ? "earlier" : "later",
		       format_functions(result->race_callers[i]));
	printf("  found by %s in execution %llu; schedule: %s\n", result->strategy_name,
	       (unsigned long long)result->execution_count, *schedule ? schedule : "too long for a text");
	switches_find(&current.result->last, &switches);
	switches_print(current.request.program, &switches);
	if (!*schedule)
		return;
	fputs("  replay: ", stdout);
	shell_word_print(stdout, running_binary_path());
	fputs(" explore --library --replay ", stdout);
	shell_word_print(stdout, schedule);
	putchar(' ');
	shell_absolute_path_print(stdout, file);
	putchar('\n');
}

static void print_text(const char *file)
{
	const struct interleaving_search_result *result = current.result;

	if (result->verdict == SEARCH_FOUND) {
		print_finding(file);
		return;
	}
	printf("%s: %sclean in %s%llu interleaving%s%s%s%s\n", file, format_start(),
	       result->is_complete ? "each of " : "",
	       (unsigned long long)(result->execution_count - result->redundant_count),
	       result->execution_count - result->redundant_count == 1 ? "" : "s",
	       result->is_complete        ? "" :
	       current.request.deviations ? " (replayed)" :
					    "; more may exist (--limit)",
	       result->has_unchecked_outcomes ? "; the results were not compared: too many orders of calls" :
						"",
	       result->has_forked ? "; each in a process of its own" : "");
}

static void print_json(const char *file)
{
	static struct switches switches;
	const struct interleaving_search_result *result = current.result;
	struct json json = json_make_writer(stdout);
	char start[START_TEXT];

	json_begin_object(&json, NULL);
	json_text(&json, "file", file);
	start_state_to_text(current.request.start, start);
	json_text(&json, "start", start);
	json_text(&json, "verdict", result->verdict == SEARCH_FOUND ? "failed" : "clean");
	json_number(&json, "executions", (int64_t)result->execution_count);
	json_number(&json, "redundant", (int64_t)result->redundant_count);
	json_number(&json, "restarts", result->restart_count);
	json_bool(&json, "complete", result->is_complete);
	json_bool(&json, "forked", result->has_forked);
	json_bool(&json, "outcomes_checked", !result->has_unchecked_outcomes);
	json_text(&json, "strategy", result->strategy_name);
	if (result->verdict == SEARCH_FOUND) {
		json_text(&json, "failure", result->text);
		json_text(&json, "schedule", format_schedule());
	}
	if (result->verdict == SEARCH_FOUND || current.request.deviations) {
		switches_find(&result->last, &switches);
		switches_write_json(&json, current.request.program, &switches);
	}
	json_end_all_and_newline(&json);
}

int interleavings_explore_and_print(const char *file, const struct program *program,
				    const struct interleavings_settings *settings)
{
	bool is_run;

	if (settings->schedule && !deviations_parse(settings->schedule, &current.given))
		return usage_error("explore",
				   "expected --replay of a schedule such as 'T0.7>T1 main.2>T1' or "
				   "'start=kept-15 T0.7>T1', got %s",
				   settings->schedule);
	is_run = run_search(program, settings, settings->must_fork);
	/* The tool itself does not use the page library, so a second search finds it in the same state. */
	if (is_run && current.result->verdict == SEARCH_REFUSED && current.result->needs_fork)
		is_run = run_search(program, settings, true);
	if (!is_run)
		return usage_error("explore", "%s: expected a child process, got none", file);
	if (current.result->verdict == SEARCH_REFUSED) {
		fprintf(stderr, "%s: %snot explored: %s\n", file, format_start(), current.result->text);
		return EXIT_BAD;
	}
	if (settings->must_print_json)
		print_json(file);
	else
		print_text(file);
	if (current.result->verdict != SEARCH_FOUND)
		return EXIT_GOOD;
	if (settings->directory && *format_schedule())
		return worse_exit_status(EXIT_FAILED, write_program_with_schedule(file, settings));
	return EXIT_FAILED;
}
