/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The functions that a C file of `pagetorture to-c` may need. The script c_file.py copies a section into the
 * C file if the file mentions a name after the `///` of that section. A section comes after all sections that
 * it uses.
 */

/// pthread_create create_fiber run_section
/* ThreadSanitizer must report each race, but no lock-order inversion: no page rule orders locks. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "detect_deadlocks=0:report_thread_leaks=0:suppress_equal_stacks=0:"
	       "suppress_equal_addresses=0:atexit_sleep_ms=0";
}

/// READ_ONCE WRITE_ONCE
/*
 * Relaxed atomic accesses to a variable that threads share, with the kernel's names. Relaxed accesses do not
 * race, and order no threads, so only accesses to pages can race.
 */
#define READ_ONCE(variable)         __atomic_load_n(&(variable), __ATOMIC_RELAXED)
#define WRITE_ONCE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELAXED)

/// print_failure_prefix
/*
 * Prints the beginning of an error message. @line: a line of the page program in the first comment of this
 * file; 0: the end of the program.
 */
static void print_failure_prefix(int line)
{
	if (line)
		fprintf(stderr, "line %d: not as expected: ", line);
	else
		fprintf(stderr, "at the end: not as expected: ");
}

/// expect
static void expect_value(int line, const char *call, long got, long expected)
{
	if (got == expected)
		return;
	print_failure_prefix(line);
	fprintf(stderr, "%s: expected %ld, got %ld\n", call, expected, got);
	_exit(1);
}

#define expect(line, call, expected) expect_value(line, #call, call, expected)

/// expect_byte
static void expect_byte(int line, size_t index, unsigned char got, unsigned char expected)
{
	if (got == expected)
		return;
	print_failure_prefix(line);
	fprintf(stderr, "byte %zu: expected 0x%02x, got 0x%02x\n", index, expected, got);
	_exit(1);
}

/// print_expected_end exit_as_process_continued
/* Called before a call that must end the process: prints the rule that the call breaks. */
static void print_expected_end(int line, const char *rule)
{
	fprintf(stderr, "line %d: %s is expected here\n", line, rule);
}

static void exit_as_process_continued(int line)
{
	fprintf(stderr, "line %d: the process did not end\n", line);
	_exit(1);
}

/// compute_pattern_byte
static unsigned char compute_pattern_byte(size_t index, unsigned char seed)
{
	return (unsigned char)(seed + index + index / 256);
}

/// fill_pattern
static void fill_pattern(void *bytes, size_t len, unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)bytes)[i] = compute_pattern_byte(i, seed);
}

/// expect_pattern
static void expect_pattern(int line, const unsigned char *bytes, size_t from, size_t len, unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		expect_byte(line, from + i, bytes[from + i], compute_pattern_byte(i, seed));
}

/// expect_equal_bytes
static void expect_equal_bytes(int line, const unsigned char *bytes, size_t from, size_t len,
			       unsigned char value)
{
	for (size_t i = 0; i < len; i++)
		expect_byte(line, from + i, bytes[from + i], value);
}

/// branch_on_values
/* Branches on each byte, so that MemorySanitizer reports uninitialised bytes. */
static void branch_on_values(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == 0x5c)
			__asm__ volatile("");
}

/// fill_user_pattern
/* Stores atomically: other threads may access user memory at the same time, and that is no race. */
static void fill_user_pattern(unsigned char *bytes, size_t len, unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		__atomic_store_n(&bytes[i], compute_pattern_byte(i, seed), __ATOMIC_RELAXED);
}

/// map_user_memory
/* Returns @readable_bytes bytes of memory, which are followed by unreadable memory. */
static unsigned char *map_user_memory(size_t readable_bytes)
{
	unsigned char *memory = mmap(NULL, 32768, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + 16384, 16384, PROT_NONE))
		abort();
	return memory + 16384 - readable_bytes;
}

/// create_fiber
/*
 * The threads of the page program are fibers: main makes the calls of all fibers. Each fiber is a task of the
 * page library and, if ThreadSanitizer is linked, a thread for ThreadSanitizer. A switch from one fiber to
 * another orders both fibers only with SWITCH_IN_ORDER, and the code of a switch is not instrumented. Fibers
 * share thread-local variables such as errno: ignore a report whose location is TLS.
 */
#ifdef __clang__
#define NO_SANITIZE __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define NO_SANITIZE __attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#endif

enum { SWITCH_IN_ORDER = 0, SWITCH_WITHOUT_ORDER = 1 }; /* flags of ThreadSanitizer */
void *__tsan_get_current_fiber(void) __attribute__((weak));
void *__tsan_create_fiber(unsigned int flags) __attribute__((weak));
void __tsan_switch_to_fiber(void *fiber, unsigned int flags) __attribute__((weak));

/* A thread of the page program: its task in the library, its ThreadSanitizer fiber and its stack range. */
struct fiber {
	struct page_task *task; /* NULL: main */
	void *tsan_fiber;
	size_t number; /* 1, 2 ...: selects the stack range of the fiber */
};

static struct fiber main_fiber;
static size_t fiber_count;

NO_SANITIZE static void create_fiber(struct fiber *fiber, const char *name)
{
	fiber->task = page_task_new(name);
	fiber->number = ++fiber_count;
	if (!__tsan_create_fiber)
		return;
	fiber->tsan_fiber = __tsan_create_fiber(0);
	main_fiber.tsan_fiber = __tsan_get_current_fiber();
}

NO_SANITIZE static void switch_fiber(struct fiber *from, struct fiber *to, unsigned int flags)
{
	page_task_switch_out(from->task);
	if (__tsan_switch_to_fiber)
		__tsan_switch_to_fiber(to->tsan_fiber, flags);
	page_task_switch_in(to->task);
}

/// order_after_main
/* Orders the earlier calls of main before the next calls of the fiber. */
NO_SANITIZE static void order_after_main(struct fiber *fiber)
{
	switch_fiber(&main_fiber, fiber, SWITCH_IN_ORDER);
	switch_fiber(fiber, &main_fiber, SWITCH_WITHOUT_ORDER);
}

/* Orders the earlier calls of the fiber before the next calls of main. */
NO_SANITIZE static void order_main_after(struct fiber *fiber)
{
	switch_fiber(&main_fiber, fiber, SWITCH_WITHOUT_ORDER);
	switch_fiber(fiber, &main_fiber, SWITCH_IN_ORDER);
}

/// run_in_fiber
/* Makes a call on the stack range of the fiber, so that accesses to the stacks of two fibers do not race. */
NO_SANITIZE static void run_in_fiber(struct fiber *fiber, void (*call)(void))
{
	volatile char *unused_stack = __builtin_alloca(fiber->number << 18);

	*unused_stack = 0;
	switch_fiber(&main_fiber, fiber, SWITCH_WITHOUT_ORDER);
	call();
	switch_fiber(fiber, &main_fiber, SWITCH_WITHOUT_ORDER);
}

/// wait_for_turn
/*
 * The line of the page program whose call may run now. Accesses to turn_line are relaxed, so ThreadSanitizer
 * sees no order between threads, and a race of the page program remains a race.
 */
static int turn_line;

static void wait_for_turn(int line)
{
	while (__atomic_load_n(&turn_line, __ATOMIC_RELAXED) != line)
		sched_yield();
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
}

static void pass_turn_to(int line)
{
	__atomic_signal_fence(__ATOMIC_SEQ_CST);
	__atomic_store_n(&turn_line, line, __ATOMIC_RELAXED);
}
