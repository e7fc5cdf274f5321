/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The inside of the rule model; nobody else includes this.
 *
 *   rules.c         which call is next, locks and semaphores, the whole program
 *   rules_memory.c  what a call touches: contents, accesses
 *   rules_page.c    pages and raw calls
 *   rules_map.c     mappings, and loads and stores through them
 *   rules_user.c    user slices
 *
 * Each call is one function judge_NAME(), named by ops.def: what it says is all of its
 * meaning.
 */
#ifndef HARNESS_RULES_STATE_H
#define HARNESS_RULES_STATE_H

#include "harness/model/rules.h"
#include "harness/program/schedule.h"

#define PAGE TRACE_PAGE
#define MAP_DEPTH 16

_Static_assert(SCHEDULE_LINES == PROGRAM_CALLS, "a schedule holds any program");

struct model_page {
	bool filled;
	unsigned int refs;
	struct clock freed; /* what all owners that dropped it knew */
	uint8_t bytes[PAGE];
	uint8_t known[PAGE]; /* KNOWN: initialised */
};

struct model_map {
	bool filled, live;
	uint8_t page, thread;
};

struct model_slice {
	bool filled;
	uint64_t size, at;
	uint64_t limit; /* bytes from here on cannot be read */
	uint8_t bytes[PROGRAM_SLICE_MAX];
};

struct model_mutex {
	bool held;
	uint8_t owner;
	struct clock clock;
};

struct model_semaphore {
	unsigned int count;
	struct clock clock;
};

struct model_thread {
	struct clock clock;
	uint8_t maps[MAP_DEPTH]; /* live mappings, oldest first */
	unsigned int map_count;
	uint64_t fail_nth; /* points until one fails; 0: none does */
};

struct rules {
	const struct program *program;
	struct schedule schedule;
	struct model_page pages[PROGRAM_PAGES];
	struct model_map maps[PROGRAM_MAPS];
	struct model_slice slices[PROGRAM_SLICES];
	struct model_mutex mutexes[PROGRAM_MUTEXES];
	struct model_semaphore semaphores[PROGRAM_SEMAPHORES];
	struct model_thread threads[PROGRAM_THREADS];
	struct shadow shadow;
	struct trace *trace;
	struct verdict verdict;
};

/* The call being judged. */
struct judged {
	struct rules *rules;
	const struct call *call;
	uint16_t index;
	struct model_thread *self;
	struct step *step;
};

/* What became of a call: it ran, it was skipped, or it broke the fatal rule. */
enum fate { RAN, SKIPPED, FATAL };

/* ---- order between threads ---- */

static inline void acquire(struct judged *j, const struct clock *from)
{
	clock_join(&j->self->clock, from);
}

static inline void release(struct judged *j, struct clock *into)
{
	j->self->clock.at[j->call->thread]++;
	clock_join(into, &j->self->clock);
}

/* ---- what judges ask and say ---- */

static inline bool in_bounds(uint64_t off, uint64_t len)
{
	return off <= PAGE && len <= PAGE && off + len <= PAGE;
}

static inline enum fate fatal(struct judged *j, enum rule rule)
{
	struct verdict *v = &j->rules->verdict;

	v->broken |= RULE_BIT(rule);
	v->fatal_call = j->index;
	v->fatal_rule = rule;
	return FATAL;
}

static inline enum fate returns(struct judged *j, enum result result)
{
	j->step->result = (int8_t)result;
	return RAN;
}

static inline struct model_page *page_of(struct judged *j, unsigned int argument)
{
	return &j->rules->pages[j->call->handle[argument]];
}

/* May the thread look at the page, with @maps more mappings than it has? */
static inline bool may_use(struct judged *j, const struct model_page *page, unsigned int maps,
		    enum fate *fate)
{
	if (!page->refs)
		*fate = fatal(j, RULE_use_after_free);
	else if (j->self->map_count + maps > MAP_DEPTH)
		*fate = fatal(j, RULE_map_overflow);
	else
		return true;
	return false;
}

/* Does the next injectable point of this thread fail? */
static inline bool inject(struct judged *j)
{
	return j->self->fail_nth && !--j->self->fail_nth;
}

/* The bounds test and the fatal rules that all calls on one page share. */
static inline bool may_touch(struct judged *j, enum fate *fate)
{
	if (!in_bounds(j->call->number[0], j->call->number[1])) {
		*fate = returns(j, RESULT_EINVAL);
		return false;
	}
	return may_use(j, page_of(j, 0), 1, fate);
}

/* ---- memory ---- */

enum access_kind { READ = 0, WRITE = 1, ATOMIC = 2 };

/* An access to [off, off + len) of the page of that handle. */
void rules_touch(struct judged *j, uint8_t page, uint64_t off, uint64_t len, unsigned int kind);

/* Bytes of a page, as known as they are, go to the trace. */
void rules_log(struct trace *trace, const struct model_page *page, uint32_t at, uint64_t off,
	       uint64_t len);

/* The call reads these bytes. */
void rules_read(struct judged *j, uint8_t handle, uint64_t off, uint64_t len, unsigned int kind);

/* The bytes of [off, off + len) are now initialised. Return: the first; the caller sets them. */
uint8_t *rules_write(struct judged *j, uint8_t handle, uint64_t off, uint64_t len,
		     unsigned int kind);

/* ---- one for each call ---- */

#define OP(name, ...) enum fate judge_##name(struct judged *j);
#include "harness/program/ops.def"
#undef OP

#endif
