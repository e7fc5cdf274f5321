/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "config.h"
#include "harness/library.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

bool library_has_known_access_pattern(void)
{
	return !strcmp(PAGE_LIBRARY, "src/page");
}

/* The library of this tree reads user memory by process_vm_readv() (src/page/user_slice.c). */
const char *library_describe_missing_requirement(void)
{
	static char description[160];
	char source = 0, target;
	struct iovec local = {&target, 1}, remote = {&source, 1};

	if (!library_has_known_access_pattern() ||
	    process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == 1)
		return NULL;
	snprintf(description, sizeof(description),
		 "expected to read this process by process_vm_readv(): %s; a "
		 "container needs SYS_PTRACE, or seccomp that allows the call",
		 strerror(errno));
	return description;
}
