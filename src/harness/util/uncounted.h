/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Code that engines do not count: what it does depends on other processes, or on what came
 * before, and would look like news of an input (tests/test_same.sh). The functions between
 * the two lines.
 */
#ifndef HARNESS_UNCOUNTED_H
#define HARNESS_UNCOUNTED_H

#ifdef __clang__
/* Where such a function is inlined it would be counted with the other. */
#define UNCOUNTED_BEGIN \
	_Pragma("clang attribute push(__attribute__((no_sanitize(\"coverage\"))), apply_to = function)") \
	_Pragma("clang attribute push(__attribute__((noinline)), apply_to = function)")
#define UNCOUNTED_END _Pragma("clang attribute pop") _Pragma("clang attribute pop")
#else
#define UNCOUNTED_BEGIN
#define UNCOUNTED_END
#endif

#endif
