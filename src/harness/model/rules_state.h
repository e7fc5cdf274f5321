/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal to the rule model.
 *
 *   rules.c         the next call, locks and semaphores, the whole program
 *   rules_memory.c  contents and accesses of pages
 *   rules_page.c    pages and raw calls
 *   rules_map.c     mappings, and loads and stores through them
 *   rules_user.c    user slices
 *
 * Each call of ops.def has one function evaluate_NAME(), which defines its whole meaning.
 */
#ifndef HARNESS_RULES_STATE_H
#define HARNESS_RULES_STATE_H

#include "harness/model/rules.h"
#include "harness/program/program_state.h"

#define PAGE TRACE_PAGE
#define MAP_DEPTH 16

struct model_page {
	unsigned int ref_count;
	struct clock owners_clock; /* the clocks of all owners that dropped the page */
	uint8_t bytes[PAGE];
	uint8_t initialised[PAGE]; /* INITIALISED or UNINITIALISED for each byte */
};

struct model_map {
	bool is_live;
	uint8_t page, thread;
};

struct model_slice {
	uint64_t size, at;
	uint64_t readable_end; /* bytes from here on cannot be read */
	uint8_t bytes[PROGRAM_SLICE_MAX];
};

struct model_thread {
	struct clock clock;
	uint8_t live_maps[MAP_DEPTH]; /* live mappings, oldest first */
	unsigned int live_map_count;
	uint64_t points_until_failure; /* failure points until one fails; 0: none fails */
};

struct rules {
	struct program_state state;
	struct model_page pages[PROGRAM_PAGES];
	struct model_map maps[PROGRAM_MAPS];
	struct model_slice slices[PROGRAM_SLICES];
	struct clock mutex_clocks[PROGRAM_MUTEXES];
	struct clock semaphore_clocks[PROGRAM_SEMAPHORES];
	struct model_thread threads[PROGRAM_THREADS];
	struct shadow shadow;
	struct trace *trace;
	struct verdict verdict;
};

/* The call that is being evaluated. Its result is already set to success. */
struct evaluation {
	struct rules *rules;
	const struct call *call;
	uint16_t call_index;
	struct model_thread *self;
	struct step *step;
};

/* ---- order between threads ---- */

static inline void acquire_clock(struct evaluation *eval, const struct clock *from)
{
	clock_join(&eval->self->clock, from);
}

static inline void release_clock(struct evaluation *eval, struct clock *into)
{
	eval->self->clock.epochs[eval->call->thread]++;
	clock_join(into, &eval->self->clock);
}

/* ---- checks and results ---- */

static inline bool is_in_bounds(uint64_t off, uint64_t len)
{
	return off <= PAGE && len <= PAGE && off + len <= PAGE;
}

/* The following functions return false if the call has no further effect. */

static inline bool break_fatal_rule(struct evaluation *eval, enum rule rule)
{
	struct verdict *v = &eval->rules->verdict;

	v->broken |= RULE_BIT(rule);
	v->fatal_call = eval->call_index;
	v->fatal_rule = rule;
	return false;
}

static inline bool set_error_result(struct evaluation *eval, enum result result)
{
	eval->step->result = (int8_t)result;
	return false;
}

static inline struct model_page *find_page(struct evaluation *eval, unsigned int argument)
{
	return &eval->rules->pages[eval->call->handle[argument]];
}

/*
 * Returns whether the thread may access the page, with @maps more mappings than the thread has
 * now.
 */
static inline bool check_page_use(struct evaluation *eval, const struct model_page *page,
				  unsigned int maps)
{
	if (!page->ref_count)
		return break_fatal_rule(eval, RULE_use_after_free);
	if (eval->self->live_map_count + maps > MAP_DEPTH)
		return break_fatal_rule(eval, RULE_map_overflow);
	return true;
}

/* The bounds test and the fatal rules that all calls on one page share. */
static inline bool check_raw_access(struct evaluation *eval)
{
	if (!is_in_bounds(eval->call->number[0], eval->call->number[1]))
		return set_error_result(eval, RESULT_EINVAL);
	return check_page_use(eval, find_page(eval, 0), 1);
}

/* Counts a failure point of the thread. Return: whether this failure point fails. */
static inline bool count_failure_point(struct evaluation *eval)
{
	return eval->self->points_until_failure && !--eval->self->points_until_failure;
}

/* ---- memory ---- */

enum access_kind { READ = 0, WRITE = 1, ATOMIC = 2 };

/* Records an access to [off, off + len) of the page of handle @page. */
void rules_record_access(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			 unsigned int kind);

/* Appends bytes of a page to the trace, and whether each is initialised. */
void rules_append_log(struct trace *trace, const struct model_page *page, uint32_t at, uint64_t off,
		      uint64_t len);

/* Records that the call reads these bytes. */
void rules_read(struct evaluation *eval, uint8_t handle, uint64_t off, uint64_t len,
		unsigned int kind);

/*
 * Records a write of [off, off + len) and marks the bytes as initialised.
 * Return: the address of the first byte; the caller writes the values.
 */
uint8_t *rules_write(struct evaluation *eval, uint8_t handle, uint64_t off, uint64_t len,
		     unsigned int kind);

/* ---- one function for each call of ops.def ---- */

/* Only the caller's buffer is accessed atomically; on the page these are raw calls. */
#define evaluate_read_bytewise_atomic evaluate_read_raw
#define evaluate_write_bytewise_atomic evaluate_write_raw

/* These differ only in the kind of their access. */
#define evaluate_load_atomic evaluate_load
#define evaluate_store_atomic evaluate_store

#define OP(name, ...) void evaluate_##name(struct evaluation *eval);
#include "harness/program/ops.def"
#undef OP

#endif
