/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs a pattern: its threads, and the time that they have. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/cpus.h"
#include "harness/util/random.h"
#include "stress/core.h"

#define SUPERVISE_MSEC 5
/* Threads that hardly got a CPU get this many times longer until an expected race is reported. */
#define TIME_FACTOR  10
#define WINDOW_SPINS 2000

struct stress_thread threads[STRESS_THREADS_MAX];
_Thread_local struct stress_thread *current_thread;

static struct pins pins;

_Noreturn void exit_failed(const char *what, int error)
{
	struct message message = { .length = 0 };

	message_append(&message, "%s: !!! expected %s: %s\nEnd of test: FAILURE\n",
		       current_run.pattern->name, what, strerror(error));
	message_print(&message);
	_exit(EXIT_FAILURE);
}

struct stress_thread *stress_get_thread(unsigned int index)
{
	return &threads[index];
}

void *stress_allocate_memory(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		exit_failed("memory", errno);
	return memory;
}

static void sleep_msec(long msec)
{
	const struct timespec time = { .tv_nsec = msec * 1000000 };

	nanosleep(&time, NULL);
}

uint64_t stress_hash(uint64_t x)
{
	return random_next(&x);
}

uint32_t stress_random(struct stress_thread *self, size_t below)
{
	return random_below(&self->random_state, below);
}

/* ---- operations ---- */

static bool is_stop_requested(const struct stress_run *run)
{
	return atomic_load_explicit(&run->must_stop, memory_order_relaxed);
}

/* Return: whether this thread has time and operations left. Sleeps while all threads rest. */
static bool must_continue(const struct stress_thread *self)
{
	const struct stress_run *run = self->run;

	while (atomic_load_explicit(&run->must_rest, memory_order_relaxed) &&
	       !is_stop_requested(run))
		sleep_msec(1);
	return (!run->operation_limit || self->operation_count < run->operation_limit) &&
	       !is_stop_requested(run);
}

/* Return: the weight of the operation for this thread. */
static unsigned int operation_weight(const struct stress_operation *operation, unsigned int thread)
{
	bool runs = operation->threads == ALL_THREADS ||
		    operation->threads == (thread % 2 ? ODD_THREADS : EVEN_THREADS);

	return runs ? operation->weight : 0;
}

static unsigned int choose_operation(struct stress_thread *self)
{
	const struct stress_operation *operations = self->run->pattern->operations;
	unsigned int sum = 0, chosen = 0, left;

	for (unsigned int i = 0; operations[i].name; i++)
		sum += operation_weight(&operations[i], self->thread_index);
	left = stress_random(self, sum);
	for (; left >= operation_weight(&operations[chosen], self->thread_index); chosen++)
		left -= operation_weight(&operations[chosen], self->thread_index);
	return chosen;
}

static void run_operation(struct stress_thread *self)
{
	unsigned int chosen = choose_operation(self);
	atomic_ulong *count = &self->operation_counts[chosen];

	/* There is one writer, so a load and a store are enough; an atomic addition is slower. */
	atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + 1,
			      memory_order_relaxed);
	self->last_records[self->operation_count++ % STRESS_LAST_RECORDS] =
		(struct stress_record) { .operation = chosen };
	self->delay_points = 0;
	if (self->run->delays)
		pressure_delay_thread(self);
	self->run->pattern->operations[chosen].run(self);
}

struct stress_record *stress_current_record(struct stress_thread *self)
{
	return &self->last_records[(self->operation_count - 1) % STRESS_LAST_RECORDS];
}

void stress_record_range(struct stress_thread *self, size_t page, size_t off, size_t len,
			 unsigned char value)
{
	struct stress_record *record = stress_current_record(self);

	*record = (struct stress_record) { record->operation, (unsigned int)page, off, len, value };
}

void stress_widen_window(void)
{
	sched_yield();
	for (volatile unsigned int i = 0; i < WINDOW_SPINS; i++)
		;
}

/* ---- threads ---- */

/* The start flag is relaxed: a barrier would order what the threads did before it. */
static void *thread_main(void *arg)
{
	struct stress_thread *self = arg;
	struct stress_run *run = self->run;
	char name[16];

	current_thread = self;
	snprintf(name, sizeof(name), THREAD_PREFIX "%u", self->thread_index);
	pthread_setname_np(pthread_self(), name);
	if (run->pin && !pins_pin_thread(&pins, self->thread_index))
		exit_failed("a CPU for each thread", errno);
	while (!atomic_load_explicit(&run->has_begun, memory_order_relaxed))
		sched_yield();
	while (must_continue(self))
		run_operation(self);
	atomic_fetch_add_explicit(&run->ended_threads, 1, memory_order_relaxed);
	return NULL;
}

