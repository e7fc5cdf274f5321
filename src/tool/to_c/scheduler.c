/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The scheduler that a C file of `pagetorture to-c` gets if its page program has a schedule. It counts points
 * as exec_interleave.c does, so that a schedule means the same. The sections are those of helpers.c.
 */

/// reach_point fail
/*
 * The threads of the page program run on one OS thread, each with a stack and a ThreadSanitizer fiber of its
 * own. A thread can be stopped at its points: an atomic access of the page library, a lock, a use of a
 * handle, lock(), unlock(), post() and wait(). The linker replaces the
 * functions of ThreadSanitizer that the library calls before each access by the functions __wrap_NAME below.
 * This file is compiled without -fsanitize=thread, because it switches stacks.
 */
enum thread { MAIN, T0, T1, T2, T3, T4, T5, T6, T7, THREADS };
enum { STACK_SIZE = 256 << 10, MAPPINGS = 16, HELD_MAX = 16, POINTS_MAX = 1 << 20, SWITCH_WITHOUT_ORDER = 1 };

/* What a thread waits for at its point. */
enum wait { NOTHING, FREE_BYTE, FREE_MUTEX, FREE_PROGRAM_MUTEX, ABOVE_0, OTHER_VALUE };

static const char *const thread_names[THREADS] = { "main", "T0", "T1", "T2", "T3", "T4", "T5", "T6", "T7" };

static struct {
	void (*run)(void); /* the lines of the section; NULL: the thread has none */
	ucontext_t context;
	void *tsan_fiber;
	struct page_task *task, *spare_task;
	int is_alive, line;
	enum wait wait; /* what the thread waits for, at its pending point */
	const volatile void *address;
	size_t size;
	unsigned long value;
	unsigned int point_count;
	const volatile void *granted_lock; /* the next access takes this spin lock, and is no point */
	const volatile void *last_access;
	size_t last_access_size;
	void *mappings[MAPPINGS];
	unsigned int mapping_count;
} threads[THREADS];

static ucontext_t driver;
static int running = -1; /* the running thread; -1: the driver, which is main between two sections */
static int last_ran;     /* the thread of the last decision; -1: a section begins */
static int is_switching; /* the task of the library is being switched, which is no part of a call */
static int is_starting;  /* the running thread runs up to its first point */
static unsigned int main_line_count;        /* lines of main that ran */
static size_t used_count;                   /* lines of the schedule that were used */
static const volatile void *held[HELD_MAX]; /* mutexes that threads of the library hold, and handles */
static unsigned int held_count;
static long heap_bytes;         /* bytes that the library allocated, and did not free */
static char to_main, from_main; /* only their addresses count */

void *__tsan_get_current_fiber(void);
void *__tsan_create_fiber(unsigned int flags);
void __tsan_set_fiber_name(void *fiber, const char *name);
void __tsan_switch_to_fiber(void *fiber, unsigned int flags);
void __tsan_acquire(void *address);
void __tsan_release(void *address);

static void fail(const char *text)
{
	fprintf(stderr, "not as expected: %s\n", text);
	for (int t = 0; t < THREADS; t++)
		if (threads[t].is_alive)
			fprintf(stderr, "  %s is in line %d\n", thread_names[t], threads[t].line);
	_exit(1);
}

static unsigned int find_held(const volatile void *address)
{
	unsigned int i = 0;

	while (i < held_count && held[i] != address)
		i++;
	return i;
}

static unsigned long read_value(const volatile void *address, size_t size)
{
	unsigned long value = 0;

	for (size_t i = 0; i < size && i < sizeof(value); i++)
		value |= (unsigned long)((const volatile unsigned char *)address)[i] << 8 * i;
	return value;
}

static int can_run(int t)
{
	switch (threads[t].wait) {
	case FREE_BYTE:
		return !*(const volatile unsigned char *)threads[t].address;
	case FREE_MUTEX:
		return find_held(threads[t].address) == held_count;
	case FREE_PROGRAM_MUTEX:
		return !*(const volatile int *)threads[t].address ||
		       *(const volatile int *)threads[t].address == t + 1;
	case ABOVE_0:
		return *(const volatile int *)threads[t].address > 0;
	case OTHER_VALUE:
		return read_value(threads[t].address, threads[t].size) != threads[t].value;
	default:
		return 1;
	}
}

