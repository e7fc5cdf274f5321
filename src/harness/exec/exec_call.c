/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Makes the calls of a page program as calls of page.h. */
#include <errno.h>
#include <limits.h>

#include "harness/util/bytes.h"
#include "harness/detect/valgrind.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

void exec_set_result(struct exec_context *context, int ret)
{
	if (ret == 0)
		context->step->result = RESULT_0;
	else if (ret == -EINVAL)
		context->step->result = RESULT_EINVAL;
	else if (ret == -EFAULT)
		context->step->result = RESULT_EFAULT;
	else
		exec_set_error(context->exec,
			       "expected 0, -EINVAL or -EFAULT from the library, got %d", ret);
}

void exec_log_bytes(struct exec_context *context, const void *bytes, size_t len)
{
	context->step->log_len = (uint16_t)number_min(len, context->read_log_left);
	bytes_copy(context->read_log, bytes, context->step->log_len);
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

void exec_alloc_page(struct exec_context *context)
{
	struct exec_page *page = &context->exec->pages[context->call->handle[0]];
	struct page *new = page_alloc(convert_gfp_flags(context->call->value));

	context->step->result = new ? RESULT_0 : RESULT_ENOMEM;
	if (!new)
		return;
	valgrind_ignore(new, KEPT_AT_HANDLE);
	page->canonical_addr = canonical_address(context->thread_state, new);
	page->ref_count = 1;
	page->page = new;
}

void exec_get_page(struct exec_context *context)
{
	page_get(exec_page_of_call(context, 0));
	context->exec->pages[context->call->handle[0]].ref_count++;
}

void exec_free_page(struct exec_context *context)
{
	page_free(exec_page_of_call(context, 0));
	context->exec->pages[context->call->handle[0]].ref_count--;
}

/* ---- raw calls ---- */

static bool are_guards_intact(const uint8_t *target, size_t len)
{
	for (size_t i = 0; i < EXEC_GUARD; i++)
		if (target[i] != EXEC_GUARD_BYTE ||
		    target[EXEC_GUARD + len + i] != EXEC_GUARD_BYTE)
			return false;
	return true;
}

void exec_read_raw(struct exec_context *context)
{
	uint8_t *target = context->thread_state->target_buffer;
	size_t off = exec_size_of_call(context, 0), len = exec_size_of_call(context, 1);
	size_t buffer_len = number_min(len, PAGE_SIZE);
	bool is_raw = context->call->op == OP_read_raw;

	/* Overwrites the buffer, so that a byte which the library does not write is wrong. */
	bytes_fill(target, EXEC_GUARD_BYTE, buffer_len + 2 * EXEC_GUARD);
	exec_set_result(context,
			(is_raw ? page_read_raw : page_read_bytewise_atomic)(
				exec_page_of_call(context, 0), target + EXEC_GUARD, off, len));
	if (!are_guards_intact(target, buffer_len))
		exec_set_error(context->exec, "line %u: %s wrote outside of its buffer",
			       context->call->line, op_table[context->call->op].name);
	if (context->step->result == RESULT_0)
		exec_log_bytes(context, target + EXEC_GUARD, buffer_len);
}

void exec_write_raw(struct exec_context *context)
{
	size_t off = exec_size_of_call(context, 0), len = exec_size_of_call(context, 1);
	size_t buffer_len = number_min(len, PAGE_SIZE);
	uint8_t *source = context->thread_state->source_buffer + PAGE_SIZE - buffer_len;
	bool is_raw = context->call->op == OP_write_raw;

	pattern_fill(source, buffer_len, context->call->value);
	exec_set_result(context, (is_raw ? page_write_raw : page_write_bytewise_atomic)(
					 exec_page_of_call(context, 0), source, off, len));
}

void exec_fill_zero(struct exec_context *context)
{
	exec_set_result(context,
			page_fill_zero(exec_page_of_call(context, 0), exec_size_of_call(context, 0),
				       exec_size_of_call(context, 1)));
}

void exec_copy_page(struct exec_context *context)
{
	exec_set_result(context,
			page_copy(exec_page_of_call(context, 0), exec_size_of_call(context, 0),
				  exec_page_of_call(context, 1), exec_size_of_call(context, 1),
				  exec_size_of_call(context, 2)));
}

void exec_fail_nth(struct exec_context *context)
{
	/* No program has that many failure points, so the cut changes nothing. */
	page_fail_nth((unsigned int)number_min(context->call->number[0], UINT_MAX));
	context->thread_state->has_called_fail_nth = true;
}

/* ---- any call ---- */

/* Each executor orders its threads itself. */
void exec_lock(struct exec_context *context)
{
	context->sync_call(context->executor, context->call);
}

#define exec_unlock exec_lock
#define exec_post exec_lock
#define exec_wait exec_lock
static void (*const calls[OP_COUNT])(struct exec_context *) = {
#define OP(name, ...) [OP_##name] = exec_##name,
#include "harness/program/ops.def"
#undef OP
};

void exec_call(struct exec_context *context)
{
	const struct call *call = context->call;

	context->step->result = RESULT_NONE;
	context->step->log_len = 0;
	context->step->was_skipped = program_state_skips(&context->exec->state, call);
	if (context->step->was_skipped)
		return;
	calls[call->op](context);
	program_state_apply(&context->exec->state, call, context->step->result);
}
