/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run_one.h"

#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/detector.h"
#include "harness/isolate.h"
#include "harness/program_file.h"
#include "harness/tsan.h"
#include "harness/visible.h"
#include "tool/report.h"

/* What the child tells: it may die at any time, so it tells as it goes. */
struct told {
	struct check_report fibers, threads;
	unsigned int reported; /* runs on threads that reported a race */
	const char *part; /* of the run, for a process that dies in it */
	size_t deaths; /* calls that are to end a process, each by its rule */
	struct death {
		size_t call;
		enum rule rule;
		enum visible visible;
	} death[2];
	enum rule not_run; /* of a fatal call that nobody could see, or RULE_COUNT */
	atomic_size_t announced; /* the call that began last, or NO_CALL */
	uintptr_t from, to; /* what it begins to touch, through a mapping */
	bool raced; /* on fibers: the first report, and the earlier of its calls */
	struct sighting race;
	size_t before;
};

#define NO_CALL SIZE_MAX

/* Names of rules, and that a call was not run. */
#define SEEN_TEXT (RULE_SET_TEXT + 16)

static struct program program;
static const struct run_options *options;
static struct told *told;
static struct testimony *testimony;

/* Repeats must not only agree with the model but with each other. */
static bool same_again(const struct check_report *first, struct check_report *again,
		       unsigned int run)
{
	if (first->seen == again->seen && first->races == again->races)
		return true;
	again->result = CHECK_DIFFER;
	snprintf(again->why, sizeof(again->why),
		 "run %u saw %zu races where the first run saw %zu", run, again->races,
		 first->races);
	return false;
}

static void tell_race(struct check *check)
{
	const struct sightings *seen = exec_sightings(check_exec(check));
	const struct race *race;

	told->raced = sightings_kept(seen) > 0;
	if (!told->raced)
		return;
	told->race = seen->kept[0];
	race = sighting_race(&told->race, &program, rules_shadow(check_rules(check)), false);
	told->before = race ? race->first : NO_CALL;
}

static void run_fibers(struct check *check)
{
	struct check_report first;

	for (unsigned int run = 1; run <= options->repeat; run++) {
		tsan_flush();
		check_fibers(check, &program, &told->fibers);
		tell_race(check);
		if (told->fibers.result == CHECK_DIFFER)
			return;
		if (run == 1)
			first = told->fibers;
		if (!same_again(&first, &told->fibers, run))
			return;
	}
}

static void run_threads(struct check *check)
{
	struct exec_timing timing = options->timing;
	rule_set seen = 0;

	for (timing.run = 1; timing.run <= options->repeat; timing.run++) {
		exec_set_timing(check_exec(check), &timing);
		tsan_flush();
		if (check_threads(check, &program, &told->threads) == CHECK_DIFFER)
			return;
		seen |= told->threads.seen;
		told->reported += told->threads.races > 0;
	}
	told->threads.seen = seen;
}

static void expect_death(size_t call, enum rule rule, enum visible visible)
{
	if (visible == VISIBLE_NOT)
		told->not_run = rule;
	else
		told->death[told->deaths++] = (struct death){ call, rule, visible };
}

/*
 * A use of uninitialised bytes ends the process where MemorySanitizer watches, the first
 * one; a fatal call wherever it can be seen.
 */
static void expect_deaths(const struct verdict *v)
{
	struct visible_where where = {
		.asan = !strcmp(FLAVOUR, "asan"),
		.alias = !strcmp(exec_backend(), "alias"),
	};

	told->deaths = 0;
	if (v->uninit_count && !strcmp(FLAVOUR, "msan"))
		expect_death(v->uninits[0].call, RULE_uninit_use, VISIBLE_MUST);
	if (v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock)
		expect_death(v->fatal_call, v->fatal_rule,
			     visible_fatal(&program.calls[v->fatal_call], v, where));
}

static void announce(void *ctx, size_t call)
{
	(void)ctx;
	atomic_store_explicit(&told->announced, call, memory_order_relaxed);
}

static void run_asked(void *ctx)
{
	struct check *check = check_new();

	(void)ctx;
	if (!check) {
		fprintf(stderr, "expected memory for the check\n");
		exit(1);
	}
	exec_announce(check_exec(check), announce, NULL);
	if (options->fibers)
		run_fibers(check);
	if (told->fibers.result == CHECK_DIFFER)
		return;
	check_judge(check, &program);
	if (options->fibers)
		expect_deaths(rules_verdict(check_rules(check)));
	told->part = "on threads, about ";
	if (options->threads)
		run_threads(check);
	check_delete(check);
}

static struct check *dying;

