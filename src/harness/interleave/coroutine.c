/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleave/coroutine.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

bool coroutine_map_stack(struct coroutine *coroutine)
{
	size_t guard = (size_t)sysconf(_SC_PAGESIZE);
	uint8_t *memory = mmap(NULL, guard + COROUTINE_STACK, PROT_READ | PROT_WRITE,
			       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, guard, PROT_NONE))
		return false;
	coroutine->stack = memory + guard;
	return true;
}

#ifdef COROUTINE_UCONTEXT

void coroutine_prepare(struct coroutine *coroutine, void (*fn)(void))
{
	getcontext(&coroutine->context);
	coroutine->context.uc_stack.ss_sp = coroutine->stack;
	coroutine->context.uc_stack.ss_size = COROUTINE_STACK;
	coroutine->context.uc_link = NULL;
	makecontext(&coroutine->context, fn, 0);
}

void coroutine_switch(struct coroutine *from, struct coroutine *to)
{
	swapcontext(&from->context, &to->context);
}

#else

/*
 * coroutine_switch_stack(@save, @stack_pointer): pushes the registers that a called function must keep,
 * stores the stack pointer in *@save, and pops the registers of the other stack. A prepared stack has
 * REGISTERS words of 0 and the address to continue at.
 */
void coroutine_switch_stack(void **save, void *stack_pointer);

#if defined(__x86_64__)
#define REGISTERS            6
#define RETURN_ADDRESS_INDEX REGISTERS
#define FRAME_WORDS \
	(REGISTERS + 2) /* the return address, and a word for the alignment at a function's start */
__asm__(".text\n"
	".globl coroutine_switch_stack\n"
	".type coroutine_switch_stack, @function\n"
	"coroutine_switch_stack:\n"
	"	push %rbp\n"
	"	push %rbx\n"
	"	push %r12\n"
	"	push %r13\n"
	"	push %r14\n"
	"	push %r15\n"
	"	mov %rsp, (%rdi)\n"
	"	mov %rsi, %rsp\n"
	"	pop %r15\n"
	"	pop %r14\n"
	"	pop %r13\n"
	"	pop %r12\n"
	"	pop %rbx\n"
	"	pop %rbp\n"
	"	ret\n"
	".size coroutine_switch_stack, . - coroutine_switch_stack\n");
#else
/* x19 to x30 and d8 to d15; x30 is the return address. */
#define FRAME_WORDS          20
#define RETURN_ADDRESS_INDEX 11
__asm__(".text\n"
	".globl coroutine_switch_stack\n"
	".type coroutine_switch_stack, %function\n"
	"coroutine_switch_stack:\n"
	"	sub sp, sp, #160\n"
	"	stp x19, x20, [sp, #0]\n"
	"	stp x21, x22, [sp, #16]\n"
	"	stp x23, x24, [sp, #32]\n"
	"	stp x25, x26, [sp, #48]\n"
	"	stp x27, x28, [sp, #64]\n"
	"	stp x29, x30, [sp, #80]\n"
	"	stp d8, d9, [sp, #96]\n"
	"	stp d10, d11, [sp, #112]\n"
	"	stp d12, d13, [sp, #128]\n"
	"	stp d14, d15, [sp, #144]\n"
	"	mov x9, sp\n"
	"	str x9, [x0]\n"
	"	mov sp, x1\n"
	"	ldp x19, x20, [sp, #0]\n"
	"	ldp x21, x22, [sp, #16]\n"
	"	ldp x23, x24, [sp, #32]\n"
	"	ldp x25, x26, [sp, #48]\n"
	"	ldp x27, x28, [sp, #64]\n"
	"	ldp x29, x30, [sp, #80]\n"
	"	ldp d8, d9, [sp, #96]\n"
	"	ldp d10, d11, [sp, #112]\n"
	"	ldp d12, d13, [sp, #128]\n"
	"	ldp d14, d15, [sp, #144]\n"
	"	add sp, sp, #160\n"
	"	ret\n"
	".size coroutine_switch_stack, . - coroutine_switch_stack\n");
#endif

void coroutine_prepare(struct coroutine *coroutine, void (*fn)(void))
{
	void **frame = (void **)(void *)(coroutine->stack + COROUTINE_STACK) - FRAME_WORDS;

	memset(frame, 0, FRAME_WORDS * sizeof(*frame));
	frame[RETURN_ADDRESS_INDEX] = (void *)fn;
	coroutine->stack_pointer = frame;
}

void coroutine_switch(struct coroutine *from, struct coroutine *to)
{
	coroutine_switch_stack(&from->stack_pointer, to->stack_pointer);
}

#endif
