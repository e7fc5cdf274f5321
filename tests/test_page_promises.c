/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests promises of page.h (doc/promises.md) about sizes of any width, callbacks that fail, refused calls,
 * new tasks, neighbours of a page, and memory that was used before. Uses only the functions of page.h.
 */
#include "tests/page_test.h"

#include <signal.h>
#include <sys/mman.h>

#include "harness/library.h"

#define OLD_BYTE 0x5a

static void abort_unless(bool good)
{
	if (!good)
		abort();
}

/* ---- sizes ---- */

static const size_t wide_sizes[] = { SIZE_UPPER, SIZE_UPPER + 1, SIZE_UPPER + PAGE_SIZE, SIZE_TOP - 1,
				     SIZE_TOP,   SIZE_TOP + 1,   SIZE_MAX - 4,           SIZE_MAX };

/* A slice of 4 bytes is too short for each of the sizes. */
static void test_wide_lengths_of_user_memory(void)
{
	static unsigned char user[4];
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	struct user_slice_writer writer;
	unsigned char bytes[4] = { 1, 1, 1, 1 };
	bool read = true, written = true, skipped = true, copied = true;

	user_slice_writer_init(&writer, user_slice_new(user, sizeof(user)));
	for (size_t i = 0; i < COUNT(wide_sizes); i++) {
		read &= user_slice_read(&reader, bytes, wide_sizes[i]) == -EFAULT;
		written &= user_slice_write(&writer, bytes, wide_sizes[i]) == -EFAULT;
		skipped &= user_slice_skip(&reader, wide_sizes[i]) == -EFAULT;
		copied &= page_copy_from_user_slice(pages[0], &reader, 0, wide_sizes[i]) == -EINVAL;
		copied &= page_copy_from_user_slice(pages[0], &reader, wide_sizes[i], 1) == -EINVAL;
		copied &= page_copy_from_user_slice(pages[0], &reader, wide_sizes[i], 0) == -EINVAL;
	}
	/* [P174] */
	ok(read && user_slice_left(&reader) == 4 && bytes[0] == 1,
	   "user_slice_read refuses lengths of any width");
	/* [P185] */
	ok(written && user_slice_writer_left(&writer) == 4 && !user[0],
	   "user_slice_write refuses lengths of any width");
	/* [P169] */
	ok(skipped, "user_slice_skip refuses lengths of any width");
	/* [P191] [P14] */
	ok(copied, "page_copy_from_user_slice refuses ranges of any width");
}

/* The slice is longer than memory, so the test only skips in it. */
static void test_wide_slices(void)
{
	struct user_slice slice = user_slice_new(NULL, SIZE_MAX);
	struct user_slice_reader reader, copy;
	struct user_slice_writer writer;

	user_slice_reader_init(&reader, slice);
	user_slice_writer_init(&writer, slice);
	/* [P161] [P162] [P163] [P167] [P180] */
	ok(!slice.ptr && slice.len == SIZE_MAX && user_slice_left(&reader) == SIZE_MAX &&
		   user_slice_writer_left(&writer) == SIZE_MAX,
	   "a slice can have any address and any length");
	copy = reader;
	/* [P166] [P168] [P160] */
	ok(!user_slice_skip(&reader, SIZE_UPPER + 5) &&
		   user_slice_left(&reader) == SIZE_MAX - SIZE_UPPER - 5 &&
		   user_slice_left(&copy) == SIZE_MAX && !user_slice_skip(&copy, SIZE_MAX) &&
		   !user_slice_left(&copy),
	   "a reader can skip more than 4 GiB");
}

static void test_wide_buffers(void)
{
	bool refused = true;

	/* A quarter of the address space is more than any arena has. */
	for (size_t i = 0; i < COUNT(wide_sizes); i++) {
		size_t size = wide_sizes[i] < SIZE_TOP / 2 ? wide_sizes[i] + SIZE_TOP / 2 : wide_sizes[i];

		errno = 0;
		refused &= !page_buffer_alloc(size) && errno == ENOMEM;
	}
	/* [P205] [P15] */
	ok(refused, "a buffer is never larger than memory");
}

