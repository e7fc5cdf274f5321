/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Coroutines: several stacks on one OS thread. A switch saves the registers that a called function must keep,
 * and the stack pointer. It makes no system call on x86-64 and on 64-bit Arm; elsewhere it uses ucontext.h.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if !defined(COROUTINE_UCONTEXT) && !defined(__x86_64__) && !defined(__aarch64__)
#define COROUTINE_UCONTEXT 1
#endif

#ifdef COROUTINE_UCONTEXT
#include <ucontext.h>
#endif

#define COROUTINE_STACK ((size_t)256 << 10)

struct coroutine {
#ifdef COROUTINE_UCONTEXT
	ucontext_t context;
#else
	void *stack_pointer;
#endif
	uint8_t *stack; /* lowest address; NULL: the coroutine has the stack of the OS thread */
};

/* Maps a stack with an inaccessible page below it. The stack is never freed. Return: false without memory. */
bool coroutine_map_stack(struct coroutine *coroutine);

/* Makes the next switch to the coroutine call @fn, which must never return. */
void coroutine_prepare(struct coroutine *coroutine, void (*fn)(void));

/* Continues @to. Returns when another coroutine switches to @from, the running coroutine. */
void coroutine_switch(struct coroutine *from, struct coroutine *to);
