/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Implements tsan.h with ThreadSanitizer's public C interface, and the C++ hook __tsan::OnReport.
 * ThreadSanitizer's functions are declared weak, so their addresses are NULL in a flavour without
 * ThreadSanitizer.
 *
 * This file is compiled without -fsanitize=thread. An instrumented function that switches fibers would be
 * pushed on the shadow stack of one fiber and popped from the shadow stack of another fiber.
 */
#include "harness/detect/tsan.h"

#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"

/* This file declares ThreadSanitizer's functions, because not all compilers install headers for them. */
#ifndef __clang__
#pragma GCC diagnostic ignored "-Wbuiltin-declaration-mismatch" /* gcc declares other argument types */
#endif
#define WEAK __attribute__((weak))
/* RELAXED is a memory order; NO_SYNC is the flag of a fiber switch that orders no accesses. */
#define RELAXED 0
#define NO_SYNC 1u
#define DECLARE_ATOMICS(bits)                                                                         \
	uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *at, int order) WEAK; \
	void __tsan_atomic##bits##_store(volatile uint##bits##_t *at, uint##bits##_t value, int order) WEAK;
DECLARE_ATOMICS(8)
DECLARE_ATOMICS(16)
DECLARE_ATOMICS(32)
DECLARE_ATOMICS(64)
void *__tsan_create_fiber(unsigned int flags) WEAK;
void __tsan_destroy_fiber(void *fiber) WEAK;
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
int __tsan_get_report_data(void *report, const char **description, int *count, int *stacks, int *mops,
			   int *locs, int *mutexes, int *thread_count, int *unique_tids, void **sleep_trace,
			   unsigned long trace_size) WEAK;
int __tsan_get_report_mop(void *report, unsigned long idx, int *tid, void **addr, int *size, int *write,
			  int *atomic, void **trace, unsigned long trace_size) WEAK;
int __tsan_get_report_thread(void *report, unsigned long idx, int *tid, uint64_t *os_id, int *running,
			     const char **name, int *parent_tid, void **trace, unsigned long trace_size) WEAK;
void __tsan_ignore_thread_begin(void) WEAK;
void __tsan_ignore_thread_end(void) WEAK;

/*
 * Options of ThreadSanitizer, compiled in so that a run without TSAN_OPTIONS is correct. Option
 * suppress_equal_*=0 reports each race, not one race for each pair of stacks. Option symbolize=0 makes a
 * report ten times faster. Option history_size=7 keeps a history that is long enough for most programs.
 * Option detect_deadlocks=0 does not report lock orders, which break no rule. Option report_signal_unsafe=0
 * does not report unsafe calls in the signal handlers of fuzzing engines.
 */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "suppress_equal_stacks=0:suppress_equal_addresses=0:atexit_sleep_ms=0:"
	       "history_size=7:symbolize=0:report_thread_leaks=0:report_signal_unsafe=0:"
	       "detect_deadlocks=0:exitcode=66";
}

/* The state of ThreadSanitizer, and so the coverage of these functions, depends on earlier inputs. */
NO_COVERAGE_FILE_BEGIN

static struct {
	tsan_race_fn fn;
	void *ctx;
} race_callback;

/*
 * Copies the name of the thread with the number @tid to @name. The name of thread 0 is `main`. If the report
 * does not contain the thread's name, @name becomes empty.
 */
static void copy_thread_name(void *report, int thread_count, int tid, char name[16])
{
	const char *found_name = NULL;

	for (int i = 0, id = -1; tid && id != tid && i < thread_count; i++) {
		int running, parent;
		uint64_t os_id;
		void *trace[1];

		found_name = NULL;
		__tsan_get_report_thread(report, (unsigned long)i, &id, &os_id, &running, &found_name,
					 &parent, trace, 1);
		if (id != tid)
			found_name = NULL;
	}
	snprintf(name, 16, "%s", tid == 0 ? "main" : found_name ? found_name : "");
}

static void read_race_access(void *report, int thread_count, unsigned long idx, struct tsan_access *access)
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
	copy_thread_name(report, thread_count, tid, access->thread_name);
}

/*
 * The hook __tsan::OnReport(ReportDesc const *, bool). ThreadSanitizer calls this hook for each report, and
 * prints the report if the hook returns false.
 */
bool on_report(void *report, bool suppressed) __asm__("_ZN6__tsan8OnReportEPKNS_10ReportDescEb");
bool on_report(void *report, bool suppressed)
{
	const char *description;
	int count, stacks, mops = 0, locs, mutexes, thread_count = 0, unique_tids;
	void *sleep_trace[1];
	struct tsan_race race;

	if (!race_callback.fn)
		return suppressed;
	__tsan_get_report_data(report, &description, &count, &stacks, &mops, &locs, &mutexes, &thread_count,
			       &unique_tids, sleep_trace, 1);
	if (mops < 2)
		return suppressed;
	read_race_access(report, thread_count, 0, &race.now);
	read_race_access(report, thread_count, 1, &race.before);
	race_callback.fn(&race, race_callback.ctx);
	return true;
}

