/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes all threads of a program on one OS thread, and lets a strategy decide which thread runs next at
 * every point inside of the library's calls:
 *
 * 1. Each thread is a coroutine with a stack of its own, and a fiber for ThreadSanitizer.
 * 2. The hooks of tsan_hooks.h make a point of each atomic access and each lock of the library. Calls on the
 *    program's locks and semaphores, and uses of handles, are points too.
 * 3. A point at an address that only one thread uses needs no decision (shared_addresses.h).
 * 4. The lines of the program between two fork-join points are a section. Before the first decision of a
 *    section, each thread runs up to its first point.
 * 5. After an execution that ended well, the library's data has the same values as before (undo_log.h).
 *
 * The driver is the coroutine that called exec_run_interleaved().
 */
#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/detect/tsan_hooks.h"
#include "harness/exec/exec_order.h"
#include "harness/exec/exec_state.h"
#include "harness/exec/interleaving.h"
#include "harness/interleave/coroutine.h"
#include "harness/interleave/shared_addresses.h"
#include "harness/interleave/undo_log.h"
#include "harness/util/bytes.h"

#define HELD_MUTEXES 16

/* The most points of a thread in one execution. An execution with more is reported as a livelock. */
#define POINTS_MAX (1u << 23)

/* Larger writes are writes of page bytes, which no later execution reads before it writes them. */
#define SAVED_SIZE_MAX 1024

struct thread {
	struct coroutine coroutine;
	bool is_alive;
	struct point pending;       /* the point that the thread is about to make */
	uint32_t point_count;       /* number of points of this execution, with the pending point */
	uintptr_t granted_lock;     /* the spin lock that the thread's next access takes; 0: none */
	const uint8_t *last_access; /* the address of the thread's last atomic access */
	size_t last_access_size;
	uint16_t call;
};

static struct {
	struct exec *exec;
	const struct program *program;
	const struct strategy *strategy;
	struct trace *trace;
	struct interleaving *result;
	struct coroutine driver;
	struct thread threads[PROGRAM_THREADS];
	uint8_t running;   /* NO_THREAD: the driver */
	uint8_t last_ran;  /* the thread that made the last decision; NO_THREAD: a section begins */
	bool is_switching; /* the library's task is being switched, which is no part of a call */
	bool is_starting;  /* the running thread runs up to its first point */
	size_t section_start, section_end;
	uintptr_t held_mutexes[HELD_MUTEXES];
	size_t held_mutex_count;
	ptrdiff_t heap_bytes; /* bytes that the library reported to ThreadSanitizer as allocated, and not as
				 freed */
} run = { .running = NO_THREAD };

/* ---- locks that the executor keeps ---- */

static size_t find_held_mutex(uintptr_t addr)
{
	size_t i = 0;

	while (i < run.held_mutex_count && run.held_mutexes[i] != addr)
		i++;
	return i;
}

static bool is_mutex_held(uintptr_t addr)
{
	return find_held_mutex(addr) < run.held_mutex_count;
}

static void hold_mutex(uintptr_t addr)
{
	if (run.held_mutex_count < HELD_MUTEXES)
		run.held_mutexes[run.held_mutex_count++] = addr;
}

static void release_mutex(uintptr_t addr)
{
	size_t i = find_held_mutex(addr);

	if (i < run.held_mutex_count)
		run.held_mutexes[i] = run.held_mutexes[--run.held_mutex_count];
}

/* ---- which thread runs ---- */

static uint64_t read_value(const volatile void *addr, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && i < sizeof(value); i++)
		value |= (uint64_t)((const volatile uint8_t *)addr)[i] << 8 * i;
	return value;
}

/* Return: whether a lock at the address of the point is taken now, or the semaphore there is 0. */
static bool is_taken(const struct point *point)
{
	switch (point->kind) {
	case POINT_LOAD:
	case POINT_STORE:
	case POINT_UPDATE:
	case POINT_SPIN_LOCK:
		return shared_addresses_is_lock(point->addr) && *(const volatile uint8_t *)point->addr;
	case POINT_MUTEX_LOCK:
	case POINT_MUTEX_UNLOCK:
		return is_mutex_held(point->addr);
	case POINT_PROGRAM_LOCK:
	case POINT_PROGRAM_UNLOCK:
		return *(const uint8_t *)point->addr;
	case POINT_POST:
	case POINT_WAIT:
		return !*(const unsigned int *)point->addr;
	default:
		return false;
	}
}

