/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Vector clocks. Each thread has a clock, a vector with one number for each thread. The time of an access is
 * the accessing thread's own number. The access happens before the current instruction of thread T if T's
 * clock is not less than this time at the accessing thread's index. A release copies the releasing thread's
 * clock to an object, and increments the thread's own number; an acquire takes the maximum of both clocks.
 *
 * Two tables have fixed sizes, because a call must not allocate memory: one with the accesses to each 8 bytes
 * (granule), one with the clock of each atomic or lock. An entry of an older execution counts as empty, so
 * library_race_begin() does not touch the tables.
 *
 * Everything errs to the same side: if a granule or the table of granules is full, an access is forgotten; if
 * the table of atomics and locks is full, no more races are reported. So a race may be missed, but no access
 * is reported that did not race.
 */
#include "harness/detect/library_race.h"

#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"

/* The address of an access differs between processes, so coverage counters would differ too. */
NO_COVERAGE_FILE_BEGIN

#define THREADS          PROGRAM_THREADS
#define GRANULE          8u
#define GRANULE_ACCESSES 12u /* accesses of one granule that are remembered */
#define TABLE_SIZE       2048u
#define TABLE_PROBES     32u /* entries that a search looks at */
#define IGNORED_RANGES   64u

struct clock {
	uint32_t numbers[THREADS];
};

/* An access to some bytes of a granule. */
struct timed_access {
	struct library_access access;
	uint8_t byte_mask;
	uint32_t time;
};

struct granule {
	uintptr_t addr;
	bool is_ignored;
	uint8_t access_count, oldest; /* oldest: the index that is overwritten when the entry is full */
	struct timed_access accesses[GRANULE_ACCESSES];
};

struct sync_object {
	struct clock clock;
};

/*
 * A hash table that gives each address of an execution a number, 0, 1, 2 and so on. The numbers are the
 * indices of the arrays below, of which an execution uses only the first elements.
 */
struct address_table {
	struct {
		uintptr_t addr;
		uint32_t execution; /* number of the execution that uses the slot */
		uint32_t number;
	} slots[TABLE_SIZE];
	uint32_t count; /* numbers of this execution */
};

#define NO_NUMBER UINT32_MAX

static struct address_table granule_table, sync_object_table;
static struct granule granules[TABLE_SIZE];
static struct sync_object sync_objects[TABLE_SIZE];

struct library_race_state library_race_state;

static struct {
	uint32_t execution;  /* number of library_race_begin() calls */
	bool has_lost_order; /* a release or an acquire was not recorded */
	uint8_t thread;
	uint16_t call;
	struct clock clocks[THREADS];
	struct clock loaded[THREADS];        /* clocks that relaxed loads read, for a later acquire fence */
	struct clock release_fence[THREADS]; /* the thread's clock at its last release fence */
	struct library_race race;
	unsigned int ignored_range_count;
	struct {
		uintptr_t from, size;
	} ignored_ranges[IGNORED_RANGES];
} state;

void library_race_begin(void)
{
	state.execution++;
	granule_table.count = sync_object_table.count = 0;
	library_race_state.is_watching = state.has_lost_order = false;
	state.race.is_found = false;
	state.ignored_range_count = 0;
	library_race_state.ignored_size = 0;
	bytes_fill(state.clocks, 0, sizeof(state.clocks));
	bytes_fill(state.loaded, 0, sizeof(state.loaded));
	bytes_fill(state.release_fence, 0, sizeof(state.release_fence));
	for (unsigned int t = 0; t < THREADS; t++)
		state.clocks[t].numbers[t] = 1;
}

void library_race_watch(uint8_t thread, size_t call)
{
	state.thread = thread;
	state.call = (uint16_t)call;
	library_race_state.is_watching = true;
}

void library_race_unwatch(void)
{
	library_race_state.is_watching = false;
}

bool library_race_is_watching(void)
{
	return library_race_state.is_watching;
}

const struct library_race *library_race_get(void)
{
	return &state.race;
}

/* ---- ignored memory ---- */

void library_race_ignore_range(const void *addr, size_t len)
{
	if (state.ignored_range_count == IGNORED_RANGES)
		return;
	state.ignored_ranges[state.ignored_range_count].from = (uintptr_t)addr;
	state.ignored_ranges[state.ignored_range_count++].size = len;
}

static bool is_in_any_ignored_range(uintptr_t addr)
{
	for (unsigned int i = 0; i < state.ignored_range_count; i++)
		if (addr - state.ignored_ranges[i].from < state.ignored_ranges[i].size) {
			library_race_state.ignored_from = state.ignored_ranges[i].from;
			library_race_state.ignored_size = state.ignored_ranges[i].size;
			return true;
		}
	return false;
}

/* ---- the tables ---- */