/* Returns the thread that the schedule names for this place; -1: none. */
static int find_scheduled(int thread, unsigned int position)
{
	for (size_t i = 0; i < sizeof(schedule) / sizeof(schedule[0]); i++)
		if (schedule[i].running == thread && schedule[i].position == position)
			return schedule[i].next;
	return -1;
}

/* Returns the thread that runs next; -1: all threads of the section have ended. */
static int choose_next(void)
{
	int lowest = -1, is_any_alive = 0, scheduled;

	for (int t = THREADS - 1; t >= 0; t--) {
		is_any_alive |= threads[t].is_alive;
		if (threads[t].is_alive && can_run(t))
			lowest = t;
	}
	if (!is_any_alive)
		return -1;
	if (lowest < 0)
		fail("deadlock: every thread waits for a lock");
	if (last_ran >= 0 && threads[last_ran].point_count >= POINTS_MAX)
		fail("livelock: the threads go on, and no call ends");
	scheduled =
		last_ran < 0 ?
			find_scheduled(MAIN, main_line_count) :
			find_scheduled(last_ran, threads[last_ran].point_count + !threads[last_ran].is_alive);
	if (scheduled >= 0) {
		used_count++;
		if (!threads[scheduled].is_alive || !can_run(scheduled))
			fail("the schedule does not fit: its next thread cannot run there");
		return scheduled;
	}
	return last_ran >= 0 && threads[last_ran].is_alive && can_run(last_ran) ? last_ran : lowest;
}

static void switch_to(int next)
{
	int previous = running;

	is_switching = 1;
	if (previous >= 0)
		page_task_switch_out(threads[previous].task);
	if ((previous < 0 ? MAIN : previous) != (next < 0 ? MAIN : next))
		__tsan_switch_to_fiber(threads[next < 0 ? MAIN : next].tsan_fiber, SWITCH_WITHOUT_ORDER);
	if (next >= 0)
		page_task_switch_in(threads[next].task);
	running = next;
	is_switching = 0;
	swapcontext(previous < 0 ? &driver : &threads[previous].context,
		    next < 0 ? &driver : &threads[next].context);
}

/* The running thread is at a point, or has ended. Returns when it is the thread's turn. */
static void let_others_run(void)
{
	int next;

	if (is_starting) {
		switch_to(-1);
		return;
	}
	last_ran = running;
	next = choose_next();
	if (next != running)
		switch_to(next);
}

/* The running thread is about to make a point. */
static void reach_point(enum wait wait, const volatile void *address, size_t size)
{
	int self = running;

	threads[self].wait = wait;
	threads[self].address = address;
	threads[self].size = size;
	if (wait == OTHER_VALUE)
		threads[self].value = read_value(address, size);
	threads[self].point_count++;
	if (self == MAIN && !can_run(self))
		fail("deadlock: main waits for a lock");
	if (self != MAIN)
		let_others_run();
	if (wait == FREE_BYTE)
		threads[self].granted_lock = address;
	if (wait == FREE_MUTEX && held_count < HELD_MAX)
		held[held_count++] = address;
}

static void release_held(const volatile void *address)
{
	unsigned int i;

	reach_point(NOTHING, address, 1);
	i = find_held(address);
	if (i < held_count)
		held[i] = held[--held_count];
}

/* ---- the hooks ---- */

static int is_in_call(void)
{
	return running >= 0 && !is_switching;
}

static void before_atomic(const volatile void *address, size_t size, int is_update)
{
	int takes_lock;

	if (!is_in_call())
		return;
	takes_lock = is_update && threads[running].granted_lock == address;
	threads[running].last_access = address;
	threads[running].last_access_size = size;
	threads[running].granted_lock = NULL;
	if (!takes_lock)
		reach_point(NOTHING, address, size);
}

#define HOOK_UPDATE(bits, type, name)                                                           \
	type __real___tsan_atomic##bits##_##name(volatile type *, type, int);                   \
	type __wrap___tsan_atomic##bits##_##name(volatile type *, type, int);                   \
	type __wrap___tsan_atomic##bits##_##name(volatile type *address, type value, int order) \
	{                                                                                       \
		before_atomic(address, sizeof(type), 1);                                        \
		return __real___tsan_atomic##bits##_##name(address, value, order);              \
	}
