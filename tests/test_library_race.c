/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Races on the library's own data: which accesses race, and what orders them. */
#include <stddef.h>

#include "harness/detect/library_race.h"
#include "tests/tap.h"

enum { MAIN, A, B, C };

static _Alignas(64) uint64_t data[1024];
static uint32_t flag, other_flag;
static const char here, there; /* addresses that stand for code */

static void begin(void)
{
	library_race_begin();
}

/* The thread makes one call, with the same index as the thread. */
static void read_as(uint8_t thread, const void *addr, size_t size)
{
	library_race_watch(thread, thread);
	library_race_record_plain(addr, size, false, &here);
	library_race_unwatch();
}

static void write_as(uint8_t thread, void *addr, size_t size)
{
	library_race_watch(thread, thread);
	library_race_record_plain(addr, size, true, &there);
	library_race_unwatch();
}

static void atomic_as(uint8_t thread, void *addr, enum library_atomic_kind kind, int order)
{
	library_race_watch(thread, thread);
	library_race_record_atomic(addr, 4, kind, order, &here);
	library_race_unwatch();
}

static void fence_as(uint8_t thread, int order)
{
	library_race_watch(thread, thread);
	library_race_record_fence(order);
	library_race_unwatch();
}

static bool has_race(void)
{
	return library_race_get()->is_found;
}

/* Return: whether a write of @data by A and a later write by B race, with the given accesses to flags
 * between. */
static bool race_without_order(void)
{
	write_as(B, data, 8);
	return has_race();
}

static void test_accesses(void)
{
	const struct library_race *race = library_race_get();

	begin();
	write_as(A, data, 8);
	read_as(B, data, 8);
	ok(race->is_found && race->before.thread == A && race->before.is_write && race->now.thread == B &&
		   !race->now.is_write && race->before.call == A && race->now.call == B &&
		   race->before.caller == (uintptr_t)&there && race->now.caller == (uintptr_t)&here,
	   "a write and an unordered read race; the race has both calls and both places");
	begin();
	read_as(A, data, 8);
	read_as(B, data, 8);
	ok(!has_race(), "two reads do not race");
	begin();
	write_as(A, data, 8);
	read_as(A, data, 8);
	ok(!has_race(), "accesses of one thread do not race");
	begin();
	write_as(A, data, 4);
	write_as(B, (char *)data + 4, 4);
	ok(!has_race(), "accesses to neighbouring bytes do not race");
	begin();
	write_as(A, (char *)data + 6, 4);
	write_as(B, (char *)data + 9, 1);
	ok(has_race(), "an access across two granules is checked in both");
	begin();
	atomic_as(A, data, LIBRARY_UPDATE, __ATOMIC_RELAXED);
	atomic_as(B, data, LIBRARY_UPDATE, __ATOMIC_RELAXED);
	ok(!has_race(), "two atomic accesses do not race");
	read_as(C, data, 4);
	ok(has_race(), "an atomic update and an unordered plain read race");
	begin();
	ok(!has_race(), "the next execution begins without a race");
	read_as(B, data, 8);
	ok(!has_race(), "and without the accesses of the previous execution");
}