static bool is_enabled(uint8_t thread)
{
	const struct point *point = &run.threads[thread].pending;

	switch (point->kind) {
	case POINT_SPIN_LOCK:
		return !*(const volatile uint8_t *)point->addr;
	case POINT_MUTEX_LOCK:
		return !is_mutex_held(point->addr);
	case POINT_PROGRAM_LOCK:
		return !*(const uint8_t *)point->addr || *(const uint8_t *)point->addr == thread + 1;
	case POINT_WAIT:
		return *(const unsigned int *)point->addr;
	case POINT_CHANGE:
		return read_value((const void *)point->addr, point->size) != point->value;
	default:
		return true;
	}
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

static uint32_t get_position_of_thread(uint8_t thread)
{
	return run.threads[thread].point_count + !run.threads[thread].is_alive;
}

static uint32_t get_position(void)
{
	if (run.last_ran == NO_THREAD)
		return get_position_of_section();
	return get_position_of_thread(run.last_ran);
}

/* A replay decides at every point. Where threads go on, it needs no record, and would have too many. */
static bool must_record(const struct moment *moment, uint8_t chosen)
{
	return !run.strategy->decides_at_every_point || chosen != moment->running ||
	       moment->index < DECISIONS_MAX / 2;
}

static void record_decision(const struct moment *moment, uint8_t chosen)
{
	struct decision *decision = &run.result->decisions[run.result->decision_count];

	if (!must_record(moment, chosen))
		return;
	*decision = (struct decision){
		.chosen = chosen,
		.running = moment->running,
		.enabled = moment->enabled,
		.position = moment->position,
		.call = run.threads[chosen].call,
		.number = run.threads[chosen].point_count,
		.point = run.threads[chosen].pending,
	};
	if (moment->running != NO_THREAD) {
		decision->stopped_call = run.threads[moment->running].call;
		decision->stopped_kind = run.threads[moment->running].pending.kind;
	}
	run.result->decision_count++;
}

static bool has_reached_points_max(void)
{
	return run.last_ran != NO_THREAD && run.threads[run.last_ran].point_count >= POINTS_MAX;
}

/* Return: NO_THREAD if the section has ended, or the execution cannot go on. */
static uint8_t decide_next_thread(void)
{
	struct point points[PROGRAM_THREADS];
	struct moment moment = {
		.index = run.result->decision_count,
		.running = run.last_ran,
		.position = get_position(),
		.points = points,
	};
	uint8_t chosen;

	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		if (!run.threads[t].is_alive)
			continue;
		moment.alive |= (uint16_t)(1u << t);
		moment.enabled |= (uint16_t)(is_enabled(t) << t);
		points[t] = run.threads[t].pending;
		points[t].is_taken = is_taken(&points[t]);
	}
	if (!moment.alive)
		return NO_THREAD;
	if (moment.index == DECISIONS_MAX - 1 || has_reached_points_max()) {
		run.result->end = INTERLEAVING_LIVELOCK;
		return NO_THREAD;
	}
	if (!moment.enabled) {
		run.result->end = INTERLEAVING_DEADLOCK;
		if (run.strategy->handle_deadlock)
			run.strategy->handle_deadlock(&moment);
		return NO_THREAD;
	}
	chosen = run.strategy->choose(&moment);
	if (chosen == NO_THREAD)
		run.result->end = INTERLEAVING_DOES_NOT_FIT;
	else
		record_decision(&moment, chosen);
	return chosen;
}

static struct coroutine *find_coroutine(uint8_t thread)
{
	return thread == NO_THREAD ? &run.driver : &run.threads[thread].coroutine;
}

static void switch_fiber(uint8_t from, uint8_t to)
{
	uint8_t from_fiber = from == NO_THREAD ? THREAD_MAIN : from,
		to_fiber = to == NO_THREAD ? THREAD_MAIN : to;

	if (from_fiber != to_fiber)
		tsan_fiber_switch(run.exec->fibers[to_fiber]);
}

/* Continues @next; NO_THREAD: the driver. */
static void switch_to(uint8_t next)
{
	uint8_t previous = run.running;

	run.is_switching = true;
	if (previous != NO_THREAD) {
		library_race_unwatch();
		page_task_switch_out(run.exec->thread_states[previous].task);
	}
	switch_fiber(previous, next);
	if (next != NO_THREAD) {
		page_task_switch_in(run.exec->thread_states[next].task);
		exec_set_reported_call(run.threads[next].call);
		library_race_watch(next, run.threads[next].call);
	}
	run.running = next;
	run.is_switching = false;
	coroutine_switch(find_coroutine(previous), find_coroutine(next));
}

