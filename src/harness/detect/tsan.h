/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface to ThreadSanitizer: its fibers, its synchronisation and its race reports.
 *
 * ThreadSanitizer sees a fiber as a thread; the fiber has no stack of its own (see exec_fiber.c).
 * In flavours without ThreadSanitizer all functions below do nothing, except that atomic accesses
 * are made and tsan_call_in_own_stack_range() calls its function.
 *
 * ThreadSanitizer must not instrument the files that call these functions.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSAN_STACK 8

/* One access of a race, as ThreadSanitizer stores it: only the bytes in one granule. */
struct tsan_access {
	char thread_name[16]; /* from tsan_fiber_new() or pthread_setname_np(), or "main" */
	uintptr_t addr;
	size_t size;
	bool write, atomic;
	uintptr_t stack[TSAN_STACK]; /* return addresses, innermost first; 0 after the last one */
};

struct tsan_race {
	struct tsan_access now, before; /* the later and the earlier access */
};

/*
 * A callback that runs on the racing thread during its access. It must not access memory that
 * ThreadSanitizer watches, take locks, or allocate.
 */
typedef void (*tsan_race_fn)(const struct tsan_race *race, void *ctx);

/* Return: whether the process is linked with ThreadSanitizer. */
bool tsan_is_present(void);

/*
 * Return: whether the runtime stores a cell for each byte of an access that does not fill its
 * granule. The older runtime of gcc 12 does, so its cells have space for fewer accesses.
 */
bool tsan_stores_cell_per_byte(void);

/*
 * Return: whether the layout of ThreadSanitizer's log is the expected one, so that log positions
 * are known. Without them tsan_shadow.h cannot predict race reports. The first call makes accesses
 * to test the layout.
 */
bool tsan_log_is_readable(void);

/* ThreadSanitizer passes each race to @fn instead of printing it. NULL: it prints each race. */
void tsan_set_race_callback(tsan_race_fn fn, void *ctx);

/* Creates a fiber, ordered after all earlier accesses of the caller. Fibers are never freed. */
void *tsan_fiber_new(const char *name);

/* Return: the running fiber. */
void *tsan_fiber_self(void);

/* Later accesses of this OS thread count as accesses of @fiber. Orders no accesses. */
void tsan_fiber_switch(void *fiber);

/*
 * Returns the running fiber's position in ThreadSanitizer's log, or 0 if tsan_log_is_readable() is
 * false. The position is an address; the runtime derives from it which shadow cell it evicts. The
 * call itself may add log entries.
 */
uintptr_t tsan_get_log_position(void);

/*
 * Searches the log positions from @from to @to for an access at @addr.
 * Return: the log position just after this access; 0 if it is not found
 */
uintptr_t tsan_find_log_position_after_access(uintptr_t from, uintptr_t to, uintptr_t addr);

/* What the caller of a release did happens before what the caller of a later acquire does. */
void tsan_release(void *object);
void tsan_acquire(void *object);

/*
 * Report to ThreadSanitizer that the running fiber reads or writes [addr, addr + len). No memory is
 * accessed. The harness, which is not instrumented, reports its loads and stores in this way.
 */
void tsan_record_read(const void *addr, size_t len);
void tsan_record_write(const void *addr, size_t len);

/*
 * Makes a relaxed atomic access of 1, 2, 4 or 8 bytes at @addr. ThreadSanitizer records it at
 * @canonical_addr, which may be another address of the same memory. The value is passed in memory,
 * where it may be uninitialised.
 */
void tsan_load_atomic(const void *addr, const void *canonical_addr, size_t size, void *value);
void tsan_store_atomic(void *addr, void *canonical_addr, size_t size, const void *value);

/*
 * Makes ThreadSanitizer forget all accesses and all order, so that one execution does not influence
 * the reports of the next one. Takes microseconds, more if many pages were touched.
 */
void tsan_clear_shadow(void);

/*
 * Moves the stack pointer into the stack range of fiber @fiber_index (0 .. 8), and calls @fn(@arg)
 * there. So stack frames of two fibers never have a common address. @fn must return before the
 * next switch of fibers.
 */
void tsan_call_in_own_stack_range(unsigned int fiber_index, void (*fn)(void *arg), void *arg);

/* Begins or ends a range of accesses of the calling fiber that ThreadSanitizer ignores. */
void tsan_set_accesses_ignored(bool is_ignored);
