/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests which system calls the library makes, and what it does if user memory changes between two of them
 * (R9). This program defines the functions of the C library that make these system calls. So the test knows
 * each call, and can change memory directly before or after a call.
 */
#include "tests/page_test.h"

#include <dlfcn.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define USER_PAGES 40 /* more than one system call copies */
#define USER_SIZE  (USER_PAGES * PAGE_SIZE)
#define OLD_BYTE   0x11
#define NEW_BYTE   0x22
#define KEPT_BYTE  0x33 /* in memory to which a call writes */

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

/* ---- system calls that copy user memory ---- */

static unsigned char *user; /* USER_SIZE bytes */

static struct {
	unsigned int call_count;
	unsigned int change_at; /* number of the call, from 1; 0: no change */
	bool is_after;          /* the change follows the call, otherwise precedes it */
	void (*change)(void);
	bool is_pretended;    /* the system copies nothing, but returns the length of all pieces */
	size_t pretended_len; /* sum of these lengths */
	unsigned char copy_counts[USER_SIZE]; /* how often each byte was copied */
	unsigned char copied_in_call[USER_SIZE];
} user_copies;

static void change_if(bool is_after)
{
	int error = errno;

	if (user_copies.call_count == user_copies.change_at && user_copies.is_after == is_after)
		user_copies.change();
	errno = error;
}

/* Counts the first @copied bytes of @pieces. */
static void count_copied_bytes(const struct iovec *pieces, unsigned long count, ssize_t copied)
{
	for (unsigned long p = 0; p < count; p++)
		for (size_t i = 0; i < pieces[p].iov_len && copied > 0; i++, copied--) {
			size_t offset = (uintptr_t)pieces[p].iov_base + i - (uintptr_t)user;

			if (offset >= USER_SIZE)
				continue;
			user_copies.copy_counts[offset]++;
			user_copies.copied_in_call[offset] = (unsigned char)user_copies.call_count;
		}
}

static ssize_t pretend_to_copy(const struct iovec *pieces, unsigned long count)
{
	size_t len = 0;

	while (count)
		len += pieces[--count].iov_len;
	user_copies.pretended_len += len;
	return (ssize_t)len;
}

