/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "harness/util/shell_word.h"
#include "harness/detect/tsan.h"
#include "stress/core.h"

#define DEFAULT_THREADS 4
#define DEFAULT_SECONDS 2
#define DEFAULT_SEED	1
#define DEFAULT_STUTTER 100
#define SECONDS_MAX	(UINT64_MAX / 1000000)
#define FORKS_MAX	16
#define MEMORY_MAX	(1 << 20)

/* ---- help ---- */

static void add_options(struct message *message, const struct stress_pattern *pattern)
{
	message_append(message,
		       "Usage: %s [OPTION]...\n%s\n\n"
		       "  -t THREADS             run %u to %u threads (default %u), maybe more than CPUs\n"
		       "  -n OPERATIONS          run OPERATIONS operations in each thread\n"
		       "  -s SECONDS             run for SECONDS (default %u without -n); with -n, the run\n"
		       "                         ends at the first of both limits\n"
		       "      --seed=SEED        choose operations by SEED, decimal or 0x hexadecimal\n"
		       "                         (default %u)\n"
		       "      --stat-interval=S  print statistics every S seconds, 0: only at the end\n"
		       "                         (default 1 with -s, else 0)\n"
		       "      --backend=NAME     map pages with a backend: direct, alias (default: PAGE_MAP)\n"
		       "      --pin              bind each thread to a CPU, round robin\n"
		       "      --delays           delay operations and library calls; the seed chooses which\n"
		       "      --stutter[=MSEC]   run all threads for MSEC milliseconds, pause them for MSEC,\n"
		       "                         and repeat (default %u)\n"
		       "      --copy=WAY         copy bytes by libc, wide or movsb; rounded is an injected\n"
		       "                         bug (default libc; the others: plain build only)\n",
		       pattern->name, pattern->about, pattern->threads_min, STRESS_THREADS_MAX,
		       DEFAULT_THREADS, DEFAULT_SECONDS, DEFAULT_SEED, DEFAULT_STUTTER);
	message_append(message, "      --fail-alloc=P     make P percent of allocations fail\n"
		       "      --fail-copy=P      make P percent of copies from user memory fail\n"
		       "      --memory=MIB       limit the address space to MIB (plain build only)\n"
		       "      --forks=N          fork and exec in N more threads\n");
	if (pattern->bare)
		message_append(message, "      --bare             run without the library: memcpy() with "
			       "the same checks\n");
	message_append(message, "      --busted[=BUG]     inject a bug: the run must then fail\n"
		       "      --help             print this text\n\nBugs (the first is the default):\n");
}

static void add_help(struct message *message, const struct stress_pattern *pattern)
{
	add_options(message, pattern);
	for (const struct stress_busted *bug = pattern->busted + 1; bug->name; bug++)
		message_append(message, "  %-12s %s%s\n", bug->name, bug->about,
			       bug->needs_tsan ? " (ThreadSanitizer only)" : "");
	message_append(message,
		       "\nExamples:\n"
		       "  %s -s 60 --seed=0x2a       run for a minute\n"
		       "  %s -t 32 -n 10000          run many threads, the same operations each time\n"
		       "  %s --backend=alias --delays --fail-alloc=5\n"
		       "  %s --busted=%-14s check that the run detects a bug\n"
		       "\nExit status: 0 success, 1 failure, 2 usage error. A crash ends the program by its "
		       "signal.\n",
		       pattern->name, pattern->name, pattern->name, pattern->name,
		       pattern->busted[1].name);
}

static _Noreturn void show_help(const struct stress_pattern *pattern)
{
	struct message message = { .used = 0 };

	add_help(&message, pattern);
	message_write(&message, STDOUT_FILENO);
	exit(EXIT_SUCCESS);
}

/* ---- errors ---- */

__attribute__((format(printf, 1, 2))) static _Noreturn void usage_error(const char *what, ...)
{
	struct message message = { .used = 0 };
	va_list args;

	message_append(&message, "%s: ", current_run.pattern->name);
	va_start(args, what);
	message_vappend(&message, what, args);
	va_end(args);
	message_append(&message, "\n");
	message_write(&message, STDERR_FILENO);
	exit(2);
}

/* Larger than any character, so that optopt distinguishes long options from short ones. */
enum {
	OPTION_BACKEND = 256,
	OPTION_BARE,
	OPTION_BUSTED,
	OPTION_COPY,
	OPTION_DELAYS,
	OPTION_FAIL_ALLOC,
	OPTION_FAIL_COPY,
	OPTION_FORKS,
	OPTION_HELP,
	OPTION_MEMORY,
	OPTION_PIN,
	OPTION_SEED,
	OPTION_STAT_INTERVAL,
	OPTION_STUTTER,
};

