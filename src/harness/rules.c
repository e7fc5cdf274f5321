/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * How a call is judged, in this order:
 *
 *   1. The schedule says which call is next (schedule.h); `main` joins all threads
 *      before it and forks them after it.
 *   2. A call whose handles are not as it needs them, a lock misused or an atomic of
 *      an odd shape is skipped.
 *   3. Bounds: a bad range is EINVAL, or out-of-bounds through a mapping.
 *   4. Fatal rules, in the order that the call names them. The first one ends it all.
 *   5. Effects: injected failure, contents, accesses, order between threads.
 *
 * Each call is one function below, named by table: what it says is its whole meaning.
 */
#include "harness/rules.h"

#include <stdlib.h>

#include "harness/bytes.h"
#include "harness/pattern.h"
#include "harness/schedule.h"

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

static void acquire(struct judged *j, const struct clock *from)
{
	clock_join(&j->self->clock, from);
}

static void release(struct judged *j, struct clock *into)
{
	j->self->clock.at[j->call->thread]++;
	clock_join(into, &j->self->clock);
}

/* A line of main: all threads so far happen before it ... */
static void join_all(struct rules *r)
{
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++) {
		r->threads[t].clock.at[t]++;
		clock_join(&r->threads[THREAD_MAIN].clock, &r->threads[t].clock);
	}
}

/* ... and it happens before all threads from now on. */
static void fork_all(struct rules *r)
{
	r->threads[THREAD_MAIN].clock.at[THREAD_MAIN]++;
	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		clock_join(&r->threads[t].clock, &r->threads[THREAD_MAIN].clock);
}

/* ---- small predicates ---- */

static bool in_bounds(uint64_t off, uint64_t len)
{
	return off <= PAGE && len <= PAGE && off + len <= PAGE;
}

static enum fate fatal(struct judged *j, enum rule rule)
{
	struct verdict *v = &j->rules->verdict;

	v->broken |= RULE_BIT(rule);
	v->fatal_call = j->index;
	v->fatal_rule = rule;
	return FATAL;
}

static enum fate returns(struct judged *j, enum result result)
{
	j->step->result = (int8_t)result;
	return RAN;
}

static struct model_page *page_of(struct judged *j, unsigned int argument)
{
	return &j->rules->pages[j->call->handle[argument]];
}

