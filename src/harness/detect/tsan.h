/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The interface to ThreadSanitizer: its fibers, its synchronisation and its race reports.
 *
 * A fiber is only a thread in ThreadSanitizer's view; it has no stack (exec_fiber.c explains
 * why). In flavours without ThreadSanitizer there is one fiber without a name, no order and no
 * report.
 *
 * Files that use it must not be instrumented by ThreadSanitizer.
 */
#ifndef HARNESS_TSAN_H
#define HARNESS_TSAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSAN_STACK 8

/* One of the two accesses of a race, within an 8-byte granule as ThreadSanitizer stores it. */
struct tsan_access {
	char thread[16]; /* from tsan_fiber_new() or pthread_setname_np(), or "main" */
	uintptr_t addr;
	size_t size;
	bool write, atomic;
	uintptr_t stack[TSAN_STACK]; /* return addresses, innermost first; 0 after the last one */
};

struct tsan_race {
	struct tsan_access now, before;
};

/*
 * Called on the racing thread during its access. The function must not access memory that
 * ThreadSanitizer watches, take locks, or allocate.
 */
typedef void (*tsan_race_fn)(const struct tsan_race *race, void *ctx);

/* Return: whether the process is linked with ThreadSanitizer. */
bool tsan_is_present(void);

/*
 * Return: whether the runtime stores a cell for each byte of an access that does not fill its
 * granule. gcc 12's older runtime does, so fewer accesses fit.
 */
bool tsan_splits_granules(void);

/* Return: whether the runtime is the one that tsan_shadow.h describes. */
bool tsan_is_predictable(void);

/*
 * ThreadSanitizer passes each race to @fn instead of printing the race. NULL: it prints each race.
 */
void tsan_set_race_callback(tsan_race_fn fn, void *ctx);

/*
 * Creates a fiber that is ordered after all earlier actions of the caller. Fibers are never
 * freed: reuse them.
 */
void *tsan_fiber_new(const char *name);

/* Return: the running fiber. */
void *tsan_fiber_self(void);

/* Continues as @fiber. The switch itself orders nothing. */
void tsan_fiber_switch(void *fiber);

/*
 * Returns the running fiber's position in ThreadSanitizer's log. The position is an address; the
 * runtime derives from it which shadow cell it evicts. 0 where tsan_is_predictable() is false.
 */
uintptr_t tsan_log_position(void);

/*
 * Returns the fiber's position in the log just after its access at @addr; searches between @from
 * and @to. Return: 0 if there is none.
 */
uintptr_t tsan_log_position_after(uintptr_t from, uintptr_t to, uintptr_t addr);

/*
 * Everything the caller did before tsan_release() happens before a later tsan_acquire() of the same
 * object.
 */
void tsan_release(void *object);
void tsan_acquire(void *object);

/*
 * Records an access to [addr, addr + len) by the running fiber, as instrumented code would. The
 * harness uses it for its own accesses through mappings.
 */
void tsan_record_read(const void *addr, size_t len);
void tsan_record_write(const void *addr, size_t len);

/*
 * Makes a relaxed atomic access of 1, 2, 4 or 8 bytes at @addr. ThreadSanitizer records it at
 * @canonical, which may be another address of the same memory. The value is passed in memory,
 * where it may be uninitialised.
 */
void tsan_load_atomic(const void *addr, const void *canonical, size_t size, void *value);
void tsan_store_atomic(void *addr, void *canonical, size_t size, const void *value);

/*
 * Makes ThreadSanitizer forget all accesses and all order, so that one input does not influence the
 * reports of the next. Takes microseconds, more if many pages were touched.
 */
void tsan_clear_shadow(void);

/*
 * Calls @fn on the stack range of fiber @index, 0 .. 8, so that frames of two fibers never share an
 * address. @fn must return before the next switch of fibers.
 */
void tsan_call_on_stack_range(unsigned int index, void (*fn)(void *arg), void *arg);

/* ThreadSanitizer ignores the calling fiber's accesses between begin and end. */
void tsan_ignore_begin(void);
void tsan_ignore_end(void);

#endif
