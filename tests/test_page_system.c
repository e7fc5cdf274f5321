/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the library before the first page, and if the system refuses memory, files, keys or the copy for a
 * child of fork(). Each case runs in a child process, in which no page was allocated before.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* Includes sync.h so that sync_spin_lock() calls unlock_instead_of_yield() while it waits for a lock. */
static int unlock_instead_of_yield(void);
#define sched_yield unlock_instead_of_yield
#include "page/sync.h"
#undef sched_yield

#include "page/arena.h"
#include "page/report.h"
#include "tests/page_test.h"
#include "tests/refuse_call.h"

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

static void choose_backend_or_abort(const char *backend)
{
	abort_unless(!page_map_backend_set(backend));
}

static struct page *alloc_or_abort(void)
{
	struct page *page = alloc_zeroed_page();

	abort_unless(page);
	return page;
}

/* Flags by which the library's calls of mmap() reserve addresses, and map pages of the arena's file. */
#define RESERVE_FLAGS  (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define MAP_FILE_FLAGS (MAP_SHARED | MAP_FIXED)

static void *volatile last_block;

/* Makes malloc() fail: the system refuses new memory, then the function allocates all memory that is left. */
static void use_up_heap(void)
{
	refuse_system_call(SYS_brk, 0); /* a result of 0 is a failure of brk() */
	refuse_system_call_if(SYNC_SYS_MMAP, 2, PROT_NONE, ENOMEM);
	refuse_system_call_if(SYNC_SYS_MMAP, 3, MAP_PRIVATE | MAP_ANONYMOUS, ENOMEM);
	for (size_t size = 4096; size; size -= 16)
		while ((last_block = malloc(size)))
			;
}

/* ---- before there is a page ---- */

static unsigned char variable;

static void abort_if_variable_has_page(void)
{
	abort_unless(!page_canonical(&variable) && !page_borrow(&variable));
	abort_unless(!page_canonical(NULL) && !page_borrow(NULL));
}

static void choose_backend_and_find_no_page(const char *backend)
{
	choose_backend_or_abort(backend);
	abort_if_variable_has_page();
	abort_unless(!page_map_backend_set(backend));
}

/* The frames after the first one were never allocated, whether a free list already has them or not. */
static void borrow_from_never_allocated_frames(void)
{
	static const size_t distances[] = { 1, 15, 16, 17, 1000, 60000 };
	struct page *page = alloc_or_abort();
	unsigned char *frame = page_canonical(page_map_local(page));

	for (size_t i = 0; i < COUNT(distances); i++)
		abort_unless(!page_borrow(frame + distances[i] * PAGE_SIZE));
}

static void free_buffer_of_never_allocated_frame(void)
{
	unsigned char *buffer = page_buffer_alloc(1);

	page_buffer_free(buffer + 8 * PAGE_SIZE);
}

/* The caller is the first that allocates pages. */
static void allocate_all_pages_as_one_buffer(void)
{
	const unsigned char *buffer = page_buffer_alloc(ARENA_SIZE);
	struct page *page = NULL;
	size_t count = 0;

	abort_unless(buffer && page_buffer_size(buffer) == ARENA_SIZE);
	while ((page = page_buffer_next(buffer, page)))
		count++;
	abort_unless(count == ARENA_FRAMES && page_borrow(buffer + ARENA_SIZE - 1));
}

/* Makes calls that request no failure; then no thread can have a task, which only a failure point needs. */
static void pass_failure_points_without_task(void)
{
	static const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT;
	struct user_slice_reader reader = make_user_slice_reader(&variable, 1);
	struct page_task *task = page_task_new("cancels");
	struct page *page;
	pthread_key_t key;

	page_task_switch_in(task);
	page_fail_nth(0);
	page_task_switch_out(task);
	page_fault_attr_set(PAGE_FAULT_ALLOC, &off);
	while (!pthread_key_create(&key, NULL))
		;
	page = alloc_or_abort();
	abort_unless(!page_copy_from_user_slice(page, &reader, 0, 1));
	page_free(page);
}

