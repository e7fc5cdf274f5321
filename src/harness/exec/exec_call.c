/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Executes a call of a page program as a call of the page library (page.h). */
#include <errno.h>
#include <limits.h>

#include "harness/util/bytes.h"
#include "harness/detect/library_race.h"
#include "harness/detect/valgrind.h"
#include "harness/exec/exec_state.h"
#include "harness/program/pattern.h"

void exec_set_result(struct exec_context *context, int library_result)
{
	if (library_result == 0)
		context->step->result = RESULT_0;
	else if (library_result == -EINVAL)
		context->step->result = RESULT_EINVAL;
	else if (library_result == -EFAULT)
		context->step->result = RESULT_EFAULT;
	else
		exec_set_first_error(context->exec, "expected 0, -EINVAL or -EFAULT from the library, got %d",
				     library_result);
}

void exec_store_read_bytes_truncated(struct exec_context *context, const void *bytes, size_t len)
{
	context->step->log_len = (uint16_t)number_min(len, context->read_log_size_left);
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

/* Maps and unmaps the page; in the spare task if the thread already has EXEC_DEPTH mappings. */
static uintptr_t map_to_find_canonical_address(const struct exec_thread_state *thread_state,
					       struct page *page)
{
	bool must_use_spare_task = thread_state->live_map_count == EXEC_DEPTH;
	uintptr_t canonical_addr;
	void *addr;

	if (must_use_spare_task) {
		page_task_switch_out(thread_state->task);
		page_task_switch_in(thread_state->spare_task);
	}
	addr = page_map_local(page);
	canonical_addr = (uintptr_t)page_canonical(addr);
	page_unmap_local(addr);
	if (must_use_spare_task) {
		page_task_switch_out(thread_state->spare_task);
		page_task_switch_in(thread_state->task);
	}
	return canonical_addr;
}

/*
 * Number of bytes at a struct page that Valgrind must ignore: a library keeps atomics and other private data
 * there. The size of this private data is not public; the ignored range must not include bytes of a page.
 */
#define PAGE_DATA_SIZE 32

void exec_alloc_page(struct exec_context *context)
{
	struct exec_page *page = &context->exec->pages[context->call->handle[0]];
	struct page *new = page_alloc(convert_gfp_flags(context->call->value));

	context->step->result = new ? RESULT_0 : RESULT_ENOMEM;
	if (!new)
		return;
	valgrind_ignore_range(new, PAGE_DATA_SIZE);
	page->canonical_addr = map_to_find_canonical_address(context->thread_state, new);
	library_race_ignore_range((const void *)page->canonical_addr, PAGE_SIZE);
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

static bool are_guard_bytes_intact(const uint8_t *target, size_t len)
{
	for (size_t i = 0; i < EXEC_GUARD; i++)
		if (target[i] != EXEC_GUARD_BYTE || target[EXEC_GUARD + len + i] != EXEC_GUARD_BYTE)
			return false;
	return true;
}

void exec_read_raw(struct exec_context *context)
{
	uint8_t *target = context->thread_state->target_buffer;
	size_t off = exec_size_argument(context, 0), len = exec_size_argument(context, 1);
	size_t buffer_len = number_min(len, PAGE_SIZE);
	bool is_plain = context->call->op == OP_read_raw;

	/* A byte of the buffer that the library does not write keeps the wrong value EXEC_GUARD_BYTE. */
	bytes_fill(target, EXEC_GUARD_BYTE, buffer_len + 2 * EXEC_GUARD);
	exec_set_result(context, (is_plain ? page_read_raw : page_read_bytewise_atomic)(
					 exec_page_of_call(context, 0), target + EXEC_GUARD, off, len));
	if (!are_guard_bytes_intact(target, buffer_len))
		exec_set_first_error(context->exec, "line %u: %s wrote outside of its buffer",
				     context->call->line, op_table[context->call->op].name);
	if (context->step->result == RESULT_0)
		exec_store_read_bytes_truncated(context, target + EXEC_GUARD, buffer_len);
}

void exec_write_raw(struct exec_context *context)
{
	size_t off = exec_size_argument(context, 0), len = exec_size_argument(context, 1);
	size_t buffer_len = number_min(len, PAGE_SIZE);
	uint8_t *source = context->thread_state->source_buffer + PAGE_SIZE - buffer_len;
	bool is_plain = context->call->op == OP_write_raw;

	pattern_fill(source, buffer_len, context->call->value);
	exec_set_result(context, (is_plain ? page_write_raw : page_write_bytewise_atomic)(
					 exec_page_of_call(context, 0), source, off, len));
}

void exec_fill_zero(struct exec_context *context)
{
	exec_set_result(context, page_fill_zero(exec_page_of_call(context, 0), exec_size_argument(context, 0),
						exec_size_argument(context, 1)));
}

void exec_copy_page(struct exec_context *context)
{
	exec_set_result(context, page_copy(exec_page_of_call(context, 0), exec_size_argument(context, 0),
					   exec_page_of_call(context, 1), exec_size_argument(context, 1),
					   exec_size_argument(context, 2)));
}

void exec_fail_nth(struct exec_context *context)
{
	/* No program has UINT_MAX failure points, so UINT_MAX has the effect of any larger number. */
	page_fail_nth((unsigned int)number_min(context->call->number[0], UINT_MAX));
	context->thread_state->has_called_fail_nth = true;
}

/* ---- all calls ---- */

/* Each executor has its own implementation of calls on mutexes and semaphores. */
void exec_sync(struct exec_context *context)
{
	context->sync_call(context->executor, context->call);
}

static void (*const call_functions[OP_COUNT])(struct exec_context *) = {
#define OP(name, ...) [OP_##name] = exec_##name,
#include "harness/program/ops.def"
};

void exec_call(struct exec_context *context)
{
	const struct call *call = context->call;

	context->step->result = RESULT_NONE;
	context->step->log_len = 0;
	context->step->was_skipped =
		context->must_skip || program_state_must_skip(&context->exec->state, call);
	if (context->step->was_skipped)
		return;
	call_functions[call->op](context);
	if (context->before_fill)
		context->before_fill(context->executor, call);
	program_state_apply_call(&context->exec->state, call, context->step->result);
}
