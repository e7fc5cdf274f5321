/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture fuzz: runs the installed fuzzing engines on the fuzz targets until it is stopped.
 *
 * C and not a script, because it waits for many processes at once, must lose nothing when
 * it is killed, and is installed with the tool. What engines can do by themselves they do:
 * they share a directory for each target, and are started, watched and heard here.
 */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/cpus.h"
#include "tool/campaign/campaign.h"
#include "tool/util/options.h"
#include "tool/util/installation.h"
#include "tool/util/similar.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture fuzz [OPTION]... [TARGET]...\n"
	"Fuzz each TARGET with every fuzzing engine that is built for it, until Ctrl-C. The default is\n"
	"all targets. The same command continues a campaign that was stopped or killed.\n"
	"\n"
	"  --time T         stop after T seconds; s, m, h or d after the number is a unit (90, 10m, 8h)\n"
	"  -j, --jobs N     run up to N processes at a time (default: number of CPUs); if\n"
	"                   there are more targets and engines, they run in turns\n"
	"  --engine LIST    use only these engines: libfuzzer, afl (default: all that are built)\n"
	"  --dir D          keep the campaign in directory D (default: campaign)\n"
	"  --bin B          use the fuzz targets in directory B (default: the directory of this program)\n"
	"  --seeds S        begin with the inputs in S/TARGET and the dictionary S/TARGET.dict (default:\n"
	"                   B/seeds)\n"
	"  --seed N         seed the random numbers of the engines (default: a new seed each time)\n"
	"  --collect        collect the inputs of engines that were killed; start no engine\n"
	"  --report N       without a terminal, print a progress line every N seconds (default: 60)\n"
	"  --results FILE   write totals of the run to FILE as one JSON object, for `make report`\n"
	"  --until-finding  stop at the first finding\n"
	"  --help           print this text\n"
	"\n"
	"D/TARGET/corpus keeps every useful input, D/TARGET/findings every input that made the target\n"
	"fail; the SHA-1 of its content names a file. You may add inputs to D/TARGET/corpus.\n"
	"\n"
	"Exit status: 0 no finding; 1 new findings; 2 bad usage, a target that cannot run, or a finding\n"
	"that cannot be written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture fuzz\n"
	"  pagetorture fuzz --time 10m --jobs 2 --engine libfuzzer fuzz_page\n";

/* Ten years, in seconds. */
#define TIME_MOST 315360000U

static bool read_time(char *text, void *into)
{
	unsigned int *seconds = into;
	static const struct unit {
		const char *name;
		unsigned int seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	size_t digits = strspn(text, "0123456789");
	char count[12];

	snprintf(count, sizeof(count), "%.*s", (int)digits, text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(text + digits, units[i].name)) {
			unsigned int most = TIME_MOST / units[i].seconds;
			bool good = digits < sizeof(count) && parse_number(count, 1, most, seconds);

			*seconds *= units[i].seconds;
			return good;
		}
	return false;
}

static bool read_engines(char *list, void *into)
{
	bool *wanted = into;
	char *name;

	memset(wanted, 0, ENGINES * sizeof(wanted[0]));
	while ((name = strsep(&list, ","))) {
		size_t i = 0;

		while (i < ENGINES && strcmp(name, engines[i]->name))
			i++;
		if (i == ENGINES)
			return false;
		wanted[i] = true;
	}
	return true;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct campaign *campaign, int argc, char **argv)
{
	struct fuzz_options *o = &campaign->options;
	const struct option_row rows[] = {
		OPTION_TEXT("bin", &o->bin),
		OPTION_FLAG("collect", &o->collect),
		OPTION_TEXT("dir", &o->dir),
		OPTION_CHOICE("engine", read_engines, campaign->wanted, "libfuzzer, afl"),
		{ .name = "jobs", .letter = 'j', .number = &o->jobs, .least = 1, .most = ENGINE_WORKERS },
		OPTION_NUMBER("report", &o->report, 1, 86400),
		OPTION_TEXT("results", &campaign->results.path),
		OPTION_NUMBER("seed", &o->seed, 0, 1000000000),
		OPTION_TEXT("seeds", &o->seeds),
		OPTION_READ("time", read_time, &o->time, "like 90, 10m or 8h"),
		OPTION_FLAG("until-finding", &o->until_finding),
		OPTION_END,
	};

	return options_take("fuzz", help, rows, argc, argv);
}

/* The name becomes a part of paths and patterns. */
static bool is_target_name(const char *name)
{
	return *name && strlen(name) < 100 &&
	       name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		       '\0';
}

/* Is it a target of the tree, or one that has a binary, or a campaign to collect from? */
static bool is_target(const struct campaign *campaign, const struct target *target)
{
	if (fuzz_target_find(target->name))
		return true;
	for (size_t i = 0; i < ENGINES; i++)
		if (!engines[i]->lack(&campaign->options, target))
			return true;
	return !access(target->dir, F_OK);
}

static void unknown_target(const char *given)
{
	struct similar similar;
	char text[SIMILAR_TEXT], names[512] = "";
	const struct fuzz_target *known;

	similar_init(&similar, given);
	for (size_t i = 0; (known = fuzz_target_at(i)); i++) {
		similar_add(&similar, known->name);
		snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s%s", i ? ", " : "",
			 known->name);
	}
	similar_text(&similar, "'", "'", text);
	usage_error("fuzz", "unknown target '%s'%s Targets: %s", given, *text ? text : ".", names);
}

