/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * --wrap=NAME makes the page library call __wrap_NAME instead of NAME, and makes __real_NAME another name of
 * NAME. Each hook ends with a jump to the real function (musttail), not with a call: ThreadSanitizer takes
 * the return address of its function for the place of the access, which must be the library's.
 */
#include "harness/detect/tsan_hooks.h"

#include <malloc.h>
#include <pthread.h>
#include <stdint.h>

#include "harness/detect/library_race.h"
#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"

/* In a program that is linked without --wrap, nothing defines or calls the functions __real_NAME. */
#define REAL __attribute__((weak))

#if defined(__clang__)
#define JUMP __attribute__((musttail)) return
#else
#define JUMP return /* gcc makes a jump of it (-foptimize-sibling-calls) */
#endif

#define CALLER __builtin_return_address(0)

/* The hooks have no prototypes, because only the linker's option --wrap refers to them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpragmas"

/* The hooks run in each call, and their coverage is not the library's. */
NO_COVERAGE_FILE_BEGIN

static tsan_hooks_observer observer;

void tsan_hooks_set_observer(tsan_hooks_observer fn)
{
	observer = fn;
}

static tsan_hooks_recorder recorder;

void tsan_hooks_set_recorder(tsan_hooks_recorder fn)
{
	recorder = fn;
}

static inline void announce(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	if (observer)
		observer(hook, addr, size);
}

static inline void announce_access(enum tsan_hook hook, const volatile void *addr, size_t size, int order)
{
	if (recorder)
		recorder(hook, addr, size, order);
	announce(hook, addr, size);
}

static inline void record_plain(const volatile void *addr, size_t size, bool is_write, const void *caller)
{
	announce_access(is_write ? HOOK_PLAIN_WRITE : HOOK_PLAIN_READ, addr, size, TSAN_HOOKS_NO_ORDER);
	if (!library_race_ignores(addr))
		library_race_record_plain(addr, size, is_write, caller);
}

static inline void record_atomic(const volatile void *addr, size_t size, enum library_atomic_kind kind,
				 int order, const void *caller)
{
	static const enum tsan_hook hooks[] = {
		[LIBRARY_LOAD] = HOOK_ATOMIC_LOAD,
		[LIBRARY_STORE] = HOOK_ATOMIC_STORE,
		[LIBRARY_UPDATE] = HOOK_ATOMIC_UPDATE,
	};

	announce_access(hooks[kind], addr, size, order);
	if (!library_race_ignores(addr))
		library_race_record_atomic(addr, size, kind, order, caller);
}

/* ---- blocks of pages ---- */

#define PAGE_BYTES  4096u
#define BLOCK_BYTES (PAGE_BYTES / 64)

static uint64_t page_blocks = TSAN_HOOKS_ALL_BLOCKS;

void tsan_hooks_set_page_blocks(uint64_t blocks)
{
	page_blocks = blocks;
}

static bool is_page_limited_to_blocks(size_t size)
{
	return size == PAGE_BYTES && page_blocks != TSAN_HOOKS_ALL_BLOCKS;
}

/* The blocks from `from` to `to` - 1. */
struct block_range {
	unsigned int from, to;
};

/* Return: the first block from @block on that is in page_blocks, or, if not @is_in, is not in page_blocks. */
static unsigned int find_block(unsigned int block, bool is_in)
{
	while (block < 64 && (page_blocks >> block & 1) != is_in)
		block++;
	return block;
}

/* Sets @range to the next range of blocks in page_blocks after @range. Return: false if there is none. */
static bool find_next_block_range(struct block_range *range)
{
	range->from = find_block(range->to, true);
	range->to = find_block(range->from, false);
	return range->from < 64;
}

/*
 * Return: whether @addr is a byte of a page, in a block that is not in page_blocks. The library's own bytes,
 * for example a lock, are in no ignored range: ThreadSanitizer must learn of them, because they may order
 * threads.
 */
static inline bool is_in_unshared_block(const volatile void *addr)
{
	return page_blocks != TSAN_HOOKS_ALL_BLOCKS && library_race_is_in_recent_range(addr) &&
	       !(page_blocks >> (uintptr_t)addr % PAGE_BYTES / BLOCK_BYTES & 1);
}

