/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes all threads of a program on one OS thread. ThreadSanitizer sees no difference:
 *
 * 1. Each thread of the program is a fiber; switching fibers orders nothing.
 * 2. Only the program orders threads: unlock and post release, lock and wait acquire. Main acquires
 *    from every thread that ran since it last did, and every thread acquires from main before it
 *    runs again.
 * 3. A call runs to its end before the next one begins. So a fiber needs no stack of its own, only
 *    a separate stack range while a call runs (tsan_call_on_stack_range).
 *
 * Calls run in the order of the program format, so the same program makes the same accesses in the
 * same order every time.
 */

#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"

/* An object that threads release to and acquire from; only its address matters. */
struct sync_token {
	char nothing;
};

struct fiber_run {
	struct exec *exec;
	struct trace *trace;
	bool ran_since_join[PROGRAM_THREADS]; /* threads that ran a call after main last joined them
					       */
	bool acquired_from_main[PROGRAM_THREADS]; /* threads that acquired from main since it last
						     ran */
};

static struct sync_token mutex_tokens[PROGRAM_MUTEXES], semaphore_tokens[PROGRAM_SEMAPHORES];
static struct sync_token join_token, fork_token;

static void run_sync_call(void *executor, const struct call *call)
{
	uint8_t handle = call->handle[0];

	(void)executor;
	if (call->op == OP_lock)
		tsan_acquire(&mutex_tokens[handle]);
	else if (call->op == OP_unlock)
		tsan_release(&mutex_tokens[handle]);
	else if (call->op == OP_post)
		tsan_release(&semaphore_tokens[handle]);
	else
		tsan_acquire(&semaphore_tokens[handle]);
}

static void join_threads(struct fiber_run *run)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		if (!run->ran_since_join[t])
			continue;
		tsan_fiber_switch(run->exec->fibers[t]);
		tsan_release(&join_token);
		run->ran_since_join[t] = false;
	}
	tsan_fiber_switch(run->exec->fibers[THREAD_MAIN]);
	tsan_acquire(&join_token);
}

static void fork_threads(struct fiber_run *run)
{
	tsan_release(&fork_token);
	bytes_fill(run->acquired_from_main, 0, sizeof(run->acquired_from_main));
}

static void switch_to_thread(struct fiber_run *run, uint8_t thread)
{
	if (thread == THREAD_MAIN) {
		join_threads(run);
		return;
	}
	tsan_fiber_switch(run->exec->fibers[thread]);
	if (!run->acquired_from_main[thread])
		tsan_acquire(&fork_token);
	run->acquired_from_main[thread] = true;
	run->ran_since_join[thread] = true;
}

static void switch_to_main(struct fiber_run *run, uint8_t thread)
{
	if (thread == THREAD_MAIN)
		fork_threads(run);
	else
		tsan_fiber_switch(run->exec->fibers[THREAD_MAIN]);
}

/* Switches the library's task, so that a call cannot use mappings of another thread. */
static void run_call_in_task(void *arg)
{
	struct exec_context *context = arg;
	struct exec *exec = context->exec;
	bool must_pause =
		exec->options.first_race_only && race_reports_kept_count(&exec->race_reports);

	if (must_pause)
		tsan_ignore_begin();
	page_task_switch_in(context->thread_state->task);
	exec_call(context);
	page_task_switch_out(context->thread_state->task);
	if (must_pause)
		tsan_ignore_end();
}

static void run_line(struct fiber_run *run, size_t line_index)
{
	struct exec *exec = run->exec;
	struct trace *trace = run->trace;
	const struct call *call = &exec->state.program->calls[line_index];
	struct step *step = &trace->steps[trace->step_count++];
	struct exec_context context = {
		.exec = exec,
		.call = call,
		.thread_state = &exec->thread_states[call->thread],
		.step = step,
		.read_log = trace->bytes + trace->log_used,
		.read_log_left = TRACE_LOG - trace->log_used,
		.sync_call = run_sync_call,
	};

	exec_begin_call(exec, line_index);
	switch_to_thread(run, call->thread);
	if (op_orders_threads(call->op)) {
		exec_call(&context);
	} else {
		exec->log_ranges[line_index].from = tsan_log_position();
		tsan_call_on_stack_range(call->thread, run_call_in_task, &context);
		exec->log_ranges[line_index].to = tsan_log_position();
	}
	switch_to_main(run, call->thread);
	step->call = (uint16_t)line_index;
	step->log_offset = trace_reserve_log(trace, step->log_len);
}

static enum exec_end run_lines(struct fiber_run *run, size_t cut)
{
	struct program_state *state = &run->exec->state;
	size_t line_index;

	while ((line_index = program_state_next_call(state)) != SCHEDULE_NONE) {
		if (line_index == cut)
			return EXEC_STOPPED_BEFORE;
		run_line(run, line_index);
		if (line_index == run->exec->options.last_call)
			return EXEC_STOPPED_AFTER;
	}
	return state->schedule.remaining_count ? EXEC_STUCK : EXEC_DONE;
}

enum exec_end exec_run_fibers(struct exec *exec, const struct program *program, size_t cut,
			      struct trace *trace)
{
	struct fiber_run run = { .exec = exec, .trace = trace };
	enum exec_end end;

	exec->runs_on_fibers = true;
	exec_start(exec, program);
	fork_threads(&run);
	end = run_lines(&run, cut);
	if (end == EXEC_STOPPED_AFTER)
		return end;
	join_threads(&run);
	exec_finish(exec, trace);
	return end;
}
