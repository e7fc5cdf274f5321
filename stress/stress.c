/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The main program of every stress program; core.h lists the other files. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/exec/pin.h"
#include "stress/core.h"

#define SUPERVISE_MSEC 5
/*
 * Threads that hardly got a CPU may take this many times longer until an expected race is
 * reported.
 */
#define TIME_FACTOR 10
#define WINDOW_SPINS   2000

struct stress_run current_run;
struct stress_thread threads[STRESS_THREADS_MAX];
_Thread_local struct stress_thread *stress_self;

static pthread_t handles[STRESS_THREADS_MAX];
static struct pins pins;
static unsigned int fds; /* open descriptors before the threads start */

_Noreturn void stress_exit_failed(const char *wanted, int error)
{
	struct message message = { .used = 0 };

	message_append(&message, "%s: !!! expected %s: %s\nEnd of test: FAILURE\n", current_run.pattern->name,
		       wanted, strerror(error));
	message_write(&message, STDOUT_FILENO);
	_exit(EXIT_FAILURE);
}

struct stress_thread *stress_thread(unsigned int index)
{
	return &threads[index];
}

static void sleep_msec(long msec)
{
	const struct timespec time = { .tv_nsec = msec * 1000000 };

	nanosleep(&time, NULL);
}

/* ---- chance ---- */

uint64_t stress_hash(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
	x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
	return x ^ (x >> 31);
}

size_t stress_random(uint64_t *state, size_t below)
{
	*state += 0x9e3779b97f4a7c15;
	return (size_t)(((stress_hash(*state) >> 32) * below) >> 32);
}

size_t stress_thread_random(struct stress_thread *self, size_t below)
{
	return stress_random(&self->random, below);
}

/* ---- operations ---- */

static bool stopped(const struct stress_run *run)
{
	return atomic_load_explicit(&run->stop, memory_order_relaxed);
}

bool stress_continue(const struct stress_thread *self)
{
	const struct stress_run *run = self->run;

	while (atomic_load_explicit(&run->rest, memory_order_relaxed) && !stopped(run))
		sleep_msec(1);
	return (!run->ops || self->ops < run->ops) && !stopped(run);
}

void stress_begin_op(struct stress_thread *self, const struct stress_op *op)
{
	atomic_ulong *counter = &self->kinds[op->kind];

	/* There is one writer, so a load and a store are enough; an atomic addition is slower. */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	self->last[self->ops++ % STRESS_LAST_OPS] = *op;
	self->points = 0;
	if (self->run->delays)
		points_delay(self);
}

void stress_set_op(struct stress_thread *self, size_t page, size_t off, size_t len,
		   unsigned char value)
{
	struct stress_op *op = &self->last[(self->ops - 1) % STRESS_LAST_OPS];

	op->page = (unsigned int)page;
	op->off = off;
	op->len = len;
	op->value = value;
}

void stress_widen_window(struct stress_thread *self)
{
	(void)self;
	sched_yield();
	for (volatile unsigned int i = 0; i < WINDOW_SPINS; i++)
		;
}

static unsigned int weights(const struct stress_kind *kinds)
{
	unsigned int sum = 0;

	for (; kinds->name; kinds++)
		sum += kinds->weight;
	return sum;
}

static unsigned int pick_kind(struct stress_thread *self, const struct stress_kind *kinds,
			      unsigned int sum)
{
	unsigned int left = (unsigned int)stress_thread_random(self, sum);
	unsigned int kind = 0;

	for (; left >= kinds[kind].weight; kind++)
		left -= kinds[kind].weight;
	return kind;
}

static void work(struct stress_thread *self)
{
	const struct stress_kind *kinds = self->run->pattern->kinds;
	unsigned int sum = weights(kinds);

	while (stress_continue(self)) {
		struct stress_op op = { .kind = pick_kind(self, kinds, sum) };

		stress_begin_op(self, &op);
		kinds[op.kind].run(self);
	}
}

/* ---- threads ---- */

/* The start flag is relaxed: a barrier would order what the threads did before it. */
static void *thread_main(void *arg)
{
	struct stress_thread *self = arg;
	struct stress_run *run = self->run;
	char name[16];

	stress_self = self;
	snprintf(name, sizeof(name), THREAD_PREFIX "%u", self->index);
	pthread_setname_np(pthread_self(), name);
	if (run->pin && !pins_pin_thread(&pins, self->index))
		stress_exit_failed("a CPU for each thread", errno);
	while (!atomic_load_explicit(&run->go, memory_order_relaxed))
		sched_yield();
	if (run->pattern->work)
		run->pattern->work(self);
	else
		work(self);
	atomic_fetch_add_explicit(&run->done, 1, memory_order_relaxed);
	return NULL;
}

