/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/name_set.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/sha1.h"
#include "tool/util/usage.h"

static uint64_t key_of(const char *name)
{
	char text[SHA1_TEXT];

	sha1_text(name, strlen(name), text);
	text[16] = '\0';
	return strtoull(text, NULL, 16) | 1;
}

/* Where the key is, or where it belongs. */
static uint64_t *slot(const struct name_set *set, uint64_t key)
{
	size_t at = (size_t)(key >> 1) & (set->room - 1);

	while (set->slots[at] && set->slots[at] != key)
		at = (at + 1) & (set->room - 1);
	return &set->slots[at];
}

static void grow(struct name_set *set)
{
	struct name_set larger = {.room = set->room ? set->room * 2 : 1024, .count = set->count};

	larger.slots = calloc(larger.room, sizeof(*larger.slots));
	if (!larger.slots) {
		fprintf(stderr, "pagetorture: expected memory for %zu names, got none\n",
			larger.room);
		exit(EXIT_BAD);
	}
	for (size_t i = 0; i < set->room; i++)
		if (set->slots[i])
			*slot(&larger, set->slots[i]) = set->slots[i];
	free(set->slots);
	*set = larger;
}

bool name_set_has(const struct name_set *set, const char *name)
{
	return set->count && *slot(set, key_of(name));
}

bool name_set_add(struct name_set *set, const char *name)
{
	uint64_t key = key_of(name), *at;

	if (2 * set->count >= set->room)
		grow(set);
	at = slot(set, key);
	if (*at)
		return false;
	*at = key;
	set->count++;
	return true;
}
