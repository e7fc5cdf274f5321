/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests that calls and accesses that break a rule (R5, R6, R8) end the process. The library's report must be
 * one line with the rule, the call, the pages and the tasks.
 */
#include "tests/page_test.h"

#include <fnmatch.h>

#include "harness/library.h"

static struct page_task *alpha, *beta;
static unsigned char bytes[PAGE_SIZE];

/* ---- steps ---- */

/*
 * A case is a list of steps "VERB ARGUMENT; ..." that run in a child process. ARGUMENT is the number of a
 * page, the number of a mapping (in the order of steps), or a task: a: alpha, b: beta, -: that of the thread.
 * The addresses of the mappings are in memory that the child shares with its parent.
 */
static unsigned char **maps;
static unsigned int map_count;

static struct page_task *find_task_of_letter(char letter)
{
	return letter == 'a' ? alpha : letter == 'b' ? beta : NULL;
}

/* Defines the step @name, which evaluates one expression. */
#define STEP(name, argument, ...)                                \
	static IN_CALLER_SECTION void step_##name(char argument) \
	{                                                        \
		__VA_ARGS__;                                     \
		PREVENT_TAIL_CALL;                               \
	}

STEP(in, task, page_task_switch_in(find_task_of_letter(task)))
STEP(out, task, page_task_switch_out(find_task_of_letter(task)))
static struct page_task *task_of_hook;

static struct page_task *return_task_of_hook(void)
{
	return task_of_hook;
}

STEP(hook, task, task_of_hook = find_task_of_letter(task), page_task_hook_set(return_task_of_hook))
STEP(delete, task, page_task_delete(find_task_of_letter(task)))
STEP(map, page, maps[map_count++] = page_map_local(pages[page - '0']))

/* Makes 15 mappings, so that only one more is possible in the current task. */
static void step_map15(char page)
{
	for (int i = 0; i < PAGE_TASK_MAPPINGS - 1; i++)
		step_map(page);
}

STEP(unmap, map, page_unmap_local(maps[map - '0']))
STEP(unmap_newest, unused, (void)unused, page_unmap_local(maps[--map_count]))
STEP(unmap_end, map, page_unmap_local(maps[map - '0'] + PAGE_SIZE))

STEP(unmap_none, unused, (void)unused, page_unmap_local(bytes))

static IN_CALLER_SECTION void *unmap_in_thread(void *addr)
{
	page_unmap_local(addr);
	PREVENT_TAIL_CALL;
	return NULL;
}

static IN_CALLER_SECTION void *map_in_thread(void *page)
{
	maps[map_count++] = page_map_local(page);
	return NULL;
}

STEP(map_in_thread, page, run_thread_and_wait(map_in_thread, pages[page - '0']))
STEP(unmap_in_thread, map, run_thread_and_wait(unmap_in_thread, maps[map - '0']))

static IN_CALLER_SECTION int map_page_and_leave_mapped(void *addr, void *ctx)
{
	(void)addr;
	page_map_local(ctx);
	PREVENT_TAIL_CALL;
	return 0;
}

STEP(callback, page, page_with_mapped(pages[0], map_page_and_leave_mapped, pages[page - '0']))

static int do_nothing(void *addr, void *ctx)
{
	(void)addr;
	(void)ctx;
	return 0;
}

STEP(mapped, page, page_with_mapped(pages[page - '0'], do_nothing, NULL))
STEP(pointer, page, page_with_pointer(pages[page - '0'], 0, 0, do_nothing, NULL))
STEP(free, page, page_free(pages[page - '0']))
STEP(get, page, page_get(pages[page - '0']))
STEP(nid, page, page_nid(pages[page - '0']))
STEP(read, page, page_read_raw(pages[page - '0'], bytes, 0, 0))
STEP(fill, page, page_fill_zero(pages[page - '0'], 0, 0))
STEP(read_bytewise, page, page_read_bytewise_atomic(pages[page - '0'], bytes, 0, 0))
STEP(write_bytewise, page, page_write_bytewise_atomic(pages[page - '0'], bytes, 0, 0))

/* Writes 0 bytes. */
static IN_CALLER_SECTION void step_write_no_bytes(char page)
{
	if (page_write_raw(pages[page - '0'], bytes, PAGE_SIZE, 0))
		_exit(1);
}

