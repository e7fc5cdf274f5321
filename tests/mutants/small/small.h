/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The library of tests/test_mutate_source.sh; `expected` has its mutants. */
int small(int a, int b);
int keep(int a, volatile int *spare);
_Bool big(int a);
