/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes a program on real threads. There are three kinds of order:
 *
 * 1. The program's own order (locks, semaphores) uses pthread mutexes and POSIX semaphores, which
 *    every detector knows.
 * 2. Lines of main are fork-join points: a real semaphore in each direction.
 * 3. The order that defines the program (thread_plan.h) uses hidden waits. A thread spins on the
 *    progress of the others, with atomics that no detector sees: this file is never instrumented
 *    for ThreadSanitizer.
 *
 * So a detector sees exactly the happens-before edges of the rule model. Calls that nothing orders
 * do run at the same time: threads that may start together, at the beginning or after a line of
 * main, wait in a hidden way until all of them are ready. Optionally each thread is pinned to a CPU
 * and delayed before its calls (delay.h).
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>

#include "harness/exec/delay.h"
#include "harness/exec/exec_state.h"
#include "harness/exec/thread_plan.h"
#include "harness/util/cpus.h"

struct thread_run {
	struct exec *exec;
	const struct trace *plan_trace;
	struct trace *trace;
	struct thread_plan plan;
	bool must_get_stuck;
	pthread_mutex_t mutexes[PROGRAM_MUTEXES];
	sem_t semaphores[PROGRAM_SEMAPHORES];
	sem_t joins[PROGRAM_THREADS], forks[PROGRAM_THREADS];
	atomic_uint start_count; /* becomes 1 at the start */
	bool is_cancelled;       /* a thread could not be created, so no thread runs its calls */
	atomic_uint ready_count; /* threads that wait for the start */
	atomic_uint arrived[PROGRAM_CALLS]; /* threads that a step of main released and that are
					       ready */
	bool pins_are_found;
	struct pins pins;
	atomic_uint
		finished_steps[PROGRAM_THREADS]; /* number of steps that each thread has finished */
	atomic_uint finished_count;
	atomic_uint tried_count; /* threads that have finished verify_blocked_call() */
	unsigned int thread_count;
	struct worker {
		struct thread_run *run;
		uint8_t thread;
		uint8_t thread_index; /* among the threads that are created; 0 is main */
		bool is_created;
		pthread_t pthread;
	} workers[PROGRAM_THREADS];
};

/* ---- hidden gates ---- */

/* Spins before it yields: an immediate system call would release the waiting threads one by one. */
#define SPINS 200

static void wait_for_counter_hidden(const atomic_uint *counter, unsigned int least)
{
	for (unsigned int spins = 0;
	     atomic_load_explicit(counter, memory_order_acquire) < least; spins++)
		if (spins >= SPINS)
			sched_yield();
}

/*
 * All threads that one line of main releases continue together. Each of them arrives, because main
 * waited for everything that they did before.
 */
static void wait_for_released_threads(struct thread_run *run, uint16_t forker)
{
	unsigned int all =
		(unsigned int)__builtin_popcount(run->plan.steps[forker].released_threads);

	atomic_fetch_add_explicit(&run->arrived[forker], 1, memory_order_relaxed);
	wait_for_counter_hidden(&run->arrived[forker], all);
}

static void wait_for_earlier_steps(struct thread_run *run, const struct thread_step *step,
				   uint8_t self)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (t != self && step->required_steps[t])
			wait_for_counter_hidden(&run->finished_steps[t], step->required_steps[t]);
}

/* ---- visible order ---- */

static void wait_for_semaphore(sem_t *semaphore)
{
	while (sem_wait(semaphore) && errno == EINTR)
		;
}

static void wait_before_step(struct thread_run *run, const struct thread_step *step, uint8_t thread)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (step->joined_threads & 1u << t)
			wait_for_semaphore(&run->joins[t]);
	if (!step->must_wait_for_main)
		return;
	wait_for_semaphore(&run->forks[thread]);
	wait_for_released_threads(run, step->releasing_step);
}

static void signal_after_step(struct thread_run *run, const struct thread_step *step,
			      uint8_t thread)
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

static void delay_call(const struct worker *worker, uint16_t step)
{
	const struct exec_timing *timing = &worker->run->exec->options.timing;
	struct delay_point place = { timing->seed, timing->run_number, worker->thread, step };

	if (timing->has_delays)
		delay_wait(delay_choose(&place));
}

