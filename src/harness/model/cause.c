/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/cause.h"

/* Returns the last call of this kind on the handle that took effect, or NULL. */
static const struct step *find_last_call(const struct program *program, const struct trace *trace,
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

static void add_cause_call(struct causes *causes, size_t call)
{
	if (causes->call_count < CAUSES_MAX)
		causes->cause_calls[causes->call_count++] = (uint16_t)call;
}

static void add_cause_step(struct causes *causes, const struct step *step)
{
	if (step)
		add_cause_call(causes, step->call);
}

uint8_t cause_find_map_page(const struct program *program, const struct rules *rules,
			    uint8_t handle)
{
	const struct step *made = find_last_call(program, rules_trace(rules), OP_kmap_local, handle);

	return made ? program->calls[made->call].handle[1] : 0;
}

/* Returns whether the page is still live according to the calls that ran. */
static bool is_page_live(const struct program *program, const struct trace *trace, uint8_t page)
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

uint8_t cause_find_freed_page(const struct program *program, const struct rules *rules,
			      const struct call *call)
{
	if (op_is_mapped_access(call->op))
		return cause_find_map_page(program, rules, call->handle[0]);
	if (call->op == OP_kmap_local)
		return call->handle[1];
	if (call->op == OP_copy_page && is_page_live(program, rules_trace(rules), call->handle[0]))
		return call->handle[1];
	return call->handle[0];
}

/* Adds the live mappings of the thread that are newer than the mapping @handle, newest first. */
static void add_live_mappings(const struct program *program, const struct trace *trace,
			 uint8_t thread, int handle, struct causes *causes)
{
	uint16_t map_call[PROGRAM_MAPS];
	size_t count = 0;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct call *call = &program->calls[trace->steps[i].call];

		if (trace->steps[i].was_skipped || call->thread != thread)
			continue;
		if (call->op == OP_kmap_local)
			map_call[count++] = trace->steps[i].call;
		else if (call->op == OP_kunmap_local)
			count--;
	}
	while (count-- && program->calls[map_call[count]].handle[0] != handle)
		add_cause_call(causes, map_call[count]);
}

void cause_find_fatal(const struct program *program, const struct rules *rules,
		      struct causes *causes)
{
	const struct verdict *v = rules_verdict(rules);
	const struct trace *trace = rules_trace(rules);
	const struct call *call;
	uint8_t handle;

	causes->call_count = 0;
	if (v->fatal_call == VERDICT_NONE)
		return;
	call = &program->calls[v->fatal_call];
	handle = call->handle[0];
	switch (v->fatal_rule) {
	case RULE_use_after_free:
		handle = cause_find_freed_page(program, rules, call);
		add_cause_step(causes, find_last_call(program, trace, OP_free_page, handle));
		break;
	case RULE_use_after_unmap:
		add_cause_step(causes, find_last_call(program, trace, OP_kunmap_local, handle));
		break;
	case RULE_foreign_map:
		add_cause_step(causes, find_last_call(program, trace, OP_kmap_local, handle));
		break;
	case RULE_unmap_order:
		add_live_mappings(program, trace, call->thread, call->handle[0], causes);
		break;
	case RULE_map_overflow:
		add_live_mappings(program, trace, call->thread, -1, causes);
		break;
	default:
		break;
	}
}

/* Returns the last access before @call that wrote the byte, or NULL. */
static const struct access *find_writer(const struct shadow *shadow, size_t call, uint8_t page,
					uint16_t byte)
{
	const struct access *writer = NULL;

	for (size_t i = 0; i < shadow->access_count && shadow->accesses[i].call != call; i++) {
		const struct access *access = &shadow->accesses[i];

		if (access->write && access->page == page && access->from <= byte &&
		    byte < access->to)
			writer = access;
	}
	return writer;
}

void cause_find_uninit(const struct program *program, const struct rules *rules, size_t call,
		       uint8_t page, uint16_t byte, struct causes *causes)
{
	const struct access *writer;

	causes->call_count = 0;
	while ((writer = find_writer(rules_shadow(rules), call, page, byte)) != NULL) {
		const struct call *copy = &program->calls[writer->call];

		if (copy->op != OP_copy_page)
			break;
		add_cause_call(causes, writer->call);
		call = writer->call;
		page = copy->handle[1];
		byte = (uint16_t)(byte - copy->number[0] + copy->number[1]);
	}
	add_cause_step(causes, find_last_call(program, rules_trace(rules), OP_alloc_page, page));
}

/* ---- deadlock ---- */

#define NO_CALL SIZE_MAX

/* @first_left, @main_left: the first remaining call, and the first one of main, up to @index */
static struct blocked_thread find_what_blocks_call(const struct program *program,
						   const struct trace *trace, size_t index,
						   size_t first_left, size_t main_left)
{
	const struct call *call = &program->calls[index];
	uint16_t blocked_call = (uint16_t)index;
	const struct step *holder;

	if (call->thread == THREAD_MAIN && first_left < index)
		return (struct blocked_thread){ blocked_call, (uint16_t)first_left, BLOCKED_THREADS };
	if (main_left != NO_CALL)
		return (struct blocked_thread){ blocked_call, (uint16_t)main_left, BLOCKED_MAIN };
	if (call->op != OP_lock)
		return (struct blocked_thread){ blocked_call, blocked_call, BLOCKED_SEMAPHORE };
	holder = find_last_call(program, trace, OP_lock, call->handle[0]);
	return (struct blocked_thread){ blocked_call, holder ? holder->call : blocked_call,
					BLOCKED_MUTEX };
}

size_t cause_find_deadlock(const struct program *program, const struct rules *rules,
			   struct blocked_thread blocked[PROGRAM_THREADS])
{
	const struct trace *trace = rules_trace(rules);
	size_t count = 0, first_left = NO_CALL, main_left = NO_CALL;
	unsigned int seen_threads = 0;

	for (size_t i = 0; i < program->count; i++) {
		uint8_t thread = program->calls[i].thread;

		if (trace_find(trace, i))
			continue;
		if (first_left == NO_CALL)
			first_left = i;
		if (!(seen_threads & 1u << thread))
			blocked[count++] = find_what_blocks_call(program, trace, i, first_left, main_left);
		seen_threads |= 1u << thread;
		if (thread == THREAD_MAIN && main_left == NO_CALL)
			main_left = i;
	}
	return count;
}