/* May the thread look at the page, with @maps more mappings than it has? */
static bool may_use(struct judged *j, const struct model_page *page, unsigned int maps,
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
static bool inject(struct judged *j)
{
	return j->self->fail_nth && !--j->self->fail_nth;
}

/* ---- memory ---- */

enum access_kind { READ = 0, WRITE = 1, ATOMIC = 2 };

static void touch(struct judged *j, uint8_t page, uint64_t off, uint64_t len, unsigned int kind)
{
	struct access access = {
		.call = j->index,
		.epoch = j->self->clock.at[j->call->thread],
		.thread = j->call->thread,
		.page = page,
		.write = kind & WRITE,
		.atomic = kind & ATOMIC,
		.from = (uint16_t)off,
		.to = (uint16_t)(off + len),
	};

	if (len)
		shadow_access(&j->rules->shadow, &access, &j->self->clock);
}

static void log_page(struct trace *trace, const struct model_page *page, uint32_t at,
		     uint64_t off, uint64_t len)
{
	bytes_copy(trace->bytes + at, page->bytes + off, len);
	bytes_copy(trace->known + at, page->known + off, len);
}

static void read_page(struct judged *j, uint8_t handle, uint64_t off, uint64_t len,
		      unsigned int kind)
{
	struct trace *trace = j->rules->trace;

	touch(j, handle, off, len, kind);
	j->step->len = (uint16_t)len;
	j->step->at = trace_log(trace, len);
	log_page(trace, &j->rules->pages[handle], j->step->at, off, len);
}

/* The bytes of [off, off + len) are now initialised; the caller sets them. */
static uint8_t *write_page(struct judged *j, uint8_t handle, uint64_t off, uint64_t len,
			   unsigned int kind)
{
	struct model_page *page = &j->rules->pages[handle];

	touch(j, handle, off, len, WRITE | kind);
	bytes_fill(page->known + off, KNOWN, len);
	return page->bytes + off;
}

/* ---- pages ---- */

static enum fate judge_alloc_page(struct judged *j)
{
	struct model_page *page = page_of(j, 0);

	if (!(j->call->value & CALL_GFP_NOFAIL) && inject(j))
		return returns(j, RESULT_ENOMEM);
	page->filled = true;
	page->refs = 1;
	bytes_fill(&page->freed, 0, sizeof(page->freed));
	bytes_fill(page->known, KNOWN_NOT, sizeof(page->known));
	if (j->call->value & CALL_GFP_ZERO)
		bytes_fill(write_page(j, j->call->handle[0], 0, PAGE, 0), 0, PAGE);
	return returns(j, RESULT_0);
}

static enum fate judge_get_page(struct judged *j)
{
	if (!page_of(j, 0)->refs)
		return fatal(j, RULE_use_after_free);
	page_of(j, 0)->refs++;
	return RAN;
}

static enum fate judge_free_page(struct judged *j)
{
	struct model_page *page = page_of(j, 0);

	if (!page->refs)
		return fatal(j, RULE_use_after_free);
	acquire(j, &page->freed);
	if (!--page->refs)
		touch(j, j->call->handle[0], 0, PAGE, WRITE);
	release(j, &page->freed);
	return RAN;
}

/* The bounds test and the fatal rules that all calls on one page share. */
static bool may_touch(struct judged *j, enum fate *fate)
{
	if (!in_bounds(j->call->number[0], j->call->number[1])) {
		*fate = returns(j, RESULT_EINVAL);
		return false;
	}
	return may_use(j, page_of(j, 0), 1, fate);
}

static enum fate judge_read_raw(struct judged *j)
{
	enum fate fate;

	if (!may_touch(j, &fate))
		return fate;
	read_page(j, j->call->handle[0], j->call->number[0], j->call->number[1], READ);
	return returns(j, RESULT_0);
}

static enum fate judge_write_raw(struct judged *j)
{
	const struct call *call = j->call;
	enum fate fate;

	if (!may_touch(j, &fate))
		return fate;
	pattern_fill(write_page(j, call->handle[0], call->number[0], call->number[1], 0),
		     call->number[1], call->value);
	return returns(j, RESULT_0);
}

static enum fate judge_fill_zero(struct judged *j)
{
	const struct call *call = j->call;
	enum fate fate;

	if (!may_touch(j, &fate))
		return fate;
	bytes_fill(write_page(j, call->handle[0], call->number[0], call->number[1], 0), 0,
	       call->number[1]);
	return returns(j, RESULT_0);
}

static bool overlap(uint64_t a, uint64_t b, uint64_t len)
{
	return a < b + len && b < a + len;
}

static enum fate judge_copy_page(struct judged *j)
{
	const struct call *call = j->call;
	uint64_t to = call->number[0], from = call->number[1], len = call->number[2];
	uint8_t target = call->handle[0], source = call->handle[1];
	struct model_page *src = page_of(j, 1);
	uint8_t known[PAGE];
	enum fate fate;

	if (!in_bounds(to, len) || !in_bounds(from, len) ||
	    (target == source && overlap(to, from, len)))
		return returns(j, RESULT_EINVAL);
	if (!may_use(j, page_of(j, 0), 1, &fate) || !may_use(j, src, 2, &fate))
		return fate;
	touch(j, source, from, len, READ);
	bytes_copy(known, src->known + from, len);
	bytes_copy(write_page(j, target, to, len, 0), src->bytes + from, len);
	bytes_copy(page_of(j, 0)->known + to, known, len);
	return returns(j, RESULT_0);
}

/* ---- user slices ---- */

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static struct model_slice *slice_of(struct judged *j, unsigned int argument)
{
	return &j->rules->slices[j->call->handle[argument]];
}

static enum fate judge_user_slice(struct judged *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = slice_of(j, 0);

	slice->filled = true;
	slice->size = call->number[0];
	slice->at = 0;
	slice->limit = call->has_fault ? smaller(call->number[1], slice->size) : slice->size;
	pattern_fill(slice->bytes, slice->limit, call->value);
	return RAN;
}

static enum fate judge_skip(struct judged *j)
{
	struct model_slice *slice = slice_of(j, 0);

	if (j->call->number[0] > slice->size - slice->at)
		return returns(j, RESULT_EFAULT);
	slice->at += j->call->number[0];
	return returns(j, RESULT_0);
}

static enum fate judge_user_store(struct judged *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = slice_of(j, 0);

	if (call->number[0] < slice->limit)
		pattern_fill(slice->bytes + call->number[0],
			     smaller(call->number[1], slice->limit - call->number[0]),
			     call->value);
	return RAN;
}

static enum fate judge_copy_from_user_slice(struct judged *j)
{
	const struct call *call = j->call;
	struct model_slice *slice = slice_of(j, 1);
	uint64_t len = call->number[1], good;
	enum fate fate;
	uint8_t *to;

	if (!may_touch(j, &fate))
		return fate;
	if (len > slice->size - slice->at)
		return returns(j, RESULT_EFAULT);
	good = slice->limit > slice->at ? smaller(len, slice->limit - slice->at) : 0;
	if (len && inject(j))
		good = 0;
	to = write_page(j, call->handle[0], call->number[0], len, 0);
	bytes_copy(to, slice->bytes + slice->at, good);
	bytes_fill(to + good, 0, len - good);
	if (good < len)
		return returns(j, RESULT_EFAULT);
	slice->at += len;
	return returns(j, RESULT_0);
}

/* ---- mappings ---- */

static struct model_map *map_of(struct judged *j)
{
	return &j->rules->maps[j->call->handle[0]];
}

static enum fate judge_kmap_local(struct judged *j)
{
	enum fate fate;

	if (!may_use(j, page_of(j, 1), 1, &fate))
		return fate;
	*map_of(j) = (struct model_map){ true, true, j->call->handle[1], j->call->thread };
	j->self->maps[j->self->map_count++] = j->call->handle[0];
	return RAN;
}

static bool may_go_through(struct judged *j, enum fate *fate)
{
	const struct model_map *map = map_of(j);

	if (!map->live)
		*fate = fatal(j, RULE_use_after_unmap);
	else if (map->thread != j->call->thread)
		*fate = fatal(j, RULE_foreign_map);
	else
		return true;
	return false;
}

/* What other mappings of the page are there, should this call break a fatal rule? */
static void look_for_twins(struct judged *j)
{
	struct verdict *v = &j->rules->verdict;
	const struct model_thread *self = j->self;
	const struct model_map *maps = j->rules->maps, *named = map_of(j);

	v->newest_is_same_page = self->map_count &&
				 maps[self->maps[self->map_count - 1]].page == named->page;
	v->own_is_same_page = v->any_is_same_page = false;
	for (unsigned int i = 0; i < PROGRAM_MAPS; i++) {
		if (!maps[i].live || maps[i].page != named->page || &maps[i] == named)
			continue;
		v->any_is_same_page = true;
		v->own_is_same_page |= maps[i].thread == j->call->thread;
	}
}

static enum fate judge_kunmap_local(struct judged *j)
{
	enum fate fate;

	look_for_twins(j);
	if (!may_go_through(j, &fate))
		return fate;
	if (j->self->maps[j->self->map_count - 1] != j->call->handle[0])
		return fatal(j, RULE_unmap_order);
	j->self->map_count--;
	map_of(j)->live = false;
	return RAN;
}

/* The fatal rules of an access through a mapping, and what only atomics ask first. */
static bool may_access(struct judged *j, enum fate *fate)
{
	const struct call *call = j->call;

	if (!may_go_through(j, fate))
		return false;
	if (!in_bounds(call->number[0], call->number[1]))
		*fate = fatal(j, RULE_out_of_bounds);
	else if (!j->rules->pages[map_of(j)->page].refs)
		*fate = fatal(j, RULE_use_after_free);
	else
		return true;
	return false;
}

static bool odd_atomic(const struct call *call)
{
	uint64_t off = call->number[0], size = call->number[1];

	return (size != 1 && size != 2 && size != 4 && size != 8) || off % size;
}

static void use_value(struct judged *j)
{
	const struct call *call = j->call;
	const struct model_page *page = &j->rules->pages[map_of(j)->page];
	struct verdict *v = &j->rules->verdict;
	uint64_t from = call->number[0], to = from + call->number[1];

	while (from < to && page->known[from])
		from++;
	while (from < to && page->known[to - 1])
		to--;
	if (from == to)
		return;
	v->broken |= RULE_BIT(RULE_uninit_use);
	v->uninits[v->uninit_count++] = (struct uninit){ j->index, map_of(j)->page,
							 (uint16_t)from, (uint16_t)to };
}

static enum fate load(struct judged *j, unsigned int kind)
{
	enum fate fate;

	if (!may_access(j, &fate))
		return fate;
	use_value(j);
	read_page(j, map_of(j)->page, j->call->number[0], j->call->number[1], READ | kind);
	return RAN;
}

static enum fate store(struct judged *j, unsigned int kind)
{
	const struct call *call = j->call;
	enum fate fate;

	if (!may_access(j, &fate))
		return fate;
	pattern_fill(write_page(j, map_of(j)->page, call->number[0], call->number[1], kind),
		     call->number[1], call->value);
	return RAN;
}

static enum fate judge_load(struct judged *j)
{
	return load(j, 0);
}

static enum fate judge_store(struct judged *j)
{
	return store(j, 0);
}

static enum fate judge_load_atomic(struct judged *j)
{
	return odd_atomic(j->call) ? SKIPPED : load(j, ATOMIC);
}

static enum fate judge_store_atomic(struct judged *j)
{
	return odd_atomic(j->call) ? SKIPPED : store(j, ATOMIC);
}

/* ---- order ---- */

static struct model_mutex *mutex_of(struct judged *j)
{
	return &j->rules->mutexes[j->call->handle[0]];
}

static bool holds(const struct model_mutex *mutex, uint8_t thread)
{
	return mutex->held && mutex->owner == thread;
}

static enum fate judge_lock(struct judged *j)
{
	struct model_mutex *mutex = mutex_of(j);

	if (holds(mutex, j->call->thread))
		return SKIPPED;
	mutex->held = true;
	mutex->owner = j->call->thread;
	acquire(j, &mutex->clock);
	return RAN;
}

static enum fate judge_unlock(struct judged *j)
{
	struct model_mutex *mutex = mutex_of(j);

	if (!holds(mutex, j->call->thread))
		return SKIPPED;
	release(j, &mutex->clock);
	mutex->held = false;
	return RAN;
}

static enum fate judge_post(struct judged *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	release(j, &semaphore->clock);
	semaphore->count++;
	return RAN;
}

static enum fate judge_wait(struct judged *j)
{
	struct model_semaphore *semaphore = &j->rules->semaphores[j->call->handle[0]];

	semaphore->count--;
	acquire(j, &semaphore->clock);
	return RAN;
}

static bool would_block(const void *ctx, size_t line)
{
	const struct rules *r = ctx;
	const struct call *call = &r->program->calls[line];
	const struct model_mutex *mutex;

	if (call->op == OP_wait)
		return !r->semaphores[call->handle[0]].count;
	if (call->op != OP_lock)
		return false;
	mutex = &r->mutexes[call->handle[0]];
	return mutex->held && mutex->owner != call->thread;
}

/* ---- failures ---- */

static enum fate judge_fail_nth(struct judged *j)
{
	j->self->fail_nth = j->call->number[0];
	return RAN;
}

/* ---- one call ---- */

static enum fate (*const judges[OP_COUNT])(struct judged *) = {
#define OP(name, args, result) [OP_##name] = judge_##name,
#define judge_read_bytewise_atomic judge_read_raw
#define judge_write_bytewise_atomic judge_write_raw
#include "harness/ops.def"
#undef judge_read_bytewise_atomic
#undef judge_write_bytewise_atomic
#undef OP
};

static bool is_filled(const struct rules *r, char kind, uint8_t handle)
{
	switch (kind | 0x20) {
	case 'p':
		return r->pages[handle].filled;
	case 'k':
		return r->maps[handle].filled;
	case 'u':
		return r->slices[handle].filled;
	default:
		return true;
	}
}

/* Are the handles that the call names filled, and the one that it fills not? */
static bool handles_ready(const struct rules *r, const struct call *call)
{
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++) {
		bool fills = *kind >= 'A' && *kind <= 'Z';

		if (op_handles(*kind) && is_filled(r, *kind, call->handle[handles++]) == fills)
			return false;
	}
	return true;
}

