/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of page.h in a guest: each call runs in the guest's kernel, through the device (device.h), in the
 * thread of the current task (guest_task.c).
 *
 * 1. After each call, this file reads what the kernel has logged. A warning, an oops or another report of the
 *    kernel ends the process, with a line `BUG: page: RULE: ...` as page.h defines. The kernel's report names
 *    no rule; this file knows the rule from its own lists of mappings and references.
 * 2. Reports of KCSAN do not end the process: kcsan.c collects them as races.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/exec/kernel_calls.h"
#include "harness/library.h"
#include "kernel/vm/device.h"
#include "kernel/vm/guest_log.h"
#include "kernel/vm/guest_task.h"
#include "kernel/vm/kcsan.h"
#include "page/page.h"

#define PAGES_MAX 4096

/* The references of each page, by the page's number. */
static _Atomic int references[PAGES_MAX];

/* ---- reports ---- */

static bool is_freed(unsigned int page)
{
	return page < PAGES_MAX && references[page] <= 0;
}

/* Return: the name of the rule that the call breaks, or "kernel" if the call breaks none. */
static const char *find_broken_rule(const struct page_task *task, const struct device_call *call,
				    const char *kernel_report)
{
	const void *mapping = (const void *)(uintptr_t)(call->addr & ~(uint64_t)(PAGE_SIZE - 1));

	if (strstr(kernel_report, "KASAN: use-after-free") ||
	    strstr(kernel_report, "KASAN: slab-use-after-free"))
		return "use-after-free";
	if (call->id == DEVICE_unmap && guest_task_maps(task, mapping))
		return task->maps[task->map_count - 1] == mapping ? "kernel" : "unmap-order";
	if (call->id == DEVICE_unmap || call->id >= DEVICE_load) {
		/* An inaccessible range of one page follows each mapping. */
		if (guest_task_maps(task, mapping) ||
		    guest_task_maps(task, (const char *)mapping - PAGE_SIZE))
			return "out-of-bounds";
		return guest_task_is_mapped_by_other(task, mapping) ? "foreign-map" : "use-after-unmap";
	}
	if (strstr(kernel_report, "kernel BUG at mm/highmem.c"))
		return "map-overflow";
	if (is_freed(call->page) || (call->id == DEVICE_copy && is_freed(call->source_page)))
		return "use-after-free";
	return "kernel";
}

static _Noreturn void report_and_abort(const struct page_task *task, const struct device_call *call,
				       const char *kernel_report)
{
	fprintf(stderr, "BUG: page: %s: the kernel reports: %s\n",
		find_broken_rule(task, call, kernel_report), kernel_report);
	abort();
}

/* ---- calls ---- */

static int64_t run_call(struct device_call *call)
{
	struct page_task *task = guest_task_find_current();
	char report[GUEST_LOG_LINE];
	bool has_report;
	int status;

	guest_task_create_thread_if_none(task);
	call->task = task->number;
	status = guest_device_run_call(call);
	has_report = guest_log_find_report(report);
	if (has_report || (!status && call->result == -EOWNERDEAD))
		report_and_abort(task, call, has_report ? report : "the end of the thread, without a report");
	if (status) {
		fprintf(stderr, "%s: expected a result of call %u: %s\n", DEVICE_PATH, call->id,
			strerror(errno));
		abort();
	}
	return call->result;
}

static unsigned int page_number(const struct page *page)
{
	return (unsigned int)((uintptr_t)page - 1);
}

static uint64_t convert_flags(gfp_t gfp)
{
	static const struct {
		gfp_t gfp;
		uint64_t flag;
	} flags[] = {
		{ GFP_ATOMIC, DEVICE_GFP_ATOMIC },     { GFP_NOWAIT, DEVICE_GFP_NOWAIT },
		{ GFP_NOIO, DEVICE_GFP_NOIO },         { __GFP_ZERO, DEVICE_GFP_ZERO },
		{ __GFP_HIGHMEM, DEVICE_GFP_HIGHMEM }, { __GFP_NOFAIL, DEVICE_GFP_NOFAIL },
	};
	uint64_t converted = 0;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (gfp & flags[i].gfp)
			converted |= flags[i].flag;
	return converted;
}

