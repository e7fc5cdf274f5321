/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Inputs of fuzz_api: calls of the library that no page program can make (api.def).
 *
 * In the byte form, each call is a record of fixed size, so that most calls remain when an engine cuts and
 * joins inputs. Every byte string is a list of calls:
 *
 *   byte 0     code of the call, modulo API_COUNT
 *   byte 1     slot, modulo API_SLOTS
 *   byte 2..7  three numbers, 16 bits each, low byte first (number.h)
 *
 * A call converts its numbers to valid arguments (for example a length modulo the page size), so that most
 * inputs of engines have an effect.
 *
 * The text form is for people and for seeds: the line "calls 1", then a line for each call, with the name,
 * slot and numbers of the call. # begins a comment.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define API_SLOTS       4
#define API_NUMBERS     3
#define API_RECORD_SIZE 8
#define API_CALLS_MAX   64 /* maximum in one input; later calls are ignored */

enum api_op {
#define API(name, slots, numbers, what) API_##name,
#include "fuzz/api.def"
	API_COUNT
};

struct api_call {
	enum api_op op;
	uint8_t slot_index;
	uint64_t numbers[API_NUMBERS];
};

const char *api_get_op_name(enum api_op op);

/* Decodes an input. Return: the number of calls. */
size_t api_decode_calls(const uint8_t *bytes, size_t size, struct api_call calls[API_CALLS_MAX]);

/* Writes the calls as text, with the line "calls 1" before them. */
void api_print_calls(FILE *out, const struct api_call *calls, size_t count);

/* Return: whether the text begins with the line "calls 1". */
bool api_has_text_header(const char *text, size_t size);

/*
 * Encodes a text of calls, which must have the header, as bytes.
 * @bytes: gets at most API_CALLS_MAX records
 * @wrong_line: gets the number of the first line that is no call, or that is one call too many
 * Return: the number of bytes; 0 if there is a wrong line, or no call.
 */
size_t api_encode_text(const char *text, size_t size, uint8_t *bytes, unsigned int *wrong_line);
