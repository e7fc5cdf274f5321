/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For tests of the page library: runs all checks once for each backend, each time in a child
 * process.
 * Misuse is tested in further child processes.
 */
#ifndef TESTS_PAGE_TEST_H
#define TESTS_PAGE_TEST_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page/page.h"
#include "tests/tap.h"

/* Values that change when a size is cut to half of its bits, or becomes signed. */
#define SIZE_UPPER ((size_t)1 << (sizeof(size_t) * 4))
#define SIZE_TOP   (~(SIZE_MAX >> 1))

/* The wait status of a child and the beginning of its standard error. */
struct child_result {
	int status;
	char stderr_text[4096];
};

static inline void child_result_read(struct child_result *outcome, int from)
{
	char drop[512];
	size_t used = 0;
	ssize_t got;

	do {
		bool full = used + 1 == sizeof(outcome->stderr_text);

		got = full ? read(from, drop, sizeof(drop)) :
			     read(from, outcome->stderr_text + used, sizeof(outcome->stderr_text) - 1 - used);
		used += !full && got > 0 ? (size_t)got : 0;
	} while (got > 0);
	outcome->stderr_text[used] = '\0';
}

/* Runs @fn in a child process. */
static inline struct child_result in_child(void (*fn)(void))
{
	static struct child_result outcome;
	int ends[2];
	pid_t pid;

	fflush(stdout);
	if (pipe(ends))
		abort();
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDERR_FILENO);
		close(ends[0]);
		close(ends[1]);
		fn();
		_exit(0);
	}
	close(ends[1]);
	child_result_read(&outcome, ends[0]);
	close(ends[0]);
	waitpid(pid, &outcome.status, 0);
	return outcome;
}

/*
 * Does @fn end the process with the library's report of @rule, or with a sanitizer's that
 * contains @or?
 */
static inline bool aborts_with_or(void (*fn)(void), const char *rule, const char *or)
{
	struct child_result outcome = in_child(fn);
	char line[64];
	bool good;

	snprintf(line, sizeof(line), "BUG: page: %s: ", rule);
	good = outcome.status && (strstr(outcome.stderr_text, line) || (or && strstr(outcome.stderr_text, or)));
	if (!good)
		printf("# expected %s, got status %#x and: %.600s\n", line, outcome.status,
		       outcome.stderr_text);
	return good;
}

static inline bool aborts_with(void (*fn)(void), const char *rule)
{
	return aborts_with_or(fn, rule, NULL);
}

/* Does @fn return? */
static inline bool returns_normally(void (*fn)(void))
{
	struct child_result outcome = in_child(fn);

	if (outcome.status)
		printf("# status %#x: %.600s\n", outcome.status, outcome.stderr_text);
	return !outcome.status;
}

/* Does @fn end the process? */
static inline bool ends_abnormally(void (*fn)(void))
{
	return in_child(fn).status != 0;
}

struct map_mode {
	const char *backend, *revoke; /* @revoke NULL: the default */
};

static const struct map_mode map_modes[] = {
	{ "direct", NULL }, { "alias", NULL }, { "alias", "protect" }, { "alias", "none" }
};

/* With 32-bit addresses only "protect" has enough address space. */
#define MAP_MODES (COUNT(map_modes) - (sizeof(void *) == 4))

/* The mode of this process, for names of checks. */
static char mode_name[32] = "unset";

static inline void mode_set(const struct map_mode *mode)
{
	snprintf(mode_name, sizeof(mode_name), "%s%s%s", mode->backend, mode->revoke ? ", " : "",
		 mode->revoke ? mode->revoke : "");
	if (page_map_backend_set(mode->backend) || (mode->revoke && page_map_revoke_set(mode->revoke)))
		abort();
}

static inline bool backend_is(const char *backend)
{
	return !strcmp(page_map_backend(), backend);
}

/* A library need not have every backend. Tested in a child, because the choice cannot be undone. */
static inline bool backend_is_there(const char *name)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_map_backend_set(name) != 0);
	waitpid(pid, &status, 0);
	return !status;
}

/* Runs each mode in a child process; the numbers of checks continue from child to child. */
static inline void run_in_map_modes(void (*checks)(void))
{
	for (size_t i = 0; i < MAP_MODES; i++) {
		unsigned int counts[2] = { 0, 1 };
		int ends[2], status = 0;
		pid_t pid;

		if (!backend_is_there(map_modes[i].backend)) {
			ok(true, "# SKIP the page library has no backend %s", map_modes[i].backend);
			continue;
		}
		fflush(stdout);
		if (pipe(ends))
			abort();
		pid = fork();
		if (pid == 0) {
			mode_set(&map_modes[i]);
			checks();
			counts[0] = tap_check_count;
			counts[1] = tap_failure_count;
			if (write(ends[1], counts, sizeof(counts)) != sizeof(counts))
				abort();
			exit(0);
		}
		close(ends[1]);
		if (read(ends[0], counts, sizeof(counts)) == sizeof(counts)) {
			tap_check_count = counts[0];
			tap_failure_count = counts[1];
		}
		close(ends[0]);
		waitpid(pid, &status, 0);
		ok(!status && counts[0], "%s: the process ended well", map_modes[i].backend);
	}
}

#endif
