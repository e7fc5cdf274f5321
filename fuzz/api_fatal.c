/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* How child processes of fuzz_api run and end, and misuse whose report is caught. */
#include "fuzz/api.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/detect/report_catch.h"
#include "harness/library.h"
#include "harness/util/isolate_server.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"

#define CHILD_SECONDS 5

/*
 * A child costs as much as a hundred inputs. The first call of each kind gets a child of the server
 * (isolate_server.h) if it needs no state of the input. All children of the server start with the same state,
 * so a second one would show nothing new. Then one call in 32768 gets a child of this process, which has the
 * state that earlier inputs left, and costs several times as much. The first call that needs the state of
 * the input gets such a child, too. Where it is possible, each report is caught (report_catch.h), and only
 * the first call gets a child.
 */
#define CHILD_ONCE_IN 32768

/*
 * The reports of child processes need no function names, and looking the names up takes a second. Only the
 * other targets search for uses of a stack frame after a return, which takes a tenth of the time.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "symbolize=0:detect_stack_use_after_return=0";
}

NO_COVERAGE_BEGIN

/* ---- misuse, which must end the child ---- */

struct misuse {
	void (*fn)(void *ctx);
	void *ctx;
	bool must_end_with_report; /* otherwise a report is a finding, and its stacks are of use */
};

static void run_misuse(void *ctx)
{
	const struct misuse *misuse = ctx;

	detector_hide_child_death_from_engine();
	if (misuse->must_end_with_report)
		detector_shorten_reports();
	misuse->fn(misuse->ctx);
}

/* Return: the library's report of @rule ("": any rule) in @text, or NULL. */
static const char *find_report(const char *text, const char *rule)
{
	char expected_report[64];

	snprintf(expected_report, sizeof(expected_report), "BUG: page: %s%s", rule, *rule ? ": " : "");
	return api_find_text(text, expected_report);
}

/* A report names the task as "by TASK at ADDRESS". A child can have switched to API_CHILD_TASK. */
static bool names_task(const char *report, const char *task)
{
	char by_task[PAGE_TASK_NAME + 16];

	snprintf(by_task, sizeof(by_task), "by %s at ", task);
	return api_find_text(report, by_task) || api_find_text(report, API_CHILD_TASK);
}

bool api_is_report_of_child(const char *line, const char *rule)
{
	const char *report = find_report(line, rule);

	return report && api_find_text(report, API_CHILD_TASK);
}

static const char misuse_begins_text[] = "misuse begins\n";

void api_child_begin_misuse(void)
{
	(void)!write(STDERR_FILENO, misuse_begins_text, strlen(misuse_begins_text));
}

static bool has_signal_or_sanitizer_report(const struct isolated *child)
{
	return child->signal || api_find_text(child->output, "Sanitizer: ");
}

/* [P21] [P22] */
static bool has_expected_report(const struct isolated *child, const char *task, const char *rule,
				bool is_signal_accepted)
{
	const char *report = find_report(child->output, rule ? rule : "");

	if (!rule)
		return !report && api_find_text(child->output, misuse_begins_text) &&
		       has_signal_or_sanitizer_report(child);
	if (report)
		return child->signal == SIGABRT && names_task(report, task);
	return is_signal_accepted && has_signal_or_sanitizer_report(child);
}

static struct misuse *misuse_in_server; /* in shared memory */

void api_start_server(void)
{
	misuse_in_server = isolate_map_shared_or_exit(sizeof(*misuse_in_server));
	isolate_server_start();
}

static bool run_child_of_server(const struct misuse *misuse, struct isolated *child)
{
	*misuse_in_server = *misuse;
	return isolate_call_in_server(run_misuse, misuse_in_server, CHILD_SECONDS, child);
}

static void run_child(const struct misuse *misuse, bool is_child_of_server, struct isolated *child)
{
	bool has_run = is_child_of_server ?
			       run_child_of_server(misuse, child) :
			       isolate_call(run_misuse, (void *)(uintptr_t)misuse, CHILD_SECONDS, child);

	if (!has_run) {
		fprintf(stderr, "expected a process, got none\n");
		abort();
	}
	api_expect(!child->has_timed_out, "a child process hung for %d s", CHILD_SECONDS);
}

static struct isolated child;

static const char *name_end(const char *rule)
{
	return !rule ? "a signal or the sanitizer" : *rule ? rule : "a report of the library";
}

static void check_misuse_in_child(const struct misuse *misuse, bool is_child_of_server, const char *task,
				  const char *rule, bool is_signal_accepted)
{
	run_child(misuse, is_child_of_server, &child);
	api_expect(!child.has_returned, "misuse did not end the process, expected %s", name_end(rule));
	api_expect(has_expected_report(&child, task, rule, is_signal_accepted),
		   "misuse ended the process in another way than by %s: %.400s", name_end(rule),
		   child.output);
}

static void maybe_check_misuse(unsigned int *count, const struct misuse *misuse, bool needs_state_of_input,
			       const char *task, const char *rule, bool is_signal_accepted)
{
	if (++*count == 1 || *count % CHILD_ONCE_IN == 0)
		check_misuse_in_child(misuse, *count == 1 && !needs_state_of_input, task, rule,
				      is_signal_accepted);
}