static void announce_range(void *ctx, size_t call)
{
	announce(ctx, call);
	exec_range(check_exec(dying), &program.calls[call], &told->from, &told->to);
}

static void run_to_death(void *ctx)
{
	const struct death *death = ctx;
	struct check_report report;

	dying = check_new();
	if (!dying)
		return;
	detector_tell_faults();
	check_fibers(dying, &program, &report);
	exec_announce(check_exec(dying), announce_range, NULL);
	exec_use_values(check_exec(dying), death->rule == RULE_uninit_use);
	check_die(dying, &program, death->call);
}

static void differ(struct check_report *report, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

static void differ(struct check_report *report, const char *what, ...)
{
	va_list args;

	report->result = CHECK_DIFFER;
	va_start(args, what);
	vsnprintf(report->why, sizeof(report->why), what, args);
	va_end(args);
}

#define END_TEXT 200

/* How a child ended, or that it did not; and its report, if there is one. */
static const char *end_text(const struct isolated *child, char end[END_TEXT])
{
	char report[160];

	detector_rule(child->output, report, sizeof(report));
	if (child->hung)
		snprintf(end, END_TEXT, "still running after %u s", options->seconds);
	else if (child->signal)
		snprintf(end, END_TEXT, "died of signal %d: %s", child->signal,
			 *report ? report : "no report");
	else
		snprintf(end, END_TEXT, "ended with status %d: %s", child->exit_code,
			 *report ? report : "no report");
	return end;
}

/* The line that was begun last. */
static const char *where(void)
{
	static char line[32];
	size_t call = told->announced;

	if (call == NO_CALL)
		return "before the first line";
	snprintf(line, sizeof(line), "line %u", program.calls[call].line);
	return line;
}

/* ---- what ended a process, for the testimony ---- */

/* Where this binary is in memory: its children are copies of it. */
static int find_base(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(uintptr_t *)ctx = info->dlpi_addr;
	return 1; /* the first one is the program itself */
}

/* Is the frame's module, named with or without its folder, this binary? */
static bool is_ours(const char *module)
{
	char path[512];
	ssize_t len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	const char *slash = strrchr(module, '/'), *own;

	path[len > 0 ? len : 0] = '\0';
	own = strrchr(path, '/');
	return own && !strcmp(slash ? slash + 1 : module, own + 1);
}

/* A return address is behind the call. */
static void take_stack(struct testimony_site *site, size_t call, const uintptr_t *stack)
{
	uintptr_t base = 0;

	dl_iterate_phdr(find_base, &base);
	site->call = call;
	for (size_t i = 0; i < SIGHTING_STACK && stack[i]; i++)
		symbols_push(site->stack, stack[i] - base - 1);
}

static void take_frames(struct testimony_site *site, const struct report *report)
{
	for (size_t i = 0; report->site_count && i < report->sites[0].count; i++)
		if (is_ours(report->sites[0].frames[i].module))
			symbols_push(site->stack, report->sites[0].frames[i].offset);
}

static void take_death(const struct isolated *child)
{
	struct testimony_death *death = &testimony->deaths[testimony->death_count];
	struct report report;

	if (testimony->death_count == TESTIMONY_DEATHS)
		return;
	testimony->death_count++;
	death->site.call = told->announced;
	if (report_read(child->output, &report)) {
		strcpy(death->kind, report.kind);
		take_frames(&death->site, &report);
	} else if (child->hung) {
		strcpy(death->kind, "timeout");
	} else if (detector_fault(child->output)) {
		strcpy(death->kind, "SEGV");
	} else {
		snprintf(death->kind, sizeof(death->kind), "%s-%d",
			 child->signal ? "signal" : "exit",
			 child->signal ? child->signal : child->exit_code);
	}
}

/* A process that ended is said by its death, what else differs by a sentence. */
static void finish_testimony(bool dead)
{
	const struct check_report *worst = &told->fibers;

	if (told->threads.result == CHECK_DIFFER)
		worst = &told->threads;
	testimony->result = worst->result;
	if (told->raced) {
		take_stack(&testimony->race[0], told->race.call, told->race.stacks[0]);
		take_stack(&testimony->race[1], told->before, told->race.stacks[1]);
	}
	if (!dead)
		snprintf(testimony->why, sizeof(testimony->why), "%s%s",
			 worst == &told->threads ? "on threads: " : "", worst->why);
}

/*
 * How a child that should have lived ended, if it did not live.
 * Return: did it live?
 */
static bool check_alive(const struct isolated *child)
{
	char end[END_TEXT];

	if (!child->hung && !child->signal && !child->exit_code)
		return true;
	differ(&told->fibers, "%s%s: %s", told->part, where(), end_text(child, end));
	take_death(child);
	return false;
}

/* Is it a fault of the very access that was to fail? */
static bool is_fault_of_access(const char *output)
{
	uintptr_t fault = detector_fault(output);

	return fault >= told->from && fault < told->to;
}

/*
 * Return: is it in order, or at least no death? A death that is not in order is what the
 * testimony is about.
 */
static bool check_death(const struct death *death, const struct isolated *child)
{
	char line[160], end[END_TEXT];
	enum rule rule = detector_rule(child->output, line, sizeof(line));
	bool alive = !child->hung && !child->signal && !child->exit_code;

	if (alive && death->visible == VISIBLE_MAY)
		return true;
	if (!alive)
		take_death(child);
	if (alive)
		differ(&told->fibers, "line %u: expected the process to die of %s, it lived",
		       program.calls[death->call].line, rule_name(death->rule));
	else if (told->announced != death->call)
		differ(&told->fibers, "%s, before the fatal call: %s", where(),
		       end_text(child, end));
	else if (child->hung || (rule != death->rule && !is_fault_of_access(child->output)))
		differ(&told->fibers, "%s: expected a report of %s, got: %s", where(),
		       rule_name(death->rule), end_text(child, end));
	else
		told->fibers.seen |= RULE_BIT(death->rule);
	return alive || told->fibers.result != CHECK_DIFFER;
}

/* Return: false if one was another death than expected. */
static bool run_deaths(struct isolated *child)
{
	bool good = true;

	for (size_t i = 0; i < told->deaths && told->fibers.result != CHECK_DIFFER; i++) {
		struct death death = told->death[i];

		told->announced = NO_CALL;
		if (isolate(run_to_death, &death, options->seconds, child))
			good = check_death(&death, child);
		else
			differ(&told->fibers, "expected a child process, got none");
	}
	return good;
}

static void seen_text(bool executed, rule_set seen, char text[RULE_SET_TEXT])
{
	if (executed)
		rule_set_text(seen, " ", text);
	else
		snprintf(text, RULE_SET_TEXT, "-");
}

/* What was not executed was not seen either, and is not clean for that. */
static void fibers_text(char text[SEEN_TEXT])
{
	rule_set seen = told->fibers.seen;

	seen_text(options->fibers, seen, text);
	if (told->not_run == RULE_COUNT)
		return;
	if (!seen)
		text[0] = '\0';
	snprintf(text + strlen(text), SEEN_TEXT - RULE_SET_TEXT, "%snot run", seen ? ", " : "");
}

static void print_line(void)
{
	static const char *const results[] = { "agree", "beyond", "differ" };
	char seen[SEEN_TEXT], threads[RULE_SET_TEXT];
	const struct check_report *worst = &told->fibers;

	if (told->threads.result == CHECK_DIFFER)
		worst = &told->threads;
	fibers_text(seen);
	seen_text(options->threads, told->threads.seen, threads);
	for (char *c = told->fibers.why; *c; c++)
		if (*c == '\t' || *c == '\n')
			*c = ' ';
	printf("%s\t%s\t%s\t%u\t%s%s\n", results[worst->result], seen, threads, told->reported,
	       worst == &told->threads ? "on threads: " : "", worst->why);
	fflush(stdout);
}

static void begin(const struct run_options *run_options, struct testimony *run_testimony)
{
	options = run_options;
	testimony = run_testimony;
	testimony_clear(testimony);
	if (!told)
		told = isolate_share(sizeof(*told));
	if (!told)
		exit(2);
	memset(told, 0, sizeof(*told));
	told->part = "";
	told->not_run = RULE_COUNT;
	told->announced = NO_CALL;
}

static void run_whole(void)
{
	static struct isolated child;
	bool good = true;

	if (isolate(run_asked, NULL, options->seconds, &child))
		good = check_alive(&child);
	else
		differ(&told->fibers, "expected a child process, got none");
	good &= run_deaths(&child);
	finish_testimony(!good);
}

void run_program(const struct program *asked, const struct run_options *run_options,
		 struct testimony *run_testimony)
{
	begin(run_options, run_testimony);
	program.count = asked->count;
	memcpy(program.calls, asked->calls, asked->count * sizeof(asked->calls[0]));
	run_whole();
}

void run_one(const char *file, const struct run_options *run_options)
{
	struct testimony unused;
	char error[PROGRAM_FILE_ERROR];

	begin(run_options, &unused);
	if (program_file_load(file, &program, error))
		run_whole();
	else
		differ(&told->fibers, "cannot be run: %s", file);
	print_line();
}
