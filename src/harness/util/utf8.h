/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include <stddef.h>

/*
 * Return: the length of the UTF-8 character at @text; 0 if it is invalid or longer than @bytes_left bytes.
 * For a string that ends with a NUL, @bytes_left may be 4: the NUL ends an incomplete character.
 */
static inline size_t utf8_character_length(const char *text, size_t bytes_left)
{
	const unsigned char *at = (const unsigned char *)text;
	size_t len = *at < 0x80                ? 1 :
		     *at >= 0xc2 && *at < 0xe0 ? 2 :
		     *at >= 0xe0 && *at < 0xf0 ? 3 :
		     *at >= 0xf0 && *at < 0xf5 ? 4 :
						 0;

	if (!len || len > bytes_left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) || (*at == 0xf0 && at[1] < 0x90) ||
	    (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}
