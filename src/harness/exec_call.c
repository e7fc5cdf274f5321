/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One call of a program as a call of page.h. */
#include "harness/exec_state.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/bytes.h"
#include "harness/pattern.h"
#include "harness/tsan.h"

#define GUARD_BYTE 0x5c

#define USED_FRAMES 128

_Static_assert(TRACE_PAGE == 1u << PAGE_SHIFT, "the format's pages are the library's");

_Thread_local uint16_t exec_running;

void exec_complain(struct exec *x, const char *what, ...)
{
	va_list args;

	if (atomic_flag_test_and_set(&x->complained))
		return;
	va_start(args, what);
	vsnprintf(x->complaint, sizeof(x->complaint), what, args);
	va_end(args);
}

const char *exec_complaint(const struct exec *x)
{
	return x->complaint;
}

const struct sightings *exec_sightings(const struct exec *x)
{
	return &x->sightings;
}

void exec_announce(struct exec *x, exec_announce_fn fn, void *ctx)
{
	x->announce = fn;
	x->announce_ctx = ctx;
}

void exec_first_race_only(struct exec *x, bool only)
{
	x->first_race_only = only;
}

/* ---- what the detector says ---- */

static uint8_t thread_number(const char *name)
{
	if (!strcmp(name, "main"))
		return THREAD_MAIN;
	if (name[0] == 'T' && name[1] >= '0' && name[1] <= '7' && !name[2])
		return (uint8_t)(name[1] - '0' + 1);
	return PROGRAM_THREADS;
}

static void on_race(const struct tsan_race *race, void *ctx)
{
	struct exec *x = ctx;
	uintptr_t from = race->now.addr > race->before.addr ? race->now.addr : race->before.addr;
	uintptr_t now_end = race->now.addr + race->now.size;
	uintptr_t before_end = race->before.addr + race->before.size;
	uintptr_t to = now_end < before_end ? now_end : before_end;
	struct sighting sighting = {
		.call = exec_running,
		.before = thread_number(race->before.thread),
		.page = SIGHTING_NO_PAGE,
	};

	for (uint8_t i = 0; i < PROGRAM_PAGES; i++) {
		uintptr_t home = x->pages[i].home;

		if (!x->pages[i].page || from < home || to > home + PAGE_SIZE)
			continue;
		sighting.page = i;
		sighting.from = (uint16_t)(from - home);
		sighting.to = (uint16_t)(to - home);
	}
	sightings_add(&x->sightings, &sighting);
}

/* ---- making and ending ---- */

/*
 * Lets so many frames live and die, full of bytes that are not zero, that a library
 * which recycles hands out used ones: a fresh mapping is zero by itself, and would
 * hide what __GFP_ZERO forgets.
 */
static void use_frames(struct exec *x)
{
	struct page *pages[USED_FRAMES];

	bytes_fill(x->lanes[THREAD_MAIN].source, GUARD_BYTE, PAGE_SIZE);
	for (unsigned int i = 0; i < USED_FRAMES; i++) {
		pages[i] = page_alloc(GFP_KERNEL);
		if (pages[i])
			page_write_raw(pages[i], x->lanes[THREAD_MAIN].source, 0, PAGE_SIZE);
	}
	for (unsigned int i = 0; i < USED_FRAMES; i++)
		page_free(pages[i]);
}

struct exec *exec_new(void)
{
	struct exec *x = calloc(1, sizeof(*x));

	if (!x)
		return NULL;
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		char name[8];

		x->lanes[t].source = calloc(1, PAGE_SIZE);
		x->lanes[t].target = calloc(1, PAGE_SIZE + 2 * EXEC_GUARD);
		if (!x->lanes[t].source || !x->lanes[t].target) {
			exec_delete(x);
			return NULL;
		}
		if (t == THREAD_MAIN)
			use_frames(x);
		snprintf(name, sizeof(name), "T%u", t - 1);
		x->fibers[t] = t == THREAD_MAIN ? tsan_fiber_self() : tsan_fiber_new(name);
	}
	return x;
}

void exec_delete(struct exec *x)
{
	if (!x)
		return;
	tsan_listen(NULL, NULL);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		free(x->lanes[t].source);
		free(x->lanes[t].target);
	}
	free(x);
}

void exec_begin(struct exec *x, const struct program *program)
{
	x->program = program;
	bytes_fill(x->pages, 0, sizeof(x->pages));
	atomic_flag_clear(&x->complained);
	x->complaint[0] = '\0';
	sightings_clear(&x->sightings);
	tsan_listen(on_race, x);
}

/* ---- the calls ---- */