static void run_step(struct worker *worker, uint16_t index)
{
	struct thread_run *run = worker->run;
	struct exec *exec = run->exec;
	const struct thread_step *planned = &run->plan.steps[index];
	const struct step *expected = &run->plan_trace->steps[index];
	struct step *step = &run->trace->steps[index];
	struct exec_context context = {
		.exec = exec,
		.call = &exec->state.program->calls[expected->call],
		.thread_state = &exec->thread_states[worker->thread],
		.step = step,
		.read_log = run->trace->bytes + expected->log_offset,
		.read_log_left = expected->log_len,
		.sync_call = run_sync_call,
		.executor = run,
	};

	wait_before_step(run, planned, worker->thread);
	wait_for_earlier_steps(run, planned, worker->thread);
	delay_call(worker, index);
	exec_begin_call(exec, expected->call);
	exec_call(&context);
	step->log_offset = expected->log_offset;
	step->call = expected->call;
	atomic_store_explicit(&run->finished_steps[worker->thread], index + 1u,
			      memory_order_release);
	atomic_fetch_add_explicit(&run->finished_count, 1, memory_order_release);
	signal_after_step(run, planned, worker->thread);
}

/* ---- the end of a thread ---- */

/*
 * Finds the thread's next remaining line, if only a lock or a semaphore blocks it. Main waits for
 * all lines above, and all lines below wait for main.
 */
static const struct call *find_blocked_call(const struct worker *worker)
{
	const struct program *program = worker->run->exec->state.program;

	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (trace_find(worker->run->plan_trace, i))
			continue;
		if (call->thread == worker->thread)
			return call->op == OP_lock || call->op == OP_wait ? call : NULL;
		if (call->thread == THREAD_MAIN || worker->thread == THREAD_MAIN)
			return NULL;
	}
	return NULL;
}

/*
 * Verifies that the next call of the thread is still blocked, as the model predicts. One attempt is
 * enough, because in a deadlock nothing changes any more.
 */
static void verify_blocked_call(struct worker *worker)
{
	struct thread_run *run = worker->run;
	const struct call *call = find_blocked_call(worker);
	bool blocked = true;

	wait_for_counter_hidden(&run->finished_count, (unsigned int)run->plan_trace->step_count);
	if (call && call->op == OP_lock)
		blocked = pthread_mutex_trylock(&run->mutexes[call->handle[0]]) == EBUSY;
	else if (call)
		blocked = sem_trywait(&run->semaphores[call->handle[0]]) && errno == EAGAIN;
	if (!blocked)
		exec_set_error(run->exec, "line %u: expected a deadlock, but the call went through",
			       call->line);
	atomic_fetch_add_explicit(&run->tried_count, 1, memory_order_release);
	wait_for_counter_hidden(&run->tried_count, run->thread_count);
}

static void run_thread(struct worker *worker)
{
	struct thread_run *run = worker->run;

	page_task_switch_in(run->exec->thread_states[worker->thread].task);
	for (uint16_t i = run->plan.first_step[worker->thread]; i < run->plan_trace->step_count;
	     i++)
		if (run->exec->state.program->calls[run->plan_trace->steps[i].call].thread ==
		    worker->thread)
			run_step(worker, i);
	page_task_switch_out(run->exec->thread_states[worker->thread].task);
	if (run->must_get_stuck)
		verify_blocked_call(worker);
	for (unsigned int m = 0; m < PROGRAM_MUTEXES; m++)
		if (program_state_holds_mutex(&run->exec->state, worker->thread, (uint8_t)m))
			pthread_mutex_unlock(&run->mutexes[m]);
}

static void pin_worker(const struct worker *worker)
{
	const struct thread_run *run = worker->run;

	if (run->pins_are_found && !pins_pin_thread(&run->pins, worker->thread_index))
		exec_set_error(run->exec, "expected a CPU for thread %u alone, got none",
			       worker->thread);
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;
	struct thread_run *run = worker->run;

	pthread_setname_np(pthread_self(), thread_name(worker->thread));
	pin_worker(worker);
	atomic_fetch_add_explicit(&run->ready_count, 1, memory_order_relaxed);
	wait_for_counter_hidden(&run->start_count, 1);
	if (!run->is_cancelled)
		run_thread(worker);
	return NULL;
}

