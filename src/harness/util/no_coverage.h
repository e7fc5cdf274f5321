/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Functions between NO_COVERAGE_BEGIN and NO_COVERAGE_END have no coverage counters: behaviour that depends
 * on other processes or on earlier inputs would look like new coverage (tests/test_same.sh).
 * build-aux/flavours.mk defines COUNTS_COVERAGE for the builds that have coverage counters.
 *
 * NO_COVERAGE_FILE_BEGIN and NO_COVERAGE_FILE_END enclose all functions of a file. Only these functions may
 * be inlined: elsewhere, an inlined function would have the coverage counters of its caller.
 */
#pragma once

#if defined(__clang__) && defined(COUNTS_COVERAGE)
#define NO_COVERAGE_FILE_BEGIN \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))), apply_to = function)")
#define NO_COVERAGE_FILE_END _Pragma("clang attribute pop")
#define NO_COVERAGE_BEGIN      \
	NO_COVERAGE_FILE_BEGIN \
	_Pragma("clang attribute push(__attribute__((noinline)), apply_to = function)")
#define NO_COVERAGE_END _Pragma("clang attribute pop") NO_COVERAGE_FILE_END
#else
#define NO_COVERAGE_FILE_BEGIN
#define NO_COVERAGE_FILE_END
#define NO_COVERAGE_BEGIN
#define NO_COVERAGE_END
#endif
