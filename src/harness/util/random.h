/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Pseudorandom numbers (splitmix64), the same on each machine. The first value of @state is the seed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline uint64_t random_next(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ull);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

/* Return: a number in 0 .. n - 1; n must be positive. */
static inline uint32_t random_below(uint64_t *state, size_t n)
{
	return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

/* Return: true once in n times on average. */
static inline bool random_once_in(uint64_t *state, uint32_t n)
{
	return random_below(state, n) == 0;
}

/* Return: a random index below @count, in proportion to the weights; at least one weight must be positive. */
static inline uint32_t random_index_by_weight(uint64_t *state, const unsigned int *weights, size_t count)
{
	unsigned int sum = 0, index = 0;

	for (size_t i = 0; i < count; i++)
		sum += weights[i];
	for (uint32_t drawn = random_below(state, sum); drawn >= weights[index]; index++)
		drawn -= weights[index];
	return index;
}

/* Return: the index of a random set bit of @mask, which must not be 0. */
static inline uint8_t random_index_of_set_bit(uint64_t *state, uint32_t mask)
{
	uint32_t skip = random_below(state, (size_t)__builtin_popcount(mask));

	while (skip--)
		mask &= mask - 1;
	return (uint8_t)__builtin_ctz(mask);
}
