/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture fuzz: reads the options of a campaign, and becomes the Python program that runs it
 * (campaign/main.py). That program starts processes, polls directories, reads what engines print
 * and renames files.
 */
#include <getopt.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "config.h"
#include "harness/program/program_bytes.h"
#include "harness/util/cpus.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/tool.h"
#include "tool/util/fuzz_target.h"
#include "tool/util/installation.h"
#include "tool/util/options.h"
#include "tool/util/results.h"
#include "tool/util/script.h"
#include "tool/util/similar.h"
#include "tool/util/usage.h"

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
	"  --merge          keep only the inputs that all coverage needs, and move the others to\n"
	"                   D/TARGET/superseded; do not fuzz\n"
	"  --new-seeds DIR  with --merge: write inputs that cover more than the seeds to DIR/TARGET,\n"
	"                   as programs\n"
	"  --report N       without a terminal, print a progress line every N seconds (default: 60)\n"
	"  --results FILE   write totals of the run to FILE as one JSON object, for `make report`\n"
	"  --until-finding  stop at the first finding\n"
	"  --help           print this text\n"
	"\n"
	"D/TARGET/corpus keeps every useful input, D/TARGET/findings every input that made the target\n"
	"fail; the SHA-1 of its content names a file. You may add inputs to D/TARGET/corpus.\n"
	"\n"
	"Exit status: 0 no finding; 1 new findings, or a corpus that cannot be merged; 2 bad usage, a\n"
	"target that cannot run, or a finding that cannot be written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture fuzz\n"
	"  pagetorture fuzz --time 10m --jobs 2 --engine libfuzzer fuzz_page\n";

/* Ten years, in seconds. */
#define TIME_MOST 315360000U
#define JOBS_MOST 64

struct fuzz_options {
	const char *bin, *dir, *seeds, *new_seeds, *results, *engines;
	unsigned int jobs, time, report, seed;
	bool collect, merge, until_finding;
};

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

static bool is_engine_name(const char *name, size_t length)
{
	static const char *const names[] = {"libfuzzer", "afl"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strlen(names[i]) == length && !strncmp(names[i], name, length))
			return true;
	return false;
}

static bool read_engines(char *list, void *into)
{
	const char **engines = into, *name = list;

	for (*engines = list; is_engine_name(name, strcspn(name, ",")); name++) {
		name += strcspn(name, ",");
		if (!*name)
			return true;
	}
	return false;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct fuzz_options *o, int argc, char **argv)
{
	const struct option_row rows[] = {
		OPTION_TEXT("bin", &o->bin),
		OPTION_FLAG("collect", &o->collect),
		OPTION_TEXT("dir", &o->dir),
		OPTION_CHOICE("engine", read_engines, &o->engines, "libfuzzer, afl"),
		{ .name = "jobs", .letter = 'j', .number = &o->jobs, .least = 1, .most = JOBS_MOST },
		OPTION_FLAG("merge", &o->merge),
		OPTION_TEXT("new-seeds", &o->new_seeds),
		OPTION_NUMBER("report", &o->report, 1, 86400),
		OPTION_TEXT("results", &o->results),
		OPTION_NUMBER("seed", &o->seed, 0, 1000000000),
		OPTION_TEXT("seeds", &o->seeds),
		OPTION_READ("time", read_time, &o->time, "like 90, 10m or 8h"),
		OPTION_FLAG("until-finding", &o->until_finding),
		OPTION_END,
	};

	return options_take("fuzz", help, rows, argc, argv);
}

/* ---- targets ---- */

/* The name becomes a part of paths. */
static bool is_target_name(const char *name)
{
	return *name && strlen(name) < 100 &&
	       name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		       '\0';
}

static bool has_file(const char *directory, const char *name)
{
	char path[PATH_MAX];

	return path_format(path, sizeof(path), "%s/%s", directory, name) && !access(path, X_OK);
}

/* Is it a target of the tree, or one that has a binary, or a campaign to collect from? */
static bool is_target(const struct fuzz_options *options, const char *name)
{
	char afl_name[128];

	snprintf(afl_name, sizeof(afl_name), "afl/%s", name);
	return fuzz_target_find(name) || has_file(options->bin, name) ||
	       has_file(options->bin, afl_name) || has_file(options->dir, name);
}

