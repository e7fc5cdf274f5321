/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs a scenario: starts its threads, ends them when the time is over, and prints the result. */
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
/* Until all expected races are reported, the run continues for at most TIME_FACTOR times its time limit. */
#define TIME_FACTOR  10
#define WINDOW_SPINS 2000

struct stress_thread threads[STRESS_THREADS_MAX];
_Thread_local struct stress_thread *current_thread;

static struct pins pins;

_Noreturn void stress_exit_with_failure(const char *expected, int error)
{
	struct message message = { .text_length = 0 };

	message_append(&message, "%s: !!! expected %s: %s\nEnd of test: FAILURE\n", current_run.name,
		       expected, strerror(error));
	message_print_to_stdout(&message);
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

/* Sleeps while --stutter pauses all threads. Return: whether the thread must run another operation. */
static bool rest_and_must_continue(const struct stress_thread *self)
{
	uint64_t limit = current_run.operation_limit;

	while (load_relaxed(&current_run.must_threads_rest) && !load_relaxed(&current_run.must_threads_stop))
		sleep_msec(1);
	return (!limit || self->begun_operation_count < limit) &&
	       !load_relaxed(&current_run.must_threads_stop);
}

static bool may_thread_run_operation(const struct stress_thread *self,
				     const struct stress_operation *operation)
{
	return operation->threads == ALL_THREADS ||
	       operation->threads == (self->thread_index % 2 ? ODD_THREADS : EVEN_THREADS);
}

/* Return: the index of an operation that the thread may run, random with probabilities by weight. */
static unsigned int choose_operation_index(struct stress_thread *self)
{
	const struct stress_operation *operations = current_run.scenario->operations;
	unsigned int weight_sum = 0, chosen;

	for (unsigned int i = 0; operations[i].name; i++)
		weight_sum += operations[i].weight;
	do {
		unsigned int left = stress_pick_number(self, weight_sum);

		for (chosen = 0; left >= operations[chosen].weight; chosen++)
			left -= operations[chosen].weight;
	} while (!may_thread_run_operation(self, &operations[chosen]));
	return chosen;
}

static void run_random_operation(struct stress_thread *self)
{
	unsigned int chosen = choose_operation_index(self);
	const struct stress_operation *operation = &current_run.scenario->operations[chosen];
	atomic_ulong *count = &self->operation_counts[chosen];

	/* Only this thread writes the counter, so a load and a store suffice, which are faster. */
	store_relaxed(count, load_relaxed(count) + 1);
	self->last_records[self->begun_operation_count++ % STRESS_LAST_RECORDS] =
		(struct stress_record){ .operation_index = chosen };
	self->passed_delay_points = 0;
	if (current_run.must_delay_threads)
		pressure_delay_thread_at_random(self);
	if (operation->run)
		operation->run(self);
	else if (operation->access)
		operation->access(self, operation->pick(self));
	else
		operation->access_by(self, operation->pick(self), operation->kind);
}

struct stress_record *stress_get_current_record(struct stress_thread *self)
{
	return &self->last_records[(self->begun_operation_count - 1) % STRESS_LAST_RECORDS];
}

void stress_record_access(struct stress_thread *self, size_t page_number, size_t off, size_t len,
			  unsigned char byte_value)
{
	struct stress_record *record = stress_get_current_record(self);

	*record = (struct stress_record){ record->operation_index, (unsigned int)page_number, off, len,
					  byte_value };
}

void stress_let_other_threads_run(void)
{
	sched_yield();
	for (volatile unsigned int i = 0; i < WINDOW_SPINS; i++)
		;
}

/* ---- threads ---- */

void start_thread_or_exit(pthread_t *handle, void *(*main_function)(void *arg), void *arg)
{
	int error = pthread_create(handle, NULL, main_function, arg);

	if (error)
		stress_exit_with_failure("another thread", error);
}

/* Threads wait for a relaxed flag: a barrier would order accesses, and hide races from ThreadSanitizer. */
static void *run_stress_thread(void *arg)
{
	struct stress_thread *self = arg;
	struct stress_run *run = &current_run;
	char thread_name[16];

	current_thread = self;
	snprintf(thread_name, sizeof(thread_name), THREAD_PREFIX "%u", self->thread_index);
	pthread_setname_np(pthread_self(), thread_name);
	if (run->must_pin_threads && !pins_pin_thread(&pins, self->thread_index))
		stress_exit_with_failure("a CPU for each thread", errno);
	while (!load_relaxed(&run->may_threads_begin))
		sched_yield();
	while (rest_and_must_continue(self))
		run_random_operation(self);
	add_relaxed(&run->ended_thread_count, 1);
	return NULL;
}

/* ---- time ---- */

uint64_t read_clock_msec(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static bool is_limit_or_bug_reached(const struct stress_run *run, uint64_t passed_msec)
{
	uint64_t limit_msec = (uint64_t)run->time_limit_seconds * 1000;
	bool has_detected_bug = run->injected_bug && load_relaxed(&run->reported_failure_count);

	return has_detected_bug || load_relaxed(&run->stop_signal) ||
	       (limit_msec && passed_msec >= limit_msec &&
		(passed_msec >= limit_msec * TIME_FACTOR || !races_is_any_region_unreported()));
}

/*
 * Waits until all threads have ended. While the threads run, prints statistics, pauses the threads for
 * --stutter, and stops the threads at the end of the run. Return: the threads' run time in milliseconds.
 */
static uint64_t supervise_threads(struct stress_run *run)
{
	uint64_t start_msec = read_clock_msec(CLOCK_MONOTONIC), passed_msec = 0,
		 next_line_msec = run->statistics_interval_seconds * 1000ull;

	while (load_relaxed(&run->ended_thread_count) < run->thread_count) {
		sleep_msec(SUPERVISE_MSEC);
		passed_msec = read_clock_msec(CLOCK_MONOTONIC) - start_msec;
		if (is_limit_or_bug_reached(run, passed_msec))
			store_relaxed(&run->must_threads_stop, true);
		if (run->stutter_msec)
			store_relaxed(&run->must_threads_rest, passed_msec / run->stutter_msec % 2);
		if (!next_line_msec || passed_msec < next_line_msec)
			continue;
		statistics_print_line(passed_msec);
		next_line_msec += run->statistics_interval_seconds * 1000ull;
	}
	return passed_msec;
}

static void request_stop(int signal_number)
{
	store_relaxed(&current_run.stop_signal, signal_number);
}

/* ---- the whole run ---- */

/*
 * Allocates the common page also for scenarios that do not use the page. The library may open descriptors for
 * its first page, and run_scenario() must count these descriptors before the threads run.
 */
static void allocate_common_page(struct stress_run *run)
{
	void *address;

	run->common_page = stress_alloc_page_or_exit(run->scenario->gfp ? run->scenario->gfp : GFP_KERNEL);
	address = page_map_local(run->common_page);
	run->common_page_address = (uintptr_t)page_canonical(address);
	page_unmap_local(address);
}

static void install_handlers_and_start_run(struct stress_run *run, pthread_t *handles)
{
	const struct sigaction action = { .sa_handler = request_stop, .sa_flags = SA_RESTART };

	races_install_callback();
	report_install_crash_handlers();
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	for (unsigned int i = 0; i < run->thread_count; i++)
		start_thread_or_exit(&handles[i], run_stress_thread, &threads[i]);
	pressure_start_failures_forks_delays();
	store_relaxed(&run->may_threads_begin, true);
}

static void init_thread_state(struct stress_thread *thread)
{
	thread->thread_index = (unsigned int)(thread - threads);
	thread->random_state = stress_hash(current_run.seed ^ stress_hash(thread->thread_index + 1));
}

/* Calls @fn, which may be NULL, once for each thread. The calls are on the main thread. */
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
	long unfreed_page_count = 0;
	uint64_t run_msec;
	bool is_success;

	report_store_binary_path();
	message_append(&start_line, "%s--- Start of test:", run->name);
	options_append_to_message(&start_line);
	message_append(&start_line, "\n");
	message_print_to_stdout(&start_line);
	if (run->must_pin_threads && !pins_find_cpus(&pins))
		stress_exit_with_failure("CPUs", errno);
	allocate_common_page(run);
	for_each_thread(init_thread_state);
	if (scenario->layout.piece_size)
		owned_allocate_and_fill_file(&scenario->layout);
	for_each_thread(scenario->prepare_thread);
	descriptor_count = statistics_count_fd_directory_entries();
	install_handlers_and_start_run(run, handles);
	run_msec = supervise_threads(run);
	for (unsigned int i = 0; i < run->thread_count; i++)
		pthread_join(handles[i], NULL);
	pressure_stop_and_check_children();
	if (scenario->layout.piece_size)
		owned_check_and_free_file();
	for_each_thread(scenario->finish_thread);
	if (scenario->finish)
		scenario->finish(&threads[0]);
	for (unsigned int i = 0; i < run->thread_count; i++)
		unfreed_page_count += threads[i].unfreed_page_count;
	stress_expect_equal(&threads[0], "allocated pages less freed pages", unfreed_page_count, 0);
	stress_expect_equal(&threads[0], "open descriptors", statistics_count_fd_directory_entries(),
			    descriptor_count);
	statistics_print_line(run_msec);
	is_success = statistics_print_result();
	page_free(run->common_page);
	return is_success ? EXIT_SUCCESS : EXIT_FAILURE;
}
