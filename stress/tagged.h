/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Bytes that say whose they are: each 8 bytes of a page hold who wrote them and when,
 * mixed with where. So a byte of elsewhere, of another owner or of an earlier time is
 * wrong, and what was found can be read back.
 */
#ifndef STRESS_TAGGED_H
#define STRESS_TAGGED_H

#include <stddef.h>
#include <stdint.h>

struct stress_thread;

/* Who and when; never 0, and no zeros are its bytes. */
static inline uint64_t tagged_make_tag(unsigned int owner, uint64_t generation)
{
	return (uint64_t)(owner + 1) << 40 | (generation & 0xffffffffff);
}

/* The bytes at [pos, pos + len) of something with this tag. */
void tagged_fill(unsigned char *to, uint64_t tag, size_t pos, size_t len);

/* The first of @len bytes that is not so; @len if all are. */
size_t tagged_differs(const unsigned char *from, uint64_t tag, size_t pos, size_t len);

/*
 * A failure if a byte is not so: "WHAT+pos: expected owner 3 generation 7, found ...".
 * Return: were all of them right?
 */
int tagged_check(struct stress_thread *self, const char *what, const unsigned char *from,
		uint64_t tag, size_t pos, size_t len);

#endif
