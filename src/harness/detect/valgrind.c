/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Implements valgrind.h with client requests: instructions that do nothing outside of Valgrind. Each Valgrind
 * tool handles its own requests and ignores the others.
 */
#include "config.h"
#include "harness/detect/valgrind.h"

#ifdef HAVE_VALGRIND_DRD_H
#include <valgrind/drd.h>
#include <valgrind/helgrind.h>
#include <valgrind/valgrind.h>
#define HEADERS_INSTALLED true
#else
#define HEADERS_INSTALLED                       false
#define RUNNING_ON_VALGRIND                     0
#define VALGRIND_COUNT_ERRORS                   0
#define VALGRIND_HG_DISABLE_CHECKING(addr, len) ((void)(addr), (void)(len))
#define VALGRIND_DO_CLIENT_REQUEST_STMT(...)
#endif

/* The linker defines these symbols: the start and the end of writable static memory. */
extern char __data_start[], _end[];

bool valgrind_is_supported(void)
{
	return HEADERS_INSTALLED;
}

bool valgrind_is_present(void)
{
	return RUNNING_ON_VALGRIND;
}

unsigned int valgrind_error_count(void)
{
	return VALGRIND_COUNT_ERRORS;
}

void valgrind_ignore_range(const void *addr, size_t len)
{
	VALGRIND_HG_DISABLE_CHECKING(addr, len);
	VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, addr, len, 0, 0, 0);
}

void valgrind_ignore_static_memory(void)
{
	valgrind_ignore_range(__data_start, (size_t)(_end - __data_start));
}
