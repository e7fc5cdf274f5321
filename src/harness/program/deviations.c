/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/deviations.h"

#include <stdio.h>
#include <string.h>

#include "harness/program/program.h"

void deviations_clear(struct deviations *deviations)
{
	deviations->start = (struct start_state){ START_USED, 0 };
	deviations->count = 0;
}

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

bool deviations_equal(const struct deviations *a, const struct deviations *b)
{
	for (size_t i = 0; i < a->count && i < b->count; i++)
		if (a->items[i].running != b->items[i].running || a->items[i].next != b->items[i].next ||
		    a->items[i].position != b->items[i].position)
			return false;
	return a->count == b->count && start_states_are_equal(a->start, b->start);
}

void deviation_to_text(const struct deviation *deviation, char text[DEVIATION_TEXT])
{
	snprintf(text, DEVIATION_TEXT, "%s.%u>%s", thread_name(deviation->running), deviation->position,
		 thread_name(deviation->next));
}

void deviations_to_text(const struct deviations *deviations, char text[DEVIATIONS_TEXT])
{
	size_t used = 0;

	strcpy(text, "-");
	if (deviations->start.kind != START_USED) {
		char start[START_TEXT];

		start_state_to_text(deviations->start, start);
		used = (size_t)snprintf(text, DEVIATIONS_TEXT, SCHEDULE_START "%s", start);
	}
	for (size_t i = 0; i < deviations->count; i++) {
		char one[DEVIATION_TEXT];

		deviation_to_text(&deviations->items[i], one);
		used += (size_t)snprintf(text + used, DEVIATIONS_TEXT - used, "%s%s", used ? " " : "", one);
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

static const char *parse_position(const char *text, uint16_t *position)
{
	const char *start = text;
	uint32_t number = 0;

	while (*text >= '0' && *text <= '9' && number <= UINT16_MAX)
		number = number * 10 + (uint32_t)(*text++ - '0');
	*position = (uint16_t)number;
	return text == start || number > UINT16_MAX ? NULL : text;
}

const char *deviation_parse(const char *text, struct deviation *deviation)
{
	if (!strncmp(text, "main", 4)) {
		deviation->running = THREAD_MAIN;
		text += 4;
	} else {
		text = parse_thread(text, &deviation->running);
	}
	if (!text || *text++ != '.')
		return NULL;
	text = parse_position(text, &deviation->position);
	return text && *text == '>' ? parse_thread(text + 1, &deviation->next) : NULL;
}

/* Parses a start state, if @text begins with one. Return: the rest of the text; NULL if the state is wrong.
 */
static const char *parse_start(const char *text, struct start_state *start)
{
	char name[START_TEXT] = "";
	size_t len;

	if (strncmp(text, SCHEDULE_START, strlen(SCHEDULE_START)) != 0)
		return text;
	text += strlen(SCHEDULE_START);
	len = strcspn(text, " ");
	if (len < sizeof(name))
		memcpy(name, text, len);
	return start_state_parse(name, start) ? text + len : NULL;
}

bool deviations_parse(const char *text, struct deviations *deviations)
{
	deviations_clear(deviations);
	text = parse_start(text + strspn(text, " "), &deviations->start);
	if (!text)
		return false;
	text += strspn(text, " ");
	if (!strcmp(text, "-"))
		return true;
	while (*text) {
		struct deviation deviation;

		text = deviation_parse(text, &deviation);
		if (!text || (*text && *text != ' ') || !deviations_append(deviations, deviation))
			return false;
		text += strspn(text, " ");
	}
	return deviations_are_given(deviations);
}
