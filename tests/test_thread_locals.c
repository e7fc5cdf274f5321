/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <pthread.h>

#include "harness/exec/thread_locals.h"
#include "tests/tap.h"

static _Thread_local char thread_variable[3] = "ab";
static char shared_variable[3];

static void *store_thread_local_address(void *arg)
{
	*(uintptr_t *)arg = (uintptr_t)thread_variable;
	return NULL;
}

UNIT_TEST(test_thread_locals)
{
	struct thread_locals locals;
	char *heap = malloc(1), stack = 0;
	uintptr_t other = 0;
	pthread_t thread;

	thread_locals_find(&locals);
	ok(locals.range_count >= 2, "the program and the C library have thread-local variables");
	ok(thread_locals_contain(&locals, (uintptr_t)&thread_variable[0]) &&
		   thread_locals_contain(&locals, (uintptr_t)&thread_variable[2]),
	   "a thread-local variable of the program is found");
	ok(thread_locals_contain(&locals, (uintptr_t)&errno), "errno is found");
	ok(!thread_locals_contain(&locals, (uintptr_t)shared_variable), "a shared variable is not found");
	ok(!thread_locals_contain(&locals, (uintptr_t)heap), "heap memory is not found");
	ok(!thread_locals_contain(&locals, (uintptr_t)&stack), "the stack is not found");
	if (pthread_create(&thread, NULL, store_thread_local_address, &other))
		abort();
	pthread_join(thread, NULL);
	ok(other && !thread_locals_contain(&locals, other), "a variable of another thread is not found");
	free(heap);
}
