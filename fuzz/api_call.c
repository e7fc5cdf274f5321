/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/api_call.h"

#include <stdlib.h>
#include <string.h>

#include "harness/util/number.h"

static const char text_header[] = "calls 1\n";

static const struct {
	const char *name;
	unsigned int slots, numbers;
} op_rows[] = {
#define API(name, slots, numbers, what) {#name, slots, numbers},
#include "fuzz/api.def"
#undef API
};

const char *api_op_name(enum api_op op)
{
	return op_rows[op].name;
}

/* ---- bytes ---- */

size_t api_decode_calls(const uint8_t *bytes, size_t size, struct api_call calls[API_CALLS_MAX])
{
	size_t count = number_min(size / API_RECORD_SIZE, API_CALLS_MAX);

	for (size_t i = 0; i < count; i++, bytes += API_RECORD_SIZE) {
		struct api_call *call = &calls[i];

		*call = (struct api_call){.op = bytes[0] % API_COUNT};
		if (op_rows[call->op].slots)
			call->slot_index = bytes[1] % API_SLOTS;
		for (unsigned int n = 0; n < op_rows[call->op].numbers; n++)
			call->numbers[n] =
				number_unpack((uint16_t)(bytes[2 + 2 * n] | bytes[3 + 2 * n] << 8));
	}
	return count;
}

static void encode_call(const struct api_call *call, uint8_t *bytes)
{
	bytes[0] = (uint8_t)call->op;
	bytes[1] = call->slot_index;
	for (unsigned int n = 0; n < API_NUMBERS; n++) {
		uint16_t packed = number_pack(call->numbers[n]);

		bytes[2 + 2 * n] = (uint8_t)packed;
		bytes[3 + 2 * n] = (uint8_t)(packed >> 8);
	}
}

/* ---- text ---- */

void api_print_calls(FILE *out, const struct api_call *calls, size_t count)
{
	char number[NUMBER_TEXT];

	fputs(text_header, out);
	for (const struct api_call *call = calls; call < calls + count; call++) {
		fputs(api_op_name(call->op), out);
		if (op_rows[call->op].slots)
			fprintf(out, " %u", call->slot_index);
		for (unsigned int n = 0; n < op_rows[call->op].numbers; n++) {
			number_text(call->numbers[n], number);
			fprintf(out, " %s", number);
		}
		putc('\n', out);
	}
}

bool api_has_text_header(const char *text, size_t size)
{
	return size >= strlen(text_header) && !memcmp(text, text_header, strlen(text_header));
}

/* Parses a number as number_text() writes it, or in a form that strtoull() reads; NULL is none. */
static bool parse_number(const char *word, uint64_t *number)
{
	static const char max_prefix[] = "SIZE_MAX-";
	bool is_below_max = word && !strncmp(word, max_prefix, strlen(max_prefix));
	char *end;

	if (!word)
		return false;
	if (!strcmp(word, "PAGE_SIZE") || !strcmp(word, "SIZE_MAX")) {
		*number = word[0] == 'P' ? 4096 : UINT64_MAX;
		return true;
	}
	word += is_below_max ? strlen(max_prefix) : 0;
	*number = strtoull(word, &end, 0);
	if (end == word || *end)
		return false;
	*number = is_below_max ? UINT64_MAX - *number : *number;
	return number_valid(*number);
}

static bool parse_call(char *line, struct api_call *call)
{
	char *rest, *word = strtok_r(line, " ", &rest);
	uint64_t slot = 0;

	while (call->op < API_COUNT && strcmp(word, op_rows[call->op].name))
		call->op++;
	if (call->op == API_COUNT)
		return false;
	if (op_rows[call->op].slots && !parse_number(strtok_r(NULL, " ", &rest), &slot))
		return false;
	for (unsigned int n = 0; n < op_rows[call->op].numbers; n++)
		if (!parse_number(strtok_r(NULL, " ", &rest), &call->numbers[n]))
			return false;
	call->slot_index = (uint8_t)slot;
	return slot < API_SLOTS && !strtok_r(NULL, " ", &rest);
}

size_t api_encode_text(char *text, uint8_t *bytes, unsigned int *line)
{
	size_t used = 0;

	text += strlen(text_header);
	for (*line = 2; *text; ++*line) {
		size_t len = strcspn(text, "\n");
		char *next = text + len + (text[len] == '\n');
		struct api_call call = {0};

		text[strcspn(text, "#\n")] = '\0';
		if (text[strspn(text, " ")]) {
			if (used == API_CALLS_MAX * API_RECORD_SIZE || !parse_call(text, &call))
				return 0;
			encode_call(&call, bytes + used);
			used += API_RECORD_SIZE;
		}
		text = next;
	}
	return used;
}
