/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "config.h"
#include "harness/library.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

enum library_kind { OWN, KERNEL, EXTERNAL };

static const struct library libraries[] = {
	[OWN] = { .has_known_access_pattern = true,
		  .reads_user_memory_by_readv = true,
		  .calls_bug_hook = true,
		  .report_names_the_call = true,
		  .bad_flags_error = EINVAL },
	/* The kernel's AllocError has no error number; Rust's operator `?` converts it to ENOMEM. */
	[KERNEL] = { .has_known_access_pattern = true,
		     .reads_user_memory_by_readv = true,
		     .user_read_is_failure_point = true,
		     .bad_flags_error = ENOMEM },
	[EXTERNAL] = { .user_copy_may_stop_early = true },
};


const struct library *library_get(void)
{
	return library_of_guest ? library_of_guest() : &libraries[PAGE_LIBRARY_KIND];
}

const char *library_describe_refused_system_call(void)
{
	static char description[160];
	char source = 0, target;
	struct iovec local = { &target, 1 }, remote = { &source, 1 };

	if (!library_get()->reads_user_memory_by_readv ||
	    process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1)
		return NULL;
	snprintf(description, sizeof(description),
		 "expected to read this process by process_vm_readv(): %s; a "
		 "container needs SYS_PTRACE, or seccomp that allows the call",
		 strerror(errno));
	return description;
}
