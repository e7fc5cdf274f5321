/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Makes the calls of a page program as calls of page.h. */
#include <errno.h>
#include <limits.h>

#include "harness/util/bytes.h"
#include "harness/detect/valgrind.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

enum result exec_result_from_errno(struct exec *x, int ret)
{
	switch (ret) {
	case 0:
		return RESULT_0;
	case -EINVAL:
		return RESULT_EINVAL;
	case -EFAULT:
		return RESULT_EFAULT;
	default:
		exec_set_error(x, "expected 0, -EINVAL or -EFAULT from the library, got %d", ret);
		return RESULT_NONE;
	}
}

/* ---- lifetime ---- */

static gfp_t convert_gfp_flags(uint8_t flags)
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

/* Only a mapping reveals the canonical address, and the thread may have no mapping left. */
static uintptr_t canonical_address(const struct exec_thread_state *thread_state, struct page *page)
{
	bool full = thread_state->live_map_count == EXEC_DEPTH;
	uintptr_t page_start;
	void *addr;

	if (full) {
		page_task_switch_out(thread_state->task);
		page_task_switch_in(thread_state->spare_task);
	}
	addr = page_map_local(page);
	page_start = (uintptr_t)page_canonical(addr);
	page_unmap_local(addr);
	if (full) {
		page_task_switch_out(thread_state->spare_task);
		page_task_switch_in(thread_state->task);
	}
	return page_start;
}

/*
 * A library keeps private data of a page (atomics and what they guard) where its handle points. The
 * size is not public; the range to ignore must not include bytes of a page.
 */
#define KEPT_AT_HANDLE 32

static enum result exec_alloc_page(struct exec_context *context)
{
	struct exec_page *page = &context->x->pages[context->call->handle[0]];
	struct page *new = page_alloc(convert_gfp_flags(context->call->value));

	if (!new)
		return RESULT_ENOMEM;
	valgrind_ignore(new, KEPT_AT_HANDLE);
	page->canonical_addr = canonical_address(context->thread_state, new);
	page->ref_count = 1;
	page->page = new;
	return RESULT_0;
}

static enum result exec_get_page(struct exec_context *context)
{
	page_get(exec_page_of_call(context, 0));
	context->x->pages[context->call->handle[0]].ref_count++;
	return RESULT_NONE;
}

static enum result exec_free_page(struct exec_context *context)
{
	page_free(exec_page_of_call(context, 0));
	context->x->pages[context->call->handle[0]].ref_count--;
	return RESULT_NONE;
}

/* ---- raw calls ---- */

typedef int (*read_fn)(struct page *page, void *dst, size_t off, size_t len);
typedef int (*write_fn)(struct page *page, const void *src, size_t off, size_t len);

static bool are_guards_intact(const uint8_t *target, size_t len)
{
	for (size_t i = 0; i < EXEC_GUARD; i++)
		if (target[i] != EXEC_GUARD_BYTE ||
		    target[EXEC_GUARD + len + i] != EXEC_GUARD_BYTE)
			return false;
	return true;
}

static enum result call_read_function(struct exec_context *context, read_fn read)
{
	const struct call *call = context->call;
	uint8_t *target = context->thread_state->target_buffer;
	size_t len = number_min(exec_size_from_number(call->number[1]), PAGE_SIZE);
	enum result result;

	/* Overwrites the buffer, so that a byte which the library does not write is wrong. */
	bytes_fill(target, EXEC_GUARD_BYTE, len + 2 * EXEC_GUARD);
	result = exec_result_from_errno(context->x,
					read(exec_page_of_call(context, 0), target + EXEC_GUARD,
					     exec_size_from_number(call->number[0]),
					     exec_size_from_number(call->number[1])));
	if (!are_guards_intact(target, len))
		exec_set_error(context->x, "line %u: %s wrote outside of its buffer", call->line,
			       op_table[call->op].name);
	if (result == RESULT_0) {
		context->step->log_len = (uint16_t)number_min(len, context->read_log_left);
		bytes_copy(context->read_log, target + EXEC_GUARD, context->step->log_len);
	}
	return result;
}

static enum result call_write_function(struct exec_context *context, write_fn write)
{
	const struct call *call = context->call;
	size_t len = number_min(exec_size_from_number(call->number[1]), PAGE_SIZE);
	uint8_t *source = context->thread_state->source_buffer + PAGE_SIZE - len;

	pattern_fill(source, len, call->value);
	return exec_result_from_errno(context->x, write(exec_page_of_call(context, 0), source,
							exec_size_from_number(call->number[0]),
							exec_size_from_number(call->number[1])));
}

static enum result exec_read_raw(struct exec_context *context)
{
	return call_read_function(context, page_read_raw);
}

static enum result exec_write_raw(struct exec_context *context)
{
	return call_write_function(context, page_write_raw);
}

static enum result exec_read_bytewise_atomic(struct exec_context *context)
{
	return call_read_function(context, page_read_bytewise_atomic);
}

static enum result exec_write_bytewise_atomic(struct exec_context *context)
{
	return call_write_function(context, page_write_bytewise_atomic);
}

static enum result exec_fill_zero(struct exec_context *context)
{
	return exec_result_from_errno(
		context->x, page_fill_zero(exec_page_of_call(context, 0),
					   exec_size_from_number(context->call->number[0]),
					   exec_size_from_number(context->call->number[1])));
}

static enum result exec_copy_page(struct exec_context *context)
{
	const struct call *call = context->call;

	return exec_result_from_errno(
		context->x,
		page_copy(exec_page_of_call(context, 0), exec_size_from_number(call->number[0]),
			  exec_page_of_call(context, 1), exec_size_from_number(call->number[1]),
			  exec_size_from_number(call->number[2])));
}

static enum result exec_fail_nth(struct exec_context *context)
{
	uint64_t n = context->call->number[0];

	/* No program has that many failure points, so the cut changes nothing. */
	page_fail_nth(n < UINT_MAX ? (unsigned int)n : UINT_MAX);
	context->thread_state->has_called_fail_nth = true;
	return RESULT_NONE;
}

/* ---- any call ---- */

/* Each executor implements locks and semaphores itself. */
static enum result report_unexpected_call(struct exec_context *context)
{
	exec_set_error(context->x, "line %u: %s has no executor", context->call->line,
		       op_table[context->call->op].name);
	return RESULT_NONE;
}

#define exec_lock report_unexpected_call
#define exec_unlock report_unexpected_call
#define exec_post report_unexpected_call
#define exec_wait report_unexpected_call
static enum result (*const calls[OP_COUNT])(struct exec_context *) = {
#define OP(name, ...) [OP_##name] = exec_##name,
#include "harness/program/ops.def"
#undef OP
};

static bool is_handle_filled(const void *ctx, char kind, uint8_t handle)
{
	const struct exec *x = ctx;

	switch (kind) {
	case 'p':
		return x->pages[handle].page;
	case 'k':
		return x->maps[handle].addr;
	default:
		return x->slices[handle].is_filled;
	}
}

/* An atomic access with another size or alignment is skipped: no machine has it. */
static bool is_unsupported_atomic(const struct call *call)
{
	return (call->op == OP_load_atomic || call->op == OP_store_atomic) && !call_has_atomic_range(call);
}

void exec_call(struct exec_context *context)
{
	context->step->result = RESULT_NONE;
	context->step->log_len = 0;
	context->step->was_skipped =
		!call_handles_ready(context->call, is_handle_filled, context->x) ||
		is_unsupported_atomic(context->call);
	if (!context->step->was_skipped)
		context->step->result = (int8_t)calls[context->call->op](context);
}
