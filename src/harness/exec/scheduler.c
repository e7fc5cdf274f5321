/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/scheduler.h"

#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/exec/exec_order.h"
#include "harness/exec/exec_state.h"
#include "harness/interleave/coroutine.h"
#include "harness/interleave/shared_addresses.h"

#define HELD_MUTEXES 16

/* The most points of a thread in one execution. An execution with more is reported as a livelock. */
#define POINTS_MAX (1u << 23)

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
	const struct strategy *strategy;
	struct interleaving *result;
	struct coroutine driver;
	struct thread threads[PROGRAM_THREADS];
	uint8_t running;           /* NO_THREAD: the driver */
	uint8_t last_ran;          /* the thread that made the last decision; NO_THREAD: a section begins */
	bool is_switching;         /* the library's task is being switched, which is no part of a call */
	bool is_starting;          /* the running thread runs up to its first point */
	uint32_t section_position; /* as the position of a decision at the begin of the section */
	uintptr_t held_mutexes[HELD_MUTEXES];
	size_t held_mutex_count;
} scheduler = { .running = NO_THREAD };

/* ---- locks that the executor keeps ---- */

static size_t find_held_mutex(uintptr_t addr)
{
	size_t i = 0;

	while (i < scheduler.held_mutex_count && scheduler.held_mutexes[i] != addr)
		i++;
	return i;
}

static bool is_mutex_held(uintptr_t addr)
{
	return find_held_mutex(addr) < scheduler.held_mutex_count;
}

static void hold_mutex(uintptr_t addr)
{
	if (scheduler.held_mutex_count < HELD_MUTEXES)
		scheduler.held_mutexes[scheduler.held_mutex_count++] = addr;
}

static void release_mutex(uintptr_t addr)
{
	size_t i = find_held_mutex(addr);

	if (i < scheduler.held_mutex_count)
		scheduler.held_mutexes[i] = scheduler.held_mutexes[--scheduler.held_mutex_count];
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
	const struct point *point = &scheduler.threads[thread].pending;

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

static uint32_t get_position_of_thread(uint8_t thread)
{
	return scheduler.threads[thread].point_count + !scheduler.threads[thread].is_alive;
}

static uint32_t get_position(void)
{
	if (scheduler.last_ran == NO_THREAD)
		return scheduler.section_position;
	return get_position_of_thread(scheduler.last_ran);
}

/* A replay decides at every point. Where threads go on, it needs no record, and would have too many. */
static bool must_record(const struct moment *moment, uint8_t chosen)
{
	return !scheduler.strategy->decides_at_every_point || chosen != moment->running ||
	       moment->index < DECISIONS_MAX / 2;
}

static void record_decision(const struct moment *moment, uint8_t chosen)
{
	struct decision *decision = &scheduler.result->decisions[scheduler.result->decision_count];

	if (!must_record(moment, chosen))
		return;
	*decision = (struct decision){
		.chosen = chosen,
		.running = moment->running,
		.enabled = moment->enabled,
		.position = moment->position,
		.call = scheduler.threads[chosen].call,
		.number = scheduler.threads[chosen].point_count,
		.point = scheduler.threads[chosen].pending,
	};
	if (moment->running != NO_THREAD) {
		decision->stopped_call = scheduler.threads[moment->running].call;
		decision->stopped_kind = scheduler.threads[moment->running].pending.kind;
	}
	scheduler.result->decision_count++;
}

static bool has_reached_points_max(void)
{
	return scheduler.last_ran != NO_THREAD &&
	       scheduler.threads[scheduler.last_ran].point_count >= POINTS_MAX;
}

/* Return: the threads that called sched_yield(), which go on if no other thread can run. */
static uint16_t find_yielding_threads(uint16_t alive)
{
	uint16_t yielding = 0;

	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (alive & 1u << t && scheduler.threads[t].pending.kind == POINT_CHANGE)
			yielding |= (uint16_t)(1u << t);
	return yielding;
}

/* Return: NO_THREAD if the section has ended, or the execution cannot go on. */
static uint8_t decide_next_thread(void)
{
	struct point points[PROGRAM_THREADS];
	struct moment moment = {
		.index = scheduler.result->decision_count,
		.running = scheduler.last_ran,
		.position = get_position(),
		.points = points,
	};
	uint8_t chosen;

	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		if (!scheduler.threads[t].is_alive)
			continue;
		moment.alive |= (uint16_t)(1u << t);
		moment.enabled |= (uint16_t)(is_enabled(t) << t);
		points[t] = scheduler.threads[t].pending;
		points[t].is_taken = is_taken(&points[t]);
	}
	if (!moment.alive)
		return NO_THREAD;
	if (moment.index == DECISIONS_MAX - 1 || has_reached_points_max()) {
		scheduler.result->end = INTERLEAVING_LIVELOCK;
		return NO_THREAD;
	}
	if (!moment.enabled)
		moment.enabled = find_yielding_threads(moment.alive);
	if (!moment.enabled) {
		scheduler.result->end = INTERLEAVING_DEADLOCK;
		if (scheduler.strategy->handle_deadlock)
			scheduler.strategy->handle_deadlock(&moment);
		return NO_THREAD;
	}
	chosen = scheduler.strategy->choose(&moment);
	if (chosen == NO_THREAD)
		scheduler.result->end = INTERLEAVING_DOES_NOT_FIT;
	else
		record_decision(&moment, chosen);
	return chosen;
}