/* ---- callbacks ---- */

static struct {
	unsigned int call_count;
	void *addr, *ctx;
	bool same_thread;
	pthread_t thread;
	int result;
} called;

static int record_call(void *addr, void *ctx)
{
	called.call_count++;
	called.addr = addr;
	called.ctx = ctx;
	called.same_thread = pthread_equal(called.thread, pthread_self());
	return called.result;
}

/* @offset: of the byte whose address the callback got. */
static bool callback_got_mapping_of(struct page *page, size_t offset)
{
	unsigned char *addr = page_map_local(page);
	bool good = page_canonical(called.addr) == (unsigned char *)page_canonical(addr) + offset;

	page_unmap_local(addr);
	return good && (page_canonical(called.addr) == called.addr) == backend_is("direct");
}

/* Pages 1 and 2 are not the first page of the library. */
static void test_addresses_of_callbacks(void)
{
	page_with_mapped(pages[1], record_call, NULL);
	/* [P109] [P5] */
	ok(callback_got_mapping_of(pages[1], 0),
	   "the callback of page_with_mapped gets a mapping of the page");
	page_with_pointer(pages[2], 8, 16, record_call, NULL);
	/* [P115] */
	ok(callback_got_mapping_of(pages[2], 8),
	   "the callback of page_with_pointer gets the address of its byte");
}

static const int results[] = { 0, 1, -1, -EINVAL, -EFAULT, INT32_MIN, INT32_MAX };

static bool callback_was_called_once(void *ctx, int ret, int result)
{
	return called.call_count == 1 && called.ctx == ctx && called.same_thread && ret == result;
}

static bool nothing_is_held(void)
{
	return !page_task_depth(page_task_current()) && page_ref_count(pages[0]) == 1;
}

static void test_results_of_callbacks(void)
{
	bool mapped = true, pointer = true, nothing_held = true;
	void *addr;
	int ctx;

	called.thread = pthread_self();
	for (size_t i = 0; i < COUNT(results); i++) {
		called.call_count = 0;
		called.result = results[i];
		mapped &= callback_was_called_once(&ctx, page_with_mapped(pages[0], record_call, &ctx),
						   results[i]);
		nothing_held &= nothing_is_held();
		called.call_count = 0;
		pointer &= callback_was_called_once(
			&ctx, page_with_pointer(pages[0], 8, 16, record_call, &ctx), results[i]);
		nothing_held &= nothing_is_held();
	}
	/* [P110] [P111] [P114] */
	ok(mapped, "page_with_mapped calls once and returns the result of its callback");
	/* [P116] [P118] [P121] */
	ok(pointer, "page_with_pointer calls once and returns the result of its callback");
	/* [P109] [P115] [P5] */
	ok(nothing_held, "after a callback, also one that fails, nothing is mapped or held");
	addr = page_map_local(pages[0]);
	page_with_mapped(pages[1], record_call, NULL);
	/* [P95] */
	ok(page_task_depth(page_task_current()) == 1, "a callback removes only its own mapping");
	page_unmap_local(addr);
}

/* @fn gets the address after the last byte for the range of 0 bytes at the end of the page. */
static void test_end_of_page(void)
{
	called.call_count = 0;
	called.result = 0;
	page_with_mapped(pages[0], record_call, NULL);
	/* [P94] */
	ok(called.addr && page_canonical(called.addr), "the address of a mapping is not NULL");
	called.call_count = 0;
	/* [P119] */
	ok(!page_with_pointer(pages[0], PAGE_SIZE, 0, record_call, NULL) && called.call_count == 1 &&
		   !((uintptr_t)called.addr % PAGE_SIZE),
	   "the callback of an empty range gets the address after the last byte");
	called.call_count = 0;
	/* [P117] */
	ok(page_with_pointer(pages[0], PAGE_SIZE, 1, record_call, NULL) == -EINVAL && !called.call_count,
	   "a bad range calls no callback");
}

/* ---- the report of a call that test_page_misuse.c does not make ---- */

static struct page *borrowed; /* the page of a buffer */