bool tsan_is_present(void)
{
	return __tsan_create_fiber;
}

bool tsan_stores_cell_per_byte(void)
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

bool tsan_has_race_callback(void)
{
	return race_callback.fn;
}

void *tsan_fiber_new(const char *name)
{
	void *fiber = tsan_is_present() ? __tsan_create_fiber(0) : NULL;

	if (fiber)
		__tsan_set_fiber_name(fiber, name);
	return fiber;
}

void tsan_fiber_delete(void *fiber)
{
	if (tsan_is_present())
		__tsan_destroy_fiber(fiber);
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
 * The layout of ThreadSanitizer's log of accesses is not public. So find_and_store_log_field() makes test
 * accesses once, to find the word of a fiber's state that has the log position. If log entries do not have
 * the layout below, all log positions are unknown.
 *
 * The log entry of a range access has two words, and the second word is the address. The log entry of a
 * single access has the address in bits 20 to 63. If bit 0 of a single access's entry is clear, a second word
 * follows.
 */
#define LOG_ADDRESS (((uint64_t)1 << 44) - 1)
#define LOG_WORDS   32  /* number of words of the fiber's state that are tested */
#define LOG_BLOCK   512 /* number of words of the log that are read at a time */
#define LOG_NEAR    64
#define LOG_PAGE    4096u
#define LOG_PART    ((size_t)256 << 10) /* bytes of one part of the log */

static unsigned int log_field_index; /* index of the fiber state's word with the log position; 0: unknown */

/*
 * Searches @words, a copy of @count words of the log from position @from on, for an access at @addr.
 * Return: the log position after the entry of the access; 0 if @words does not contain the entry
 */
static BYTES_NO_SANITIZE uintptr_t find_position_after_entry(const uint64_t *words, size_t count,
							     uintptr_t from, uintptr_t addr)
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
 * Searches @count words of the log, from position @from on, for an access at @addr. The log may be partly
 * unmapped, so the kernel copies the words and checks their addresses. The function uses syscall(), because
 * ThreadSanitizer would log a call of process_vm_readv().
 */
static BYTES_NO_SANITIZE uintptr_t search_log_block(uintptr_t from, size_t count, uintptr_t addr)
{
	uint64_t log_words[LOG_BLOCK];
	struct iovec here = { log_words, count * sizeof(*log_words) }, there = { (void *)from, here.iov_len };
	long got = syscall(SYS_process_vm_readv, getpid(), &here, 1L, &there, 1L, 0L);

	return got > 0 ? find_position_after_entry(log_words, (size_t)got / sizeof(*log_words), from, addr) :
			 0;
}

static BYTES_NO_SANITIZE uintptr_t search_log_range(uintptr_t from, uintptr_t to, uintptr_t addr)
{
	uintptr_t found = 0;

	while (from < to && !found) {
		size_t left = (to - from) / sizeof(uint64_t);
		size_t count = left < LOG_BLOCK ? left : LOG_BLOCK;

		found = search_log_block(from, count, addr);
		/* Two blocks overlap by one word, because an entry of two words may cross their border. */
		from += (count > 1 ? count - 1 : 1) * sizeof(uint64_t);
	}
	return found;
}

/*
 * The log consists of parts at unrelated addresses. If @from and @to are in different parts of the log, the
 * function searches only the words after @from and the words before @to. The start of the part that contains
 * @to is unknown, so the search before @to begins at a page boundary.
 */
uintptr_t BYTES_NO_SANITIZE tsan_find_log_position_after_access(uintptr_t from, uintptr_t to, uintptr_t addr)
{
	uintptr_t found = 0;

	if (!from)
		return 0;
	if (from <= to && to - from <= LOG_PART)
		return search_log_range(from, to, addr);
	found = search_log_block(from, LOG_NEAR, addr);
	if (!found && to % LOG_PAGE)
		found = search_log_range(to - to % LOG_PAGE, to, addr);
	return found;
}

/* Makes three range accesses. Return: whether @word is the log position after each access. */
static bool write_and_check_log_position(const volatile uintptr_t *word, uint8_t bytes[3][32])
{
	for (unsigned int i = 0; i < 3; i++) {
		uintptr_t from = *word;

		__tsan_write_range(bytes[i], 24);
		if (*word != from + 16 || from % 8 ||
		    tsan_find_log_position_after_access(from, *word, (uintptr_t)bytes[i]) != *word)
			return false;
	}
	return true;
}

/* Makes an atomic store. Return: whether @word is then the log position just after the store. */
static bool store_and_check_log_position(const volatile uintptr_t *word, uint64_t *bytes)
{
	uintptr_t from = *word;

	__tsan_atomic64_store(bytes, 0, RELAXED);
	return tsan_find_log_position_after_access(from, *word, (uintptr_t)bytes) == *word;
}

/*
 * Tests each word of the fiber's state, and stores the index of the word that has the log position. The
 * function uses a word as an address only if an access advances the word by the size of a log entry.
 */
static void find_and_store_log_field(void *fiber)
{
	static _Alignas(8) uint8_t bytes[LOG_WORDS][3][32], once[LOG_WORDS + 1][32];
	/* Each test accesses another element, because ThreadSanitizer does not log a repeated access. */
	static uint64_t singles[2 * LOG_WORDS];
	static uint64_t *single = singles;
	const volatile uintptr_t *state = fiber;

	__tsan_write_range(once[LOG_WORDS], 24);
	for (unsigned int i = 1; i < LOG_WORDS; i++) {
		uintptr_t before = state[i];

		__tsan_write_range(once[i], 24);
		if (before && state[i] == before + 16 && write_and_check_log_position(state + i, bytes[i]) &&
		    store_and_check_log_position(state + i, single++)) {
			log_field_index = i;
			return;
		}
	}
}

bool tsan_log_is_readable(void)
{
	static bool was_tested;

	/* The first attempt may fail at the end of a part of the log; the second attempt cannot. */
	if (!was_tested && tsan_is_present()) {
		find_and_store_log_field(__tsan_get_current_fiber());
		if (!log_field_index)
			find_and_store_log_field(__tsan_get_current_fiber());
	}
	was_tested = true;
	return log_field_index;
}

/*
 * First adds a function entry and exit to the log, and then reads the log position. While the log is empty or
 * its current part is full, the next entry would not be at the log position.
 */
uintptr_t tsan_get_log_position(void)
{
	if (!log_field_index)
		return 0;
	__tsan_func_entry(NULL);
	__tsan_func_exit();
	return ((const volatile uintptr_t *)__tsan_get_current_fiber())[log_field_index];
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

/* Evaluates the expression ACCESS(bits) for an access of @size bytes; bits is 8, 16, 32 or 64. */
#define ACCESS_BY_SIZE(size, ACCESS)        \
	((size) == 1 ? (void)(ACCESS(8)) :  \
	 (size) == 2 ? (void)(ACCESS(16)) : \
	 (size) == 4 ? (void)(ACCESS(32)) : \
		       (void)(ACCESS(64)))

#define LOAD(bits) __atomic_load((const uint##bits##_t *)addr, (uint##bits##_t *)value, __ATOMIC_RELAXED)

#define LOAD_RECORDED(bits) (*(uint##bits##_t *)value = __tsan_atomic##bits##_load(canonical_addr, RELAXED))

/* The plain read at @addr faults if the mapping has ended; an access at @canonical_addr never faults. */
void tsan_load_atomic(const void *addr, const void *canonical_addr, size_t size, void *value)
{
	if (!tsan_is_present()) {
		ACCESS_BY_SIZE(size, LOAD);
		return;
	}
	(void)*(const volatile uint8_t *)addr;
	ACCESS_BY_SIZE(size, LOAD_RECORDED);
}

#define STORE(bits) __atomic_store_n((uint##bits##_t *)addr, *(const uint##bits##_t *)value, __ATOMIC_RELAXED)
#define STORE_RECORDED(bits) \
	__tsan_atomic##bits##_store(canonical_addr, *(const uint##bits##_t *)value, RELAXED)

void tsan_store_atomic(void *addr, void *canonical_addr, size_t size, const void *value)
{
	if (!tsan_is_present()) {
		ACCESS_BY_SIZE(size, STORE);
		return;
	}
	(void)*(volatile uint8_t *)addr;
	ACCESS_BY_SIZE(size, STORE_RECORDED);
}

void tsan_clear_shadow(void)
{
	if (tsan_is_present())
		__tsan_flush_memory();
}

/* Size of a stack range: more than any call of the library uses, including interceptors and a race report. */
#define STACK_RANGE ((size_t)64 << 10)

void tsan_call_in_own_stack_range(unsigned int fiber_index, void (*fn)(void *arg), void *arg)
{
	char *range = __builtin_alloca(tsan_is_present() ? fiber_index * STACK_RANGE + 1 : 1);

	/* The empty assembler statements keep the compiler from removing @range. */
	__asm__ volatile("" : : "r"(range) : "memory");
	fn(arg);
	__asm__ volatile("" : : "r"(range) : "memory");
}

void tsan_set_accesses_ignored(bool is_ignored)
{
	if (tsan_is_present())
		(is_ignored ? __tsan_ignore_thread_begin : __tsan_ignore_thread_end)();
}

NO_COVERAGE_FILE_END
