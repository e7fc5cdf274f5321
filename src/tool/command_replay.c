/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture replay: a corpus as a gate. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/cpus.h"
#include "tool/util/options.h"
#include "tool/replay/replay_gate.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture replay [OPTION]... FILE|DIRECTORY...\n"
	"Replay programs, text (*.page) or bytes (*.bin, crash-*, ...), as a gate: each must be\n"
	"judged, claimed and executed alike in every flavour, and what should end a process must\n"
	"do so by its rule. Many inputs share a process; one that crashes, hangs, leaks, exits or\n"
	"spoils memory is run again alone, named, and the rest still runs. Directories are walked in\n"
	"sorted order.\n"
	"\n"
	"  --as-given       in the order of the arguments, not sorted\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          read every FILE as a byte string, whatever its name is\n"
	"  --cpu S          seconds of CPU time for one input (default 10; 0: no limit)\n"
	"  --executor E     fibers (default), threads or both\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -j, --jobs N     processes at a time (default: CPUs)\n"
	"  --json           one JSON object a line: each input in each flavour, then sums\n"
	"  --junit FILE     write the results for a CI, too\n"
	"  --memory MB      that an input may use beyond what there was (default 1024)\n"
	"  --misbehave      for tests of this command: programs with a comment\n"
	"                   `# misbehave: WAY` crash, hang, leak and so on\n"
	"  --orders         all inputs in one process, sorted and then backwards: the same\n"
	"                   outcomes, and memory, descriptors and mappings as before\n"
	"  --results FILE   also write sums and failures there as JSON, for `make report`\n"
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
	"Exit status: 0 all good; 1 an input failed; 2 bad usage, no input, a file or directory that\n"
	"is missing or cannot be read, a program of an unknown format version, or no flavour.\n"
	"\n"
	"Examples:\n"
	"  pagetorture replay corpus\n"
	"  pagetorture replay --flavour asan -j 2 --junit replay.xml campaign/fuzz_page/corpus\n"
	"  pagetorture replay --sarif replay.sarif corpus\n"
	"  pagetorture replay --orders --shuffle 7 --flavour plain corpus/rules\n"
	"  pagetorture replay --self-test\n";

struct settings {
	struct replay_gate gate;
	bool worker, self_test; /* instead of the gate */
};

static bool read_shuffle(char *value, void *into)
{
	struct replay_options *options = into;

	options->shuffled = true;
	return parse_seed(value, &options->seed);
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *settings, int argc, char **argv)
{
	struct replay_gate *gate = &settings->gate;
	struct replay_options *options = &gate->options;
	int format = gate->format;
	const struct option_row rows[] = {
		OPTION_FLAG("as-given", &options->as_given),
		option_backend(&options->backend),
		option_bytes(),
		OPTION_NUMBER("cpu", &options->execution.cpu, 0, 1000000),
		option_executor(&options->execution),
		option_flavour(gate->wanted),
		{ .name = "jobs", .letter = 'j', .number = &options->jobs, .least = 1, .most = REPLAY_JOBS },
		OPTION_PICK("json", &format, REPLAY_JSON),
		OPTION_TEXT("junit", &gate->junit),
		OPTION_NUMBER("memory", &options->megabytes, 1, 1 << 20),
		OPTION_FLAG("misbehave", &options->armed),
		OPTION_FLAG("orders", &options->orders),
		OPTION_TEXT("results", &gate->results.path),
		OPTION_TEXT("sarif", &gate->sarif),
		OPTION_FLAG("self-test", &settings->self_test),
		OPTION_READ("shuffle", read_shuffle, options, "SEED, a number"),
		OPTION_PICK("tap", &format, REPLAY_TAP),
		option_timeout(&options->execution.seconds),
		OPTION_FLAG("worker", &settings->worker),
		OPTION_END,
	};
	int status = options_take("replay", help, rows, argc, argv);

	gate->format = (enum replay_format)format;
	return status >= 0 ? status : options_backend("replay", options->backend);
}

int command_replay(int argc, char **argv)
{
	static struct settings settings = { .gate.options = {
		.execution = { .repeat = 1, .seconds = 20, .cpu = 10, .fibers = true },
		.megabytes = 1024,
	} };
	struct replay_gate *gate = &settings.gate;
	int status;

	results_begin(&gate->results, "replay", argc, argv);
	gate->options.jobs = cpus_available(REPLAY_JOBS);
	gate->options.backend = getenv("PAGE_MAP");
	flavours_by_default(gate->wanted);
	status = parse_options(&settings, argc, argv);
	if (status >= 0)
		return status;
	if (settings.worker)
		return replay_worker_run(&gate->options.execution, gate->options.armed);
	replay_gate_find_flavours(gate);
	if (!gate->count)
		return usage_error("replay", "expected a flavour that this build has");
	if (gate->options.armed)
		fprintf(stderr, "--misbehave: programs with a comment `# misbehave: WAY` do so\n");
	if (settings.self_test)
		return replay_self_test(&gate->options, gate->flavours, gate->count);
	if (optind == argc)
		return usage_error("replay", "expected at least one FILE or DIRECTORY");
	return replay_gate_run(gate, argv + optind);
}