static void let_strategy_choose(void)
{
	uint8_t next;

	if (run.is_starting) {
		switch_to(NO_THREAD);
		return;
	}
	run.last_ran = run.running;
	next = decide_next_thread();
	if (next != run.running)
		switch_to(next);
}

/* ---- points ---- */

static void apply_point(struct thread *thread, const struct point *point)
{
	if (point->kind == POINT_SPIN_LOCK)
		thread->granted_lock = point->addr;
	else if (point->kind == POINT_MUTEX_LOCK)
		hold_mutex(point->addr);
	else if (point->kind == POINT_MUTEX_UNLOCK)
		release_mutex(point->addr);
}

/* Main runs alone, so only a lock that it already holds makes it stop. */
static bool must_decide(bool is_shared)
{
	bool is_interesting = is_shared || run.strategy->decides_at_every_point;

	return (is_interesting && run.running != THREAD_MAIN) || !is_enabled(run.running) ||
	       run.threads[run.running].point_count >= POINTS_MAX;
}

/* The running thread is about to make the point. Returns when it is the thread's turn to make it. */
static void reach_point(enum point_kind kind, const volatile void *addr, size_t size)
{
	struct thread *thread = &run.threads[run.running];
	struct point point = { .kind = (uint8_t)kind, .size = (uint8_t)size, .addr = (uintptr_t)addr };
	bool is_shared;

	if (kind == POINT_CHANGE)
		point.value = read_value(addr, size);
	thread->point_count++;
	thread->pending = point;
	is_shared = shared_addresses_record(point.addr, run.running, point_is_write(&point));
	run.result->has_learned = shared_addresses_has_learned();
	if (must_decide(is_shared))
		let_strategy_choose();
	apply_point(thread, &point);
}

static void reach_atomic_point(enum point_kind kind, const volatile void *addr, size_t size)
{
	struct thread *thread = &run.threads[run.running];
	bool takes_granted_lock = kind == POINT_UPDATE && thread->granted_lock == (uintptr_t)addr;

	thread->last_access = (const uint8_t *)(uintptr_t)addr;
	thread->last_access_size = size;
	thread->granted_lock = 0;
	if (!takes_granted_lock)
		reach_point(kind, addr, size);
}

static void make_point_of_hook(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	const struct thread *thread = &run.threads[run.running];

	switch (hook) {
	case HOOK_ATOMIC_LOAD:
		reach_atomic_point(POINT_LOAD, addr, size);
		break;
	case HOOK_ATOMIC_STORE:
		reach_atomic_point(POINT_STORE, addr, size);
		break;
	case HOOK_ATOMIC_UPDATE:
		reach_atomic_point(POINT_UPDATE, addr, size);
		break;
	case HOOK_LOCK:
		shared_addresses_set_lock((uintptr_t)addr);
		reach_point(POINT_SPIN_LOCK, addr, size);
		break;
	case HOOK_MUTEX_LOCK:
		reach_point(POINT_MUTEX_LOCK, addr, 1);
		break;
	case HOOK_MUTEX_UNLOCK:
		reach_point(POINT_MUTEX_UNLOCK, addr, 1);
		break;
	case HOOK_YIELD:
		if (thread->last_access)
			reach_point(POINT_CHANGE, thread->last_access, thread->last_access_size);
		break;
	default:
		break;
	}
}

static void observe(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	bool writes = hook == HOOK_PLAIN_WRITE || hook == HOOK_ATOMIC_STORE || hook == HOOK_ATOMIC_UPDATE ||
		      hook == HOOK_HEAP_ALLOC || hook == HOOK_HEAP_FREE;

	run.heap_bytes += hook == HOOK_HEAP_ALLOC ? (ptrdiff_t)size :
			  hook == HOOK_HEAP_FREE  ? -(ptrdiff_t)size :
						    0;
	if (run.running != NO_THREAD && !run.is_switching)
		make_point_of_hook(hook, addr, size);
	if (writes && size <= SAVED_SIZE_MAX)
		undo_log_save(addr, size);
}

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
		reach_point(POINT_PROGRAM_LOCK, holder, 1);
	else if (call->op == OP_unlock)
		reach_point(POINT_PROGRAM_UNLOCK, holder, 1);
	else if (call->op == OP_post)
		reach_point(POINT_POST, value, sizeof(*value));
	else
		reach_point(POINT_WAIT, value, sizeof(*value));
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
			reach_point(POINT_MUTEX_LOCK, data, 1);
			alone = data;
		} else if (data) {
			reach_point(POINT_LOAD, data, 1);
		}
		context->must_skip = is_in_wrong_state(&handles[i]);
	}
	return alone;
}

