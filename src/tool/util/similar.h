/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the known name that is most similar to a misspelt name. */
#ifndef TOOL_SIMILAR_H
#define TOOL_SIMILAR_H

#include <stddef.h>

struct similar {
	const char *given_name;
	const char *best_name; /* NULL: no name is similar */
	size_t best_distance;  /* of @best_name: number of different letters */
};

void similar_init(struct similar *similar, const char *given_name);

/* Sets @best_name to @name, without a copy, if @name is more similar than the names before. */
void similar_add(struct similar *similar, const char *name);

#define SIMILAR_TEXT 80

/* Formats "; did you mean 'NAME'?", with @before and @after around NAME; "" if no name is similar. */
void similar_format_hint(const struct similar *similar, const char *before, const char *after,
		  char text[SIMILAR_TEXT]);

#endif
