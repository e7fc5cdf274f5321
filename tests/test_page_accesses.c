/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests which bytes a call of the library accesses, how often, by which kind of access, and at which
 * addresses. A result or a byte does not show, for example, that a call reads a byte twice.
 * Also tests calls that two threads make at the same time: one call runs inside of the other.
 *
 * The library is instrumented, and tsan_hooks.c passes each of its accesses to record_access(). The functions
 * __wrap_NAME pass the accesses of memcpy() and memset() from compilers that call these, and those of system
 * calls. This test is not instrumented (build-aux/flavours.mk).
 */
#include "tests/page_test.h"

#include <sys/uio.h>

#include "harness/detect/tsan_hooks.h"

/* ---- watched memory ---- */

/* A bytewise access is a relaxed atomic access of one byte. All other atomic accesses are OTHER_ATOMIC. */
enum access_kind {
	NO_ACCESS,
	PLAIN_READ,
	PLAIN_WRITE,
	BYTEWISE_LOAD,
	BYTEWISE_STORE,
	OTHER_ATOMIC,
	SYSTEM_READ, /* user memory, by a system call */
	SYSTEM_WRITE,
	ACCESS_KINDS
};

static const char *const kind_names[ACCESS_KINDS] = {
	[PLAIN_READ] = "plain reads",          [PLAIN_WRITE] = "plain writes",
	[BYTEWISE_LOAD] = "bytewise loads",    [BYTEWISE_STORE] = "bytewise stores",
	[OTHER_ATOMIC] = "other atomics",      [SYSTEM_READ] = "system call reads",
	[SYSTEM_WRITE] = "system call writes",
};

/* A window is three pages, so that it also shows accesses before and after the memory of a call. */
#define WINDOW_SIZE (3 * PAGE_SIZE)

enum window_name { DST_PAGE, SRC_PAGE, DST_MAPPING, SRC_MAPPING, BUFFER, USER, WINDOWS };

static const char *const window_names[WINDOWS] = {
	"the page",   "the source page", "the page's mapping", "the source page's mapping",
	"the buffer", "user memory",
};

static struct window {
	uintptr_t start; /* 0: not watched */
	uint8_t counts[ACCESS_KINDS][WINDOW_SIZE];
} windows[WINDOWS];

static bool is_recording;

static void count_bytes(const volatile void *addr, size_t size, enum access_kind kind)
{
	if (!is_recording)
		return;
	for (size_t w = 0; w < WINDOWS; w++) {
		size_t from = (uintptr_t)addr - windows[w].start;

		for (size_t i = 0; windows[w].start && i < size; i++)
			if (from + i < WINDOW_SIZE && windows[w].counts[kind][from + i] < UINT8_MAX)
				windows[w].counts[kind][from + i]++;
	}
}

static void record_access(enum tsan_hook hook, const volatile void *addr, size_t size, int order)
{
	bool is_bytewise = size == 1 && order == __ATOMIC_RELAXED;
	enum access_kind kind = OTHER_ATOMIC;

	if (hook == HOOK_PLAIN_READ)
		kind = PLAIN_READ;
	else if (hook == HOOK_PLAIN_WRITE)
		kind = PLAIN_WRITE;
	else if (is_bytewise && hook == HOOK_ATOMIC_LOAD)
		kind = BYTEWISE_LOAD;
	else if (is_bytewise && hook == HOOK_ATOMIC_STORE)
		kind = BYTEWISE_STORE;
	count_bytes(addr, size, kind);
}

/* ---- functions that are not instrumented ---- */

/* The functions have no prototypes, because only the linker's option --wrap refers to them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"

void *__real_memcpy(void *to, const void *from, size_t size);
void *__wrap_memcpy(void *to, const void *from, size_t size)
{
	count_bytes(from, size, PLAIN_READ);
	count_bytes(to, size, PLAIN_WRITE);
	return __real_memcpy(to, from, size);
}

void *__real_memset(void *to, int value, size_t size);
void *__wrap_memset(void *to, int value, size_t size)
{
	count_bytes(to, size, PLAIN_WRITE);
	return __real_memset(to, value, size);
}

static void count_pieces(const struct iovec *pieces, unsigned long count, enum access_kind kind)
{
	for (unsigned long i = 0; i < count; i++)
		count_bytes(pieces[i].iov_base, pieces[i].iov_len, kind);
}

#define WRAP_USER_COPY(name, own_kind, user_kind)                                                       \
	ssize_t __real_##name(pid_t pid, const struct iovec *own, unsigned long own_count,              \
			      const struct iovec *user, unsigned long user_count, unsigned long flags); \
	ssize_t __wrap_##name(pid_t pid, const struct iovec *own, unsigned long own_count,              \
			      const struct iovec *user, unsigned long user_count, unsigned long flags)  \
	{                                                                                               \
		count_pieces(own, own_count, own_kind);                                                 \
		count_pieces(user, user_count, user_kind);                                              \
		return __real_##name(pid, own, own_count, user, user_count, flags);                     \
	}

WRAP_USER_COPY(process_vm_readv, PLAIN_WRITE, SYSTEM_READ)
WRAP_USER_COPY(process_vm_writev, PLAIN_READ, SYSTEM_WRITE)

/* ---- calls ---- */

