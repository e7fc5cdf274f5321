/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What every stress test shares, from its options to its verdict.
 *
 * All output goes out whole: a report is put together in memory and leaves by one
 * write(2), so threads that fail together do not mix. A lock would do the same, but
 * would order the threads, and then ThreadSanitizer sees less.
 */
#define _GNU_SOURCE 1 /* pthread_setname_np() */

#include "stress/stress.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/tsan.h"

#define DEFAULT_THREADS 4
#define DEFAULT_SECONDS 2
#define DEFAULT_SEED	1
#define SECONDS_MAX	(UINT64_MAX / 1000000)

#define TOLD_MAX       4 /* failures printed in full */
#define RACES_KEPT     4
#define RACES_ENOUGH   32
#define SUPERVISE_MSEC 5
#define THREAD_PREFIX  "stress-"

/*
 * ThreadSanitizer calls race_seen() with its own locks held: an access that it
 * watches, or an atomic that it handles, could wait there for itself.
 */
#if defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define UNWATCHED __attribute__((disable_sanitizer_instrumentation))
#else
#define UNWATCHED __attribute__((no_sanitize_thread))
#endif

/* Races by where they are: on the page between stress threads, or not so. */
enum place { ON_PAGE, ELSEWHERE, PLACES };

static struct {
	atomic_ulong count;
	struct tsan_race kept[RACES_KEPT];
} races[PLACES];

static atomic_ulong races_in_region[STRESS_REGIONS];

static struct stress_run the_run;
static struct stress_thread threads[STRESS_THREADS_MAX];
static pthread_t handles[STRESS_THREADS_MAX];

/* Text */

struct text {
	char s[4096];
	size_t used;
};

static void text_vadd(struct text *text, const char *format, va_list args)
{
	size_t room = sizeof(text->s) - text->used;
	int len = vsnprintf(text->s + text->used, room, format, args);

	if (len > 0)
		text->used += (size_t)len < room ? (size_t)len : room - 1;
}

__attribute__((format(printf, 2, 3))) static void text_add(struct text *text, const char *format,
							   ...)
{
	va_list args;

	va_start(args, format);
	text_vadd(text, format, args);
	va_end(args);
}

static void text_put(const struct text *text, int fd)
{
	size_t done = 0;

	while (done < text->used) {
		ssize_t n = write(fd, text->s + done, text->used - done);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		done += n > 0 ? (size_t)n : 0;
	}
}

/* Random numbers */

uint64_t stress_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

size_t stress_random(uint64_t *state, size_t below)
{
	*state += 0x9e3779b97f4a7c15;
	return (size_t)(((stress_mix(*state) >> 32) * below) >> 32);
}

/* Options */

static void add_help(struct text *text, const struct stress_pattern *pattern)
{
	text_add(text,
		 "Usage: %s [OPTION]...\n%s\n\n"
		 "  -t THREADS             %u to %u (default %u); more than cores is fine\n"
		 "  -n OPERATIONS          of each thread\n"
		 "  -s SECONDS             (default %u, without -n); with -n: what ends first\n"
		 "      --seed=SEED        decimal or 0x hexadecimal (default %u)\n"
		 "      --stat-interval=S  seconds between statistics, 0: only at the end\n"
		 "                         (default 1 with a limit of seconds, else 0)\n"
		 "      --busted[=BUG]     plant a bug on purpose: the test must then fail\n"
		 "      --help             this text\n\nBugs, the first is the default:\n",
		 pattern->name, pattern->about, pattern->threads_min, STRESS_THREADS_MAX,
		 DEFAULT_THREADS, DEFAULT_SECONDS, DEFAULT_SEED);
	for (const struct stress_busted *bug = pattern->busted + 1; bug->name; bug++)
		text_add(text, "  %-12s %s%s\n", bug->name, bug->about,
			 bug->needs_tsan ? " (ThreadSanitizer only)" : "");
	text_add(text,
		 "\nExamples:\n"
		 "  %s -s 60 --seed=0x2a       a minute\n"
		 "  %s -t 32 -n 10000          many threads, the same work each time\n"
		 "  %s --busted=%-14s does the test see a bug?\n"
		 "\nExit status: 0 success, 1 failure, 2 usage error.\n",
		 pattern->name, pattern->name, pattern->name, pattern->busted[1].name);
}

