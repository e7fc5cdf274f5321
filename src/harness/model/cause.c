/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/cause.h"

/* Returns the last step that called @op on the handle and was neither skipped nor failed; NULL if none. */
static const struct step *find_last_successful_step(const struct program *program, const struct trace *trace,
						    enum op op, uint8_t handle)
{
	for (size_t i = trace->step_count; i--;) {
		const struct call *call = &program->calls[trace->steps[i].call];

		if (call->op == op && call->handle[0] == handle && !trace->steps[i].was_skipped &&
		    trace->steps[i].result <= RESULT_0)
			return &trace->steps[i];
	}
	return NULL;
}

static void add_cause_call_if_space(struct causes *causes, size_t call_index)
{
	if (causes->call_count < CAUSES_MAX)
		causes->cause_calls[causes->call_count++] = (uint16_t)call_index;
}

static void add_call_of_step(struct causes *causes, const struct step *step_or_null)
{
	if (step_or_null)
		add_cause_call_if_space(causes, step_or_null->call);
}

uint8_t cause_find_mapped_page_or_0(const struct program *program, const struct rules *rules,
				    uint8_t map_handle)
{
	const struct step *map_step =
		find_last_successful_step(program, rules_trace(rules), OP_kmap_local, map_handle);

	return map_step ? program->calls[map_step->call].handle[1] : 0;
}

/* Returns whether the page is live after all calls of the trace. */
static bool is_page_live_at_end(const struct program *program, const struct trace *trace, uint8_t page)
{
	unsigned int refs = 0;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct call *call = &program->calls[trace->steps[i].call];

		if (trace->steps[i].was_skipped || call->handle[0] != page)
			continue;
		refs += call->op == OP_get_page;
		refs += call->op == OP_alloc_page && trace->steps[i].result == RESULT_0;
		refs -= call->op == OP_free_page;
	}
	return refs;
}

uint8_t cause_find_page_used_after_free(const struct program *program, const struct rules *rules,
					const struct call *call)
{
	if (op_is_mapped_access(call->op))
		return cause_find_mapped_page_or_0(program, rules, call->handle[0]);
	if (call->op == OP_kmap_local)
		return call->handle[1];
	if (call->op == OP_copy_page && is_page_live_at_end(program, rules_trace(rules), call->handle[0]))
		return call->handle[1];
	return call->handle[0];
}

/*
 * Adds the kmap_local() calls of the thread's live mappings that are newer than @older_handle, newest first.
 * @older_handle: handle of a mapping; -1: add the calls of all live mappings
 */
static void add_calls_of_newer_mappings(const struct program *program, const struct trace *trace,
					uint8_t thread, int older_handle, struct causes *causes)
{
	uint16_t live_map_call_stack[PROGRAM_MAPS];
	size_t count = 0;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct call *call = &program->calls[trace->steps[i].call];

		if (trace->steps[i].was_skipped || call->thread != thread)
			continue;
		if (call->op == OP_kmap_local)
			live_map_call_stack[count++] = trace->steps[i].call;
		else if (call->op == OP_kunmap_local)
			count--;
	}
	while (count-- && program->calls[live_map_call_stack[count]].handle[0] != older_handle)
		add_cause_call_if_space(causes, live_map_call_stack[count]);
}

void cause_find_for_fatal_call(const struct program *program, const struct rules *rules,
			       struct causes *causes)
{
	const struct verdict *v = rules_verdict(rules);
	const struct trace *trace = rules_trace(rules);
	const struct call *call;
	uint8_t resource;

