/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes the system refuse: a kernel filter (seccomp) lets one system call of a child fail. The
 * child has no page yet, so it can still choose a backend.
 */
#ifndef TESTS_REFUSE_H
#define TESTS_REFUSE_H

#include <errno.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "page/sync.h"
#include "tests/page_test.h"
#include "tests/refuse_call.h"

static inline void refuse_mmap(int flags)
{
	refuse_if(SYNC_SYS_MMAP, 3, (unsigned int)flags, ENOMEM);
}

/* Flags of the library's mmap() calls: to reserve addresses, and to map pages of its file. */
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

/* Does the system support such filters? */
static inline bool refuses_anything(void)
{
	return !in_child(refuse_and_look).status;
}

static inline void require(bool good)
{
	if (!good)
		abort();
}

static inline void choose_backend(const char *backend)
{
	require(!page_map_backend_set(backend));
}

static inline struct page *page_or_die(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	require(page);
	return page;
}

static inline struct page *alias_page(void)
{
	choose_backend("alias");
	return page_or_die();
}

#endif