ACTION(find_nothing_direct, choose_backend_and_find_no_page("direct"))
ACTION(find_nothing_alias, choose_backend_and_find_no_page("alias"))
ACTION(free_no_buffer, page_buffer_free(&variable))
ACTION(choose_poison, abort_unless(page_map_revoke_set("poison") == (SYNC_POISONS ? 0 : -EINVAL)))

/* Addresses of 32 bits have no room for the mappings of "none". */
ACTION(choose_none, abort_unless(page_map_revoke_set("none") == (sizeof(void *) > 4 ? 0 : -EINVAL)),
       abort_unless(!page_map_revoke_set("protect")))

static void allocate_with_backend_of_environment(void)
{
	setenv("PAGE_MAP", "alias", 1);
	setenv("PAGE_MAP_REVOKE", "protect", 1);
	page_free(alloc_or_abort());
	abort_unless(!strcmp(page_map_backend(), "alias"));
}

static void allocate_with_backend_of_program(void)
{
	setenv("PAGE_MAP", "sideways", 1);
	setenv("PAGE_MAP_REVOKE", "politely", 1);
	choose_backend_or_abort("direct");
	abort_unless(!page_map_revoke_set("protect"));
	page_free(alloc_or_abort());
}

static void allocate_without_choice(void)
{
	unsetenv("PAGE_MAP");
	unsetenv("PAGE_MAP_REVOKE");
	page_free(alloc_or_abort());
	abort_unless(!strcmp(page_map_backend(), "direct"));
}

static void load_through_removed_mapping(void)
{
	volatile unsigned char *mapped;

	unsetenv("PAGE_MAP_REVOKE");
	choose_backend_or_abort("alias");
	mapped = page_map_local(alloc_or_abort());
	page_unmap_local((void *)(uintptr_t)mapped);
	(void)*mapped;
}

ACTION(choose_unknown_backend, setenv("PAGE_MAP", "sideways", 1), page_alloc(GFP_KERNEL))
ACTION(choose_unknown_revoke, setenv("PAGE_MAP_REVOKE", "politely", 1), page_alloc(GFP_KERNEL))

static const struct child_case first_page_cases[] = {
	/* [P76] [P108] [P221] */
	{ find_nothing_direct, RETURNS, "direct: before the first page no address has a page" },
	{ find_nothing_alias, RETURNS, "alias: before the first page no address has a page" },
	/* [P211] */
	{ free_no_buffer, "foreign-map", "before the first page there is no buffer" },
	/* [P215] */
	{ borrow_from_never_allocated_frames, RETURNS, "no buffer has a frame that was never allocated" },
	{ free_buffer_of_never_allocated_frame, "foreign-map",
	  "no buffer begins at a frame that was never allocated" },
	/* [P51] */
	{ pass_failure_points_without_task, RETURNS, "until a failure is requested, calls need no task" },
	/* [P87] */
	{ choose_poison, RETURNS, "the revocation `poison` needs AddressSanitizer" },
	/* [P85] */
	{ choose_none, RETURNS, "the revocation `none` needs addresses of 64 bits" },
	/* [P73] [P83] */
	{ allocate_with_backend_of_environment, RETURNS, "the environment chooses the backend" },
	/* [P86] */
	{ allocate_with_backend_of_program, RETURNS, "the program chooses before the environment" },
	/* [P74] */
	{ allocate_without_choice, RETURNS, "the backend is direct without a choice" },
	/* [P84] */
	{ load_through_removed_mapping, ENDS_ABNORMALLY,
	  "an access through a removed mapping is detected without a choice" },
	{ choose_unknown_backend, "environment", "the environment names an unknown backend" },
	{ choose_unknown_revoke, "environment", "the environment names an unknown revocation" },
};

static const struct child_case whole_arena_cases[] = {
	/* [P201] [P212] [P222] [P225] */
	{ allocate_all_pages_as_one_buffer, RETURNS, "one buffer may have all pages" },
};

/* ---- reports ---- */

static bool report_is(void (*run)(void), const char *expected)
{
	return !strcmp(run_in_child(run)->output, expected);
}

