/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The name that was meant by a misspelt one. */
#ifndef TOOL_SIMILAR_H
#define TOOL_SIMILAR_H

#include <stddef.h>

struct similar {
	const char *given_name;
	const char *best_name; /* NULL: no name is similar */
	size_t best_distance;  /* of @best: letters that differ */
};

void similar_init(struct similar *similar, const char *given_name);

/* Keeps @name if it is more similar than the names before; it is not copied. */
void similar_add(struct similar *similar, const char *name);

#define SIMILAR_TEXT 80

/* "; did you mean 'NAME'?", with @before in front of the name, or "". */
void similar_format_hint(const struct similar *similar, const char *before, const char *after,
		  char text[SIMILAR_TEXT]);

#endif
