/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For tests of the page library: runs test functions with each backend, and functions that may end
 * their process in child processes.
 */
#pragma once

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "page/page.h"
#include "tests/tap.h"

/* Sizes that reveal a truncation to half of the bits of size_t (SIZE_UPPER), or a signed type (SIZE_TOP). */
#define SIZE_UPPER ((size_t)1 << (sizeof(size_t) * 4))
#define SIZE_TOP   (~(SIZE_MAX >> 1))

static inline struct page *alloc_zeroed_page(void)
{
	return page_alloc(GFP_KERNEL | __GFP_ZERO);
}

static inline struct user_slice_reader make_user_slice_reader(const void *start, size_t len)
{
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(start, len));
	return reader;
}

static inline pthread_t start_thread_or_abort(void *(*run)(void *arg), void *arg)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, run, arg))
		abort();
	return thread;
}

/* Runs @run in a thread, and waits for its end. */
static inline void run_thread_and_wait(void *(*run)(void *arg), void *arg)
{
	pthread_join(start_thread_or_abort(run, arg), NULL);
}

/* Defines a function without arguments that evaluates the expressions. */
#define ACTION(name, ...)      \
	static void name(void) \
	{                      \
		__VA_ARGS__;   \
	}

/* ---- call sites in reports ---- */

/*
 * The functions of a test that make calls with reports are in a section of their own, so that the test knows
 * the addresses of their call sites. PREVENT_TAIL_CALL, at the end of such a function, prevents that its last
 * call becomes a jump.
 */
#define IN_CALLER_SECTION __attribute__((noinline, section("callers_in_tests")))
#define PREVENT_TAIL_CALL __asm__ volatile("")

extern const char __start_callers_in_tests[], __stop_callers_in_tests[];

/*
 * Return: whether each address after "at" in the report is in this section, except the address of a mapping,
 * before "by".
 */
static inline bool report_names_only_callers(const char *line)
{
	static const char before[] = " at 0x";

	while ((line = strstr(line, before))) {
		char *end;
		uintptr_t site = (uintptr_t)strtoull(line + strlen(before), &end, 16);

		if (strncmp(end, " by ", 4) != 0 && (site <= (uintptr_t)__start_callers_in_tests ||
						     site >= (uintptr_t)__stop_callers_in_tests))
			return false;
		line = end;
	}
	return true;
}

/* ---- child processes ---- */

static inline void call_function(void *function_pointer)
{
	(*(void (**)(void))function_pointer)();
}

/* Runs @run in a child process. Return: the result, valid until the next run_in_child(). */
static inline const struct isolated *run_in_child(void (*run)(void))
{
	static struct isolated result;

	if (!isolate_call(call_function, &run, 300, &result))
		abort();
	return &result;
}

/* How a child must end: RETURNS, ENDS_ABNORMALLY, or the name of the rule that it reports. */
#define RETURNS         NULL
#define ENDS_ABNORMALLY ""

/* A report of AddressSanitizer is as good as one of the library, because the sanitizer reports earlier. */
static inline bool child_ended_as_expected(const struct isolated *result, const char *expected_child_end)
{
	char report_start[64];

	if (expected_child_end == RETURNS || !*expected_child_end)
		return (expected_child_end == RETURNS) == !result->exit_code;
	snprintf(report_start, sizeof(report_start), "BUG: page: %s: ", expected_child_end);
	return result->exit_code &&
	       (strstr(result->output, report_start) || (!strcmp(expected_child_end, "use-after-free") &&
							 strstr(result->output, "use-after-poison")));
}

/* Prints a check; if the check fails, also prints how the child ended. */
static inline void check_child_result(bool ended_as_expected, const char *check_name, const char *expected,
				      const struct isolated *result)
{
	if (!ok(ended_as_expected, "%s", check_name))
		printf("# expected %s, got exit code %d, signal %d and: %.600s\n",
		       expected ? expected : "a return", result->exit_code, result->signal, result->output);
}

