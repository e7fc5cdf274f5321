/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes the lines of a program on the threads of scheduler.h. Calls on the program's locks and semaphores,
 * and uses of handles, are points too. After an execution that ended well, the library's data has the same
 * values as before (undo_log.h).
 */
#include <unistd.h>

#include "harness/detect/library_race.h"
#include "harness/exec/exec_order.h"
#include "harness/exec/exec_state.h"
#include "harness/exec/interleaving.h"
#include "harness/exec/scheduler.h"
#include "harness/interleave/undo_log.h"
#include "harness/util/bytes.h"

/* Larger writes are writes of page bytes, which no later execution reads before it writes them. */
#define SAVED_SIZE_MAX 1024

static struct {
	struct exec *exec;
	const struct program *program;
	struct trace *trace;
	struct interleaving *result;
	size_t section_start, section_end;
	bool has_freed_memory; /* a call used free(), so the memory may belong to someone else now */
	ptrdiff_t heap_bytes;  /* bytes that the library reported to ThreadSanitizer as allocated, and not as
				  freed */
} run;

/* ---- calls ---- */

/* Return: the executor's data of the handle, whose address identifies the handle in points; NULL: none. */
static const void *find_handle_data(const struct call_handle *handle)
{
	switch (handle->kind) {
	case HANDLE_PAGE:
		return &run.exec->pages[handle->index];
	case HANDLE_MAP:
		return &run.exec->maps[handle->index];
	case HANDLE_SLICE:
		return &run.exec->slices[handle->index];
	default:
		return NULL;
	}
}

/*
 * The first allocation creates the data by which a page library finds the bytes of a page. Who gets a page
 * from another thread can rely on this data, so here a handle orders its users after the call that fills it,
 * for library races only. Later allocations need no such order.
 */
static void order_after_fill(const void *data, uint8_t thread)
{
	if (run.exec->is_first_use)
		library_race_acquire(thread, data);
}

static void order_fill_before_use(const void *data, uint8_t thread)
{
	if (run.exec->is_first_use)
		library_race_release(thread, data);
}

/* Return: whether two calls that use the handle in this way must not overlap: they fill it, or move a reader.
 */
static bool needs_handle_alone(const struct call_handle *handle)
{
	return handle->must_be_free || handle->kind == HANDLE_SLICE;
}

static void reach_sync_point(const struct call *call)
{
	struct program_state *state = &run.exec->state;
	uint8_t *holder = &state->mutex_holders[call->handle[0]];
	unsigned int *value = &state->semaphore_values[call->handle[0]];

	if (call->op == OP_lock)
		scheduler_reach_point(POINT_PROGRAM_LOCK, holder, 1);
	else if (call->op == OP_unlock)
		scheduler_reach_point(POINT_PROGRAM_UNLOCK, holder, 1);
	else if (call->op == OP_post)
		scheduler_reach_point(POINT_POST, value, sizeof(*value));
	else
		scheduler_reach_point(POINT_WAIT, value, sizeof(*value));
}

static bool is_in_wrong_state(const struct call_handle *handle)
{
	return handle->kind < HANDLE_FILLED_KINDS &&
	       run.exec->state.is_filled[handle->kind][handle->index] == handle->must_be_free;
}

/*
 * Reaches a point for each handle of the call, up to the first handle that makes the call be skipped. The
 * state of a handle is read at its point, because another thread may fill the handle at the next one.
 * Return: the handle data that the call needs alone, or NULL.
 */
static const void *reach_handle_points(struct exec_context *context)
{
	struct call_handle handles[2];
	unsigned int count = call_get_handles(context->call, handles);
	const void *alone = NULL;

	for (unsigned int i = 0; i < count && !context->must_skip; i++) {
		const void *data = find_handle_data(&handles[i]);

		if (data && needs_handle_alone(&handles[i])) {
			scheduler_reach_point(POINT_MUTEX_LOCK, data, 1);
			alone = data;
		} else if (data) {
			scheduler_reach_point(POINT_LOAD, data, 1);
		}
		if (data)
			order_after_fill(data, context->call->thread);
		context->must_skip = is_in_wrong_state(&handles[i]);
	}
	return alone;
}

/* The call has ended. What it fills becomes visible at once when this point has been made. */
static void release_handle(void *executor, const struct call *call)
{
	const void **alone = executor;

	if (!*alone)
		return;
	scheduler_reach_point(POINT_MUTEX_UNLOCK, *alone, 1);
	order_fill_before_use(*alone, call->thread);
	*alone = NULL;
}

static void run_call(size_t call_index)
{
	struct exec *exec = run.exec;
	const struct call *call = &run.program->calls[call_index];
	const void *alone = NULL;
	struct exec_context context = {
		.exec = exec,
		.call = call,
		.thread_state = &exec->thread_states[call->thread],
		.step = &run.trace->steps[call_index],
		.read_log = run.trace->bytes + call_index * TRACE_PAGE,
		.read_log_size_left = TRACE_PAGE,
		.sync_call = exec_order_record_sync_call,
		.before_fill = release_handle,
		.executor = &alone,
	};

	scheduler_set_call(call->thread, call_index);
	exec_record_call_and_run_hook(exec, call_index);
	library_race_watch(call->thread, call_index);
	context.step->call = (uint16_t)call_index;
	context.step->log_offset = (uint32_t)(call_index * TRACE_PAGE);
	/* A skipped call, for example an unlock of a mutex that the thread does not hold, is no point. */
	if (op_orders_threads(call->op) && !program_state_must_skip(&exec->state, call))
		reach_sync_point(call);
	else if (!op_orders_threads(call->op))
		alone = reach_handle_points(&context);
	exec_call(&context);
	release_handle(&alone, call);
}