/* The call has ended. What it fills becomes visible at once when this point has been made. */
static void release_handle(void *executor, const struct call *call)
{
	const void **alone = executor;

	(void)call;
	if (*alone)
		reach_point(POINT_MUTEX_UNLOCK, *alone, 1);
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

	run.threads[call->thread].call = (uint16_t)call_index;
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
	uint8_t self = run.running;

	for (size_t i = run.section_start; i < run.section_end; i++)
		if (run.program->calls[i].thread == self)
			run_call(i);
	run.threads[self].is_alive = false;
	let_strategy_choose();
	__builtin_unreachable();
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

static void start_thread(uint8_t t)
{
	struct thread *thread = &run.threads[t];
	struct thread_start *start = &run.result->starts[run.result->start_count++];

	*start = (struct thread_start){
		.thread = t,
		.section = get_position_of_section(),
		.first = thread->point_count + 1,
		.position = UINT32_MAX,
	};
	coroutine_prepare(&thread->coroutine, run_lines_of_thread);
	thread->is_alive = true;
	if (t != THREAD_MAIN) {
		switch_fiber(NO_THREAD, t);
		exec_order_acquire_from_main(t);
		switch_fiber(t, NO_THREAD);
	}
	run.is_starting = true;
	switch_to(t);
	run.is_starting = false;
	start->position = get_position_of_thread(t);
}

static void join_thread(uint8_t t)
{
	switch_fiber(NO_THREAD, t);
	exec_order_release_to_main(t);
	switch_fiber(t, NO_THREAD);
}

/* Return: whether all lines of the section have run. */
static bool run_section(void)
{
	uint16_t threads = 0;
	uint8_t next;

	for (size_t i = run.section_start; i < run.section_end; i++)
		threads |= (uint16_t)(1u << run.program->calls[i].thread);
	shared_addresses_begin_section();
	if (run.strategy->begin_section)
		run.strategy->begin_section(run.result->decision_count);
	exec_order_release_as_main();
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			start_thread(t);
	run.last_ran = NO_THREAD;
	next = decide_next_thread();
	if (next != NO_THREAD)
		switch_to(next);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			join_thread(t);
	exec_order_acquire_as_main();
	return run.result->end == INTERLEAVING_DONE;
}

static void begin_execution(void)
{
	run.running = NO_THREAD;
	run.held_mutex_count = 0;
	run.heap_bytes = 0;
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		struct thread *thread = &run.threads[t];

		thread->is_alive = false;
		thread->point_count = 0;
		thread->granted_lock = 0;
		thread->last_access = NULL;
	}
	run.result->decision_count = run.result->start_count = 0;
	run.result->has_learned = false;
	run.result->end = INTERLEAVING_DONE;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		run.trace->pages[i].live = false;
	run.trace->step_count = run.program->count;
	run.trace->log_used_bytes = run.program->count * TRACE_PAGE;
	run.exec->runs_on_fibers = true;
	undo_log_begin();
	tsan_hooks_set_observer(observe);
	exec_reset_and_record_races(run.exec, run.program);
	exec_begin_library_race_detection(run.exec);
	run.strategy->begin_execution();
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
	if (!undo_log_restore())
		run.result->end = INTERLEAVING_NOT_UNDONE;
}

static bool has_reached_hook;

static void record_that_hook_is_reached(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	(void)hook;
	(void)addr;
	(void)size;
	has_reached_hook = true;
}

bool exec_library_reaches_hooks(void)
{
	has_reached_hook = false;
	tsan_hooks_set_observer(record_that_hook_is_reached);
	page_free(page_alloc(GFP_KERNEL));
	tsan_hooks_set_observer(NULL);
	return has_reached_hook;
}

bool exec_prepare_interleaving(void)
{
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (!run.threads[t].coroutine.stack && !coroutine_map_stack(&run.threads[t].coroutine))
			return false;
	return true;
}

enum interleaving_end exec_run_interleaved(struct exec *exec, const struct program *program,
					   const struct strategy *strategy, struct trace *trace,
					   struct interleaving *result)
{
	run.exec = exec;
	run.program = program;
	run.strategy = strategy;
	run.trace = trace;
	run.result = result;
	begin_execution();
	for (run.section_start = 0; run.section_start < program->count; run.section_start = run.section_end) {
		find_section_end();
		if (!run_section())
			return result->end;
	}
	end_execution();
	return result->end;
}
