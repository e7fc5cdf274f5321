/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_ISOLATE_H
#define HARNESS_ISOLATE_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes of a child's output that are kept: the first ones. */
#define ISOLATE_OUTPUT (64 * 1024)

/* Exit status of a child that could not be given its output. */
#define ISOLATE_NO_OUTPUT 125

struct isolated {
	bool hung;	/* it was killed after its time */
	int exit_code;	/* or -1 */
	int signal;	/* that ended it, or 0 */
	char output[ISOLATE_OUTPUT]; /* standard output and error, a string */
};

/*
 * Calls @fn in a child process of its own and waits for its end. What @fn is to tell
 * goes through memory that the caller shares.
 * @seconds: its time; after it the child is killed
 * Return: false if the system refuses a child, or does not say how the child ended; then
 * nothing is known of @fn.
 */
bool isolate(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result);

/* Memory that parent and child share, zeroed; NULL without. Never freed. */
void *isolate_map_shared(size_t size);

#endif
