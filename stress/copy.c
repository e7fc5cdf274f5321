/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Other ways to copy and fill memory, in place of the C library's: what a pattern finds must not
 * depend on the width of the library's copies. In the plain build the linker redirects memcpy() and
 * memset() of all code that is linked statically (--wrap); shared libraries keep their own. Builds
 * with a sanitizer have its memcpy(), and the method libc only.
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

/* NULL in a build that does not redirect. */
void *__real_memcpy(void *to, const void *from, size_t len) __attribute__((weak));
void *__real_memset(void *to, int value, size_t len) __attribute__((weak));
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__wrap_memset(void *to, int value, size_t len);

typedef unsigned char block __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));

/* Keeps the compiler from replacing the loop with a call of memcpy() or memset(). */
#ifdef __clang__
#define AS_WRITTEN __attribute__((no_builtin, noinline))
#else
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns"), noinline))
#endif

/* ---- libc ---- */

static void *copy_libc(void *to, const void *from, size_t len)
{
	return __real_memcpy(to, from, len);
}

static void *fill_libc(void *to, int value, size_t len)
{
	return __real_memset(to, value, len);
}

/* ---- wide ---- */

AS_WRITTEN static void copy_bytes(unsigned char *to, const unsigned char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

AS_WRITTEN static void *copy_wide(void *to, const void *from, size_t len)
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

AS_WRITTEN static void *fill_wide(void *to, int value, size_t len)
{
	const word repeated = 0x0101010101010101u * (unsigned char)value;
	unsigned char *t = to;
	size_t i = 0;

	for (; i + sizeof(word) <= len; i += sizeof(word))
		*(word *)(t + i) = repeated;
	for (; i < len; i++)
		t[i] = (unsigned char)value;
	return to;
}

/* ---- movsb ---- */

#if defined(__x86_64__)
static void *copy_movsb(void *to, const void *from, size_t len)
{
	void *t = to;

	__asm__ volatile("rep movsb" : "+D"(t), "+S"(from), "+c"(len) : : "memory");
	return to;
}

static void *fill_movsb(void *to, int value, size_t len)
{
	void *t = to;

	__asm__ volatile("rep stosb" : "+D"(t), "+c"(len) : "a"(value) : "memory");
	return to;
}
#else
#define copy_movsb NULL
#define fill_movsb NULL
#endif

/* ---- rounded ---- */

/* @from: NULL: fill with @value. Aligned words never cross the end of the page. */
AS_WRITTEN static void write_words(unsigned char *to, const unsigned char *from, int value,
				   size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t before = (uintptr_t)(to + i) % sizeof(word);
		size_t some = sizeof(word) - before < len - i ? sizeof(word) - before : len - i;
		volatile word *target = (word *)(to + i - before);
		word changed = *target;

		for (size_t j = 0; j < some; j++)
			((unsigned char *)&changed)[before + j] =
				from ? from[i + j] : (unsigned char)value;
		for (volatile unsigned int spin = 0; spin < 100; spin++)
			;
		*target = changed;
		i += some;
	}
}

static void *copy_rounded(void *to, const void *from, size_t len)
{
	write_words(to, from, 0, len);
	return to;
}

static void *fill_rounded(void *to, int value, size_t len)
{
	write_words(to, NULL, value, len);
	return to;
}

/* ---- the choice ---- */

static const struct copy_method {
	const char *name;
	void *(*copy)(void *to, const void *from, size_t len); /* NULL: not on this CPU */
	void *(*fill)(void *to, int value, size_t len);
} methods[] = {
	{ "libc", copy_libc, fill_libc },
	{ "wide", copy_wide, fill_wide },
	{ "movsb", copy_movsb, fill_movsb },
	{ "rounded", copy_rounded, fill_rounded },
};

static const struct copy_method *method = &methods[0];

bool copy_select(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name) && methods[i].copy && (!i || __real_memcpy)) {
			method = &methods[i];
			return true;
		}
	return false;
}

void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	return method->copy(to, from, len);
}

void *__wrap_memset(void *to, int value, size_t len)
{
	return method->fill(to, value, len);
}
