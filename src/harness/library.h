/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What page.h leaves open, and each page library decides. configure chooses the row of library.c: src/page,
 * the kernel's page.rs (--with-kernel-source), or another library (--with-page-library).
 */
#pragma once

#include <stdbool.h>

struct library {
	/*
	 * Each access of the model reaches the detector as one range, or as one atomic access for each
	 * byte. Then the detector's state follows from the program. Another library may copy in parts,
	 * or from the end, and still has the same races.
	 */
	bool has_known_access_pattern;
	bool reads_user_memory_by_readv; /* process_vm_readv() of its own process */
	bool report_names_the_call;      /* a report of misuse names the call of page.h, not one below it */
	/*
	 * R9: if a user copy meets a fault, page.h wants exactly the bytes before the fault. The
	 * kernel's uaccess.h allows fewer; the other bytes are zero.
	 */
	bool user_copy_may_stop_early;
	int bad_flags_error; /* errno of page_alloc() with flags that page.h does not allow; 0: any */
};

/* Return: the row of the page library of this build. */
const struct library *library_get(void);

/* Return: text about a system call that the library needs and the system refuses; NULL: none. */
const char *library_describe_refused_system_call(void);
