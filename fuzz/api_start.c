/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The start of the process: the selection of backends before the first page, and the first pages. No input
 * can repeat these calls, so LLVMFuzzerInitialize() makes them once. The call `start` of an input reports the
 * first thing that was wrong, and checks that the selection is refused now.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/library.h"
#include "harness/util/bytes.h"
#include "harness/util/isolate.h"

/* More pages than the quarantine holds, so that later allocations reuse frames of these pages. */
#define FIRST_PAGES 128

static const char *wrong; /* the first thing that was wrong, or NULL */

static void expect_at_start(bool is_true, const char *message)
{
	if (!is_true && !wrong)
		wrong = message;
}

/* ---- backends ---- */

/* [P77] [P87]; the selection stays that of the environment. */
static void refuse_unknown_names(void)
{
	expect_at_start(page_map_backend_set("aliases") == -EINVAL && page_map_backend_set("") == -EINVAL,
			"page_map_backend_set() of an unknown name: expected -EINVAL");
	expect_at_start(page_map_revoke_set("poisons") == -EINVAL && page_map_revoke_set("") == -EINVAL,
			"page_map_revoke_set() of an unknown name: expected -EINVAL");
}

static bool is_one_address_for_two_mappings(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	void *first = page_map_local(page), *second = page_map_local(page);

	page_unmap_local(second);
	page_unmap_local(first);
	page_free(page);
	return first == second;
}

static void select_alias(void *unused)
{
	(void)unused;
	_Exit(page_map_backend_set("alias") || page_map_revoke_set("protect") ||
	      page_map_backend_set("nothing") != -EINVAL || page_map_revoke_set("nothing") != -EINVAL ||
	      strcmp(page_map_backend(), "alias") != 0 || is_one_address_for_two_mappings());
}

static void select_direct(void *unused)
{
	(void)unused;
	_Exit(page_map_revoke_set("protect") || page_map_backend_set("direct") ||
	      strcmp(page_map_backend(), "direct") != 0 || !is_one_address_for_two_mappings());
}

/* [P74] */
static void select_nothing(void *unused)
{
	(void)unused;
	unsetenv("PAGE_MAP");
	_Exit(!is_one_address_for_two_mappings() || strcmp(page_map_backend(), "direct") != 0);
}

static bool do_all_mappings_show(struct page *page, unsigned char value)
{
	bool is_shown = true;

	for (int i = 0; i < API_MORE_THAN_ALL_PLACES; i++) {
		const unsigned char *addr = page_map_local(page);

		is_shown &= *addr == value;
		page_unmap_local(addr);
	}
	return is_shown;
}

/* Return: whether a child process has its own copy of a page, also in mappings that it makes later. [P75] */
static bool is_copied_in_child(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	bool is_zero_in_parent = do_all_mappings_show(page, 0);
	int status = 1;
	pid_t child = fork();

	if (child == 0) {
		page_write_raw(page, "\7", 0, 1);
		_Exit(!do_all_mappings_show(page, 7));
	}
	return child > 0 && waitpid(child, &status, 0) == child && !status && is_zero_in_parent &&
	       do_all_mappings_show(page, 0);
}

/* [P82] [P83] */
static void access_without_revocation(void *unused)
{
	volatile unsigned char *addr;

	(void)unused;
	setenv("PAGE_MAP_REVOKE", "none", 1);
	page_map_backend_set("alias");
	addr = page_map_local(page_alloc(GFP_KERNEL | __GFP_ZERO));
	page_unmap_local((const void *)(uintptr_t)addr);
	_Exit(*addr || !is_copied_in_child());
}

/* An address in a frame that was never allocated is in no buffer. Where it is depends on the library. [P221]
 */
static void borrow_from_never_allocated_frame(void *unused)
{
	const unsigned char *addr = page_canonical(page_map_local(page_alloc(GFP_KERNEL)));

	(void)unused;
	_Exit(page_borrow(addr + ((size_t)1 << 27)) != NULL);
}

static void access_with_first_revocation(void *unused)
{
	struct page *page;
	volatile unsigned char *addr;

	(void)unused;
	detector_hide_child_death_from_engine();
	unsetenv("PAGE_MAP_REVOKE");
	page_map_backend_set("alias");
	page = page_alloc(GFP_KERNEL);
	addr = page_map_local(page);
	page_unmap_local((const void *)(uintptr_t)addr);
	*addr = *addr;
	_Exit(0);
}