/* ---- plain accesses ---- */

#define HOOK_PLAIN(name, size, is_write)                    \
	void __real___tsan_##name(void *addr) REAL;         \
	void __wrap___tsan_##name(void *addr)               \
	{                                                   \
		record_plain(addr, size, is_write, CALLER); \
		JUMP __real___tsan_##name(addr);            \
	}
#define HOOK_PLAIN_SIZE(size)               \
	HOOK_PLAIN(read##size, size, false) \
	HOOK_PLAIN(write##size, size, true)
#define HOOK_UNALIGNED_SIZE(size)                     \
	HOOK_PLAIN(unaligned_read##size, size, false) \
	HOOK_PLAIN(unaligned_write##size, size, true)

HOOK_PLAIN_SIZE(1)
HOOK_PLAIN_SIZE(2)
HOOK_PLAIN_SIZE(4)
HOOK_PLAIN_SIZE(8)
HOOK_PLAIN_SIZE(16)
HOOK_UNALIGNED_SIZE(2)
HOOK_UNALIGNED_SIZE(4)
HOOK_UNALIGNED_SIZE(8)
HOOK_UNALIGNED_SIZE(16)

/* Larger copies are copies of page bytes, which are ignored (library_race.h). */
#define COPY_SIZE_MAX 64

static inline void record_copy(const void *addr, size_t size, bool is_write, const void *caller)
{
	if (size && size <= COPY_SIZE_MAX)
		record_plain(addr, size, is_write, caller);
	else if (size && recorder)
		recorder(is_write ? HOOK_PLAIN_WRITE : HOOK_PLAIN_READ, addr, size, TSAN_HOOKS_NO_ORDER);
}

void *__real___tsan_memcpy(void *to, const void *from, size_t size) REAL;
void *__wrap___tsan_memcpy(void *to, const void *from, size_t size)
{
	record_copy(from, size, false, CALLER);
	record_copy(to, size, true, CALLER);
	JUMP __real___tsan_memcpy(to, from, size);
}

void __tsan_write_range_pc(void *addr, unsigned long size, void *caller) REAL;

static void fill_page(uint8_t *page, uint8_t value, void *caller)
{
	struct block_range range = { 0, 0 };

	bytes_fill(page, value, PAGE_BYTES);
	while (find_next_block_range(&range))
		__tsan_write_range_pc(page + range.from * BLOCK_BYTES, (range.to - range.from) * BLOCK_BYTES,
				      caller);
}

void *__real___tsan_memset(void *to, int value, size_t size) REAL;
void *__wrap___tsan_memset(void *to, int value, size_t size)
{
	record_copy(to, size, true, CALLER);
	if (is_page_limited_to_blocks(size) && __tsan_write_range_pc) {
		fill_page(to, (uint8_t)value, CALLER);
		return to;
	}
	JUMP __real___tsan_memset(to, value, size);
}

/* ---- atomic accesses ---- */

#define HOOK_LOAD(bits, type)                                                              \
	type __real___tsan_atomic##bits##_load(const volatile type *addr, int order) REAL; \
	type __wrap___tsan_atomic##bits##_load(const volatile type *addr, int order)       \
	{                                                                                  \
		record_atomic(addr, sizeof(type), LIBRARY_LOAD, order, CALLER);            \
		if (sizeof(type) == 1 && is_in_unshared_block(addr))                       \
			return __atomic_load_n(addr, __ATOMIC_RELAXED);                    \
		JUMP __real___tsan_atomic##bits##_load(addr, order);                       \
	}
#define HOOK_STORE(bits, type)                                                                    \
	void __real___tsan_atomic##bits##_store(volatile type *addr, type value, int order) REAL; \
	void __wrap___tsan_atomic##bits##_store(volatile type *addr, type value, int order)       \
	{                                                                                         \
		record_atomic(addr, sizeof(type), LIBRARY_STORE, order, CALLER);                  \
		if (sizeof(type) == 1 && is_in_unshared_block(addr)) {                            \
			__atomic_store_n(addr, value, __ATOMIC_RELAXED);                          \
			return;                                                                   \
		}                                                                                 \
		JUMP __real___tsan_atomic##bits##_store(addr, value, order);                      \
	}
#define HOOK_UPDATE(bits, type, name)                                                              \
	type __real___tsan_atomic##bits##_##name(volatile type *addr, type value, int order) REAL; \
	type __wrap___tsan_atomic##bits##_##name(volatile type *addr, type value, int order)       \
	{                                                                                          \
		record_atomic(addr, sizeof(type), LIBRARY_UPDATE, order, CALLER);                  \
		JUMP __real___tsan_atomic##bits##_##name(addr, value, order);                      \
	}

/* All threads of a program run on one OS thread, so *addr cannot change before the exchange itself. */
#define RECORD_EXCHANGE(type, expected)                                                                     \
	announce_access(HOOK_ATOMIC_UPDATE, addr, sizeof(type), order);                                     \
	library_race_record_atomic(addr, sizeof(type), *addr == (expected) ? LIBRARY_UPDATE : LIBRARY_LOAD, \
				   *addr == (expected) ? order : failure_order, CALLER)
#define HOOK_EXCHANGE(bits, type, name)                                                                     \
	int __real___tsan_atomic##bits##_##name(volatile type *addr, type *expected, type value, int order, \
						int failure_order) REAL;                                    \
	int __wrap___tsan_atomic##bits##_##name(volatile type *addr, type *expected, type value, int order, \
						int failure_order)                                          \
	{                                                                                                   \
		RECORD_EXCHANGE(type, *expected);                                                           \
		JUMP __real___tsan_atomic##bits##_##name(addr, expected, value, order, failure_order);      \
	}
#define HOOK_EXCHANGE_VALUE(bits, type)                                                                  \
	type __real___tsan_atomic##bits##_compare_exchange_val(                                          \
		volatile type *addr, type expected, type value, int order, int failure_order) REAL;      \
	type __wrap___tsan_atomic##bits##_compare_exchange_val(volatile type *addr, type expected,       \
							       type value, int order, int failure_order) \
	{                                                                                                \
		RECORD_EXCHANGE(type, expected);                                                         \
		JUMP __real___tsan_atomic##bits##_compare_exchange_val(addr, expected, value, order,     \
								       failure_order);                   \
	}

