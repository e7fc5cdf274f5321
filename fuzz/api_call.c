/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/api_call.h"

#include <string.h>

#include "harness/program/text_cursor.h"
#include "harness/util/number.h"

static const char text_header[] = "calls 1\n";

static const struct {
	const char *name;
	unsigned int slots, numbers;
} op_rows[] = {
#define API(name, slots, numbers, what) { #name, slots, numbers },
#include "fuzz/api.def"
};

const char *api_get_op_name(enum api_op op)
{
	return op_rows[op].name;
}

/* ---- bytes ---- */

size_t api_decode_calls(const uint8_t *bytes, size_t size, struct api_call calls[API_CALLS_MAX])
{
	size_t count = number_min(size / API_RECORD_SIZE, API_CALLS_MAX);

	for (size_t i = 0; i < count; i++, bytes += API_RECORD_SIZE) {
		struct api_call *call = &calls[i];

		*call = (struct api_call){ .op = bytes[0] % API_COUNT };
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
	char formatted_number[NUMBER_TEXT];

	fputs(text_header, out);
	for (const struct api_call *call = calls; call < calls + count; call++) {
		fputs(api_get_op_name(call->op), out);
		if (op_rows[call->op].slots)
			fprintf(out, " %u", call->slot_index);
		for (unsigned int n = 0; n < op_rows[call->op].numbers; n++) {
			number_write_program_text(call->numbers[n], formatted_number);
			fprintf(out, " %s", formatted_number);
		}
		putc('\n', out);
	}
}

bool api_has_text_header(const char *text, size_t size)
{
	return size >= strlen(text_header) && !memcmp(text, text_header, strlen(text_header));
}

static bool parse_call(struct text_cursor *cursor, struct api_call *call)
{
	struct text_word name = text_read_word(cursor);
	const char *unused_start;
	uint64_t slot = 0;

	*call = (struct api_call){ 0 };
	while (call->op < API_COUNT && !text_word_is(&name, op_rows[call->op].name))
		call->op++;
	if (call->op == API_COUNT ||
	    (op_rows[call->op].slots && !text_parse_number_in_domain(cursor, &unused_start, &slot)))
		return false;
	for (unsigned int n = 0; n < op_rows[call->op].numbers; n++)
		if (!text_parse_number_in_domain(cursor, &unused_start, &call->numbers[n]))
			return false;
	call->slot_index = (uint8_t)slot;
	return slot < API_SLOTS && text_ends_after_spaces(cursor);
}

size_t api_encode_text(const char *text, size_t size, uint8_t *bytes, unsigned int *wrong_line)
{
	const char *end = text + size, *line_end;
	size_t used = 0;

	text += strlen(text_header);
	for (*wrong_line = 2; text < end; ++*wrong_line, text = line_end + 1) {
		struct text_error error;
		struct text_cursor cursor = { text, end, &error };
		struct api_call call;

		line_end = memchr(text, '\n', (size_t)(end - text));
		line_end = line_end ? line_end : end;
		cursor.end = memchr(text, '#', (size_t)(line_end - text));
		cursor.end = cursor.end ? cursor.end : line_end;
		if (text_ends_after_spaces(&cursor))
			continue;
		if (used == API_CALLS_MAX * API_RECORD_SIZE || !parse_call(&cursor, &call))
			return 0;
		encode_call(&call, bytes + used);
		used += API_RECORD_SIZE;
	}
	return used;
}
