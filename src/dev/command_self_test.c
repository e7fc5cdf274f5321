/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev self-test: runs good programs, and programs that fail on purpose in each way of
 * misbehave.def. Each failing program must have the expected result, and no good program may fail.
 */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dev/dev.h"
#include "dev/misbehave/misbehave.h"
#include "dev/misbehave/scratch.h"
#include "harness/util/cpus.h"
#include "harness/util/path.h"
#include "tool/run/engine.h"
#include "tool/run/input_list.h"
#include "tool/util/flavours.h"
#include "tool/util/options.h"

static const char help[] =
	"Usage: pagetorture-dev self-test [OPTION]...\n"
	"Run programs that fail on purpose, one for each kind of failure, among good programs. Each must\n"
	"get the result of its kind, and no good program may fail.\n"
	"\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 each program has its result; 1 a program has another result; 2 bad usage, or no\n"
	"directory for the programs.\n"
	"\n"
	"Examples:\n"
	"  pagetorture-dev self-test --flavour asan\n";

/* Good programs between two that fail on purpose: they show whether a failure affects others. */
#define GOOD_PROGRAMS_BETWEEN 3

static const char good_program[] =
	"pagetorture 1\n"
	"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"T0: write_raw(p0, 0, 0x40, 0x11) -> 0\n"
	"T1: write_raw(p0, 0x40, 0x40, 0x22) -> 0\n";

/* Every flavour with every backend detects that this program breaks its rule. */
static const char dying_program[] =
	"pagetorture 1\n"
	"expect unmap-order\n"
	"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"p1 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"k0 = kmap_local(p0)\n"
	"k1 = kmap_local(p1)\n"
	"kunmap_local(k0)\n";

/* Programs that fail without the help of misbehave.c. */
static const struct {
	const char *name, *kind, *content;
} wrong_programs[] = {
	{ "wrong-expectation", "claim",
	  "pagetorture 1\nexpect use-after-free\np0 = alloc_page(GFP_KERNEL)\n"
	  "k0 = kmap_local(p0)\nkunmap_local(k0)\nkunmap_local(k0)\n" },
	{ "wrong-result", "claim",
	  "pagetorture 1\np0 = alloc_page(GFP_KERNEL)\nwrite_raw(p0, 0, 1, 1) -> EINVAL\n" },
	{ "wrong-text", "unreadable", "pagetorture 1\nfrob(p0)\n" },
	{ "wrong-version", "unreadable", "pagetorture 2\np0 = alloc_page(GFP_KERNEL)\n" },
};

#define WRONG_PROGRAMS (sizeof(wrong_programs) / sizeof(wrong_programs[0]))

/* Ways to misbehave that a flavour does not detect, and the reason. */
static const struct {
	const char *flavour, *way, *why;
} unseen_ways[] = {
	{ "msan", "corrupt", "MemorySanitizer does not watch where memory ends" },
	{ "msan", "lose", "MemorySanitizer does not look for lost memory" },
	{ "plain", "lose", "no detector looks for lost memory" },
	{ "tsan", "corrupt", "ThreadSanitizer does not watch where memory ends" },
	{ "tsan", "lose", "ThreadSanitizer does not look for lost memory" },
};

static const char *explain_unseen_way(const char *flavour, const char *way)
{
	for (size_t i = 0; i < sizeof(unseen_ways) / sizeof(unseen_ways[0]); i++)
		if (!strcmp(unseen_ways[i].flavour, flavour) && !strcmp(unseen_ways[i].way, way))
			return unseen_ways[i].why;
	return NULL;
}

/* ---- programs ---- */

static bool write_program_file(const char *directory, const char *name, const char *first,
			       const char *rest)
{
	char path[PATH_MAX];
	FILE *file;

	path_format_or_exit(path, sizeof(path), "%s/%s.page", directory, name);
	file = fopen(path, "we");
	if (!file)
		return false;
	fprintf(file, "%s%s", first, rest);
	return !fclose(file);
}

/* Writes the programs. By their names, good programs are sorted between the failing ones. */
static bool write_programs(const char *directory)
{
	char name[80], first[80];
	bool is_written = true;

	for (const struct misbehave_way *way = misbehave_ways; way->name; way++) {
		snprintf(first, sizeof(first), "# misbehave: %s\n", way->name);
		is_written &= write_program_file(directory, way->name, first,
					 way->when == DYING ? dying_program : good_program);
		for (unsigned int n = 0; n < GOOD_PROGRAMS_BETWEEN; n++) {
			snprintf(name, sizeof(name), "%s-then-%u", way->name, n);
			is_written &= write_program_file(directory, name, "",
							 n ? good_program : dying_program);
		}
	}
	for (size_t i = 0; i < WRONG_PROGRAMS; i++)
		is_written &= write_program_file(directory, wrong_programs[i].name, "",
						 wrong_programs[i].content);
	return is_written;
}