/* [P22] */
static void test_reports_of_environment(void)
{
	ok(report_is(choose_unknown_backend,
		     "BUG: page: environment: PAGE_MAP=sideways means nothing in this build\n") &&
		   report_is(choose_unknown_revoke, "BUG: page: environment: PAGE_MAP_REVOKE=politely means "
						    "nothing in this build\n"),
	   "the report names the variable and its value");
}

ACTION(report_without_stderr, close(STDERR_FILENO), choose_unknown_backend())

static bool ends_by_abort(void (*run)(void))
{
	return run_in_child(run)->signal == SIGABRT;
}

static size_t text_length;

static void report_long_text(void)
{
	static char text[600];

	memset(text, 'x', text_length);
	page_bug("long", "%s", text);
}

/* Return: whether a report of any length is one line of at most 511 bytes, with all text that fits. */
static bool long_reports_are_cut(void)
{
	static const char head[] = "BUG: page: long: ";
	size_t head_length = strlen(head);

	for (text_length = 480; text_length < 530; text_length++) {
		const char *line = run_in_child(report_long_text)->output;
		size_t kept = head_length + text_length < 510 ? text_length : 510 - head_length;

		if (strncmp(line, head, head_length) || strspn(line + head_length, "x") != kept ||
		    strcmp(line + head_length + kept, "\n"))
			return false;
	}
	return true;
}

/* ---- refused system calls ---- */

static struct page_task *task;
static unsigned char *addr;

ACTION(prepare_nothing, (void)0)
ACTION(prepare_direct, choose_backend_or_abort("direct"))
ACTION(prepare_alias, choose_backend_or_abort("alias"))
ACTION(prepare_page, prepare_alias(), pages[0] = alloc_or_abort())
ACTION(prepare_mapping, prepare_page(), addr = page_map_local(pages[0]))

static void prepare_task_with_mapping(void)
{
	task = page_task_new("ends");
	page_task_switch_in(task);
	prepare_mapping();
}

ACTION(map_page, page_map_local(pages[0]))
ACTION(unmap_page, page_unmap_local(addr))
ACTION(delete_task, page_task_delete(task))

static int read_user_memory_and_get_error(void)
{
	const char user[] = "user";
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	char copy[sizeof(user)];

	return user_slice_read(&reader, copy, sizeof(user));
}

ACTION(read_user_memory, read_user_memory_and_get_error())
ACTION(require_fault_of_read, errno = 0, abort_unless(read_user_memory_and_get_error() == -EFAULT))

static void write_user_memory(void)
{
	char user[sizeof("user")] = "";
	struct user_slice_writer writer;

	user_slice_writer_init(&writer, user_slice_new(user, sizeof(user)));
	user_slice_write(&writer, "user", sizeof(user));
}

/* Aborts unless all allocations of pages fail, and the calls that need no memory still work. */
static void abort_unless_allocations_fail(void)
{
	errno = 0;
	abort_unless(!page_alloc(GFP_KERNEL) && errno == ENOMEM);
	abort_unless(!page_alloc(GFP_KERNEL | __GFP_NOFAIL));
	abort_unless(!page_buffer_alloc(3 * PAGE_SIZE));
	abort_if_variable_has_page();
	page_free(NULL);
}

/* Registers fork handlers until memory for them is used up, so the library cannot register its own. */
static void require_no_pages_without_fork_handlers(void)
{
	choose_backend_or_abort("alias");
	use_up_heap();
	while (!pthread_atfork(NULL, NULL, NULL))
		;
	abort_unless_allocations_fail();
}

/* Makes calls when malloc() fails: no call but page_task_new() needs memory of malloc(). */
static void call_without_heap(void)
{
	static unsigned char bytes[PAGE_SIZE];
	struct page *page = alloc_or_abort(), *other = alloc_or_abort();
	struct user_slice_reader reader = make_user_slice_reader(bytes, 8);

	page_task_current();
	use_up_heap();
	abort_unless(!page_write_raw(page, bytes, 0, PAGE_SIZE) && !page_read_raw(page, bytes, 0, PAGE_SIZE));
	abort_unless(!page_read_bytewise_atomic(page, bytes, 0, PAGE_SIZE));
	abort_unless(!page_write_bytewise_atomic(page, bytes, 0, PAGE_SIZE));
	abort_unless(!page_copy(other, 0, page, 0, PAGE_SIZE) && !page_fill_zero(page, 0, PAGE_SIZE));
	abort_unless(!page_copy_from_user_slice(page, &reader, 0, 8));
	page_unmap_local(page_map_local(page));
	page_free(alloc_or_abort());
	page_buffer_free(page_buffer_alloc(5000));
}

