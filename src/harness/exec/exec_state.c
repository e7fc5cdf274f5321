/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/exec_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/detect/valgrind.h"

#define USED_FRAMES 128

_Static_assert(TRACE_PAGE == 1u << PAGE_SHIFT, "the format's pages are the library's");

/* The index of the call that this OS thread executes, for race reports. */
static _Thread_local uint16_t current_call;

void exec_set_error(struct exec *exec, const char *what, ...)
{
	va_list args;

	if (atomic_flag_test_and_set(&exec->has_error))
		return;
	va_start(args, what);
	vsnprintf(exec->error_text, sizeof(exec->error_text), what, args);
	va_end(args);
}

void exec_begin_call(struct exec *exec, size_t index)
{
	current_call = (uint16_t)index;
	if (exec->options.call_hook)
		exec->options.call_hook(index);
}

const char *exec_error(const struct exec *exec)
{
	return exec->error_text;
}

const struct race_reports *exec_race_reports(const struct exec *exec)
{
	return &exec->race_reports;
}

struct exec_options *exec_options(struct exec *exec)
{
	return &exec->options;
}

const char *exec_backend_name(void)
{
	return page_map_backend();
}

bool exec_set_backend(const char *name)
{
	return !page_map_backend_set(name);
}

void exec_access_range(const struct exec *exec, const struct call *call, uintptr_t *from,
		       uintptr_t *to)
{
	*from = *to = 0;
	if (!op_is_mapped_access(call->op))
		return;
	*from = (uintptr_t)exec->maps[call->handle[0]].addr +
		exec_size_from_number(call->number[0]);
	*to = *from + exec_size_from_number(call->number[1]);
}

/* ---- the detector's history ---- */

/*
 * ThreadSanitizer keeps about 98,000 entries of a thread's history. A call makes a few entries, a
 * bytewise call one for each byte. They are counted from the program alone, so that the answer is
 * the same in each execution.
 */
#define SURELY_KEPT  65536
#define ENTRIES_CALL 64

static uintptr_t find_log_position_after(const void *ctx, const struct access *access)
{
	const struct exec *exec = ctx;
	const struct exec_log_range *range = &exec->log_ranges[access->call];

	return tsan_log_position_after(range->from, range->to,
				       exec->pages[access->page].canonical_addr + access->from);
}

static bool is_bytewise(const struct call *call)
{
	return call->op == OP_read_bytewise_atomic || call->op == OP_write_bytewise_atomic;
}

/* Counts the log entries of later lines: the lines of one thread run in their order. */
static bool may_be_lost_from_history(const void *ctx, const struct access *access)
{
	const struct program *program = ((const struct exec *)ctx)->state.program;
	size_t entries = 0;

	for (size_t i = access->call + 1u; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->thread != access->thread)
			continue;
		entries += ENTRIES_CALL;
		if (is_bytewise(call) && call->number[1] <= PAGE_SIZE)
			entries += call->number[1];
	}
	return entries > SURELY_KEPT;
}

struct tsan_facts exec_tsan_facts(const struct exec *exec)
{
	return (struct tsan_facts){ find_log_position_after, may_be_lost_from_history, exec };
}

/* ---- the detector's reports ---- */

static uint8_t parse_thread_name(const char *name)
{
	if (!strcmp(name, "main"))
		return THREAD_MAIN;
	if (name[0] == 'T' && name[1] >= '0' && name[1] <= '7' && !name[2])
		return (uint8_t)(name[1] - '0' + 1);
	return PROGRAM_THREADS;
}

static void record_race(const struct tsan_race *race, void *ctx)
{
	struct exec *exec = ctx;
	uintptr_t from = race->now.addr > race->before.addr ? race->now.addr : race->before.addr;
	uintptr_t now_end = race->now.addr + race->now.size;
	uintptr_t before_end = race->before.addr + race->before.size;
	uintptr_t to = now_end < before_end ? now_end : before_end;
	struct race_report race_report = {
		.call = current_call,
		.earlier_thread = parse_thread_name(race->before.thread),
		.page = RACE_REPORT_NO_PAGE,
	};

	if (exec->runs_on_fibers && thread_locals_contain(&exec->locals, race->now.addr))
		return;
	for (uint8_t i = 0; i < PROGRAM_PAGES; i++) {
		uintptr_t canonical = exec->pages[i].canonical_addr;

		/*
		 * A single test: two would let coverage depend on which page has the higher
		 * address.
		 */
		if (!exec->pages[i].page || from - canonical >= PAGE_SIZE)
			continue;
		race_report.page = i;
		race_report.from = (uint16_t)(from - canonical);
		race_report.to = (uint16_t)(to - canonical);
	}
	bytes_copy(race_report.stacks[0], race->now.stack, sizeof(race_report.stacks[0]));
	bytes_copy(race_report.stacks[1], race->before.stack, sizeof(race_report.stacks[1]));
	race_reports_add(&exec->race_reports, &race_report);
}

static bool detector_prints_races;

void exec_print_races(bool print)
{
	detector_prints_races = print;
}

/* ---- lifetime ---- */

/*
 * A library keeps private data of a task where its handle points, and a thread that ends another's
 * mapping may read it. The size is not public; it contains no page.
 */
#define KEPT_OF_TASK 1024