__attribute__((format(printf, 1, 2))) static _Noreturn void usage_error(const char *what, ...)
{
	struct text text = { .used = 0 };
	va_list args;

	text_add(&text, "%s: ", the_run.pattern->name);
	va_start(args, what);
	text_vadd(&text, what, args);
	va_end(args);
	text_add(&text, "\n");
	text_put(&text, STDERR_FILENO);
	exit(2);
}

static uint64_t number(const char *option, const char *arg, uint64_t min, uint64_t max)
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
	struct text known = { .used = 0 };

	if (!name)
		return 1;
	for (unsigned int i = 1; pattern->busted[i].name; i++) {
		if (!strcmp(pattern->busted[i].name, name))
			return i;
		text_add(&known, "%s%s", i > 1 ? ", " : "", pattern->busted[i].name);
	}
	usage_error("--busted: expected one of %s, not '%s'", known.s, name);
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

/* Beyond any character, so that optopt tells a long option from a short one. */
enum { OPTION_BUSTED = 256, OPTION_HELP, OPTION_SEED, OPTION_STAT_INTERVAL };

static const struct option long_options[] = {
	{ "busted", optional_argument, NULL, OPTION_BUSTED },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "seed", required_argument, NULL, OPTION_SEED },
	{ "stat-interval", required_argument, NULL, OPTION_STAT_INTERVAL },
	{ NULL, 0, NULL, 0 },
};

/* getopt_long() said no: to a short option in optopt, else to the long one in @word. */
static _Noreturn void bad_option(const char *word, const char *expected)
{
	const char letter[] = { '-', (char)optopt, '\0' };
	bool is_short = optopt && optopt < OPTION_BUSTED;

	usage_error("%s: expected %s", is_short ? letter : word, expected);
}

static _Noreturn void show_help(const struct stress_pattern *pattern)
{
	struct text text = { .used = 0 };

	add_help(&text, pattern);
	text_put(&text, STDOUT_FILENO);
	exit(EXIT_SUCCESS);
}

/* True when the option was --stat-interval: its default depends on the others. */
static bool take_option(struct stress_run *run, int option, const char *word)
{
	switch (option) {
	case 't':
		run->threads = (unsigned int)number("-t", optarg, run->pattern->threads_min,
						    STRESS_THREADS_MAX);
		return false;
	case 'n':
		run->ops = number("-n", optarg, 1, UINT64_MAX);
		return false;
	case 's':
		run->seconds = number("-s", optarg, 1, SECONDS_MAX);
		return false;
	case OPTION_SEED:
		run->seed = number("--seed", optarg, 0, UINT64_MAX);
		return false;
	case OPTION_STAT_INTERVAL:
		run->stat_interval = number("--stat-interval", optarg, 0, SECONDS_MAX);
		return true;
	case OPTION_BUSTED:
		run->busted = busted_index(run->pattern, optarg);
		return false;
	case OPTION_HELP:
		show_help(run->pattern);
	case ':':
		bad_option(word, "an argument");
	default:
		bad_option(word, "one of the options that --help lists");
	}
}

static void parse(struct stress_run *run, int argc, char **argv)
{
	bool interval_given = false;
	int option;

	run->command = argv[0];
	run->threads = DEFAULT_THREADS;
	run->seed = DEFAULT_SEED;
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":t:n:s:", long_options, NULL)) != -1)
		interval_given |= take_option(run, option, argv[optind - 1]);
	if (optind < argc)
		usage_error("expected options only, not '%s'", argv[optind]);
	if (!run->ops && !run->seconds)
		run->seconds = DEFAULT_SECONDS;
	if (!interval_given)
		run->stat_interval = run->seconds ? 1 : 0;
	check_busted(run);
}

/* Reports */

static void add_parameters(struct text *text, const struct stress_run *run)
{
	const char *bug = run->pattern->busted[run->busted].name;

	text_add(text,
		 "threads=%u ops=%llu seconds=%llu seed=0x%llx stat_interval=%llu busted=%s "
		 "tsan=%d\n",
		 run->threads, (unsigned long long)run->ops, (unsigned long long)run->seconds,
		 (unsigned long long)run->seed, (unsigned long long)run->stat_interval,
		 run->busted ? bug : "0", tsan_present());
}