#define DEFINE_USER_COPY(name)                                                             \
	ssize_t name(pid_t pid, const struct iovec *own, unsigned long own_count,          \
		     const struct iovec *pieces, unsigned long count, unsigned long flags) \
	{                                                                                  \
		ssize_t copied;                                                            \
                                                                                           \
		if (user_copies.is_pretended)                                              \
			return pretend_to_copy(pieces, count);                             \
		user_copies.call_count++;                                                  \
		change_if(false);                                                          \
		copied = syscall(SYS_##name, pid, own, own_count, pieces, count, flags);   \
		count_copied_bytes(pieces, count, copied);                                 \
		change_if(true);                                                           \
		return copied;                                                             \
	}

DEFINE_USER_COPY(process_vm_readv)
DEFINE_USER_COPY(process_vm_writev)

/* ---- changes of user memory ---- */

static void protect_user_pages(unsigned int first_page, int protection)
{
	abort_unless(!syscall(SYS_mprotect, user + first_page * PAGE_SIZE, USER_SIZE - first_page * PAGE_SIZE,
			      protection));
}

ACTION(make_all_inaccessible, protect_user_pages(0, PROT_NONE))
ACTION(make_from_page_1_inaccessible, protect_user_pages(1, PROT_NONE))
ACTION(make_from_page_20_inaccessible, protect_user_pages(20, PROT_NONE))
ACTION(make_from_page_20_read_only, protect_user_pages(20, PROT_READ))
ACTION(write_new_bytes, memset(user, NEW_BYTE, USER_SIZE))

enum moment { BEFORE, AFTER };

static void change_user_memory(enum moment moment, unsigned int call_number, void (*change)(void))
{
	user_copies.change_at = call_number;
	user_copies.is_after = moment == AFTER;
	user_copies.change = change;
}

static void set_up_user_memory(void)
{
	user = mmap(NULL, USER_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	abort_unless(user != MAP_FAILED);
	memset(user, OLD_BYTE, USER_SIZE);
}

/* ---- copies to a page: PAGE_SIZE bytes, of which READABLE are before page 1 of user memory ---- */

#define READABLE 100

static struct page *page;

static int copy_across_page_end_to_page(size_t *left)
{
	struct user_slice_reader reader = make_user_slice_reader(user + PAGE_SIZE - READABLE, PAGE_SIZE);
	int error = page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE);

	*left = user_slice_left(&reader);
	return error;
}

/* Return: whether [from, from + len) are all @byte. */
static bool bytes_are(const unsigned char *from, unsigned char byte, size_t len)
{
	while (len && *from == byte) {
		from++;
		len--;
	}
	return !len;
}

static bool page_has(unsigned char first_byte, size_t first_len, unsigned char other_byte)
{
	static unsigned char bytes[PAGE_SIZE];

	page_read_raw(page, bytes, 0, PAGE_SIZE);
	return bytes_are(bytes, first_byte, first_len) &&
	       bytes_are(bytes + first_len, other_byte, PAGE_SIZE - first_len);
}

static bool no_byte_is_copied_twice(void)
{
	for (size_t i = 0; i < USER_SIZE; i++)
		if (user_copies.copy_counts[i] > 1)
			return false;
	return true;
}

static void copy_before_fault(void)
{
	size_t left;

	change_user_memory(BEFORE, 1, make_from_page_1_inaccessible);
	abort_unless(copy_across_page_end_to_page(&left) == -EFAULT && left == PAGE_SIZE);
	abort_unless(page_has(OLD_BYTE, READABLE, 0) && no_byte_is_copied_twice());
}

/* The library must not access user memory again. */
static void copy_and_lose_memory(void)
{
	size_t left;

	change_user_memory(AFTER, 1, make_all_inaccessible);
	abort_unless(!copy_across_page_end_to_page(&left) && !left);
	abort_unless(page_has(OLD_BYTE, PAGE_SIZE, 0) && no_byte_is_copied_twice());
}

static void copy_and_change_bytes(void)
{
	size_t left;

	change_user_memory(AFTER, 1, write_new_bytes);
	abort_unless(!copy_across_page_end_to_page(&left) && !left);
	abort_unless(page_has(OLD_BYTE, PAGE_SIZE, 0) && no_byte_is_copied_twice());
}

/* ---- copies of all user memory, which need several system calls ---- */

static unsigned char own_memory[USER_SIZE];

static int read_all(size_t *left)
{
	struct user_slice_reader reader = make_user_slice_reader(user, USER_SIZE);
	int error;

	memset(own_memory, KEPT_BYTE, USER_SIZE);
	error = user_slice_read(&reader, own_memory, USER_SIZE);
	*left = user_slice_left(&reader);
	return error;
}

static void read_before_fault_in_second_call(void)
{
	size_t left;

	change_user_memory(BEFORE, 2, make_from_page_20_inaccessible);
	abort_unless(read_all(&left) == -EFAULT && left == USER_SIZE && user_copies.call_count >= 2);
	abort_unless(bytes_are(own_memory, OLD_BYTE, 20 * PAGE_SIZE));
	abort_unless(bytes_are(own_memory + 20 * PAGE_SIZE, 0, USER_SIZE - 20 * PAGE_SIZE));
	abort_unless(no_byte_is_copied_twice());
}

/* The memory that the first call copied may be lost before the second call. */
static void read_and_lose_copied_memory(void)
{
	size_t left;

	change_user_memory(AFTER, 1, make_all_inaccessible);
	abort_unless(read_all(&left) == -EFAULT && left == USER_SIZE && no_byte_is_copied_twice());
	for (size_t i = 0; i < USER_SIZE; i++)
		abort_unless(own_memory[i] == (user_copies.copied_in_call[i] == 1 ? OLD_BYTE : 0));
}

static void read_and_change_bytes(void)
{
	size_t left;

	change_user_memory(AFTER, 1, write_new_bytes);
	abort_unless(!read_all(&left) && !left && no_byte_is_copied_twice());
	for (size_t i = 0; i < USER_SIZE; i++)
		abort_unless(own_memory[i] == (user_copies.copied_in_call[i] == 1 ? OLD_BYTE : NEW_BYTE));
}

static void write_before_fault_in_second_call(void)
{
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, USER_SIZE));
	memset(own_memory, NEW_BYTE, USER_SIZE);
	change_user_memory(BEFORE, 2, make_from_page_20_read_only);
	abort_unless(user_slice_write(&writer, own_memory, USER_SIZE) == -EFAULT &&
		     user_slice_writer_left(&writer) == USER_SIZE && user_copies.call_count >= 2);
	abort_unless(bytes_are(user, NEW_BYTE, 20 * PAGE_SIZE));
	abort_unless(bytes_are(user + 20 * PAGE_SIZE, OLD_BYTE, USER_SIZE - 20 * PAGE_SIZE));
	abort_unless(no_byte_is_copied_twice());
}

