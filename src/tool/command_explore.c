/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture explore: evaluates programs in every order of their calls. */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "harness/interleaving_child.h"
#include "harness/model/expectations.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "tool/explore/interleavings.h"
#include "tool/explore/other_verdict.h"
#include "tool/tool.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"

static const char help[] =
	"Usage: pagetorture explore [OPTION]... FILE...\n"
	"Evaluate page programs in every order of their calls that threads and synchronisation allow.\n"
	"The rule model computes this. The command does not run the page library.\n"
	"\n"
	"For each FILE, print the verdict of the line order, and whether each other order has this\n"
	"verdict. For each other verdict, print the first order that has it, as a program with its\n"
	"`expect`, in a command that explains the program. An order also counts as different if the\n"
	"expected results (`->`) hold only there, or do not hold there. Orders that differ only in calls\n"
	"that do not affect each other count as one order.\n"
	"\n"
	"With --library, execute each FILE in the page library under ThreadSanitizer, and let other threads\n"
	"run at each atomic access and each lock inside of its calls. FILE must be clean in every order of\n"
	"its calls. An execution fails if it races, deadlocks or crashes, or if its results are those of no\n"
	"order of the calls. The command then prints the schedule of this execution.\n"
	"\n"
	"  --all-orders     evaluate also orders that differ only in calls that do not affect each other\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --directory DIR  write the printed programs to files DIR/NAME-RULES.page; with --library, write\n"
	"                   a program that fails, with its schedule, to DIR/NAME-schedule.page\n"
	"  --drawing        draw the printed programs, as `pagetorture explain` does\n"
	"  --fork           with --library, run each execution in a process of its own, for a library whose\n"
	"                   state cannot be restored; at most 250 executions by default\n"
	"  --json           print one JSON object for each FILE, on one line\n"
	"  --library        execute the interleavings inside of the library's calls\n"
	"  --limit N        evaluate at most N orders of each FILE (default 100000); with --library,\n"
	"                   execute at most N interleavings with each strategy\n"
	"  --replay SCHEDULE\n"
	"                   with --library, execute only the interleaving that was printed as SCHEDULE\n"
	"  --seed N         with --library, the seed of the strategies pct and random (default 1)\n"
	"  --start STATE    with --library, begin with this state of the library: used, first-use, kept-N,\n"
	"                   freed-N, left-N or after-fork; all: with each common state; may be repeated\n"
	"                   (default: the state in the program, otherwise used)\n"
	"  --strategy NAME  with --library, use only this strategy: dpor, bounded, pct or random (default:\n"
	"                   dpor; if it reaches the limit, then the others)\n"
	"  --timeout N      with --library, stop the search of a FILE after N seconds (default 600)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 every order of every FILE has the verdict of its line order, and all\n"
	"expectations (`expect`, `->`) are met; 1 another order has another verdict, an expectation is\n"
	"not met, or a FILE has more orders than the limit; 2 bad usage, or a file that cannot be read,\n"
	"parsed or written. With --library: 0 no execution failed, also if the limit was reached, which is\n"
	"then printed; 1 an execution failed; 2 also a FILE that cannot be explored.\n"
	"\n"
	"Examples:\n"
	"  pagetorture explore corpus/rules\n"
	"  pagetorture explore --drawing race.page\n"
	"  pagetorture explore --library corpus/rules/free-by-two-owners.page\n"
	"  pagetorture explore --json race.page | jq -r '.others[0].program' | pagetorture check -\n";

/* The most start states of one command. */
#define STARTS_MAX 64

static struct {
	struct exploration_settings search;
	const char *directory;
	bool must_draw, must_print_json;
	bool must_use_library;
	struct interleavings_settings interleavings;
	unsigned int limit; /* 0: the default */
	unsigned int start_count;
	struct start_state starts[STARTS_MAX]; /* of --start; none: the start state of the program */
} settings = {
	.interleavings = { .seed = 1, .timeout_seconds = 600 },
};

static struct exploration exploration;

/* ---- text ---- */