struct child_case {
	void (*run)(void);
	const char *expected_child_end; /* RETURNS, ENDS_ABNORMALLY, or the rule that the child must report */
	const char *check_name;
};

#define CHECK_CHILDREN(cases) check_children(cases, COUNT(cases))

static inline void check_children(const struct child_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct isolated *result = run_in_child(cases[i].run);

		check_child_result(child_ended_as_expected(result, cases[i].expected_child_end),
				   cases[i].check_name, cases[i].expected_child_end, result);
	}
}

/* ---- backends ---- */

struct map_mode {
	const char *name, *backend, *revoke; /* @revoke: argument of page_map_revoke_set(), or NULL */
};

static const struct map_mode map_modes[] = {
	{ "direct", "direct", NULL },
	{ "alias", "alias", NULL },
	{ "alias, protect", "alias", "protect" },
	{ "alias, none", "alias", "none" },
};

/* With 32-bit pointers, the address space is too small for the last mode, "alias, none". */
#define MAP_MODES (COUNT(map_modes) - (sizeof(void *) == 4))

static inline bool backend_is(const char *backend_name)
{
	return !strcmp(page_map_backend(), backend_name);
}

/* Return: whether an access through an ended mapping ends the process. */
static inline bool mode_revokes_addresses(void)
{
	return backend_is("alias") && strcmp(tap_prefix, "alias, none: ") != 0;
}

/* The exit status of a child whose page library does not have the backend of the mode. */
#define NO_BACKEND 77

/* How many checks a child process made and failed, in memory that it shares with the parent process. */
struct shared_counts {
	unsigned int check_count, failure_count;
	bool is_complete; /* the child ran all tests */
};

/* Pages for the tests; allocate_test_pages() allocates them. */
static struct page *pages[4];

static inline void allocate_test_pages(void)
{
	for (size_t i = 0; i < COUNT(pages); i++)
		pages[i] = alloc_zeroed_page();
}

static inline _Noreturn void run_tests_in_mode(const struct map_mode *mode, void (*const tests[])(void),
					       struct shared_counts *counts)
{
	static char prefix[32];

	snprintf(prefix, sizeof(prefix), "%s: ", mode->name);
	tap_prefix = prefix;
	if (page_map_backend_set(mode->backend))
		_exit(NO_BACKEND);
	if (mode->revoke && page_map_revoke_set(mode->revoke))
		abort();
	while (*tests)
		(*tests++)();
	for (size_t i = 0; i < COUNT(pages); i++)
		page_free(pages[i]);
	*counts = (struct shared_counts){ tap_check_count, tap_failure_count, true };
	exit(0);
}

/* Runs @tests, up to NULL, in a child process for each mode. Checks are numbered across all children. */
static inline void run_in_map_modes(void (*const tests[])(void))
{
	struct shared_counts *counts = isolate_map_shared(sizeof(*counts));

	for (size_t i = 0; i < MAP_MODES; i++) {
		int wait_status = 0;
		pid_t pid;

		*counts = (struct shared_counts){ tap_check_count, tap_failure_count, false };
		fflush(stdout);
		pid = fork();
		if (pid == 0)
			run_tests_in_mode(&map_modes[i], tests, counts);
		waitpid(pid, &wait_status, 0);
		if (WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == NO_BACKEND) {
			ok(true, "# SKIP the page library has no backend %s", map_modes[i].backend);
			continue;
		}
		tap_check_count = counts->check_count;
		tap_failure_count = counts->failure_count;
		ok(!wait_status && counts->is_complete, "%s: the process ends normally", map_modes[i].name);
	}
}

/* Defines the unit test @test_name, which calls the given functions in each mode. */
#define UNIT_TEST_IN_MAP_MODES(test_name, ...)                                  \
	UNIT_TEST(test_name)                                                    \
	{                                                                       \
		run_in_map_modes((void (*const[])(void)){ __VA_ARGS__, NULL }); \
	}