/* ---- no tasks ---- */

static void get_task_without_fork_handlers(void)
{
	use_up_heap();
	while (!pthread_atfork(NULL, NULL, NULL))
		;
	page_task_current();
}

ACTION(require_no_task_without_memory, use_up_heap(), abort_unless(!page_task_new("none")))

static void get_task_without_key(void)
{
	pthread_key_t key;

	while (!pthread_key_create(&key, NULL))
		;
	page_task_current();
}

/* Makes pthread_setspecific() fail, which needs memory for each key after the first 32 keys. */
static void get_task_without_memory_for_key(void)
{
	pthread_key_t key;

	for (int i = 0; i < 32; i++)
		abort_unless(!pthread_key_create(&key, NULL));
	use_up_heap();
	page_task_current();
}

/* ---- fork(): the alias backend gives a child copies of the pages ---- */

/* Creates a child that reads and writes the byte at `addr`. Return: the wait status of the child. */
static int fork_and_write(void)
{
	int wait_status;
	pid_t pid;

	addr[0] = 1;
	pid = fork();
	if (pid == 0) {
		abort_unless(addr[0] == 1);
		addr[0] = 3;
		_exit(0);
	}
	addr[0] = 2;
	while (waitpid(pid, &wait_status, 0) < 0)
		abort_unless(errno == EINTR);
	abort_unless(addr[0] == 2);
	return wait_status;
}

ACTION(require_child_to_write, abort_unless(!fork_and_write()))
ACTION(require_child_to_fail, abort_unless(fork_and_write()))

