/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Misuse that must end the process: in a child, which must not live. */
#include "fuzz/api.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/isolate.h"
#include "harness/util/number.h"
#include "harness/util/no_coverage.h"
#include "harness/detect/detector.h"

enum { ALWAYS = 50, NOW_AND_THEN = 16, SECONDS = 5 };

/* Reports of children that must die need no names of functions, which take a second. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "symbolize=0";
}

NO_COVERAGE_BEGIN

static struct {
	void (*fn)(void *ctx);
	void *ctx;
} last_deed;

static void do_last_deed(void *unused)
{
	(void)unused;
	detector_disable_engine_handlers();
	last_deed.fn(last_deed.ctx);
	_Exit(0);
}

static bool worth_a_process(enum api_op op)
{
	static unsigned int met[API_COUNT];

	return ++met[op] <= ALWAYS || met[op] % NOW_AND_THEN == 0;
}

static bool died_of(const struct isolated *child, const char *rule, bool address)
{
	char line[64];

	snprintf(line, sizeof(line), "BUG: page: %s%s", rule ? rule : "", rule ? ": " : "");
	return strstr(child->output, line) ||
	       (address && (child->signal || strstr(child->output, "Sanitizer: ")));
}

void api_must_die(const struct api_call *call, void (*fn)(void *ctx), void *ctx, const char *rule,
		  bool address)
{
	static struct isolated child;

	if (!worth_a_process(call->op))
		return;
	last_deed.fn = fn;
	last_deed.ctx = ctx;
	if (!isolate(do_last_deed, NULL, SECONDS, &child)) {
		fprintf(stderr, "expected a process, got none\n");
		abort();
	}
	api_expect(!child.hung, "misuse hung for %d s", SECONDS);
	api_expect(child.signal || child.exit_code, "misuse did not end the process, expected %s",
		   rule ? rule : "a report");
	api_expect(died_of(&child, rule, address), "misuse ended the process without a report of %s: %.400s",
		   rule ? rule : "the library", child.output);
}

NO_COVERAGE_END

/* ---- mappings ---- */

static void unmap(void *addr)
{
	page_unmap_local(addr);
}

/* Every second one is about the end of the page. */
static size_t delta_of(uint64_t number)
{
	return number < NUMBER_SPAN && number % 2 ? PAGE_SIZE - 1 + number / 2 % 4 : (size_t)number;
}

void api_unmap_at(const struct api_call *call)
{
	unsigned char *addr = page_map_local(api_page(call));
	size_t delta = delta_of(call->number[0]);
	/* Not an address of the page's own: any other wraps to some other page, or to none. */
	unsigned char *there = (unsigned char *)((uintptr_t)addr + delta);

	if (delta < PAGE_SIZE) {
		page_unmap_local(there);
		return;
	}
	api_must_die(call, unmap, there, NULL, false);
	page_unmap_local(addr);
}

/* The frame of @page again, for another page. Its list gives it back after a while. */
static struct page *next_life(const struct page *page)
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
 * A task was away while its page died and the frame got another. All of it in the child:
 * how many frames come before that one depends on earlier inputs.
 */
static void touch_former_life(void *slot)
{
	struct page *page = ((struct api_slot *)slot)->page;
	struct page_task *task = page_task_new("away");
	volatile unsigned char *former;

	if (!task)
		return;
	page_task_switch_in(task);
	former = page_map_local(page);
	page_task_switch_out(task);
	page_task_switch_in(NULL);
	page_free(page);
	if (!next_life(page))
		return;
	page_task_switch_in(task);
	*former = 1;
}

/* With one address a page there is nothing to see. */
void api_former_life(const struct api_call *call)
{
	api_page(call);
	if (!strcmp(page_map_backend(), "alias"))
		api_must_die(call, touch_former_life, &api_slots[call->slot], NULL, true);
}
