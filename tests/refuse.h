/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A system that refuses: a filter in the kernel (seccomp) lets one system call of a child
 * fail. That child has no page yet, so it may choose its backend.
 */
#ifndef TESTS_REFUSE_H
#define TESTS_REFUSE_H

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "page/sync.h"
#include "tests/page_test.h"

#define ANY_ARG 6

/*
 * From here on @call fails with @error, if the low half of its argument number @arg is
 * @value, or always with ANY_ARG.
 */
static inline bool refuse_if(unsigned int call, unsigned int arg, unsigned int value, int error)
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
	struct sock_fprog program = { COUNT(filter), filter };

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

static inline void refuse(unsigned int call, int error)
{
	refuse_if(call, ANY_ARG, 0, error);
}

static inline void refuse_mmap(int flags)
{
	refuse_if(SYNC_SYS_MMAP, 3, (unsigned int)flags, ENOMEM);
}

/* How the library asks: for addresses of its own, and for a file's pages at some. */
#define ADDRESSES (MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE)
#define OF_A_FILE (MAP_SHARED | MAP_FIXED)

static inline void refuse_and_look(void)
{
	if (!refuse_if(SYS_memfd_create, ANY_ARG, 0, EMFILE))
		abort();
	errno = 0;
	if (memfd_create("none", 0) >= 0 || errno != EMFILE)
		abort();
}

/* Can it be made to? */
static inline bool refuses_anything(void)
{
	return !in_child(refuse_and_look).status;
}

static inline void must(bool good)
{
	if (!good)
		abort();
}

static inline void choose(const char *backend)
{
	must(!page_map_backend_set(backend));
}

static inline struct page *page_or_die(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	must(page);
	return page;
}

static inline struct page *alias_page(void)
{
	choose("alias");
	return page_or_die();
}

#endif