/* Creates a child that only reads; the parent does not write, because the child's copy may be incomplete. */
static void fork_child_that_reads(void)
{
	pid_t pid;

	addr[0] = 1;
	pid = fork();
	if (pid == 0)
		_exit(addr[0] != 1);
	abort_unless(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/*
 * Signals interrupt the parent while it waits for the child's copy. The parent must wait again, or it would
 * write the page before the child, which first copies 16384 other pages, has copied the page.
 */
static void require_child_to_write_despite_signals(void)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction action = { .sa_handler = ignore_signal };

	choose_backend_or_abort("alias");
	for (int i = 0; i < 16384; i++)
		alloc_or_abort();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	addr = page_map_local(alloc_or_abort());
	require_child_to_write();
}

/* ---- cases of refused system calls ---- */

#define NO_ADDRESSES "BUG: page: map-failed: mmap of addresses for mappings: "

/* Each case calls its prepare(), makes one system call fail (refuse_call.h), and then calls its act(). */
static const struct refused_case {
	void (*prepare)(void);
	unsigned int call, arg, value;
	int error_number;
	void (*act)(void);
	const char *expected_child_end; /* child_ended_as_expected() */
	const char *expected_report;    /* the child's standard error begins with this text */
	const char *check_name;
} refused_cases[] = {
	/* [P159] */
	{ prepare_nothing, SYS_process_vm_readv, ANY_ARG, 0, EPERM, read_user_memory, "system",
	  "BUG: page: system: process_vm_readv() of this process: Operation not permitted; user memory "
	  "cannot be "
	  "read\n",
	  "user memory: the system forbids to read it" },
	{ prepare_nothing, SYS_process_vm_readv, ANY_ARG, 0, ENOSYS, read_user_memory, "system", "",
	  "user memory: the system cannot read it" },
	{ prepare_nothing, SYS_process_vm_writev, ANY_ARG, 0, EPERM, write_user_memory, "system",
	  "BUG: page: system: process_vm_writev() of this process: Operation not permitted; user memory "
	  "cannot be "
	  "written\n",
	  "user memory: the system forbids to write it" },
	/* With error number 0, the system call returns 0. */
	{ prepare_nothing, SYS_process_vm_readv, ANY_ARG, 0, 0, require_fault_of_read, RETURNS, "",
	  "user memory: the system reads no byte of it" },
	/* [P12] [P49] [P51] */
	{ prepare_direct, SYNC_SYS_MMAP, 3, RESERVE_FLAGS, ENOMEM, abort_unless_allocations_fail, RETURNS, "",
	  "direct: without addresses there are no pages" },
	{ prepare_alias, SYS_memfd_create, ANY_ARG, 0, EMFILE, abort_unless_allocations_fail, RETURNS, "",
	  "alias: without a file there are no pages" },
	{ prepare_alias, SYS_ftruncate, ANY_ARG, 0, ENOSPC, abort_unless_allocations_fail, RETURNS, "",
	  "alias: without space in the file there are no pages" },
	{ prepare_alias, SYNC_SYS_MMAP, 3, MAP_FILE_FLAGS, ENOMEM, abort_unless_allocations_fail, RETURNS, "",
	  "alias: without a mapping of the file there are no pages" },
	/* [P93] */
	{ prepare_page, SYNC_SYS_MMAP, 3, RESERVE_FLAGS, ENOMEM, map_page, "map-failed",
	  NO_ADDRESSES "Cannot allocate memory (is vm.max_map_count too small?)\n",
	  "alias: no addresses for mappings: the report suggests the limit" },
	{ prepare_page, SYS_mprotect, ANY_ARG, 0, ENOMEM, map_page, "map-failed", "",
	  "alias: no writable addresses" },
	{ prepare_page, SYS_mprotect, ANY_ARG, 0, EACCES, map_page, "map-failed",
	  NO_ADDRESSES "Permission denied\n", "alias: no permission: the report suggests no limit" },
	{ prepare_mapping, SYNC_SYS_MMAP, 3, MAP_FILE_FLAGS, ENOMEM, map_page, "map-failed", "",
	  "alias: a page cannot be mapped" },
	{ prepare_mapping, SYS_mprotect, ANY_ARG, 0, ENOMEM, unmap_page, "map-failed", "",
	  "alias: a mapping cannot be hidden" },
	{ prepare_task_with_mapping, SYNC_SYS_MMAP, 3, RESERVE_FLAGS | MAP_FIXED, ENOMEM, delete_task,
	  "map-failed", "", "alias: the addresses of a task cannot be released" },
	{ prepare_mapping, SYS_pipe2, ANY_ARG, 0, EMFILE, require_child_to_write, "map-failed", "",
	  "fork: no pipe" },
	{ prepare_mapping, SYS_read, ANY_ARG, 0, EIO, fork_child_that_reads, RETURNS, "",
	  "fork: the parent cannot wait for the copy" },
	{ prepare_mapping, SYS_memfd_create, ANY_ARG, 0, ENOMEM, require_child_to_fail, RETURNS,
	  "BUG: page: map-failed: memfd_create: Cannot allocate memory", "fork: no file for the child" },
	{ prepare_mapping, SYS_ftruncate, ANY_ARG, 0, ENOMEM, require_child_to_fail, RETURNS,
	  "BUG: page: map-failed: memfd_create", "fork: no space in the child's file" },
	{ prepare_mapping, SYS_pwrite64, ANY_ARG, 0, ENOMEM, require_child_to_fail, RETURNS,
	  "BUG: page: map-failed: copy", "fork: the pages cannot be copied" },
	{ prepare_mapping, SYS_pwrite64, ANY_ARG, 0, 0, require_child_to_fail, RETURNS,
	  "BUG: page: map-failed: copy", "fork: the system copies no bytes of the pages" },
	{ prepare_mapping, SYNC_SYS_MMAP, ANY_ARG, 0, ENOMEM, require_child_to_fail, RETURNS,
	  "BUG: page: map-failed: mmap", "fork: the child's file cannot be mapped" },
};

static const struct refused_case *refused_case;

static void run_refused_case(void)
{
	const struct refused_case *c = refused_case;

	c->prepare();
	abort_unless(refuse_system_call_if(c->call, c->arg, c->value, c->error_number));
	c->act();
}

static void test_refused_calls(void)
{
	for (size_t i = 0; i < COUNT(refused_cases); i++) {
		const struct refused_case *c = refused_case = &refused_cases[i];
		const struct isolated *result = run_in_child(run_refused_case);

		check_child_result(
			child_ended_as_expected(result, c->expected_child_end) &&
				!strncmp(result->output, c->expected_report, strlen(c->expected_report)),
			c->check_name, c->expected_child_end, result);
	}
}

static const struct child_case other_cases[] = {
	{ require_no_pages_without_fork_handlers, RETURNS,
	  "alias: without handlers of fork() there are no pages" },
	/* [P17] */
	{ call_without_heap, RETURNS, "calls need no memory of malloc()" },
	/* [P229] */
	{ require_no_task_without_memory, RETURNS, "without memory there is no task" },
	{ require_child_to_write_despite_signals, RETURNS, "fork: signals interrupt the parent" },
};

/* ---- the lock ---- */

static struct sync_spinlock lock = SYNC_LOCK_INIT;
static unsigned int yields;

static int unlock_instead_of_yield(void)
{
	yields++;
	sync_spin_unlock(&lock);
	return 0;
}

static void test_waiting_for_lock_yields(void)
{
	sync_hidden_begin();
	sync_spin_lock(&lock);
	sync_spin_lock(&lock);
	sync_spin_unlock(&lock);
	sync_hidden_end();
	ok(yields == 1, "a thread that waits for a lock yields");
}

/* ---- files for MemorySanitizer's shadow ---- */

static int find_lowest_free_descriptor(void)
{
	int file = dup(STDERR_FILENO);

	close(file);
	return file;
}

/* Lets the process open one more file: the arena's file, but none for the shadow memory. */
static void require_no_pages_without_shadow_file(void)
{
	rlim_t files = (rlim_t)find_lowest_free_descriptor() + 1;
	struct rlimit limit = { files, files };

	choose_backend_or_abort("alias");
	abort_unless(!setrlimit(RLIMIT_NOFILE, &limit));
	abort_unless_allocations_fail();
}

static void require_no_pages_without_shadow_space(void)
{
	choose_backend_or_abort("alias");
	refuse_system_call_if(SYS_ftruncate, 0, (unsigned int)find_lowest_free_descriptor() + 1, ENOSPC);
	abort_unless_allocations_fail();
}

static const struct child_case shadow_cases[] = {
	{ require_no_pages_without_shadow_file, RETURNS,
	  "alias: without a file for the shadow there are no pages" },
	{ require_no_pages_without_shadow_space, RETURNS,
	  "alias: without space for the shadow there are no pages" },
};

/* Aborts unless refuse_system_call_if() works on this system; runs in a child process. */
static void abort_unless_calls_can_be_refused(void)
{
	abort_unless(refuse_system_call_if(SYS_memfd_create, ANY_ARG, 0, EMFILE));
	errno = 0;
	abort_unless(memfd_create("none", 0) < 0 && errno == EMFILE);
}

UNIT_TEST(test_page_system)
{
	CHECK_CHILDREN(first_page_cases);
	if (!SYNC_SHADOWS) /* shadow memory of all pages is too much memory */
		CHECK_CHILDREN(whole_arena_cases);
	test_reports_of_environment();
	ok(long_reports_are_cut(), "a report that is too long is cut, and is one line");
	ok(ends_by_abort(report_without_stderr), "a report without standard error aborts");
	test_waiting_for_lock_yields();
	if (run_in_child(abort_unless_calls_can_be_refused)->exit_code) {
		skip_check("refused system calls: the system has no seccomp filters");
	} else if (SYNC_SHADOWS) {
		CHECK_CHILDREN(shadow_cases);
	} else {
		test_refused_calls();
		CHECK_CHILDREN(other_cases);
		ok(ends_by_abort(get_task_without_key), "without a key a thread cannot have a task");
		ok(ends_by_abort(get_task_without_fork_handlers),
		   "without handlers of fork() a thread cannot have a task");
		ok(ends_by_abort(get_task_without_memory_for_key),
		   "without memory for a key a thread cannot have a task");
	}
}
