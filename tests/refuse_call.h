/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Makes system calls of this process fail, by a seccomp filter of the kernel. */
#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#define ANY_ARG 6

/*
 * From now on the system call @syscall_number fails with @error_number: always if @arg_index is ANY_ARG,
 * otherwise only if the lower half of that argument, counted from 0, is @arg_value.
 * Return: false if the kernel has no seccomp filters.
 */
static inline bool refuse_system_call_if(unsigned int syscall_number, unsigned int arg_index,
					 unsigned int arg_value, int error_number)
{
	unsigned int arg_offset = (unsigned int)offsetof(struct seccomp_data, args) + arg_index % ANY_ARG * 8;
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, syscall_number, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, arg_offset),
		BPF_JUMP(BPF_JMP | (arg_index == ANY_ARG ? BPF_JGE : BPF_JEQ) | BPF_K, arg_value, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned int)error_number),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(filter) / sizeof(filter[0]), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static inline void refuse_system_call(unsigned int syscall_number, int error_number)
{
	refuse_system_call_if(syscall_number, ANY_ARG, 0, error_number);
}
