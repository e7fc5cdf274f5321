/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Finds the thread-local variables of an OS thread, including the variables of all libraries, for example
 * errno and a page library's current task. All fibers of an OS thread share these variables, so a race report
 * about such a variable is a false alarm.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define THREAD_LOCALS_MAX 32

struct thread_locals {
	unsigned int range_count;
	struct {
		uintptr_t from, to;
	} ranges[THREAD_LOCALS_MAX];
};

/* Stores the address ranges of the calling thread's thread-local variables that exist now. */
void thread_locals_find(struct thread_locals *locals);

/* Return: whether @addr is in a thread-local variable that thread_locals_find() stored in @locals. */
bool thread_locals_contain(const struct thread_locals *locals, uintptr_t addr);
