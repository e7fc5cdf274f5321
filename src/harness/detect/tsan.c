/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Implements tsan.h with ThreadSanitizer's public C interface, and one hook that has no C name.
 * The interface's functions are weak: they are NULL in a flavour without ThreadSanitizer.
 *
 * This file is compiled without -fsanitize=thread: an instrumented function that switches fibers
 * would enter on one shadow stack and leave on another one.
 */
#include "harness/detect/tsan.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness/util/bytes.h"

/* Not all compilers install a header for all of these functions. */
#define WEAK __attribute__((weak))
/* Memory order 0 is relaxed; flag 1 switches fibers without synchronisation. */
#define RELAXED 0
#define NO_SYNC 1u
#define DECLARE_ATOMICS(bits)                                                                  \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order) WEAK; \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value,    \
					 int order) WEAK;
DECLARE_ATOMICS(8)
DECLARE_ATOMICS(16)
DECLARE_ATOMICS(32)
DECLARE_ATOMICS(64)
void *__tsan_create_fiber(unsigned int flags) WEAK;
void *__tsan_get_current_fiber(void) WEAK;
void __tsan_set_fiber_name(void *fiber, const char *name) WEAK;
void __tsan_switch_to_fiber(void *fiber, unsigned int flags) WEAK;
void __tsan_acquire(void *object) WEAK;
void __tsan_release(void *object) WEAK;
void __tsan_flush_memory(void) WEAK;
void __tsan_func_entry(void *caller) WEAK;
void __tsan_func_exit(void) WEAK;
void __tsan_read_range(void *addr, unsigned long size) WEAK;
void __tsan_write_range(void *addr, unsigned long size) WEAK;
int __tsan_get_report_data(void *report, const char **description, int *count, int *stacks,
			   int *mops, int *locs, int *mutexes, int *threads, int *unique_tids,
			   void **sleep_trace, unsigned long trace_size) WEAK;
int __tsan_get_report_mop(void *report, unsigned long idx, int *tid, void **addr, int *size,
			  int *write, int *atomic, void **trace, unsigned long trace_size) WEAK;
int __tsan_get_report_thread(void *report, unsigned long idx, int *tid, uint64_t *os_id,
			     int *running, const char **name, int *parent_tid, void **trace,
			     unsigned long trace_size) WEAK;
void AnnotateIgnoreReadsBegin(const char *file, int line) WEAK;
void AnnotateIgnoreReadsEnd(const char *file, int line) WEAK;
void AnnotateIgnoreWritesBegin(const char *file, int line) WEAK;
void AnnotateIgnoreWritesEnd(const char *file, int line) WEAK;

/*
 * Options: report each access instead of each pair of stacks once; do not symbolize, which takes
 * ten times as long; keep a history that is long enough for any program; do not sleep at exit. Do
 * not report lock orders, which are no rule, or unsafe calls in the engine's signal handler. The
 * options are compiled in, so that a run without TSAN_OPTIONS is correct.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "suppress_equal_stacks=0:suppress_equal_addresses=0:atexit_sleep_ms=0:"
	       "history_size=7:symbolize=0:report_thread_leaks=0:report_signal_unsafe=0:"
	       "detect_deadlocks=0:exitcode=66";
}

static struct {
	tsan_race_fn fn;
	void *ctx;
} race_callback;

/* Reports contain only numbers of threads. The main thread is 0, the others have names. */
static void copy_thread_name(void *report, int threads, int tid, char name[16])
{
	const char *known = NULL;

	for (int i = 0, id = -1; tid && id != tid && i < threads; i++) {
		int running, parent;
		uint64_t os_id;
		void *trace[1];

		known = NULL;
		__tsan_get_report_thread(report, (unsigned long)i, &id, &os_id, &running, &known,
					 &parent, trace, 1);
		if (id != tid)
			known = NULL;
	}
	snprintf(name, 16, "%s", tid == 0 ? "main" : known ? known : "");
}

static void read_race_access(void *report, int threads, unsigned long idx, struct tsan_access *access)
{
	int tid = -1, size = 0, write = 0, atomic = 0;
	void *addr = NULL, *trace[TSAN_STACK] = { NULL };

	__tsan_get_report_mop(report, idx, &tid, &addr, &size, &write, &atomic, trace, TSAN_STACK);
	for (unsigned int i = 0; i < TSAN_STACK; i++)
		access->stack[i] = (uintptr_t)trace[i];
	access->addr = (uintptr_t)addr;
	access->size = (size_t)size;
	access->write = write;
	access->atomic = atomic;
	copy_thread_name(report, threads, tid, access->thread);
}

