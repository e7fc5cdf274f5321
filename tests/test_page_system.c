/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The library before the first page, and when the system refuses memory, files, keys or a copy for
 * a child of fork(). Each case runs in a child process, which has no page yet.
 */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>

/* In this file a thread that waits for a lock calls unlock_instead_of_yield(). */
static int unlock_instead_of_yield(void);
#define sched_yield unlock_instead_of_yield
#include "page/sync.h"
#undef sched_yield

#include "page/report.h"
#include "tests/page_test.h"
#include "tests/refuse_call.h"

static void require(bool good)
{
	if (!good)
		abort();
}

static void choose_backend(const char *backend)
{
	require(!page_map_backend_set(backend));
}

static struct page *alloc_or_abort(void)
{
	struct page *page = new_zeroed_page();

	require(page);
	return page;
}

static struct page *new_alias_page(void)
{
	choose_backend("alias");
	return alloc_or_abort();
}

/* Flags of the library's mmap() calls: to reserve addresses, and to map pages of its file. */
#define RESERVE_FLAGS (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define MAP_FILE_FLAGS (MAP_SHARED | MAP_FIXED)

static void refuse_mmap(int flags)
{
	refuse_if(SYNC_SYS_MMAP, 3, (unsigned int)flags, ENOMEM);
}

static void *volatile last_block;

/* Allocates everything that malloc() has left; it gets no more memory. */
static void use_up_heap(void)
{
	refuse(SYS_brk, 0); /* brk() returns an address; 0 is too low */
	refuse_if(SYNC_SYS_MMAP, 2, PROT_NONE, ENOMEM);
	refuse_mmap(MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t size = 4096; size; size -= 16)
		while ((last_block = malloc(size)))
			;
}

/* ---- before there is a page ---- */

static unsigned char variable;

static void require_nothing_found(void)
{
	require(!page_canonical(&variable) && !page_borrow(&variable));
	require(!page_canonical(NULL) && !page_borrow(NULL));
}

static void find_nothing(const char *backend)
{
	choose_backend(backend);
	require_nothing_found();
	require(!page_map_backend_set(backend));
}

static void find_nothing_direct(void)
{
	find_nothing("direct");
}

static void find_nothing_alias(void)
{
	find_nothing("alias");
}

static void free_no_buffer(void)
{
	page_buffer_free(&variable);
}

static void choose_poison(void)
{
	require(page_map_revoke_set("poison") == (SYNC_POISONS ? 0 : -EINVAL));
}

static void choose_by_environment(void)
{
	setenv("PAGE_MAP", "alias", 1);
	setenv("PAGE_MAP_REVOKE", "protect", 1);
	page_free(alloc_or_abort());
	require(!strcmp(page_map_backend(), "alias"));
}

static void choose_by_program(void)
{
	setenv("PAGE_MAP", "sideways", 1);
	setenv("PAGE_MAP_REVOKE", "politely", 1);
	choose_backend("direct");
	require(!page_map_revoke_set("protect"));
	page_free(alloc_or_abort());
}

static void choose_unknown_backend(void)
{
	setenv("PAGE_MAP", "sideways", 1);
	page_alloc(GFP_KERNEL);
}

static void choose_unknown_revoke(void)
{
	setenv("PAGE_MAP_REVOKE", "politely", 1);
	page_alloc(GFP_KERNEL);
}

static const struct child_case first_page_cases[] = {
	{ find_nothing_direct, RETURNS, "direct: before the first page no address has a page" },
	{ find_nothing_alias, RETURNS, "alias: before the first page no address has a page" },
	{ free_no_buffer, "foreign-map", "before the first page there is no buffer" },
	{ choose_poison, RETURNS, "the revocation `poison` needs AddressSanitizer" },
	{ choose_by_environment, RETURNS, "the environment chooses the backend" },
	{ choose_by_program, RETURNS, "the program chooses before the environment" },
	{ choose_unknown_backend, "environment", "the environment names an unknown backend" },
	{ choose_unknown_revoke, "environment", "the environment names an unknown revocation" },
};

/* ---- reports ---- */

static void report_without_stderr(void)
{
	close(STDERR_FILENO);
	choose_unknown_backend();
}

