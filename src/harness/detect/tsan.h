/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface to ThreadSanitizer's fibers, synchronisation and race reports.
 *
 * ThreadSanitizer treats each fiber as a thread, but a fiber has no stack of its own (see exec_fiber.c). In
 * flavours without ThreadSanitizer only the atomic accesses and tsan_call_in_own_stack_range() have an
 * effect.
 *
 * Files that call the functions of tsan.h must be compiled without -fsanitize=thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSAN_STACK 8

/* One access of a race report; `addr` and `size` cover only the accessed bytes in one granule. */
struct tsan_access {
	char thread_name[16]; /* set by tsan_fiber_new() or pthread_setname_np(); main for thread 0 */
	uintptr_t addr;
	size_t size;
	bool write, atomic;
	uintptr_t stack[TSAN_STACK]; /* return addresses, innermost first; 0 after the last one */
};

struct tsan_race {
	struct tsan_access now, before; /* the later and the earlier access */
};

/*
 * ThreadSanitizer calls the callback on the thread that makes the later access of a race, during this access.
 * The callback must not access memory that ThreadSanitizer watches, lock a mutex, or allocate memory.
 */
typedef void (*tsan_race_fn)(const struct tsan_race *race, void *ctx);

/* Return: whether the process is linked with ThreadSanitizer. */
bool tsan_is_present(void);

/*
 * Return: whether the runtime stores a cell for each byte of an access that does not fill its granule. The
 * runtime of gcc 12 stores a cell for each byte, so a granule holds fewer accesses than with clang's newer
 * runtime.
 */
bool tsan_stores_cell_per_byte(void);

/*
 * Return: whether ThreadSanitizer's log has the expected layout, so that log positions are known. Without log
 * positions tsan_shadow.h cannot predict race reports. The first call of tsan_log_is_readable() makes
 * accesses to test the layout.
 */
bool tsan_log_is_readable(void);

/* Makes ThreadSanitizer pass each race to @fn, or print each race if @fn is NULL. */
void tsan_set_race_callback(tsan_race_fn fn, void *ctx);

/* Return: whether a callback gets the races. */
bool tsan_has_race_callback(void);

/* Creates a fiber whose accesses happen after all earlier accesses of the caller. */
void *tsan_fiber_new(const char *name);

/* Frees a fiber of tsan_fiber_new(), which must not be the running fiber. */
void tsan_fiber_delete(void *fiber);

/* Return: the running fiber. */
void *tsan_fiber_self(void);

/* Makes later accesses of this OS thread count as accesses of @fiber. The switch orders no accesses. */
void tsan_fiber_switch(void *fiber);

/*
 * Returns the running fiber's position in ThreadSanitizer's log, or 0 if tsan_log_is_readable() is false. A
 * log position is an address, from which ThreadSanitizer derives the shadow cell to evict. A call of
 * tsan_get_log_position() may itself add log entries.
 */
uintptr_t tsan_get_log_position(void);

/*
 * Searches the log positions from @from to @to for an access at @addr.
 * Return: the log position just after this access; 0 if the log does not contain the access
 */
uintptr_t tsan_find_log_position_after_access(uintptr_t from, uintptr_t to, uintptr_t addr);

/* Accesses before a release of @object happen before accesses after a later acquire of @object. */
void tsan_release(void *object);
void tsan_acquire(void *object);

/*
 * Report to ThreadSanitizer that the running fiber reads or writes [addr, addr + len), without accessing this
 * memory. The harness is not instrumented, so it reports its loads and stores by these two functions.
 */
void tsan_record_read(const void *addr, size_t len);
void tsan_record_write(const void *addr, size_t len);

/*
 * Makes a relaxed atomic access of 1, 2, 4 or 8 bytes at @addr. ThreadSanitizer records the access at
 * @canonical_addr, which may be another address of the same memory. The caller passes the value's address,
 * not the value, because the value may be uninitialised.
 */
void tsan_load_atomic(const void *addr, const void *canonical_addr, size_t size, void *value);
void tsan_store_atomic(void *addr, void *canonical_addr, size_t size, const void *value);

/*
 * Makes ThreadSanitizer forget all accesses and all order, so that one execution does not influence the
 * reports of the next one. A call of tsan_clear_shadow() takes microseconds, or longer if many memory pages
 * were accessed.
 */
void tsan_clear_shadow(void);

/*
 * Moves the stack pointer into the stack range of fiber @fiber_index (0 .. 8), and calls @fn(@arg) there.
 * Each fiber has its own stack range, so stack frames of two fibers never have a common address. @fn must
 * return before the next switch of fibers.
 */
void tsan_call_in_own_stack_range(unsigned int fiber_index, void (*fn)(void *arg), void *arg);

/* ThreadSanitizer ignores the calling fiber's accesses from a call with true to the next call with false. */
void tsan_set_accesses_ignored(bool is_ignored);
