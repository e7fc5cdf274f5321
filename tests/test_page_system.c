/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The library before the first page, and when the system refuses memory, files or keys. */
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>

/* In this file a thread that waits for a lock calls unlock_instead_of_yield(). */
static int unlock_instead_of_yield(void);
#define sched_yield unlock_instead_of_yield
#include "page/sync.h"
#undef sched_yield

#include "page/report.h"
#include "tests/refuse.h"

static void *volatile heap;

/* Allocates everything that malloc() has left; it gets no more memory. */
static void use_up_heap(void)
{
	refuse(SYS_brk, 0); /* brk() returns an address; 0 is too low */
	refuse_if(SYNC_SYS_MMAP, 2, PROT_NONE, ENOMEM);
	refuse_mmap(MAP_PRIVATE | MAP_ANONYMOUS);
	for (size_t size = 4096; size; size -= 16)
		while ((heap = malloc(size)))
			;
}

/* ---- before there is a page ---- */

static unsigned char mine;

static void nothing_is_there(void)
{
	require(!page_canonical(&mine) && !page_borrow(&mine));
	require(!page_canonical(NULL) && !page_borrow(NULL));
}

static void nothing_yet(const char *backend)
{
	choose_backend(backend);
	nothing_is_there();
	require(!page_map_backend_set(backend));
}

static void nothing_yet_direct(void)
{
	nothing_yet("direct");
}

static void nothing_yet_alias(void)
{
	nothing_yet("alias");
}

static void no_buffer_yet(void)
{
	page_buffer_free(&mine);
}

/* Only AddressSanitizer has poisoned memory. */
static void poison_here(void)
{
	require(page_map_revoke_set("poison") == (SYNC_POISONS ? 0 : -EINVAL));
}

static void environment_chooses(void)
{
	setenv("PAGE_MAP", "alias", 1);
	setenv("PAGE_MAP_REVOKE", "protect", 1);
	page_free(page_or_die());
	require(!strcmp(page_map_backend(), "alias"));
}

static void program_chooses_first(void)
{
	setenv("PAGE_MAP", "sideways", 1);
	setenv("PAGE_MAP_REVOKE", "politely", 1);
	choose_backend("direct");
	require(!page_map_revoke_set("protect"));
	page_free(page_or_die());
}

static void bad_backend(void)
{
	setenv("PAGE_MAP", "sideways", 1);
	page_alloc(GFP_KERNEL);
}

static void bad_revoke(void)
{
	setenv("PAGE_MAP_REVOKE", "politely", 1);
	page_alloc(GFP_KERNEL);
}

static void no_reader(void)
{
	close(STDERR_FILENO);
	bad_backend();
}