/* [P68] [P70] [P76] [P84] [P86] */
static void select_backends_in_children(void)
{
	static struct isolated child;

	expect_at_start(isolate_call(select_alias, NULL, 5, &child) && !child.exit_code,
			"the backend alias, selected before the first page, is not used");
	expect_at_start(isolate_call(select_direct, NULL, 5, &child) && !child.exit_code,
			"the backend direct, selected before the first page, is not used");
	expect_at_start(isolate_call(select_nothing, NULL, 5, &child) && !child.exit_code,
			"without a selection, the backend is not direct");
	expect_at_start(
		sizeof(void *) == 4 ||
			(isolate_call(access_without_revocation, NULL, 5, &child) && !child.exit_code),
		"with PAGE_MAP_REVOKE=none, a removed address is invalid, or a child has wrong pages");
	expect_at_start(!library_get()->has_known_access_pattern ||
				(isolate_call(borrow_from_never_allocated_frame, NULL, 5, &child) &&
				 !child.exit_code),
			"page_borrow of an address in a frame that was never allocated: expected NULL");
	expect_at_start(isolate_call(access_with_first_revocation, NULL, 5, &child) &&
				(child.signal || child.exit_code),
			"without a selection, a removed address of the backend alias stays valid");
}

/* [P73] [P74] */
static void compare_backend_with_environment(void)
{
	const char *selected = getenv("PAGE_MAP");
	bool is_direct = is_one_address_for_two_mappings();

	expect_at_start(!strcmp(page_map_backend(), selected ? selected : "direct"),
			"the backend is not that of the environment variable PAGE_MAP");
	expect_at_start(is_direct == !strcmp(page_map_backend(), "direct"),
			"the backend has the name of another one");
}

/* ---- the first pages ---- */

/*
 * Fills frames that were never allocated with a byte that is not 0, so that a frame that is not cleared is
 * not zero by luck. page.h does not promise these addresses, so only libraries with a known allocator get
 * this.
 */
static BYTES_NO_SANITIZE void fill_frames_after(struct page *page)
{
	void *mapping = page_map_local(page);
	volatile unsigned char *addr = page_canonical(mapping);

	page_unmap_local(mapping);
	for (size_t i = PAGE_SIZE; i < FIRST_PAGES * PAGE_SIZE; i += 8)
		addr[i] = 0x5a;
}

static bool is_zero(struct page *page)
{
	static unsigned char seen[PAGE_SIZE], zeros[PAGE_SIZE];

	page_read_raw(page, seen, 0, PAGE_SIZE);
	return api_are_equal_bytes(seen, zeros, PAGE_SIZE);
}

/* [P34] [P42] [P281] */
static void allocate_first_pages(void)
{
	static struct page *pages[FIRST_PAGES];
	struct page_fault_attr attr;

	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++)
		expect_at_start(!page_fault_attr_get(point, &attr) && !attr.probability &&
					attr.interval == 1 && attr.times == 1 && !attr.space &&
					!attr.min_order && !attr.task_filter && !attr.ignore_gfp,
				"the first attributes are not PAGE_FAULT_ATTR_INIT");
	for (size_t i = 0; i < FIRST_PAGES; i++) {
		pages[i] = page_alloc(GFP_KERNEL | __GFP_NOFAIL | __GFP_ZERO);
		if (!i && pages[0] && library_get()->has_known_access_pattern)
			fill_frames_after(pages[0]);
		expect_at_start(pages[i] && is_zero(pages[i]), "one of the first pages is not zero");
	}
	for (size_t i = 0; i < FIRST_PAGES; i++)
		page_free(pages[i]);
	page_buffer_free(page_buffer_alloc(1));
}

void api_start_init(void)
{
	refuse_unknown_names();
	select_backends_in_children();
	compare_backend_with_environment();
	allocate_first_pages();
}

/* [P78] [P88] */
void api_run_start(const struct api_call *call)
{
	const char *backend = page_map_backend();

	(void)call;
	api_expect(!wrong, "%s", wrong);
	api_expect(page_map_backend_set(api_is_alias() ? "direct" : "alias") == -EBUSY,
		   "page_map_backend_set() after the first page did not return -EBUSY");
	api_expect(page_map_revoke_set("protect") == -EBUSY,
		   "page_map_revoke_set() after the first page did not return -EBUSY");
	api_expect(!strcmp(page_map_backend(), backend), "a refused selection changed the backend");
}
