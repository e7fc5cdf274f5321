/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api that misuse the library: each runs in a child process, which the misuse must end. */
#include "fuzz/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/fuzz.h"
#include "harness/util/isolate.h"
#include "harness/util/number.h"
#include "harness/util/no_coverage.h"
#include "harness/detect/detector.h"

#define CHILD_SECONDS 5

/* The reports of child processes need no function names, and looking the names up takes a second. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "symbolize=0";
}

NO_COVERAGE_BEGIN

struct misuse {
	void (*fn)(void *ctx);
	void *ctx;
};

static void run_misuse_and_exit(void *ctx)
{
	const struct misuse *misuse = ctx;

	detector_hide_child_death_from_engine();
	misuse->fn(misuse->ctx);
	_Exit(0);
}

static bool has_expected_report(const struct isolated *child, const char *rule, bool is_signal_accepted)
{
	char expected_report[64];

	snprintf(expected_report, sizeof(expected_report), "BUG: page: %s%s", rule ? rule : "",
		 rule ? ": " : "");
	return strstr(child->output, expected_report) ||
	       (is_signal_accepted && (child->signal || strstr(child->output, "Sanitizer: ")));
}

void api_maybe_check_misuse_in_child(const struct api_call *call, void (*fn)(void *ctx), void *ctx,
				     const char *rule, bool is_signal_accepted)
{
	static struct isolated child;
	static unsigned int counts[API_COUNT];
	struct misuse misuse = { fn, ctx };

	if (!fuzz_count_and_decide_fork(&counts[call->op]))
		return;
	if (!isolate_call(run_misuse_and_exit, &misuse, CHILD_SECONDS, &child)) {
		fprintf(stderr, "expected a process, got none\n");
		abort();
	}
	api_expect(!child.has_timed_out, "misuse hung for %d s", CHILD_SECONDS);
	api_expect(child.signal || child.exit_code, "misuse did not end the process, expected %s",
		   rule ? rule : "a report");
	api_expect(has_expected_report(&child, rule, is_signal_accepted),
		   "misuse ended the process without a report of %s: %.400s", rule ? rule : "the library",
		   child.output);
}

NO_COVERAGE_END

/* ---- mappings ---- */

static void unmap_address(void *addr)
{
	page_unmap_local(addr);
}

/* Return: an offset that depends on @number; for small odd numbers, an offset at the end of the page. */
static size_t derive_unmap_offset(uint64_t number)
{
	return number < NUMBER_SPAN && number % 2 ? PAGE_SIZE - 1 + number / 2 % 4 : (size_t)number;
}

void api_run_unmap_at(const struct api_call *call)
{
	unsigned char *addr = page_map_local(api_get_or_alloc_page(call));
	size_t offset = derive_unmap_offset(call->numbers[0]);
	/* An offset beyond the page gives an address in another page, or in no page. */
	unsigned char *unmapped_address = (unsigned char *)((uintptr_t)addr + offset);

	if (offset < PAGE_SIZE) {
		page_unmap_local(unmapped_address);
		return;
	}
	api_maybe_check_misuse_in_child(call, unmap_address, unmapped_address, NULL, false);
	page_unmap_local(addr);
}

/* Allocates pages until the frame of @page is allocated again. Return: the page with this frame, or NULL. */
static struct page *allocate_frame_again(const struct page *page)
{
	struct page *next;

	do {
		next = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
		if (next != page)
			page_free(next);
	} while (next && next != page);
	return next;
}

/*
 * Maps the slot's page in a task, switches the task out, frees the page, allocates its frame again, and
 * writes through the old mapping. The child process also makes the allocations, because their number depends
 * on earlier inputs.
 */
static void make_and_write_stale_mapping(void *slot)
{
	struct page *page = ((struct api_slot *)slot)->page;
	struct page_task *task = page_task_new("away");
	volatile unsigned char *mapped;

	if (!task)
		return;
	page_task_switch_in(task);
	mapped = page_map_local(page);
	page_task_switch_out(task);
	page_task_switch_in(NULL);
	page_free(page);
	if (!allocate_frame_again(page))
		return;
	page_task_switch_in(task);
	*mapped = 1;
}

/* Tests only the backend `alias`: under `direct`, an old mapping stays valid, so its use is not detected. */
void api_run_stale_mapping(const struct api_call *call)
{
	api_get_or_alloc_page(call);
	if (!strcmp(page_map_backend(), "alias"))
		api_maybe_check_misuse_in_child(call, make_and_write_stale_mapping,
						&api_slots[call->slot_index], NULL, true);
}