/* ---- lengths that need all bits of size_t ---- */

static void write_before_fault_with_wide_length(void)
{
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, SIZE_TOP));
	memset(own_memory, NEW_BYTE, USER_SIZE);
	change_user_memory(BEFORE, 1, make_from_page_20_read_only);
	abort_unless(user_slice_write(&writer, own_memory, SIZE_TOP) == -EFAULT &&
		     user_slice_writer_left(&writer) == SIZE_TOP);
	abort_unless(bytes_are(user, NEW_BYTE, 20 * PAGE_SIZE));
	abort_unless(bytes_are(user + 20 * PAGE_SIZE, OLD_BYTE, USER_SIZE - 20 * PAGE_SIZE));
}

/* Copies more than 4 GiB, or the first bytes of it if the library truncates the length. */
static void copy_more_than_4_gib(void)
{
	size_t len = SIZE_UPPER + 5;
	struct user_slice_reader reader = make_user_slice_reader(user, len);
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, len));
	user_copies.is_pretended = true;
	abort_unless(!user_slice_read(&reader, own_memory, len) && user_copies.pretended_len == len);
	abort_unless(!user_slice_write(&writer, own_memory, len) && user_copies.pretended_len == 2 * len);
}

/* ---- calls that copy nothing ---- */

static void make_calls_that_copy_nothing(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user, 10);
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, 10));
	abort_unless(page_copy_from_user_slice(page, &reader, PAGE_SIZE, 1) == -EINVAL);
	abort_unless(page_copy_from_user_slice(page, &reader, 0, 11) == -EFAULT);
	abort_unless(!page_copy_from_user_slice(page, &reader, 0, 0));
	page_fail_nth(1);
	abort_unless(page_copy_from_user_slice(page, &reader, 0, 10) == -EFAULT);
	abort_unless(user_slice_read(&reader, own_memory, 11) == -EFAULT && !user_slice_skip(&reader, 10));
	abort_unless(user_slice_write(&writer, own_memory, 11) == -EFAULT);
	abort_unless(!user_copies.call_count);
}

