/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal header of the rule model.
 *
 *   rules.c         whole programs, and calls on mutexes and semaphores
 *   rules_memory.c  records accesses to pages and the bytes that are read
 *   rules_page.c    pages and raw calls
 *   rules_map.c     mappings, and loads and stores through them
 *   rules_user.c    user slices
 *
 * Each call of ops.def has one function evaluate_NAME(), which defines its whole meaning.
 */
#pragma once

#include "harness/model/rules.h"
#include "harness/program/program_state.h"

#define PAGE      TRACE_PAGE
#define MAP_DEPTH 16

_Static_assert(PROGRAM_MUTEXES == PROGRAM_SEMAPHORES, "sync_clocks has rows of equal length");

struct model_page {
	unsigned int ref_count;
	struct clock owners_clock; /* joined clocks of the threads that dropped a reference */
	uint8_t bytes[PAGE];
	uint8_t initialised[PAGE]; /* for each byte a value of trace.h, for example INITIALISED */
};

struct model_map {
	bool is_live;
	uint8_t page, thread; /* the mapped page, and the thread that mapped it */
};

struct model_slice {
	uint64_t size, at;     /* the size, and the offset of the next byte to read */
	uint64_t readable_end; /* offset of the first byte that cannot be read */
	uint8_t bytes[PROGRAM_SLICE_MAX];
};

struct model_thread {
	struct clock clock;
	uint8_t live_maps[MAP_DEPTH]; /* live mappings, oldest first */
	unsigned int live_map_count;
	uint64_t points_until_failure; /* N: the N-th next failure point fails; 0: none */
};

struct rules {
	struct program_state state;
	struct model_page pages[PROGRAM_PAGES];
	struct model_map maps[PROGRAM_MAPS];
	struct model_slice slices[PROGRAM_SLICES];
	struct clock sync_clocks[2][PROGRAM_MUTEXES]; /* [0]: clocks of semaphores, [1]: clocks of mutexes */
	struct model_thread threads[PROGRAM_THREADS];
	struct access_log *access_log;
	struct trace *trace;
	struct verdict verdict;
	bool user_copy_may_stop_early;
	unsigned int page_limit; /* rules_limit_pages() */
	uint64_t failing_allocations;
	unsigned int allocation_count, undecided_allocation_count; /* of this evaluation */
};

/* The call that is being evaluated, and its step, which already has the result of a successful call. */
struct evaluation {
	struct rules *rules;
	const struct call *call;
	uint16_t call_index;
	struct model_thread *self;
	struct step *step;
};

/* ---- order between threads ---- */

/* Makes all accesses that were released to the clock @from happen before later accesses of the thread. */
static inline void acquire_clock(struct evaluation *eval, const struct clock *from)
{
	clock_join(&eval->self->clock, from);
}

/* Starts the thread's next epoch, and joins the clock of the thread into the clock @into. */
static inline void release_clock(struct evaluation *eval, struct clock *into)
{
	eval->self->clock.known_releases[eval->call->thread]++;
	clock_join(into, &eval->self->clock);
}

/* ---- checks and results ---- */

static inline bool is_in_bounds(uint64_t off, uint64_t len)
{
	return off <= PAGE && len <= PAGE && off + len <= PAGE;
}

/* Records that the call breaks a fatal rule. Return: always false. */
static inline bool record_fatal_rule(struct evaluation *eval, enum rule rule)
{
	struct verdict *v = &eval->rules->verdict;

	v->broken |= RULE_BIT(rule);
	v->fatal_call = eval->call_index;
	v->fatal_rule = rule;
	return false;
}

/* Return: always false. */
static inline bool set_error_result(struct evaluation *eval, enum result result)
{
	eval->step->result = (int8_t)result;
	return false;
}

static inline struct model_page *find_page_of_argument(struct evaluation *eval, unsigned int handle_index)
{
	return &eval->rules->pages[eval->call->handle[handle_index]];
}

/*
 * Checks the rules use-after-free and map-overflow for a call that accesses the page and needs
 * @additional_maps mappings. Return: false if the call breaks one of the two rules; the verdict then contains
 * the rule.
 */
static inline bool check_page_use(struct evaluation *eval, const struct model_page *page,
				  unsigned int additional_maps)
{
	if (!page->ref_count)
		return record_fatal_rule(eval, RULE_use_after_free);
	if (eval->self->live_map_count + additional_maps > MAP_DEPTH)
		return record_fatal_rule(eval, RULE_map_overflow);
	return true;
}

/*
 * Checks the bounds of the range of a call on one page (offset number[0], length number[1]), and the rules of
 * check_page_use().
 * Return: false if the call returns EINVAL or breaks a fatal rule.
 */
static inline bool check_range_and_page_use(struct evaluation *eval)
{
	if (!is_in_bounds(eval->call->number[0], eval->call->number[1]))
		return set_error_result(eval, RESULT_EINVAL);
	return check_page_use(eval, find_page_of_argument(eval, 0), 1);
}

/* Counts one failure point that the thread reaches (fail_nth). Return: whether this failure point fails. */
static inline bool count_point_and_check_failure(struct evaluation *eval)
{
	return eval->self->points_until_failure && !--eval->self->points_until_failure;
}

/* ---- memory ---- */

enum access_flags { READ = 0, WRITE = 1, ATOMIC = 2 };

/* Records an access to the bytes [off, off + len) of the page. @flags: enum access_flags */
void rules_record_access(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			 unsigned int flags);

/* Copies bytes [off, off + len) of a page to the log, and for each byte whether it is initialised. */
void rules_copy_to_log(struct trace *trace, const struct model_page *page, uint32_t log_offset, uint64_t off,
		       uint64_t len);

/* Records a read of the bytes [off, off + len) of the page, and copies them to the log. */
void rules_record_read(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len, unsigned int flags);

/*
 * Records a write of the bytes [off, off + len) of the page and marks them as initialised.
 * Return: the address of the first byte; the caller writes the values there.
 */
uint8_t *rules_record_write(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			    unsigned int flags);

/* ---- one function for each call of ops.def ---- */

/* A wait orders threads as a lock does, a post as an unlock does. */
#define evaluate_wait evaluate_lock
#define evaluate_post evaluate_unlock

/* Bytewise calls are atomic only on the caller's buffer; the rule model records only accesses to pages. */
#define evaluate_read_bytewise_atomic  evaluate_read_raw
#define evaluate_write_bytewise_atomic evaluate_write_raw

/* evaluate_load() and evaluate_store() recognise an atomic access by the op of the call. */
#define evaluate_load_atomic  evaluate_load
#define evaluate_store_atomic evaluate_store

#define OP(name, ...) void evaluate_##name(struct evaluation *eval);
#include "harness/program/ops.def"
