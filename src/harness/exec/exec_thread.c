/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes a program on real threads. Three kinds of order exist between threads:
 *
 * 1. The program's own order (locks, semaphores) uses pthread mutexes and POSIX semaphores, which every
 *    detector knows.
 * 2. Each line of main is a join of all threads, then a fork of all threads. Join and fork use POSIX
 *    semaphores (`joins`, `forks`).
 * 3. The order of lifetimes, locks and semaphores (thread_plan.h) uses hidden waits: a thread spins on
 *    atomics until other threads have finished the required steps. No detector sees a hidden wait, because
 *    this file is compiled without -fsanitize=thread.
 *
 * So a detector sees exactly the happens-before edges of the rule model. Unordered calls run at the same
 * time. Threads that may continue together, at the start or after a line of main, use a hidden wait until all
 * of them are ready. Options of the execution pin each thread to a CPU and delay its calls (delay.h).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

#include "harness/exec/delay.h"
#include "harness/exec/exec_state.h"
#include "harness/exec/kernel_calls.h"
#include "harness/exec/thread_plan.h"
#include "harness/util/cpus.h"

struct thread_run {
	struct exec *exec;
	const struct trace *plan_trace; /* the model's trace, whose steps the threads run */
	struct trace *trace;            /* the trace that this execution records */
	struct thread_plan plan;
	bool must_verify_deadlock; /* the model predicts a deadlock */
	pthread_mutex_t mutexes[PROGRAM_MUTEXES];
	sem_t semaphores[PROGRAM_SEMAPHORES];
	sem_t joins[PROGRAM_THREADS]; /* each thread posts, main waits */
	sem_t forks[PROGRAM_THREADS]; /* main posts, each thread waits */
	atomic_uint start_count;      /* 0: threads must wait; 1: all threads may start */
	bool is_cancelled;            /* a thread could not be created, so no thread runs calls */
	atomic_uint ready_count;      /* number of threads that wait for the start */
	atomic_uint arrived_counts[PROGRAM_CALLS]; /* per step of main: number of released, ready threads */
	bool must_pin_threads;                     /* pin threads to the CPUs in `pins` */
	struct pins pins;
	atomic_uint progress[PROGRAM_THREADS]; /* per thread: index + 1 of its last finished step */
	atomic_uint finished_step_count;       /* number of steps that all threads together have finished */
	atomic_uint verified_thread_count;     /* number of threads that have verified their next call */
	unsigned int thread_count;             /* number of threads of this execution, including main */
	struct os_thread {
		struct thread_run *run;
		uint8_t thread;
		uint8_t thread_index; /* index among the created threads; 0: main */
		bool is_created;
		pthread_t pthread;
	} os_threads[PROGRAM_THREADS];
};

/* ---- hidden waits ---- */

/* Number of spins before a yield; with an immediate yield, waiting threads would start one by one. */
#define SPINS_BEFORE_YIELD 200

static void wait_for_counter_hidden(const atomic_uint *counter, unsigned int least_value)
{
	for (unsigned int spins = 0; atomic_load_explicit(counter, memory_order_acquire) < least_value;
	     spins++)
		if (spins >= SPINS_BEFORE_YIELD)
			sched_yield();
}

/* Waits until all threads that the step @releasing_step of main releases are ready to continue together. */
static void arrive_and_wait_for_released(struct thread_run *run, uint16_t releasing_step)
{
	unsigned int all = (unsigned int)__builtin_popcount(run->plan.steps[releasing_step].released_threads);

	atomic_fetch_add_explicit(&run->arrived_counts[releasing_step], 1, memory_order_relaxed);
	wait_for_counter_hidden(&run->arrived_counts[releasing_step], all);
}

/* @steps_plus_1: index + 1 of a step of each thread; 0: none */
static void wait_for_steps(struct thread_run *run, const uint16_t steps_plus_1[PROGRAM_THREADS],
			   uint8_t own_thread)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (t != own_thread && steps_plus_1[t])
			wait_for_counter_hidden(&run->progress[t], steps_plus_1[t]);
}

/* ---- visible order ---- */

static void wait_for_semaphore(sem_t *semaphore)
{
	while (sem_wait(semaphore) && errno == EINTR)
		;
}

