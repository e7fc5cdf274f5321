/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* One call of a program as a call of page.h. */
#include <errno.h>
#include <limits.h>

#include "harness/util/bytes.h"
#include "harness/detect/valgrind.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

enum result exec_result(struct exec *x, int ret)
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

/* ---- lifetime ---- */

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

/* Only a mapping tells its home, and the thread may have no room for one more. */
static uintptr_t home_of(const struct exec_lane *lane, struct page *page)
{
	bool full = lane->depth == EXEC_DEPTH;
	uintptr_t home;
	void *addr;

	if (full) {
		page_task_switch_out(lane->task);
		page_task_switch_in(lane->spare);
	}
	addr = page_map_local(page);
	home = (uintptr_t)page_canonical(addr);
	page_unmap_local(addr);
	if (full) {
		page_task_switch_out(lane->spare);
		page_task_switch_in(lane->task);
	}
	return home;
}

/*
 * What a library keeps of a page where its handle points: atomics, and what they guard.
 * Its size is the library's secret; what is hidden too much must be no page's bytes.
 */
#define KEPT_AT_HANDLE 32

static enum result exec_alloc_page(struct exec_one *one)
{
	struct exec_page *page = &one->x->pages[one->call->handle[0]];
	struct page *new = page_alloc(to_gfp(one->call->value));

	if (!new)
		return RESULT_ENOMEM;
	valgrind_hide(new, KEPT_AT_HANDLE);
	page->home = home_of(one->lane, new);
	page->refs = 1;
	page->page = new;
	return RESULT_0;
}

static enum result exec_get_page(struct exec_one *one)
{
	page_get(exec_page(one, 0));
	one->x->pages[one->call->handle[0]].refs++;
	return RESULT_NONE;
}

static enum result exec_free_page(struct exec_one *one)
{
	page_free(exec_page(one, 0));
	one->x->pages[one->call->handle[0]].refs--;
	return RESULT_NONE;
}

/* ---- raw calls ---- */

typedef int (*read_fn)(struct page *page, void *dst, size_t off, size_t len);
typedef int (*write_fn)(struct page *page, const void *src, size_t off, size_t len);

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

static bool guards_whole(const uint8_t *target, size_t len)
{
	for (size_t i = 0; i < EXEC_GUARD; i++)
		if (target[i] != EXEC_GUARD_BYTE ||
		    target[EXEC_GUARD + len + i] != EXEC_GUARD_BYTE)
			return false;
	return true;
}

static enum result read_with(struct exec_one *one, read_fn read)
{
	const struct call *call = one->call;
	uint8_t *target = one->lane->target;
	size_t len = smaller(exec_size(call->number[1]), PAGE_SIZE);
	enum result result;

	/* Scribbled all over: a byte that the library leaves alone must not look right. */
	bytes_fill(target, EXEC_GUARD_BYTE, len + 2 * EXEC_GUARD);
	result = exec_result(one->x, read(exec_page(one, 0), target + EXEC_GUARD,
					  exec_size(call->number[0]), exec_size(call->number[1])));
	if (!guards_whole(target, len))
		exec_complain(one->x, "line %u: %s wrote outside of its buffer", call->line,
			      op_table[call->op].name);
	if (result == RESULT_0) {
		one->step->len = (uint16_t)smaller(len, one->room);
		bytes_copy(one->log, target + EXEC_GUARD, one->step->len);
	}
	return result;
}

static enum result write_with(struct exec_one *one, write_fn write)
{
	const struct call *call = one->call;
	size_t len = smaller(exec_size(call->number[1]), PAGE_SIZE);
	uint8_t *source = one->lane->source + PAGE_SIZE - len;

	pattern_fill(source, len, call->value);
	return exec_result(one->x,
			   write(exec_page(one, 0), source, exec_size(call->number[0]),
				 exec_size(call->number[1])));
}

static enum result exec_read_raw(struct exec_one *one)
{
	return read_with(one, page_read_raw);
}

static enum result exec_write_raw(struct exec_one *one)
{
	return write_with(one, page_write_raw);
}

static enum result exec_read_bytewise_atomic(struct exec_one *one)
{
	return read_with(one, page_read_bytewise_atomic);
}

static enum result exec_write_bytewise_atomic(struct exec_one *one)
{
	return write_with(one, page_write_bytewise_atomic);
}

static enum result exec_fill_zero(struct exec_one *one)
{
	return exec_result(one->x, page_fill_zero(exec_page(one, 0), exec_size(one->call->number[0]),
						  exec_size(one->call->number[1])));
}

static enum result exec_copy_page(struct exec_one *one)
{
	const struct call *call = one->call;

	return exec_result(one->x, page_copy(exec_page(one, 0), exec_size(call->number[0]),
					     exec_page(one, 1), exec_size(call->number[1]),
					     exec_size(call->number[2])));
}

static enum result exec_fail_nth(struct exec_one *one)
{
	uint64_t n = one->call->number[0];

	/* No program has so many points that the cut could be seen. */
	page_fail_nth(n < UINT_MAX ? (unsigned int)n : UINT_MAX);
	one->lane->fail_nth = true;
	return RESULT_NONE;
}

/* ---- any call ---- */

/* Locks and semaphores are each executor's own. */
static enum result not_here(struct exec_one *one)
{
	exec_complain(one->x, "line %u: %s has no executor", one->call->line,
		      op_table[one->call->op].name);
	return RESULT_NONE;
}

#define exec_lock not_here
#define exec_unlock not_here
#define exec_post not_here
#define exec_wait not_here
static enum result (*const calls[OP_COUNT])(struct exec_one *) = {
#define OP(name, ...) [OP_##name] = exec_##name,
#include "harness/program/ops.def"
#undef OP
};

static bool is_filled(const struct exec *x, char kind, uint8_t handle)
{
	switch (kind | 0x20) {
	case 'p':
		return x->pages[handle].page;
	case 'k':
		return x->maps[handle].addr;
	default:
		return x->slices[handle].filled;
	}
}

static bool handles_ready(const struct exec *x, const struct call *call)
{
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++) {
		bool fills = *kind >= 'A' && *kind <= 'Z';

		if (op_handles(*kind) && is_filled(x, *kind, call->handle[handles++]) == fills)
			return false;
	}
	return true;
}

/* An atomic access of a shape that no machine makes is no call. */
static bool odd_atomic(const struct call *call)
{
	uint64_t size = call->number[1];

	if (call->op != OP_load_atomic && call->op != OP_store_atomic)
		return false;
	return !size || size > 8 || size & (size - 1) || call->number[0] % size;
}

void exec_call(struct exec_one *one)
{
	one->step->result = RESULT_NONE;
	one->step->len = 0;
	one->step->skipped = !handles_ready(one->x, one->call) || odd_atomic(one->call);
	if (!one->step->skipped)
		one->step->result = (int8_t)calls[one->call->op](one);
}
