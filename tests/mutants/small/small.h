/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A small library that test_mutate_source.sh mutates; the file `expected` lists the mutants. */
int small(int a, int b);
int keep(int a, volatile int *spare);
_Bool big(int a);
