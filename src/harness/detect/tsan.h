/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The seam to ThreadSanitizer: its fibers, its synchronisation and its reports.
 *
 * A fiber here is a thread as ThreadSanitizer sees one and nothing more: no stack
 * of its own (exec_fiber.c says why that is enough). Two implementations:
 * tsan_real.c in flavours that link ThreadSanitizer, tsan_none.c elsewhere, where
 * there is one nameless fiber, no order and no report.
 *
 * This file's users must not be instrumented by ThreadSanitizer themselves.
 */
#ifndef HARNESS_TSAN_H
#define HARNESS_TSAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TSAN_STACK 8

/* One side of a race: at most one 8-byte granule, as ThreadSanitizer stores it. */
struct tsan_access {
	char thread[16]; /* as named by tsan_fiber_new() or pthread_setname_np(); or "main" */
	uintptr_t addr;
	size_t size;
	bool write, atomic;
	uintptr_t stack[TSAN_STACK]; /* return addresses, the innermost first; 0 behind the last */
};

struct tsan_race {
	struct tsan_access now, before;
};

/*
 * Called on the racing thread, in the middle of its access: it must not touch
 * memory that is watched, lock, or allocate.
 */
typedef void (*tsan_race_fn)(const struct tsan_race *race, void *ctx);

/* Is ThreadSanitizer in this process? */
bool tsan_present(void);

/*
 * Does the runtime keep the bytes of a granule that an access does not fill one by one?
 * The older one does, which gcc 12 brings; then fewer accesses fit.
 */
bool tsan_splits_granules(void);

/* Is it the runtime that tsan_shadow.h is about? */
bool tsan_predictable(void);

/* From now on each race goes to @fn and is not printed; NULL: printed as usual. */
void tsan_set_race_callback(tsan_race_fn fn, void *ctx);

/* A fiber ordered after all that the caller did so far. Never freed: pool them. */
void *tsan_fiber_new(const char *name);

/* The fiber that runs now. */
void *tsan_fiber_self(void);

/* Run as @fiber from here on. Makes no order between the two. */
void tsan_fiber_switch(void *fiber);

/*
 * Where the fiber that runs stands in the log that ThreadSanitizer keeps of what it did:
 * an address, from which the runtime derives what its shadow memory throws out. 0 where
 * tsan_predictable() is false.
 */
uintptr_t tsan_log_position(void);

/*
 * Where it stood after the access that began at @addr, which it made between the two
 * positions. Return: 0 if there is none.
 */
uintptr_t tsan_log_position_after(uintptr_t from, uintptr_t to, uintptr_t addr);

/* What the caller did so far happens before the acquires of @object to come. */
void tsan_release(void *object);
void tsan_acquire(void *object);

/*
 * An access to [addr, addr + len) by the fiber that runs, as if instrumented code made
 * it. For accesses that the harness makes itself, through mappings.
 */
void tsan_read(const void *addr, size_t len);
void tsan_write(const void *addr, size_t len);

/*
 * A relaxed atomic access of 1, 2, 4 or 8 bytes at @addr, which is @home for the
 * detector: another address of the same memory, or the same. The value goes to and
 * comes from memory, where it may be uninitialised.
 */
void tsan_load_atomic(const void *addr, const void *home, size_t size, void *value);
void tsan_store_atomic(void *addr, void *home, size_t size, const void *value);

/*
 * Forget every access and every order: what an input leaves behind must not change
 * what is seen of the next one. Costs microseconds, more with more touched pages.
 */
void tsan_flush(void);

/*
 * Calls @fn on a stretch of the stack that belongs to fiber number @index, 0 .. 8, so
 * that the frames of two fibers never share an address. Nothing stays on it: @fn
 * returns before the fiber is left.
 */
void tsan_call_on_stack_range(unsigned int index, void (*fn)(void *arg), void *arg);

/* Between pause and resume the calling fiber's accesses are not looked at. */
void tsan_pause(void);
void tsan_resume(void);

#endif
