/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Searches known names for the name that is most similar to a misspelt name. */
#pragma once

#include <stddef.h>

struct similar {
	const char *given_name;
	const char *best_name; /* NULL: no name is similar */
	size_t best_distance;  /* edit distance of @best_name and @given_name */
};

void similar_init(struct similar *similar, const char *given_name);

/* Compares a known name. If @name is the most similar name so far, it becomes @best_name. */
void similar_add_known_name(struct similar *similar, const char *name);

#define SIMILAR_TEXT 80

/* Formats "; did you mean 'NAME'?", with @before and @after around NAME; "" if no name is similar. */
void similar_format_hint(const struct similar *similar, const char *before, const char *after,
			 char text[SIMILAR_TEXT]);