ACTION(free_borrowed_page, page_task_switch_in(page_task_new("alpha")), page_free(borrowed))

static void test_report_of_borrowed_page(void)
{
	const struct isolated *result;
	char expected[120];

	borrowed = page_borrow(page_buffer_alloc(1));
	result = run_in_child(free_borrowed_page);
	snprintf(expected, sizeof(expected),
		 "BUG: page: borrowed-free: page_free of the borrowed page %p by alpha at 0x",
		 (const void *)borrowed);
	/* [P22] [P62] */
	ok(child_ended_as_expected(result, "borrowed-free") &&
		   (!library_get()->report_names_the_call || strstr(result->output, "Sanitizer") ||
		    !strncmp(result->output, expected, strlen(expected))),
	   "a task frees the page of a buffer");
}

/* ---- refused calls ---- */

static void load_through_removed_mapping(void)
{
	const volatile unsigned char *addr = page_map_local(alloc_zeroed_page());

	page_unmap_local((const void *)(uintptr_t)addr);
	(void)*addr;
}

/* Runs before the first page. */
static void refuse_revocation_and_load(void)
{
	if (page_map_revoke_set("protect") || page_map_revoke_set("politely") != -EINVAL)
		_exit(0); /* the child must not end normally */
	if (page_map_revoke_set("poison"))
		load_through_removed_mapping();
	else
		raise(SIGSEGV); /* AddressSanitizer has "poison", so the call is not refused */
}

static const struct child_case refused_revocation_cases[] = {
	{ refuse_revocation_and_load, ENDS_ABNORMALLY,
	  "a refused revocation leaves the earlier one" /* [P81] [P87] */ },
};

static void allocate_with_long_value(void)
{
	static char value[600];

	memset(value, 'x', sizeof(value) - 1);
	setenv("PAGE_MAP_REVOKE", value, 1);
	page_alloc(GFP_KERNEL);
}

/* With AddressSanitizer, the child also shows that the library writes only its own memory. */
static bool long_report_is_one_line(void)
{
	const char *line = run_in_child(allocate_with_long_value)->output;

	return !strncmp(line, "BUG: page: environment: ", 24) &&
	       strchr(line, '\n') == line + strlen(line) - 1;
}

static void test_refused_choices(void)
{
	const char *chosen = page_map_backend();
	bool unknown = page_map_backend_set("sideways") == -EINVAL && page_map_backend() == chosen;

	/* [P77] [P79] */
	ok(unknown && page_map_backend_set("") == -EINVAL && page_map_backend() == chosen,
	   "a refused backend leaves the earlier one");
	if (backend_is("alias"))
		CHECK_CHILDREN(refused_revocation_cases);
	else
		/* [P21] [P22] */
		ok(long_report_is_one_line(), "a report of a long text is one line");
	allocate_test_pages();
	/* [P78] [P88] */
	ok(page_map_backend_set(backend_is("alias") ? "direct" : "alias") == -EBUSY &&
		   page_map_backend() == chosen && page_map_revoke_set("none") == -EBUSY,
	   "after the first page the backend stays");
}

static bool attributes_are(enum page_fault_point point, struct page_fault_attr want)
{
	struct page_fault_attr got = PAGE_FAULT_ATTR_INIT;

	return !page_fault_attr_get(point, &got) && got.probability == want.probability &&
	       got.times == want.times && got.space == want.space && got.interval == want.interval &&
	       got.min_order == want.min_order && got.ignore_gfp == want.ignore_gfp &&
	       got.task_filter == want.task_filter && got.seed == want.seed;
}

