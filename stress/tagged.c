/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/tagged.h"

#include <string.h>

#include "stress/stress.h"

#define WORD sizeof(uint64_t)

static uint64_t word_at(uint64_t tag, size_t pos)
{
	return tag ^ stress_hash(pos / WORD + 1);
}

static unsigned char byte_at(uint64_t tag, size_t pos)
{
	return (unsigned char)(word_at(tag, pos) >> pos % WORD * 8);
}

void tagged_fill(unsigned char *to, uint64_t tag, size_t pos, size_t len)
{
	size_t i = 0;

	for (; i < len && (pos + i) % WORD; i++)
		to[i] = byte_at(tag, pos + i);
	for (; i + WORD <= len; i += WORD) {
		uint64_t word = word_at(tag, pos + i);

		memcpy(to + i, &word, WORD);
	}
	for (; i < len; i++)
		to[i] = byte_at(tag, pos + i);
}

size_t tagged_differs(const unsigned char *from, uint64_t tag, size_t pos, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (from[i] != byte_at(tag, pos + i))
			return i;
	return len;
}

/* Returns the tag of the word that contains the byte, if the whole word was read. */
static uint64_t tag_found(const unsigned char *from, size_t at, size_t pos, size_t len)
{
	size_t in = (pos + at) % WORD;
	uint64_t word;

	if (at < in || at - in + WORD > len)
		return 0;
	memcpy(&word, from + at - in, WORD);
	return word ^ stress_hash((pos + at) / WORD + 1);
}

int tagged_check(struct stress_thread *self, const char *what, const unsigned char *from,
		uint64_t tag, size_t pos, size_t len)
{
	size_t at = tagged_differs(from, tag, pos, len);
	uint64_t found;

	if (at == len)
		return 1;
	found = tag_found(from, at, pos, len);
	stress_fail(self,
		    "%s+0x%zx in thread %u: expected owner %lld, generation %llu (0x%02x), found "
		    "0x%02x, in a word as of owner %lld, generation %llu",
		    what, pos + at, self->index, (long long)(tag >> 40) - 1,
		    (unsigned long long)(tag & 0xffffffffff), byte_at(tag, pos + at), from[at],
		    (long long)(found >> 40) - 1, (unsigned long long)(found & 0xffffffffff));
	return 0;
}
