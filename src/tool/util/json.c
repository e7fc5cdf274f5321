/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/json.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>

#include "harness/util/utf8.h"

struct json json_begin(FILE *out)
{
	return (struct json){ .out = out };
}

static void write_string(FILE *out, const char *text)
{
	size_t character_size;

	putc('"', out);
	for (; *text; text += character_size ? character_size : 1) {
		unsigned char c = (unsigned char)*text;

		character_size = utf8_first_length(text);
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
static void write_key(struct json *j, const char *key)
{
	if (j->has_value[j->depth])
		fputs(", ", j->out);
	j->has_value[j->depth] = true;
	if (!key)
		return;
	write_string(j->out, key);
	fputs(": ", j->out);
}

static void begin_container(struct json *j, const char *key, char opening, char closing)
{
	write_key(j, key);
	putc(opening, j->out);
	if (++j->depth == JSON_DEPTH)
		abort();
	j->closing_characters[j->depth] = closing;
	j->has_value[j->depth] = false;
}

void json_begin_object(struct json *j, const char *key)
{
	begin_container(j, key, '{', '}');
}

void json_begin_array(struct json *j, const char *key)
{
	begin_container(j, key, '[', ']');
}

void json_end(struct json *j)
{
	putc(j->closing_characters[j->depth--], j->out);
}

void json_end_line(struct json *j)
{
	while (j->depth)
		json_end(j);
	putc('\n', j->out);
	j->has_value[0] = false;
}

void json_text(struct json *j, const char *key, const char *text)
{
	write_key(j, key);
	if (text)
		write_string(j->out, text);
	else
		fputs("null", j->out);
}

void json_format(struct json *j, const char *key, const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = NULL;
	va_end(args);
	json_text(j, key, text);
	free(text);
}

void json_number(struct json *j, const char *key, int64_t value)
{
	write_key(j, key);
	fprintf(j->out, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	write_key(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_real(struct json *j, const char *key, double value, int digits)
{
	write_key(j, key);
	/* JSON has no infinity and no NaN. */
	if (isfinite(value))
		fprintf(j->out, "%.*f", digits, value);
	else
		fputs("null", j->out);
}
