/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The lock of the page library, and the annotations for sanitizers.
 *
 * No other file of the library has an #ifdef for a build flavour.
 *
 * Hidden sections. By R3 the library adds no order between callers, so a lock inside the allocator must not
 * order the users of different pages. If ThreadSanitizer observed the lock, ThreadSanitizer would miss the
 * races of these users. A hidden section is the code between sync_hidden_begin() and sync_hidden_end().
 * ThreadSanitizer ignores all accesses and all synchronisation in a hidden section. Code in a hidden section
 * must not access a caller's bytes.
 */
#pragma once

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/syscall.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SYNC_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define SYNC_TSAN 1
#endif
#if __has_feature(memory_sanitizer)
#define SYNC_MSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SYNC_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__)
#define SYNC_TSAN 1
#endif

/*
 * NO_SANITIZE_THREAD: ThreadSanitizer does not observe the accesses of the function. The function accesses
 * data of a task or of the library, never a caller's bytes. With clang, `noinline` prevents that the function
 * is inlined into an instrumented function; gcc needs no attribute for that.
 */
#if defined(SYNC_TSAN) && defined(__clang__)
#define NO_SANITIZE_THREAD __attribute__((noinline, no_sanitize("thread"), disable_sanitizer_instrumentation))
#elif defined(SYNC_TSAN)
#define NO_SANITIZE_THREAD __attribute__((no_sanitize_thread))
#else
#define NO_SANITIZE_THREAD
#endif

/*
 * NO_SANITIZE_ADDRESS: AddressSanitizer must not report that the function reads the struct page of a freed
 * page. SYNC_UNCHECKED: the function is fast without checks, and accesses only memory that is never poisoned.
 */
#if defined(SYNC_ASAN)
#define NO_SANITIZE_ADDRESS __attribute__((noinline, no_sanitize_address))
#define SYNC_UNCHECKED      __attribute__((no_sanitize("address"), no_sanitize("undefined")))
#else
#define NO_SANITIZE_ADDRESS
#define SYNC_UNCHECKED
#endif

/*
 * NO_COVERAGE: a fuzzer must not count the branches of the function as coverage of an input. These branches
 * depend on earlier calls, in a way that no caller can observe.
 */
#if defined(__clang__)
#define NO_COVERAGE __attribute__((no_sanitize("coverage")))
#else
#define NO_COVERAGE
#endif

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* Removes the tag that some CPUs keep in the top byte of an address. */
#if defined(__aarch64__)
#define SYNC_UNTAG(addr) ((addr) & (((uintptr_t)1 << 56) - 1))
#else
#define SYNC_UNTAG(addr) (addr)
#endif

#ifdef SYNC_ASAN
#include <sanitizer/asan_interface.h>
#define SYNC_POISONS true
/* Makes AddressSanitizer report each access to [addr, addr + len), until sync_unpoison(). */
static inline void sync_poison(const void *addr, size_t len)
{
	__asan_poison_memory_region(addr, len);
}

static inline void sync_unpoison(const void *addr, size_t len)
{
	__asan_unpoison_memory_region(addr, len);
}

static inline bool sync_is_poisoned(const void *addr)
{
	return __asan_address_is_poisoned(addr);
}
#else
#define SYNC_POISONS false

