/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * For the tests of the page library: every check runs once for each backend, each in a
 * process of its own, and misuse is looked at from outside.
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

/* What is lost when a size is cut to half of its bits, or loses its sign. */
#define SIZE_UPPER ((size_t)1 << (sizeof(size_t) * 4))
#define SIZE_TOP   (~(SIZE_MAX >> 1))

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* What a child did: its wait status and the beginning of its standard error. */
struct outcome {
	int status;
	char said[4096];
};

static inline void outcome_read(struct outcome *outcome, int from)
{
	char drop[512];
	size_t used = 0;
	ssize_t got;

	do {
		bool full = used + 1 == sizeof(outcome->said);

		got = full ? read(from, drop, sizeof(drop)) :
			     read(from, outcome->said + used, sizeof(outcome->said) - 1 - used);
		used += !full && got > 0 ? (size_t)got : 0;
	} while (got > 0);
	outcome->said[used] = '\0';
}

/* Runs @fn in a child. */
static inline struct outcome in_child(void (*fn)(void))
{
	static struct outcome outcome;
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
	outcome_read(&outcome, ends[0]);
	close(ends[0]);
	waitpid(pid, &outcome.status, 0);
	return outcome;
}

/* Does @fn die, by a report of @rule of the library, or of a sanitizer that says @or? */
static inline bool dies_or(void (*fn)(void), const char *rule, const char *or)
{
	struct outcome outcome = in_child(fn);
	char line[64];
	bool good;

	snprintf(line, sizeof(line), "BUG: page: %s: ", rule);
	good = outcome.status && (strstr(outcome.said, line) || (or && strstr(outcome.said, or)));
	if (!good)
		printf("# expected %s, got status %#x and: %.600s\n", line, outcome.status,
		       outcome.said);
	return good;
}

static inline bool dies(void (*fn)(void), const char *rule)
{
	return dies_or(fn, rule, NULL);
}

/* Does @fn come to its end? */
static inline bool lives(void (*fn)(void))
{
	struct outcome outcome = in_child(fn);

	if (outcome.status)
		printf("# status %#x: %.600s\n", outcome.status, outcome.said);
	return !outcome.status;
}

/* Does @fn die at all? */
static inline bool dies_somehow(void (*fn)(void))
{
	return in_child(fn).status != 0;
}

struct way {
	const char *backend, *revoke; /* @revoke NULL: what is usual */
};

static const struct way page_ways[] = {
	{ "direct", NULL }, { "alias", NULL }, { "alias", "protect" }, { "alias", "none" }
};

/* Where addresses have 32 bits there is room for "protect" alone. */
#define PAGE_WAYS (COUNT(page_ways) - (sizeof(void *) == 4))

/* The way of this process, for names of checks. */
static char way_name[32] = "unset";

static inline void way_enter(const struct way *way)
{
	snprintf(way_name, sizeof(way_name), "%s%s%s", way->backend, way->revoke ? ", " : "",
		 way->revoke ? way->revoke : "");
	if (page_map_backend_set(way->backend) || (way->revoke && page_map_revoke_set(way->revoke)))
		abort();
}

static inline bool way_is(const char *backend)
{
	return !strcmp(page_map_backend(), backend);
}

/* All ways, or the first of them: TEST_WAYS says how many are enough. */
static inline size_t way_count(void)
{
	const char *few = getenv("TEST_WAYS");
	size_t count = few ? (size_t)atoi(few) : PAGE_WAYS;

	return count && count < PAGE_WAYS ? count : PAGE_WAYS;
}

/* A library need not have every backend. In a child: a choice stays. */
static inline bool backend_is_there(const char *name)
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(page_map_backend_set(name) != 0);
	waitpid(pid, &status, 0);
	return !status;
}

/* Each way in a process of its own; the counts go on from process to process. */
static inline int page_test_main(void (*checks)(void))
{
	for (size_t i = 0; i < way_count(); i++) {
		unsigned int counts[2] = { 0, 1 };
		int ends[2], status = 0;
		pid_t pid;

		if (!backend_is_there(page_ways[i].backend)) {
			ok(true, "# SKIP the page library has no backend %s", page_ways[i].backend);
			continue;
		}
		fflush(stdout);
		if (pipe(ends))
			abort();
		pid = fork();
		if (pid == 0) {
			way_enter(&page_ways[i]);
			checks();
			counts[0] = tap_run;
			counts[1] = tap_failed;
			if (write(ends[1], counts, sizeof(counts)) != sizeof(counts))
				abort();
			exit(0);
		}
		close(ends[1]);
		if (read(ends[0], counts, sizeof(counts)) == sizeof(counts)) {
			tap_run = counts[0];
			tap_failed = counts[1];
		}
		close(ends[0]);
		waitpid(pid, &status, 0);
		ok(!status && counts[0], "%s: the process ended well", page_ways[i].backend);
	}
	return done();
}

#endif