static unsigned int hash_address(uintptr_t addr)
{
	return (unsigned int)((uint32_t)(addr >> 2) * 2654435761u >> 21) % TABLE_SIZE;
}

/*
 * Return: the number of @addr in @table. If @addr has none: the next number if @must_add, or NO_NUMBER. Also
 * NO_NUMBER if the part of the table for @addr is full.
 */
static uint32_t find_number(struct address_table *table, uintptr_t addr, bool must_add)
{
	unsigned int index = hash_address(addr);

	for (unsigned int i = 0; i < TABLE_PROBES; i++, index = (index + 1) % TABLE_SIZE) {
		if (table->slots[index].execution != state.execution) {
			if (!must_add)
				return NO_NUMBER;
			table->slots[index].addr = addr;
			table->slots[index].execution = state.execution;
			return table->slots[index].number = table->count++;
		}
		if (table->slots[index].addr == addr)
			return table->slots[index].number;
	}
	return NO_NUMBER;
}

/* Return: the entry of the granule at @addr; NULL if its part of the table is full. */
static struct granule *find_or_add_granule(uintptr_t addr)
{
	uint32_t count = granule_table.count, number = find_number(&granule_table, addr, true);

	if (number == count) {
		granules[number].addr = addr;
		granules[number].is_ignored = is_in_any_ignored_range(addr);
		granules[number].access_count = granules[number].oldest = 0;
	}
	return number == NO_NUMBER ? NULL : &granules[number];
}

/* Return: the entry of @object; NULL if its part of the table is full. */
static struct sync_object *find_or_add_sync_object(const volatile void *object)
{
	uint32_t count = sync_object_table.count;
	uint32_t number = find_number(&sync_object_table, (uintptr_t)object, true);

	if (number == count)
		sync_objects[number].clock = (struct clock){ { 0 } };
	if (number == NO_NUMBER)
		state.has_lost_order = true;
	return number == NO_NUMBER ? NULL : &sync_objects[number];
}

/* ---- order ---- */

static void take_maximum(struct clock *to, const struct clock *from)
{
	for (unsigned int t = 0; t < THREADS; t++)
		if (from->numbers[t] > to->numbers[t])
			to->numbers[t] = from->numbers[t];
}

void library_race_release(uint8_t thread, const volatile void *object)
{
	struct sync_object *sync = find_or_add_sync_object(object);

	if (sync)
		take_maximum(&sync->clock, &state.clocks[thread]);
	state.clocks[thread].numbers[thread]++;
}

void library_race_acquire(uint8_t thread, const volatile void *object)
{
	const struct sync_object *sync = find_or_add_sync_object(object);

	if (sync)
		take_maximum(&state.clocks[thread], &sync->clock);
}

void library_race_record_lock(const volatile void *object)
{
	if (library_race_state.is_watching)
		library_race_acquire(state.thread, object);
}

void library_race_record_unlock(const volatile void *object)
{
	if (library_race_state.is_watching)
		library_race_release(state.thread, object);
}

static bool order_acquires(int order)
{
	return order == __ATOMIC_CONSUME || order == __ATOMIC_ACQUIRE || order == __ATOMIC_ACQ_REL ||
	       order == __ATOMIC_SEQ_CST;
}

static bool order_releases(int order)
{
	return order == __ATOMIC_RELEASE || order == __ATOMIC_ACQ_REL || order == __ATOMIC_SEQ_CST;
}

/* A relaxed load orders nothing by itself, but together with a later acquire fence of its thread. */
static void acquire_by_atomic(const struct sync_object *sync, enum library_atomic_kind kind, int order)
{
	if (kind != LIBRARY_STORE)
		take_maximum(order_acquires(order) ? &state.clocks[state.thread] :
						     &state.loaded[state.thread],
			     &sync->clock);
}

/*
 * A relaxed store orders nothing by itself, but together with an earlier release fence of its thread. A store
 * begins a new release sequence; an update continues the sequence.
 */
static void release_by_atomic(struct sync_object *sync, enum library_atomic_kind kind, int order)
{
	struct clock *own = &state.clocks[state.thread];

	if (kind == LIBRARY_LOAD)
		return;
	if (kind == LIBRARY_STORE)
		sync->clock = (struct clock){ { 0 } };
	take_maximum(&sync->clock, order_releases(order) ? own : &state.release_fence[state.thread]);
	if (order_releases(order))
		own->numbers[state.thread]++;
}

void library_race_record_fence(int order)
{
	struct clock *own = &state.clocks[state.thread];

	if (!library_race_state.is_watching)
		return;
	if (order_acquires(order))
		take_maximum(own, &state.loaded[state.thread]);
	if (!order_releases(order))
		return;
	state.release_fence[state.thread] = *own;
	own->numbers[state.thread]++;
}

/* ---- accesses ---- */

