/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/exec_state.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/bytes.h"
#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/detect/valgrind.h"
#include "harness/exec/kernel_calls.h"

#define DIRTY_FRAMES 128

_Static_assert(TRACE_PAGE == 1u << PAGE_SHIFT, "the format's pages are the library's");

/* Index of the call that this OS thread executes; race reports contain this index. */
static _Thread_local uint16_t current_call;

void exec_set_first_error(struct exec *exec, const char *format, ...)
{
	va_list args;

	if (atomic_flag_test_and_set(&exec->has_error))
		return;
	va_start(args, format);
	vsnprintf(exec->error_text, sizeof(exec->error_text), format, args);
	va_end(args);
}

void exec_set_reported_call(size_t call_index)
{
	current_call = (uint16_t)call_index;
}

void exec_record_call_and_run_hook(struct exec *exec, size_t call_index)
{
	exec_set_reported_call(call_index);
	if (exec->options.call_hook)
		exec->options.call_hook(call_index);
}

const char *exec_error_text(const struct exec *exec)
{
	return exec->error_text;
}

const struct race_reports *exec_race_reports(const struct exec *exec)
{
	return &exec->race_reports;
}

const struct exec_caught_call *exec_caught_call(const struct exec *exec)
{
	return &exec->caught_call;
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

void exec_get_mapped_access_range(const struct exec *exec, const struct call *call, uintptr_t *from,
				  uintptr_t *to)
{
	*from = *to = 0;
	if (!op_is_mapped_access(call->op))
		return;
	*from = (uintptr_t)exec->maps[call->handle[0]].addr + exec_saturate_number_to_size(call->number[0]);
	*to = *from + exec_saturate_number_to_size(call->number[1]);
}

/* ---- ThreadSanitizer's history of accesses ---- */

/*
 * ThreadSanitizer keeps about the last 98,000 entries of a thread's history of accesses. A call adds a few
 * entries, a bytewise call one entry for each byte. The executor derives the number of entries from the
 * program alone, so that the prediction of reports is the same in each execution.
 */
#define HISTORY_ENTRIES_KEPT 65536
#define ENTRIES_PER_CALL     64

static uintptr_t find_log_position_after_access(const void *ctx, const struct access *access)
{
	const struct exec *exec = ctx;
	const struct exec_tsan_log_range *range = &exec->tsan_log_ranges[access->call];

	return tsan_find_log_position_after_access(range->from, range->to,
						   exec->pages[access->page].canonical_addr + access->from);
}

static bool is_bytewise(const struct call *call)
{
	return call->op == OP_read_bytewise_atomic || call->op == OP_write_bytewise_atomic;
}

/* Counts the history entries of the thread's calls after the access; a thread runs its lines in order. */
static bool may_be_lost_from_history(const void *ctx, const struct access *access)
{
	const struct program *program = ((const struct exec *)ctx)->state.program;
	size_t entry_count = 0;

	for (size_t i = access->call + 1u; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->thread != access->thread)
			continue;
		entry_count += ENTRIES_PER_CALL;
		if (is_bytewise(call) && call->number[1] <= PAGE_SIZE)
			entry_count += call->number[1];
	}
	return entry_count > HISTORY_ENTRIES_KEPT;
}

struct tsan_facts exec_tsan_facts(const struct exec *exec)
{
	return (struct tsan_facts){ find_log_position_after_access, may_be_lost_from_history, exec };
}

/* ---- ThreadSanitizer's race reports ---- */

static uint8_t parse_thread_name(const char *name)
{
	if (!strcmp(name, "main"))
		return THREAD_MAIN;
	if (name[0] == 'T' && name[1] >= '0' && name[1] <= '7' && !name[2])
		return (uint8_t)(name[1] - '0' + 1);
	return PROGRAM_THREADS;
}

static void set_page_of_race(const struct exec *exec, struct race_report *report, uintptr_t from,
			     uintptr_t to)
{
	report->page = RACE_REPORT_NO_PAGE;
	for (uint8_t i = 0; i < PROGRAM_PAGES; i++) {
		uintptr_t canonical = exec->pages[i].canonical_addr;

		/*
		 * One unsigned comparison finds both ends of the page. With two comparisons, code coverage
		 * would depend on the order of the pages' addresses.
		 */
		if (!exec->pages[i].page || from - canonical >= PAGE_SIZE)
			continue;
		report->page = i;
		report->from = (uint16_t)(from - canonical);
		report->to = (uint16_t)(to - canonical);
	}
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
		.earlier_thread = parse_thread_name(race->before.thread_name),
	};

	if (exec->runs_on_fibers && thread_locals_contain(&exec->locals, race->now.addr))
		return;
	set_page_of_race(exec, &race_report, from, to);
	bytes_copy(race_report.stacks[0], race->now.stack, sizeof(race_report.stacks[0]));
	bytes_copy(race_report.stacks[1], race->before.stack, sizeof(race_report.stacks[1]));
	race_reports_add(&exec->race_reports, &race_report);
}