static enum fate judge(struct rules *r, size_t index)
{
	const struct call *call = &r->program->calls[index];
	struct step *step = &r->trace->steps[r->trace->count];
	struct judged j = { r, call, (uint16_t)index, &r->threads[call->thread], step };
	enum fate fate;

	*step = (struct step){ .call = (uint16_t)index, .result = RESULT_NONE };
	if (call->thread == THREAD_MAIN)
		join_all(r);
	fate = handles_ready(r, call) ? judges[call->op](&j) : SKIPPED;
	if (call->thread == THREAD_MAIN)
		fork_all(r);
	step->skipped = fate == SKIPPED;
	if (fate != FATAL)
		r->trace->count++;
	return fate;
}

/* ---- one program ---- */

static void begin(struct rules *r, const struct program *program)
{
	r->program = program;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		r->pages[i].filled = false;
		r->pages[i].refs = 0;
	}
	for (unsigned int i = 0; i < PROGRAM_SLICES; i++)
		r->slices[i].filled = false;
	bytes_fill(r->maps, 0, sizeof(r->maps));
	bytes_fill(r->mutexes, 0, sizeof(r->mutexes));
	bytes_fill(r->semaphores, 0, sizeof(r->semaphores));
	bytes_fill(r->threads, 0, sizeof(r->threads));
	shadow_clear(&r->shadow);
	r->verdict.broken = 0;
	r->verdict.fatal_call = VERDICT_NONE;
	r->verdict.uninit_count = 0;
	for (size_t i = 0; i < program->count; i++)
		r->schedule.thread[i] = program->calls[i].thread;
	schedule_init(&r->schedule, program->count);
	trace_clear(r->trace);
}