#define HOOK_ATOMICS(bits, type)                           \
	HOOK_LOAD(bits, type)                              \
	HOOK_STORE(bits, type)                             \
	HOOK_UPDATE(bits, type, exchange)                  \
	HOOK_UPDATE(bits, type, fetch_add)                 \
	HOOK_UPDATE(bits, type, fetch_sub)                 \
	HOOK_UPDATE(bits, type, fetch_and)                 \
	HOOK_UPDATE(bits, type, fetch_or)                  \
	HOOK_UPDATE(bits, type, fetch_xor)                 \
	HOOK_UPDATE(bits, type, fetch_nand)                \
	HOOK_EXCHANGE(bits, type, compare_exchange_strong) \
	HOOK_EXCHANGE(bits, type, compare_exchange_weak)   \
	HOOK_EXCHANGE_VALUE(bits, type)

HOOK_ATOMICS(8, uint8_t)
HOOK_ATOMICS(16, uint16_t)
HOOK_ATOMICS(32, uint32_t)
HOOK_ATOMICS(64, uint64_t)
#ifdef __SIZEOF_INT128__
__extension__ typedef unsigned __int128 uint128;
HOOK_ATOMICS(128, uint128)
#endif

void __real___tsan_atomic_thread_fence(int order) REAL;
void __wrap___tsan_atomic_thread_fence(int order)
{
	library_race_record_fence(order);
	JUMP __real___tsan_atomic_thread_fence(order);
}

/* ---- memory that gets a new owner ---- */

/* The bytes of a page are ignored (library_race.h), so a forget of a whole page would only cost time. */
#define FORGOTTEN_SIZE_MAX 1024ul

static bool is_heap_hidden;

void tsan_hooks_hide_heap(bool is_hidden)
{
	is_heap_hidden = is_hidden;
}

static void pass_blocks(void (*fn)(unsigned long addr, unsigned long size), unsigned long page)
{
	struct block_range range = { 0, 0 };

	while (find_next_block_range(&range))
		fn(page + range.from * BLOCK_BYTES, (range.to - range.from) * BLOCK_BYTES);
}

