/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_ISOLATE_H
#define HARNESS_ISOLATE_H

#include <stdbool.h>
#include <stddef.h>

/* How many bytes of a child's output are kept, from its beginning. */
#define ISOLATE_OUTPUT (64 * 1024)

/* Exit status of a child that cannot redirect its output. */
#define ISOLATE_NO_OUTPUT 125

struct isolated {
	bool has_timed_out;	/* killed at its time limit */
	int exit_code;	/* exit status, or -1 */
	int signal;	/* signal that ended it, or 0 */
	char output[ISOLATE_OUTPUT]; /* standard output and error as a string */
};

/*
 * Calls @fn in a child process and waits for its end. @fn returns data in memory that the caller
 * shares.
 * @seconds: time limit; the child is killed after it
 * Return: false if the system refuses a child, or does not report how it ended. Then the result of
 * @fn is unknown.
 */
bool isolate_call(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result);

/* Return: zeroed memory that is shared with child processes, or NULL. It is never freed. */
void *isolate_map_shared(size_t size);

#endif