static struct coroutine *find_coroutine(uint8_t thread)
{
	return thread == NO_THREAD ? &scheduler.driver : &scheduler.threads[thread].coroutine;
}

static void switch_fiber(uint8_t from, uint8_t to)
{
	uint8_t from_fiber = from == NO_THREAD ? THREAD_MAIN : from,
		to_fiber = to == NO_THREAD ? THREAD_MAIN : to;

	if (from_fiber != to_fiber)
		tsan_fiber_switch(scheduler.exec->fibers[to_fiber]);
}

/* Continues @next; NO_THREAD: the driver. */
static void switch_to(uint8_t next)
{
	uint8_t previous = scheduler.running;

	scheduler.is_switching = true;
	if (previous != NO_THREAD) {
		library_race_unwatch();
		page_task_switch_out(scheduler.exec->thread_states[previous].task);
	}
	switch_fiber(previous, next);
	if (next != NO_THREAD) {
		page_task_switch_in(scheduler.exec->thread_states[next].task);
		exec_set_reported_call(scheduler.threads[next].call);
		library_race_watch(next, scheduler.threads[next].call);
	}
	scheduler.running = next;
	scheduler.is_switching = false;
	coroutine_switch(find_coroutine(previous), find_coroutine(next));
}

static void let_strategy_choose(void)
{
	uint8_t next;

	if (scheduler.is_starting) {
		switch_to(NO_THREAD);
		return;
	}
	scheduler.last_ran = scheduler.running;
	next = decide_next_thread();
	if (next != scheduler.running)
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
	bool is_interesting = is_shared || scheduler.strategy->decides_at_every_point;

	return (is_interesting && scheduler.running != THREAD_MAIN) || !is_enabled(scheduler.running) ||
	       scheduler.threads[scheduler.running].point_count >= POINTS_MAX;
}

static void add_to_point_hash(const struct point *point)
{
	uint64_t value = point->addr << 8 ^ (uint64_t)point->kind << 4 ^ scheduler.running;

	scheduler.result->point_hash = (scheduler.result->point_hash ^ value) * 0x9e3779b97f4a7c15;
}

void scheduler_reach_point(enum point_kind kind, const volatile void *addr, size_t size)
{
	struct thread *thread = &scheduler.threads[scheduler.running];
	struct point point = { .kind = (uint8_t)kind, .size = (uint8_t)size, .addr = (uintptr_t)addr };
	bool is_shared;

	if (kind == POINT_CHANGE)
		point.value = read_value(addr, size);
	thread->point_count++;
	thread->pending = point;
	add_to_point_hash(&point);
	is_shared = shared_addresses_record(point.addr, scheduler.running, point_is_write(&point));
	scheduler.result->has_learned = shared_addresses_has_learned();
	if (must_decide(is_shared))
		let_strategy_choose();
	apply_point(thread, &point);
}

