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

static void put_string(FILE *out, const char *text)
{
	size_t size;

	putc('"', out);
	for (; *text; text += size ? size : 1) {
		unsigned char c = (unsigned char)*text;

		size = utf8_in_string(text);
		if (!size)
			fputs("\\ufffd", out);
		else if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			fwrite(text, 1, size, out);
	}
	putc('"', out);
}

/* Prints the comma and the key before a value. */
static void put_key(struct json *j, const char *key)
{
	if (j->some[j->depth])
		fputs(", ", j->out);
	j->some[j->depth] = true;
	if (!key)
		return;
	put_string(j->out, key);
	fputs(": ", j->out);
}

static void open_with(struct json *j, const char *key, char opening, char closing)
{
	put_key(j, key);
	putc(opening, j->out);
	if (++j->depth == JSON_DEPTH)
		abort();
	j->closing[j->depth] = closing;
	j->some[j->depth] = false;
}

void json_begin_object(struct json *j, const char *key)
{
	open_with(j, key, '{', '}');
}

void json_begin_array(struct json *j, const char *key)
{
	open_with(j, key, '[', ']');
}

void json_end(struct json *j)
{
	putc(j->closing[j->depth--], j->out);
}

void json_end_line(struct json *j)
{
	while (j->depth)
		json_end(j);
	putc('\n', j->out);
	j->some[0] = false;
}

void json_text(struct json *j, const char *key, const char *text)
{
	put_key(j, key);
	if (text)
		put_string(j->out, text);
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
	put_key(j, key);
	fprintf(j->out, "%" PRId64, value);
}

void json_bool(struct json *j, const char *key, bool value)
{
	put_key(j, key);
	fputs(value ? "true" : "false", j->out);
}

void json_real(struct json *j, const char *key, double value, int digits)
{
	put_key(j, key);
	/* JSON has no word for infinity, nor for what is no number. */
	if (isfinite(value))
		fprintf(j->out, "%.*f", digits, value);
	else
		fputs("null", j->out);
}