static void log_final_pages(struct rules *r)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		struct model_page *page = &r->pages[i];

		if (!page->refs)
			continue;
		r->trace->pages[i].live = true;
		r->trace->pages[i].refs = (uint16_t)page->refs;
		r->trace->pages[i].at = trace_log(r->trace, PAGE);
		log_page(r->trace, page, r->trace->pages[i].at, 0, PAGE);
	}
}

void rules_judge(struct rules *r, const struct program *program)
{
	struct verdict *v = &r->verdict;
	size_t index;

	begin(r, program);
	while ((index = schedule_next(&r->schedule, would_block, r)) != SCHEDULE_NONE)
		if (judge(r, index) == FATAL)
			break;
	if (v->fatal_call == VERDICT_NONE && r->schedule.left) {
		v->broken |= RULE_BIT(RULE_deadlock);
		v->fatal_call = r->schedule.first_left;
		v->fatal_rule = RULE_deadlock;
	}
	if (r->shadow.race_count)
		v->broken |= RULE_BIT(RULE_data_race);
	shadow_sort(&r->shadow);
	log_final_pages(r);
}

struct rules *rules_new(void)
{
	struct rules *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->trace = trace_new();
	if (shadow_init(&r->shadow) && r->trace)
		return r;
	rules_delete(r);
	return NULL;
}

void rules_delete(struct rules *r)
{
	if (!r)
		return;
	shadow_release(&r->shadow);
	trace_delete(r->trace);
	free(r);
}

const struct verdict *rules_verdict(const struct rules *r)
{
	return &r->verdict;
}

const struct trace *rules_trace(const struct rules *r)
{
	return r->trace;
}

const struct shadow *rules_shadow(const struct rules *r)
{
	return &r->shadow;
}
