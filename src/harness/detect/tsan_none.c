/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Implements tsan.h without ThreadSanitizer: nothing is watched and nothing is reported. */
#include "harness/detect/tsan.h"

bool tsan_is_present(void)
{
	return false;
}

bool tsan_splits_granules(void)
{
	return false;
}

bool tsan_is_predictable(void)
{
	return false;
}

void tsan_set_race_callback(tsan_race_fn fn, void *ctx)
{
	(void)fn;
	(void)ctx;
}

void *tsan_fiber_new(const char *name)
{
	(void)name;
	return NULL;
}

void *tsan_fiber_self(void)
{
	return NULL;
}

void tsan_fiber_switch(void *fiber)
{
	(void)fiber;
}

uintptr_t tsan_log_position(void)
{
	return 0;
}

uintptr_t tsan_log_position_after(uintptr_t from, uintptr_t to, uintptr_t addr)
{
	(void)from;
	(void)to;
	(void)addr;
	return 0;
}

void tsan_release(void *object)
{
	(void)object;
}

void tsan_acquire(void *object)
{
	(void)object;
}

void tsan_record_read(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

void tsan_record_write(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

#define LOAD(bits) \
	__atomic_load((const uint##bits##_t *)addr, (uint##bits##_t *)value, __ATOMIC_RELAXED)

void tsan_load_atomic(const void *addr, const void *canonical, size_t size, void *value)
{
	(void)canonical;
	TSAN_BY_SIZE(size, LOAD);
}

#define STORE(bits)                                                                       \
	__atomic_store_n((uint##bits##_t *)addr, *(const uint##bits##_t *)value, __ATOMIC_RELAXED)

void tsan_store_atomic(void *addr, void *canonical, size_t size, const void *value)
{
	(void)canonical;
	TSAN_BY_SIZE(size, STORE);
}

void tsan_clear_shadow(void)
{
}

void tsan_call_on_stack_range(unsigned int index, void (*fn)(void *arg), void *arg)
{
	(void)index;
	fn(arg);
}

void tsan_ignore_begin(void)
{
}

void tsan_ignore_end(void)
{
}
