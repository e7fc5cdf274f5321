/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/interleavings.h"

#include <errno.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/interleaving_search.h"
#include "harness/program/program_text.h"
#include "harness/util/isolate.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/report/symbols.h"
#include "tool/util/flavours.h"
#include "tool/util/json.h"
#include "tool/util/output.h"
#include "tool/util/status.h"
#include "tool/util/usage.h"

static const struct strategy *const strategies[] = { &strategy_dpor, &strategy_bounded, &strategy_pct,
						     &strategy_random };

static const struct strategy *find_strategy(const char *name)
{
	for (size_t i = 0; name && i < sizeof(strategies) / sizeof(strategies[0]); i++)
		if (!strcmp(strategies[i]->name, name))
			return strategies[i];
	return NULL;
}

bool interleavings_is_strategy(const char *name)
{
	return find_strategy(name);
}

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

/* ---- the search, in a child process ---- */

static struct {
	struct interleaving_request request;
	struct interleaving_search_result *result; /* in shared memory */
	struct isolated child;
	struct deviations given, found;
} current;

static void search_in_child(void *unused)
{
	(void)unused;
	detector_make_faults_print_and_exit();
	interleaving_search_run(&current.request, current.result);
}

/* If the child process died, the result says how. */
static void describe_end_of_child(const struct interleavings_settings *settings)
{
	struct interleaving_search_result *result = current.result;
	char report_line[200];

	if (result->verdict != SEARCH_CRASHED)
		return;
	detector_find_rule(current.child.output, report_line, sizeof(report_line));
	if (current.child.has_timed_out) {
		result->verdict = SEARCH_REFUSED;
		snprintf(result->text, sizeof(result->text),
			 "the search did not end in %u seconds (--timeout)", settings->timeout_seconds);
		return;
	}
	result->verdict = SEARCH_FOUND;
	if (*report_line)
		snprintf(result->text, sizeof(result->text), "crash: %s", report_line);
	else
		snprintf(result->text, sizeof(result->text),
			 "crash: the process died of signal %d (status %d)", current.child.signal,
			 current.child.exit_code);
}

static bool run_search(const struct program *program, const struct interleavings_settings *settings)
{
	if (!current.result)
		current.result = isolate_map_shared(sizeof(*current.result));
	current.request = (struct interleaving_request){
		.program = program,
		.execution_limit = settings->limit,
		.seed = settings->seed,
		.only = find_strategy(settings->strategy_name),
		.deviations = settings->schedule ? &current.given : NULL,
	};
	if (!current.result)
		return false;
	current.result->verdict = SEARCH_CRASHED;
	current.result->execution_count = 0;
	current.result->last.decision_count = current.result->last.start_count = 0;
	if (!isolate_call(search_in_child, NULL, settings->timeout_seconds, &current.child))
		return false;
	describe_end_of_child(settings);
	return true;
}

/* ---- the result ---- */

/* Gets the load address of this binary, which is the same in its child processes. */
static int find_load_address(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(uintptr_t *)ctx = info->dlpi_addr;
	return 1; /* ends the iteration: the first module is this binary */
}

/* Return: the functions that contain the address, the innermost first; empty if they are not known. */
static const char *format_functions(uintptr_t caller)
{
	static char text[REPORT_INNERMOST_TEXT];
	char stack[SYMBOLS_STACK] = "";
	uintptr_t base = 0;

	dl_iterate_phdr(find_load_address, &base);
	*text = '\0';
	symbols_append_offset(stack, caller - base - 1);
	symbols_format_library_functions(running_binary_path(), stack, text);
	return text;
}

