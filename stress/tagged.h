/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes that name their owner: each 8 bytes of a page are a tag of owner and generation, mixed with
 * the position. A byte of another place, owner or time is wrong, and the tag can be decoded.
 */
#ifndef STRESS_TAGGED_H
#define STRESS_TAGGED_H

#include <stddef.h>
#include <stdint.h>

struct stress_thread;

/* Return: the tag of owner and generation; neither it nor its bytes are 0. */
static inline uint64_t tagged_make_tag(unsigned int owner, uint64_t generation)
{
	return (uint64_t)(owner + 1) << 40 | (generation & 0xffffffffff);
}

/* Fills @to with the bytes at [pos, pos + len) of an object with this tag. */
void tagged_fill(unsigned char *to, uint64_t tag, size_t pos, size_t len);

/* Return: the index of the first of @len bytes that differs; @len if all are equal. */
size_t tagged_differs(const unsigned char *from, uint64_t tag, size_t pos, size_t len);

/*
 * Reports a failure if a byte differs: "WHAT+pos: expected owner 3 generation 7, found ...".
 * Return: whether all bytes are equal.
 */
int tagged_check(struct stress_thread *self, const char *what, const unsigned char *from,
		uint64_t tag, size_t pos, size_t len);

#endif