static inline void sync_poison(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline void sync_unpoison(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline bool sync_is_poisoned(const void *addr)
{
	(void)addr;
	return true; /* so that no caller calls sync_poison() */
}
#endif

#ifdef SYNC_MSAN
#include <sanitizer/msan_interface.h>
/* Marks bytes as uninitialised: a program may copy such bytes, but must not use their values (R7). */
static inline void sync_mark_uninitialised(const void *addr, size_t len)
{
	__msan_allocated_memory(addr, len);
}

/*
 * Return: the address of MemorySanitizer's data for the byte at @addr, on x86-64 Linux. @shadow_or_origin: 0
 * for the shadow, 1 for the origins. The shadow and the origins each have one byte for each byte of memory.
 */
#ifndef __x86_64__
#error "expected the address layout of MemorySanitizer on x86-64"
#endif
#define SYNC_SHADOWS 2

static inline void *sync_msan_shadow_address(const void *addr, int shadow_or_origin)
{
	return (void *)(((unsigned long)addr ^ 0x500000000000) +
			(unsigned long)shadow_or_origin * 0x100000000000);
}

/* Copies the state of @len bytes (initialised or not) from @from to @to, but not the bytes. */
static inline void sync_copy_initialised_state(void *to, const void *from, size_t len)
{
	__msan_copy_shadow(to, from, len);
}
#else
#define SYNC_SHADOWS 0

static inline void *sync_msan_shadow_address(const void *addr, int shadow_or_origin)
{
	(void)shadow_or_origin;
	return (void *)(unsigned long)addr;
}

static inline void sync_mark_uninitialised(const void *addr, size_t len)
{
	(void)addr;
	(void)len;
}

static inline void sync_copy_initialised_state(void *to, const void *from, size_t len)
{
	(void)to;
	(void)from;
	(void)len;
}
#endif

/*
 * Reports allocations and frees to ThreadSanitizer by its interface for managed heaps (Java). A free discards
 * ThreadSanitizer's state of the bytes and atomics. So accesses to two allocations of a frame neither race
 * nor order threads. After a free, ThreadSanitizer can report another race on a granule. In other builds, a
 * free poisons the bytes, and an allocation unpoisons the bytes.
 */
#ifdef SYNC_TSAN
void __tsan_java_init(unsigned long heap_begin, unsigned long heap_size);
void __tsan_java_alloc(unsigned long ptr, unsigned long size);
void __tsan_java_free(unsigned long ptr, unsigned long size);

static inline void sync_register_heap_with_tsan(const void *base, size_t size)
{
	__tsan_java_init((unsigned long)base, size);
}

static inline void sync_mark_allocated(const void *addr, size_t len)
{
	__tsan_java_alloc((unsigned long)addr, len);
}

static inline void sync_mark_freed(const void *addr, size_t len)
{
	__tsan_java_free((unsigned long)addr, len);
}
#else
static inline void sync_register_heap_with_tsan(const void *base, size_t size)
{
	(void)base;
	(void)size;
}

static inline void sync_mark_allocated(const void *addr, size_t len)
{
	sync_unpoison(addr, len);
}

static inline void sync_mark_freed(const void *addr, size_t len)
{
	sync_poison(addr, len);
}
#endif

#ifdef SYNC_TSAN
void AnnotateIgnoreSyncBegin(const char *file, int line);
void AnnotateIgnoreSyncEnd(const char *file, int line);
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

static inline void sync_hidden_begin(void)
{
	AnnotateIgnoreSyncBegin(__FILE__, __LINE__);
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

static inline void sync_hidden_end(void)
{
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
	AnnotateIgnoreSyncEnd(__FILE__, __LINE__);
}
#else
static inline void sync_hidden_begin(void)
{
}

static inline void sync_hidden_end(void)
{
}
#endif

/* A lock for critical sections of a few instructions. Code takes the lock only in a hidden section. */
struct sync_spinlock {
	atomic_flag taken;
};

#define SYNC_LOCK_INIT           \
	{                        \
		ATOMIC_FLAG_INIT \
	}

/*
 * A scheduler that tests every interleaving defines page_sched_lock(). It returns when the lock is free and
 * it is the calling thread's turn to take it. So the scheduler knows what the thread waits for.
 *
 * A library calls page_sched_point(), if it is defined, before an access to @addr that the compiler does not
 * instrument and that other threads may see: assembler, a system call, NO_SANITIZE_THREAD. Other threads may
 * run before the function returns. The 8 aligned bytes that contain @addr must be readable.
 */
#ifdef SYNC_TSAN
void page_sched_point(const volatile void *addr) __attribute__((weak));
void page_sched_lock(const volatile void *lock) __attribute__((weak));
#define SYNC_BEFORE_LOCK(lock) (page_sched_lock ? page_sched_lock(lock) : (void)0)
#else
#define SYNC_BEFORE_LOCK(lock) ((void)0)
#endif

static inline void sync_spin_lock(struct sync_spinlock *lock)
{
	SYNC_BEFORE_LOCK(lock);
	while (atomic_flag_test_and_set_explicit(&lock->taken, memory_order_acquire))
		sched_yield();
}

static inline void sync_spin_unlock(struct sync_spinlock *lock)
{
	atomic_flag_clear_explicit(&lock->taken, memory_order_release);
}

/* The system call of mmap(). On 32-bit systems, the call takes the file offset in units of 4096 bytes. */
#ifdef SYS_mmap2
#define SYNC_SYS_MMAP      SYS_mmap2
#define SYNC_SYS_MMAP_UNIT ((size_t)4096)
#else
#define SYNC_SYS_MMAP      SYS_mmap
#define SYNC_SYS_MMAP_UNIT ((size_t)1)
#endif
