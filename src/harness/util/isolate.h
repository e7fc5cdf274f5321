/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Size of the stored output of a child, with the NUL. Later output is discarded. */
#define ISOLATE_OUTPUT (64 * 1024)

/* Exit status of a child that cannot redirect its output. */
#define ISOLATE_NO_OUTPUT 125

/* How a child process ended, and its output. */
struct isolated {
	bool has_timed_out;          /* the child was killed at its time limit */
	bool has_returned;           /* the function returned; false: it ended the child, also by exit(0) */
	int exit_code;               /* exit status of the child; -1: a signal ended it */
	int signal;                  /* signal that ended the child, or 0 */
	char output[ISOLATE_OUTPUT]; /* start of the child's standard output and error, as a string */
};

/*
 * Calls @fn in a child process, waits for the end of the child, and stores how it ended in @result. @fn can
 * return data only in shared memory.
 * @seconds: time limit, after which the child is killed
 * Return: false if the system refuses a child, or does not report how it ended; then it is unknown whether
 * @fn ran.
 */
bool isolate_call(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result);

/* Return: zeroed memory to share with later child processes, or NULL. It is never freed. */
void *isolate_map_shared(size_t size);

/* As isolate_map_shared(), but without memory the process ends, after a line on standard error. */
void *isolate_map_shared_or_exit(size_t size);

/*
 * Calls @fn in a child process, which ends with this process, and waits for the end of the child. If the
 * child does not end with status 0, this process ends in the same way: by the same signal, or with the same
 * status.
 */
void isolate_call_or_end(void (*fn)(void *ctx), void *ctx);