static void test_refused_attributes(void)
{
	static const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT,
					    set = { 0, 0x20002, 3, 0x40004, 0x50005, true, 0x60006, 6 },
					    wrong[] = { { .probability = 101, .seed = 9 },
							{ .probability = 0x10000 + 50, .seed = 9 },
							{ .probability = UINT32_MAX, .seed = 9 },
							{ .times = -2, .seed = 9 },
							{ .times = INT32_MIN, .seed = 9 } };
	struct page_fault_attr own = set;
	bool refused = true;

	refused &= page_fault_attr_set(PAGE_FAULT_ALLOC, &own) == 0;
	memset(&own, 1, sizeof(own));
	/* [P283] [P284] [P288] */
	ok(refused && attributes_are(PAGE_FAULT_ALLOC, set),
	   "page_fault_attr_set copies attributes of any width");
	for (size_t i = 0; i < COUNT(wrong); i++)
		refused &= page_fault_attr_set(PAGE_FAULT_ALLOC, &wrong[i]) == -EINVAL;
	refused &= page_fault_attr_set(PAGE_FAULT_POINTS, &off) == -EINVAL;
	/* [P285] [P286] [P287] */
	ok(refused && attributes_are(PAGE_FAULT_ALLOC, set) && attributes_are(PAGE_FAULT_USERCOPY, off),
	   "refused attributes change nothing");
	page_fault_attr_set(PAGE_FAULT_ALLOC, &off);
	own = set;
	/* [P291] */
	ok(page_fault_attr_get(PAGE_FAULT_POINTS, &own) == -EINVAL && own.seed == set.seed,
	   "attributes of an unknown point are refused");
}

/* ---- tasks ---- */

static void *report_inherited_state(void *inherits)
{
	*(bool *)inherits =
		page_task_depth(page_task_current()) || page_fail_nth(0) || page_task_make_it_fail(false);
	return NULL;
}

static void test_new_tasks_inherit_nothing(void)
{
	struct page_task *old = page_task_new("old"), *new;
	bool inherits = true, new_inherits = true;
	unsigned char *addr;

	page_task_switch_in(old);
	addr = page_map_local(pages[0]);
	page_fail_nth(5);
	page_task_make_it_fail(true);
	new = page_task_new("new");
	run_thread_and_wait(report_inherited_state, &inherits);
	page_task_switch_in(new);
	report_inherited_state(&new_inherits);
	/* [P227] [P292] [P263] */
	ok(!new_inherits, "a new task inherits no mapping, no count and no filter");
	/* [P226] [P259] */
	ok(!inherits, "a new thread inherits no mapping, no count and no filter");
	page_task_switch_out(new);
	page_task_delete(new);
	page_task_switch_in(old);
	/* [P262] [P293] [P236] */
	ok(page_task_depth(old) == 1 && page_fail_nth(0) == 5 && page_task_make_it_fail(false),
	   "the other task keeps its mapping, count and filter");
	page_unmap_local(addr);
	page_task_switch_in(NULL);
	page_task_delete(old);
	/* A task in the memory of a deleted task inherits nothing either. */
	new = page_task_new("again");
	page_task_switch_in(new);
	report_inherited_state(&new_inherits);
	ok(!new_inherits, "a task in reused memory inherits nothing");
	page_task_switch_in(NULL);
	page_task_delete(new);
}

static void test_names(void)
{
	struct page_task *longest = page_task_new("12345678901234567890123"), *unnamed = page_task_new("");

	/* [P30] [P228] [P235] */
	ok(!strcmp(page_task_name(longest), "12345678901234567890123"), "a name of 23 bytes is kept");
	page_task_delete(longest);
	/* [P235] */
	ok(!*page_task_name(unnamed), "a name may be empty");
	page_task_delete(unnamed);
}

static void *name_of_own_task(void *name)
{
	snprintf(name, PAGE_TASK_NAME, "%s", page_task_name(page_task_current()));
	return NULL;
}

static void test_tasks_of_threads(void)
{
	char name[PAGE_TASK_NAME] = "", own[PAGE_TASK_NAME];

	name_of_own_task(own);
	run_thread_and_wait(name_of_own_task, name);
	/* [P226] [P239] */
	ok(!strncmp(name, "thread ", 7) && strcmp(name, own) != 0,
	   "each thread has its own task, with its own name");
}

/* ---- threads with a small stack ---- */

static void *make_bytewise_calls(void *unused)
{
	static unsigned char copied[PAGE_SIZE];

	page_read_bytewise_atomic(pages[0], copied, 0, PAGE_SIZE);
	page_write_bytewise_atomic(pages[1], copied, 0, PAGE_SIZE);
	return unused;
}

