/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Code that engines do not count: what it does depends on other processes, or on what came
 * before, and would look like news of an input (tests/test_same.sh). The functions between
 * the two lines.
 */
#ifndef HARNESS_NO_COVERAGE_H
#define HARNESS_NO_COVERAGE_H

#ifdef __clang__
/* Where such a function is inlined it would be counted with the other. */
#define NO_COVERAGE_BEGIN \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))), apply_to = function)") \
	_Pragma("clang attribute push(__attribute__((noinline)), apply_to = function)")
#define NO_COVERAGE_END _Pragma("clang attribute pop") _Pragma("clang attribute pop")
#else
#define NO_COVERAGE_BEGIN
#define NO_COVERAGE_END
#endif

#endif