static void add_rerun(struct text *text, const struct stress_run *run)
{
	text_add(text, "%s:   run again: %s -t %u", run->pattern->name, run->command,
		 run->threads);
	if (run->ops)
		text_add(text, " -n %llu", (unsigned long long)run->ops);
	if (run->seconds)
		text_add(text, " -s %llu", (unsigned long long)run->seconds);
	text_add(text, " --seed=0x%llx --stat-interval=%llu", (unsigned long long)run->seed,
		 (unsigned long long)run->stat_interval);
	if (run->busted)
		text_add(text, " --busted=%s", run->pattern->busted[run->busted].name);
	text_add(text, "\n");
}

static void add_last_ops(struct text *text, const struct stress_thread *self)
{
	const struct stress_pattern *pattern = self->run->pattern;
	uint64_t first = self->ops > STRESS_LAST_OPS ? self->ops - STRESS_LAST_OPS : 0;

	text_add(text, "%s:   last operations of thread %u, newest last:", pattern->name,
		 self->index);
	for (uint64_t i = first; i < self->ops; i++) {
		const struct stress_op *op = &self->last[i % STRESS_LAST_OPS];

		text_add(text, " %s 0x%zx+%zu(0x%02x)", pattern->kinds[op->kind], op->off, op->len,
			 op->value);
	}
	text_add(text, "%s\n", self->ops ? "" : " none");
}

void stress_fail(struct stress_thread *self, const char *what, ...)
{
	struct stress_run *run = self->run;
	struct text text = { .used = 0 };
	va_list args;

	atomic_fetch_add_explicit(&self->failures, 1, memory_order_relaxed);
	if (atomic_load_explicit(&run->told, memory_order_relaxed) >= TOLD_MAX ||
	    atomic_fetch_add_explicit(&run->told, 1, memory_order_relaxed) >= TOLD_MAX)
		return;
	text_add(&text, "%s: !!! ", run->pattern->name);
	va_start(args, what);
	text_vadd(&text, what, args);
	va_end(args);
	text_add(&text, "\n");
	add_last_ops(&text, self);
	add_rerun(&text, run);
	text_put(&text, STDOUT_FILENO);
}

void stress_expect_ok(struct stress_thread *self, const char *call, int error)
{
	if (error)
		stress_fail(self, "%s in thread %u: expected 0, found %d", call, self->index,
			    error);
}

/* Races */

UNWATCHED static bool on_page(const struct tsan_access *access)
{
	return access->addr - the_run.page_address < PAGE_SIZE;
}

UNWATCHED static size_t region_of(const struct tsan_access *access)
{
	return (access->addr - the_run.page_address) / STRESS_REGION_SIZE;
}

UNWATCHED static bool by_stress_thread(const struct tsan_access *access)
{
	for (size_t i = 0; i < sizeof(THREAD_PREFIX) - 1; i++)
		if (access->thread[i] != THREAD_PREFIX[i])
			return false;
	return true;
}

/* A kept race is read only after its thread was joined. */
UNWATCHED static void race_seen(const struct tsan_race *race, void *ctx)
{
	const struct tsan_access *now = &race->now, *before = &race->before;
	bool expected = on_page(now) && on_page(before) && by_stress_thread(now) &&
			by_stress_thread(before) && (now->write || before->write);
	enum place place = expected ? ON_PAGE : ELSEWHERE;
	unsigned long nth;

	(void)ctx;
	if (expected)
		atomic_fetch_add_explicit(&races_in_region[region_of(now)], 1,
					  memory_order_relaxed);
	nth = atomic_fetch_add_explicit(&races[place].count, 1, memory_order_relaxed);
	if (nth < RACES_KEPT)
		races[place].kept[nth] = *race;
}

static unsigned long races_at(enum place place)
{
	return atomic_load_explicit(&races[place].count, memory_order_relaxed);
}

static unsigned long races_in(size_t region)
{
	return atomic_load_explicit(&races_in_region[region], memory_order_relaxed);
}

bool stress_raced_enough(size_t off)
{
	return races_in(off / STRESS_REGION_SIZE) >= RACES_ENOUGH;
}

static void add_access(struct text *text, const struct tsan_access *access)
{
	text_add(text, "%s %ss %zu bytes at ", access->thread[0] ? access->thread : "a thread",
		 access->write ? "write" : "read", access->size);
	if (on_page(access))
		text_add(text, "page+0x%zx", (size_t)(access->addr - the_run.page_address));
	else
		text_add(text, "0x%llx", (unsigned long long)access->addr);
}