static const struct child_case user_memory_cases[] = {
	/* [P195] [P10] */
	{ copy_before_fault, RETURNS,
	  "page_copy_from_user_slice: memory that is lost directly before the copy" },
	{ copy_and_lose_memory, RETURNS,
	  "page_copy_from_user_slice: memory that is lost directly after the copy" },
	/* [P10] [P196] */
	{ copy_and_change_bytes, RETURNS,
	  "page_copy_from_user_slice: bytes that change directly after the copy" },
	/* [P175] */
	{ read_before_fault_in_second_call, RETURNS, "user_slice_read: memory that is lost during the copy" },
	{ read_and_lose_copied_memory, RETURNS, "user_slice_read: memory that is lost after it was copied" },
	/* [P10] [P173] */
	{ read_and_change_bytes, RETURNS, "user_slice_read: bytes that change during the copy" },
	/* [P186] */
	{ write_before_fault_in_second_call, RETURNS,
	  "user_slice_write: memory that is lost during the copy" },
	{ write_before_fault_with_wide_length, RETURNS,
	  "user_slice_write: a fault before the end of memory" },
	/* [P173] [P184] */
	{ copy_more_than_4_gib, RETURNS, "user_slice_read and user_slice_write: more than 4 GiB" },
	/* [P190] [P191] [P192] [P193] [P194] [P174] [P185] [P169] */
	{ make_calls_that_copy_nothing, RETURNS, "refused calls copy no user memory" },
};

/* ---- mappings: mprotect() makes the address of a mapping invalid, and valid again ---- */

static struct {
	unsigned int count;
	void *addresses[4 * PAGE_TASK_MAPPINGS];
	int protections[4 * PAGE_TASK_MAPPINGS];
} protected;

int mprotect(void *addr, size_t len, int protection)
{
	if (protected.count < COUNT(protected.addresses)) {
		protected.addresses[protected.count] = addr;
		protected.protections[protected.count++] = protection;
	}
	return (int)syscall(SYS_mprotect, addr, len, protection);
}

static void choose_strict_alias_backend(void)
{
	abort_unless(!page_map_backend_set("alias") && !page_map_revoke_set("protect"));
	page = alloc_zeroed_page();
}

static void *mapped_addresses[PAGE_TASK_MAPPINGS];

static struct page_task *make_task_with_mappings(unsigned int count)
{
	struct page_task *task = page_task_new("mapper");

	page_task_switch_in(task);
	for (unsigned int i = 0; i < count; i++)
		mapped_addresses[i] = page_map_local(page);
	page_task_switch_in(NULL);
	protected.count = 0;
	return task;
}

static void delete_task_with_mappings(void)
{
	struct page_task *task = make_task_with_mappings(5);

	abort_unless(page_task_delete(task) == 5 && protected.count == 5);
	for (unsigned int i = 0; i < 5; i++)
		abort_unless(protected.addresses[i] == mapped_addresses[4 - i] &&
			     protected.protections[i] == PROT_NONE);
}

static void switch_tasks_out(void)
{
	for (unsigned int count = 0; count <= PAGE_TASK_MAPPINGS; count++) {
		struct page_task *task = make_task_with_mappings(count);

		page_task_switch_in(task);
		protected.count = 0;
		page_task_switch_out(task);
		abort_unless(protected.count == count);
		page_task_delete(task);
	}
}

ACTION(delete_task, choose_strict_alias_backend(), delete_task_with_mappings())
ACTION(switch_out, choose_strict_alias_backend(), switch_tasks_out())

static const struct child_case mapping_cases[] = {
	/* [P232] [P233] */
	{ delete_task, RETURNS, "page_task_delete makes the address of the newest mapping invalid first" },
	/* [P248] [P246] */
	{ switch_out, RETURNS, "page_task_switch_out makes one system call for each mapping" },
};

/* ---- fork(): a child copies the pages of the alias backend ---- */

static bool are_writes_short;
static unsigned int short_write_count;

/* Return: the number of bytes to write: the first call writes one byte, the others write at most 5000 bytes.
 */
static long shorten_write(long len)
{
	long most = short_write_count++ ? 5000 : 1;

	return len < most ? len : most;
}

/* The library calls pwrite64() by this function. Like the C library's function, it passes six arguments. */
long syscall(long number, ...)
{
	static long (*real)(long number, ...);
	long args[6];
	va_list list;

	if (!real)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	va_start(list, number);
	for (size_t i = 0; i < COUNT(args); i++)
		args[i] = va_arg(list, long);
	va_end(list);
	if (number == SYS_pwrite64 && are_writes_short)
		args[2] = shorten_write(args[2]);
	return real(number, args[0], args[1], args[2], args[3], args[4], args[5]);
}