static void use_small_stack(void)
{
	pthread_attr_t attr;
	pthread_t thread;

	abort_unless(!pthread_attr_init(&attr) && !pthread_attr_setstacksize(&attr, 64 * 1024));
	abort_unless(!pthread_create(&thread, &attr, make_bytewise_calls, NULL));
	pthread_join(thread, NULL);
	pthread_attr_destroy(&attr);
}

static const struct child_case stack_cases[] = {
	/* [P144] [P150] */
	{ use_small_stack, RETURNS, "a bytewise call needs little more than a page of stack" },
};

ACTION(test_small_stack, CHECK_CHILDREN(stack_cases))

/* ---- neighbours of a page ---- */

static unsigned char bytes[PAGE_SIZE];
static struct page *middle;
static unsigned char *three_pages;

ACTION(write_middle, memset(bytes, 1, sizeof(bytes)), page_write_raw(middle, bytes, 0, PAGE_SIZE))
ACTION(write_no_byte_of_middle, page_write_raw(middle, bytes, PAGE_SIZE, 0),
       page_write_raw(middle, bytes, 0, 0))
ACTION(write_middle_bytewise, page_write_bytewise_atomic(middle, bytes, 0, PAGE_SIZE))
ACTION(zero_middle, page_fill_zero(middle, 0, PAGE_SIZE))
ACTION(zero_ends_of_middle, page_fill_zero(middle, 0, 1), page_fill_zero(middle, PAGE_SIZE - 1, 1))
ACTION(copy_to_middle, page_copy(middle, 0, pages[0], 0, PAGE_SIZE))
ACTION(copy_ends_to_middle, page_copy(middle, 0, pages[0], 0, 3),
       page_copy(middle, PAGE_SIZE - 3, pages[0], 0, 3))
ACTION(copy_from_middle, page_copy(pages[0], 0, middle, 0, PAGE_SIZE))
ACTION(read_middle, page_read_raw(middle, bytes, 0, PAGE_SIZE),
       page_read_bytewise_atomic(middle, bytes, 0, PAGE_SIZE))
ACTION(map_middle, page_unmap_local(page_map_local(middle)))

static void copy_user_memory_to_middle(void)
{
	struct user_slice_reader reader = make_user_slice_reader(bytes, sizeof(bytes));

	page_copy_from_user_slice(middle, &reader, 0, PAGE_SIZE);
}

static void fault_in_middle(void)
{
	struct user_slice_reader reader = make_user_slice_reader((void *)(SIZE_MAX - PAGE_SIZE), PAGE_SIZE);

	page_copy_from_user_slice(middle, &reader, 0, PAGE_SIZE);
}

static void inject_failure_in_middle(void)
{
	struct user_slice_reader reader = make_user_slice_reader(bytes, sizeof(bytes));

	page_fail_nth(1);
	page_copy_from_user_slice(middle, &reader, 0, PAGE_SIZE);
}

static const struct {
	void (*run)(void);
	const char *name;
} neighbour_cases[] = {
	{ write_middle, "page_write_raw" },
	{ write_no_byte_of_middle, "page_write_raw of no bytes" },
	{ write_middle_bytewise, "page_write_bytewise_atomic" },
	{ zero_middle, "page_fill_zero" },
	{ zero_ends_of_middle, "page_fill_zero of one byte" },
	{ copy_to_middle, "page_copy" },
	{ copy_ends_to_middle, "page_copy of three bytes" },
	{ copy_from_middle, "page_copy to another page" },
	{ read_middle, "a read" },
	{ map_middle, "a mapping" },
	{ copy_user_memory_to_middle, "page_copy_from_user_slice" },
	{ fault_in_middle, "a fault" },
	{ inject_failure_in_middle, "an injected failure" },
};

static bool range_is_old(const unsigned char *from, size_t len)
{
	while (len && *from == OLD_BYTE) {
		from++;
		len--;
	}
	return !len;
}

