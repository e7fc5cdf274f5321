/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * JSON, written from its beginning to its end: these functions print commas and quotes. What is in
 * an object has a key, what is in an array has none (NULL). All output is one line;
 * json_end_line() ends it.
 */
#ifndef TOOL_JSON_H
#define TOOL_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
	FILE *out;
	unsigned int depth;
	char closing_characters[JSON_DEPTH];
	bool has_value[JSON_DEPTH]; /* there is a value before the next one */
};

struct json json_begin(FILE *out);

/* What is begun is ended by json_end(), the innermost first. */
void json_begin_object(struct json *json, const char *key);
void json_begin_array(struct json *json, const char *key);
void json_end(struct json *json);

/* Ends all that is open, and the line. */
void json_end_line(struct json *json);

/* Bytes that are no UTF-8 become the character that says so. @text: NULL is null. */
void json_text(struct json *json, const char *key, const char *text);
void json_format(struct json *json, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);

/* With so many digits after the point; null if it is not finite. */
void json_real(struct json *json, const char *key, double value, int digits);

#endif