static const char *format_evaluated_orders(void)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s%llu order%s", exploration.is_limited ? "the first " : "",
		 (unsigned long long)exploration.order_count, exploration.order_count == 1 ? "" : "s");
	return text;
}

static uint64_t count_other_orders(void)
{
	uint64_t count = 0;

	for (size_t i = 0; i < exploration.other_count; i++)
		count += exploration.others[i].order_count;
	return count;
}

static void print_summary(const char *file)
{
	char verdict_text[ORDER_VERDICT_TEXT];

	order_verdict_to_text(&exploration.in_line_order, verdict_text);
	printf("%s: %s in ", file, verdict_text);
	if (exploration.other_count)
		printf("line order; another verdict in %llu of %s", (unsigned long long)count_other_orders(),
		       format_evaluated_orders());
	else if (exploration.order_count == 1 && !exploration.is_limited)
		printf("its only order");
	else
		printf("each of %s", format_evaluated_orders());
	puts(exploration.is_limited ? "; more orders may exist (--limit)" : "");
}

/* Return: the exit status: EXIT_BAD if the drawing cannot be made. */
static int print_other_verdict(const struct other_verdict *other, const char *file, const char *path)
{
	char verdict_text[ORDER_VERDICT_TEXT], drawing_name[PATH_MAX + 32];

	order_verdict_to_text(&other->verdict, verdict_text);
	printf("  %s in %llu of %s, first in this order:\n  explain: ", verdict_text,
	       (unsigned long long)other->order_count, format_evaluated_orders());
	other_verdict_print_command(stdout, other, path);
	if (!settings.must_draw)
		return EXIT_GOOD;
	snprintf(drawing_name, sizeof(drawing_name), "%s, in another order", file);
	return other_verdict_draw(other, settings.search.rules, drawing_name);
}

/* ---- one file ---- */

/* Return: the path of the written file; NULL without --directory, or after an error message. */
static const char *write_other_verdict(const struct other_verdict *other, const char *file, int *status)
{
	static char path[PATH_MAX];
	int error;

	if (!settings.directory)
		return NULL;
	error = other_verdict_write_file(other, settings.directory, file, path);
	if (!error)
		return path;
	fprintf(stderr, "%s: expected a directory that can be written: %s\n", settings.directory,
		strerror(error));
	*status = EXIT_BAD;
	return NULL;
}

static int print_exploration(const char *file)
{
	int status = EXIT_GOOD;

	print_summary(file);
	for (size_t i = 0; i < exploration.other_count; i++) {
		const struct other_verdict *other = &exploration.others[i];
		const char *path = write_other_verdict(other, file, &status);

		status = worse_exit_status(status, print_other_verdict(other, file, path));
	}
	return status;
}

static int print_exploration_as_json(const char *file)
{
	struct json json = json_make_writer(stdout);
	int status = EXIT_GOOD;

	json_begin_object(&json, NULL);
	json_text(&json, "file", file);
	order_verdict_write_json_members(&json, &exploration.in_line_order);
	json_number(&json, "orders", (int64_t)exploration.order_count);
	json_bool(&json, "limit_reached", exploration.is_limited);
	json_begin_array(&json, "others");
	for (size_t i = 0; i < exploration.other_count; i++) {
		const struct other_verdict *other = &exploration.others[i];

		other_verdict_write_json(&json, other, write_other_verdict(other, file, &status));
	}
	json_end_all_and_newline(&json);
	return status;
}

/* Reports an expectation that is not met in the line order. Return: the exit status. */
static int check_expectations_in_line_order(const char *file)
{
	char failed_claim[EXPECTATION_TEXT];

	rules_evaluate(settings.search.rules, &exploration.program);
	if (expectations_hold(&exploration.program, settings.search.rules, failed_claim))
		return EXIT_GOOD;
	fprintf(stderr, "%s: claim does not hold: %s\n", file, failed_claim);
	return EXIT_FAILED;
}

static int explore_library_from_each_start(const char *file)
{
	int status = EXIT_GOOD;

	if (!settings.start_count) {
		settings.interleavings.start = exploration.program.schedule.start;
		return interleavings_explore_and_print(file, &exploration.program, &settings.interleavings);
	}
	for (unsigned int i = 0; i < settings.start_count; i++) {
		settings.interleavings.start = settings.starts[i];
		status = worse_exit_status(status, interleavings_explore_and_print(file, &exploration.program,
										   &settings.interleavings));
	}
	return status;
}

