/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For tests of the page library: runs checks once for each backend, and functions that end their
 * process in children.
 */
#ifndef TESTS_PAGE_TEST_H
#define TESTS_PAGE_TEST_H

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page/page.h"
#include "tests/tap.h"

/* Values that change when a size is cut to half of its bits, or becomes signed. */
#define SIZE_UPPER ((size_t)1 << (sizeof(size_t) * 4))
#define SIZE_TOP (~(SIZE_MAX >> 1))

static inline struct page *new_zeroed_page(void)
{
	return page_alloc(GFP_KERNEL | __GFP_ZERO);
}

/* A function that evaluates one expression. */
#define ACTION(name, ...)          \
	static void name(void)     \
	{                          \
		__VA_ARGS__;       \
	}

/* ---- child processes ---- */

struct child_result {
	int wait_status;
	char stderr_text[4096]; /* the beginning of its standard error */
};

static inline void read_stderr(struct child_result *result, int pipe_end)
{
	char discarded[512];
	size_t used = 0;
	ssize_t got;

	do {
		size_t left = sizeof(result->stderr_text) - 1 - used;

		got = left ? read(pipe_end, result->stderr_text + used, left)
			   : read(pipe_end, discarded, sizeof(discarded));
		used += left && got > 0 ? (size_t)got : 0;
	} while (got > 0);
	result->stderr_text[used] = '\0';
}

/* Runs @run in a child process. Return: the result, valid until the next call. */
static inline const struct child_result *run_in_child(void (*run)(void))
{
	static struct child_result result;
	int pipe_ends[2];
	pid_t pid;

	fflush(stdout);
	if (pipe(pipe_ends))
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(pipe_ends[1], STDERR_FILENO);
		close(pipe_ends[0]);
		close(pipe_ends[1]);
		run();
		_exit(0);
	}
	close(pipe_ends[1]);
	read_stderr(&result, pipe_ends[0]);
	close(pipe_ends[0]);
	waitpid(pid, &result.wait_status, 0);
	return &result;
}

/* How a child must end: it returns, it ends in any other way, or it reports this rule. */
#define RETURNS NULL
#define ENDS_ABNORMALLY ""

/* AddressSanitizer reports the use of a freed page before the library does. */
static inline bool child_ended_by_rule(const struct child_result *result, const char *rule)
{
	char report_start[64];

	if (rule == RETURNS || !*rule)
		return (rule == RETURNS) == !result->wait_status;
	snprintf(report_start, sizeof(report_start), "BUG: page: %s: ", rule);
	return result->wait_status && (strstr(result->stderr_text, report_start) ||
				       (!strcmp(rule, "use-after-free") &&
					strstr(result->stderr_text, "use-after-poison")));
}

struct child_case {
	void (*run)(void);
	const char *expected_rule; /* RETURNS, ENDS_ABNORMALLY, or the name of a rule */
	const char *check_name;
};

static inline void check_children(const struct child_case *cases, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct child_result *result = run_in_child(cases[i].run);

		if (!ok(child_ended_by_rule(result, cases[i].expected_rule), "%s",
			cases[i].check_name))
			printf("# expected %s, got wait status %#x and: %.600s\n",
			       cases[i].expected_rule ? cases[i].expected_rule : "a return",
			       (unsigned int)result->wait_status, result->stderr_text);
	}
}

/* ---- backends ---- */

struct map_mode {
	const char *name, *backend, *revoke; /* @revoke NULL: the default */
};

static const struct map_mode map_modes[] = {
	{ "direct", "direct", NULL },
	{ "alias", "alias", NULL },
	{ "alias, protect", "alias", "protect" },
	{ "alias, none", "alias", "none" },
};

/* With 32-bit addresses only "protect" has enough address space. */
#define MAP_MODES (COUNT(map_modes) - (sizeof(void *) == 4))

static inline bool is_backend(const char *backend)
{
	return !strcmp(page_map_backend(), backend);
}

/* Return: whether an access through an ended mapping ends the process. */
static inline bool mode_revokes_addresses(void)
{
	return is_backend("alias") && strcmp(tap_prefix, "alias, none: ") != 0;
}

/* Returns whether the library has the backend. A child tries, because the choice is final. */
static inline bool has_backend(const char *name)
{
	int wait_status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_map_backend_set(name) != 0);
	waitpid(pid, &wait_status, 0);
	return !wait_status;
}

static inline void run_checks_in_mode(const struct map_mode *mode, void (*checks)(void),
				      int pipe_end)
{
	static char prefix[32];
	unsigned int check_counts[2];

	snprintf(prefix, sizeof(prefix), "%s: ", mode->name);
	tap_prefix = prefix;
	if (page_map_backend_set(mode->backend) ||
	    (mode->revoke && page_map_revoke_set(mode->revoke)))
		abort();
	checks();
	check_counts[0] = tap_check_count;
	check_counts[1] = tap_failure_count;
	if (write(pipe_end, check_counts, sizeof(check_counts)) != sizeof(check_counts))
		abort();
	exit(0);
}

/* Runs the checks in a child process for each mode; the numbers of checks continue. */
static inline void run_in_map_modes(void (*checks)(void))
{
	for (size_t i = 0; i < MAP_MODES; i++) {
		unsigned int check_counts[2];
		int pipe_ends[2], wait_status = 0;
		bool complete;
		pid_t pid;

		if (!has_backend(map_modes[i].backend)) {
			ok(true, "# SKIP the page library has no backend %s", map_modes[i].backend);
			continue;
		}
		fflush(stdout);
		if (pipe(pipe_ends))
			abort();
		pid = fork();
		if (pid == 0)
			run_checks_in_mode(&map_modes[i], checks, pipe_ends[1]);
		close(pipe_ends[1]);
		complete = read(pipe_ends[0], check_counts, sizeof(check_counts)) ==
			   sizeof(check_counts);
		if (complete) {
			tap_check_count = check_counts[0];
			tap_failure_count = check_counts[1];
		}
		close(pipe_ends[0]);
		waitpid(pid, &wait_status, 0);
		ok(!wait_status && complete, "%s: the process ends normally", map_modes[i].name);
	}
}

#endif
