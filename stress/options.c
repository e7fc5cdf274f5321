/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "harness/detect/tsan.h"
#include "stress/core.h"
#include "tool/util/options.h"
#include "tool/util/usage.h"

#define DEFAULT_SECONDS    2
#define DEFAULT_STUTTER    100
#define NO_STATISTICS_TIME (~0u)
#define NUMBER_MAX         1000000000
#define COPY_METHODS       "libc, wide, movsb, rounded"

struct stress_run current_run = {
	.thread_count = 4,
	.seed = 1,
	.statistics_interval_seconds = NO_STATISTICS_TIME,
	.copy_method = "libc",
};

/* ---- the options ---- */

static const struct stress_bug all_bugs[] = {
#define BUG(scenario, name, detection, message, effect) { #scenario, name, effect, detection },
#include "stress/scenarios.def"
};

/* Return: the bug of this scenario after @previous, or NULL. @previous: NULL to find the first bug. */
static const struct stress_bug *find_next_bug_of_scenario(const struct stress_bug *previous)
{
	const struct stress_bug *end = all_bugs + sizeof(all_bugs) / sizeof(all_bugs[0]);
	const struct stress_bug *bug = previous ? previous + 1 : all_bugs;

	while (bug < end && strcmp(bug->scenario, current_run.name) != 0)
		bug++;
	return bug < end ? bug : NULL;
}

static char bug_names[128]; /* names of all bugs of this scenario, separated by commas */

static bool parse_64_bit_number(char *value, void *number)
{
	return parse_seed(value, number);
}

static bool parse_bug_name(char *value, void *into)
{
	const struct stress_bug **injected_bug = into;

	*injected_bug = find_next_bug_of_scenario(NULL);
	while (value && *injected_bug && strcmp((*injected_bug)->name, value) != 0)
		*injected_bug = find_next_bug_of_scenario(*injected_bug);
	return *injected_bug;
}

static bool parse_stutter_msec_or_default(char *value, void *into)
{
	unsigned int *msec = into;

	*msec = DEFAULT_STUTTER;
	return !value || parse_number(value, 0, NUMBER_MAX, msec);
}

static const struct option_row rows[] = {
	{ .name = "threads",
	  .letter = 't',
	  .number = &current_run.thread_count,
	  .least = 1,
	  .most = STRESS_THREADS_MAX },
	{ .name = "operations",
	  .letter = 'n',
	  .read = parse_64_bit_number,
	  .into = &current_run.operation_limit,
	  .expected = "NUMBER" },
	{ .name = "seconds", .letter = 's', .number = &current_run.time_limit_seconds, .most = NUMBER_MAX },
	OPTION_READ("seed", parse_64_bit_number, &current_run.seed, "NUMBER, decimal or 0x hexadecimal"),
	OPTION_NUMBER("stat-interval", &current_run.statistics_interval_seconds, 0, NUMBER_MAX),
	{ .name = "backend", .text = &current_run.backend, .values = "direct, alias" },
	{ .name = "copy", .text = &current_run.copy_method, .values = COPY_METHODS },
	OPTION_FLAG("pin", &current_run.must_pin_threads),
	OPTION_FLAG("delays", &current_run.must_delay_threads),
	{ .name = "stutter",
	  .is_value_optional = true,
	  .read = parse_stutter_msec_or_default,
	  .into = &current_run.stutter_msec,
	  .expected = "MSEC" },
	OPTION_NUMBER("fail-alloc", &current_run.fail_alloc_percent, 0, 100),
	OPTION_NUMBER("fail-copy", &current_run.fail_copy_percent, 0, 100),
	OPTION_NUMBER("memory", &current_run.memory_limit_mib, 0, 1 << 20),
	OPTION_NUMBER("forks", &current_run.fork_thread_count, 0, 16),
	OPTION_FLAG("bare", &current_run.is_bare),
	{ .name = "busted",
	  .is_value_optional = true,
	  .read = parse_bug_name,
	  .into = &current_run.injected_bug,
	  .values = bug_names },
	OPTION_END,
};