/* Each input calls page_task_name(), because this call of the library is coverage of the input. */
void api_maybe_check_misuse(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule,
			    bool is_signal_accepted)
{
	struct misuse misuse = { fn, ctx, true };

	maybe_check_misuse(count, &misuse, false, page_task_name(page_task_current()), rule,
			   is_signal_accepted);
}

void api_maybe_check_misuse_in_child(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule,
				     bool is_signal_accepted)
{
	struct misuse misuse = { fn, ctx, true };

	maybe_check_misuse(count, &misuse, true, page_task_name(page_task_current()), rule,
			   is_signal_accepted);
}

/* ---- misuse in this process ---- */

static void catch_and_check_report(const struct misuse *misuse, const char *task, const char *rule)
{
	static char line[REPORT_LINE_SIZE];
	const char *report;

	api_expect(report_catch(misuse->fn, misuse->ctx, line), "misuse was not reported, expected %s",
		   name_end(rule));
	report = find_report(line, rule);
	api_expect(report && names_task(report, task),
		   "misuse was reported as: %.400s, expected %s and the name of the task, '%s'", line,
		   name_end(rule), task);
}

void api_check_misuse(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule)
{
	const char *task = page_task_name(page_task_current());
	struct misuse misuse = { fn, ctx, true };
	bool can_be_caught = library_get()->calls_bug_hook;

	/* The report is coverage of the input, so each input catches it, also one that gets a child. */
	if (can_be_caught)
		catch_and_check_report(&misuse, task, rule);
	if (!can_be_caught || !*count)
		maybe_check_misuse(count, &misuse, true, task, rule, false);
}

/* ---- a child that must end with status 0 ---- */

void api_maybe_check_child(unsigned int *count, void (*fn)(void *ctx), void *ctx, bool needs_state_of_input)
{
	struct misuse misuse = { fn, ctx, false };

	if (++*count != 1 && *count % CHILD_ONCE_IN != 0)
		return;
	run_child(&misuse, *count == 1 && !needs_state_of_input, &child);
	api_expect(child.has_returned, "a child process ended with status %d, signal %d: %.400s",
		   child.exit_code, child.signal, child.output);
}

_Noreturn void api_end_child_with(const char *message)
{
	fprintf(stderr, "%s\n", message);
	fflush(stderr);
	_Exit(1);
}

bool api_can_child_start_thread(void)
{
	return !detector_has_tsan();
}

void api_child_start_new_task(void)
{
	static const struct page_fault_attr off = PAGE_FAULT_ATTR_INIT;
	struct page_task *task = page_task_new(API_CHILD_TASK);

	api_child_expect(task, "page_task_new failed");
	page_task_hook_set(NULL);
	page_task_switch_out(page_task_current());
	page_task_switch_in(task);
	for (enum page_fault_point point = 0; point < PAGE_FAULT_POINTS; point++)
		page_fault_attr_set(point, &off);
}

/* ---- mappings ---- */

static void unmap_address(void *addr)
{
	page_unmap_local(addr);
}

/* Allocates pages until the frame of @page is allocated again. Return: the page with this frame, or NULL. */
static struct page *allocate_frame_again(const struct page *page)
{
	struct page *next;

	do {
		next = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
		if (next != page)
			page_free(next);
	} while (next && next != page);
	return next;
}

/*
 * Maps a page in a task, switches the task out, frees the page, allocates its frame again, and
 * writes through the old mapping. The child process also makes the allocations, because their number depends
 * on earlier inputs.
 */
static void make_and_write_stale_mapping(void *unused)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
	struct page_task *task = page_task_new("away");
	volatile unsigned char *mapped;

	(void)unused;
	api_child_start_new_task();
	api_child_expect(page && task, "page_alloc or page_task_new failed");
	page_task_switch_in(task);
	mapped = page_map_local(page);
	page_task_switch_out(task);
	page_task_switch_in(NULL);
	page_free(page);
	api_child_expect(allocate_frame_again(page), "the frame of a freed page is not allocated again");
	page_task_switch_in(task);
	api_child_begin_misuse();
	*mapped = 1;
}

NO_COVERAGE_END

/* Return: an offset that depends on @number; for small odd numbers, an offset at the end of the page. */
static size_t derive_unmap_offset(uint64_t number)
{
	return number < NUMBER_SPAN && number % 2 ? PAGE_SIZE - 1 + number / 2 % 4 : (size_t)number;
}

void api_run_unmap_at(const struct api_call *call)
{
	static unsigned int count;
	struct model_page *page = api_get_or_alloc_page(call);
	size_t offset = derive_unmap_offset(call->numbers[0]);
	unsigned char *addr, *unmapped_address;

	if (!api_has_free_mappings(1))
		return;
	addr = page_map_local(page->page);
	/* An offset beyond the page gives an address in another page, or in no page. */
	unmapped_address = (unsigned char *)((uintptr_t)addr + offset);
	if (offset < PAGE_SIZE) {
		page_unmap_local(unmapped_address);
		return;
	}
	api_check_misuse(&count, unmap_address, unmapped_address, "");
	page_unmap_local(addr);
}

/* Tests only the backend `alias`: under `direct`, an old mapping stays valid, so its use is not detected. */
void api_run_stale_mapping(const struct api_call *call)
{
	static unsigned int count;

	api_get_or_alloc_page(call);
	if (api_is_alias())
		api_maybe_check_misuse_in_child(&count, make_and_write_stale_mapping, NULL, NULL, true);
}