static void init_threads(struct stress_run *run)
{
	for (unsigned int i = 0; i < run->thread_count; i++) {
		threads[i].run = run;
		threads[i].thread_index = i;
		threads[i].random_state = stress_hash(run->seed ^ stress_hash(i + 1));
	}
}

static void start_threads(const struct stress_run *run, pthread_t *handles)
{
	for (unsigned int i = 0; i < run->thread_count; i++) {
		int error = pthread_create(&handles[i], NULL, thread_main, &threads[i]);

		if (error)
			exit_failed("another thread", error);
	}
}

/* ---- time ---- */

static uint64_t now_msec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool must_end_run(const struct stress_run *run, uint64_t passed)
{
	uint64_t limit = (uint64_t)run->seconds * 1000;
	bool found_bug = run->bug_number &&
			 atomic_load_explicit(&run->printed_failures, memory_order_relaxed);

	return found_bug || atomic_load_explicit(&run->stop_signal, memory_order_relaxed) ||
	       (limit && passed >= limit &&
		(passed >= limit * TIME_FACTOR || !races_are_missing()));
}

/*
 * Prints statistics and measures time until the threads have ended.
 * Return: milliseconds
 */
static uint64_t wait_for_threads(struct stress_run *run)
{
	uint64_t start = now_msec(), passed = 0, next = run->statistics_seconds * 1000ull;

	while (atomic_load_explicit(&run->ended_threads, memory_order_relaxed) <
	       run->thread_count) {
		sleep_msec(SUPERVISE_MSEC);
		passed = now_msec() - start;
		if (must_end_run(run, passed))
			atomic_store_explicit(&run->must_stop, true, memory_order_relaxed);
		if (run->stutter_msec)
			atomic_store_explicit(&run->must_rest, passed / run->stutter_msec % 2,
					      memory_order_relaxed);
		if (!next || passed < next)
			continue;
		statistics_print(passed);
		next += run->statistics_seconds * 1000ull;
	}
	return passed;
}

static void request_stop(int number)
{
	atomic_store_explicit(&current_run.stop_signal, number, memory_order_relaxed);
}

static void install_stop_handlers(void)
{
	const struct sigaction action = { .sa_handler = request_stop, .sa_flags = SA_RESTART };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/* ---- the whole run ---- */

static void print_start_line(const struct stress_run *run)
{
	struct message message = { .length = 0 };

	message_append(&message, "%s--- Start of test:", run->pattern->name);
	options_append(&message);
	message_append(&message, "\n");
	message_print(&message);
}

/*
 * Also for patterns that do not use the page: descriptors that the library opens for its first page
 * are then open from here on.
 */
static void allocate_page(struct stress_run *run)
{
	void *address;

	run->page = stress_alloc_or_exit(run->pattern->gfp ? run->pattern->gfp : GFP_KERNEL);
	if (!run->pattern->gfp)
		return;
	address = page_map_local(run->page);
	run->page_address = (uintptr_t)page_canonical(address);
	page_unmap_local(address);
}

static void start_all_threads(struct stress_run *run, pthread_t *handles)
{
	races_install_callback();
	crash_install_handlers();
	install_stop_handlers();
	start_threads(run, handles);
	pressure_start();
	atomic_store_explicit(&run->has_begun, true, memory_order_relaxed);
}

static void check_freed_pages(const struct stress_run *run)
{
	unsigned long allocated = 0, freed = 0;

	for (unsigned int i = 0; i < run->thread_count; i++) {
		allocated += threads[i].pages_allocated;
		freed += threads[i].pages_freed;
	}
	stress_expect_count(&threads[0], "pages freed, of those allocated", freed, allocated);
}

int run_pattern(void)
{
	static pthread_t handles[STRESS_THREADS_MAX];
	struct stress_run *run = &current_run;
	unsigned int descriptor_count;
	uint64_t run_msec;
	bool is_success;

	report_store_binary_path();
	print_start_line(run);
	if (run->pin && !pins_init(&pins))
		exit_failed("CPUs", errno);
	allocate_page(run);
	init_threads(run);
	if (run->pattern->prepare)
		run->pattern->prepare(&threads[0]);
	descriptor_count = statistics_count_descriptors();
	start_all_threads(run, handles);
	run_msec = wait_for_threads(run);
	for (unsigned int i = 0; i < run->thread_count; i++)
		pthread_join(handles[i], NULL);
	pressure_stop();
	if (run->pattern->finish)
		run->pattern->finish(&threads[0]);
	check_freed_pages(run);
	stress_expect_count(&threads[0], "open descriptors", statistics_count_descriptors(),
			    descriptor_count);
	statistics_print(run_msec);
	is_success = statistics_print_result();
	page_free(run->page);
	return is_success ? EXIT_SUCCESS : EXIT_FAILURE;
}
