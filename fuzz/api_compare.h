/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The bytes that the calls of fuzz_api write, and comparisons of bytes and texts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model_page;

/* Must be called before api_pattern(). */
void api_init_pattern(void);

/* Return: @len bytes that depend on @seed and on their position; none of them is 0. @len: at most 2 pages. */
const unsigned char *api_pattern(uint64_t seed);

/* Compares @len bytes from @off with the model; @seen has the bytes. @what: where the bytes are from. */
void api_check_bytes(const struct model_page *page, const unsigned char *seen, size_t off, size_t len,
		     const char *what);

/*
 * Comparisons that libFuzzer does not observe: it would add the bytes and texts, which differ from process to
 * process, to its dictionary. memcmp() and strcmp() are observed.
 */
bool api_are_equal_bytes(const unsigned char *a, const unsigned char *b, size_t len);
bool api_are_equal_texts(const char *a, const char *b);

/* Return: where @text contains @part, or NULL. */
const char *api_find_text(const char *text, const char *part);
