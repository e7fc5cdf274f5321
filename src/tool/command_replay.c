/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: a corpus as a gate. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/exec/exec.h"
#include "tool/kit/flavours.h"
#include "tool/replay/replay.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|FOLDER...\n"
	"Replay programs, text (.page) or bytes, as a gate: each must be judged, claimed and\n"
	"executed alike in every flavour, and what should end a process must do so by its rule.\n"
	"Many inputs share a process; one that crashes, hangs, leaks, exits or spoils memory is\n"
	"run again alone, named, and the rest still runs. Folders are walked in sorted order.\n"
	"\n"
	"  --as-given       in the order of the arguments, not sorted\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --cpu S          seconds of processor for one input (default 10; 0: no limit)\n"
	"  --executor E     fibers (default), threads or both\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -j, --jobs N     processes at a time (default: processors)\n"
	"  --json           one JSON object a line: each input in each flavour, then sums\n"
	"  --junit FILE     write the results for a CI, too\n"
	"  --memory MB      that an input may use beyond what there was (default 1024)\n"
	"  --misbehave      for tests of this command: programs with a comment\n"
	"                   `# misbehave: WAY` crash, hang, leak and so on\n"
	"  --orders         all inputs in one process, sorted and then backwards: the same\n"
	"                   outcomes, and memory, descriptors and mappings as before\n"
	"  --results FILE   also write sums and failures there as one JSON object, for reports\n"
	"  --sarif FILE     write the failures for a code host, too (SARIF 2.1.0)\n"
	"  --self-test      show that each kind of failure is noticed; needs no FILE\n"
	"  --shuffle SEED   in an order that the seed chooses; with --orders, the second one\n"
	"  --tap            as Test Anything Protocol\n"
	"  --timeout S      seconds for one input (default 20)\n"
	"  --help           this text\n"
	"\n"
	"What fails is one of: unreadable, claim, differs, wrong-rule, crash, stack-overflow,\n"
	"memory, exit, hang, leak, descriptor, mapping, corrupts (what runs after it fails), state\n"
	"(it fails after others only), flaky (it failed once, and not again).\n"
	"\n"
	"Exit status: 0 all good; 1 an input failed; 2 bad usage, no input, a file or folder that\n"
	"is missing or cannot be read, a program of an unknown format version, or no flavour.\n"
	"\n"
	"Examples:\n"
	"  pagetorture replay corpus\n"
	"  pagetorture replay --flavour asan -j 2 --junit replay.xml campaign/fuzz_page/corpus\n"
	"  pagetorture replay --sarif replay.sarif corpus\n"
	"  pagetorture replay --orders --shuffle 7 --flavour plain corpus/rules\n"
	"  pagetorture replay --self-test\n";

struct gate {
	struct replay_options options;
	enum replay_format format;
	const char *junit, *sarif; /* or NULL */
	struct results results;
	bool worker, self_test;
	bool wanted[FLAVOURS_MAX];
	const char *flavours[FLAVOURS_MAX]; /* that there are */
	unsigned int count;
};

/* ---- all flavours ---- */

struct replay_row *replay_rows_new(size_t count)
{
	return calloc(count + 1, sizeof(struct replay_row));
}

void replay_rows_delete(struct replay_row *rows, size_t count)
{
	for (size_t i = 0; rows && i < count; i++) {
		free(rows[i].why);
		free(rows[i].output);
	}
	free(rows);
}

static void find_flavours(struct gate *gate)
{
	char path[600];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!gate->wanted[i])
			continue;
		if (flavour_find(flavour_names[i], path, sizeof(path))) {
			gate->flavours[gate->count++] = flavour_names[i];
			continue;
		}
		fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n", flavour_names[i],
			flavour_names[i]);
		if (gate->format == REPLAY_TAP)
			replay_tap_skip(flavour_names[i]);
	}
}

