/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs a scenario: its threads, and the time that they have. */
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
#include "stress/core.h"
#include "stress/owned.h"

#define SUPERVISE_MSEC 5
/* Threads that hardly got a CPU get this many times longer until an expected race is reported. */
#define TIME_FACTOR  10
#define WINDOW_SPINS 2000

struct stress_thread threads[STRESS_THREADS_MAX];
_Thread_local struct stress_thread *current_thread;

static struct pins pins;

_Noreturn void stress_exit_with_failure(const char *what, int error)
{
	struct message message = { .text_length = 0 };

	message_append(&message, "%s: !!! expected %s: %s\nEnd of test: FAILURE\n",
		       current_run.name, what, strerror(error));
	message_print(&message);
	_exit(EXIT_FAILURE);
}

void *stress_allocate_memory_or_exit(size_t count, size_t size)
{
	void *memory = calloc(count, size);

	if (!memory)
		stress_exit_with_failure("memory", errno);
	return memory;
}

static void sleep_msec(long msec)
{
	const struct timespec time = { .tv_nsec = msec * 1000000 };

	nanosleep(&time, NULL);
}

/* ---- operations ---- */

/* Return: whether this thread has time and operations left. Sleeps while all threads rest. */
static bool must_thread_continue(const struct stress_thread *self)
{
	uint64_t limit = current_run.operation_limit;

	while (load_relaxed(&current_run.must_rest) && !load_relaxed(&current_run.must_stop))
		sleep_msec(1);
	return (!limit || self->operation_count < limit) && !load_relaxed(&current_run.must_stop);
}

static bool can_run_operation(const struct stress_thread *self,
			      const struct stress_operation *operation)
{
	return operation->threads == ALL_THREADS ||
	       operation->threads == (self->thread_index % 2 ? ODD_THREADS : EVEN_THREADS);
}

static unsigned int choose_operation(struct stress_thread *self)
{
	const struct stress_operation *operations = current_run.scenario->operations;
	unsigned int weight_sum = 0, chosen;

	for (unsigned int i = 0; operations[i].name; i++)
		weight_sum += operations[i].weight;
	do {
		unsigned int left = stress_pick_number(self, weight_sum);

		for (chosen = 0; left >= operations[chosen].weight; chosen++)
			left -= operations[chosen].weight;
	} while (!can_run_operation(self, &operations[chosen]));
	return chosen;
}

static void run_operation(struct stress_thread *self)
{
	unsigned int chosen = choose_operation(self);
	const struct stress_operation *operation = &current_run.scenario->operations[chosen];
	atomic_ulong *count = &self->operation_counts[chosen];

	/* There is one writer, so a load and a store are enough; an atomic addition is slower. */
	store_relaxed(count, load_relaxed(count) + 1);
	self->last_records[self->operation_count++ % STRESS_LAST_RECORDS] =
		(struct stress_record){ .operation = chosen };
	self->delay_points = 0;
	if (current_run.must_delay_threads)
		pressure_delay_thread(self);
	if (operation->run)
		operation->run(self);
	else
		operation->access(self, operation->pick(self));
}

struct stress_record *stress_get_current_record(struct stress_thread *self)
{
	return &self->last_records[(self->operation_count - 1) % STRESS_LAST_RECORDS];
}

void stress_record_access(struct stress_thread *self, size_t page, size_t off, size_t len,
			  unsigned char value)
{
	struct stress_record *record = stress_get_current_record(self);

	*record = (struct stress_record){ record->operation, (unsigned int)page, off, len, value };
}

void stress_widen_window(void)
{
	sched_yield();
	for (volatile unsigned int i = 0; i < WINDOW_SPINS; i++)
		;
}

/* ---- threads ---- */

void start_thread(pthread_t *handle, void *(*main_function)(void *arg), void *arg)
{
	int error = pthread_create(handle, NULL, main_function, arg);

	if (error)
		stress_exit_with_failure("another thread", error);
}

/* The start flag is relaxed: a barrier would order what the threads did before it. */
static void *thread_main(void *arg)
{
	struct stress_thread *self = arg;
	struct stress_run *run = &current_run;
	char name[16];

	current_thread = self;
	snprintf(name, sizeof(name), THREAD_PREFIX "%u", self->thread_index);
	pthread_setname_np(pthread_self(), name);
	if (run->must_pin_threads && !pins_pin_thread(&pins, self->thread_index))
		stress_exit_with_failure("a CPU for each thread", errno);
	while (!load_relaxed(&run->has_begun))
		sched_yield();
	while (must_thread_continue(self))
		run_operation(self);
	add_relaxed(&run->ended_threads, 1);
	return NULL;
}

