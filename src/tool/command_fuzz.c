/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture fuzz: reads the options of a campaign, and becomes the Python program that runs it
 * (campaign/main.py). That program starts processes, polls directories, reads what engines print
 * and renames files.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/program/program_bytes.h"
#include "harness/util/cpus.h"
#include "harness/util/path.h"
#include "tool/tool.h"
#include "tool/util/fuzz_target.h"
#include "tool/util/installation.h"
#include "tool/util/options.h"
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

static bool parse_time_option(char *time_text, void *into)
{
	unsigned int *seconds = into;
	static const struct unit {
		const char *name;
		unsigned int seconds;
	} units[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
	size_t digits = strspn(time_text, "0123456789");
	char digits_text[12];

	snprintf(digits_text, sizeof(digits_text), "%.*s", (int)digits, time_text);
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (!strcmp(time_text + digits, units[i].name)) {
			bool is_valid = digits < sizeof(digits_text) &&
					parse_number(digits_text, 1, TIME_MOST / units[i].seconds,
						     seconds);

			*seconds *= units[i].seconds;
			return is_valid;
		}
	return false;
}

/* ---- targets ---- */

/* Return: whether @name may be a part of paths. */
static bool is_target_name(const char *name)
{
	return *name && strlen(name) < 100 &&
	       name[strspn(name,
			   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
		       '\0';
}

static bool has_executable_file(const char *directory, const char *name)
{
	char path[PATH_MAX];

	return path_format(path, sizeof(path), "%s/%s", directory, name) && !access(path, X_OK);
}

/* Return: whether @name is a target of the table, has a binary, or has a campaign directory. */
static bool is_target(const char *bin, const char *directory, const char *name)
{
	char afl_name[128];

	snprintf(afl_name, sizeof(afl_name), "afl/%s", name);
	return fuzz_target_find(name) || has_executable_file(bin, name) ||
	       has_executable_file(bin, afl_name) || has_executable_file(directory, name);
}

static int refuse_target(const char *name)
{
	struct similar similar;
	char hint[SIMILAR_TEXT];
	const struct fuzz_target *known_target;

	if (!is_target_name(name))
		return usage_error("fuzz", "expected the name of a target, got '%s'", name);
	similar_init(&similar, name);
	for (size_t i = 0; (known_target = fuzz_target_get(i)); i++)
		similar_add(&similar, known_target->name);
	similar_format_hint(&similar, "'", "'", hint);
	return usage_error("fuzz", "unknown target '%s'%s Targets: %s", name,
			   *hint ? hint : ".", fuzz_target_names);
}

/* ---- the command line of the program ---- */

static void append_target(struct script_command *command, const char *directory, const char *name)
{
	static const char *const reads_names[] = {"bytes", "text", "calls"};
	const struct fuzz_target *known_target = fuzz_target_find(name);
	enum target_reads reads = known_target ? known_target->reads : READS_BYTES;
	char target_directory[PATH_MAX - 256]; /* the campaign appends names of engines and files */

	path_format_or_exit(target_directory, sizeof(target_directory), "%s/%s", directory, name);
	/* A text of 4096 bytes can have as many calls as a program may have. */
	script_append(command, "target=%s,%s,%s,%d", name,
		      known_target ? known_target->flavour : "asan", reads_names[reads],
		      reads == READS_TEXT ? 4096 : (int)PROGRAM_BYTES_MAX);
}

/* Appends the path of the campaign script: in the source tree for a build directory, else installed. */
static void append_python_program(struct script_command *command, const char *own_directory)
{
	char installed_path[PATH_MAX];
	const char *from = *CAMPAIGN_SOURCE == '/' ? "" : own_directory;

	script_append(command, "python3");
	script_append(command, "-BEs");
	if (has_executable_file(own_directory, "config.status")) {
		script_append(command, "%s%s" CAMPAIGN_SOURCE "/main.py", from, *from ? "/" : "");
	} else {
		find_installed_directory(PKGLIBEXECDIR, installed_path, sizeof(installed_path));
		script_append(command, "%s/campaign/main.py", installed_path);
	}
}

int command_fuzz(int argc, char **argv)
{
	char own_directory[PATH_MAX] = ".";
	const char *bin = own_directory, *directory = "campaign", *engines = "libfuzzer,afl";
	const char *seeds = NULL, *new_seeds = NULL, *results = NULL;
	unsigned int job_limit = cpus_count_available(JOBS_MOST), seconds = 0, report_seconds = 60;
	unsigned int seed = (unsigned int)(time(NULL) ^ getpid()) % 1000000000;
	bool must_collect = false, must_merge = false, stops_at_finding = false;
	const struct option_row rows[] = {
		OPTION_TEXT("bin", &bin),
		OPTION_FLAG("collect", &must_collect),
		OPTION_TEXT("dir", &directory),
		{ .name = "engine", .text = &engines, .values = "libfuzzer, afl", .is_list = true },
		{ .name = "jobs", .letter = 'j', .number = &job_limit, .least = 1, .most = JOBS_MOST },
		OPTION_FLAG("merge", &must_merge),
		OPTION_TEXT("new-seeds", &new_seeds),
		OPTION_NUMBER("report", &report_seconds, 1, 86400),
		OPTION_TEXT("results", &results),
		OPTION_NUMBER("seed", &seed, 0, 1000000000),
		OPTION_TEXT("seeds", &seeds),
		OPTION_READ("time", parse_time_option, &seconds, "like 90, 10m or 8h"),
		OPTION_FLAG("until-finding", &stops_at_finding),
		OPTION_END,
	};
	const char *command_line = format_command_line(argc, argv);
	struct script_command command = { .word_count = 0 };
	const struct fuzz_target *known_target;
	int status;

	find_own_directory(own_directory, sizeof(own_directory));
	status = options_parse("fuzz", help, rows, argc, argv);
	if (status >= 0)
		return status;
	append_python_program(&command, own_directory);
	script_append_options(&command, rows);
	if (!seeds)
		script_append(&command, "seeds=%s/seeds", bin);
	script_append(&command, "engines=%s", engines);
	script_append(&command, "time=%u", seconds);
	script_append_origin(&command, command_line);
	for (size_t i = 0; optind == argc && (known_target = fuzz_target_get(i)); i++)
		append_target(&command, directory, known_target->name);
	for (int i = optind; i < argc; i++) {
		if (!is_target_name(argv[i]) || !is_target(bin, directory, argv[i]))
			return refuse_target(argv[i]);
		append_target(&command, directory, argv[i]);
	}
	return script_execute(&command, NULL);
}