static bool add_target(struct campaign *campaign, const char *name)
{
	struct target *target = malloc(sizeof(*target));

	if (!is_target_name(name)) {
		usage_error("fuzz", "expected the name of a target, got '%s'", name);
		return false;
	}
	if (!target)
		return false;
	target_init(target, name, &campaign->options);
	campaign->targets[campaign->count++] = target;
	if (!is_target(campaign, target)) {
		unknown_target(name);
		return false;
	}
	return true;
}

static bool add_targets(struct campaign *campaign, int count, char **names)
{
	size_t known = 0;

	while (fuzz_target_at(known))
		known++;
	campaign->targets = calloc(known + (size_t)count, sizeof(struct target *));
	if (!campaign->targets)
		return false;
	for (size_t i = 0; !count && i < known; i++)
		if (!add_target(campaign, fuzz_target_at(i)->name))
			return false;
	for (int i = 0; i < count; i++)
		if (!add_target(campaign, names[i]))
			return false;
	return true;
}

/* The directory is made if the one above it is there. */
static bool make_directory(const char *dir)
{
	if (!mkdir(dir, 0777) || errno == EEXIST)
		return true;
	fprintf(stderr, "pagetorture fuzz: expected a directory that can be written: %s: %s\n", dir,
		strerror(errno));
	return false;
}

int command_fuzz(int argc, char **argv)
{
	struct campaign campaign = {.options = {.dir = "campaign", .report = 60}};
	char own[PATH_MAX] = ".", seeds[PATH_MAX + 8];
	int status;

	results_begin(&campaign.results, "fuzz", argc, argv);
	own_directory(own, sizeof(own));
	campaign.options.bin = own;
	campaign.options.jobs = cpus_available(ENGINE_WORKERS);
	campaign.options.seed = (unsigned int)(time(NULL) ^ getpid()) % 1000000000;
	for (size_t i = 0; i < ENGINES; i++)
		campaign.wanted[i] = true;
	status = parse_options(&campaign, argc, argv);
	if (status >= 0)
		return status;
	if (!campaign.options.seeds) {
		path_format_or_exit(seeds, sizeof(seeds), "%s/seeds", campaign.options.bin);
		campaign.options.seeds = seeds;
	}
	if (!add_targets(&campaign, argc - optind, argv + optind) ||
	    !make_directory(campaign.options.dir))
		return EXIT_BAD;
	return campaign_run(&campaign);
}
