/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The functions that a C file of `pagetorture to-c` may need. to_c.py copies a section into the file
 * if it mentions one of the names after `///`. `pthreads` or `fibers` in brackets: only into files
 * of that kind. A section comes after all sections that it mentions.
 */

/// pthread_create start_fiber
/* ThreadSanitizer must report each race, and no lock order, which is no rule of a page. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "detect_deadlocks=0:report_thread_leaks=0:suppress_equal_stacks=0:"
	       "suppress_equal_addresses=0:atexit_sleep_ms=0";
}

/// READ_ONCE WRITE_ONCE
/*
 * As in the kernel: accesses to a variable that threads share. They do not race, and they order no
 * threads, so that the program races on pages only.
 */
#define READ_ONCE(variable) __atomic_load_n(&(variable), __ATOMIC_RELAXED)
#define WRITE_ONCE(variable, value) __atomic_store_n(&(variable), value, __ATOMIC_RELAXED)

/// print_failed_line
/* @line: a line of the program above, or 0 for its end */
static void print_failed_line(int line)
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
	print_failed_line(line);
	fprintf(stderr, "%s: expected %ld, got %ld\n", call, expected, got);
	_exit(1);
}

#define expect(line, call, expected) expect_value(line, #call, call, expected)

/// expect_byte
static void expect_byte(int line, size_t index, unsigned char got, unsigned char expected)
{
	if (got == expected)
		return;
	print_failed_line(line);
	fprintf(stderr, "byte %zu: expected 0x%02x, got 0x%02x\n", index, expected, got);
	_exit(1);
}

/// announce_expected_end exit_not_ended
/* The next call must end the process. */
static void announce_expected_end(int line, const char *rule)
{
	fprintf(stderr, "line %d: %s is expected here\n", line, rule);
}

static void exit_not_ended(int line)
{
	fprintf(stderr, "line %d: the process did not end\n", line);
	_exit(1);
}

/// get_pattern_byte
static unsigned char get_pattern_byte(size_t index, unsigned char seed)
{
	return (unsigned char)(seed + index + index / 256);
}

/// fill_pattern
static void fill_pattern(void *bytes, size_t len, unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		((unsigned char *)bytes)[i] = get_pattern_byte(i, seed);
}

/// expect_pattern
static void expect_pattern(int line, const unsigned char *bytes, size_t from, size_t len,
			   unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		expect_byte(line, from + i, bytes[from + i], get_pattern_byte(i, seed));
}

/// expect_all
static void expect_all(int line, const unsigned char *bytes, size_t from, size_t len,
		       unsigned char value)
{
	for (size_t i = 0; i < len; i++)
		expect_byte(line, from + i, bytes[from + i], value);
}

/// branch_on_values
/* Branches on each byte, so that MemorySanitizer reports uninitialised ones. */
static void branch_on_values(const unsigned char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] == 0x5c)
			__asm__ volatile("");
}

/// fill_user_pattern
/* Other threads may write user memory at any time, which is no race. */
static void fill_user_pattern(unsigned char *bytes, size_t len, unsigned char seed)
{
	for (size_t i = 0; i < len; i++)
		__atomic_store_n(&bytes[i], get_pattern_byte(i, seed), __ATOMIC_RELAXED);
}

/// map_user_memory
/* Allocates @readable bytes of memory that are followed by unreadable memory. */
static unsigned char *map_user_memory(size_t readable)
{
	unsigned char *memory = mmap(NULL, 32768, PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory + 16384, 16384, PROT_NONE))
		abort();
	return memory + 16384 - readable;
}

/// start_fiber [fibers]
/*
 * The threads of the program are fibers: one pthread runs them in turn, each on its own stack, as a
 * task of the page library, and as a thread of its own for ThreadSanitizer if that is linked. A
 * switch orders no fibers, and its code is not instrumented. Fibers share thread-local variables
 * such as errno: ignore a report whose location is TLS.
 */
#ifdef __clang__
#define NO_SANITIZE __attribute__((noinline, disable_sanitizer_instrumentation))
#else
#define NO_SANITIZE __attribute__((noinline, no_sanitize("address", "thread", "undefined")))
#endif

void *__tsan_get_current_fiber(void) __attribute__((weak));
void *__tsan_create_fiber(unsigned int flags) __attribute__((weak));
void __tsan_switch_to_fiber(void *fiber, unsigned int flags) __attribute__((weak));

struct fiber {
	ucontext_t context;
	struct page_task *task;
	void *tsan_fiber;
	void (*run)(void);
	int has_ended;
	char stack[256 * 1024] __attribute__((aligned(16)));
};

static struct fiber *fibers[8], *running_fiber;
static int fiber_count;
static ucontext_t main_context;
static void *main_tsan_fiber;

NO_SANITIZE static void switch_to_fiber(struct fiber *fiber)
{
	page_task_switch_out(NULL);
	running_fiber = fiber;
	if (__tsan_switch_to_fiber) {
		main_tsan_fiber = __tsan_get_current_fiber();
		__tsan_switch_to_fiber(fiber->tsan_fiber, 1);
	}
	page_task_switch_in(fiber->task);
	swapcontext(&main_context, &fiber->context);
}

NO_SANITIZE static void switch_to_main(void)
{
	page_task_switch_out(running_fiber->task);
	if (__tsan_switch_to_fiber)
		__tsan_switch_to_fiber(main_tsan_fiber, 1);
	page_task_switch_in(NULL);
	swapcontext(&running_fiber->context, &main_context);
}

NO_SANITIZE static void run_fiber(void)
{
	running_fiber->run();
	running_fiber->has_ended = 1;
	switch_to_main();
}

/* Everything that the caller did happens before the fiber. */
NO_SANITIZE static void start_fiber(struct fiber *fiber, const char *name, void (*run)(void))
{
	fiber->run = run;
	fiber->task = page_task_new(name);
	if (__tsan_create_fiber)
		fiber->tsan_fiber = __tsan_create_fiber(0);
	getcontext(&fiber->context);
	fiber->context.uc_stack.ss_sp = fiber->stack;
	fiber->context.uc_stack.ss_size = sizeof(fiber->stack);
	makecontext(&fiber->context, run_fiber, 0);
	fibers[fiber_count++] = fiber;
}

/* Runs fibers until one posts @done. */
NO_SANITIZE static void run_fibers_until(sem_t *done)
{
	while (sem_trywait(done))
		for (int i = 0; i < fiber_count; i++)
			if (!fibers[i]->has_ended)
				switch_to_fiber(fibers[i]);
}

/// run_main_until
/* Runs main, and other fibers, until main posts @go. */
NO_SANITIZE static void run_main_until(sem_t *go)
{
	while (sem_trywait(go))
		switch_to_main();
}

/// wait_for_turn [pthreads]
/*
 * The line whose turn it is. Its accesses are relaxed: lines keep their order, but no thread learns
 * by it what another thread did, so a race remains one for ThreadSanitizer.
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

/// wait_for_turn [fibers]
static int turn_line; /* the line whose turn it is */

NO_SANITIZE static void wait_for_turn(int line)
{
	while (turn_line != line)
		switch_to_main();
}

NO_SANITIZE static void pass_turn_to(int line)
{
	turn_line = line;
}