static void test_order(void)
{
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELEASE);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_ACQUIRE);
	ok(!race_without_order(), "a release store orders before an acquire load");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELAXED);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_ACQUIRE);
	ok(race_without_order(), "a relaxed store does not");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELEASE);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_RELAXED);
	ok(race_without_order(), "a relaxed load does not acquire");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELEASE);
	atomic_as(B, &other_flag, LIBRARY_LOAD, __ATOMIC_ACQUIRE);
	ok(race_without_order(), "another atomic orders nothing");
	begin();
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELEASE);
	write_as(A, data, 8);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_ACQUIRE);
	ok(race_without_order(), "an access after the release is not ordered");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_UPDATE, __ATOMIC_RELEASE);
	atomic_as(C, &flag, LIBRARY_UPDATE, __ATOMIC_RELAXED);
	atomic_as(B, &flag, LIBRARY_UPDATE, __ATOMIC_ACQUIRE);
	ok(!race_without_order(), "a relaxed update continues the release sequence");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_UPDATE, __ATOMIC_RELEASE);
	atomic_as(C, &flag, LIBRARY_STORE, __ATOMIC_RELAXED);
	atomic_as(B, &flag, LIBRARY_UPDATE, __ATOMIC_ACQUIRE);
	ok(race_without_order(), "a relaxed store ends the release sequence");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_UPDATE, __ATOMIC_ACQ_REL);
	atomic_as(C, &flag, LIBRARY_UPDATE, __ATOMIC_SEQ_CST);
	atomic_as(C, &other_flag, LIBRARY_STORE, __ATOMIC_SEQ_CST);
	atomic_as(B, &other_flag, LIBRARY_LOAD, __ATOMIC_SEQ_CST);
	ok(!race_without_order(), "order passes through a third thread");
	begin();
	write_as(A, data, 8);
	fence_as(A, __ATOMIC_RELEASE);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELAXED);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_RELAXED);
	fence_as(B, __ATOMIC_ACQUIRE);
	ok(!race_without_order(), "two fences order by relaxed accesses");
	begin();
	write_as(A, data, 8);
	atomic_as(A, &flag, LIBRARY_STORE, __ATOMIC_RELAXED);
	fence_as(A, __ATOMIC_RELEASE);
	atomic_as(B, &flag, LIBRARY_LOAD, __ATOMIC_RELAXED);
	fence_as(B, __ATOMIC_ACQUIRE);
	ok(race_without_order(), "a fence after the store is too late");
	begin();
	write_as(A, data, 8);
	library_race_release(A, &here);
	library_race_acquire(B, &here);
	ok(!race_without_order(), "the program's own synchronisation orders too");
}

static void test_memory(void)
{
	begin();
	write_as(A, data, 8);
	library_race_watch(B, B);
	library_race_forget(data, 8);
	library_race_unwatch();
	ok(!race_without_order(), "accesses to freed memory are forgotten");
	begin();
	library_race_ignore_range(data, 64);
	write_as(A, data, 8);
	write_as(B, data, 8);
	ok(!has_race(), "accesses to an ignored range are not recorded");
	ok(library_race_is_in_recent_range(data) && library_race_is_in_recent_range((uint8_t *)data + 63) &&
		   !library_race_is_in_recent_range(data + 8) && !library_race_is_in_recent_range(&flag),
	   "the range of an ignored access is known, and nothing else is in it");
	write_as(A, data + 8, 8);
	write_as(B, data + 8, 8);
	ok(has_race(), "accesses after its end are");
	begin();
	for (unsigned int i = 0; i < 64; i++)
		write_as(A, data, 1 + i % 8);
	write_as(B, data, 8);
	ok(has_race(), "many accesses to one granule do not hide a race");
	begin();
	for (size_t i = 0; i < 1000; i++)
		atomic_as(A, (uint32_t *)data + i, LIBRARY_STORE, __ATOMIC_RELEASE);
	write_as(A, &flag, 4);
	write_as(B, &flag, 4);
	ok(has_race(), "a thousand atomics fit into the tables");
}

/* A full table loses accesses or order. Then no race is reported that is none. */
static void test_full_tables(void)
{
	static uint64_t many[1 << 17];

	begin();
	write_as(A, data, 8);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		atomic_as(A, &many[i], LIBRARY_STORE, __ATOMIC_RELEASE);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++)
		atomic_as(B, &many[i], LIBRARY_LOAD, __ATOMIC_ACQUIRE);
	ok(!race_without_order(), "with a full table of atomics no race is reported");
	begin();
	write_as(A, data, 8);
	ok(race_without_order(), "the next execution is checked again");
}

UNIT_TEST(test_library_race)
{
	test_accesses();
	test_order();
	test_memory();
	test_full_tables();
}
