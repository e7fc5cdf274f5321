/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/small.h"
#define TWICE(x)    ((x) + (x))
#define unlikely(x) __builtin_expect(!!(x), 1)
#define true 1
#define false 0

static int minus(int a, int b)
{
	return a - b;
}

int small(int a, int b)
{
	if (unlikely(a < TWICE(2)) && b)
		return minus(a, b);
	for (int i = 0; i != 3; i++)
		a += b;
	return ~a;
}

int keep(int a, volatile int *spare)
{
	*spare = a;
	*spare = a + 0;
	while (a) {
		if (a == 7)
			break;
		a--;
		*spare = a;
	}
	return 5;
}

_Bool big(int a)
{
	return a >= 0 ? true : false;
}