#define HOOK_EXCHANGE(bits, type, name)                                                                     \
	int __real___tsan_atomic##bits##_##name(volatile type *, type *, type, int, int);                   \
	int __wrap___tsan_atomic##bits##_##name(volatile type *, type *, type, int, int);                   \
	int __wrap___tsan_atomic##bits##_##name(volatile type *address, type *expected, type value,         \
						int order, int failure_order)                               \
	{                                                                                                   \
		before_atomic(address, sizeof(type), 1);                                                    \
		return __real___tsan_atomic##bits##_##name(address, expected, value, order, failure_order); \
	}
#define HOOK_ATOMICS(bits, type)                                                                          \
	type __tsan_atomic##bits##_load(const volatile type *, int);                                      \
	void __tsan_atomic##bits##_store(volatile type *, type, int);                                     \
	type __real___tsan_atomic##bits##_load(const volatile type *, int);                               \
	type __wrap___tsan_atomic##bits##_load(const volatile type *, int);                               \
	type __wrap___tsan_atomic##bits##_load(const volatile type *address, int order)                   \
	{                                                                                                 \
		before_atomic(address, sizeof(type), 0);                                                  \
		return __real___tsan_atomic##bits##_load(address, order);                                 \
	}                                                                                                 \
	void __real___tsan_atomic##bits##_store(volatile type *, type, int);                              \
	void __wrap___tsan_atomic##bits##_store(volatile type *, type, int);                              \
	void __wrap___tsan_atomic##bits##_store(volatile type *address, type value, int order)            \
	{                                                                                                 \
		before_atomic(address, sizeof(type), 0);                                                  \
		__real___tsan_atomic##bits##_store(address, value, order);                                \
	}                                                                                                 \
	HOOK_UPDATE(bits, type, exchange)                                                                 \
	HOOK_UPDATE(bits, type, fetch_add)                                                                \
	HOOK_UPDATE(bits, type, fetch_sub)                                                                \
	HOOK_UPDATE(bits, type, fetch_and)                                                                \
	HOOK_UPDATE(bits, type, fetch_or)                                                                 \
	HOOK_UPDATE(bits, type, fetch_xor)                                                                \
	HOOK_UPDATE(bits, type, fetch_nand)                                                               \
	HOOK_EXCHANGE(bits, type, compare_exchange_strong)                                                \
	HOOK_EXCHANGE(bits, type, compare_exchange_weak)                                                  \
	type __real___tsan_atomic##bits##_compare_exchange_val(volatile type *, type, type, int, int);    \
	type __wrap___tsan_atomic##bits##_compare_exchange_val(volatile type *, type, type, int, int);    \
	type __wrap___tsan_atomic##bits##_compare_exchange_val(volatile type *address, type expected,     \
							       type value, int order, int failure_order)  \
	{                                                                                                 \
		before_atomic(address, sizeof(type), 1);                                                  \
		return __real___tsan_atomic##bits##_compare_exchange_val(address, expected, value, order, \
									 failure_order);                  \
	}
HOOK_ATOMICS(8, uint8_t)
HOOK_ATOMICS(16, uint16_t)
HOOK_ATOMICS(32, uint32_t)
HOOK_ATOMICS(64, uint64_t)

#define HOOK_LOCK(name, type)                             \
	int __real_##name(type *);                        \
	int __wrap_##name(type *);                        \
	int __wrap_##name(type *lock)                     \
	{                                                 \
		if (is_in_call())                         \
			reach_point(FREE_MUTEX, lock, 1); \
		return __real_##name(lock);               \
	}
#define HOOK_UNLOCK(name, type)             \
	int __real_##name(type *);          \
	int __wrap_##name(type *);          \
	int __wrap_##name(type *lock)       \
	{                                   \
		if (is_in_call())           \
			release_held(lock); \
		return __real_##name(lock); \
	}
HOOK_LOCK(pthread_mutex_lock, pthread_mutex_t)
HOOK_LOCK(pthread_mutex_trylock, pthread_mutex_t)
HOOK_UNLOCK(pthread_mutex_unlock, pthread_mutex_t)
HOOK_LOCK(pthread_spin_lock, pthread_spinlock_t)
HOOK_LOCK(pthread_spin_trylock, pthread_spinlock_t)
HOOK_UNLOCK(pthread_spin_unlock, pthread_spinlock_t)
HOOK_LOCK(pthread_rwlock_rdlock, pthread_rwlock_t)
HOOK_LOCK(pthread_rwlock_wrlock, pthread_rwlock_t)
HOOK_UNLOCK(pthread_rwlock_unlock, pthread_rwlock_t)