static void add_races(struct text *text, enum place place)
{
	unsigned long count = races_at(place);

	for (unsigned long i = 0; i < count && i < RACES_KEPT; i++) {
		const struct tsan_race *race = &races[place].kept[i];

		text_add(text, "%s:   race: ", the_run.pattern->name);
		add_access(text, &race->now);
		text_add(text, ", unordered before it ");
		add_access(text, &race->before);
		text_add(text, "\n");
	}
}

/* Statistics */

struct totals {
	unsigned long kinds[STRESS_KINDS_MAX];
	unsigned long all, max, min; /* operations: of all threads, of one */
	unsigned long failures;
};

static void add_thread(struct totals *totals, const struct stress_thread *thread)
{
	unsigned long ops = 0;

	for (unsigned int kind = 0; kind < STRESS_KINDS_MAX; kind++) {
		unsigned long n = atomic_load_explicit(&thread->kinds[kind], memory_order_relaxed);

		totals->kinds[kind] += n;
		ops += n;
	}
	totals->all += ops;
	totals->max = ops > totals->max ? ops : totals->max;
	totals->min = ops < totals->min ? ops : totals->min;
	totals->failures += atomic_load_explicit(&thread->failures, memory_order_relaxed);
}

static struct totals sum(const struct stress_run *run)
{
	struct totals totals = { .min = (unsigned long)-1 };

	for (unsigned int i = 0; i < run->threads; i++)
		add_thread(&totals, &threads[i]);
	return totals;
}

/* As in the kernel: "???" is odd but no failure, "!!!" is a failure. */
static void say_statistics(const struct stress_run *run, uint64_t msec)
{
	struct totals totals = sum(run);
	struct text text = { .used = 0 };

	text_add(&text, "%s: %llu.%03us Total: %lu", run->pattern->name,
		 (unsigned long long)(msec / 1000), (unsigned int)(msec % 1000), totals.all);
	for (unsigned int i = 0; i < STRESS_KINDS_MAX && run->pattern->kinds[i]; i++)
		text_add(&text, " %s: %lu", run->pattern->kinds[i], totals.kinds[i]);
	text_add(&text, " Max/Min: %lu/%lu%s", totals.max, totals.min,
		 totals.max / 2 > totals.min ? " ???" : "");
	text_add(&text, " Races: %lu on the page, %lu elsewhere%s", races_at(ON_PAGE),
		 races_at(ELSEWHERE),
		 races_at(ELSEWHERE) || (races_at(ON_PAGE) && !run->pattern->race_regions) ?
			 " !!!" :
			 "");
	text_add(&text, " Fail: %lu%s\n", totals.failures, totals.failures ? " !!!" : "");
	text_put(&text, STDOUT_FILENO);
}

/* Threads */

bool stress_more(const struct stress_thread *self)
{
	const struct stress_run *run = self->run;

	return (!run->ops || self->ops < run->ops) &&
	       !atomic_load_explicit(&run->stop, memory_order_relaxed);
}

void stress_count(struct stress_thread *self, const struct stress_op *op)
{
	atomic_ulong *counter = &self->kinds[op->kind];

	/* One writer: load and store are enough, and cheaper than an addition. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	self->last[self->ops++ % STRESS_LAST_OPS] = *op;
}

/* The start flag is relaxed: a barrier would order what the threads did before it. */
static void *thread_main(void *arg)
{
	struct stress_thread *self = arg;
	struct stress_run *run = self->run;
	char name[16];

	snprintf(name, sizeof(name), THREAD_PREFIX "%u", self->index);
	pthread_setname_np(pthread_self(), name);
	while (!atomic_load_explicit(&run->go, memory_order_relaxed))
		sched_yield();
	run->pattern->work(self);
	atomic_fetch_add_explicit(&run->done, 1, memory_order_relaxed);
	return NULL;
}

static _Noreturn void give_up(const char *wanted, int error)
{
	struct text text = { .used = 0 };

	text_add(&text, "%s: !!! expected %s: %s\nEnd of test: FAILURE\n", the_run.pattern->name,
		 wanted, strerror(error));
	text_put(&text, STDOUT_FILENO);
	_exit(EXIT_FAILURE);
}

static void init_threads(struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++) {
		threads[i].run = run;
		threads[i].index = i;
		threads[i].random = stress_mix(run->seed ^ stress_mix(i + 1));
	}
}