struct page *page_alloc(gfp_t gfp)
{
	struct device_call call = { .id = DEVICE_alloc, .value = convert_flags(gfp) };
	int64_t number = run_call(&call);

	if (number < 0) {
		errno = (int)-number;
		return NULL;
	}
	references[number] = 1;
	return (struct page *)(uintptr_t)(number + 1);
}

void page_get(struct page *page)
{
	struct device_call call = { .id = DEVICE_get, .page = page_number(page) };

	run_call(&call);
	references[call.page]++;
}

void page_free(struct page *page)
{
	struct device_call call = { .id = DEVICE_free, .page = page_number(page) };

	if (!page)
		return;
	run_call(&call);
	references[call.page]--;
}

unsigned int page_ref_count(const struct page *page)
{
	struct device_call call = { .id = DEVICE_ref_count, .page = page_number(page) };

	return (unsigned int)run_call(&call);
}

void *page_map_local(struct page *page)
{
	struct device_call call = { .id = DEVICE_map, .page = page_number(page) };

	run_call(&call);
	guest_task_add_mapping(guest_task_find_current(), (void *)(uintptr_t)call.addr);
	return (void *)(uintptr_t)call.addr;
}

void page_unmap_local(const void *addr)
{
	struct device_call call = { .id = DEVICE_unmap, .addr = (uintptr_t)addr };

	run_call(&call);
	guest_task_remove_mapping(guest_task_find_current(), addr);
}

static int run_range_call(enum device_call_id id, struct page *page, const void *buffer, size_t off,
			  size_t len)
{
	struct device_call call = {
		.id = id, .page = page_number(page), .offset = off, .length = len, .user = (uintptr_t)buffer
	};

	return (int)run_call(&call);
}

int page_read_raw(struct page *page, void *dst, size_t off, size_t len)
{
	return run_range_call(DEVICE_read_raw, page, dst, off, len);
}

int page_write_raw(struct page *page, const void *src, size_t off, size_t len)
{
	return run_range_call(DEVICE_write_raw, page, src, off, len);
}

int page_fill_zero(struct page *page, size_t off, size_t len)
{
	return run_range_call(DEVICE_fill_zero, page, NULL, off, len);
}

int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len)
{
	return run_range_call(DEVICE_read_bytewise, page, dst, off, len);
}

int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len)
{
	return run_range_call(DEVICE_write_bytewise, page, src, off, len);
}

int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len)
{
	struct device_call call = { .id = DEVICE_copy,
				    .page = page_number(dst),
				    .source_page = page_number(src),
				    .offset = dst_off,
				    .source_offset = src_off,
				    .length = len };

	return (int)run_call(&call);
}

int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off, size_t len)
{
	struct device_call call = { .id = DEVICE_copy_from_user,
				    .page = page_number(page),
				    .offset = off,
				    .length = len,
				    .user = (uintptr_t)reader->at,
				    .left = reader->left };
	int result = (int)run_call(&call);

	if (!result) {
		reader->at = (const char *)reader->at + len;
		reader->left -= len;
	}
	return result;
}

unsigned int page_fail_nth(unsigned int n)
{
	struct device_call call = { .id = DEVICE_fail_nth, .value = n };

	return (unsigned int)run_call(&call);
}

/* ---- accesses through a mapping ---- */

static uint64_t run_mapped_access(enum device_call_id id, const void *addr, const void *buffer, size_t len,
				  uint64_t value)
{
	struct device_call call = {
		.id = id, .addr = (uintptr_t)addr, .length = len, .user = (uintptr_t)buffer, .value = value
	};

	run_call(&call);
	return call.value;
}

static void read_mapping(const void *addr, void *buffer, size_t len)
{
	run_mapped_access(DEVICE_load, addr, buffer, len, 0);
}

