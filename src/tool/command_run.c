/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture run, replay: evaluate programs with the rule model, execute them in every flavour,
 * and compare. Both take the same options, with other defaults.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/cpus.h"
#include "tool/run/run.h"
#include "tool/run/worker.h"
#include "tool/util/options.h"
#include "tool/util/warnings.h"
#include "tool/tool.h"

/* The options of both, each with what is not its own default. */
#define OPTIONS(executor, cpu, timeout)                                                          \
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"    \
	"  --bytes          read every FILE as a byte string, whatever its name is\n"              \
	"  --cpu S          seconds of CPU time for one input (" cpu ")\n"                         \
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n" \
	"                   thread and the step; they order no two threads\n"                      \
	"  --executor E     fibers, threads or both (default " executor ")\n"                      \
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"                              \
	"  -j, --jobs N     processes at a time (default: CPUs)\n"                                 \
	"  --memory MB      that an input may use beyond what was in use (default 1024)\n"         \
	"  --no-sort        run in the order of the arguments, not sorted by name\n"               \
	"  --orders         run all inputs in one process, in order and then backwards: the same\n" \
	"                   outcomes, and memory, descriptors and mappings as before\n"            \
	"  --pin            threads: each on a CPU of its own, round robin\n"                      \
	"  --repeat N       execute each program N times; all must agree (default 1)\n"            \
	"  --results FILE   write the results as JSON lines, for `pagetorture-export` and `make\n" \
	"                   report` (-: to standard output)\n"                                     \
	"  --shuffle SEED   run in an order that the seed chooses; with --orders, the second one\n" \
	"  --timeout S      seconds for one input in one flavour (default " timeout ")\n"

static const char help_of_run[] =
	"Usage: pagetorture run [OPTION]... FILE|DIRECTORY...\n"
	"Evaluate page programs with the rule model, execute them on the page library under each\n"
	"sanitizer that this build has, on fibers and on real threads, and compare.\n"
	"\n"
	"One row a program: what the model says, what each flavour saw on fibers, what\n"
	"ThreadSanitizer saw on real threads (a race may hide there), and whether all agree.\n"
	"`unseen` is a race that ThreadSanitizer is predicted to miss; the reason is below the row.\n"
	"`not run` is a fatal call that is not executed because nothing there could see it.\n"
	"With --repeat, `data-race 97/100` on threads is a race that 97 of 100 runs reported, and\n"
	"the last lines sum that up. Any report about a program that has no race is a failure.\n"
	"\n"
	OPTIONS("both", "default 0: no limit", "60")
	"  --json           one JSON object a line: what check --json prints, and more\n"
	"  --strict         a call that can never run ends with 1; without it, it is only a warning\n"
	"  --help           this text\n"
	"\n"
	"Many programs share a process. One that fails runs again alone; `pagetorture replay --help`\n"
	"names all kinds of failures.\n"
	"\n"
	"Exit status: 0 all claims hold, and model and executions agree; 1 not; 2 bad usage, or\n"
	"a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture run corpus/rules\n"
	"  pagetorture run --flavour tsan --repeat 1000 race.page\n"
	"  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 race.page\n"
	"  pagetorture run --backend alias corpus/rules/*.page\n";