static int explore_file(const char *file, void *unused)
{
	char error[PROGRAM_FILE_ERROR];
	int status;

	(void)unused;
	if (!program_file_read_and_parse(file, &exploration.program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (settings.must_use_library)
		return explore_library_from_each_start(file);
	if (!exploration_run(&exploration, &settings.search, file))
		return usage_error("explore", "expected memory for the verdicts, got none");
	status = exploration.other_count || exploration.is_limited ? EXIT_FAILED : EXIT_GOOD;
	status = worse_exit_status(status, settings.must_print_json ? print_exploration_as_json(file) :
								      print_exploration(file));
	exploration_destroy(&exploration);
	return worse_exit_status(status, check_expectations_in_line_order(file));
}

/* ---- the command ---- */

static int explore_files(int count, char **files)
{
	int status;

	settings.search.rules = rules_new();
	settings.search.orders = orders_new();
	status = settings.search.rules && settings.search.orders ?
			 file_list_handle_all("explore", count, files, explore_file, NULL) :
			 usage_error("explore", "expected memory for the rule model, got none");
	orders_delete(settings.search.orders);
	rules_delete(settings.search.rules);
	return status;
}

static bool read_strategy(char *text, void *strategy_name)
{
	*(const char **)strategy_name = text;
	return interleaving_find_strategy(text);
}

static bool add_start(struct start_state start)
{
	if (settings.start_count == STARTS_MAX)
		return false;
	settings.starts[settings.start_count++] = start;
	return true;
}

static bool read_start(char *text, void *unused)
{
	struct start_state start;
	bool is_added = true;

	(void)unused;
	if (strcmp(text, "all") != 0)
		return start_state_parse(text, &start) && add_start(start);
	for (unsigned int i = 0; is_added && start_state_get_common(i, &start); i++)
		is_added = add_start(start);
	return is_added;
}

int command_explore(int argc, char **argv)
{
	const struct option_row rows[] = {
		OPTION_FLAG("all-orders", &settings.search.is_unreduced),
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_TEXT("directory", &settings.directory),
		OPTION_FLAG("drawing", &settings.must_draw),
		OPTION_FLAG("fork", &settings.interleavings.must_fork),
		OPTION_FLAG("json", &settings.must_print_json),
		OPTION_FLAG("library", &settings.must_use_library),
		OPTION_NUMBER("limit", &settings.limit, 1, UINT_MAX),
		OPTION_TEXT("replay", &settings.interleavings.schedule),
		OPTION_NUMBER("seed", &settings.interleavings.seed, 0, UINT_MAX),
		OPTION_READ("start", read_start, NULL, "all or " START_STATE_NAMES),
		OPTION_CHOICE("strategy", read_strategy, &settings.interleavings.strategy_name,
			      INTERLEAVING_STRATEGIES),
		OPTION_NUMBER("timeout", &settings.interleavings.timeout_seconds, 1, 86400),
		OPTION_END,
	};
	int status = options_parse_or_return_status("explore", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind == argc)
		return usage_error("explore", "expected at least one FILE");
	if (settings.must_draw && settings.must_print_json)
		return usage_error("explore", "expected --drawing or --json, got both");
	if (settings.interleavings.schedule && settings.start_count)
		return usage_error("explore",
				   "expected --start or --replay, got both; a schedule begins with its "
				   "start state: --replay 'start=kept-15 T0.7>T1'");
	settings.search.order_limit = settings.limit ? settings.limit : INTERLEAVINGS_LIMIT;
	settings.interleavings.limit = settings.limit;
	settings.interleavings.must_print_json = settings.must_print_json;
	settings.interleavings.directory = settings.directory;
	if (settings.must_use_library) {
		status = interleavings_continue_in_tsan_binary(argc, argv);
		if (status)
			return status;
	}
	return explore_files(argc - optind, argv + optind);
}