static IN_CALLER_SECTION void step_copy_user_memory(char page)
{
	struct user_slice_reader reader = make_user_slice_reader(bytes, 0);

	if (page_copy_from_user_slice(pages[page - '0'], &reader, 0, 0))
		_exit(1);
}

STEP(copy, source, page_copy(pages['1' - source], 0, pages[source - '0'], 0, 1))

/* Checks that calls with a range outside of the page return -EINVAL, even if the page is freed. */
static void step_use_bad_ranges(char page)
{
	if (page_write_raw(pages[page - '0'], bytes, 1, PAGE_SIZE) != -EINVAL ||
	    page_copy(pages[page - '0'], PAGE_SIZE, pages[page - '0'], 0, 1) != -EINVAL ||
	    page_read_raw(pages[page - '0'], bytes, PAGE_SIZE, 1) != -EINVAL)
		abort();
}

/* Allocates pages until a page has the frame of @page, which is freed. */
static void step_reuse(char page)
{
	struct page *again = NULL;

	while (again != pages[page - '0']) {
		page_free(again);
		again = alloc_zeroed_page();
	}
}

static void load_byte(const unsigned char *addr)
{
	unsigned char byte = *(const volatile unsigned char *)addr;

	__asm__ volatile("" : : "r"(byte) : "memory");
}

STEP(load, map, load_byte(maps[map - '0']))
STEP(load_before, map, load_byte(maps[map - '0'] - 1))
STEP(load_after, map, load_byte(maps[map - '0'] + PAGE_SIZE))

#define STEPS(X)            \
	X(callback)         \
	X(copy)             \
	X(copy_user_memory) \
	X(delete)           \
	X(fill)             \
	X(free)             \
	X(get)              \
	X(hook)             \
	X(in)               \
	X(load)             \
	X(load_after)       \
	X(load_before)      \
	X(map)              \
	X(map15)            \
	X(map_in_thread)    \
	X(mapped)           \
	X(nid)              \
	X(out)              \
	X(pointer)          \
	X(read)             \
	X(read_bytewise)    \
	X(reuse)            \
	X(unmap)            \
	X(unmap_end)        \
	X(unmap_in_thread)  \
	X(unmap_newest)     \
	X(unmap_none)       \
	X(use_bad_ranges)   \
	X(write_bytewise)   \
	X(write_no_bytes)

static const struct {
	const char *verb;
	void (*run)(char argument);
} steps[] = {
#define ROW(name) { #name, step_##name },
	STEPS(ROW)
#undef ROW
};

static void run_step(const char *text)
{
	size_t len = strcspn(text, " ");

	for (size_t i = 0; i < COUNT(steps); i++) {
		if (strlen(steps[i].verb) == len && !memcmp(steps[i].verb, text, len)) {
			steps[i].run(text[len + 1]);
			return;
		}
	}
	abort();
}

static const char *steps_to_run;

static void run_all_steps(void)
{
	for (const char *text = steps_to_run; text; text = strchr(text, ';')) {
		text += strspn(text, "; ");
		run_step(text);
	}
}

/* ---- cases ---- */

/*
 * report: a shell pattern for a part of the report; P0 means the address of page 0, M0 that of mapping 0, and
 * so on. No page is the first page of the library.
 */