static void wait_for_forks_and_joins(struct thread_run *run, const struct thread_step *step, uint8_t thread)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (step->joined_threads & 1u << t)
			wait_for_semaphore(&run->joins[t]);
	if (!step->must_wait_for_main)
		return;
	wait_for_semaphore(&run->forks[thread]);
	arrive_and_wait_for_released(run, step->releasing_step);
}

static void signal_forks_and_joins(struct thread_run *run, const struct thread_step *step, uint8_t thread)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (step->released_threads & 1u << t)
			sem_post(&run->forks[t]);
	if (step->must_signal_main)
		sem_post(&run->joins[thread]);
}

/* ---- calls ---- */

static void run_sync_call(void *executor, const struct call *call)
{
	struct thread_run *run = executor;
	uint8_t handle = call->handle[0];

	if (call->op == OP_lock)
		pthread_mutex_lock(&run->mutexes[handle]);
	else if (call->op == OP_unlock)
		pthread_mutex_unlock(&run->mutexes[handle]);
	else if (call->op == OP_post)
		sem_post(&run->semaphores[handle]);
	else
		wait_for_semaphore(&run->semaphores[handle]);
}

/*
 * Reports the free to the kernel's detector before the free waits for calls of other threads. All calls that
 * the free is ordered after have ended: earlier frees of the page are steps that change the page.
 */
static void check_free_if_in_kernel(struct thread_run *run, const struct thread_step *planned_step,
				    const struct call *call, uint8_t thread)
{
	if (call->op != OP_free_page || !kernel_calls_get())
		return;
	wait_for_steps(run, planned_step->page_change_step_plus_1, thread);
	if (run->exec->pages[call->handle[0]].page)
		kernel_calls_get()->check_free(run->exec->pages[call->handle[0]].page);
}

static void delay_before_step(const struct os_thread *os_thread, uint16_t step)
{
	const struct exec_timing *timing = &os_thread->run->exec->options.timing;
	struct delay_point place = { timing->seed, timing->run_number, os_thread->thread, step };

	if (timing->has_delays)
		delay_wait(delay_compute(&place));
}

static void run_step(struct os_thread *os_thread, uint16_t index)
{
	struct thread_run *run = os_thread->run;
	struct exec *exec = run->exec;
	const struct thread_step *planned_step = &run->plan.steps[index];
	const struct step *expected = &run->plan_trace->steps[index];
	struct step *step = &run->trace->steps[index];
	struct exec_context context = {
		.exec = exec,
		.call = &exec->state.program->calls[expected->call],
		.thread_state = &exec->thread_states[os_thread->thread],
		.step = step,
		.read_log = run->trace->bytes + expected->log_offset,
		.read_log_size_left = expected->log_len,
		.sync_call = run_sync_call,
		.executor = run,
	};

	wait_for_forks_and_joins(run, planned_step, os_thread->thread);
	check_free_if_in_kernel(run, planned_step, context.call, os_thread->thread);
	wait_for_steps(run, planned_step->required_step_plus_1, os_thread->thread);
	delay_before_step(os_thread, index);
	exec_record_call_and_run_hook(exec, expected->call);
	exec_call(&context);
	step->log_offset = expected->log_offset;
	step->call = expected->call;
	atomic_store_explicit(&run->progress[os_thread->thread], index + 1u, memory_order_release);
	atomic_fetch_add_explicit(&run->finished_step_count, 1, memory_order_release);
	signal_forks_and_joins(run, planned_step, os_thread->thread);
}

/* ---- the end of a thread ---- */

/*
 * Return: the thread's first call without a step, if this call is a lock or wait; otherwise NULL. Also NULL
 * if the order of main's lines, not a mutex or semaphore, blocks this call.
 */
static const struct call *find_blocked_lock_or_wait(const struct os_thread *os_thread)
{
	const struct program *program = os_thread->run->exec->state.program;

	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (trace_find_step(os_thread->run->plan_trace, i))
			continue;
		if (call->thread == os_thread->thread)
			return call->op == OP_lock || call->op == OP_wait ? call : NULL;
		if (call->thread == THREAD_MAIN || os_thread->thread == THREAD_MAIN)
			return NULL;
	}
	return NULL;
}