static const char help_of_replay[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Run a corpus as a gate: `pagetorture run`, which prints what all inputs add up to in place\n"
	"of a row for each. Inputs run sorted by name, each once.\n"
	"\n"
	OPTIONS("fibers", "default 10; 0: no limit", "20")
	"  --json           the same as --results -, in place of the totals\n"
	"  --help           this text\n"
	"\n"
	"Many inputs share a process; one that crashes, hangs, leaks, exits or damages memory is run\n"
	"again alone, named, and the rest still runs. What fails is one of: unreadable, claim,\n"
	"differs, wrong-rule, crash, stack-overflow, memory, exit, hang, leak, descriptor, mapping,\n"
	"corrupts (another input fails after it), state (it fails after others only), flaky (it\n"
	"failed once, and not again), grows (the second order leaves more than the first).\n"
	"\n"
	"Exit status: 0 all good; 1 an input failed; 2 bad usage, no input, a file or directory that\n"
	"is missing or cannot be read, a program of an unknown format version, or no flavour.\n"
	"\n"
	"Examples:\n"
	"  pagetorture replay corpus\n"
	"  pagetorture replay --flavour asan -j 2 campaign/fuzz_page/corpus\n"
	"  pagetorture replay --orders --shuffle 7 --flavour plain corpus/rules\n"
	"  pagetorture replay --results replay.jsonl corpus; pagetorture-export junit replay.jsonl\n";

struct settings {
	struct run_order order;
	const char *help, *backend;
	bool worker; /* this process is one */
};

static bool read_delays(char *value, void *into)
{
	struct exec_timing *timing = into;

	timing->delays = true;
	return parse_seed(value, &timing->seed);
}

static bool read_shuffle(char *value, void *into)
{
	struct run_options *options = into;

	options->shuffled = true;
	return parse_seed(value, &options->seed);
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
	struct run_order *order = &settings->order;
	struct run_options *options = &order->options;
	struct trial_options *trial = &options->trial;
	const struct option_row rows[] = {
		OPTION_TEXT("backend", &settings->backend),
		option_bytes(),
		OPTION_NUMBER("cpu", &trial->cpu, 0, 1000000),
		OPTION_READ("delays", read_delays, &trial->timing, "SEED, a number"),
		option_executor(trial),
		option_flavour(order->wanted),
		{ .name = "jobs", .letter = 'j', .number = &options->jobs, .least = 1, .most = RUN_JOBS },
		OPTION_FLAG("json", &order->json),
		OPTION_NUMBER("memory", &options->megabytes, 1, 1 << 20),
		OPTION_FLAG("no-sort", &order->unsorted),
		OPTION_FLAG("orders", &options->orders),
		OPTION_FLAG("pin", &trial->timing.pin),
		OPTION_NUMBER("repeat", &trial->repeat, 1, 1000000),
		OPTION_TEXT("results", &order->results.path),
		OPTION_READ("shuffle", read_shuffle, options, "SEED, a number"),
		option_strict(&order->strict),
		option_timeout(&trial->seconds),
		OPTION_FLAG("worker", &settings->worker),
		OPTION_END,
	};
	int status = options_take(order->command, settings->help, rows, argc, argv);

	if (status < 0)
		status = options_backend(order->command, settings->backend);
	if (status < 0 && !order->rows && order->strict)
		status = usage_error(order->command, "unknown option --strict");
	if (status < 0 && !order->rows && order->json && order->results.path)
		status = usage_error(order->command, "expected --json or --results, not both");
	if (status < 0 && optind == argc && !settings->worker)
		status = usage_error(order->command, "expected at least one FILE or DIRECTORY");
	return status;
}

static int run_command(struct settings *settings, int argc, char **argv)
{
	struct run_order *order = &settings->order;
	int status;

	results_begin(&order->results, order->command, argc, argv);
	settings->backend = getenv("PAGE_MAP");
	order->options.jobs = cpus_available(RUN_JOBS);
	flavours_by_default(order->wanted);
	status = parse_options(settings, argc, argv);
	if (status >= 0)
		return status;
	if (!order->rows && order->json)
		order->results.path = "-";
	return settings->worker ? run_worker_main() : run(order, argv + optind);
}

int command_run(int argc, char **argv)
{
	static struct settings settings = {
		.help = help_of_run,
		.order = { .command = "run", .rows = true, .unsorted = true,
			   .options = { .megabytes = 1024,
					.trial = { .repeat = 1, .seconds = 60, .fibers = true,
						   .threads = true } } },
	};

	return run_command(&settings, argc, argv);
}

int command_replay(int argc, char **argv)
{
	static struct settings settings = {
		.help = help_of_replay,
		.order = { .command = "replay",
			   .options = { .megabytes = 1024,
					.trial = { .repeat = 1, .seconds = 20, .cpu = 10,
						   .fibers = true } } },
	};

	return run_command(&settings, argc, argv);
}