/* ---- results ---- */

/* Return: the name of the result kind that the input must have; NULL: the input is good. */
static const char *find_expected_kind(const char *name)
{
	for (const struct misbehave_way *way = misbehave_ways; way->name; way++)
		if (!strcmp(way->name, name))
			return way->expected_kind;
	for (size_t i = 0; i < WRONG_PROGRAMS; i++)
		if (!strcmp(wrong_programs[i].name, name))
			return wrong_programs[i].kind;
	return NULL;
}

/* Return: whether the input has the expected result. */
static bool check_input_result(const char *path, const char *flavour, const struct run_record *record)
{
	const char *seen = result_kinds[record->result.kind].name;
	const char *why = record->why ? record->why : "", *file = strrchr(path, '/') + 1;
	char name[80];
	const char *kind, *why_not;
	bool is_expected;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "."), file);
	kind = find_expected_kind(name);
	why_not = explain_unseen_way(flavour, name);
	is_expected = !strcmp(seen, kind && !why_not ? kind : "good");
	if (kind || !is_expected)
		printf("%-8s %-20s %-16s %s\n", flavour, name, is_expected ? seen : "NOT SEEN",
		       !is_expected ? "" : why_not ? why_not : why);
	if (!is_expected)
		fprintf(stderr, "%s: %s: expected %s, got %s: %s\n", file, flavour,
			kind && !why_not ? kind : "good", seen, why);
	return is_expected;
}

static bool test_flavour(struct run_options *options, const char *flavour,
			 const struct file_list *inputs)
{
	struct flavour_run run;
	bool is_good = flavour_run_init(&run, flavour, inputs->count) &&
		       engine_run(options, inputs, &run);

	if (!is_good)
		fprintf(stderr, "expected the workers of flavour %s to run\n", flavour);
	for (size_t i = 0; run.records && i < inputs->count; i++)
		is_good &= check_input_result(inputs->names[i], flavour, &run.records[i]);
	fflush(stdout);
	flavour_run_destroy(&run);
	return is_good;
}

static int test_flavours(struct run_options *options, const struct file_list *inputs,
			 const bool *wanted_flavours)
{
	int status = EXIT_GOOD;

	printf("%-8s %-20s %-16s\n", "flavour", "way", "result");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!wanted_flavours[i])
			continue;
		if (!flavour_find_binary(flavour_names[i], options->binary_path,
					 sizeof(options->binary_path)))
			fprintf(stderr, "skipped: %s: this build has no such flavour\n", flavour_names[i]);
		else if (!test_flavour(options, flavour_names[i], inputs))
			status = EXIT_FAILED;
	}
	if (status == EXIT_GOOD)
		printf("each way is noticed, and no other input fails\n");
	return status;
}

static int run_self_test(struct run_options *options, const bool *wanted_flavours)
{
	struct scratch scratch;
	struct file_list inputs;
	int status = EXIT_BAD;

	if (!scratch_open(&scratch))
		return usage_error("self-test", "expected to make a directory: %s", strerror(errno));
	if (!write_programs(scratch.path)) {
		usage_error("self-test", "expected to write to %s: %s", scratch.path, strerror(errno));
	} else {
		if (input_list_init(&inputs, (char *[]){ scratch.path, NULL }, true))
			status = test_flavours(options, &inputs, wanted_flavours);
		file_list_destroy(&inputs);
	}
	scratch_close(&scratch);
	return status;
}

int command_self_test(int argc, char **argv)
{
	static struct run_options options = {
		.memory_limit_mb = 256,
		.execution = { .run_count = 1, .time_limit_seconds = 6, .cpu_limit_seconds = 2, .fibers = true },
	};
	bool wanted_flavours[FLAVOURS_MAX];
	const struct option_row rows[] = {
		option_flavour(wanted_flavours),
		{ .name = "jobs",
		 .letter = 'j',
		 .number = &options.job_limit,
		 .least = 1,
		 .most = RUN_JOBS},
		OPTION_END,
	};
	int status;

	options.job_limit = cpus_count_available(RUN_JOBS);
	flavours_set_default(wanted_flavours);
	status = options_parse("self-test", help, rows, argc, argv);
	if (status < 0 && optind != argc)
		status = usage_error("self-test", "expected no FILE");
	return status >= 0 ? status : run_self_test(&options, wanted_flavours);
}