/*
 * Waits until all threads have finished their steps, then verifies that the next call of this thread is
 * blocked, as the model predicts. One attempt is enough, because in a deadlock nothing changes any more. The
 * function returns after all threads have verified their next calls.
 */
static void verify_that_next_call_blocks(struct os_thread *os_thread)
{
	struct thread_run *run = os_thread->run;
	const struct call *call = find_blocked_lock_or_wait(os_thread);
	bool is_blocked = true;

	wait_for_counter_hidden(&run->finished_step_count, (unsigned int)run->plan_trace->step_count);
	if (call && call->op == OP_lock)
		is_blocked = pthread_mutex_trylock(&run->mutexes[call->handle[0]]) == EBUSY;
	else if (call)
		is_blocked = sem_trywait(&run->semaphores[call->handle[0]]) && errno == EAGAIN;
	if (!is_blocked)
		exec_set_first_error(run->exec, "line %u: expected a deadlock, but the call did not block",
				     call->line);
	atomic_fetch_add_explicit(&run->verified_thread_count, 1, memory_order_release);
	wait_for_counter_hidden(&run->verified_thread_count, run->thread_count);
}

static void run_steps_and_check_deadlock(struct os_thread *os_thread)
{
	struct thread_run *run = os_thread->run;

	page_task_switch_in(run->exec->thread_states[os_thread->thread].task);
	for (uint16_t i = run->plan.first_step[os_thread->thread]; i < run->plan_trace->step_count; i++)
		if (run->exec->state.program->calls[run->plan_trace->steps[i].call].thread ==
		    os_thread->thread)
			run_step(os_thread, i);
	page_task_switch_out(run->exec->thread_states[os_thread->thread].task);
	if (run->must_verify_deadlock)
		verify_that_next_call_blocks(os_thread);
	for (unsigned int m = 0; m < PROGRAM_MUTEXES; m++)
		if (program_state_holds_mutex(&run->exec->state, os_thread->thread, (uint8_t)m))
			pthread_mutex_unlock(&run->mutexes[m]);
}

static void pin_os_thread(const struct os_thread *os_thread)
{
	const struct thread_run *run = os_thread->run;

	if (run->must_pin_threads && !pins_pin_thread(&run->pins, os_thread->thread_index))
		exec_set_first_error(run->exec, "expected a CPU for thread %u alone, got none",
				     os_thread->thread);
}

static void *thread_main(void *arg)
{
	struct os_thread *os_thread = arg;
	struct thread_run *run = os_thread->run;

	pthread_setname_np(pthread_self(), thread_name(os_thread->thread));
	pin_os_thread(os_thread);
	atomic_fetch_add_explicit(&run->ready_count, 1, memory_order_relaxed);
	wait_for_counter_hidden(&run->start_count, 1);
	if (!run->is_cancelled)
		run_steps_and_check_deadlock(os_thread);
	return NULL;
}

/* ---- all threads ---- */

static void init_sync_state(struct thread_run *run)
{
	for (unsigned int i = 0; i < PROGRAM_MUTEXES; i++)
		pthread_mutex_init(&run->mutexes[i], NULL);
	for (unsigned int i = 0; i < PROGRAM_SEMAPHORES; i++)
		sem_init(&run->semaphores[i], 0, 0);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		sem_init(&run->joins[t], 0, 0);
		sem_init(&run->forks[t], 0, 0);
		atomic_store(&run->progress[t], 0);
		run->os_threads[t] = (struct os_thread){ .run = run, .thread = (uint8_t)t };
	}
	atomic_store(&run->start_count, 0);
	atomic_store(&run->ready_count, 0);
	atomic_store(&run->finished_step_count, 0);
	atomic_store(&run->verified_thread_count, 0);
}

static void destroy_sync_objects(struct thread_run *run)
{
	for (unsigned int i = 0; i < PROGRAM_MUTEXES; i++)
		pthread_mutex_destroy(&run->mutexes[i]);
	for (unsigned int i = 0; i < PROGRAM_SEMAPHORES; i++)
		sem_destroy(&run->semaphores[i]);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		sem_destroy(&run->joins[t]);
		sem_destroy(&run->forks[t]);
	}
}