void options_append_to_message(struct message *message)
{
	const struct stress_run *run = &current_run;

	message_append(message,
		       " --threads=%u --operations=0x%llx --seconds=%u --seed=0x%llx"
		       " --stat-interval=%u --backend=%s --copy=%s%s%s --stutter=%u --fail-alloc=%u"
		       " --fail-copy=%u --memory=%u --forks=%u%s",
		       run->thread_count, (unsigned long long)run->operation_limit, run->time_limit_seconds,
		       (unsigned long long)run->seed, run->statistics_interval_seconds, run->backend,
		       run->copy_method, run->must_pin_threads ? " --pin" : "",
		       run->must_delay_threads ? " --delays" : "", run->stutter_msec, run->fail_alloc_percent,
		       run->fail_copy_percent, run->memory_limit_mib, run->fork_thread_count,
		       run->is_bare ? " --bare" : "");
	if (run->injected_bug)
		message_append(message, " --busted=%s", run->injected_bug->name);
}

/* ---- help ---- */

static void append_help_text(struct message *message)
{
	const char *name = current_run.name;
	unsigned int min_thread_count = current_run.scenario->min_thread_count;

	message_append(message,
		       "Usage: pagetorture-stress %s [OPTION]...\n%s\n\n"
		       "  -t, --threads N      run %u to %u threads (default %u), maybe more than CPUs\n"
		       "  -n, --operations N   run N operations in each thread (default 0: no limit)\n"
		       "  -s, --seconds N      run for N seconds (default %u without --operations); with "
		       "it,\n"
		       "                       the run ends at the first of both limits\n"
		       "  --seed N             choose operations by N, decimal or 0x hexadecimal (default "
		       "1)\n"
		       "  --stat-interval N    print statistics every N seconds, 0: only at the end\n"
		       "                       (default 1 with --seconds, else 0)\n"
		       "  --backend NAME       map pages with a backend: direct, alias (default: "
		       "PAGE_MAP)\n"
		       "  --pin                bind each thread to a CPU, round robin\n"
		       "  --delays             delay operations and library calls; the seed chooses "
		       "which\n"
		       "  --stutter[=MSEC]     run all threads for MSEC milliseconds, pause them for "
		       "MSEC,\n"
		       "                       and repeat (default %u)\n"
		       "  --copy METHOD        copy bytes by libc, wide or movsb; rounded is an injected "
		       "bug\n"
		       "                       (default libc; the others: plain build only)\n"
		       "  --fail-alloc N       make N percent of allocations fail\n"
		       "  --fail-copy N        make N percent of copies from user memory fail\n"
		       "  --memory MIB         limit the additional address space to MIB (plain build "
		       "only)\n"
		       "  --forks N            fork in N more threads; the children use the library\n"
		       "  --bare               run without the library: memcpy() with the same checks\n"
		       "                       (scenario split only)\n"
		       "  --busted[=BUG]       inject a bug, so that the run must fail (the option has "
		       "its name\n"
		       "                       from the kernel's rcutorture; default: the first bug)\n"
		       "  --help               print this text\n"
		       "\nExamples:\n"
		       "  pagetorture-stress %s -s 60 --seed 0x2a     run for a minute\n"
		       "  pagetorture-stress %s -t 32 -n 10000        run the same operations each time\n"
		       "  pagetorture-stress %s --backend alias --delays --fail-alloc 5\n"
		       "  pagetorture-stress %s --busted=%s           check that the run detects a bug\n"
		       "\nExit status: 0 success, 1 failure, 2 usage error, 69 the page library lacks\n"
		       "a call or a feature. A crash ends the program by its signal.\n"
		       "\nBugs:\n",
		       name, current_run.summary, min_thread_count ? min_thread_count : 1, STRESS_THREADS_MAX,
		       current_run.thread_count, DEFAULT_SECONDS, DEFAULT_STUTTER, name, name, name, name,
		       find_next_bug_of_scenario(NULL)->name);
	for (const struct stress_bug *bug = NULL; (bug = find_next_bug_of_scenario(bug));)
		message_append(message, "  %-12s         %s%s\n", bug->name, bug->effect,
			       bug->detection == BY_TSAN ? " (ThreadSanitizer only)" : "");
}

