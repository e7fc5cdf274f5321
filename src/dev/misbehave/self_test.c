/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev self-test: programs that go wrong in each way, among good ones. Each
 * has to be called by the name of its way, and nothing else may be called anything.
 */
#include "dev/misbehave/self_test.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dev/misbehave/misbehave.h"
#include "dev/misbehave/scratch.h"
#include "harness/util/path.h"
#include "tool/util/flavours.h"
#include "tool/util/usage.h"

/* Between two that go wrong, so that what one does to others shows. */
#define GOOD_BETWEEN 3

static const char good_program[] =
	"pagetorture 1\n"
	"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"T0: write_raw(p0, 0, 0x40, 0x11) -> 0\n"
	"T1: write_raw(p0, 0x40, 0x40, 0x22) -> 0\n";

/* Every flavour and every backend sees that it breaks its rule. */
static const char dying_program[] =
	"pagetorture 1\n"
	"expect unmap-order\n"
	"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"p1 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n"
	"k0 = kmap_local(p0)\n"
	"k1 = kmap_local(p1)\n"
	"kunmap_local(k0)\n";

/* Programs that are wrong by themselves. */
static const struct {
	const char *name, *seen, *content;
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

/* Ways that a flavour cannot notice, and why. */
static const struct {
	const char *flavour, *way, *why;
} not_seen[] = {
	{ "msan", "corrupt", "MemorySanitizer does not watch where memory ends" },
	{ "msan", "lose", "MemorySanitizer does not look for lost memory" },
	{ "plain", "lose", "no detector looks for lost memory" },
	{ "tsan", "corrupt", "ThreadSanitizer does not watch where memory ends" },
	{ "tsan", "lose", "ThreadSanitizer does not look for lost memory" },
};

static const char *why_not_seen(const char *flavour, const char *way)
{
	for (size_t i = 0; i < sizeof(not_seen) / sizeof(not_seen[0]); i++)
		if (!strcmp(not_seen[i].flavour, flavour) && !strcmp(not_seen[i].way, way))
			return not_seen[i].why;
	return NULL;
}

/* ---- programs ---- */

static bool write_file(const char *directory, const char *name, const char *first, const char *rest)
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

/* Names that sort among each other: good ones lie around each way. */
static bool write_programs(const char *directory)
{
	char name[80], first[80];
	bool good = true;

	for (unsigned int i = 1; i < MISBEHAVIOURS; i++) {
		const struct misbehave_way *way = &misbehave_ways[i];

		snprintf(first, sizeof(first), "# misbehave: %s\n", way->name);
		good &= write_file(directory, way->name, first,
				   way->dying ? dying_program : good_program);
		for (unsigned int n = 0; n < GOOD_BETWEEN; n++) {
			snprintf(name, sizeof(name), "%s-then-%u", way->name, n);
			good &= write_file(directory, name, "", n ? good_program : dying_program);
		}
	}
	for (size_t i = 0; i < WRONG_PROGRAMS; i++)
		good &= write_file(directory, wrong_programs[i].name, "", wrong_programs[i].content);
	return good;
}

/* ---- results ---- */

static bool is_called(const char *name, const char *program)
{
	return strlen(name) == strlen(program) + 5 && !strncmp(name, program, strlen(program));
}

/* @name: of the file, without its directory. @way: gets it, or what is wrong, or NULL. */
static const char *expected(const char *name, const char *flavour, const char **way)
{
	*way = NULL;
	for (unsigned int i = 1; i < MISBEHAVIOURS; i++)
		if (is_called(name, misbehave_ways[i].name)) {
			*way = misbehave_ways[i].name;
			return why_not_seen(flavour, *way) ? "good" : misbehave_ways[i].kind;
		}
	for (size_t i = 0; i < WRONG_PROGRAMS; i++)
		if (is_called(name, wrong_programs[i].name)) {
			*way = wrong_programs[i].name;
			return wrong_programs[i].seen;
		}
	return "good";
}

/* Return: has the input the result that it must have? */
static bool check_record(const struct run_options *options, const struct input_list *list,
		      const struct flavour_run *run, uint32_t input)
{
	const struct run_record *record = &run->records[input];
	const char *name = strrchr(input_name(list, input), '/') + 1, *way;
	const char *wanted = expected(name, options->flavour, &way);
	const char *seen = result_kinds[record->kind].name, *why;
	bool same = !strcmp(seen, wanted);

	if (same && !way)
		return true;
	why = way ? why_not_seen(options->flavour, way) : NULL;
	printf("%-8s %-20s %-16s %s\n", options->flavour, way ? way : name,
	       same ? seen : "NOT SEEN", same ? why ? why : record->why ? record->why : "" : "");
	if (!same)
		fprintf(stderr, "%s: %s: expected %s, got %s: %s\n", name, options->flavour, wanted,
			seen, record->why ? record->why : "");
	return same;
}

static bool test_flavour(struct run_options *options, const struct input_list *list)
{
	struct flavour_run run;
	bool good = flavour_find(options->flavour, options->path, sizeof(options->path));

	good &= flavour_run_init(&run, options->flavour, list->count) && engine_run(options, list, &run);
	if (!good)
		fprintf(stderr, "expected the workers of flavour %s to run\n", options->flavour);
	for (uint32_t i = 0; run.records && i < list->count; i++)
		good &= check_record(options, list, &run, i);
	fflush(stdout);
	flavour_run_destroy(&run, list->count);
	return good;
}

static int test_flavours(struct run_options *options, const struct input_list *list,
			 const bool *wanted)
{
	char path[PATH_MAX];
	int status = EXIT_GOOD;

	printf("%-8s %-20s %-16s\n", "flavour", "way", "result");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		options->flavour = flavour_names[i];
		if (!wanted[i])
			continue;
		if (!flavour_find(flavour_names[i], path, sizeof(path)))
			fprintf(stderr, "skipped: %s: this build has no such flavour\n", flavour_names[i]);
		else if (!test_flavour(options, list))
			status = EXIT_FAILED;
	}
	if (status == EXIT_GOOD)
		printf("each way is noticed, and no other input fails\n");
	return status;
}

int self_test(struct run_options *options, const bool *wanted)
{
	struct scratch scratch;
	struct input_list *list;
	bool good;
	int status = EXIT_BAD;

	if (!scratch_open(&scratch))
		return usage_error("self-test", "expected to make a directory: %s", strerror(errno));
	if (!write_programs(scratch.path)) {
		usage_error("self-test", "expected to write to %s: %s", scratch.path, strerror(errno));
		scratch_close(&scratch);
		return EXIT_BAD;
	}
	list = input_list_new((char *[]){ scratch.path, NULL }, true, &good);
	if (list && good)
		status = test_flavours(options, list, wanted);
	scratch_close(&scratch);
	input_list_delete(list);
	return status;
}
