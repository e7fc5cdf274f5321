/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * ThreadSanitizer's functions, which check nothing. A program of the flavour tsan that is linked with this
 * file instead of ThreadSanitizer's library measures what ThreadSanitizer costs. Without other OS threads,
 * plain accesses are atomic.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpragmas"
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch" /* gcc declares other argument types */
#endif

#define DEFINE_PLAIN(name)    \
	void name(void *addr) \
	{                     \
		(void)addr;   \
	}
#define DEFINE_PLAIN_SIZE(size)         \
	DEFINE_PLAIN(__tsan_read##size) \
	DEFINE_PLAIN(__tsan_write##size)

DEFINE_PLAIN_SIZE(1)
DEFINE_PLAIN_SIZE(2)
DEFINE_PLAIN_SIZE(4)
DEFINE_PLAIN_SIZE(8)
DEFINE_PLAIN_SIZE(16)

void *__tsan_memcpy(void *to, const void *from, size_t size)
{
	return memcpy(to, from, size);
}

void *__tsan_memset(void *to, int value, size_t size)
{
	return memset(to, value, size);
}

#define DEFINE_UPDATE(bits, type, name, new_value)                                           \
	type __tsan_atomic##bits##_##name(volatile type *addr, type value, int memory_order) \
	{                                                                                    \
		type old = *addr;                                                            \
                                                                                             \
		(void)memory_order;                                                          \
		*addr = (type)(new_value);                                                   \
		return old;                                                                  \
	}
#define DEFINE_ATOMICS(bits, type)                                                                         \
	type __tsan_atomic##bits##_load(const volatile type *addr, int memory_order)                       \
	{                                                                                                  \
		(void)memory_order;                                                                        \
		return *addr;                                                                              \
	}                                                                                                  \
	void __tsan_atomic##bits##_store(volatile type *addr, type value, int memory_order)                \
	{                                                                                                  \
		(void)memory_order;                                                                        \
		*addr = value;                                                                             \
	}                                                                                                  \
	int __tsan_atomic##bits##_compare_exchange_strong(volatile type *addr, type *expected, type value, \
							  int memory_order, int memory_order_of_failure)   \
	{                                                                                                  \
		bool is_equal = *addr == *expected;                                                        \
                                                                                                           \
		(void)memory_order;                                                                        \
		(void)memory_order_of_failure;                                                             \
		if (is_equal)                                                                              \
			*addr = value;                                                                     \
		else                                                                                       \
			*expected = *addr;                                                                 \
		return is_equal;                                                                           \
	}                                                                                                  \
	DEFINE_UPDATE(bits, type, exchange, value)                                                         \
	DEFINE_UPDATE(bits, type, fetch_add, old + value)                                                  \
	DEFINE_UPDATE(bits, type, fetch_sub, old - value)

DEFINE_ATOMICS(8, uint8_t)
DEFINE_ATOMICS(16, uint16_t)
DEFINE_ATOMICS(32, uint32_t)
DEFINE_ATOMICS(64, uint64_t)

void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller)
{
	(void)caller;
}

void __tsan_func_exit(void)
{
}

#define DEFINE_HEAP(name)                                 \
	void name(unsigned long addr, unsigned long size) \
	{                                                 \
		(void)addr;                               \
		(void)size;                               \
	}
DEFINE_HEAP(__tsan_java_init)
DEFINE_HEAP(__tsan_java_alloc)
DEFINE_HEAP(__tsan_java_free)

#define DEFINE_ANNOTATION(name)               \
	void name(const char *file, int line) \
	{                                     \
		(void)file;                   \
		(void)line;                   \
	}
DEFINE_ANNOTATION(AnnotateIgnoreReadsBegin)
DEFINE_ANNOTATION(AnnotateIgnoreReadsEnd)
DEFINE_ANNOTATION(AnnotateIgnoreSyncBegin)
DEFINE_ANNOTATION(AnnotateIgnoreSyncEnd)
DEFINE_ANNOTATION(AnnotateIgnoreWritesBegin)
DEFINE_ANNOTATION(AnnotateIgnoreWritesEnd)

/* ---- fibers: one for all coroutines ---- */

/* tsan.c reads the first words of a fiber's state, to find one that changes with each access. */
static uint64_t only_fiber[32];

void *__tsan_create_fiber(unsigned int flags)
{
	(void)flags;
	return only_fiber;
}

void *__tsan_get_current_fiber(void)
{
	return only_fiber;
}

void __tsan_set_fiber_name(void *fiber, const char *name)
{
	(void)fiber;
	(void)name;
}

void __tsan_switch_to_fiber(void *fiber, unsigned int flags)
{
	(void)fiber;
	(void)flags;
}

DEFINE_PLAIN(__tsan_acquire)
DEFINE_PLAIN(__tsan_release)

void __tsan_write_range_pc(void *addr, unsigned long size, void *caller)
{
	(void)addr;
	(void)size;
	(void)caller;
}

#define DEFINE_RANGE(name)                        \
	void name(void *addr, unsigned long size) \
	{                                         \
		(void)addr;                       \
		(void)size;                       \
	}
DEFINE_RANGE(__tsan_read_range)
DEFINE_RANGE(__tsan_write_range)

void __tsan_flush_memory(void)
{
}