	causes->call_count = 0;
	if (v->fatal_call == VERDICT_NONE)
		return;
	call = &program->calls[v->fatal_call];
	resource = call->handle[0];
	switch (v->fatal_rule) {
	case RULE_use_after_free:
		resource = cause_find_page_used_after_free(program, rules, call);
		add_call_of_step(causes, find_last_successful_step(program, trace, OP_free_page, resource));
		break;
	case RULE_use_after_unmap:
		add_call_of_step(causes,
				 find_last_successful_step(program, trace, OP_kunmap_local, resource));
		break;
	case RULE_foreign_map:
		add_call_of_step(causes, find_last_successful_step(program, trace, OP_kmap_local, resource));
		break;
	case RULE_unmap_order:
		add_calls_of_newer_mappings(program, trace, call->thread, call->handle[0], causes);
		break;
	case RULE_map_overflow:
		add_calls_of_newer_mappings(program, trace, call->thread, -1, causes);
		break;
	default:
		break;
	}
}

/* Returns the last write to the byte before the call makes its accesses; NULL if there is none. */
static const struct access *find_last_write_before_call(const struct access_log *access_log,
							size_t call_index, uint8_t page, uint16_t byte_offset)
{
	const struct access *writer = NULL;

	for (size_t i = 0; i < access_log->access_count && access_log->accesses[i].call != call_index; i++) {
		const struct access *access = &access_log->accesses[i];

		if (access->write && access->page == page && access->from <= byte_offset &&
		    byte_offset < access->to)
			writer = access;
	}
	return writer;
}

void cause_find_uninit_byte_origin(const struct program *program, const struct rules *rules,
				   size_t reading_call, uint8_t page, uint16_t byte_offset,
				   struct causes *causes)
{
	const struct access *writer;

	causes->call_count = 0;
	while ((writer = find_last_write_before_call(rules_access_log(rules), reading_call, page,
						     byte_offset)) != NULL) {
		const struct call *copy = &program->calls[writer->call];

		if (copy->op != OP_copy_page)
			break;
		add_cause_call_if_space(causes, writer->call);
		reading_call = writer->call;
		page = copy->handle[1];
		byte_offset = (uint16_t)(byte_offset - copy->number[0] + copy->number[1]);
	}
	add_call_of_step(causes, find_last_successful_step(program, rules_trace(rules), OP_alloc_page, page));
}

/* ---- deadlock ---- */

#define NO_CALL SIZE_MAX

/*
 * @first_remaining: the program's first call that has not run; @index or an earlier call.
 * @main_remaining: main's first call before @index that has not run; NO_CALL if there is none.
 */
static struct blocked_thread find_what_blocks_call(const struct program *program, const struct trace *trace,
						   size_t index, size_t first_remaining,
						   size_t main_remaining)
{
	const struct call *call = &program->calls[index];
	uint16_t blocked_call = (uint16_t)index;
	const struct step *holder;

	if (call->thread == THREAD_MAIN && first_remaining < index)
		return (struct blocked_thread){ blocked_call, (uint16_t)first_remaining, BLOCKED_THREADS };
	if (main_remaining != NO_CALL)
		return (struct blocked_thread){ blocked_call, (uint16_t)main_remaining, BLOCKED_MAIN };
	if (call->op != OP_lock)
		return (struct blocked_thread){ blocked_call, blocked_call, BLOCKED_SEMAPHORE };
	holder = find_last_successful_step(program, trace, OP_lock, call->handle[0]);
	return (struct blocked_thread){ blocked_call, holder ? holder->call : blocked_call, BLOCKED_MUTEX };
}

size_t cause_find_blocked_threads(const struct program *program, const struct rules *rules,
				  struct blocked_thread blocked[PROGRAM_THREADS])
{
	const struct trace *trace = rules_trace(rules);
	size_t count = 0, first_remaining = NO_CALL, main_remaining = NO_CALL;
	unsigned int seen_threads = 0;

	for (size_t i = 0; i < program->count; i++) {
		uint8_t thread = program->calls[i].thread;

		if (trace_find_step(trace, i))
			continue;
		if (first_remaining == NO_CALL)
			first_remaining = i;
		if (!(seen_threads & 1u << thread))
			blocked[count++] =
				find_what_blocks_call(program, trace, i, first_remaining, main_remaining);
		seen_threads |= 1u << thread;
		if (thread == THREAD_MAIN && main_remaining == NO_CALL)
			main_remaining = i;
	}
	return count;
}