static bool races_with(const struct timed_access *before, const struct timed_access *now)
{
	return before->access.thread != now->access.thread && before->byte_mask & now->byte_mask &&
	       (before->access.is_write || now->access.is_write) &&
	       !(before->access.is_atomic && now->access.is_atomic) &&
	       before->time > state.clocks[now->access.thread].numbers[before->access.thread];
}

static void check_accesses(const struct granule *granule, const struct timed_access *now)
{
	if (state.has_lost_order)
		return;
	for (unsigned int i = 0; i < granule->access_count && !state.race.is_found; i++)
		if (races_with(&granule->accesses[i], now))
			state.race = (struct library_race){ true, granule->addr, granule->accesses[i].access,
							    now->access };
}

/* The new access replaces an earlier one if whatever races with the earlier one races with the new one. */
static bool replaces(const struct timed_access *earlier, const struct timed_access *now)
{
	return earlier->access.thread == now->access.thread &&
	       earlier->access.is_write == now->access.is_write &&
	       earlier->access.is_atomic == now->access.is_atomic && !(earlier->byte_mask & ~now->byte_mask);
}

static void store_access(struct granule *granule, const struct timed_access *now)
{
	for (unsigned int i = 0; i < granule->access_count; i++)
		if (replaces(&granule->accesses[i], now)) {
			granule->accesses[i] = *now;
			return;
		}
	if (granule->access_count < GRANULE_ACCESSES) {
		granule->accesses[granule->access_count++] = *now;
		return;
	}
	granule->accesses[granule->oldest] = *now;
	granule->oldest = (uint8_t)((granule->oldest + 1) % GRANULE_ACCESSES);
}

/* Return: whether the granule at @addr is in an ignored range, by its entry, which is found faster. */
static bool is_ignored(uintptr_t addr)
{
	const struct granule *granule = find_or_add_granule(addr & ~(uintptr_t)(GRANULE - 1));

	return granule ? granule->is_ignored : is_in_any_ignored_range(addr);
}

/* Return: a mask of the bytes of [addr, end) that are in the granule at @granule_addr. */
static uint8_t make_byte_mask(uintptr_t granule_addr, uintptr_t addr, uintptr_t end)
{
	unsigned int first = addr > granule_addr ? (unsigned int)(addr - granule_addr) : 0;
	unsigned int bytes_after_end =
		end < granule_addr + GRANULE ? (unsigned int)(granule_addr + GRANULE - end) : 0;

	return (uint8_t)(0xffu << first & 0xffu >> bytes_after_end);
}

/* Records the part of the access [addr, end) that is in the granule at @granule_addr. */
static void record_in_granule(uintptr_t granule_addr, uintptr_t addr, uintptr_t end,
			      const struct library_access *access)
{
	struct granule *granule = find_or_add_granule(granule_addr);
	struct timed_access now = { .access = *access,
				    .byte_mask = make_byte_mask(granule_addr, addr, end),
				    .time = state.clocks[access->thread].numbers[access->thread] };

	if (!granule || granule->is_ignored)
		return;
	check_accesses(granule, &now);
	store_access(granule, &now);
}

static void record_access(uintptr_t addr, size_t size, struct library_access access)
{
	uintptr_t end = addr + size;

	for (uintptr_t at = addr & ~(uintptr_t)(GRANULE - 1); at < end; at += GRANULE)
		record_in_granule(at, addr, end, &access);
}

static struct library_access make_access(bool is_write, bool is_atomic, const void *caller)
{
	return (struct library_access){ state.thread, state.call, is_write, is_atomic, (uintptr_t)caller };
}

void library_race_record_plain(const volatile void *addr, size_t size, bool is_write, const void *caller)
{
	if (library_race_state.is_watching)
		record_access((uintptr_t)addr, size, make_access(is_write, false, caller));
}

void library_race_record_atomic(const volatile void *addr, size_t size, enum library_atomic_kind kind,
				int order, const void *caller)
{
	struct sync_object *sync;

	if (!library_race_state.is_watching || is_ignored((uintptr_t)addr))
		return;
	sync = find_or_add_sync_object(addr);
	if (sync)
		acquire_by_atomic(sync, kind, order);
	record_access((uintptr_t)addr, size, make_access(kind != LIBRARY_LOAD, true, caller));
	if (sync)
		release_by_atomic(sync, kind, order);
}

static void forget_granule(uintptr_t addr)
{
	uint32_t number = find_number(&granule_table, addr, false);

	if (number != NO_NUMBER)
		granules[number].access_count = granules[number].oldest = 0;
}

void library_race_forget(const volatile void *addr, size_t len)
{
	uintptr_t from = (uintptr_t)addr & ~(uintptr_t)(GRANULE - 1), end = (uintptr_t)addr + len;

	for (uintptr_t at = from; library_race_state.is_watching && at < end; at += GRANULE)
		forget_granule(at);
}

NO_COVERAGE_FILE_END