/*
 * Return: whether the execution must create the thread. If a thread's first line blocks in a deadlock, the
 * thread has no step, but must verify that the line blocks.
 */
static bool must_create_thread(const struct thread_run *run, unsigned int thread)
{
	if (run->plan.first_step[thread] != THREAD_PLAN_NONE)
		return true;
	for (size_t i = 0; run->must_verify_deadlock && i < run->exec->state.program->count; i++)
		if (run->exec->state.program->calls[i].thread == thread)
			return true;
	return false;
}

/*
 * Stack size of a thread. The system keeps the stacks of ended threads for later threads, but in total at
 * most 40 MB: with this size, it keeps the stacks of all threads of a program.
 */
#define STACK_SIZE (1 << 20)

static bool create_thread(struct os_thread *os_thread)
{
	pthread_attr_t attributes;

	if (pthread_attr_init(&attributes))
		return false;
	os_thread->is_created = !pthread_attr_setstacksize(&attributes, STACK_SIZE) &&
				!pthread_create(&os_thread->pthread, &attributes, thread_main, os_thread);
	pthread_attr_destroy(&attributes);
	return os_thread->is_created;
}

static bool count_and_create_threads(struct thread_run *run)
{
	uint8_t thread_index = 1;

	run->thread_count = 1;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		run->thread_count += must_create_thread(run, t);
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		struct os_thread *os_thread = &run->os_threads[t];

		if (!must_create_thread(run, t))
			continue;
		os_thread->thread_index = thread_index++;
		if (!create_thread(os_thread))
			return false;
	}
	return true;
}

/* Return: number of bytes that all steps of the model's trace read; the steps of the threads read as many. */
static size_t count_planned_log_bytes(const struct trace *plan_trace)
{
	size_t used = 0;

	for (size_t i = 0; i < plan_trace->step_count; i++)
		used += plan_trace->steps[i].log_len;
	return used;
}

static void init_thread_run(struct thread_run *run, const struct program *program)
{
	const struct exec_timing *timing = &run->exec->options.timing;

	thread_plan_init(&run->plan, program, run->plan_trace);
	run->plan.first_step[THREAD_MAIN] = 0;
	init_sync_state(run);
	run->exec->runs_on_fibers = false;
	exec_reset_and_record_races(run->exec, program);
	run->trace->step_count = run->plan_trace->step_count;
	run->trace->log_used_bytes = count_planned_log_bytes(run->plan_trace);
	for (size_t i = 0; i < run->plan_trace->step_count; i++)
		atomic_store(&run->arrived_counts[i], 0);
	run->must_pin_threads = timing->pins_threads && pins_find_cpus(&run->pins);
	if (timing->pins_threads && !run->must_pin_threads)
		exec_set_first_error(run->exec, "expected to know the CPUs of this process");
}

static void create_and_run_threads(struct thread_run *run)
{
	run->is_cancelled = !count_and_create_threads(run);
	if (!run->is_cancelled)
		wait_for_counter_hidden(&run->ready_count, run->thread_count - 1);
	pin_os_thread(&run->os_threads[THREAD_MAIN]);
	atomic_store_explicit(&run->start_count, 1, memory_order_release);
	if (!run->is_cancelled)
		run_steps_and_check_deadlock(&run->os_threads[THREAD_MAIN]);
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (run->os_threads[t].is_created)
			pthread_join(run->os_threads[t].pthread, NULL);
	if (run->must_pin_threads)
		pins_unpin_thread(&run->pins);
}

bool exec_create_and_run_threads(struct exec *exec, const struct program *program,
				 const struct trace *plan_trace, bool must_verify_deadlock,
				 struct trace *trace)
{
	static struct thread_run run;

	run.exec = exec;
	run.plan_trace = plan_trace;
	run.trace = trace;
	run.must_verify_deadlock = must_verify_deadlock;
	init_thread_run(&run, program);
	create_and_run_threads(&run);
	destroy_sync_objects(&run);
	exec_add_kernel_races(exec);
	exec_record_pages_and_clean_up(exec, trace);
	return !run.is_cancelled;
}