static const struct option long_options[] = {
	{ "backend", required_argument, NULL, OPTION_BACKEND },
	{ "bare", no_argument, NULL, OPTION_BARE },
	{ "busted", optional_argument, NULL, OPTION_BUSTED },
	{ "copy", required_argument, NULL, OPTION_COPY },
	{ "delays", no_argument, NULL, OPTION_DELAYS },
	{ "fail-alloc", required_argument, NULL, OPTION_FAIL_ALLOC },
	{ "fail-copy", required_argument, NULL, OPTION_FAIL_COPY },
	{ "forks", required_argument, NULL, OPTION_FORKS },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "memory", required_argument, NULL, OPTION_MEMORY },
	{ "pin", no_argument, NULL, OPTION_PIN },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "stat-interval", required_argument, NULL, OPTION_STAT_INTERVAL },
	{ "stutter", optional_argument, NULL, OPTION_STUTTER },
	{ NULL, 0, NULL, 0 },
};

/* Reports an option that getopt_long() rejected: optopt has a short one, @word a long one. */
static _Noreturn void bad_option(const char *word, const char *expected)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	bool is_short = optopt && optopt < OPTION_BACKEND;

	usage_error("%s: expected %s", is_short ? letter : word, expected);
}

/* ---- values ---- */

static uint64_t parse_limited_number(const char *option, const char *arg, uint64_t min, uint64_t max)
{
	bool hex = arg[0] == '0' && (arg[1] == 'x' || arg[1] == 'X');
	const char *digits = hex ? arg + 2 : arg;
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(digits, &end, hex ? 16 : 10);
	if (!isxdigit((unsigned char)digits[0]) || *end || errno || value < min || value > max)
		usage_error("%s: expected a number from %llu to %llu, not '%s'", option,
			    (unsigned long long)min, (unsigned long long)max, arg);
	return value;
}

static unsigned int busted_index(const struct stress_pattern *pattern, const char *name)
{
	struct message known = { .used = 0 };

	if (!name)
		return 1;
	for (unsigned int i = 1; pattern->busted[i].name; i++) {
		if (!strcmp(pattern->busted[i].name, name))
			return i;
		message_append(&known, "%s%s", i > 1 ? ", " : "", pattern->busted[i].name);
	}
	usage_error("--busted: expected one of %s, not '%s'", known.s, name);
}

/*
 * A library that lacks a feature is not wrong usage: the run is skipped with the status of a
 * program whose calls the library lacks (src/page_stubs/absent.c).
 */
static _Noreturn void skip_run(const char *what)
{
	struct message message = { .used = 0 };

	message_append(&message, "%s: skipped: the page library %s\n", program_invocation_short_name, what);
	message_write(&message, STDERR_FILENO);
	exit(EX_UNAVAILABLE);
}

static void choose_backend(const char *from, const char *name)
{
	if (!page_map_backend_set(name))
		return;
	if (!strcmp(name, "alias"))
		skip_run("has no backend alias");
	usage_error("%s: expected direct or alias, not '%s'", from, name);
}

/* Reads the variables that the library would read later, because the first line prints them. */
static void read_environment(void)
{
	const char *name = getenv("PAGE_MAP");

	if (name)
		choose_backend("PAGE_MAP", name);
}

/* With --fail-alloc or --fail-copy the library must have failure points. */
static void check_points(const struct stress_pressure *p)
{
	const struct page_fault_attr never = PAGE_FAULT_ATTR_INIT;

	if ((p->fail_alloc && page_fault_attr_set(PAGE_FAULT_ALLOC, &never)) ||
	    (p->fail_copy && page_fault_attr_set(PAGE_FAULT_USERCOPY, &never)))
		skip_run("cannot make calls fail");
}

/*
 * Weak symbols of the sanitizers: a limit of address space does not work with them, and their
 * memcpy() cannot be replaced.
 */
extern char __sanitizer_set_death_callback __attribute__((weak));

static unsigned int parse_memory(const char *arg)
{
	if (&__sanitizer_set_death_callback)
		usage_error("--memory: expected a build without a sanitizer, whose own memory has "
			    "no limit");
	return (unsigned int)parse_limited_number("--memory", arg, 1, MEMORY_MAX);
}