/* Runs a thread's lines of the section; the function of each coroutine. */
static void run_lines_of_thread(void)
{
	uint8_t self = scheduler_running_thread();

	for (size_t i = run.section_start; i < run.section_end; i++)
		if (run.program->calls[i].thread == self)
			run_call(i);
	scheduler_end_thread();
}

/* ---- sections ---- */

/* A line of main is a section of its own. */
static void find_section_end(void)
{
	const struct call *calls = run.program->calls;

	run.section_end = run.section_start + 1;
	if (calls[run.section_start].thread == THREAD_MAIN)
		return;
	while (run.section_end < run.program->count && calls[run.section_end].thread != THREAD_MAIN)
		run.section_end++;
}

/* Return: the number of main's lines before the section; UINT32_MAX: the section is a line of main itself. */
static uint32_t get_position_of_section(void)
{
	const struct call *calls = run.program->calls;
	uint32_t count = 0;

	for (size_t i = 0; i < run.section_start; i++)
		count += calls[i].thread == THREAD_MAIN;
	return calls[run.section_start].thread == THREAD_MAIN ? UINT32_MAX : count;
}

/* Return: whether all lines of the section have run. */
static bool run_section(void)
{
	uint16_t threads = 0;

	for (size_t i = run.section_start; i < run.section_end; i++)
		threads |= (uint16_t)(1u << run.program->calls[i].thread);
	scheduler_begin_section(get_position_of_section());
	exec_order_release_as_main();
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			scheduler_start_thread(t, run_lines_of_thread);
	scheduler_run_threads();
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			scheduler_join_thread(t);
	exec_order_acquire_as_main();
	return run.result->end == INTERLEAVING_DONE;
}

/* ---- executions ---- */

static void observe(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	bool writes = hook == HOOK_PLAIN_WRITE || hook == HOOK_ATOMIC_STORE || hook == HOOK_ATOMIC_UPDATE ||
		      hook == HOOK_HEAP_ALLOC || hook == HOOK_HEAP_FREE;

	run.heap_bytes += hook == HOOK_HEAP_ALLOC ? (ptrdiff_t)size :
			  hook == HOOK_HEAP_FREE  ? -(ptrdiff_t)size :
						    0;
	run.has_freed_memory |= hook == HOOK_FREE;
	scheduler_handle_hook(hook, addr, size);
	if (writes && size <= SAVED_SIZE_MAX)
		undo_log_save(addr, size);
}

static void begin_execution(const struct strategy *strategy)
{
	run.heap_bytes = 0;
	run.has_freed_memory = false;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		run.trace->pages[i].live = false;
	run.trace->step_count = run.program->count;
	run.trace->log_used_bytes = run.program->count * TRACE_PAGE;
	run.exec->runs_on_fibers = true;
	undo_log_begin();
	tsan_hooks_set_observer(observe);
	exec_reset_and_record_races(run.exec, run.program);
	exec_begin_library_race_detection(run.exec);
	scheduler_begin_execution(run.exec, strategy, run.result);
}

static void check_that_frames_have_one_owner(void)
{
	const struct exec_page *pages = run.exec->pages;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		for (unsigned int j = i + 1; j < PROGRAM_PAGES; j++)
			if (pages[i].ref_count && pages[j].ref_count && pages[i].page == pages[j].page)
				exec_set_first_error(run.exec, "p%u and p%u are the same page frame", i, j);
}

/* Unmaps and frees what the program left, and undoes all writes. */
static void end_execution(void)
{
	check_that_frames_have_one_owner();
	exec_record_pages_and_clean_up(run.exec, run.trace);
	if (run.heap_bytes)
		exec_set_first_error(run.exec,
				     "all pages are freed, but the library did not free %td bytes of them",
				     run.heap_bytes);
	tsan_hooks_set_observer(NULL);
	if (!undo_log_restore() || run.has_freed_memory)
		run.result->end = INTERLEAVING_NOT_UNDONE;
}

static struct {
	bool *is_reached;
	bool must_exit;
} probe;

static void record_that_hook_is_reached(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	(void)hook;
	(void)addr;
	(void)size;
	*probe.is_reached = true;
	if (probe.must_exit)
		_exit(0);
}

void exec_find_out_whether_library_reaches_hooks(bool *is_reached, bool must_exit)
{
	probe.is_reached = is_reached;
	probe.must_exit = must_exit;
	*is_reached = false;
	tsan_hooks_set_observer(record_that_hook_is_reached);
	page_free(page_alloc(GFP_KERNEL));
	tsan_hooks_set_observer(NULL);
}

enum interleaving_end exec_run_interleaved(struct exec *exec, const struct program *program,
					   const struct strategy *strategy, struct trace *trace,
					   struct interleaving *result)
{
	run.exec = exec;
	run.program = program;
	run.trace = trace;
	run.result = result;
	if (!exec->fibers[THREAD_MAIN])
		exec_create_fibers(exec);
	begin_execution(strategy);
	for (run.section_start = 0; run.section_start < program->count; run.section_start = run.section_end) {
		find_section_end();
		if (!run_section())
			return result->end;
	}
	end_execution();
	return result->end;
}