static const struct misuse {
	const char *rule, *steps, *name, *report;
} misuses[] = {
	/* [P21] [P22] [P26] [P100] */
	{ "unmap-order", "in a; map 1; map 2; unmap 0", "an older mapping is unmapped",
	  "page_unmap_local of page P1 at M0 by alpha at 0x*, but page P2 was mapped later at 0x" },
	{ "unmap-order", "in a; map 1; map 2; in b; map 1; in a; unmap 0",
	  "an older mapping of a page that another task maps is unmapped",
	  "page_unmap_local of page P1 at M0 by alpha at 0x*, but page P2 was mapped later at 0x" },
	/* [P113] */
	{ "unmap-order", "callback 1", "a callback of page_with_mapped keeps a mapping",
	  "page_with_mapped of page P0 at 0x* by thread*, but page P1 was mapped later" },
	/* [P92] */
	{ "map-overflow", "in a; map15 1; map 2; map 0", "a 17th mapping",
	  "page_map_local of page P0 by alpha at 0x*16 of 16 mappings, the newest of page P2, mapped at 0x" },
	/* [P123] [P129] */
	{ "map-overflow", "map15 1; map 1; write_no_bytes 2", "a raw call is a 17th mapping",
	  "page_write_raw of page P2 by thread*16 of 16 mappings, the newest of page P1" },
	/* [P124] */
	{ "map-overflow", "map15 1; read 0; copy 1", "page_copy needs two mappings",
	  "page_copy of page P1 by thread*15 of 16 mappings" },
	/* [P155] */
	{ "map-overflow", "map15 0; map 0; free 1; copy 1", "page_copy maps the destination first",
	  "page_copy of page P0 by thread*16 of 16 mappings" },
	{ "use-after-free", "map15 0; free 1; copy 1", "page_copy uses one mapping for the destination", "" },
	/* [P238] [P245] */
	{ "map-overflow", "map15 1; map 1; in a; write_no_bytes 0; in -; write_no_bytes 0",
	  "a full task that is switched in again", "" },
	{ "map-overflow", "map15 1; map 1; in a; write_no_bytes 0; out a; write_no_bytes 0",
	  "a full task whose successor is switched out", "" },
	{ "map-overflow", "map15 1; map 1; in a; write_no_bytes 0; delete a; write_no_bytes 0",
	  "a full task whose successor is deleted", "" },
	{ "map-overflow", "map15 1; unmap_newest -; read 0; map 1; map 1; write_no_bytes 0",
	  "a task that is full after a call with two free mappings", "" },
	/* [P237] */
	{ "map-overflow", "in a; map15 1; map 1; in b; write_no_bytes 0; hook a; write_no_bytes 0",
	  "a full task that the hook returns", "" },
	/* [P102] */
	{ "use-after-unmap", "in a; map 1; unmap 0; unmap 0", "a mapping is unmapped twice",
	  "page_unmap_local of M0, page P1, by alpha at 0x" },
	/* [P103] */
	{ "foreign-map", "in a; unmap_none 0", "an address without a mapping is unmapped",
	  "page_unmap_local of 0x* by alpha at 0x" },
	/* [P101] */
	{ "foreign-map", "map 1; unmap_in_thread 0", "another thread's mapping is unmapped",
	  "page_unmap_local of page P1 at 0x* by thread*: mapped by thread" },
	{ "foreign-map", "in a; map 0; out a; in b; unmap 0", "a hidden mapping is unmapped", "" },
	{ "foreign-map", "in a; map 1; in b; map 2; unmap 0", "another task's mapping is unmapped",
	  "page_unmap_local of page P1 at M0 by beta at 0x*: mapped by alpha at 0x" },
	/* [P97] [P99] */
	{ ENDS_ABNORMALLY, "map 0; unmap_end 0", "the address after a mapping is unmapped",
	  "page_unmap_local of 0x" },
	/* [P60] [P128] */
	{ "use-after-free", "in a; free 1; read 1", "a freed page is read",
	  "page_read_raw of the freed page P1 by alpha at 0x" },
	{ "use-after-free", "in a; free 1; copy 1", "a freed page is copied",
	  "page_copy of the freed page P1 by alpha at 0x" },
	{ "use-after-free", "in a; free 0; copy 1", "a freed page is the destination of a copy",
	  "page_copy of the freed page P0 by alpha at 0x" },
	/* [P127] */
	{ "use-after-free", "free 1; write_no_bytes 1", "no bytes are written to a freed page",
	  "page_write_raw of the freed page P1 by thread" },
	/* [P61] */
	{ "use-after-free", "free 1; free 1", "a page is freed twice",
	  "page_free of the freed page P1 by thread" },
	/* [P54] */
	{ "use-after-free", "free 1; get 1", "page_get of a freed page",
	  "page_get of the freed page P1 by thread" },
	/* [P66] */
	{ "use-after-free", "free 1; nid 1", "page_nid of a freed page",
	  "page_nid of the freed page P1 by thread" },
	/* [P91] */
	{ "use-after-free", "free 1; map 1", "a freed page is mapped",
	  "page_map_local of the freed page P1 by thread" },
	/* [P29] */
	{ "use-after-free", "map15 1; map 1; free 2; write_no_bytes 2", "a freed page, and a 17th mapping",
	  "page_write_raw of the freed page P2 by thread" },
	/* [P25] [P122] [P125] [P126] */
	{ RETURNS, "free 0; use_bad_ranges 0", "a freed page, and a bad range", "" },
	/* [P112] */
	{ "use-after-free", "free 1; mapped 1", "page_with_mapped of a freed page",
	  "page_with_mapped of the freed page P1 by thread" },
	{ "map-overflow", "map15 1; map 1; mapped 2", "page_with_mapped is a 17th mapping",
	  "page_with_mapped of page P2 by thread*16 of 16 mappings" },
	/* [P120] */
	{ "use-after-free", "free 1; pointer 1", "page_with_pointer of a freed page",
	  "page_with_pointer of the freed page P1 by thread" },
	{ "map-overflow", "map15 1; map 1; pointer 2", "page_with_pointer is a 17th mapping",
	  "page_with_pointer of page P2 by thread*16 of 16 mappings" },
	/* [P98] */
	{ RETURNS, "map 0; free 0; unmap 0", "a mapping of a freed page may be unmapped", "" },
};