/* The library waits for a change of what it read last. */
int __wrap_sched_yield(void);
int __wrap_sched_yield(void)
{
	if (is_in_call() && threads[running].last_access)
		reach_point(OTHER_VALUE, threads[running].last_access, threads[running].last_access_size);
	return 0;
}

/* The library calls this function before it takes a spin lock. */
void page_sched_lock(const volatile void *lock);
void page_sched_lock(const volatile void *lock)
{
	if (is_in_call())
		reach_point(FREE_BYTE, lock, 1);
}

/* The library reports the memory that it allocates and frees to ThreadSanitizer. */
void __real___tsan_java_alloc(unsigned long, unsigned long);
void __wrap___tsan_java_alloc(unsigned long, unsigned long);
void __wrap___tsan_java_alloc(unsigned long address, unsigned long size)
{
	heap_bytes += (long)size;
	__real___tsan_java_alloc(address, size);
}

void __real___tsan_java_free(unsigned long, unsigned long);
void __wrap___tsan_java_free(unsigned long, unsigned long);
void __wrap___tsan_java_free(unsigned long address, unsigned long size)
{
	heap_bytes -= (long)size;
	__real___tsan_java_free(address, size);
}

/* ---- handles, mutexes and semaphores of the page program ---- */

/* A variable of the page program. A call is skipped if a handle that it uses is empty, or one that it fills
 * is filled. */
struct handle {
	int is_filled, references;
};

struct program_mutex {
	int holder; /* thread + 1; 0: no thread */
};

struct program_semaphore {
	int value;
};

/// use_handle
static int use_handle(struct handle *handle)
{
	reach_point(NOTHING, handle, 1);
	return handle->is_filled;
}

/// take_handle
/* Begins a call that fills the handle, or that no other call on the handle may overlap. */
static int take_handle(struct handle *handle, int must_be_filled)
{
	reach_point(FREE_MUTEX, handle, 1);
	return handle->is_filled == must_be_filled;
}

/// release_handle
static void release_handle(struct handle *handle, int is_filled)
{
	release_held(handle);
	handle->is_filled = is_filled;
}

/// lock_mutex
static void lock_mutex(struct program_mutex *mutex)
{
	if (mutex->holder == running + 1)
		return;
	reach_point(FREE_PROGRAM_MUTEX, &mutex->holder, sizeof(mutex->holder));
	__tsan_acquire(mutex);
	mutex->holder = running + 1;
}

/// unlock_mutex
static void unlock_mutex(struct program_mutex *mutex)
{
	if (mutex->holder != running + 1)
		return;
	reach_point(NOTHING, &mutex->holder, sizeof(mutex->holder));
	__tsan_release(mutex);
	mutex->holder = 0;
}

/// post_semaphore
static void post_semaphore(struct program_semaphore *semaphore)
{
	reach_point(NOTHING, &semaphore->value, sizeof(semaphore->value));
	__tsan_release(semaphore);
	semaphore->value++;
}

/// wait_for_semaphore
static void wait_for_semaphore(struct program_semaphore *semaphore)
{
	reach_point(ABOVE_0, &semaphore->value, sizeof(semaphore->value));
	__tsan_acquire(semaphore);
	semaphore->value--;
}

/// allocate_page
/* Allocates a page, and maps it once, as the harness does to find the page's address. */
static struct page *allocate_page(gfp_t flags, struct handle *handle)
{
	struct page *page = page_alloc(flags);
	void *address;

	handle->references = page ? 1 : 0;
	if (!page)
		return NULL;
	address = page_map_local(page);
	page_canonical(address);
	page_unmap_local(address);
	return page;
}

/// map_page
static void *map_page(struct page *page)
{
	void *address = page_map_local(page);

	threads[running].mappings[threads[running].mapping_count++] = address;
	return address;
}

/// unmap_page
static void unmap_page(void *address)
{
	page_unmap_local(address);
	threads[running].mapping_count--;
}

/// prepare_library
/* ---- the program ---- */