static bool ends_by_abort(void (*run)(void))
{
	int wait_status = run_in_child(run)->wait_status;

	return WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGABRT;
}

static size_t text_length;

static void report_long_text(void)
{
	static char text[600];

	memset(text, 'x', text_length);
	page_bug("long", "%s", text);
}

/* For each length the report is one line of at most 511 bytes, with as much text as fits. */
static bool cuts_long_reports(void)
{
	static const char head[] = "BUG: page: long: ";
	size_t head_length = strlen(head);

	for (text_length = 480; text_length < 530; text_length++) {
		const char *line = run_in_child(report_long_text)->stderr_text;
		size_t kept = head_length + text_length < 510 ? text_length : 510 - head_length;

		if (strncmp(line, head, head_length) || strspn(line + head_length, "x") != kept ||
		    strcmp(line + head_length + kept, "\n"))
			return false;
	}
	return true;
}

/* ---- no pages ---- */

/* Allocation always fails; calls that need no memory still work. */
static void fail_to_allocate(void)
{
	errno = 0;
	require(!page_alloc(GFP_KERNEL) && errno == ENOMEM);
	require(!page_alloc(GFP_KERNEL | __GFP_NOFAIL));
	require(!page_buffer_alloc(3 * PAGE_SIZE));
	require_nothing_found();
	page_free(NULL);
}

static void lack_addresses(void)
{
	choose_backend("direct");
	refuse_mmap(RESERVE_FLAGS);
	fail_to_allocate();
}

static void lack_file(void)
{
	choose_backend("alias");
	refuse(SYS_memfd_create, EMFILE);
	fail_to_allocate();
}

static void lack_space_in_file(void)
{
	choose_backend("alias");
	refuse(SYS_ftruncate, ENOSPC);
	fail_to_allocate();
}

static void lack_mapping_of_file(void)
{
	choose_backend("alias");
	refuse_mmap(MAP_FILE_FLAGS);
	fail_to_allocate();
}

/* The library's fork handlers need memory if there are many. */
static void lack_fork_handlers(void)
{
	choose_backend("alias");
	use_up_heap();
	while (!pthread_atfork(NULL, NULL, NULL))
		;
	fail_to_allocate();
}

static const struct child_case no_page_cases[] = {
	{ lack_addresses, RETURNS, "direct: without addresses there are no pages" },
	{ lack_file, RETURNS, "alias: without a file there are no pages" },
	{ lack_space_in_file, RETURNS, "alias: without space in the file there are no pages" },
	{ lack_mapping_of_file, RETURNS,
	  "alias: without a mapping of the file there are no pages" },
	{ lack_fork_handlers, RETURNS, "alias: without handlers of fork() there are no pages" },
};

/* ---- no mappings ---- */

static void lack_addresses_for_mappings(void)
{
	struct page *page = new_alias_page();

	refuse_mmap(RESERVE_FLAGS);
	page_map_local(page);
}

static void map_with_mprotect_error(int error)
{
	struct page *page = new_alias_page();

	refuse(SYS_mprotect, error);
	page_map_local(page);
}

static void lack_writable_addresses(void)
{
	map_with_mprotect_error(ENOMEM);
}

static void lack_permission(void)
{
	map_with_mprotect_error(EACCES);
}

static void lack_second_mapping(void)
{
	struct page *page = new_alias_page();

	page_map_local(page);
	refuse_mmap(MAP_FILE_FLAGS);
	page_map_local(page);
}

static void fail_to_hide_mapping(void)
{
	void *addr = page_map_local(new_alias_page());

	refuse(SYS_mprotect, ENOMEM);
	page_unmap_local(addr);
}

static void fail_to_release_addresses(void)
{
	struct page_task *task = page_task_new("ends");

	page_task_switch_in(task);
	page_map_local(new_alias_page());
	refuse_mmap(RESERVE_FLAGS | MAP_FIXED);
	page_task_delete(task);
}

static const struct child_case no_mapping_cases[] = {
	{ lack_addresses_for_mappings, "map-failed", "alias: no addresses for mappings" },
	{ lack_writable_addresses, "map-failed", "alias: no writable addresses" },
	{ lack_second_mapping, "map-failed", "alias: the page cannot be mapped" },
	{ fail_to_hide_mapping, "map-failed", "alias: the mapping cannot be hidden" },
	{ fail_to_release_addresses, "map-failed", "alias: the addresses cannot be released" },
};

