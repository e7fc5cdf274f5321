/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes all threads of a program on one OS thread, so that ThreadSanitizer sees separate threads:
 *
 * 1. Each thread of the program is a fiber; a switch of fibers orders no accesses.
 * 2. Only calls of the program order threads: unlock and post are releases, lock and wait are acquires.
 *    Before a line of main runs, main acquires from every thread that ran since main's previous line. After a
 *    line of main, every thread acquires from main before the thread runs again.
 * 3. Each call ends before the next call begins. So a fiber needs no stack of its own, only a separate stack
 *    range during a call (tsan_call_in_own_stack_range).
 *
 * Calls run in the order that the program format defines, so the same program makes the same accesses in the
 * same order every time.
 */

#include "harness/util/bytes.h"
#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_order.h"
#include "harness/exec/exec_state.h"

struct fiber_run {
	struct exec *exec;
	struct trace *trace;
	bool ran_since_acquire[PROGRAM_THREADS];  /* per thread: ran after main's last acquire */
	bool acquired_from_main[PROGRAM_THREADS]; /* per thread: acquired after main's last release */
};

/* Switches to main's fiber, and orders main after all earlier calls of all threads. */
static void switch_to_main_and_acquire(struct fiber_run *run)
{
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++) {
		if (!run->ran_since_acquire[t])
			continue;
		tsan_fiber_switch(run->exec->fibers[t]);
		exec_order_release_to_main(t);
		run->ran_since_acquire[t] = false;
	}
	tsan_fiber_switch(run->exec->fibers[THREAD_MAIN]);
	exec_order_acquire_as_main();
}

/* Orders main's earlier calls before the next call of each thread, which first acquires from main. */
static void release_main_to_threads(struct fiber_run *run)
{
	exec_order_release_as_main();
	bytes_fill(run->acquired_from_main, 0, sizeof(run->acquired_from_main));
}

/* Switches to the thread's fiber, and orders main after all threads, or another thread after main. */
static void switch_to_thread_and_acquire(struct fiber_run *run, uint8_t thread)
{
	if (thread == THREAD_MAIN) {
		switch_to_main_and_acquire(run);
		return;
	}
	tsan_fiber_switch(run->exec->fibers[thread]);
	if (!run->acquired_from_main[thread])
		exec_order_acquire_from_main(thread);
	run->acquired_from_main[thread] = true;
	run->ran_since_acquire[thread] = true;
}

/* After a call of main, releases main's calls to all threads; after another call, only switches to main. */
static void return_to_main_after_call(struct fiber_run *run, uint8_t calling_thread)
{
	if (calling_thread == THREAD_MAIN)
		release_main_to_threads(run);
	else
		tsan_fiber_switch(run->exec->fibers[THREAD_MAIN]);
}

/*
 * Makes the call in the task of its thread, so that the call cannot use mappings of another thread. With the
 * option first_race_only, ThreadSanitizer ignores the accesses of calls after a race report. The accesses of
 * a fatal call race with nothing that the model knows, so no detector of races sees them.
 */
static void run_call_in_task(void *arg)
{
	struct exec_context *context = arg;
	struct exec *exec = context->exec;
	bool must_ignore = context->must_catch_report ||
			   (exec->options.first_race_only && race_reports_kept_count(&exec->race_reports));

	if (must_ignore)
		tsan_set_accesses_ignored(true);
	page_task_switch_in(context->thread_state->task);
	if (context->must_catch_report) {
		exec_call_and_catch_report(context);
	} else {
		library_race_watch(context->call->thread, context->step->call);
		exec_call(context);
		library_race_unwatch();
	}
	page_task_switch_out(context->thread_state->task);
	if (must_ignore)
		tsan_set_accesses_ignored(false);
}

static void run_call(struct fiber_run *run, size_t call_index)
{
	struct exec *exec = run->exec;
	struct trace *trace = run->trace;
	const struct call *call = &exec->state.program->calls[call_index];
	struct step *step = &trace->steps[trace->step_count++];
	struct exec_context context = {
		.exec = exec,
		.call = call,
		.thread_state = &exec->thread_states[call->thread],
		.step = step,
		.read_log = trace->bytes + trace->log_used_bytes,
		.read_log_size_left = TRACE_LOG - trace->log_used_bytes,
		.sync_call = exec_order_record_sync_call,
	};

	step->call = (uint16_t)call_index;
	exec_record_call_and_run_hook(exec, call_index);
	switch_to_thread_and_acquire(run, call->thread);
	if (op_orders_threads(call->op)) {
		exec_call(&context);
	} else {
		exec->tsan_log_ranges[call_index].from = tsan_get_log_position();
		tsan_call_in_own_stack_range(call->thread, run_call_in_task, &context);
		exec->tsan_log_ranges[call_index].to = tsan_get_log_position();
	}
	return_to_main_after_call(run, call->thread);
	step->log_offset = trace_reserve_log(trace, step->log_len);
}

/* The fatal call is no step of the trace. Return: false if the library made the call. */
static bool run_fatal_call(struct fiber_run *run, size_t call_index)
{
	struct exec *exec = run->exec;
	const struct call *call = &exec->state.program->calls[call_index];
	struct step step = { .call = (uint16_t)call_index };
	struct exec_context context = {
		.exec = exec,
		.call = call,
		.thread_state = &exec->thread_states[call->thread],
		.step = &step,
		.read_log = run->trace->bytes + run->trace->log_used_bytes,
		.read_log_size_left = TRACE_LOG - run->trace->log_used_bytes,
		.must_catch_report = true,
	};

	exec_record_call_and_run_hook(exec, call_index);
	switch_to_thread_and_acquire(run, call->thread);
	tsan_call_in_own_stack_range(call->thread, run_call_in_task, &context);
	return_to_main_after_call(run, call->thread);
	return !exec->caught_call.has_damaged_library;
}

static enum exec_end run_calls(struct fiber_run *run, size_t stop_before_call)
{
	struct program_state *state = &run->exec->state;
	size_t call_index;

	while ((call_index = program_state_take_next_call(state)) != SCHEDULE_NONE) {
		if (call_index == stop_before_call)
			return !run->exec->options.catches_report || run_fatal_call(run, call_index) ?
				       EXEC_STOPPED_BEFORE :
				       EXEC_STOPPED_AFTER;
		run_call(run, call_index);
		if (call_index == run->exec->options.stop_after_call)
			return EXEC_STOPPED_AFTER;
	}
	return state->schedule.remaining_count ? EXEC_DEADLOCKED : EXEC_DONE;
}

enum exec_end exec_run_fibers(struct exec *exec, const struct program *program, size_t stop_before_call,
			      struct trace *trace)
{
	struct fiber_run run = { .exec = exec, .trace = trace };
	enum exec_end end;

	exec->runs_on_fibers = true;
	exec->caught_call = (struct exec_caught_call){ .was_made = false };
	exec_reset_and_record_races(exec, program);
	exec_begin_library_race_detection(exec);
	release_main_to_threads(&run);
	end = run_calls(&run, stop_before_call);
	if (end == EXEC_STOPPED_AFTER)
		return end;
	switch_to_main_and_acquire(&run);
	exec_record_pages_and_clean_up(exec, trace);
	return end;
}
