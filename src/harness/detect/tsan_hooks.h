/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The functions that code compiled with -fsanitize=thread calls before each access. The linker option --wrap
 * (build-aux/flavours.mk, hook_ldflags) replaces them by the functions of tsan_hooks.c, which pass the access
 * to library_race.h and then to ThreadSanitizer. The harness is not instrumented, so all these accesses are
 * accesses of the page library.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tsan_hook {
	HOOK_PLAIN_READ,
	HOOK_PLAIN_WRITE,
	HOOK_ATOMIC_LOAD,
	HOOK_ATOMIC_STORE,
	HOOK_ATOMIC_UPDATE,
	HOOK_HEAP_ALLOC, /* the memory gets an owner, who may write it without further hooks */
	HOOK_HEAP_FREE,
	HOOK_FREE,       /* free() of a call; the size is 0 */
	HOOK_LOCK,       /* the next access takes the spin lock at the address */
	HOOK_MUTEX_LOCK, /* also a reader-writer lock */
	HOOK_MUTEX_UNLOCK,
	HOOK_YIELD, /* sched_yield(): the caller waits for a change of what it read before */
};

/*
 * The observer is called before each access of the library. When the observer returns, the access follows.
 * The observer may switch to another coroutine and return later.
 */
typedef void (*tsan_hooks_observer)(enum tsan_hook hook, const volatile void *addr, size_t size);

/* NULL: no observer. */
void tsan_hooks_set_observer(tsan_hooks_observer observer);

/*
 * The recorder is called before each plain and atomic access of the library, also before copies that are too
 * large for the observer. @order: the memory order of an atomic access (__ATOMIC_RELAXED and so on), or
 * TSAN_HOOKS_NO_ORDER.
 */
#define TSAN_HOOKS_NO_ORDER (-1)
typedef void (*tsan_hooks_recorder)(enum tsan_hook hook, const volatile void *addr, size_t size, int order);

/* NULL: no recorder. */
void tsan_hooks_set_recorder(tsan_hooks_recorder recorder);

/*
 * ThreadSanitizer needs more time for whole pages and for copies byte by byte than for the rest of an
 * execution. From now on it does not learn of these accesses in other blocks than @blocks: memset() of a
 * whole page, allocation and free of a whole page, atomic loads and stores of one byte. Bit i is the block of
 * 64 bytes at the offset 64 * i. The program must not race, and @blocks must contain the blocks of
 * access_log_find_shared_blocks().
 */
#define TSAN_HOOKS_ALL_BLOCKS UINT64_MAX
void tsan_hooks_set_page_blocks(uint64_t blocks);

/*
 * While @is_hidden, ThreadSanitizer does not learn that the library allocates or frees memory. For memory
 * that no one has accessed the difference is only that ThreadSanitizer writes no shadow, which has twice the
 * size.
 */
void tsan_hooks_hide_heap(bool is_hidden);

/* Return: whether the accesses of a page library reach the hooks of this process. */
bool tsan_hooks_are_linked(void);