static int refuse_target(const char *name)
{
	struct similar similar;
	char text[SIMILAR_TEXT];
	const struct fuzz_target *known;

	if (!is_target_name(name))
		return usage_error("fuzz", "expected the name of a target, got '%s'", name);
	similar_init(&similar, name);
	for (size_t i = 0; (known = fuzz_target_at(i)); i++)
		similar_add(&similar, known->name);
	similar_text(&similar, "'", "'", text);
	return usage_error("fuzz", "unknown target '%s'%s Targets: %s", name, *text ? text : ".",
			   fuzz_target_names);
}

/* ---- the command line of the program ---- */

struct command_line {
	char **words; /* ends with NULL */
	size_t count;
};

static void __attribute__((format(printf, 2, 3)))
append_word(struct command_line *line, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vasprintf(&line->words[line->count++], format, args);
	va_end(args);
	if (length < 0) {
		fputs("pagetorture fuzz: expected memory for a command line, got none\n", stderr);
		exit(EXIT_BAD);
	}
}

static void append_target(struct command_line *line, const struct fuzz_options *options, const char *name)
{
	static const char *const reads_names[] = {"bytes", "text", "calls"};
	const struct fuzz_target *known = fuzz_target_find(name);
	enum target_reads reads = known ? known->reads : READS_BYTES;
	char longest[PATH_MAX - 256]; /* names of engines and of their files follow */

	path_format_or_exit(longest, sizeof(longest), "%s/%s", options->dir, name);
	/* A text of that length has as many calls as a program can have. */
	append_word(line, "target=%s,%s,%s,%d", name, known ? known->flavour : "asan", reads_names[reads],
		    reads == READS_TEXT ? 4096 : (int)PROGRAM_BYTES_MAX);
}

static void append_options(struct command_line *line, const struct fuzz_options *o)
{
	append_word(line, "bin=%s", o->bin);
	append_word(line, "dir=%s", o->dir);
	if (o->seeds)
		append_word(line, "seeds=%s", o->seeds);
	else
		append_word(line, "seeds=%s/seeds", o->bin);
	append_word(line, "new_seeds=%s", o->new_seeds ? o->new_seeds : "");
	append_word(line, "results=%s", o->results ? o->results : "");
	append_word(line, "engines=%s", o->engines);
	append_word(line, "jobs=%u", o->jobs);
	append_word(line, "time=%u", o->time);
	append_word(line, "report=%u", o->report);
	append_word(line, "seed=%u", o->seed);
	append_word(line, "collect=%d", o->collect);
	append_word(line, "merge=%d", o->merge);
	append_word(line, "until_finding=%d", o->until_finding);
}

/* In the source tree if this binary is in a build directory, else where it is installed. */
static void append_program(struct command_line *line, const char *own)
{
	char home[PATH_MAX];
	const char *from = *CAMPAIGN_SOURCE == '/' ? "" : own;

	append_word(line, "python3");
	append_word(line, "-BEs");
	if (has_file(own, "config.status")) {
		append_word(line, "%s%s" CAMPAIGN_SOURCE "/main.py", from, *from ? "/" : "");
	} else {
		installed_directory(PKGLIBEXECDIR, home, sizeof(home));
		append_word(line, "%s/campaign/main.py", home);
	}
}

int command_fuzz(int argc, char **argv)
{
	struct fuzz_options options = {
		.dir = "campaign", .report = 60, .engines = "libfuzzer,afl", .jobs = cpus_available(JOBS_MOST)};
	struct command_line line = {.count = 0};
	const struct fuzz_target *known;
	struct results command;
	char own[PATH_MAX] = ".";
	int status;

	results_begin(&command, "fuzz", argc, argv);
	own_directory(own, sizeof(own));
	options.bin = own;
	options.seed = (unsigned int)(time(NULL) ^ getpid()) % 1000000000;
	status = parse_options(&options, argc, argv);
	if (status >= 0)
		return status;
	line.words = calloc((size_t)argc + 64, sizeof(*line.words));
	if (!line.words)
		return EXIT_BAD;
	append_program(&line, own);
	append_options(&line, &options);
	append_word(&line, "tool=%s", shell_binary_path());
	append_word(&line, "command=%s", command.command);
	append_word(&line, "version=%s", PACKAGE_VERSION);
	append_word(&line, "compiler=%s", __VERSION__);
	for (size_t i = 0; optind == argc && (known = fuzz_target_at(i)); i++)
		append_target(&line, &options, known->name);
	for (int i = optind; i < argc; i++) {
		if (!is_target_name(argv[i]) || !is_target(&options, argv[i]))
			return refuse_target(argv[i]);
		append_target(&line, &options, argv[i]);
	}
	return execute_python((const char *const *)line.words);
}