static bool ends_by_abort(void (*fn)(void))
{
	int status = in_child(fn).status;

	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static size_t text_length;

static void says_much(void)
{
	static char text[600];

	memset(text, 'x', text_length);
	page_bug("long", "%s", text);
}

/* For each length the report is one line of at most 511 bytes, with as much text as fits. */
static bool report_is_cut(void)
{
	static const char head[] = "BUG: page: long: ";
	size_t before = strlen(head);

	for (text_length = 480; text_length < 530; text_length++) {
		struct child_result outcome = in_child(says_much);
		size_t kept = before + text_length < 510 ? text_length : 510 - before;

		if (strncmp(outcome.stderr_text, head, before) ||
		    strspn(outcome.stderr_text + before, "x") != kept ||
		    strcmp(outcome.stderr_text + before + kept, "\n"))
			return false;
	}
	return true;
}

static void test_before_first_page(void)
{
	ok(returns_normally(nothing_yet_direct), "direct: before the first page nothing has a home");
	ok(returns_normally(nothing_yet_alias), "alias: before the first page nothing has a home");
	ok(aborts_with(no_buffer_yet, "foreign-map"), "before the first page there is no buffer");
	ok(returns_normally(poison_here), "poison where there is poison");
	ok(returns_normally(environment_chooses), "the environment chooses");
	ok(returns_normally(program_chooses_first), "and is not asked when the program did");
	ok(aborts_with(bad_backend, "environment"), "an environment that means nothing");
	ok(aborts_with(bad_revoke, "environment"), "nor this one");
	ok(report_is_cut(), "a report that is too long is cut, and is a line");
	ok(ends_by_abort(no_reader), "a report without a reader");
}

/* ---- no page to be had ---- */

/* Allocation always fails; calls that need no memory still work. */
static void no_pages(void)
{
	errno = 0;
	require(!page_alloc(GFP_KERNEL) && errno == ENOMEM);
	require(!page_alloc(GFP_KERNEL | __GFP_NOFAIL));
	require(!page_buffer_alloc(3 * PAGE_SIZE));
	nothing_is_there();
	page_free(NULL);
}

static void no_addresses(void)
{
	choose_backend("direct");
	refuse_mmap(ADDRESSES);
	no_pages();
}

static void no_file(void)
{
	choose_backend("alias");
	refuse(SYS_memfd_create, EMFILE);
	no_pages();
}

static void no_room_in_file(void)
{
	choose_backend("alias");
	refuse(SYS_ftruncate, ENOSPC);
	no_pages();
}

static void no_mapping_of_file(void)
{
	choose_backend("alias");
	refuse_mmap(OF_A_FILE);
	no_pages();
}

/* The library's fork handlers need memory if there are many. */
static void no_handlers(void)
{
	choose_backend("alias");
	use_up_heap();
	while (!pthread_atfork(NULL, NULL, NULL))
		;
	no_pages();
}

static void test_no_pages(void)
{
	ok(returns_normally(no_addresses), "no addresses, no pages");
	ok(returns_normally(no_file), "alias: no file, no pages");
	ok(returns_normally(no_room_in_file), "alias: no room in the file, no pages");
	ok(returns_normally(no_mapping_of_file), "alias: a file that cannot be mapped, no pages");
	ok(returns_normally(no_handlers), "alias: no handlers for fork(), no pages");
}

/* ---- no mapping to be had ---- */

static void no_first_mapping(void)
{
	struct page *page = alias_page();

	refuse_mmap(ADDRESSES);
	page_map_local(page);
}

static void no_head(void)
{
	struct page *page = alias_page();

	refuse(SYS_mprotect, ENOMEM);
	page_map_local(page);
}

static void no_next_mapping(void)
{
	struct page *page = alias_page();

	page_map_local(page);
	refuse_mmap(OF_A_FILE);
	page_map_local(page);
}

static void no_end_of_mapping(void)
{
	void *addr = page_map_local(alias_page());

	refuse(SYS_mprotect, ENOMEM);
	page_unmap_local(addr);
}

static void no_end_of_task(void)
{
	struct page_task *task = page_task_new("ends");

	page_task_switch_in(task);
	page_map_local(alias_page());
	refuse_mmap(ADDRESSES | MAP_FIXED);
	page_task_delete(task);
}

static void no_right_to_head(void)
{
	struct page *page = alias_page();

	refuse(SYS_mprotect, EACCES);
	page_map_local(page);
}

static bool says(void (*fn)(void), const char *line)
{
	struct child_result outcome = in_child(fn);

	if (!strcmp(outcome.stderr_text, line))
		return true;
	printf("# expected %s# got %.600s\n", line, outcome.stderr_text);
	return false;
}

/* The report names what is missing; it suggests a limit only if that can be the reason. */
static void test_why_no_mapping(void)
{
	ok(says(no_first_mapping, "BUG: page: map-failed: mmap of addresses for mappings: "
				  "Cannot allocate memory (is vm.max_map_count too small?)\n"),
	   "alias: no mapping, and the limit that may be why");
	ok(says(no_right_to_head, "BUG: page: map-failed: mmap of addresses for mappings: "
				  "Permission denied\n"),
	   "alias: no mapping for another reason");
}

static void test_no_mapping(void)
{
	ok(aborts_with(no_first_mapping, "map-failed"), "alias: no addresses for mappings");
	ok(aborts_with(no_head, "map-failed"), "alias: none that may be written");
	ok(aborts_with(no_next_mapping, "map-failed"), "alias: a page that cannot be mapped");
	ok(aborts_with(no_end_of_mapping, "map-failed"), "alias: one that cannot be hidden");
	ok(aborts_with(no_end_of_task, "map-failed"), "alias: addresses that cannot be given back");
}

/* ---- no task to be had ---- */

static void no_memory_for_task(void)
{
	use_up_heap();
	require(!page_task_new("none"));
}

static void no_key(void)
{
	pthread_key_t key;

	while (!pthread_key_create(&key, NULL))
		;
	page_task_current();
}

/* The first 32 thread-specific values need no memory. */
static void no_memory_for_key(void)
{
	pthread_key_t key;

	for (int i = 0; i < 32; i++)
		require(!pthread_key_create(&key, NULL));
	use_up_heap();
	page_task_current();
}

static void test_no_task(void)
{
	ok(returns_normally(no_memory_for_task), "no memory, no task");
	ok(ends_by_abort(no_key), "a thread that cannot be watched for its end");
	ok(ends_by_abort(no_memory_for_key), "nor this one");
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
	ok(yields == 1, "a thread that waits for a lock yields to the owner");
}

/* ---- files for the sanitizer's shadow ---- */

/* The first file holds the pages. */
static void no_shadow_file(void)
{
	int next = dup(STDERR_FILENO);
	struct rlimit limit = { (rlim_t)next + 1, (rlim_t)next + 1 };

	close(next);
	choose_backend("alias");
	require(!setrlimit(RLIMIT_NOFILE, &limit));
	no_pages();
}

static void no_room_in_shadow_file(void)
{
	int next = dup(STDERR_FILENO);

	close(next);
	choose_backend("alias");
	refuse_if(SYS_ftruncate, 0, (unsigned int)next + 1, ENOSPC);
	no_pages();
}

static void test_shadow(void)
{
	ok(returns_normally(no_shadow_file), "alias: no file for the shadow, no pages");
	ok(returns_normally(no_room_in_shadow_file), "alias: no room in it, no pages");
}

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

static bool says_refused(void (*fn)(void))
{
	struct child_result outcome = in_child(fn);

	return outcome.status && strstr(outcome.stderr_text, "BUG: page: system: process_vm_readv()");
}

static void test_user_memory(void)
{
	ok(says_refused(forbid_reading), "user memory that may not be read is no fault of it");
	ok(says_refused(lack_reading), "nor is a kernel that cannot read it");
}

UNIT_TEST(test_page_system)
{
	test_before_first_page();
	test_lock();
	if (!refuses_anything())
		skip("what the system refuses: no seccomp filters here");
	else if (SYNC_SHADOWS)
		test_shadow();
	else {
		test_user_memory();
		test_no_pages();
		test_no_mapping();
		test_why_no_mapping();
		test_no_task();
	}
}