static void map_once(struct page_task *task)
{
	struct page *page = page_alloc(GFP_KERNEL);

	page_task_switch_in(task);
	page_unmap_local(page_map_local(page));
	page_task_switch_out(task);
	page_free(page);
}

/* Brings the library into the state in which pagetorture runs a schedule: frames were used and freed, and
 * each thread has a task. */
static void prepare_library(void)
{
	static struct page *pages[128];
	static const struct page_fault_attr no_failures = PAGE_FAULT_ATTR_INIT;
	static unsigned char nonzero[PAGE_SIZE];

	memset(nonzero, 0x5c, sizeof(nonzero));
	for (int i = 0; i < 128; i++) {
		pages[i] = page_alloc(GFP_KERNEL);
		page_write_raw(pages[i], nonzero, 0, PAGE_SIZE);
	}
	for (int i = 0; i < 128; i++)
		page_free(pages[i]);
	page_fail_nth(1);
	page_fail_nth(0);
	for (int t = 0; t < THREADS; t++) {
		threads[t].task = page_task_new(thread_names[t]);
		threads[t].spare_task = page_task_new("spare");
		threads[t].tsan_fiber = t ? __tsan_create_fiber(0) : __tsan_get_current_fiber();
		__tsan_set_fiber_name(threads[t].tsan_fiber, thread_names[t]);
	}
	map_once(NULL);
	for (int t = 0; t < THREADS; t++) {
		map_once(threads[t].task);
		map_once(threads[t].spare_task);
	}
	page_free(page_alloc(GFP_KERNEL));
	page_fault_attr_set(PAGE_FAULT_ALLOC, &no_failures);
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &no_failures);
	heap_bytes = 0;
}

/// run_main
/* Runs lines of main. */
static void run_main(void (*run)(void), unsigned int line_count)
{
	running = MAIN;
	page_task_switch_in(threads[MAIN].task);
	run();
	page_task_switch_out(threads[MAIN].task);
	running = -1;
	main_line_count += line_count;
}

/// run_section
static void run_thread(void)
{
	threads[running].run();
	threads[running].is_alive = 0;
	let_others_run();
}

/* Runs the thread up to its first point. */
static void start_thread(int t)
{
	static void *stacks[THREADS];

	if (!stacks[t])
		stacks[t] =
			mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	getcontext(&threads[t].context);
	threads[t].context.uc_stack.ss_sp = stacks[t];
	threads[t].context.uc_stack.ss_size = STACK_SIZE;
	makecontext(&threads[t].context, run_thread, 0);
	threads[t].is_alive = 1;
	__tsan_switch_to_fiber(threads[t].tsan_fiber, SWITCH_WITHOUT_ORDER);
	__tsan_acquire(&from_main);
	__tsan_switch_to_fiber(threads[MAIN].tsan_fiber, SWITCH_WITHOUT_ORDER);
	is_starting = 1;
	switch_to(t);
	is_starting = 0;
}

/* Runs the lines of threads between two lines of main: threads[].run. */
static void run_section(void)
{
	int next;

	__tsan_release(&from_main);
	for (int t = T0; t < THREADS; t++)
		if (threads[t].run)
			start_thread(t);
	last_ran = -1;
	next = choose_next();
	if (next >= 0)
		switch_to(next);
	for (int t = T0; t < THREADS; t++) {
		if (!threads[t].run)
			continue;
		threads[t].run = NULL;
		__tsan_switch_to_fiber(threads[t].tsan_fiber, SWITCH_WITHOUT_ORDER);
		__tsan_release(&to_main);
		__tsan_switch_to_fiber(threads[MAIN].tsan_fiber, SWITCH_WITHOUT_ORDER);
	}
	__tsan_acquire(&to_main);
}

/// unmap_all check_end
/* Ends the mappings that threads left. */
static void unmap_all(void)
{
	for (int t = 0; t < THREADS; t++) {
		page_task_switch_in(threads[t].task);
		while (threads[t].mapping_count)
			page_unmap_local(threads[t].mappings[--threads[t].mapping_count]);
		page_fail_nth(0);
		page_task_switch_out(threads[t].task);
	}
}

/* All pages are freed. */
static void check_end(void)
{
	if (heap_bytes)
		fail("all pages are freed, but the library did not free all of their memory");
	if (used_count < sizeof(schedule) / sizeof(schedule[0]))
		fail("the schedule does not fit: some of its switches are never reached");
}
