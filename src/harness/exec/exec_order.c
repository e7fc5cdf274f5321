/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/exec_order.h"

#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"

/* A release happens before each later acquire of the same token. Only the address of a token counts. */
static char mutex_tokens[PROGRAM_MUTEXES], semaphore_tokens[PROGRAM_SEMAPHORES];
static char to_main_token, from_main_token;

static void release(uint8_t thread, char *token)
{
	tsan_release(token);
	library_race_release(thread, token);
}

static void acquire(uint8_t thread, char *token)
{
	tsan_acquire(token);
	library_race_acquire(thread, token);
}

void exec_order_record_sync_call(void *executor, const struct call *call)
{
	uint8_t handle = call->handle[0];

	(void)executor;
	if (call->op == OP_lock)
		acquire(call->thread, &mutex_tokens[handle]);
	else if (call->op == OP_unlock)
		release(call->thread, &mutex_tokens[handle]);
	else if (call->op == OP_post)
		release(call->thread, &semaphore_tokens[handle]);
	else
		acquire(call->thread, &semaphore_tokens[handle]);
}

void exec_order_release_to_main(uint8_t thread)
{
	release(thread, &to_main_token);
}

void exec_order_acquire_as_main(void)
{
	acquire(THREAD_MAIN, &to_main_token);
}

void exec_order_release_as_main(void)
{
	release(THREAD_MAIN, &from_main_token);
}

void exec_order_acquire_from_main(uint8_t thread)
{
	acquire(thread, &from_main_token);
}