/* __tsan::OnReport(ReportDesc const *, bool): returning true suppresses the printed report. */
bool on_report(void *report, bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");
bool on_report(void *report, bool suppressed)
{
	const char *description;
	int count, stacks, mops = 0, locs, mutexes, threads = 0, unique_tids;
	void *sleep_trace[1];
	struct tsan_race race;

	if (!race_callback.fn)
		return suppressed;
	__tsan_get_report_data(report, &description, &count, &stacks, &mops, &locs, &mutexes,
			       &threads, &unique_tids, sleep_trace, 1);
	if (mops < 2)
		return suppressed;
	read_race_access(report, threads, 0, &race.now);
	read_race_access(report, threads, 1, &race.before);
	race_callback.fn(&race, race_callback.ctx);
	return true;
}

bool tsan_is_present(void)
{
	return __tsan_create_fiber;
}

bool tsan_splits_granules(void)
{
#ifdef __clang__
	return false;
#else
	return tsan_is_present();
#endif
}

void tsan_set_race_callback(tsan_race_fn fn, void *ctx)
{
	race_callback.fn = fn;
	race_callback.ctx = ctx;
}

void *tsan_fiber_new(const char *name)
{
	void *fiber = tsan_is_present() ? __tsan_create_fiber(0) : NULL;

	if (fiber)
		__tsan_set_fiber_name(fiber, name);
	return fiber;
}

void *tsan_fiber_self(void)
{
	return tsan_is_present() ? __tsan_get_current_fiber() : NULL;
}

void tsan_fiber_switch(void *fiber)
{
	if (tsan_is_present())
		__tsan_switch_to_fiber(fiber, NO_SYNC);
}

/* ---- ThreadSanitizer's log of a fiber's accesses ---- */

/*
 * The layout of ThreadSanitizer's log is not public, so it is tested once with known accesses:
 * which word of a fiber's state has the position, and what an entry looks like. With another layout
 * the position is unknown.
 *
 * An entry of a range has two words, the second is its address. An entry of a single access has its
 * address from bit 20 on; it has two words if its bit 0 is clear.
 */
#define LOG_ADDRESS (((uint64_t)1 << 44) - 1)
#define LOG_WORDS   32 /* words of the fiber's state that are tested */
#define LOG_BLOCK   512
#define LOG_NEAR    64
#define LOG_PAGE    4096u
#define LOG_PART    ((size_t)256 << 10)

static unsigned int log_field; /* index of the word in the fiber's state; 0: unknown */

/* Searches @count words of the log; the first one is at position @from. */
static BYTES_NO_SANITIZE uintptr_t find_entry(const uint64_t *words, size_t count, uintptr_t from,
					      uintptr_t addr)
{
	for (size_t i = 0; i < count; i++) {
		if (words[i] == (addr & LOG_ADDRESS))
			return from + (i + 1) * sizeof(*words);
		if (words[i] >> 20 == (addr & LOG_ADDRESS))
			return from + (i + (words[i] & 1 ? 1 : 2)) * sizeof(*words);
	}
	return 0;
}

/*
 * Searches the log at @from, which may be partly unmapped: the kernel checks the addresses. The
 * system call is made directly, because ThreadSanitizer would log an intercepted call.
 */
static BYTES_NO_SANITIZE uintptr_t find_at(uintptr_t from, size_t count, uintptr_t addr)
{
	uint64_t log_words[LOG_BLOCK];
	struct iovec here = {log_words, count * sizeof(*log_words)},
		     there = {(void *)from, here.iov_len};
	long got = syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L);

	return got > 0 ? find_entry(log_words, (size_t)got / sizeof(*log_words), from, addr) : 0;
}

static BYTES_NO_SANITIZE uintptr_t find_between(uintptr_t from, uintptr_t to, uintptr_t addr)
{
	uintptr_t found = 0;

	while (from < to && !found) {
		size_t left = (to - from) / sizeof(uint64_t);
		size_t count = left < LOG_BLOCK ? left : LOG_BLOCK;

		found = find_at(from, count, addr);
		/* An entry of two words may cross the border of two blocks. */
		from += (count > 1 ? count - 1 : 1) * sizeof(uint64_t);
	}
	return found;
}

/*
 * The log consists of parts at unrelated addresses. If a new part began between the two positions,
 * a call with many entries has the access near its beginning or its end. The start of the new part
 * is unknown, but it is at a page boundary.
 */
uintptr_t BYTES_NO_SANITIZE tsan_log_position_after(uintptr_t from, uintptr_t to, uintptr_t addr)
{
	uintptr_t found = 0;

	if (!from)
		return 0;
	if (from <= to && to - from <= LOG_PART)
		return find_between(from, to, addr);
	found = find_at(from, LOG_NEAR, addr);
	if (!found && to % LOG_PAGE)
		found = find_between(to - to % LOG_PAGE, to, addr);
	return found;
}

/* Returns whether the word advances by one range entry for each access to @bytes. */
static bool moves_like_log_position(const volatile uintptr_t *word, uint8_t bytes[3][32])
{
	for (unsigned int i = 0; i < 3; i++) {
		uintptr_t from = *word;

		__tsan_write_range(bytes[i], 24);
		if (*word != from + 16 || from % 8 ||
		    tsan_log_position_after(from, *word, (uintptr_t)bytes[i]) != *word)
			return false;
	}
	return true;
}

