/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/similar.h"

#include <stdio.h>
#include <string.h>

#define LENGTH_MAX 40

static size_t find_minimum(size_t a, size_t b)
{
	return a < b ? a : b;
}

/*
 * Return: the Damerau-Levenshtein distance of two names: the number of letters to insert, delete, replace
 * or exchange with the next letter. Both names have at most LENGTH_MAX letters.
 */
static size_t find_edit_distance(const char *a, const char *b)
{
	size_t edit_costs[LENGTH_MAX + 1][LENGTH_MAX + 1];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t i = 0; i <= a_len; i++)
		edit_costs[i][0] = i;
	for (size_t j = 0; j <= b_len; j++)
		edit_costs[0][j] = j;
	for (size_t i = 1; i <= a_len; i++)
		for (size_t j = 1; j <= b_len; j++) {
			edit_costs[i][j] =
				find_minimum(edit_costs[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
					     find_minimum(edit_costs[i - 1][j], edit_costs[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				edit_costs[i][j] =
					find_minimum(edit_costs[i][j], edit_costs[i - 2][j - 2] + 1);
		}
	return edit_costs[a_len][b_len];
}

void similar_init(struct similar *similar, const char *given_name)
{
	*similar = (struct similar){ given_name, NULL, 0 };
}

void similar_add_known_name(struct similar *similar, const char *name)
{
	size_t len = strlen(similar->given_name), distance;

	if (len > LENGTH_MAX || strlen(name) > LENGTH_MAX)
		return;
	/* A given name that is the beginning of a known name has the distance 1. */
	distance = len >= 3 && !strncmp(similar->given_name, name, len) ?
			   1 :
			   find_edit_distance(similar->given_name, name);
	if (distance > 1 + len / 4 || distance >= len ||
	    (similar->best_name && distance >= similar->best_distance))
		return;
	similar->best_name = name;
	similar->best_distance = distance;
}

void similar_format_hint(const struct similar *similar, const char *before, const char *after,
			 char text[SIMILAR_TEXT])
{
	text[0] = '\0';
	if (similar->best_name)
		snprintf(text, SIMILAR_TEXT, "; did you mean %s%s%s?", before, similar->best_name, after);
}
