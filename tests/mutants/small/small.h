/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A small library that test_mutate_source.sh mutates; the file `expected` lists the mutants. */
int small(int a, int b);
int keep(int a, volatile int *spare);
_Bool big(int a);
unsigned long add(int is_own, const unsigned long *numbers, unsigned long count);
unsigned long sum(int is_own);
void reset(unsigned int second, unsigned long sum);
const unsigned long *find_zero(const unsigned long *numbers);
int decrement_positive(_Atomic int *number);
