/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A kernel filter (seccomp) that lets one system call of this process fail. */
#ifndef TESTS_REFUSE_CALL_H
#define TESTS_REFUSE_CALL_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ANY_ARG 6

/*
 * From now on @call fails with @error if the lower half of its argument number @arg is @value, or
 * always with ANY_ARG.
 */
static inline bool refuse_system_call_if(unsigned int call, unsigned int arg, unsigned int value,
					 int error)
{
	unsigned int at = (unsigned int)offsetof(struct seccomp_data, args) + arg % 6 * 8;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, at),
		BPF_JUMP(BPF_JMP | (arg == ANY_ARG ? BPF_JGE : BPF_JEQ) | BPF_K, value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static inline void refuse_system_call(unsigned int call, int error)
{
	refuse_system_call_if(call, ANY_ARG, 0, error);
}

#endif