static unsigned char buffer_memory[WINDOW_SIZE + 8], user_memory[WINDOW_SIZE + 8];
static struct page *page, *source_page;
/* The buffer and user memory are not aligned: bytes before and after them are in their windows. */
static unsigned char *const buffer = buffer_memory + PAGE_SIZE + 3, *const user = user_memory + PAGE_SIZE + 5;

static int read_raw(size_t off, size_t len)
{
	return page_read_raw(page, buffer, off, len);
}

static int write_raw(size_t off, size_t len)
{
	return page_write_raw(page, buffer, off, len);
}

static int fill_zero(size_t off, size_t len)
{
	return page_fill_zero(page, off, len);
}

static int read_bytewise(size_t off, size_t len)
{
	return page_read_bytewise_atomic(page, buffer, off, len);
}

static int write_bytewise(size_t off, size_t len)
{
	return page_write_bytewise_atomic(page, buffer, off, len);
}

static int copy(size_t off, size_t len)
{
	return page_copy(page, off, source_page, off, len);
}

static int copy_from_user(size_t off, size_t len)
{
	struct user_slice_reader reader = make_user_slice_reader(user, PAGE_SIZE);

	return page_copy_from_user_slice(page, &reader, off, len);
}

static int copy_from_user_with_failure(size_t off, size_t len)
{
	page_fail_nth(1);
	return copy_from_user(off, len) == (len ? -EFAULT : 0) && !page_fail_nth(0) ? 0 : -EFAULT;
}

static int user_read(size_t off, size_t len)
{
	struct user_slice_reader reader = make_user_slice_reader(user, PAGE_SIZE);

	return user_slice_skip(&reader, off) || user_slice_read(&reader, buffer, len) ? -EFAULT : 0;
}

static int user_write(size_t off, size_t len)
{
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user + off, PAGE_SIZE));
	return user_slice_write(&writer, buffer, len);
}

/* The kinds of accesses that a call makes: each byte of the call's ranges is accessed once. */
struct call_case {
	int (*run)(size_t off, size_t len);
	const char *name;
	enum access_kind page, source_page, buffer, user;
};

static const struct call_case call_cases[] = {
	/* [P132] [P2] [P105] */
	{ read_raw, "page_read_raw", .page = PLAIN_READ, .buffer = PLAIN_WRITE },
	/* [P135] [P136] */
	{ write_raw, "page_write_raw", .page = PLAIN_WRITE, .buffer = PLAIN_READ },
	/* [P139] */
	{ fill_zero, "page_fill_zero", .page = PLAIN_WRITE },
	/* [P142] [P143] [P11] */
	{ read_bytewise, "page_read_bytewise_atomic", .page = PLAIN_READ, .buffer = BYTEWISE_STORE },
	/* [P147] [P148] [P149] */
	{ write_bytewise, "page_write_bytewise_atomic", .page = PLAIN_WRITE, .buffer = BYTEWISE_LOAD },
	/* [P156] */
	{ copy, "page_copy", .page = PLAIN_WRITE, .source_page = PLAIN_READ },
	/* [P189] [P10] */
	{ copy_from_user, "page_copy_from_user_slice", .page = PLAIN_WRITE, .user = SYSTEM_READ },
	/* [P194] */
	{ copy_from_user_with_failure, "page_copy_from_user_slice with an injected failure",
	  .page = PLAIN_WRITE },
	/* [P170] */
	{ user_read, "user_slice_read", .buffer = PLAIN_WRITE, .user = SYSTEM_READ },
	/* [P181] */
	{ user_write, "user_slice_write", .buffer = PLAIN_READ, .user = SYSTEM_WRITE },
};

/* ---- checks ---- */