#define DEFINE_HEAP_HOOK(name, hook)                                                 \
	void __real___tsan_java_##name(unsigned long addr, unsigned long size) REAL; \
	void __wrap___tsan_java_##name(unsigned long addr, unsigned long size)       \
	{                                                                            \
		if (is_heap_hidden)                                                  \
			return;                                                      \
		announce(hook, (void *)addr, size);                                  \
		if (size <= FORGOTTEN_SIZE_MAX)                                      \
			library_race_forget((void *)addr, size);                     \
		if (is_page_limited_to_blocks(size)) {                               \
			pass_blocks(__real___tsan_java_##name, addr);                \
			return;                                                      \
		}                                                                    \
		JUMP __real___tsan_java_##name(addr, size);                          \
	}
DEFINE_HEAP_HOOK(alloc, HOOK_HEAP_ALLOC)
DEFINE_HEAP_HOOK(free, HOOK_HEAP_FREE)

void __real_free(void *memory) REAL;
void __wrap_free(void *memory)
{
	if (memory && library_race_is_watching()) {
		announce(HOOK_FREE, memory, 0);
		library_race_forget(memory, malloc_usable_size(memory));
	}
	JUMP __real_free(memory);
}

/* ---- locks of libpthread ---- */

#define DEFINE_LOCK_HOOK(name, type)                            \
	int __real_##name(type *lock) REAL;                     \
	int __wrap_##name(type *lock)                           \
	{                                                       \
		int error;                                      \
                                                                \
		announce(HOOK_MUTEX_LOCK, lock, sizeof(*lock)); \
		error = __real_##name(lock);                    \
		if (!error)                                     \
			library_race_record_lock(lock);         \
		return error;                                   \
	}
#define DEFINE_UNLOCK_HOOK(name, type)                            \
	int __real_##name(type *lock) REAL;                       \
	int __wrap_##name(type *lock)                             \
	{                                                         \
		announce(HOOK_MUTEX_UNLOCK, lock, sizeof(*lock)); \
		library_race_record_unlock(lock);                 \
		JUMP __real_##name(lock);                         \
	}

DEFINE_LOCK_HOOK(pthread_mutex_lock, pthread_mutex_t)
DEFINE_LOCK_HOOK(pthread_mutex_trylock, pthread_mutex_t)
DEFINE_UNLOCK_HOOK(pthread_mutex_unlock, pthread_mutex_t)
DEFINE_LOCK_HOOK(pthread_spin_lock, pthread_spinlock_t)
DEFINE_LOCK_HOOK(pthread_spin_trylock, pthread_spinlock_t)
DEFINE_UNLOCK_HOOK(pthread_spin_unlock, pthread_spinlock_t)
DEFINE_LOCK_HOOK(pthread_rwlock_rdlock, pthread_rwlock_t)
DEFINE_LOCK_HOOK(pthread_rwlock_wrlock, pthread_rwlock_t)
DEFINE_UNLOCK_HOOK(pthread_rwlock_unlock, pthread_rwlock_t)

int __real_pthread_once(pthread_once_t *once, void (*init)(void)) REAL;
/* Only the call that runs @init is ordered before later calls: calls that find @init done are not ordered. */
int __wrap_pthread_once(pthread_once_t *once, void (*init)(void))
{
	pthread_once_t before = *once;
	int error = __real_pthread_once(once, init);

	library_race_record_lock(once);
	if (before != *once)
		library_race_record_unlock(once);
	return error;
}

/* ---- waiting ---- */

int __real_sched_yield(void) REAL;
int __wrap_sched_yield(void)
{
	announce(HOOK_YIELD, NULL, 0);
	return observer ? 0 : __real_sched_yield();
}

/* The page library calls this function before it takes a spin lock (sync.h). */
void page_sched_lock(const volatile void *lock);
void page_sched_lock(const volatile void *lock)
{
	announce(HOOK_LOCK, lock, 1);
}

/* The page library may call this function before an access that has no other hook (sync.h). */
void page_sched_point(const volatile void *addr);
void page_sched_point(const volatile void *addr)
{
	announce(HOOK_ATOMIC_UPDATE, addr, 1);
}

bool tsan_hooks_are_linked(void)
{
	return __real___tsan_read8;
}

NO_COVERAGE_FILE_END