/* Raw calls of no bytes on page 1. */
static const struct {
	const char *step, *call_name;
} raw_calls[] = {
	{ "read", "page_read_raw" },
	{ "write_no_bytes", "page_write_raw" },
	{ "fill", "page_fill_zero" },
	{ "read_bytewise", "page_read_bytewise_atomic" },
	{ "write_bytewise", "page_write_bytewise_atomic" },
	{ "copy_user_memory", "page_copy_from_user_slice" },
};

/* Accesses that break R5: they end the process in modes that revoke addresses. */
static const struct {
	const char *steps, *name;
} revoked_accesses[] = {
	/* [P71] [P72] [P80] [P81] [P89] */
	{ "map 0; unmap 0; load 0", "a load through an ended mapping" },
	{ "map 0; unmap 0; map 1; load 0", "a load through an ended mapping, beside a new one" },
	/* [P70] */
	{ "map 0; map 1; load_after 0", "a load just after a mapping" },
	{ "map 0; load_before 0", "a load just before a mapping" },
	{ "map 0; free 0; load 0", "a load from a freed page" },
	/* [P244] [P246] */
	{ "in a; map 0; out a; in b; load 0", "a load through a hidden mapping" },
	/* [P252] */
	{ "in a; map 0; out a; free 0; in a; load 0", "a load from a page that was freed while hidden" },
	{ "in a; map 0; out a; free 0; reuse 0; in a; load 0", "a load from a reused frame" },
	/* [P5] [P8] */
	{ "in a; map 0; in b; free 0; load 0", "a load from a page that another task freed" },
	{ "in a; map 0; in b; map 0; free 0; load 0", "a load by the older of two tasks" },
	{ "in a; map 0; in b; map 0; free 0; load 1", "a load by the newer of two tasks" },
	{ "map 0; map 0; free 0; load 0", "a load through the older of two mappings of a freed page" },
	{ "map 0; map 0; free 0; load 1", "a load through the newer of two mappings of a freed page" },
	/* [P233] */
	{ "map_in_thread 0; load 0", "a load through a mapping of a thread that ended" },
	/* [P245] */
	{ "map 0; out -; load 0", "a load through a mapping of the thread's own task that is switched out" },
};

/* Return: the address that the name P0 (a page) or M0 (a mapping) in a pattern means; NULL: no name. */
static const void *find_named_address(const char *name)
{
	if (name[0] != 'P' && name[0] != 'M')
		return NULL;
	if (name[1] < '0' || name[1] >= '0' + (int)COUNT(pages))
		return NULL;
	return name[0] == 'P' ? (const void *)pages[name[1] - '0'] : maps[name[1] - '0'];
}

/* Copies @pattern to @text, and replaces the names of pages and mappings by their addresses. */
static void replace_names_by_addresses(const char *pattern, char *text, size_t size)
{
	size_t used = 0;

	for (; *pattern && used + 20 < size; pattern++) {
		const void *address = find_named_address(pattern);

		if (address)
			used += (size_t)snprintf(text + used, size - used, "%p", address);
		else
			text[used++] = *pattern;
		pattern += address != NULL;
	}
	text[used] = '\0';
}

static bool report_matches(const char *line, const char *pattern)
{
	char expanded[300] = "*";

	replace_names_by_addresses(pattern, expanded + 1, sizeof(expanded) - 2);
	return !fnmatch(strcat(expanded, "*"), line, 0);
}