static struct page *copied_pages[3];

/* Fills each page with another byte. */
static void allocate_pages_to_copy(void)
{
	static unsigned char bytes[PAGE_SIZE];

	for (size_t i = 0; i < COUNT(copied_pages); i++) {
		memset(bytes, (int)i + 1, PAGE_SIZE);
		copied_pages[i] = alloc_zeroed_page();
		page_write_raw(copied_pages[i], bytes, 0, PAGE_SIZE);
	}
}

static bool pages_are_copied(void)
{
	for (size_t i = 0; i < COUNT(copied_pages); i++) {
		page = copied_pages[i];
		if (!page_has((unsigned char)(i + 1), PAGE_SIZE, 0))
			return false;
	}
	return true;
}

static void wait_for_child_or_abort(pid_t pid)
{
	int wait_status = -1;

	abort_unless(pid > 0 && waitpid(pid, &wait_status, 0) == pid && !wait_status);
}

static void copy_pages_by_short_writes(void)
{
	pid_t pid;

	abort_unless(!page_map_backend_set("alias"));
	allocate_pages_to_copy();
	are_writes_short = true;
	pid = fork();
	if (!pid) {
		abort_unless(short_write_count > COUNT(copied_pages) && pages_are_copied());
		_exit(0);
	}
	wait_for_child_or_abort(pid);
}

static atomic_bool is_arena_creation_slow, is_creating_arena;

/* The library creates the arena's file by this function. */
int memfd_create(const char *name, unsigned int flags)
{
	if (is_arena_creation_slow) {
		is_creating_arena = true;
		usleep(20000);
		is_creating_arena = false;
	}
	return (int)syscall(SYS_memfd_create, name, flags);
}

static void *alloc_and_free_page(void *unused)
{
	struct page *new = alloc_zeroed_page();

	abort_unless(new);
	page_free(new);
	return unused;
}

/* Waits for a byte of @pipe_end, then writes to a new page, which has the number of a page of the parent. */
static _Noreturn void write_page_of_child_and_exit(int pipe_end)
{
	char unused_byte;
	struct page *new;

	abort_unless(read(pipe_end, &unused_byte, 1) == 1);
	new = alloc_zeroed_page();
	abort_unless(new && !page_write_raw(new, "child", 0, 5));
	_exit(0);
}

/* The first task installs the handlers of fork(). */
static void fork_while_thread_creates_arena(void)
{
	pthread_t thread;
	char bytes[5];
	int ends[2];
	pid_t pid;

	abort_unless(!page_map_backend_set("alias") && page_task_new("first") && !pipe(ends));
	is_arena_creation_slow = true;
	thread = start_thread_or_abort(alloc_and_free_page, NULL);
	while (!is_creating_arena)
		sched_yield();
	pid = fork();
	abort_unless(!is_creating_arena);
	if (!pid)
		write_page_of_child_and_exit(ends[0]);
	page = alloc_zeroed_page();
	abort_unless(page && !page_write_raw(page, "adult", 0, 5) && write(ends[1], "", 1) == 1);
	wait_for_child_or_abort(pid);
	abort_unless(!page_read_raw(page, bytes, 0, 5) && !memcmp(bytes, "adult", 5));
	pthread_join(thread, NULL);
}

static const struct child_case fork_cases[] = {
	/* [P75] */
	{ copy_pages_by_short_writes, RETURNS, "fork: the system copies the pages by several calls" },
	/* [P19] [P75] */
	{ fork_while_thread_creates_arena, RETURNS, "fork: a thread is creating the arena" },
};

UNIT_TEST(test_page_system_calls)
{
	CHECK_CHILDREN(mapping_cases);
	CHECK_CHILDREN(fork_cases);
	set_up_user_memory();
	page = alloc_zeroed_page();
	CHECK_CHILDREN(user_memory_cases);
}