#define NO_ADDRESSES "BUG: page: map-failed: mmap of addresses for mappings: "

/* The report names what is missing; it suggests a limit only if that can be the reason. */
static void test_reasons(void)
{
	ok(!strcmp(run_in_child(lack_addresses_for_mappings)->stderr_text,
		   NO_ADDRESSES "Cannot allocate memory (is vm.max_map_count too small?)\n"),
	   "alias: the report suggests the limit of mappings after ENOMEM");
	ok(!strcmp(run_in_child(lack_permission)->stderr_text, NO_ADDRESSES "Permission denied\n"),
	   "alias: the report suggests no limit after another error");
}

/* ---- no tasks ---- */

static void lack_memory_for_task(void)
{
	use_up_heap();
	require(!page_task_new("none"));
}

static void lack_key(void)
{
	pthread_key_t key;

	while (!pthread_key_create(&key, NULL))
		;
	page_task_current();
}

/* The first 32 thread-specific values need no memory. */
static void lack_memory_for_key(void)
{
	pthread_key_t key;

	for (int i = 0; i < 32; i++)
		require(!pthread_key_create(&key, NULL));
	use_up_heap();
	page_task_current();
}

static const struct child_case no_task_case = { lack_memory_for_task, RETURNS,
						"without memory there is no task" };

static void test_no_task(void)
{
	check_children(&no_task_case, 1);
	ok(ends_by_abort(lack_key), "without a key a thread cannot have a task");
	ok(ends_by_abort(lack_memory_for_key),
	   "without memory for a key a thread cannot have a task");
}

/* ---- user memory ---- */

static void read_user_memory(void)
{
	const char user[] = "user";
	struct user_slice_reader reader;
	char copy[sizeof(user)];

	user_slice_reader_init(&reader, user_slice_new(user, sizeof(user)));
	user_slice_read(&reader, copy, sizeof(user));
}

static void forbid_reading(void)
{
	refuse(SYS_process_vm_readv, EPERM);
	read_user_memory();
}

static void lack_reading(void)
{
	refuse(SYS_process_vm_readv, ENOSYS);
	read_user_memory();
}

static const struct child_case user_memory_cases[] = {
	{ forbid_reading, "system",
	  "a system that forbids to read user memory is no fault of the memory" },
	{ lack_reading, "system",
	  "a system that cannot read user memory is no fault of the memory" },
};

/* ---- fork: the alias backend gives a child copies of the pages ---- */

/* Return: the wait status of a child that reads and writes its page. */
static int fork_and_write(unsigned char *addr)
{
	int wait_status;
	pid_t pid;

	addr[0] = 1;
	pid = fork();
	if (pid == 0) {
		require(addr[0] == 1);
		addr[0] = 3;
		_exit(0);
	}
	addr[0] = 2;
	while (waitpid(pid, &wait_status, 0) < 0)
		require(errno == EINTR);
	require(addr[0] == 2);
	return wait_status;
}

static void fork_without_pipe(void)
{
	unsigned char *addr = page_map_local(new_alias_page());

	refuse(SYS_pipe2, EMFILE);
	fork_and_write(addr);
}

/* The parent continues; the child reports the refused call. */
static void fork_with_refused_call(unsigned int call)
{
	unsigned char *addr = page_map_local(new_alias_page());

	refuse(call, ENOMEM);
	require(fork_and_write(addr));
}

static void fork_without_file(void)
{
	fork_with_refused_call(SYS_memfd_create);
}

static void fork_without_space(void)
{
	fork_with_refused_call(SYS_ftruncate);
}

static void fork_without_copy(void)
{
	fork_with_refused_call(SYS_pwrite64);
}

static void fork_without_mapping(void)
{
	fork_with_refused_call(SYNC_SYS_MMAP);
}

/* fork() works all the same; only the parent does not wait for the copy. */
static void fork_without_waiting(void)
{
	unsigned char *addr = page_map_local(new_alias_page());
	pid_t pid;

	addr[0] = 1;
	refuse(SYS_read, EIO);
	pid = fork();
	if (pid == 0)
		_exit(addr[0] != 1);
	require(pid > 0 && waitpid(pid, NULL, 0) == pid);
}