/* Return: the thread whose task is @task; PROGRAM_THREADS: none. */
static uint8_t find_thread_of_task(const struct exec *exec, const struct page_task *task)
{
	uint8_t thread = 0;

	while (thread < PROGRAM_THREADS && (!task || exec->thread_states[thread].task != task))
		thread++;
	return thread;
}

static void record_kernel_race(const struct kernel_race *race, void *ctx)
{
	struct exec *exec = ctx;
	uintptr_t begins[2] = { race->accesses[0].addr, race->accesses[1].addr };
	uintptr_t ends[2] = { begins[0] + race->accesses[0].size, begins[1] + race->accesses[1].size };
	uintptr_t from = begins[0] > begins[1] ? begins[0] : begins[1];
	uintptr_t to = ends[0] < ends[1] ? ends[0] : ends[1];
	struct race_report report = {
		.call = RACE_REPORT_NO_CALL,
		.thread = find_thread_of_task(exec, race->accesses[0].task),
		.earlier_thread = find_thread_of_task(exec, race->accesses[1].task),
		.accesses = { race->accesses[0].kind, race->accesses[1].kind },
	};

	set_page_of_race(exec, &report, from, to);
	race_reports_add(&exec->race_reports, &report);
}

void exec_add_kernel_races(struct exec *exec)
{
	if (kernel_calls_get())
		kernel_calls_get()->visit_new_races(record_kernel_race, exec);
}

static bool detector_prints_races;

void exec_set_races_printed_only(bool print)
{
	detector_prints_races = print;
}

/* ---- lifetime ---- */

/*
 * Number of bytes at a struct page_task that Valgrind must ignore: a library keeps private data there, which
 * other threads may read. The size of this private data is not public; the ignored range contains no page.
 */
#define TASK_DATA_SIZE 1024

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
	valgrind_ignore_range(thread_state->task, TASK_DATA_SIZE);
	valgrind_ignore_range(thread_state->spare_task, TASK_DATA_SIZE);
	return true;
}

/*
 * Allocates page frames, fills them with nonzero bytes and frees them, so that later allocations return
 * nonzero frames. A new frame is zero, which would hide an allocation that ignores __GFP_ZERO.
 */
static void fill_free_frames_with_nonzero(void)
{
	struct page *pages[DIRTY_FRAMES];
	static uint8_t nonzero_bytes[PAGE_SIZE];

	bytes_fill(nonzero_bytes, EXEC_GUARD_BYTE, PAGE_SIZE);
	for (unsigned int i = 0; i < DIRTY_FRAMES; i++) {
		pages[i] = page_alloc(GFP_KERNEL);
		if (pages[i])
			page_write_raw(pages[i], nonzero_bytes, 0, PAGE_SIZE);
	}
	for (unsigned int i = 0; i < DIRTY_FRAMES; i++)
		page_free(pages[i]);
}

/* A library may check for failures only after its first page_fail_nth(), so exec_new() makes this call. */
static void make_first_fail_nth_request(void)
{
	page_fail_nth(1);
	page_fail_nth(0);
}

/* Maps the page once in @task (NULL: the OS thread's own task), so that the library creates the task's data.
 */
static void map_once_in_task(struct page_task *task, struct page *page)
{
	page_task_switch_in(task);
	page_unmap_local(page_map_local(page));
	page_task_switch_out(task);
}

static void create_mapping_data_of_task(struct page_task *task)
{
	struct page *page = page_alloc(GFP_KERNEL);

	if (!page)
		return;
	map_once_in_task(task, page);
	page_free(page);
}

/*
 * A library may create a task's mapping data at the task's first mapping, and search the data of all tasks in
 * the order of creation. This function creates the data of all tasks in a fixed order before any program
 * runs.
 */
