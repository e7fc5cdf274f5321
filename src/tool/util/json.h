/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Writes JSON, with commas and quotes. A value in an object has a key; for a value in an array, and for the
 * outermost object, @key is NULL. All output is one line, which json_end_all_and_newline() ends.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define JSON_DEPTH 16

struct json {
	FILE *out;
	unsigned int depth;                  /* number of open objects and arrays */
	char closing_characters[JSON_DEPTH]; /* of the open objects and arrays */
	bool has_value[JSON_DEPTH];          /* at each depth: whether the next value needs a comma */
};

struct json json_make_writer(FILE *out);

/* json_begin_...() begins an object or array; json_end() ends the innermost open object or array. */
void json_begin_object(struct json *json, const char *key);
void json_begin_array(struct json *json, const char *key);
void json_end(struct json *json);

/* Ends all open objects and arrays, and the line. */
void json_end_all_and_newline(struct json *json);

/* Writes a string. A byte of @text that is not UTF-8 becomes U+FFFD. @text NULL becomes null. */
void json_text(struct json *json, const char *key, const char *text);
void json_format(struct json *json, const char *key, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void json_number(struct json *json, const char *key, int64_t value);
void json_bool(struct json *json, const char *key, bool value);

/* Writes @value with @digits digits after the decimal point; null for infinity and NaN. */
void json_real(struct json *json, const char *key, double value, int digits);
