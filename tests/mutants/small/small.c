/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/small.h"

#include <stdatomic.h>

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

struct pair {
	unsigned int first, second;
	unsigned long sum;
};

static struct pair own_pair = { 7, 0, 7 }, other_pair;

static struct pair *find_own(void)
{
	return &own_pair;
}

static int is_full(const struct pair *pair)
{
	return pair->first > 2;
}

static unsigned long add_to_pair(struct pair *owner, const unsigned long *numbers, unsigned long count)
{
	unsigned long done = 0;

	if (is_full(owner)) {
		owner->first = 0;
		owner->second = 0;
		return 0;
	}
	while (done < count) {
		if (!*(numbers + done))
			return done;
		owner->sum += numbers[done];
		owner->first++;
		done += 1;
	}
	owner->second = (unsigned int)count;
	return done;
}

static struct pair *choose_pair(int is_own, struct pair *other)
{
	return is_own ? find_own() : other;
}

unsigned long add(int is_own, const unsigned long *numbers, unsigned long count)
{
	struct pair *owner = choose_pair(is_own, &other_pair);

	return add_to_pair(owner, numbers, count);
}

unsigned long sum(int is_own)
{
	return is_own ? own_pair.sum : other_pair.sum;
}

void reset(unsigned int second, unsigned long sum)
{
	other_pair = (struct pair){ 0, second, sum };
}

const unsigned long *find_zero(const unsigned long *numbers)
{
	const unsigned long *at = numbers;

	while (*at)
		at = at + 1;
	return at;
}

int decrement_positive(_Atomic int *number)
{
	int seen = *number;

	while (seen > 0)
		if (atomic_compare_exchange_weak_explicit(number, &seen, seen - 1, memory_order_relaxed,
							  memory_order_relaxed))
			return 1;
	return 0;
}