static const char *format_schedule(void)
{
	static char text[DEVIATIONS_TEXT];

	if (!interleaving_search_get_deviations(current.result, &current.found))
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

/* Prints where each switch of threads is that deviates from the default. */
static void print_switches(void)
{
	static const char *const kinds[] = {
		[POINT_NONE] = "a point",
		[POINT_LOAD] = "an atomic load",
		[POINT_STORE] = "an atomic store",
		[POINT_UPDATE] = "an atomic update",
		[POINT_SPIN_LOCK] = "it takes a lock",
		[POINT_MUTEX_LOCK] = "it takes a mutex or a handle",
		[POINT_MUTEX_UNLOCK] = "it releases a mutex or a handle",
		[POINT_PROGRAM_LOCK] = "lock()",
		[POINT_PROGRAM_UNLOCK] = "unlock()",
		[POINT_POST] = "post()",
		[POINT_WAIT] = "wait()",
		[POINT_CHANGE] = "it reads a value again",
	};
	const struct call *calls = current.request.program->calls;

	for (size_t i = 0; i < current.result->last.decision_count; i++) {
		const struct decision *decision = &current.result->last.decisions[i];
		struct moment moment = { .enabled = decision->enabled, .running = decision->running };
		const struct call *next = &calls[decision->call];

		if (decision->chosen == strategy_default_choice(&moment))
			continue;
		if (decision->running == NO_THREAD)
			printf("  %s begins", thread_name(decision->chosen));
		else
			printf("  %s stops in %s of line %u before %s; %s goes on",
			       thread_name(decision->running),
			       op_table[calls[decision->stopped_call].op].name,
			       calls[decision->stopped_call].line, kinds[decision->stopped_kind],
			       thread_name(decision->chosen));
		printf(" with %s of line %u\n", op_table[next->op].name, next->line);
	}
}

static void print_finding(const char *file)
{
	const struct interleaving_search_result *result = current.result;
	const char *schedule = format_schedule();

	printf("%s: %s\n", file, result->text);
	for (unsigned int i = 0; i < 2 && result->race_callers[0]; i++)
		printf("  %s access: %s\n", i ? "earlier" : "later",
		       format_functions(result->race_callers[i]));
	printf("  found by %s in execution %llu; schedule: %s\n", result->strategy_name,
	       (unsigned long long)result->execution_count, *schedule ? schedule : "too long for a text");
	print_switches();
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
	printf("%s: clean in %s%llu interleaving%s%s%s\n", file, result->is_complete ? "each of " : "",
	       (unsigned long long)(result->execution_count - result->redundant_count),
	       result->execution_count - result->redundant_count == 1 ? "" : "s",
	       result->is_complete        ? "" :
	       current.request.deviations ? " (replayed)" :
					    "; more may exist (--limit)",
	       result->has_unchecked_outcomes ? "; the results were not compared: too many orders of calls" :
						"");
}

static void print_json(const char *file)
{
	const struct interleaving_search_result *result = current.result;
	struct json json = json_make_writer(stdout);

	json_begin_object(&json, NULL);
	json_text(&json, "file", file);
	json_text(&json, "verdict", result->verdict == SEARCH_FOUND ? "failed" : "clean");
	json_number(&json, "executions", (int64_t)result->execution_count);
	json_number(&json, "redundant", (int64_t)result->redundant_count);
	json_number(&json, "restarts", result->restart_count);
	json_bool(&json, "complete", result->is_complete);
	json_bool(&json, "outcomes_checked", !result->has_unchecked_outcomes);
	json_text(&json, "strategy", result->strategy_name);
	if (result->verdict == SEARCH_FOUND) {
		json_text(&json, "failure", result->text);
		json_text(&json, "schedule", format_schedule());
	}
	json_end_all_and_newline(&json);
}

int interleavings_explore_and_print(const char *file, const struct program *program,
				    const struct interleavings_settings *settings)
{
	if (settings->schedule && !deviations_parse(settings->schedule, &current.given))
		return usage_error("explore",
				   "expected --replay of a schedule such as 'T0.7>T1 main.2>T1', got %s",
				   settings->schedule);
	if (!run_search(program, settings))
		return usage_error("explore", "%s: expected a child process, got none", file);
	if (current.result->verdict == SEARCH_REFUSED) {
		fprintf(stderr, "%s: not explored: %s\n", file, current.result->text);
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