static void begin_recording(void)
{
	for (size_t w = 0; w < WINDOWS; w++)
		memset(windows[w].counts, 0, sizeof(windows[w].counts));
	is_recording = true;
}

/* Ends the recording. Return: whether only [@start, @start + @len) was accessed, each byte once by @kind. */
static bool window_has_accesses(enum window_name w, enum access_kind kind, const void *start, size_t len)
{
	size_t from = (uintptr_t)start - windows[w].start;

	is_recording = false;
	for (unsigned int k = NO_ACCESS + 1; k < ACCESS_KINDS; k++) {
		for (size_t i = 0; i < WINDOW_SIZE; i++) {
			unsigned int expected = k == kind && i - from < len;

			if (windows[w].counts[k][i] == expected)
				continue;
			printf("# %s, byte %td: expected %u %s, got %u\n", window_names[w],
			       (ptrdiff_t)(i - from), expected, kind_names[k], windows[w].counts[k][i]);
			return false;
		}
	}
	return true;
}

static bool nothing_is_accessed(void)
{
	bool good = true;

	for (unsigned int w = 0; w < WINDOWS; w++)
		good &= window_has_accesses(w, NO_ACCESS, NULL, 0);
	return good;
}

static const unsigned char *get_frame(enum window_name w)
{
	return (const unsigned char *)windows[w].start + PAGE_SIZE;
}

/* Return: whether the call accesses exactly its ranges, and no byte at the address of a mapping (P105). */
static bool accesses_exactly(const struct call_case *call, size_t off, size_t len)
{
	bool succeeds, good;

	begin_recording();
	succeeds = !call->run(off, len);
	good = window_has_accesses(DST_PAGE, call->page, get_frame(DST_PAGE) + off, len);
	good &= window_has_accesses(SRC_PAGE, call->source_page, get_frame(SRC_PAGE) + off, len);
	good &= window_has_accesses(BUFFER, call->buffer, buffer, len);
	good &= window_has_accesses(USER, call->user, call->page ? user : user + off, len);
	good &= window_has_accesses(DST_MAPPING, NO_ACCESS, NULL, 0);
	good &= window_has_accesses(SRC_MAPPING, NO_ACCESS, NULL, 0);
	return succeeds && good;
}

static void watch(enum window_name w, const void *start_of_page)
{
	windows[w].start = (uintptr_t)start_of_page - PAGE_SIZE;
}

/* Return: a page whose window does not overlap the window of `page`. */
static struct page *allocate_distant_page(void)
{
	struct page *distant;
	uintptr_t frame;
	void *addr;

	do {
		distant = alloc_zeroed_page();
		addr = page_map_local(distant);
		frame = (uintptr_t)page_canonical(addr);
		page_unmap_local(addr);
	} while (frame + WINDOW_SIZE > (uintptr_t)get_frame(DST_PAGE) &&
		 frame < (uintptr_t)get_frame(DST_PAGE) + WINDOW_SIZE);
	return distant;
}

/* Watches the pages, at their canonical addresses and, if the backend has others, at those of mappings. */
static void test_that_hooks_are_linked(void)
{
	unsigned char *mapping, *source_mapping;

	page = alloc_zeroed_page();
	mapping = page_map_local(page);
	watch(DST_PAGE, page_canonical(mapping));
	source_page = allocate_distant_page();
	source_mapping = page_map_local(source_page);
	watch(SRC_PAGE, page_canonical(source_mapping));
	if (backend_is("alias")) {
		watch(DST_MAPPING, mapping);
		watch(SRC_MAPPING, source_mapping);
	}
	watch(BUFFER, buffer);
	watch(USER, user);
	tsan_hooks_set_recorder(record_access);
	ok(tsan_hooks_are_linked(), "the accesses of the library are recorded");
}

static void test_accesses_of_calls(void)
{
	static const struct {
		size_t off, len;
	} ranges[] = { { 0, PAGE_SIZE }, { 0, 1 },
		       { 0, 0 },         { 13, 100 },
		       { 1, 64 },        { 33, 11 },
		       { 7, 8 },         { PAGE_SIZE - 1, 1 },
		       { PAGE_SIZE, 0 }, { 5, PAGE_SIZE - 5 } };

	for (size_t c = 0; c < COUNT(call_cases); c++) {
		bool good = true;

		for (size_t r = 0; r < COUNT(ranges) && good; r++)
			good = accesses_exactly(&call_cases[c], ranges[r].off, ranges[r].len);
		ok(good, "%s accesses each byte of its ranges once, and no other byte", call_cases[c].name);
	}
}