static bool init_thread_state(struct exec *exec, unsigned int thread)
{
	struct exec_thread_state *thread_state = &exec->thread_states[thread];

	thread_state->source_buffer = calloc(1, PAGE_SIZE);
	thread_state->target_buffer = calloc(1, PAGE_SIZE + 2 * EXEC_GUARD);
	thread_state->task = page_task_new(thread_name((uint8_t)thread));
	thread_state->spare_task = page_task_new("spare");
	if (!thread_state->source_buffer || !thread_state->target_buffer || !thread_state->task ||
	    !thread_state->spare_task)
		return false;
	valgrind_ignore(thread_state->task, KEPT_OF_TASK);
	valgrind_ignore(thread_state->spare_task, KEPT_OF_TASK);
	exec->fibers[thread] = thread == THREAD_MAIN ? tsan_fiber_self()
						     : tsan_fiber_new(thread_name((uint8_t)thread));
	return true;
}

/*
 * Allocates, fills and frees so many frames that a library which recycles frames returns used
 * ones.
 * A fresh mapping is zero by itself, which would hide an allocation that ignores __GFP_ZERO.
 */
static void recycle_frames(void)
{
	struct page *pages[USED_FRAMES];
	static uint8_t used[PAGE_SIZE];

	bytes_fill(used, EXEC_GUARD_BYTE, PAGE_SIZE);
	for (unsigned int i = 0; i < USED_FRAMES; i++) {
		pages[i] = page_alloc(GFP_KERNEL);
		if (pages[i])
			page_write_raw(pages[i], used, 0, PAGE_SIZE);
	}
	for (unsigned int i = 0; i < USED_FRAMES; i++)
		page_free(pages[i]);
}

/*
 * A library may test for injected failures only after the first request. This makes a request at
 * the start, so that no program changes how the next one runs.
 */
static void enable_fault_injection(void)
{
	page_fail_nth(1);
	page_fail_nth(0);
}

/*
 * A library may create a task's mapping data at its first mapping, and search it in the order of
 * creation. This creates the data of all tasks at the start, in the order of the tasks.
 */
static void create_mapping_data(struct page_task *task)
{
	struct page *page = page_alloc(GFP_KERNEL);

	if (!page)
		return;
	page_task_switch_in(task);
	page_unmap_local(page_map_local(page));
	page_task_switch_out(task);
	page_free(page);
}

static void create_all_mapping_data(struct exec *exec)
{
	create_mapping_data(NULL); /* the thread's own task */
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		create_mapping_data(exec->thread_states[t].task);
		create_mapping_data(exec->thread_states[t].spare_task);
	}
}

/*
 * A failure of fail_nth decrements the point's `times`, so each program starts with fresh
 * attributes.
 */
static void reset_fault_attributes(void)
{
	static const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT;

	page_fault_attr_set(PAGE_FAULT_ALLOC, &off);
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &off);
}

struct exec *exec_new(void)
{
	struct exec *exec = calloc(1, sizeof(*exec));

	if (!exec)
		return NULL;
	exec->options.last_call = SIZE_MAX;
	tsan_is_predictable(); /* tests the log's layout before any program runs */
	valgrind_ignore_statics();
	valgrind_ignore(exec, sizeof(*exec));
	recycle_frames();
	enable_fault_injection();
	thread_locals_find(&exec->locals);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (!init_thread_state(exec, t)) {
			exec_delete(exec);
			return NULL;
		}
	create_all_mapping_data(exec);
	if (exec_user_init(exec))
		return exec;
	exec_delete(exec);
	return NULL;
}

void exec_delete(struct exec *exec)
{
	if (!exec)
		return;
	tsan_set_race_callback(NULL, NULL);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		free(exec->thread_states[t].source_buffer);
		free(exec->thread_states[t].target_buffer);
		page_task_delete(exec->thread_states[t].task);
		page_task_delete(exec->thread_states[t].spare_task);
	}
	exec_user_destroy(exec);
	free(exec);
}

void exec_start(struct exec *exec, const struct program *program)
{
	program_state_init(&exec->state, program);
	bytes_fill(exec->pages, 0, sizeof(exec->pages));
	bytes_fill(exec->maps, 0, sizeof(exec->maps));
	reset_fault_attributes();
	atomic_flag_clear(&exec->has_error);
	exec->error_text[0] = '\0';
	race_reports_clear(&exec->race_reports);
	tsan_set_race_callback(detector_prints_races ? NULL : record_race, exec);
}

static void record_final_page(struct exec_page *page, struct trace *trace, unsigned int index)
{
	void *addr;

	trace->pages[index].live = true;
	trace->pages[index].refs = (uint16_t)page_ref_count(page->page);
	trace->pages[index].at = trace_reserve_log(trace, PAGE_SIZE);
	addr = page_map_local(page->page);
	bytes_copy(trace->bytes + trace->pages[index].at, addr, PAGE_SIZE);
	page_unmap_local(addr);
}

/* Main cleans up for a thread that has ended. */
static void destroy_thread_state(struct exec *exec, struct exec_thread_state *thread_state)
{
	if (!thread_state->live_map_count && !thread_state->has_called_fail_nth)
		return;
	page_task_switch_in(thread_state->task);
	while (thread_state->live_map_count)
		page_unmap_local(
			exec->maps[thread_state->live_maps[--thread_state->live_map_count]].addr);
	page_fail_nth(0);
	thread_state->has_called_fail_nth = false;
	page_task_switch_out(thread_state->task);
}

void exec_finish(struct exec *exec, struct trace *trace)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		destroy_thread_state(exec, &exec->thread_states[t]);
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct exec_page *page = &exec->pages[i];

		if (!page->ref_count)
			continue;
		record_final_page(page, trace, i);
		while (page->ref_count--)
			page_free(page->page);
	}
	tsan_set_race_callback(NULL, NULL);
}