/* ---- time ---- */

uint64_t read_clock_msec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_run_over(const struct stress_run *run, uint64_t passed)
{
	uint64_t limit = (uint64_t)run->seconds * 1000;
	bool found_bug = run->injected_bug && load_relaxed(&run->reported_failures);

	return found_bug || load_relaxed(&run->stop_signal) ||
	       (limit && passed >= limit &&
		(passed >= limit * TIME_FACTOR || !races_are_missing()));
}

/*
 * Prints statistics and measures time until the threads have ended.
 * Return: milliseconds
 */
static uint64_t wait_for_threads(struct stress_run *run)
{
	uint64_t start = read_clock_msec(CLOCK_MONOTONIC), passed = 0,
		 next = run->statistics_seconds * 1000ull;

	while (load_relaxed(&run->ended_threads) < run->thread_count) {
		sleep_msec(SUPERVISE_MSEC);
		passed = read_clock_msec(CLOCK_MONOTONIC) - start;
		if (is_run_over(run, passed))
			store_relaxed(&run->must_stop, true);
		if (run->stutter_msec)
			store_relaxed(&run->must_rest, passed / run->stutter_msec % 2);
		if (!next || passed < next)
			continue;
		statistics_print_line(passed);
		next += run->statistics_seconds * 1000ull;
	}
	return passed;
}

static void request_stop(int signal_number)
{
	store_relaxed(&current_run.stop_signal, signal_number);
}

/* ---- the whole run ---- */

/*
 * Also for scenarios that do not use the page: descriptors that the library opens for its first
 * page are then open from here on.
 */
static void allocate_page(struct stress_run *run)
{
	void *address;

	run->page = stress_alloc_page_or_exit(run->scenario->gfp ? run->scenario->gfp : GFP_KERNEL);
	address = page_map_local(run->page);
	run->page_address = (uintptr_t)page_canonical(address);
	page_unmap_local(address);
}

static void start_threads(struct stress_run *run, pthread_t *handles)
{
	const struct sigaction action = { .sa_handler = request_stop, .sa_flags = SA_RESTART };

	races_install_callback();
	report_install_crash_handlers();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (unsigned int i = 0; i < run->thread_count; i++)
		start_thread(&handles[i], thread_main, &threads[i]);
	pressure_start();
	store_relaxed(&run->has_begun, true);
}

static void init_thread(struct stress_thread *thread)
{
	thread->thread_index = (unsigned int)(thread - threads);
	thread->random_state =
		stress_hash(current_run.seed ^ stress_hash(thread->thread_index + 1));
}

/* Calls @fn, which may be NULL, for each thread. */
static void for_each_thread(void (*fn)(struct stress_thread *thread))
{
	for (unsigned int i = 0; fn && i < current_run.thread_count; i++)
		fn(&threads[i]);
}

int run_scenario(void)
{
	static pthread_t handles[STRESS_THREADS_MAX];
	struct stress_run *run = &current_run;
	const struct stress_scenario *scenario = run->scenario;
	unsigned int descriptor_count;
	struct message start_line = { .text_length = 0 };
	long unfreed_pages = 0;
	uint64_t run_msec;
	bool is_success;

	report_store_binary_path();
	message_append(&start_line, "%s--- Start of test:", run->name);
	options_append_to_message(&start_line);
	message_append(&start_line, "\n");
	message_print(&start_line);
	if (run->must_pin_threads && !pins_init(&pins))
		stress_exit_with_failure("CPUs", errno);
	allocate_page(run);
	for_each_thread(init_thread);
	if (scenario->layout.piece_size)
		owned_create(&scenario->layout);
	for_each_thread(scenario->prepare_thread);
	descriptor_count = statistics_count_descriptors();
	start_threads(run, handles);
	run_msec = wait_for_threads(run);
	for (unsigned int i = 0; i < run->thread_count; i++)
		pthread_join(handles[i], NULL);
	pressure_stop();
	if (scenario->layout.piece_size)
		owned_check_all_and_free();
	for_each_thread(scenario->finish_thread);
	if (scenario->finish)
		scenario->finish(&threads[0]);
	for (unsigned int i = 0; i < run->thread_count; i++)
		unfreed_pages += threads[i].unfreed_pages;
	stress_expect(&threads[0], "allocated pages less freed pages", unfreed_pages, 0);
	stress_expect(&threads[0], "open descriptors", statistics_count_descriptors(),
		      descriptor_count);
	statistics_print_line(run_msec);
	is_success = statistics_print_result_line();
	page_free(run->page);
	return is_success ? EXIT_SUCCESS : EXIT_FAILURE;
}
