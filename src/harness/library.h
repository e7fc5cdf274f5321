/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Properties that page.h leaves to each page library. configure chooses a row of library.c: src/page, the
 * kernel's page.rs (--with-kernel-source), or another library (--with-page-library).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/model/detectable.h"

struct library {
	/*
	 * True: each access of the model reaches the detector as one range, or as one atomic access for each
	 * byte. The detector's state is then predictable. False: the library may copy in parts, or from the
	 * end, but has the same races.
	 */
	bool has_known_access_pattern;
	bool reads_user_memory_by_readv; /* the library reads user memory by process_vm_readv() */
	bool calls_bug_hook;             /* reports of misuse call page_bug_hook() of page/report.h */
	bool report_names_the_call;      /* reports of misuse name a function of page.h, no inner function */
	/*
	 * R9: if a user copy meets a fault, exactly the bytes before the fault are copied. True: the library
	 * may copy fewer bytes, and set the others to zero, as the kernel's uaccess.h allows.
	 */
	bool user_copy_may_stop_early;
	bool user_read_is_failure_point; /* user_slice_read() uses up injected failures, as in the kernel */
	const struct kernel_checks *kernel_checks; /* NULL: the calls run in this process */
	/* Logs that the program in the file @path begins, for a log that outlives a crash. May be NULL. */
	void (*announce_program)(const char *path);
	bool lacks_failure_points; /* page_fail_nth() makes no call fail */
	int bad_flags_error;       /* errno of page_alloc() with flags that page.h does not allow; 0: any */
};

/* Return: the properties of the page library of this build. */
const struct library *library_get(void);

/*
 * Return: the properties of the page calls of a guest's kernel. Only programs of guests define this function
 * (kernel/vm/guest_page.c), so its address is NULL in other programs.
 */
const struct library *library_of_guest(void) __attribute__((weak));

/* Return: an error message if the system refuses a system call that the library needs, otherwise NULL. */
const char *library_describe_refused_system_call(void);