static int status_of(const struct replay_list *list, const struct replay_column *column)
{
	int status = replay_failed(list, column) || *column->flat ? EXIT_FAILED : EXIT_GOOD;

	for (uint32_t i = 0; i < list->count; i++)
		if (column->rows[i].kind == REPLAY_unreadable)
			status = EXIT_BAD;
	return status;
}

static int run_flavour(struct gate *gate, const struct replay_list *list,
		       struct replay_column *column)
{
	gate->options.flavour = column->flavour;
	column->rows = replay_rows_new(list->count);
	if (!column->rows)
		return usage_error("replay", "no memory");
	if (!replay_run(&gate->options, list, column))
		return usage_error("replay", "expected a worker of flavour %s to start", column->flavour);
	replay_print(&gate->options, list, column, gate->format);
	return status_of(list, column);
}

static int run_list(struct gate *gate, const struct replay_list *list)
{
	struct replay_column columns[FLAVOURS_MAX];
	int status = EXIT_GOOD;

	for (unsigned int i = 0; i < gate->count; i++) {
		columns[i] = (struct replay_column){ .flavour = gate->flavours[i] };
		status = worse(status, run_flavour(gate, list, &columns[i]));
		if (!columns[i].rows)
			gate->count = i;
	}
	replay_print_end(list, columns, gate->count, gate->format);
	if (gate->junit && !replay_junit(gate->junit, &gate->options, list, columns, gate->count))
		status = EXIT_BAD;
	if (gate->sarif && !replay_sarif(gate->sarif, &gate->options, list, columns, gate->count))
		status = EXIT_BAD;
	if (gate->results.path &&
	    !replay_write_results(&gate->results, &gate->options, list, columns, gate->count,
				  status == EXIT_GOOD))
		status = EXIT_BAD;
	for (unsigned int i = 0; i < gate->count; i++)
		replay_rows_delete(columns[i].rows, list->count);
	return status;
}

static int run_paths(struct gate *gate, char **paths)
{
	size_t left_out;
	bool good;
	struct replay_list *list = replay_list_new(paths, gate->options.as_given, &left_out, &good);
	int status = good ? EXIT_GOOD : EXIT_BAD;

	if (!list)
		return EXIT_BAD;
	if (left_out)
		fprintf(stderr, "left out: %zu files in folders that are no inputs (*.md, *.mk)\n",
			left_out);
	if (!list->count)
		status = usage_error("replay", "expected at least one input, got none");
	else
		status = worse(status, run_list(gate, list));
	replay_list_delete(list);
	return status;
}

/* ---- options ---- */

enum {
	LONG_ONLY = 256,
	SELF_TEST,
	WORKER,
	MISBEHAVE,
	ORDERS,
	AS_GIVEN,
	JUNIT,
	MEMORY,
	CPU,
	RESULTS,
	SARIF
};

static const struct option long_options[] = {
	{ "as-given", no_argument, NULL, AS_GIVEN },
	{ "backend", required_argument, NULL, 'b' },
	{ "cpu", required_argument, NULL, CPU },
	{ "executor", required_argument, NULL, 'e' },
	{ "flavour", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },
	{ "jobs", required_argument, NULL, 'j' },
	{ "json", no_argument, NULL, 'J' },
	{ "junit", required_argument, NULL, JUNIT },
	{ "memory", required_argument, NULL, MEMORY },
	{ "misbehave", no_argument, NULL, MISBEHAVE },
	{ "orders", no_argument, NULL, ORDERS },
	{ "results", required_argument, NULL, RESULTS },
	{ "sarif", required_argument, NULL, SARIF },
	{ "self-test", no_argument, NULL, SELF_TEST },
	{ "shuffle", required_argument, NULL, 's' },
	{ "tap", no_argument, NULL, 'T' },
	{ "timeout", required_argument, NULL, 't' },
	{ "worker", no_argument, NULL, WORKER },
	{ NULL, 0, NULL, 0 },
};