static void init_threads(struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++) {
		threads[i].run = run;
		threads[i].index = i;
		threads[i].random = stress_hash(run->seed ^ stress_hash(i + 1));
	}
}

static void start_threads(struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++) {
		int error = pthread_create(&handles[i], NULL, thread_main, &threads[i]);

		if (error)
			stress_exit_failed("another thread", error);
	}
}

static void join_threads(const struct stress_run *run)
{
	for (unsigned int i = 0; i < run->threads; i++)
		pthread_join(handles[i], NULL);
}

/* ---- time ---- */

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* A planted bug that was found ends the run. */
static bool found_planted_bug(const struct stress_run *run)
{
	return run->busted && atomic_load_explicit(&run->reported, memory_order_relaxed);
}

static void keep_time(struct stress_run *run, uint64_t passed)
{
	uint64_t time = run->seconds * 1000;
	bool over = time && passed >= time && (passed >= time * TIME_FACTOR || !races_are_missing(run));

	if (over || found_planted_bug(run) || atomic_load_explicit(&run->signal, memory_order_relaxed))
		atomic_store_explicit(&run->stop, true, memory_order_relaxed);
	if (run->stutter)
		atomic_store_explicit(&run->rest, passed / run->stutter % 2, memory_order_relaxed);
}

/* Prints statistics and measures time until the threads have ended. Returns the milliseconds. */
static uint64_t supervise(struct stress_run *run)
{
	uint64_t start = now_msec(), passed = 0, next = run->stat_interval * 1000;

	while (atomic_load_explicit(&run->done, memory_order_relaxed) < run->threads) {
		sleep_msec(SUPERVISE_MSEC);
		passed = now_msec() - start;
		keep_time(run, passed);
		if (!next || passed < next)
			continue;
		statistics_print(run, passed);
		next += run->stat_interval * 1000;
	}
	return passed;
}

static void asked_to_stop(int number)
{
	atomic_store_explicit(&current_run.signal, number, memory_order_relaxed);
}

static void stop_on_signals(void)
{
	const struct sigaction action = { .sa_handler = asked_to_stop, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- the whole ---- */

static void print_start(const struct stress_run *run)
{
	struct message message = { .used = 0 };

	message_append(&message, "%s--- Start of test: ", run->pattern->name);
	report_add_parameters(&message, run);
	message_write(&message, STDOUT_FILENO);
}

/*
 * Also for patterns without a page: descriptors that the library opens for its first page are then
 * open from here on.
 */
static void make_page(struct stress_run *run)
{
	void *address;

	run->page = stress_alloc_or_exit(run->pattern->gfp ? run->pattern->gfp : GFP_KERNEL);
	if (!run->pattern->gfp)
		return;
	address = page_map_local(run->page);
	run->page_address = (uintptr_t)page_canonical(address);
	page_unmap_local(address);
}

static void start(struct stress_run *run)
{
	if (run->pin && !pins_init(&pins))
		stress_exit_failed("cpus", errno);
	make_page(run);
	init_threads(run);
	if (run->pattern->start)
		run->pattern->start(&threads[0]);
	fds = statistics_fds();
	races_start();
	crash_install_handlers();
	stop_on_signals();
	start_threads(run);
	pressure_start(run);
	points_start(run);
	atomic_store_explicit(&run->go, true, memory_order_relaxed);
}

static void finish(struct stress_run *run)
{
	points_stop();
	pressure_stop(run);
	if (run->pattern->finish)
		run->pattern->finish(&threads[0]);
	stress_expect_count(&threads[0], "open descriptors", statistics_fds(), fds);
}

int stress_main(const struct stress_pattern *pattern, int argc, char **argv)
{
	struct stress_run *run = &current_run;
	uint64_t msec;
	bool good;

	run->pattern = pattern;
	options_parse(run, argc, argv);
	run->backend = page_map_backend();
	print_start(run);
	start(run);
	msec = supervise(run);
	join_threads(run);
	finish(run);
	statistics_print(run, msec);
	good = stress_print_verdict(run);
	page_free(run->page);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
