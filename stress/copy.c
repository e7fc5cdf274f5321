/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Other ways to copy and fill memory, in place of the C library's: what a scenario finds must not
 * depend on the width of the library's copies. In the plain build the linker redirects memcpy() and
 * memset() of all code that is linked statically (--wrap); shared libraries keep their own. Builds
 * with a sanitizer have its memcpy(), and the method libc only.
 *
 *   libc     the C library's functions
 *   wide     32 bytes at a time, and the last ones again from the end: some bytes are written
 *            twice, none beyond the end; fewer than 32 bytes one at a time
 *   movsb    the instructions rep movsb and rep stosb
 *   rounded  whole words, read and written back with the bytes around: a bug (R2), to prove
 *            that a scenario finds it
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

/* A method writes @len bytes: those at @from, or, if it is NULL, bytes of @value. */

static void write_by_libc(unsigned char *to, const unsigned char *from, int value, size_t len)
{
	if (from)
		__real_memcpy(to, from, len);
	else
		__real_memset(to, value, len);
}

AS_WRITTEN static void write_wide(unsigned char *to, const unsigned char *from, int value,
				  size_t len)
{
	const block repeated = (unsigned char)value - (block){ 0 };
	const unsigned char *filling = (const unsigned char *)&repeated;
	size_t i = 0;

	if (len >= sizeof(block)) {
		for (; i + sizeof(block) <= len; i += sizeof(block))
			*(block *)(to + i) = *(const block *)(from ? from + i : filling);
		i = len - sizeof(block);
		*(block *)(to + i) = *(const block *)(from ? from + i : filling);
	} else {
		for (; i < len; i++)
			to[i] = from ? from[i] : (unsigned char)value;
	}
}

#if defined(__x86_64__)
static void write_by_movsb(unsigned char *to, const unsigned char *from, int value, size_t len)
{
	if (from)
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	else
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(value) : "memory");
}
#else
#define write_by_movsb NULL
#endif

/* Aligned words never cross the end of the page. */
AS_WRITTEN static void write_rounded(unsigned char *to, const unsigned char *from, int value,
				     size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t byte_in_word = (uintptr_t)(to + i) % sizeof(word);
		size_t byte_count = sizeof(word) - byte_in_word < len - i ?
					    sizeof(word) - byte_in_word :
					    len - i;
		volatile word *target = (word *)(to + i - byte_in_word);
		word changed = *target;

		for (size_t j = 0; j < byte_count; j++)
			((unsigned char *)&changed)[byte_in_word + j] =
				from ? from[i + j] : (unsigned char)value;
		for (volatile unsigned int spin = 0; spin < 100; spin++)
			;
		*target = changed;
		i += byte_count;
	}
}

/* ---- the choice ---- */

static const struct copy_method {
	const char *name;
	/* NULL: not on this CPU */
	void (*write)(unsigned char *to, const unsigned char *from, int value, size_t len);
} methods[] = {
	{ "libc", write_by_libc },
	{ "wide", write_wide },
	{ "movsb", write_by_movsb },
	{ "rounded", write_rounded },
};

static const struct copy_method *method = &methods[0];

bool copy_select_method(const char *name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, name) && methods[i].write && (!i || __real_memcpy)) {
			method = &methods[i];
			return true;
		}
	return false;
}

void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	method->write(to, from, 0, len);
	return to;
}

void *__wrap_memset(void *to, int value, size_t len)
{
	method->write(to, NULL, value, len);
	return to;
}