/* ---- checks of the option values ---- */

/*
 * Prints that the page library lacks something that the options need. Return: the exit status, which is
 * the same as for a program that needs missing calls of the library (src/page_stubs/absent.c).
 */
static int report_and_return_unavailable(const char *what_library_lacks)
{
	fprintf(stderr, "pagetorture-stress %s: skipped: the page library %s\n", current_run.name,
		what_library_lacks);
	return EX_UNAVAILABLE;
}

/*
 * Selects the backend: @option_value or, if @option_value is NULL, the environment variable PAGE_MAP. Stores
 * the backend's name in current_run. Return: -1 for success, or an exit status.
 */
static int select_backend_or_environment_default(const char *option_value)
{
	const char *variable = getenv("PAGE_MAP"), *backend = option_value ? option_value : variable;

	if (backend && page_map_backend_set(backend)) {
		if (!strcmp(backend, "alias"))
			return report_and_return_unavailable("has no backend alias");
		return usage_error(current_run.name, "expected %s of direct, alias, got '%s'",
				   option_value ? "--backend" : "PAGE_MAP", backend);
	}
	current_run.backend = page_map_backend();
	return -1;
}

/* A limit of address space does not work with sanitizers. This symbol is NULL without a sanitizer. */
extern char __sanitizer_set_death_callback __attribute__((weak));

/* Return: -1 for success, or an exit status. */
static int check_and_apply_options(const struct stress_run *run)
{
	const struct stress_bug *bug = run->injected_bug;
	unsigned int min_thread_count =
		bug && run->scenario->min_thread_count < 2 ? 2 : run->scenario->min_thread_count;
	if (run->thread_count < min_thread_count)
		return usage_error(run->name, "expected at least %u threads%s, got %u", min_thread_count,
				   bug ? " for --busted" : "", run->thread_count);
	if (bug && bug->detection == BY_TSAN && !tsan_is_present())
		return usage_error(run->name, "expected a build with ThreadSanitizer for --busted");
	if (run->is_bare && !run->scenario->can_run_bare)
		return usage_error(run->name, "expected a scenario that only copies for --bare");
	if (run->memory_limit_mib && &__sanitizer_set_death_callback)
		return usage_error(run->name, "expected a build without a sanitizer for --memory");
	if (!copy_select_method_if_available(run->copy_method))
		return usage_error(run->name, "expected --copy of %s, got '%s'", COPY_METHODS,
				   run->copy_method);
	if (!pressure_try_switch_failing_calls(false))
		return report_and_return_unavailable("cannot make calls fail");
	return select_backend_or_environment_default(run->backend);
}

int options_parse_and_apply(int argc, char **argv)
{
	static struct message help;
	struct stress_run *run = &current_run;
	int exit_status;

	for (const struct stress_bug *bug = NULL; (bug = find_next_bug_of_scenario(bug));)
		snprintf(bug_names + strlen(bug_names), sizeof(bug_names) - strlen(bug_names), "%s%s",
			 *bug_names ? ", " : "", bug->name);
	append_help_text(&help);
	exit_status = options_parse_or_return_status(run->name, help.text, rows, argc, argv);
	if (exit_status >= 0)
		return exit_status;
	if (optind < argc)
		return usage_error(run->name, "expected options only, got '%s'", argv[optind]);
	if (!run->operation_limit && !run->time_limit_seconds)
		run->time_limit_seconds = DEFAULT_SECONDS;
	if (run->statistics_interval_seconds == NO_STATISTICS_TIME)
		run->statistics_interval_seconds = run->time_limit_seconds ? 1 : 0;
	return check_and_apply_options(run);
}
