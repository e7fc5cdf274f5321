/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * ThreadSanitizer allocates the parts of a report, about 2 KB, and never frees them. While a report exists
 * whose race goes to a callback (tsan_set_race_callback()), the functions in this file take the place of
 * functions of ThreadSanitizer (--wrap, see tsan_hooks.c). They give it memory that the next report uses
 * again, and do not look for the names and modules of addresses, which the callback does not get.
 *
 * A report exists from its constructor to its destructor. In this time, its thread holds ThreadSanitizer's
 * lock of threads, so there is one report at a time. Other threads may allocate memory then, which is not the
 * report's. The parts have no destructor, so nothing frees memory of this file. Measured with clang 19; if
 * another runtime does not call one of the functions, this part of a report is allocated as before.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/detect/tsan.h"
#include "harness/util/no_coverage.h"

#define WEAK __attribute__((weak))

/* The functions have no prototypes, because only the linker's option --wrap refers to them. */
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wpragmas"

NO_COVERAGE_FILE_BEGIN

static _Alignas(16) unsigned char parts[1 << 16];
static size_t used_size;
static _Thread_local bool is_in_report __attribute__((tls_model("initial-exec")));

/* Return: NULL if this thread makes no report, or the report has no memory left. */
static void *alloc_part(size_t size)
{
	void *part = parts + used_size;

	size = (size + 15) & ~(size_t)15;
	if (!is_in_report || size > sizeof(parts) - used_size)
		return NULL;
	used_size += size;
	return part;
}

/* ---- the constructor and the destructor of __tsan::ReportDesc ---- */

void __real__ZN6__tsan10ReportDescC1Ev(void *report) WEAK;

void __wrap__ZN6__tsan10ReportDescC1Ev(void *report)
{
	__real__ZN6__tsan10ReportDescC1Ev(report);
	is_in_report = tsan_has_race_callback();
	used_size = is_in_report ? 0 : used_size;
}

void __real__ZN6__tsan10ReportDescD1Ev(void *report) WEAK;

void __wrap__ZN6__tsan10ReportDescD1Ev(void *report)
{
	is_in_report = false;
	__real__ZN6__tsan10ReportDescD1Ev(report);
}

/* ---- allocations ---- */

/* __tsan::Alloc(unsigned long) */
void *__real__ZN6__tsan5AllocEm(size_t size) WEAK;

void *__wrap__ZN6__tsan5AllocEm(size_t size)
{
	void *part = alloc_part(size);

	return part ? part : __real__ZN6__tsan5AllocEm(size);
}

/* __sanitizer::internal_strdup(char const *) */
char *__real__ZN11__sanitizer15internal_strdupEPKc(const char *text) WEAK;

char *__wrap__ZN11__sanitizer15internal_strdupEPKc(const char *text)
{
	size_t size = 0;
	char *copy;

	while (text && text[size++])
		;
	copy = alloc_part(size);
	if (!copy)
		return __real__ZN11__sanitizer15internal_strdupEPKc(text);
	for (size_t i = 0; i < size; i++)
		copy[i] = text[i];
	return copy;
}

/* ---- the description of an address ---- */

/* __sanitizer::SymbolizedStack::SymbolizedStack(); such an object has 112 bytes. */
void _ZN11__sanitizer15SymbolizedStackC1Ev(void *frame) WEAK;
#define FRAME_SIZE 192

/* __tsan::SymbolizeCode(unsigned long). Its caller stores the address in the frame that it returns. */
void *__real__ZN6__tsan13SymbolizeCodeEm(uintptr_t addr) WEAK;

void *__wrap__ZN6__tsan13SymbolizeCodeEm(uintptr_t addr)
{
	void *frame = alloc_part(FRAME_SIZE);

	if (!frame)
		return __real__ZN6__tsan13SymbolizeCodeEm(addr);
	_ZN11__sanitizer15SymbolizedStackC1Ev(frame);
	return frame;
}

/* __tsan::SymbolizeData(unsigned long). NULL: there is no global variable at the address. */
void *__real__ZN6__tsan13SymbolizeDataEm(uintptr_t addr) WEAK;

void *__wrap__ZN6__tsan13SymbolizeDataEm(uintptr_t addr)
{
	return is_in_report ? NULL : __real__ZN6__tsan13SymbolizeDataEm(addr);
}

NO_COVERAGE_FILE_END
