/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "harness/util/utf8.h"

struct json json_make_writer(FILE *out)
{
	return (struct json){ .out = out };
}

static void write_string(FILE *out, const char *text)
{
	size_t character_size;

	putc('"', out);
	for (; *text; text += character_size ? character_size : 1) {
		unsigned char c = (unsigned char)*text;

		character_size = utf8_character_length(text, 4);
		if (!character_size)
			fputs("\\ufffd", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fwrite(text, 1, character_size, out);
	}
	putc('"', out);
}

/* Prints the comma and the key before a value. */
static void write_comma_and_key(struct json *json, const char *key)
{
	if (json->has_value[json->depth])
		fputs(", ", json->out);
	json->has_value[json->depth] = true;
	if (!key)
		return;
	write_string(json->out, key);
	fputs(": ", json->out);
}

static void begin_container(struct json *json, const char *key, char opening, char closing)
{
	write_comma_and_key(json, key);
	putc(opening, json->out);
	if (++json->depth == JSON_DEPTH)
		abort();
	json->closing_characters[json->depth] = closing;
	json->has_value[json->depth] = false;
}

void json_begin_object(struct json *json, const char *key)
{
	begin_container(json, key, '{', '}');
}

void json_begin_array(struct json *json, const char *key)
{
	begin_container(json, key, '[', ']');
}

void json_end(struct json *json)
{
	putc(json->closing_characters[json->depth--], json->out);
}

void json_end_all_and_newline(struct json *json)
{
	while (json->depth)
		json_end(json);
	putc('\n', json->out);
	json->has_value[0] = false;
}

void json_text(struct json *json, const char *key, const char *text)
{
	write_comma_and_key(json, key);
	if (text)
		write_string(json->out, text);
	else
		fputs("null", json->out);
}

void json_format(struct json *json, const char *key, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	json_text(json, key, text);
	free(text);
}

void json_number(struct json *json, const char *key, int64_t value)
{
	write_comma_and_key(json, key);
	fprintf(json->out, "%" PRId64, value);
}

void json_bool(struct json *json, const char *key, bool value)
{
	write_comma_and_key(json, key);
	fputs(value ? "true" : "false", json->out);
}

void json_real(struct json *json, const char *key, double value, int digits)
{
	write_comma_and_key(json, key);
	/* JSON has no infinity and no NaN. */
	if (isfinite(value))
		fprintf(json->out, "%.*f", digits, value);
	else
		fputs("null", json->out);
}