/* The frames before and after the page of a call must keep their bytes. */
static void test_neighbours(void)
{
	struct page *last;

	three_pages = page_buffer_alloc(3 * PAGE_SIZE);
	middle = page_borrow(three_pages + PAGE_SIZE);
	for (size_t i = 0; i < COUNT(neighbour_cases); i++) {
		memset(three_pages, OLD_BYTE, 3 * PAGE_SIZE);
		neighbour_cases[i].run();
		/* [P2] [P136] [P139] */
		ok(range_is_old(three_pages, PAGE_SIZE) &&
			   range_is_old(three_pages + 2 * PAGE_SIZE, PAGE_SIZE),
		   "%s changes no byte of the pages beside", neighbour_cases[i].name);
	}
	memset(three_pages, OLD_BYTE, 3 * PAGE_SIZE);
	last = page_borrow(three_pages + 2 * PAGE_SIZE);
	page_get(middle);
	page_get(last);
	page_buffer_free(three_pages);
	page_read_raw(middle, bytes, 0, PAGE_SIZE);
	/* [P209] [P59] [P218] */
	ok(range_is_old(bytes, PAGE_SIZE), "a page keeps its bytes while the page before it is freed");
	page_free(last);
	page_read_raw(middle, bytes, 0, PAGE_SIZE);
	ok(range_is_old(bytes, PAGE_SIZE), "a page keeps its bytes while the page after it is freed");
	page_free(middle);
}

/* ---- frames that were used before ---- */

enum { MANY = 300 };

static bool is_in_buffer(struct page *page)
{
	unsigned char *addr = page_map_local(page);
	bool is_borrowed = page_borrow(page_canonical(addr)) ||
			   page_borrow((unsigned char *)page_canonical(addr) + PAGE_SIZE - 1);

	page_unmap_local(addr);
	return is_borrowed;
}

/* The frames of a freed buffer are allocated as pages. */
static void test_pages_that_were_buffers(void)
{
	static struct page *singles[MANY];
	bool alone = true, single = true;

	page_buffer_free(page_buffer_alloc(MANY * PAGE_SIZE));
	for (size_t i = 0; i < MANY; i++) {
		singles[i] = alloc_zeroed_page();
		alone &= !is_in_buffer(singles[i]);
		single &= page_ref_count(singles[i]) == 1;
	}
	/* [P221] */
	ok(alone, "a page in the frame of a freed buffer is in no buffer");
	/* [P41] [P65] */
	ok(single, "a page in a frame that was used before has one reference");
	for (size_t i = 0; i < MANY; i++)
		page_free(singles[i]);
	ok(page_ref_count(pages[0]) == 1, "pages of freed buffers can be freed");
}

/* Exhausts the memory, frees it, and allocates a buffer whose frames were pages. */
static void allocate_buffer_of_used_frames(void)
{
	enum { MOST = 1 << 17 };
	static struct page *all[MOST];
	size_t count = 0, found = 0;
	unsigned char *buffer;
	struct page *page = NULL;

	while (count < MOST && (all[count] = page_alloc(GFP_KERNEL)))
		count++;
	abort_unless(count < MOST && errno == ENOMEM && !page_buffer_alloc(2 * PAGE_SIZE));
	while (count)
		page_free(all[--count]);
	buffer = page_buffer_alloc(MANY * PAGE_SIZE - 1);
	abort_unless(buffer && page_buffer_size(buffer) == MANY * PAGE_SIZE - 1 && page_borrow(buffer));
	memset(buffer, 1, MANY * PAGE_SIZE);
	while ((page = page_buffer_next(buffer, page))) {
		abort_unless(page == page_borrow(buffer + found * PAGE_SIZE) && page_ref_count(page) == 1);
		found++;
	}
	abort_unless(found == MANY);
	page_buffer_free(buffer);
}