static bool finds_single_access(const volatile uintptr_t *word, uint64_t *bytes)
{
	uintptr_t from = *word;

	__tsan_atomic64_store(bytes, 0, RELAXED);
	return tsan_log_position_after(from, *word, (uintptr_t)bytes) == *word;
}

/* Reads memory only at the address in a word that advanced. */
static void find_log(void *fiber)
{
	static _Alignas(8) uint8_t bytes[LOG_WORDS][3][32], once[LOG_WORDS + 1][32];
	static uint64_t singles[2 * LOG_WORDS]; /* each call uses another one: a repeated access is
						 * not logged */
	static uint64_t *single = singles;
	const volatile uintptr_t *state = fiber;

	__tsan_write_range(once[LOG_WORDS], 24);
	for (unsigned int i = 1; i < LOG_WORDS; i++) {
		uintptr_t before = state[i];

		__tsan_write_range(once[i], 24);
		if (before && state[i] == before + 16 &&
		    moves_like_log_position(state + i, bytes[i]) &&
		    finds_single_access(state + i, single++)) {
			log_field = i;
			return;
		}
	}
}

bool tsan_is_predictable(void)
{
	static bool tried;

	/* A second attempt cannot reach the end of a part of the log again. */
	if (!tried && tsan_is_present()) {
		find_log(__tsan_get_current_fiber());
		if (!log_field)
			find_log(__tsan_get_current_fiber());
	}
	tried = true;
	return log_field;
}

/*
 * Logs an access first: the log may be empty or its part full, and the next entry must come after
 * the position.
 */
uintptr_t tsan_log_position(void)
{
	if (!log_field)
		return 0;
	__tsan_func_entry(NULL);
	__tsan_func_exit();
	return ((const volatile uintptr_t *)__tsan_get_current_fiber())[log_field];
}

void tsan_release(void *object)
{
	if (tsan_is_present())
		__tsan_release(object);
}

void tsan_acquire(void *object)
{
	if (tsan_is_present())
		__tsan_acquire(object);
}

void tsan_record_read(const void *addr, size_t len)
{
	if (tsan_is_present())
		__tsan_read_range((void *)(uintptr_t)addr, len);
}

void tsan_record_write(const void *addr, size_t len)
{
	if (tsan_is_present())
		__tsan_write_range((void *)(uintptr_t)addr, len);
}

/* Makes the access of a size in bytes; ACCESS(bits) is an expression. */
#define ACCESS_BY_SIZE(size, ACCESS)                                                      \
	((size) == 1 ? (void)(ACCESS(8)) : (size) == 2 ? (void)(ACCESS(16)) :              \
	 (size) == 4 ? (void)(ACCESS(32)) : (void)(ACCESS(64)))

#define LOAD(bits) \
	__atomic_load((const uint##bits##_t *)addr, (uint##bits##_t *)value, __ATOMIC_RELAXED)
#define LOAD_WATCHED(bits) (*(uint##bits##_t *)value = __tsan_atomic##bits##_load(canonical, RELAXED))

/*
 * The access at @addr comes first: it faults if the mapping ended; the canonical address never
 * does.
 */
void tsan_load_atomic(const void *addr, const void *canonical, size_t size, void *value)
{
	if (!tsan_is_present()) {
		ACCESS_BY_SIZE(size, LOAD);
		return;
	}
	(void)*(const volatile uint8_t *)addr;
	ACCESS_BY_SIZE(size, LOAD_WATCHED);
}

#define STORE(bits) \
	__atomic_store_n((uint##bits##_t *)addr, *(const uint##bits##_t *)value, __ATOMIC_RELAXED)
#define STORE_WATCHED(bits) \
	__tsan_atomic##bits##_store(canonical, *(const uint##bits##_t *)value, RELAXED)

void tsan_store_atomic(void *addr, void *canonical, size_t size, const void *value)
{
	if (!tsan_is_present()) {
		ACCESS_BY_SIZE(size, STORE);
		return;
	}
	(void)*(volatile uint8_t *)addr;
	ACCESS_BY_SIZE(size, STORE_WATCHED);
}

void tsan_clear_shadow(void)
{
	if (tsan_is_present())
		__tsan_flush_memory();
}

/* More than any call of the library needs, including interceptors and a report. */
#define STACK_RANGE ((size_t)64 << 10)

void tsan_call_on_stack_range(unsigned int index, void (*fn)(void *arg), void *arg)
{
	char *range = __builtin_alloca(tsan_is_present() ? index * STACK_RANGE + 1 : 1);

	/* Keeps the compiler from removing the stack range. */
	__asm__ volatile("" : : "r"(range) : "memory");
	fn(arg);
	__asm__ volatile("" : : "r"(range) : "memory");
}

void tsan_ignore_begin(void)
{
	if (!tsan_is_present())
		return;
	AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
	AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
}

void tsan_ignore_end(void)
{
	if (!tsan_is_present())
		return;
	AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
	AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
}