static void test_refused_calls(void)
{
	static const struct {
		size_t off, len;
	} ranges[] = {
		{ 0, PAGE_SIZE + 1 }, { PAGE_SIZE, 1 }, { 1, PAGE_SIZE }, { 2, SIZE_MAX }, { SIZE_MAX, 2 }
	};

	/* [P126] [P133] [P137] [P140] [P145] [P151] [P157] [P174] [P185] [P191] */
	for (size_t c = 0; c < COUNT(call_cases); c++) {
		bool good = true;

		for (size_t r = 0; r < COUNT(ranges) && good; r++) {
			if (call_cases[c].run == user_write && ranges[r].len <= PAGE_SIZE)
				continue; /* a good length */
			begin_recording();
			good = call_cases[c].run(ranges[r].off, ranges[r].len) && nothing_is_accessed();
			page_fail_nth(0);
		}
		ok(good, "%s of a range that is not good accesses nothing", call_cases[c].name);
	}
}

static void test_other_calls_that_access_nothing(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user, 10);

	begin_recording();
	/* [P158] */
	ok(page_copy(page, 0, page, 9, 10) == -EINVAL && nothing_is_accessed(),
	   "page_copy of ranges that overlap accesses nothing");
	begin_recording();
	/* [P192] */
	ok(page_copy_from_user_slice(page, &reader, 0, 11) == -EFAULT && nothing_is_accessed(),
	   "page_copy_from_user_slice of more than is left accesses nothing");
	begin_recording();
	page_unmap_local(page_map_local(page));
	page_get(page);
	page_free(page);
	/* [P162] [P169] */
	ok(!user_slice_skip(&reader, 10) && nothing_is_accessed(),
	   "mappings, references and positions access no byte");
}

/* ---- two threads change an attribute ---- */

/* Makes the same call directly before the first atomic update of 4 bytes, as another thread could. */
static void copy_before_update(enum tsan_hook hook, const volatile void *addr, size_t size, int order)
{
	(void)addr;
	(void)order;
	if (hook != HOOK_ATOMIC_UPDATE || size != 4)
		return;
	tsan_hooks_set_recorder(NULL);
	copy_from_user(0, 0);
}

/* Makes two copies of no bytes, the second in the first one. Return: the attributes that remain of @attr. */
static struct page_fault_attr copy_twice_and_get_attributes(struct page_fault_attr attr)
{
	const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT;

	page_fault_attr_set(PAGE_FAULT_USERCOPY, &attr);
	tsan_hooks_set_recorder(copy_before_update);
	copy_from_user(0, 0);
	tsan_hooks_set_recorder(record_access);
	page_fault_attr_get(PAGE_FAULT_USERCOPY, &attr);
	page_fault_attr_set(PAGE_FAULT_USERCOPY, &off);
	return attr;
}

static void test_attributes_that_two_calls_change(void)
{
	struct page_fault_attr fails = { .probability = 100, .times = 5 },
			       succeeds = { .probability = 100, .times = -1, .space = 5 };

	/* [P16] [P274] [P282] */
	ok(copy_twice_and_get_attributes(fails).times == 3,
	   "two failures at the same time use two of `times`");
	/* [P16] [P275] [P282] */
	ok(copy_twice_and_get_attributes(succeeds).space == 3,
	   "two calls at the same time use two units of the space");
}

/* ---- locks ---- */

static const volatile void *announced_lock;
static unsigned int taken_lock_count, other_access_count;

static void observe_announced_lock(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	(void)size;
	if (announced_lock && hook == HOOK_ATOMIC_UPDATE && addr == announced_lock)
		taken_lock_count++;
	else if (announced_lock)
		other_access_count++;
	announced_lock = hook == HOOK_LOCK ? addr : NULL;
}

/* Without these announcements, `explore` does not know which lock a thread waits for. */
static void test_announced_locks(void)
{
	taken_lock_count = other_access_count = 0;
	tsan_hooks_set_observer(observe_announced_lock);
	page_free(page_alloc(GFP_KERNEL));
	tsan_hooks_set_observer(NULL);
	ok(taken_lock_count >= 2 && !other_access_count,
	   "an allocation and a free announce each lock directly before they take the lock: %u locks",
	   taken_lock_count);
}

UNIT_TEST_IN_MAP_MODES(test_page_accesses, test_that_hooks_are_linked, test_accesses_of_calls,
		       test_refused_calls, test_other_calls_that_access_nothing,
		       test_attributes_that_two_calls_change, test_announced_locks)