/* Return: true if the return address @site is in the step `map`, which may be before or after `unmap`. */
static bool is_site_of_step_map(uintptr_t site)
{
	uintptr_t map = (uintptr_t)step_map, unmap = (uintptr_t)step_unmap;

	return site > map && site - map < PAGE_SIZE && (unmap < map || site <= unmap);
}

/* Return: true if each address in @line at which a page was mapped is in the step `map`; not for callbacks.
 */
static bool has_right_sites(const char *line)
{
	static const char *const ways[] = { ": mapped at ", ", mapped at ", " mapped later at ",
					    " mapped by alpha at " };

	for (size_t i = 0; i < COUNT(ways); i++) {
		const char *way = strstr(line, ways[i]);

		if (way && !is_site_of_step_map(strtoul(way + strlen(ways[i]), NULL, 16)))
			return false;
	}
	return true;
}

/* Checks the words of a report only if the library names the call, and no sanitizer reports first. */
static bool has_right_report(const struct isolated *result, const struct misuse *misuse)
{
	if (!library_get()->report_names_the_call || strstr(result->output, "Sanitizer") || !*misuse->report)
		return true;
	return result->signal == SIGABRT &&
	       strchr(result->output, '\n') == result->output + strlen(result->output) - 1 &&
	       report_matches(result->output, misuse->report) && report_names_only_callers(result->output) &&
	       (strstr(misuse->steps, "callback") || has_right_sites(result->output));
}

static void check_misuse(const struct misuse *misuse)
{
	const struct isolated *result;
	char check_name[100];

	steps_to_run = misuse->steps;
	result = run_in_child(run_all_steps);
	snprintf(check_name, sizeof(check_name), "%s: %s",
		 !misuse->rule ? "no error" :
		 *misuse->rule ? misuse->rule :
				 "any report",
		 misuse->name);
	check_child_result(child_ended_as_expected(result, misuse->rule) && has_right_report(result, misuse),
			   check_name, misuse->report, result);
}

static void test_misuses(void)
{
	for (size_t i = 0; i < COUNT(misuses); i++)
		check_misuse(&misuses[i]);
}

/* Checks that raw call @i, after the steps @first_steps, makes a report that begins with its name. */
static void check_raw_call(const char *rule, const char *first_steps, size_t i, const char *report_end)
{
	char text[100], report[100];

	snprintf(text, sizeof(text), "%s; %s 1", first_steps, raw_calls[i].step);
	snprintf(report, sizeof(report), "%s of %s", raw_calls[i].call_name, report_end);
	check_misuse(&(struct misuse){ rule, text, raw_calls[i].call_name, report });
}

/* One backend is enough, because a raw call makes no mapping by the backend. */
static void test_raw_calls(void)
{
	for (size_t i = 0; backend_is("direct") && i < COUNT(raw_calls); i++) {
		/* [P127] [P128] */
		check_raw_call("use-after-free", "in a; free 1", i, "the freed page P1 by alpha at 0x");
		/* [P123] [P129] */
		check_raw_call("map-overflow", "in a; map15 0; map 0", i,
			       "page P1 by alpha at 0x*16 of 16 mappings, the newest of page P0");
	}
}

static void test_revoked_accesses(void)
{
	for (size_t i = 0; mode_revokes_addresses() && i < COUNT(revoked_accesses); i++) {
		steps_to_run = revoked_accesses[i].steps;
		ok(run_in_child(run_all_steps)->exit_code, "%s ends the process", revoked_accesses[i].name);
	}
	if (mode_revokes_addresses())
		return;
	steps_to_run = revoked_accesses[0].steps;
	/* [P82] */
	ok(!run_in_child(run_all_steps)->exit_code, "%s is not detected", revoked_accesses[0].name);
}

/* A mistake that uses the first page of all in place of a call's page must make a difference. */
ACTION(allocate_page_without_use, alloc_zeroed_page())
ACTION(create_tasks, alpha = page_task_new("alpha"), beta = page_task_new("beta"),
       maps = isolate_map_shared_or_exit(2 * PAGE_TASK_MAPPINGS * sizeof(*maps)))
ACTION(delete_tasks, page_task_delete(alpha), page_task_delete(beta))

UNIT_TEST_IN_MAP_MODES(test_page_misuse, allocate_page_without_use, allocate_test_pages, create_tasks,
		       test_misuses, test_raw_calls, test_revoked_accesses, delete_tasks)