static const char *copy(const char *name)
{
	if (!copy_select(name))
		usage_error("--copy: expected libc, or in a build without a sanitizer wide, movsb "
			    "or rounded, not '%s'",
			    name);
	return name;
}

static bool bare(const struct stress_pattern *pattern)
{
	if (!pattern->bare)
		usage_error("--bare: expected a pattern that copies only");
	return true;
}

/* ---- all of it ---- */

static void parse_number(struct stress_run *run, int option)
{
	struct stress_pressure *p = &run->pressure;

	switch (option) {
	case 't':
		run->threads = (unsigned int)parse_limited_number("-t", optarg, run->pattern->threads_min,
								  STRESS_THREADS_MAX);
		break;
	case 'n':
		run->ops = parse_limited_number("-n", optarg, 1, UINT64_MAX);
		break;
	case 's':
		run->seconds = parse_limited_number("-s", optarg, 1, SECONDS_MAX);
		break;
	case OPTION_SEED:
		run->seed = parse_limited_number("--seed", optarg, 0, UINT64_MAX);
		break;
	case OPTION_STUTTER:
		run->stutter = optarg ? parse_limited_number("--stutter", optarg, 1, SECONDS_MAX) :
					DEFAULT_STUTTER;
		break;
	case OPTION_FAIL_ALLOC:
		p->fail_alloc = (unsigned int)parse_limited_number("--fail-alloc", optarg, 0, 100);
		break;
	case OPTION_FAIL_COPY:
		p->fail_copy = (unsigned int)parse_limited_number("--fail-copy", optarg, 0, 100);
		break;
	case OPTION_MEMORY:
		p->memory = parse_memory(optarg);
		break;
	case OPTION_FORKS:
		p->forks = (unsigned int)parse_limited_number("--forks", optarg, 0, FORKS_MAX);
		break;
	default:
		break;
	}
}

/* Return: true for --stat-interval, whose default depends on other options. */
static bool parse_option(struct stress_run *run, int option, const char *word)
{
	switch (option) {
	case OPTION_STAT_INTERVAL:
		run->stat_interval = parse_limited_number("--stat-interval", optarg, 0, SECONDS_MAX);
		return true;
	case OPTION_BACKEND:
		choose_backend("--backend", optarg);
		break;
	case OPTION_BARE:
		run->bare = bare(run->pattern);
		break;
	case OPTION_BUSTED:
		run->busted = busted_index(run->pattern, optarg);
		break;
	case OPTION_COPY:
		run->copy = copy(optarg);
		break;
	case OPTION_DELAYS:
		run->delays = true;
		break;
	case OPTION_PIN:
		run->pin = true;
		break;
	case OPTION_HELP:
		show_help(run->pattern);
	case ':':
		bad_option(word, "an argument");
	case '?':
		bad_option(word, "one of the options that --help lists");
	default:
		parse_number(run, option);
	}
	return false;
}

static void check_busted(const struct stress_run *run)
{
	const struct stress_busted *bug = &run->pattern->busted[run->busted];

	if (!run->busted)
		return;
	if (run->threads < 2)
		usage_error("--busted: expected at least 2 threads, not %u", run->threads);
	if (bug->needs_tsan && !tsan_present())
		usage_error("--busted=%s: expected a build with ThreadSanitizer, all that sees it",
			    bug->name);
}

/* Allocated before the run, because a failure may be reported when memory is exhausted. */
static const char *own_binary_word(void)
{
	static char word[4 * PATH_MAX + 8];
	FILE *out = fmemopen(word, sizeof(word), "w");

	if (!out)
		return shell_binary_path();
	shell_word_print(out, shell_binary_path());
	fclose(out);
	return word;
}

void options_parse(struct stress_run *run, int argc, char **argv)
{
	bool interval_given = false;
	int option;

	run->command = own_binary_word();
	run->threads = DEFAULT_THREADS;
	run->seed = DEFAULT_SEED;
	run->copy = "libc";
	read_environment();
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":t:n:s:", long_options, NULL)) != -1)
		interval_given |= parse_option(run, option, argv[optind - 1]);
	if (optind < argc)
		usage_error("expected options only, not '%s'", argv[optind]);
	if (!run->ops && !run->seconds)
		run->seconds = DEFAULT_SECONDS;
	if (!interval_given)
		run->stat_interval = run->seconds ? 1 : 0;
	check_busted(run);
	check_points(&run->pressure);
}