static void ignore_signal(int signal)
{
	(void)signal;
}

/*
 * An interrupted parent must wait again, or it would write a page that is not copied yet. The page
 * comes after many others.
 */
static void fork_interrupted(void)
{
	struct itimerval often = { { 0, 2000 }, { 0, 2000 } };
	struct sigaction action = { .sa_handler = ignore_signal };

	choose_backend("alias");
	for (int i = 0; i < 16384; i++)
		alloc_or_abort();
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	require(!fork_and_write(page_map_local(alloc_or_abort())));
}

static const struct child_case fork_cases[] = {
	{ fork_without_pipe, "map-failed", "fork: no pipe" },
	{ fork_without_waiting, RETURNS, "fork: the parent cannot wait for the copy" },
	{ fork_interrupted, RETURNS, "fork: signals interrupt the parent" },
};

static const struct {
	void (*run)(void);
	const char *report, *name;
} forked_child_cases[] = {
	{ fork_without_file, "map-failed: memfd_create", "fork: no file for the child" },
	{ fork_without_space, "map-failed: memfd_create", "fork: no space in the child's file" },
	{ fork_without_copy, "map-failed: copy", "fork: the pages cannot be copied" },
	{ fork_without_mapping, "map-failed: mmap", "fork: the child's file cannot be mapped" },
};

static void test_fork(void)
{
	check_children(fork_cases, COUNT(fork_cases));
	for (size_t i = 0; i < COUNT(forked_child_cases); i++) {
		const struct child_result *result = run_in_child(forked_child_cases[i].run);

		ok(!result->wait_status &&
			   strstr(result->stderr_text, forked_child_cases[i].report),
		   "%s", forked_child_cases[i].name);
	}
}

/* ---- the lock ---- */

static struct sync_lock lock = SYNC_LOCK_INIT;
static unsigned int yields;

static int unlock_instead_of_yield(void)
{
	yields++;
	sync_unlock(&lock);
	return 0;
}

static void test_lock(void)
{
	sync_hidden_begin();
	sync_lock(&lock);
	sync_lock(&lock);
	sync_unlock(&lock);
	sync_hidden_end();
	ok(yields == 1, "a thread that waits for a lock yields");
}

/* ---- files for MemorySanitizer's shadow ---- */

static int lowest_descriptor(void)
{
	int file = dup(STDERR_FILENO);

	close(file);
	return file;
}

/* The first file holds the pages. */
static void lack_shadow_file(void)
{
	rlim_t files = (rlim_t)lowest_descriptor() + 1;
	struct rlimit limit = { files, files };

	choose_backend("alias");
	require(!setrlimit(RLIMIT_NOFILE, &limit));
	fail_to_allocate();
}

static void lack_space_in_shadow_file(void)
{
	choose_backend("alias");
	refuse_if(SYS_ftruncate, 0, (unsigned int)lowest_descriptor() + 1, ENOSPC);
	fail_to_allocate();
}

static const struct child_case shadow_cases[] = {
	{ lack_shadow_file, RETURNS, "alias: without a file for the shadow there are no pages" },
	{ lack_space_in_shadow_file, RETURNS,
	  "alias: without space for the shadow there are no pages" },
};

static void require_refusal(void)
{
	require(refuse_if(SYS_memfd_create, ANY_ARG, 0, EMFILE));
	errno = 0;
	require(memfd_create("none", 0) < 0 && errno == EMFILE);
}

#define CHECK_CHILDREN(cases) check_children(cases, COUNT(cases))

UNIT_TEST(test_page_system)
{
	CHECK_CHILDREN(first_page_cases);
	ok(cuts_long_reports(), "a report that is too long is cut, and is one line");
	ok(ends_by_abort(report_without_stderr), "a report without standard error aborts");
	test_lock();
	if (run_in_child(require_refusal)->wait_status) {
		skip("refused system calls: the system has no seccomp filters");
	} else if (SYNC_SHADOWS) {
		CHECK_CHILDREN(shadow_cases);
	} else {
		CHECK_CHILDREN(user_memory_cases);
		CHECK_CHILDREN(no_page_cases);
		CHECK_CHILDREN(no_mapping_cases);
		test_reasons();
		test_no_task();
		test_fork();
	}
}
