/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/start_state.h"

#include <stdio.h>
#include <string.h>

#define COUNT_MAX 4096

/* @common_from to @common_to: the numbers that are common, because a page library has an edge near them. */
static const struct {
	const char *name;
	bool has_count;
	uint16_t common_from, common_to;
} kinds[START_KINDS] = {
	[START_USED] = { "used", false, 0, 0 },  [START_FIRST_USE] = { "first-use", false, 0, 0 },
	[START_KEPT] = { "kept-", true, 0, 15 }, [START_FREED] = { "freed-", true, 60, 64 },
	[START_LEFT] = { "left-", true, 0, 2 },  [START_AFTER_FORK] = { "after-fork", false, 0, 0 },
};

void start_state_to_text(struct start_state start, char text[START_TEXT])
{
	if (kinds[start.kind].has_count)
		snprintf(text, START_TEXT, "%s%u", kinds[start.kind].name, start.count);
	else
		snprintf(text, START_TEXT, "%s", kinds[start.kind].name);
}

/* Return: false if @text is no decimal number up to COUNT_MAX, without leading zeros. */
static bool parse_count(const char *text, uint16_t *count)
{
	unsigned int number = 0;

	if (!*text || (*text == '0' && text[1]))
		return false;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' || number > COUNT_MAX)
			return false;
		number = number * 10 + (unsigned int)(*text - '0');
	}
	*count = (uint16_t)number;
	return number <= COUNT_MAX;
}

void start_state_to_message_begin(struct start_state start, char text[START_MESSAGE_TEXT])
{
	char name[START_TEXT];

	*text = '\0';
	if (start.kind == START_USED)
		return;
	start_state_to_text(start, name);
	snprintf(text, START_MESSAGE_TEXT, "from %s: ", name);
}

bool start_state_parse(const char *text, struct start_state *start)
{
	for (uint8_t kind = 0; kind < START_KINDS; kind++) {
		size_t len = strlen(kinds[kind].name);

		if (strncmp(text, kinds[kind].name, len))
			continue;
		*start = (struct start_state){ .kind = kind };
		return kinds[kind].has_count ? parse_count(text + len, &start->count) : !text[len];
	}
	return false;
}

bool start_state_is_valid(struct start_state start)
{
	return start.kind < START_KINDS && start.count <= (kinds[start.kind].has_count ? COUNT_MAX : 0);
}

bool start_state_get_common(unsigned int index, struct start_state *start)
{
	for (uint8_t kind = 0; kind < START_KINDS; kind++) {
		unsigned int count = kinds[kind].common_to - kinds[kind].common_from + 1u;

		if (index < count) {
			*start = (struct start_state){ kind, (uint16_t)(kinds[kind].common_from + index) };
			return true;
		}
		index -= count;
	}
	return false;
}
