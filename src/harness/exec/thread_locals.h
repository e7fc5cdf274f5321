/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds the thread-local variables of an OS thread, including those of all libraries, for example
 * errno and a page library's current task. Fibers share them, because they share the OS thread, and
 * do not race on them.
 */
#ifndef HARNESS_THREAD_LOCALS_H
#define HARNESS_THREAD_LOCALS_H

#include <stdbool.h>
#include <stdint.h>

#define THREAD_LOCALS_MAX 32

struct thread_locals {
	unsigned int range_count;
	struct {
		uintptr_t from, to;
	} ranges[THREAD_LOCALS_MAX];
};

/* Finds the blocks of the calling thread that exist so far. */
void thread_locals_find(struct thread_locals *locals);

bool thread_locals_contain(const struct thread_locals *locals, uintptr_t addr);

#endif