static const char *take_value(struct gate *gate, int option, char *value)
{
	struct replay_options *options = &gate->options;

	switch (option) {
	case CPU:
		return parse_number(value, 0, 1000000, &options->trial.cpu) ? NULL : "--cpu 0 .. 1000000";
	case MEMORY:
		return parse_number(value, 1, 1 << 20, &options->megabytes) ? NULL :
									      "--memory 1 .. 1048576";
	case 'e':
		return trial_parse_executor(value, &options->trial) ?
			       NULL : "--executor fibers, threads or both";
	case 'f':
		return flavours_parse(value, gate->wanted) ? NULL : "--flavour of plain, asan, tsan, msan";
	case 'j':
		return parse_number(value, 1, REPLAY_JOBS, &options->jobs) ? NULL : "-j 1 .. 64";
	case 's':
		options->shuffled = true;
		return parse_seed(value, &options->seed) ? NULL : "--shuffle SEED, a number";
	case 't':
		return parse_number(value, 1, 1000000, &options->trial.seconds) ? NULL :
										 "--timeout 1 .. 1000000";
	case 'b':
		options->backend = value;
		return NULL;
	case SARIF:
		gate->sarif = value;
		return NULL;
	case RESULTS:
		gate->results.path = value;
		return NULL;
	default:
		gate->junit = value;
		return NULL;
	}
}

static void take_flag(struct gate *gate, int option)
{
	switch (option) {
	case AS_GIVEN:
		gate->options.as_given = true;
		return;
	case MISBEHAVE:
		gate->options.armed = true;
		return;
	case ORDERS:
		gate->options.orders = true;
		return;
	case SELF_TEST:
		gate->self_test = true;
		return;
	case WORKER:
		gate->worker = true;
		return;
	case 'J':
		gate->format = REPLAY_JSON;
		return;
	default:
		gate->format = REPLAY_TAP;
	}
}

static bool is_flag(int option)
{
	const struct option *o = long_options;

	while (o->val != option)
		o++;
	return o->has_arg == no_argument;
}

/* Return: an exit status, or -1 to go on. */
static int take_options(struct gate *gate, int argc, char **argv)
{
	int option;

	while ((option = getopt_long(argc, argv, "hj:", long_options, NULL)) != -1) {
		const char *expected = NULL;

		if (option == '?')
			return usage_error("replay", "unknown or incomplete option %s",
					   argv[optind - 1]);
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (is_flag(option))
			take_flag(gate, option);
		else
			expected = take_value(gate, option, optarg);
		if (expected)
			return usage_error("replay", "expected %s, got '%s'", expected, optarg);
	}
	return -1;
}

static unsigned int processors(void)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);

	return count < 1 ? 1 : count > REPLAY_JOBS ? REPLAY_JOBS : (unsigned int)count;
}

int command_replay(int argc, char **argv)
{
	static struct gate gate = {
		.options = { .trial = { .repeat = 1, .seconds = 20, .cpu = 10, .fibers = true },
			     .megabytes = 1024 },
	};
	int status;

	results_begin(&gate.results, "replay", argc, argv);
	gate.options.jobs = processors();
	gate.options.backend = getenv("PAGE_MAP");
	flavours_by_default(gate.wanted);
	status = take_options(&gate, argc, argv);
	if (status >= 0)
		return status;
	if (gate.options.backend && !flavour_choose_backend(gate.options.backend))
		return usage_error("replay", "expected a backend that the page library has, got '%s'",
				   gate.options.backend);
	if (gate.worker)
		return replay_worker(&gate.options.trial, gate.options.armed);
	find_flavours(&gate);
	if (!gate.count)
		return usage_error("replay", "expected a flavour that this build has");
	if (gate.options.armed)
		fprintf(stderr, "--misbehave: programs with a comment `# misbehave: WAY` do so\n");
	if (gate.self_test)
		return replay_self_test(&gate.options, gate.flavours, gate.count);
	if (optind == argc)
		return usage_error("replay", "expected at least one FILE or FOLDER");
	return run_paths(&gate, argv + optind);
}