/* ---- the whole ---- */

static void init_objects(struct thread_run *run)
{
	for (unsigned int i = 0; i < PROGRAM_MUTEXES; i++)
		pthread_mutex_init(&run->mutexes[i], NULL);
	for (unsigned int i = 0; i < PROGRAM_SEMAPHORES; i++)
		sem_init(&run->semaphores[i], 0, 0);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		sem_init(&run->joins[t], 0, 0);
		sem_init(&run->forks[t], 0, 0);
		atomic_store(&run->finished_steps[t], 0);
		run->workers[t] = (struct worker){ .run = run, .thread = (uint8_t)t };
	}
	atomic_store(&run->start_count, 0);
	atomic_store(&run->ready_count, 0);
	atomic_store(&run->finished_count, 0);
	atomic_store(&run->tried_count, 0);
}

static void destroy_objects(struct thread_run *run)
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
 * Return: whether the execution needs the thread. A thread whose first line blocks has no step, but
 * tries the line in a deadlock.
 */
static bool is_thread_needed(const struct thread_run *run, unsigned int thread)
{
	if (run->plan.first_step[thread] != THREAD_PLAN_NONE)
		return true;
	for (size_t i = 0; run->must_get_stuck && i < run->exec->state.program->count; i++)
		if (run->exec->state.program->calls[i].thread == thread)
			return true;
	return false;
}

static bool create_threads(struct thread_run *run)
{
	uint8_t thread_index = 1;

	run->thread_count = 1;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		run->thread_count += is_thread_needed(run, t);
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		struct worker *worker = &run->workers[t];

		if (!is_thread_needed(run, t))
			continue;
		worker->thread_index = thread_index++;
		if (pthread_create(&worker->pthread, NULL, thread_main, worker))
			return false;
		worker->is_created = true;
	}
	return true;
}

/* Each step uses the same offset of the log as in the plan; the final pages follow. */
static size_t count_bytes_read(const struct trace *plan)
{
	size_t used = 0;

	for (size_t i = 0; i < plan->step_count; i++)
		used += plan->steps[i].log_len;
	return used;
}

static void init_run(struct thread_run *run, const struct program *program)
{
	const struct exec_timing *timing = &run->exec->options.timing;

	thread_plan_init(&run->plan, program, run->plan_trace);
	run->plan.first_step[THREAD_MAIN] = 0;
	init_objects(run);
	run->exec->runs_on_fibers = false;
	exec_start(run->exec, program);
	run->trace->step_count = run->plan_trace->step_count;
	run->trace->log_used = count_bytes_read(run->plan_trace);
	for (size_t i = 0; i < run->plan_trace->step_count; i++)
		atomic_store(&run->arrived[i], 0);
	run->pins_are_found = timing->pins_threads && pins_init(&run->pins);
	if (timing->pins_threads && !run->pins_are_found)
		exec_set_error(run->exec, "expected to know the CPUs of this process");
}

static void run_threads(struct thread_run *run)
{
	run->is_cancelled = !create_threads(run);
	if (!run->is_cancelled)
		wait_for_counter_hidden(&run->ready_count, run->thread_count - 1);
	pin_worker(&run->workers[THREAD_MAIN]);
	atomic_store_explicit(&run->start_count, 1, memory_order_release);
	if (!run->is_cancelled)
		run_thread(&run->workers[THREAD_MAIN]);
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (run->workers[t].is_created)
			pthread_join(run->workers[t].pthread, NULL);
	if (run->pins_are_found)
		pins_unpin_thread(&run->pins);
}

bool exec_run_threads(struct exec *exec, const struct program *program, const struct trace *plan,
		      bool stuck, struct trace *trace)
{
	static struct thread_run run;

	run.exec = exec;
	run.plan_trace = plan;
	run.trace = trace;
	run.must_get_stuck = stuck;
	init_run(&run, program);
	run_threads(&run);
	destroy_objects(&run);
	exec_finish(exec, trace);
	return !run.is_cancelled;
}
