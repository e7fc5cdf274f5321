/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/api_call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/number.h"

static const char head[] = "calls 1\n";

static const struct {
	const char *name;
	unsigned int slots, numbers;
} table[] = {
#define API(name, slots, numbers, what) { #name, slots, numbers },
#include "fuzz/api.def"
#undef API
};

const char *api_name(enum api_op op)
{
	return table[op].name;
}

/* ---- bytes ---- */

static uint16_t get_packed(const uint8_t *at)
{
	return (uint16_t)(at[0] | at[1] << 8);
}

size_t api_from_bytes(const uint8_t *bytes, size_t size, struct api_call calls[API_MOST])
{
	size_t count = size / API_RECORD;

	if (count > API_MOST)
		count = API_MOST;
	for (size_t i = 0; i < count; i++, bytes += API_RECORD) {
		struct api_call *call = &calls[i];

		*call = (struct api_call){ .op = bytes[0] % API_COUNT };
		if (table[call->op].slots)
			call->slot = bytes[1] % API_SLOTS;
		for (unsigned int n = 0; n < table[call->op].numbers; n++)
			call->number[n] = number_unpack(get_packed(bytes + 2 + 2 * n));
	}
	return count;
}

static void to_bytes(const struct api_call *call, uint8_t *bytes)
{
	bytes[0] = (uint8_t)call->op;
	bytes[1] = call->slot;
	for (unsigned int n = 0; n < API_NUMBERS; n++) {
		uint16_t packed = number_pack(call->number[n]);

		bytes[2 + 2 * n] = (uint8_t)packed;
		bytes[3 + 2 * n] = (uint8_t)(packed >> 8);
	}
}

/* ---- text ---- */

void api_to_text(const struct api_call *call, char line[API_LINE])
{
	int used = snprintf(line, API_LINE, "%s", table[call->op].name);
	char number[NUMBER_TEXT];

	if (table[call->op].slots)
		used += snprintf(line + used, API_LINE - (size_t)used, " %u", call->slot);
	for (unsigned int n = 0; n < table[call->op].numbers; n++) {
		number_text(call->number[n], number);
		used += snprintf(line + used, API_LINE - (size_t)used, " %s", number);
	}
}

bool api_is_text(const char *text, size_t size)
{
	return size >= strlen(head) && !memcmp(text, head, strlen(head));
}

/* As number_text() writes them, or any that strtoull() knows. */
static bool number_of(const char *word, uint64_t *number)
{
	static const char top[] = "SIZE_MAX-";
	bool down = !strncmp(word, top, strlen(top));
	char *end;

	if (!strcmp(word, "PAGE_SIZE") || !strcmp(word, "SIZE_MAX")) {
		*number = word[0] == 'P' ? 4096 : UINT64_MAX;
		return true;
	}
	word += down ? strlen(top) : 0;
	*number = strtoull(word, &end, 0);
	if (end == word || *end)
		return false;
	*number = down ? UINT64_MAX - *number : *number;
	return number_valid(*number);
}

static bool op_of(const char *word, struct api_call *call)
{
	for (call->op = 0; call->op < API_COUNT; call->op++)
		if (!strcmp(word, table[call->op].name))
			return true;
	return false;
}

static bool call_of(char *line, struct api_call *call)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	uint64_t slot;

	if (!op_of(word, call))
		return false;
	if (table[call->op].slots) {
		word = strtok_r(NULL, " ", &rest);
		if (!word || !number_of(word, &slot) || slot >= API_SLOTS)
			return false;
		call->slot = (uint8_t)slot;
	}
	for (unsigned int n = 0; n < table[call->op].numbers; n++) {
		word = strtok_r(NULL, " ", &rest);
		if (!word || !number_of(word, &call->number[n]))
			return false;
	}
	return !strtok_r(NULL, " ", &rest);
}

size_t api_text_to_bytes(char *text, uint8_t *bytes, unsigned int *line)
{
	size_t used = 0;

	text += strlen(head);
	for (*line = 2; *text; ++*line) {
		size_t len = strcspn(text, "\n");
		char *next = text + len + (text[len] == '\n');
		struct api_call call = { 0 };

		text[strcspn(text, "#\n")] = '\0';
		if (text[strspn(text, " ")]) {
			if (used == API_MOST * API_RECORD || !call_of(text, &call))
				return 0;
			to_bytes(&call, bytes + used);
			used += API_RECORD;
		}
		text = next;
	}
	return used;
}
