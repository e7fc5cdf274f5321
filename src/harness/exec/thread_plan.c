/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/thread_plan.h"

#include <string.h>

/* Array indices of the objects of a program. Calls on one object keep their order on real threads. */
enum {
	OBJECT_PAGE,
	OBJECT_MAP = OBJECT_PAGE + PROGRAM_PAGES,
	OBJECT_SLICE = OBJECT_MAP + PROGRAM_MAPS,
	OBJECT_MUTEX = OBJECT_SLICE + PROGRAM_SLICES,
	OBJECT_SEMAPHORE = OBJECT_MUTEX + PROGRAM_MUTEXES,
	OBJECTS = OBJECT_SEMAPHORE + PROGRAM_SEMAPHORES,
};

static const unsigned int first_object[HANDLE_KINDS] = { OBJECT_PAGE, OBJECT_MAP, OBJECT_SLICE, OBJECT_MUTEX,
							 OBJECT_SEMAPHORE };

/* The state of thread_plan_init(). Members whose name has `step` contain index + 1 of a step; 0: no step. */
struct plan_builder {
	struct thread_plan *plan;
	uint16_t last_using_step[OBJECTS][PROGRAM_THREADS];    /* thread's last step using the object */
	uint16_t last_changing_step[OBJECTS][PROGRAM_THREADS]; /* thread's last step changing the object */
	uint8_t mapped_page[PROGRAM_MAPS];                     /* the page of each mapping handle */
	uint16_t last_step[PROGRAM_THREADS];                   /* last step of each thread except main */
	uint16_t last_joined_step[PROGRAM_THREADS];            /* last step of each thread that main joined */
	uint16_t last_main_step;                               /* last step of main */
	uint16_t last_fork_step[PROGRAM_THREADS]; /* step of main that each thread last waited for */
};

/*
 * Returns whether the call changes the object; otherwise the call only uses the object. An allocation, a new
 * reference and a free change a page; a map and an unmap change a mapping. All calls on a mutex, semaphore or
 * slice change the object. A store to a slice is a change, because a store during a copy would make the
 * copied bytes undefined.
 */
static bool changes_object(enum op op, unsigned int object)
{
	if (object < OBJECT_MAP)
		return op == OP_alloc_page || op == OP_get_page || op == OP_free_page;
	return object >= OBJECT_SLICE || op == OP_kmap_local || op == OP_kunmap_local;
}

/* Makes @step also wait for the step @required[t] (index + 1) of each thread t. */
static void require_steps(struct thread_step *step, const uint16_t required[PROGRAM_THREADS])
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (step->required_step_plus_1[t] < required[t])
			step->required_step_plus_1[t] = required[t];
}

static void plan_use_of_object(struct plan_builder *p, uint16_t step_index, unsigned int object,
			       const struct call *call)
{
	struct thread_step *step = &p->plan->steps[step_index];
	bool changes = changes_object(call->op, object);

	if (call->op == OP_free_page)
		memcpy(step->page_change_step_plus_1, p->last_changing_step[object],
		       sizeof(step->page_change_step_plus_1));
	require_steps(step, changes ? p->last_using_step[object] : p->last_changing_step[object]);
	p->last_using_step[object][call->thread] = (uint16_t)(step_index + 1);
	if (changes)
		p->last_changing_step[object][call->thread] = (uint16_t)(step_index + 1);
}

static void plan_step_of_main(struct plan_builder *p, uint16_t step_index)
{
	struct thread_step *step = &p->plan->steps[step_index];

	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		uint16_t last = p->last_step[t];

		if (last == p->last_joined_step[t])
			continue;
		step->joined_threads |= (uint16_t)(1u << t);
		p->plan->steps[last - 1].must_signal_main = true;
		p->last_joined_step[t] = last;
	}
	p->last_main_step = (uint16_t)(step_index + 1);
}

static void plan_step_of_other_thread(struct plan_builder *p, uint16_t step_index, uint8_t thread)
{
	struct thread_step *step = &p->plan->steps[step_index];

	if (p->last_fork_step[thread] != p->last_main_step) {
		step->must_wait_for_main = true;
		step->releasing_step = (uint16_t)(p->last_main_step - 1);
		p->plan->steps[step->releasing_step].released_threads |= (uint16_t)(1u << thread);
		p->last_fork_step[thread] = p->last_main_step;
	}
	if (p->plan->first_step[thread] == THREAD_PLAN_NONE)
		p->plan->first_step[thread] = step_index;
	p->last_step[thread] = (uint16_t)(step_index + 1);
}

void thread_plan_init(struct thread_plan *plan, const struct program *program,
		      const struct trace *model_trace)
{
	struct plan_builder p = { .plan = plan };

	memset(plan->steps, 0, model_trace->step_count * sizeof(plan->steps[0]));
	memset(plan->first_step, 0xff, sizeof(plan->first_step));
	for (uint16_t i = 0; i < model_trace->step_count; i++) {
		const struct call *call = &program->calls[model_trace->steps[i].call];
		struct call_handle handles[2];
		unsigned int handle_count = call_get_handles(call, handles);

		for (unsigned int n = 0; n < handle_count; n++)
			plan_use_of_object(&p, i, first_object[handles[n].kind] + handles[n].index, call);
		if (call->op == OP_kmap_local && !model_trace->steps[i].was_skipped)
			p.mapped_page[call->handle[0]] = call->handle[1];
		if (op_is_mapped_access(call->op) && !model_trace->steps[i].was_skipped)
			plan_use_of_object(&p, i, OBJECT_PAGE + p.mapped_page[call->handle[0]], call);
		if (call->thread == THREAD_MAIN)
			plan_step_of_main(&p, i);
		else
			plan_step_of_other_thread(&p, i, call->thread);
	}
}