static void start_threads(struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++) {
		int error = pthread_create(&handles[i], NULL, thread_main, &threads[i]);

		if (error)
			give_up("another thread", error);
	}
	atomic_store_explicit(&run->go, true, memory_order_relaxed);
}

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Until the threads are done: keeps the time and prints. Returns the milliseconds. */
static uint64_t supervise(struct stress_run *run)
{
	const struct timespec tick = { .tv_nsec = SUPERVISE_MSEC * 1000000 };
	uint64_t start = now_msec(), passed = 0, next = run->stat_interval * 1000;

	while (atomic_load_explicit(&run->done, memory_order_relaxed) < run->threads) {
		nanosleep(&tick, NULL);
		passed = now_msec() - start;
		if (run->seconds && passed >= run->seconds * 1000)
			atomic_store_explicit(&run->stop, true, memory_order_relaxed);
		if (!next || passed < next)
			continue;
		say_statistics(run, passed);
		next += run->stat_interval * 1000;
	}
	return passed;
}

static void join_threads(const struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++)
		pthread_join(handles[i], NULL);
}

/* Verdict */

/* The first region without the race it is there for, or NULL. */
static const char *region_without_race(const struct stress_run *run)
{
	const char *const *names = run->pattern->race_regions;

	for (size_t i = 0; names && names[i] && tsan_present(); i++)
		if (!races_in(i))
			return names[i];
	return NULL;
}

/* What ThreadSanitizer said and should not have, or did not say and should have. */
static void add_race_faults(struct text *text, const struct stress_run *run)
{
	const char *name = run->pattern->name, *silent = region_without_race(run);

	if (races_at(ELSEWHERE))
		text_add(text,
			 "%s: !!! ThreadSanitizer reported a race elsewhere than on the page\n",
			 name);
	if (!run->pattern->race_regions && races_at(ON_PAGE))
		text_add(text, "%s: !!! ThreadSanitizer reported a race on the page\n", name);
	if (silent)
		text_add(text, "%s: !!! expected a race of %s, ThreadSanitizer reported none\n",
			 name, silent);
	if (!text->used)
		return;
	if (!run->pattern->race_regions)
		add_races(text, ON_PAGE);
	add_races(text, ELSEWHERE);
	add_rerun(text, run);
}

/* No operation at all is a failure too: a test that did nothing found nothing. */
static bool verdict(const struct stress_run *run)
{
	struct totals totals = sum(run);
	struct text text = { .used = 0 };
	bool good;

	add_race_faults(&text, run);
	good = !text.used && !totals.failures && totals.all;
	if (!text.used && races_at(ON_PAGE))
		text_add(&text, "%s: the expected race was reported %lu times\n",
			 run->pattern->name, races_at(ON_PAGE));
	text_add(&text, "%s--- ", run->pattern->name);
	add_parameters(&text, run);
	text_add(&text, "End of test: %s\n", good ? "SUCCESS" : "FAILURE");
	text_put(&text, STDOUT_FILENO);
	return good;
}

static void say_start(const struct stress_run *run)
{
	struct text text = { .used = 0 };

	text_add(&text, "%s--- Start of test: ", run->pattern->name);
	add_parameters(&text, run);
	text_put(&text, STDOUT_FILENO);
}

/* Every mapping of the page has this address while the backend is the direct one. */
static void make_page(struct stress_run *run)
{
	void *address;

	run->page = page_alloc(run->pattern->gfp);
	if (!run->page)
		give_up("a page", errno);
	address = page_map_local(run->page);
	run->page_address = (uintptr_t)address;
	page_unmap_local(address);
}

int stress_main(const struct stress_pattern *pattern, int argc, char **argv)
{
	struct stress_run *run = &the_run;
	uint64_t msec;
	bool good;

	run->pattern = pattern;
	parse(run, argc, argv);
	say_start(run);
	make_page(run);
	init_threads(run);
	if (pattern->start)
		pattern->start(&threads[0]);
	tsan_listen(race_seen, NULL);
	start_threads(run);
	msec = supervise(run);
	join_threads(run);
	if (pattern->finish)
		pattern->finish(&threads[0]);
	say_statistics(run, msec);
	good = verdict(run);
	page_free(run->page);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
