/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The methods of --copy, which replace memcpy() and memset(): the failures that a scenario detects must not
 * depend on how many bytes the C library copies at a time. In the plain build the linker option --wrap
 * redirects memcpy() and memset() of all statically linked code; shared libraries call the C library. A build
 * with a sanitizer has only the method libc, which is the sanitizer's memcpy().
 *
 *   libc     the C library's functions
 *   wide     32 bytes at a time, and then the last 32 bytes, some of which are written twice; fewer than 32
 *            bytes are copied byte by byte
 *   movsb    the instructions rep movsb and rep stosb
 *   rounded  an injected bug (R2), to prove that a scenario detects it: reads and writes back whole words,
 *            with the bytes before and after the range
 */
#include <string.h>

#include "stress/core.h"

/* With --wrap, calls of memcpy() go to __wrap_memcpy(), and __real_memcpy() is memcpy(); otherwise NULL. */
void *__real_memcpy(void *to, const void *from, size_t len) __attribute__((weak));
void *__real_memset(void *to, int value, size_t len) __attribute__((weak));
void *__wrap_memcpy(void *to, const void *from, size_t len);
void *__wrap_memset(void *to, int value, size_t len);

typedef unsigned char block __attribute__((vector_size(32), aligned(1), may_alias));
typedef uint64_t word __attribute__((aligned(1), may_alias));

/* Prevents the compiler from replacing a loop by a call of memcpy() or memset(). */
#ifdef __clang__
#define AS_WRITTEN __attribute__((no_builtin, noinline))
#else
#define AS_WRITTEN __attribute__((optimize("no-tree-loop-distribute-patterns"), noinline))
#endif

/* Each method writes @len bytes to @to: the bytes at @from or, if @from is NULL, bytes of value @value. */

static void copy_or_fill_by_libc(unsigned char *to, const unsigned char *from, int value, size_t len)
{
	if (from)
		__real_memcpy(to, from, len);
	else
		__real_memset(to, value, len);
}

AS_WRITTEN static void copy_or_fill_wide(unsigned char *to, const unsigned char *from, int value, size_t len)
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
static void copy_or_fill_by_movsb(unsigned char *to, const unsigned char *from, int value, size_t len)
{
	if (from)
		__asm__ volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(len) : : "memory");
	else
		__asm__ volatile("rep stosb" : "+D"(to), "+c"(len) : "a"(value) : "memory");
}
#else
#define copy_or_fill_by_movsb NULL
#endif

/* Writes only aligned words, so that no word crosses the end of the page. */
AS_WRITTEN static void copy_or_fill_rounded(unsigned char *to, const unsigned char *from, int value,
					    size_t len)
{
	for (size_t i = 0; i < len;) {
		size_t first_byte = (uintptr_t)(to + i) % sizeof(word);
		size_t byte_count = sizeof(word) - first_byte < len - i ? sizeof(word) - first_byte : len - i;
		volatile word *target = (word *)(to + i - first_byte);
		word changed = *target;

		for (size_t j = 0; j < byte_count; j++)
			((unsigned char *)&changed)[first_byte + j] =
				from ? from[i + j] : (unsigned char)value;
		for (volatile unsigned int spin = 0; spin < 100; spin++)
			;
		*target = changed;
		i += byte_count;
	}
}

/* ---- selection of the method ---- */

static const struct copy_method {
	const char *name;
	/* NULL: this architecture lacks the instructions */
	void (*write)(unsigned char *to, const unsigned char *from, int value, size_t len);
} methods[] = {
	{ "libc", copy_or_fill_by_libc },
	{ "wide", copy_or_fill_wide },
	{ "movsb", copy_or_fill_by_movsb },
	{ "rounded", copy_or_fill_rounded },
};

static const struct copy_method *selected_method = &methods[0];

bool copy_select_method_if_available(const char *method_name)
{
	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (!strcmp(methods[i].name, method_name) && methods[i].write && (!i || __real_memcpy)) {
			selected_method = &methods[i];
			return true;
		}
	return false;
}

/* Copies by the method of --copy. */
void *__wrap_memcpy(void *to, const void *from, size_t len)
{
	selected_method->write(to, from, 0, len);
	return to;
}

void *__wrap_memset(void *to, int value, size_t len)
{
	selected_method->write(to, NULL, value, len);
	return to;
}