static enum result to_result(struct exec *x, int ret)
{
	switch (ret) {
	case 0:
		return RESULT_0;
	case -EINVAL:
		return RESULT_EINVAL;
	case -EFAULT:
		return RESULT_EFAULT;
	default:
		exec_complain(x, "expected 0, -EINVAL or -EFAULT from the library, got %d", ret);
		return RESULT_NONE;
	}
}

static gfp_t to_gfp(uint8_t flags)
{
	static const gfp_t contexts[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO };
	gfp_t gfp = contexts[flags & CALL_GFP_CONTEXT];

	if (flags & CALL_GFP_ZERO)
		gfp |= __GFP_ZERO;
	if (flags & CALL_GFP_HIGHMEM)
		gfp |= __GFP_HIGHMEM;
	if (flags & CALL_GFP_NOFAIL)
		gfp |= __GFP_NOFAIL;
	return gfp;
}

static enum result alloc_page(struct exec *x, const struct call *call)
{
	struct exec_page *page = &x->pages[call->handle[0]];
	struct page *new = page_alloc(to_gfp(call->value));
	void *addr;

	if (!new)
		return RESULT_ENOMEM;
	addr = page_map_local(new);
	page->home = (uintptr_t)addr;
	page_unmap_local(addr);
	page->refs = 1;
	page->page = new;
	return RESULT_0;
}

static bool guards_whole(const uint8_t *target, size_t len)
{
	for (size_t i = 0; i < EXEC_GUARD; i++)
		if (target[i] != GUARD_BYTE || target[EXEC_GUARD + len + i] != GUARD_BYTE)
			return false;
	return true;
}

/* Scribbled all over: a byte that the library leaves alone must not look right. */
static void scribble(uint8_t *target, size_t len)
{
	bytes_fill(target, GUARD_BYTE, len + 2 * EXEC_GUARD);
}

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static enum result read_raw(struct exec *x, const struct call *call, struct step *step,
			    uint8_t *log, size_t room)
{
	uint8_t *target = x->lanes[call->thread].target;
	size_t len = smaller(call->number[1], PAGE_SIZE);
	enum result result;

	scribble(target, len);
	result = to_result(x, page_read_raw(x->pages[call->handle[0]].page, target + EXEC_GUARD,
					    call->number[0], call->number[1]));
	if (!guards_whole(target, len))
		exec_complain(x, "line %u: read_raw wrote outside of its buffer", call->line);
	if (result == RESULT_0) {
		step->len = (uint16_t)smaller(len, room);
		bytes_copy(log, target + EXEC_GUARD, step->len);
	}
	return result;
}

static enum result write_raw(struct exec *x, const struct call *call)
{
	size_t len = smaller(call->number[1], PAGE_SIZE);
	uint8_t *source = x->lanes[call->thread].source + PAGE_SIZE - len;

	pattern_fill(source, len, call->value);
	return to_result(x, page_write_raw(x->pages[call->handle[0]].page, source,
					   call->number[0], call->number[1]));
}

void exec_call(struct exec *x, const struct call *call, struct step *step, uint8_t *log,
	       size_t room)
{
	struct exec_page *page = &x->pages[call->handle[0]];

	step->result = RESULT_NONE;
	step->len = 0;
	step->skipped = (call->op == OP_alloc_page) == !!page->page;
	if (step->skipped)
		return;
	switch ((enum op)call->op) {
	case OP_alloc_page:
		step->result = (int8_t)alloc_page(x, call);
		break;
	case OP_get_page:
		page_get(page->page);
		page->refs++;
		break;
	case OP_free_page:
		page_free(page->page);
		page->refs--;
		break;
	case OP_read_raw:
		step->result = (int8_t)read_raw(x, call, step, log, room);
		break;
	case OP_write_raw:
		step->result = (int8_t)write_raw(x, call);
		break;
	case OP_fill_zero:
		step->result = (int8_t)to_result(
			x, page_fill_zero(page->page, call->number[0], call->number[1]));
		break;
	default:
		exec_complain(x, "line %u: %s is not executed", call->line, op_table[call->op].name);
	}
}

void exec_finish(struct exec *x, struct trace *trace)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct exec_page *page = &x->pages[i];
		void *addr;

		if (!page->refs)
			continue;
		trace->pages[i].live = true;
		trace->pages[i].refs = (uint16_t)page_ref_count(page->page);
		trace->pages[i].at = trace_log(trace, PAGE_SIZE);
		addr = page_map_local(page->page);
		bytes_copy(trace->bytes + trace->pages[i].at, addr, PAGE_SIZE);
		page_unmap_local(addr);
		while (page->refs--)
			page_free(page->page);
	}
	tsan_listen(NULL, NULL);
}
