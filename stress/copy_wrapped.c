/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Other ways to copy and fill memory, in place of the C library's: what a pattern finds must not
 * depend on the width of the library's copies. The linker redirects memcpy() and memset() of all
 * code that is linked statically (--wrap); shared libraries keep their own.
 *
 *   libc     the C library's functions
 *   wide     32 bytes at a time, and the last ones again from the end: some bytes are written
 *            twice, none beyond the end
 *   movsb    the instructions rep movsb and rep stosb
 *   rounded  whole words, read and written back with the bytes around: a bug (R2), to prove
 *            that a pattern finds it
 */
#include <string.h>

#include "stress/core.h"

void *__real_memcpy(void *to, const void *from, size_t len);
void *__real_memset(void *to, int value, size_t len);
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__wrap_memset(void *to, int value, size_t len);

typedef unsigned char block __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));

/* Keeps the compiler from replacing the loop with a call of memcpy() or memset(). */
#define AS_WRITTEN __attribute__((no_builtin, noinline))
#ifndef __clang__
#undef AS_WRITTEN
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns"), noinline))
#endif

/* ---- wide ---- */

AS_WRITTEN static void copy_bytes(unsigned char *to, const unsigned char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

AS_WRITTEN static void *wide_copy(void *to, const void *from, size_t len)
{
	unsigned char *t = to;
	const unsigned char *f = from;
	size_t i = 0;

	if (len >= sizeof(block)) {
		for (; i + sizeof(block) <= len; i += sizeof(block))
			*(block *)(t + i) = *(const block *)(f + i);
		*(block *)(t + len - sizeof(block)) = *(const block *)(f + len - sizeof(block));
	} else if (len >= sizeof(word)) {
		for (; i + sizeof(word) <= len; i += sizeof(word))
			*(word *)(t + i) = *(const word *)(f + i);
		*(word *)(t + len - sizeof(word)) = *(const word *)(f + len - sizeof(word));
	} else {
		copy_bytes(t, f, len);
	}
	return to;
}

AS_WRITTEN static void *wide_fill(void *to, int value, size_t len)
{
	const word pattern = 0x0101010101010101u * (unsigned char)value;
	unsigned char *t = to;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word))
		*(word *)(t + i) = pattern;
	for (; i < len; i++)
		t[i] = (unsigned char)value;
	return to;
}

/* ---- movsb ---- */

#if defined(__x86_64__)
#define HAVE_MOVSB true

static void *movsb_copy(void *to, const void *from, size_t len)
{
	void *t = to;

	__asm__ volatile("rep movsb" : "+D"(t), "+S"(from), "+c"(len) : : "memory");
	return to;
}

static void *movsb_fill(void *to, int value, size_t len)
{
	void *t = to;

	__asm__ volatile("rep stosb" : "+D"(t), "+c"(len) : "a"(value) : "memory");
	return to;
}
#else
#define HAVE_MOVSB false
#define movsb_copy __real_memcpy
#define movsb_fill __real_memset
#endif

/* ---- rounded ---- */

/* Aligned words never cross the end of the page. */
AS_WRITTEN static void rounded(unsigned char *to, const unsigned char *from, int value, size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t in = (uintptr_t)(to + i) % sizeof(word);
		size_t some = sizeof(word) - in < len - i ? sizeof(word) - in : len - i;
		volatile word *at = (word *)(to + i - in);
		word copy = *at;

		for (size_t j = 0; j < some; j++)
			((unsigned char *)&copy)[in + j] =
				from ? from[i + j] : (unsigned char)value;
		for (volatile unsigned int spin = 0; spin < 100; spin++)
			;
		*at = copy;
		i += some;
	}
}

static void *rounded_copy(void *to, const void *from, size_t len)
{
	rounded(to, from, 0, len);
	return to;
}

static void *rounded_fill(void *to, int value, size_t len)
{
	rounded(to, NULL, value, len);
	return to;
}

/* ---- the choice ---- */

static const struct way {
	const char *name;
	bool here;
	void *(*copy)(void *to, const void *from, size_t len);
	void *(*fill)(void *to, int value, size_t len);
} ways[] = {
	{ "libc", true, __real_memcpy, __real_memset },
	{ "wide", true, wide_copy, wide_fill },
	{ "movsb", HAVE_MOVSB, movsb_copy, movsb_fill },
	{ "rounded", true, rounded_copy, rounded_fill },
};

static const struct way *way = &ways[0];

bool copy_select(const char *name)
{
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (strcmp(ways[i].name, name) != 0 || !ways[i].here)
			continue;
		way = &ways[i];
		return true;
	}
	return false;
}

void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	return way->copy(to, from, len);
}

void *__wrap_memset(void *to, int value, size_t len)
{
	return way->fill(to, value, len);
}