static void create_all_mapping_data(struct exec *exec)
{
	create_mapping_data_of_task(NULL);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		create_mapping_data_of_task(exec->thread_states[t].task);
		create_mapping_data_of_task(exec->thread_states[t].spare_task);
	}
}

/* An injected failure decrements the attribute `times`, so each program starts with initial attributes. */
static void reset_fault_attributes(void)
{
	static const struct page_fault_attr initial = PAGE_FAULT_ATTR_INIT;

	page_fault_attr_set(PAGE_FAULT_ALLOC, &initial);
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &initial);
}

struct exec *exec_new_without_fibers(bool must_use_library)
{
	struct exec *exec = calloc(1, sizeof(*exec));

	if (!exec)
		return NULL;
	exec->options.stop_after_call = SIZE_MAX;
	tsan_log_is_readable(); /* the first call makes accesses, so it precedes all programs */
	valgrind_ignore_static_memory();
	valgrind_ignore_range(exec, sizeof(*exec));
	if (must_use_library) {
		fill_free_frames_with_nonzero();
		make_first_fail_nth_request();
	}
	thread_locals_find(&exec->locals);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (!init_thread_state(exec, t)) {
			exec_delete(exec);
			return NULL;
		}
	if (must_use_library)
		create_all_mapping_data(exec);
	if (exec_user_memory_init(exec))
		return exec;
	exec_delete(exec);
	return NULL;
}

struct exec *exec_new(void)
{
	struct exec *exec = exec_new_without_fibers(true);

	if (exec)
		exec_create_fibers(exec);
	return exec;
}

bool exec_use_one_page(struct exec *exec)
{
	struct page *page = page_alloc(GFP_KERNEL);

	if (!page)
		return false;
	make_first_fail_nth_request();
	map_once_in_task(NULL, page);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		map_once_in_task(exec->thread_states[t].task, page);
		map_once_in_task(exec->thread_states[t].spare_task, page);
	}
	page_free(page);
	return true;
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
	exec_user_memory_destroy(exec);
	free(exec);
}

void exec_reset_and_record_races(struct exec *exec, const struct program *program)
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

/*
 * Forgets the previous execution's accesses to the library's data. Memory that is not the library's data is
 * ignored: all fibers share the OS thread's stack and thread-local variables, and each thread has its own
 * buffers.
 */
void exec_begin_library_race_detection(const struct exec *exec)
{
	const struct program *program = exec->state.program;
	uint16_t threads = 1u << THREAD_MAIN;

	for (size_t i = 0; i < program->count; i++)
		threads |= (uint16_t)(1u << program->calls[i].thread);
	library_race_begin();
	for (unsigned int i = 0; i < exec->locals.range_count; i++)
		library_race_ignore_range((const void *)exec->locals.ranges[i].from,
					  exec->locals.ranges[i].to - exec->locals.ranges[i].from);
	library_race_ignore_range(exec, sizeof(*exec));
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		if (!(threads & 1u << t))
			continue;
		library_race_ignore_range(exec->thread_states[t].source_buffer, PAGE_SIZE);
		library_race_ignore_range(exec->thread_states[t].target_buffer, PAGE_SIZE + 2 * EXEC_GUARD);
	}
}

static void record_final_page(struct exec_page *page, struct trace *trace, unsigned int handle)
{
	void *addr;

	trace->pages[handle].live = true;
	trace->pages[handle].refs = (uint16_t)page_ref_count(page->page);
	trace->pages[handle].at = trace_reserve_log(trace, PAGE_SIZE);
	addr = page_map_local(page->page);
	exec_copy_from_mapping(trace->bytes + trace->pages[handle].at, addr, PAGE_SIZE);
	page_unmap_local(addr);
}

/* Main ends the mappings that an ended thread left, and cancels the thread's fail_nth(). */
static void clean_up_after_thread(struct exec *exec, struct exec_thread_state *thread_state)
{
	if (!thread_state->live_map_count && !thread_state->has_called_fail_nth)
		return;
	page_task_switch_in(thread_state->task);
	while (thread_state->live_map_count)
		page_unmap_local(exec->maps[thread_state->live_maps[--thread_state->live_map_count]].addr);
	page_fail_nth(0);
	thread_state->has_called_fail_nth = false;
	page_task_switch_out(thread_state->task);
}

void exec_record_pages_and_clean_up(struct exec *exec, struct trace *trace)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		clean_up_after_thread(exec, &exec->thread_states[t]);
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