static void reach_atomic_point(enum point_kind kind, const volatile void *addr, size_t size)
{
	struct thread *thread = &scheduler.threads[scheduler.running];
	bool takes_granted_lock = kind == POINT_UPDATE && thread->granted_lock == (uintptr_t)addr;

	thread->last_access = (const uint8_t *)(uintptr_t)addr;
	thread->last_access_size = size;
	thread->granted_lock = 0;
	if (!takes_granted_lock)
		scheduler_reach_point(kind, addr, size);
}

void scheduler_handle_hook(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	const struct thread *thread = &scheduler.threads[scheduler.running];

	if (scheduler.running == NO_THREAD || scheduler.is_switching)
		return;
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
		scheduler_reach_point(POINT_SPIN_LOCK, addr, size);
		break;
	case HOOK_MUTEX_LOCK:
		scheduler_reach_point(POINT_MUTEX_LOCK, addr, 1);
		break;
	case HOOK_MUTEX_UNLOCK:
		scheduler_reach_point(POINT_MUTEX_UNLOCK, addr, 1);
		break;
	case HOOK_YIELD:
		if (thread->last_access)
			scheduler_reach_point(POINT_CHANGE, thread->last_access, thread->last_access_size);
		break;
	default:
		break;
	}
}

void scheduler_set_call(uint8_t thread, size_t call)
{
	scheduler.threads[thread].call = (uint16_t)call;
}

/* ---- threads ---- */

uint8_t scheduler_running_thread(void)
{
	return scheduler.running;
}

void scheduler_end_thread(void)
{
	scheduler.threads[scheduler.running].is_alive = false;
	let_strategy_choose();
	__builtin_unreachable();
}

void scheduler_start_thread(uint8_t t, void (*run_thread)(void))
{
	struct thread *thread = &scheduler.threads[t];
	struct thread_start *start = &scheduler.result->starts[scheduler.result->start_count++];

	*start = (struct thread_start){
		.thread = t,
		.section = scheduler.section_position,
		.first = thread->point_count + 1,
		.position = UINT32_MAX,
	};
	coroutine_prepare(&thread->coroutine, run_thread);
	thread->is_alive = true;
	if (t != THREAD_MAIN) {
		switch_fiber(NO_THREAD, t);
		exec_order_acquire_from_main(t);
		switch_fiber(t, NO_THREAD);
	}
	scheduler.is_starting = true;
	switch_to(t);
	scheduler.is_starting = false;
	start->position = get_position_of_thread(t);
}

void scheduler_join_thread(uint8_t t)
{
	switch_fiber(NO_THREAD, t);
	exec_order_release_to_main(t);
	switch_fiber(t, NO_THREAD);
}

/* ---- sections and executions ---- */

void scheduler_begin_section(uint32_t position)
{
	scheduler.section_position = position;
	shared_addresses_begin_section();
	if (scheduler.strategy->begin_section)
		scheduler.strategy->begin_section(scheduler.result->decision_count);
}

void scheduler_run_threads(void)
{
	uint8_t next;

	scheduler.last_ran = NO_THREAD;
	next = decide_next_thread();
	if (next != NO_THREAD)
		switch_to(next);
}

void scheduler_begin_execution(struct exec *exec, const struct strategy *strategy,
			       struct interleaving *result)
{
	scheduler.exec = exec;
	scheduler.strategy = strategy;
	scheduler.result = result;
	scheduler.running = NO_THREAD;
	scheduler.held_mutex_count = 0;
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		struct thread *thread = &scheduler.threads[t];

		thread->is_alive = false;
		thread->point_count = 0;
		thread->granted_lock = 0;
		thread->last_access = NULL;
	}
	result->decision_count = result->start_count = 0;
	result->has_learned = false;
	result->point_hash = 0;
	result->end = INTERLEAVING_DONE;
	strategy->begin_execution();
}

bool scheduler_map_stacks(void)
{
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (!scheduler.threads[t].coroutine.stack &&
		    !coroutine_map_stack(&scheduler.threads[t].coroutine))
			return false;
	return true;
}