/* Allocates buffers until memory is exhausted, and then the rest in single pages. */
static void allocate_until_too_large(void)
{
	enum { PAGES = 1000, MOST = 200 };
	static unsigned char *buffers[MOST];
	size_t count = 0, singles = 0;

	errno = 0;
	while (count < MOST && (buffers[count] = page_buffer_alloc(PAGES * PAGE_SIZE))) {
		buffers[count][0] = buffers[count][PAGES * PAGE_SIZE - 1] = (unsigned char)count;
		count++;
	}
	abort_unless(count < MOST && errno == ENOMEM);
	while (singles < PAGES && page_alloc(GFP_KERNEL))
		singles++;
	abort_unless(singles < PAGES && page_alloc(GFP_KERNEL | __GFP_NOFAIL) == NULL);
	for (size_t i = 0; i < count; i++)
		abort_unless(buffers[i][0] == (unsigned char)i &&
			     buffers[i][PAGES * PAGE_SIZE - 1] == (unsigned char)i);
	page_buffer_free(buffers[--count]);
	abort_unless(page_alloc(GFP_KERNEL));
}

static void *allocate_all(void *count)
{
	while (page_alloc(GFP_KERNEL))
		++*(size_t *)count;
	return NULL;
}

/* The frames that the first thread freed must be there for another thread. */
static void allocate_frames_of_first_thread(void)
{
	enum { MOST = 1 << 17 };
	static struct page *all[MOST];
	size_t count = 0, of_thread = 0, freed;

	while (count < MOST && (all[count] = page_alloc(GFP_KERNEL)))
		count++;
	freed = count;
	while (count)
		page_free(all[--count]);
	run_thread_and_wait(allocate_all, &of_thread);
	abort_unless(of_thread + 200 > freed);
}

static const struct child_case memory_cases[] = {
	/* [P197] [P198] [P200] [P201] [P214] [P222] [P224] [P225] */
	{ allocate_buffer_of_used_frames, RETURNS, "a buffer in frames that were pages" },
	/* [P205] [P49] [P51] [P36] */
	{ allocate_until_too_large, RETURNS,
	  "a buffer that is larger than the rest of the memory is refused" },
	/* [P16] [P56] */
	{ allocate_frames_of_first_thread, RETURNS, "frames of the first thread can be allocated by others" },
};

/* The backend does not change which frames are free, so the slow cases run with one backend. */
static void test_memory(void)
{
	if (backend_is("direct"))
		CHECK_CHILDREN(memory_cases);
}

/* ---- children and grandchildren ---- */

static unsigned char *kept;

/* Uses more addresses than a task can have at once, so each address was used before. */
static void use_all_addresses(unsigned char byte)
{
	for (int i = 0; i < 40; i++) {
		unsigned char *addr = page_map_local(pages[i % 2]);

		addr[i] = byte;
		page_unmap_local(addr);
	}
}

static bool bytes_of_addresses_are(unsigned char byte)
{
	bool good = true;

	for (int i = 0; i < 40; i++) {
		unsigned char got = 0;

		page_read_raw(pages[i % 2], &got, (size_t)i, 1);
		good &= got == byte;
	}
	return good;
}

static bool child_succeeds(void (*run)(void))
{
	int wait_status = -1;
	pid_t pid = fork();

	if (!pid) {
		run();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &wait_status, 0) == pid && !wait_status;
}

static void write_as_grandchild(void)
{
	abort_unless(bytes_of_addresses_are(2) && kept[100] == 2);
	use_all_addresses(3);
	kept[100] = 3;
	abort_unless(bytes_of_addresses_are(3) && kept[100] == 3);
}

static void write_as_child(void)
{
	abort_unless(bytes_of_addresses_are(1) && kept[100] == 1);
	use_all_addresses(2);
	kept[100] = 2;
	abort_unless(child_succeeds(write_as_grandchild));
	abort_unless(bytes_of_addresses_are(2) && kept[100] == 2);
	page_unmap_local(kept);
}

static void test_family(void)
{
	kept = page_map_local(pages[0]);
	kept[100] = 1;
	use_all_addresses(1);
	/* [P75] [P19] */
	ok(child_succeeds(write_as_child) && bytes_of_addresses_are(1) && kept[100] == 1,
	   "children and grandchildren have their own copies of pages, at addresses that were used before");
	page_unmap_local(kept);
}

/* ---- user memory that changes ---- */

