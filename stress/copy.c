/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Other ways to copy and fill memory (--copy) than those of the C library, because the failures that a
 * scenario detects must not depend on how many bytes the C library copies at a time. In the plain build the
 * linker redirects memcpy() and memset() of all code that is linked statically (--wrap); shared libraries
 * call the C library. A build with a sanitizer has only the method libc, which is the sanitizer's memcpy().
 *
 *   libc     the C library's functions
 *   wide     32 bytes at a time; then the last 32 bytes, of which some are written twice; a copy of fewer
 *            than 32 bytes goes byte by byte
 *   movsb    the instructions rep movsb and rep stosb
 *   rounded  whole words, which are read and written back with the bytes around the copy: an injected
 *            bug (R2), to prove that a scenario detects it
 */
#include <string.h>

#include "stress/core.h"

/* __wrap_memcpy() replaces memcpy(), which is then __real_memcpy(); NULL in builds without --wrap. */
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

/* Each method writes @len bytes to @to: copies of those at @from or, if @from is NULL, bytes of @value. */

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

/* The words are aligned, so none of them crosses the end of the page. */
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
	/* NULL: this CPU lacks the instructions */
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
