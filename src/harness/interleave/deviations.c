/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleave/deviations.h"

#include <stdio.h>
#include <string.h>

#include "harness/interleave/strategy.h"

bool deviations_append(struct deviations *deviations, struct deviation deviation)
{
	if (deviations->count == DEVIATIONS_MAX)
		return false;
	deviations->items[deviations->count++] = deviation;
	return true;
}

uint8_t deviations_find(const struct deviations *deviations, uint8_t running, uint32_t position)
{
	for (size_t i = 0; i < deviations->count; i++)
		if (deviations->items[i].running == running && deviations->items[i].position == position)
			return deviations->items[i].next;
	return NO_THREAD;
}

void deviations_to_text(const struct deviations *deviations, char text[DEVIATIONS_TEXT])
{
	size_t used = 0;

	strcpy(text, "-");
	for (size_t i = 0; i < deviations->count; i++) {
		const struct deviation *d = &deviations->items[i];
		const char *separator = i ? " " : "";

		if (d->running == NO_THREAD)
			used += (size_t)snprintf(text + used, DEVIATIONS_TEXT - used, "%sL%u>%s", separator,
						 d->position, thread_name(d->next));
		else
			used += (size_t)snprintf(text + used, DEVIATIONS_TEXT - used, "%s%s.%u>%s", separator,
						 thread_name(d->running), d->position, thread_name(d->next));
	}
}

/* Parses `T0` to `T7`. Return: the end of the name; NULL if @text begins with no such name. */
static const char *parse_thread(const char *text, uint8_t *thread)
{
	if (text[0] != 'T' || text[1] < '0' || text[1] > '7')
		return NULL;
	*thread = (uint8_t)(text[1] - '0' + 1);
	return text + 2;
}

static const char *parse_position(const char *text, uint32_t *position)
{
	const char *start = text;

	*position = 0;
	while (*text >= '0' && *text <= '9' && text - start < 9)
		*position = *position * 10 + (uint32_t)(*text++ - '0');
	return text == start ? NULL : text;
}

static const char *parse_deviation(const char *text, struct deviation *deviation)
{
	if (*text == 'L') {
		deviation->running = NO_THREAD;
		text++;
	} else {
		text = parse_thread(text, &deviation->running);
		if (!text || *text++ != '.')
			return NULL;
	}
	text = parse_position(text, &deviation->position);
	return text && *text == '>' ? parse_thread(text + 1, &deviation->next) : NULL;
}

bool deviations_parse(const char *text, struct deviations *deviations)
{
	deviations->count = 0;
	text += strspn(text, " ");
	if (!strcmp(text, "-"))
		return true;
	while (*text) {
		struct deviation deviation;

		text = parse_deviation(text, &deviation);
		if (!text || (*text && *text != ' ') || !deviations_append(deviations, deviation))
			return false;
		text += strspn(text, " ");
	}
	return deviations->count;
}