static void test_changed_user_memory(void)
{
	unsigned char *user =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	bool fresh = true, faults = true;

	for (int i = 1; i < 5; i++) {
		struct user_slice_reader reader = make_user_slice_reader(user, PAGE_SIZE), again = reader;

		memset(user, i, PAGE_SIZE);
		fresh &= !page_copy_from_user_slice(pages[0], &reader, 0, PAGE_SIZE);
		page_read_raw(pages[0], bytes, 0, PAGE_SIZE);
		fresh &= !memcmp(bytes, user, PAGE_SIZE);
		memset(user, i + 100, PAGE_SIZE);
		fresh &= !user_slice_read(&again, bytes, PAGE_SIZE) && !memcmp(bytes, user, PAGE_SIZE);
		/* The page already has the bytes that the memory had before, so a copy that is left out looks
		 * right. */
		mprotect(user, PAGE_SIZE, PROT_NONE);
		again = make_user_slice_reader(user, PAGE_SIZE);
		faults &= page_copy_from_user_slice(pages[0], &again, 0, PAGE_SIZE) == -EFAULT;
		page_read_raw(pages[0], bytes, 0, PAGE_SIZE);
		faults &= !bytes[0] && !memcmp(bytes, bytes + 1, PAGE_SIZE - 1);
		mprotect(user, PAGE_SIZE, PROT_READ | PROT_WRITE);
		faults &= !page_copy_from_user_slice(pages[0], &again, 0, PAGE_SIZE);
	}
	/* [P10] [P187] [P196] [P160] */
	ok(fresh, "each copy has the bytes that user memory has now");
	/* [P195] */
	ok(faults, "memory that was readable before faults, and the other way round");
	munmap(user, PAGE_SIZE);
}

static void test_user_slice_calls_are_no_failure_points(void)
{
	static unsigned char user[8];
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(user));
	struct user_slice_writer writer, copy;

	user_slice_writer_init(&writer, user_slice_new(user, sizeof(user)));
	page_fail_nth(1);
	/* [P172] [P170] [P173] */
	ok(!user_slice_read(&reader, bytes, 4) && user_slice_left(&reader) == 4,
	   "user_slice_read is no failure point");
	copy = writer;
	/* [P183] [P176] [P177] [P179] [P181] [P182] [P184] */
	ok(!user_slice_write(&writer, "abcd", 4) && user_slice_writer_left(&writer) == 4 &&
		   user_slice_writer_left(&copy) == 8 && !user_slice_write(&copy, "efgh", 4) &&
		   !user_slice_write(&writer, "ijkl", 4) && !memcmp(user, "efghijkl", 8),
	   "user_slice_write is no failure point, and copies of a writer write the same bytes");
	/* [P260] [P262] */
	ok(page_fail_nth(0) == 1 && page_fail_nth(0) == 0, "the failure was not used up");
}

/* [P160] [P164] [P171] */
static void test_copies_of_readers(void)
{
	static const unsigned char user[] = "abcdefgh";
	struct user_slice_reader reader = make_user_slice_reader(user, 8), copy = reader;

	ok(!user_slice_read(&reader, bytes, 3) && !memcmp(bytes, "abc", 3) &&
		   !user_slice_read(&copy, bytes, 4) && !memcmp(bytes, "abcd", 4) &&
		   !user_slice_read(&reader, bytes, 5) && !memcmp(bytes, "defgh", 5),
	   "copies of a reader read the same bytes");
}

UNIT_TEST_IN_MAP_MODES(test_page_promises, test_refused_choices, test_wide_lengths_of_user_memory,
		       test_wide_slices, test_wide_buffers, test_addresses_of_callbacks,
		       test_results_of_callbacks, test_report_of_borrowed_page, test_end_of_page,
		       test_refused_attributes, test_small_stack, test_new_tasks_inherit_nothing, test_names,
		       test_tasks_of_threads, test_neighbours, test_pages_that_were_buffers, test_memory,
		       test_family, test_changed_user_memory, test_user_slice_calls_are_no_failure_points,
		       test_copies_of_readers)