static void write_mapping(void *addr, const void *buffer, size_t len)
{
	run_mapped_access(DEVICE_store, addr, buffer, len, 0);
}

static uint64_t read_mapping_atomic(const void *addr, size_t size)
{
	return run_mapped_access(DEVICE_load_atomic, addr, NULL, size, 0);
}

static void write_mapping_atomic(void *addr, size_t size, uint64_t value)
{
	run_mapped_access(DEVICE_store_atomic, addr, NULL, size, value);
}

/* ---- calls without the kernel ---- */

void *page_canonical(const void *addr)
{
	return (void *)(uintptr_t)addr;
}

/* The attributes of failures are those that the guest's init has set; only the reset to them is possible. */
int page_fault_attr_set(enum page_fault_point point, const struct page_fault_attr *attr)
{
	(void)point;
	(void)attr;
	return 0;
}

const char *page_map_backend(void)
{
	return "direct";
}

int page_map_backend_set(const char *name)
{
	return strcmp(name, page_map_backend()) ? -EINVAL : 0;
}

struct user_slice user_slice_new(const void *ptr, size_t len)
{
	return (struct user_slice){ ptr, len };
}

void user_slice_reader_init(struct user_slice_reader *reader, struct user_slice slice)
{
	*reader = (struct user_slice_reader){ slice.ptr, slice.len };
}

int user_slice_skip(struct user_slice_reader *reader, size_t len)
{
	if (len > reader->left)
		return -EFAULT;
	reader->at = (const char *)reader->at + len;
	reader->left -= len;
	return 0;
}

/* ---- races ---- */

static void check_free(const struct page *page)
{
	struct device_call call = { .id = DEVICE_check_free, .page = page_number(page) };

	if (guest_device_read_features() & DEVICE_HAS_KCSAN)
		run_call(&call);
}

static void visit_new_races(void (*fn)(const struct kernel_race *race, void *ctx), void *ctx)
{
	struct kcsan_race logged;
	char report[GUEST_LOG_LINE];

	if (guest_log_find_report(report)) {
		fprintf(stderr, "BUG: page: kernel: the kernel reports: %s\n", report);
		abort();
	}
	if (guest_device_read_features() & DEVICE_HAS_KCSAN)
		kcsan_set_next_settings();
	while (kcsan_take_race(&logged)) {
		struct kernel_race race;

		for (unsigned int i = 0; i < 2; i++) {
			race.accesses[i].addr = logged.accesses[i].addr;
			race.accesses[i].size = logged.accesses[i].size;
			race.accesses[i].task = guest_task_find_by_pid(logged.accesses[i].pid);
			race.accesses[i].kind.op = logged.accesses[i].op;
			race.accesses[i].kind.is_write = logged.accesses[i].is_write;
			race.accesses[i].kind.is_atomic = logged.accesses[i].is_atomic;
		}
		fn(&race, ctx);
	}
}

const struct kernel_calls *kernel_calls_of_guest(void)
{
	static const struct kernel_calls calls = { .read = read_mapping,
						   .write = write_mapping,
						   .read_atomic = read_mapping_atomic,
						   .write_atomic = write_mapping_atomic,
						   .check_free = check_free,
						   .visit_new_races = visit_new_races };

	return &calls;
}

const struct library *library_of_guest(void)
{
	static struct kernel_checks checks;
	static struct library library = { .has_known_access_pattern = true,
					  .announce_program = guest_log_write_program_name,
					  .kernel_checks = &checks };
	unsigned int features = guest_device_read_features();

	checks.has_forced_maps = features & DEVICE_HAS_FORCED_MAPS;
	checks.has_freed_page_reports = features & DEVICE_HAS_KASAN;
	checks.has_reference_checks = features & DEVICE_HAS_REFERENCE_CHECKS;
	library.lacks_failure_points = !(features & DEVICE_HAS_FAILURE_POINTS);
	return &library;
}
