/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What `make bench-fuzz` holds fuzz_page against: the same checks, but the input is a plain
 * stream of bytes, as of a target that knows no programs. Each call takes from it what it
 * needs: a byte for the call, for the thread, for a handle and for a value, eight for a
 * number. There are no records, so bytes that come or go change all that follows.
 *
 * It is no target of campaigns.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/util/number.h"

const enum fuzz_reads fuzz_reads = FUZZ_BYTES;

struct stream {
	const uint8_t *bytes;
	size_t left;
};

/* What is beyond the end is zero. */
static uint64_t take(struct stream *stream, size_t size)
{
	uint64_t value = 0;

	for (size_t i = 0; i < size && stream->left; i++, stream->bytes++, stream->left--)
		value |= (uint64_t)*stream->bytes << (8 * i);
	return value;
}

static uint64_t take_number(struct stream *stream)
{
	uint64_t number = take(stream, 8);

	return number_valid(number) ? number : number % NUMBER_SPAN;
}

static void take_argument(struct stream *stream, char kind, struct call *call,
			  unsigned int *handles, unsigned int *numbers)
{
	switch (kind) {
	case 'v':
		call->value = (uint8_t)take(stream, 1);
		break;
	case 'g':
		call->value = take(stream, 1) & 0x1f;
		break;
	case 'n':
		call->number[(*numbers)++] = take_number(stream);
		break;
	case 'z':
		call->number[(*numbers)++] = take(stream, 2) % (PROGRAM_SLICE_MAX + 1);
		break;
	case 'f':
		call->has_fault = take(stream, 1) & 1;
		if (call->has_fault)
			call->number[*numbers] = take_number(stream);
		break;
	default:
		call->handle[(*handles)++] = (uint8_t)(take(stream, 1) % op_handle_count(kind));
	}
}

static void take_call(struct stream *stream, struct call *call)
{
	unsigned int handles = 0, numbers = 0;

	memset(call, 0, sizeof(*call));
	call->expected_result = RESULT_NONE;
	call->op = (uint8_t)(take(stream, 1) % OP_COUNT);
	call->thread = (uint8_t)(take(stream, 1) % PROGRAM_THREADS);
	for (const char *kind = op_table[call->op].args; *kind; kind++)
		take_argument(stream, *kind, call, &handles, &numbers);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct stream stream = { data, size };
	struct checker_report report;

	for (program.count = 0; stream.left && program.count < PROGRAM_CALLS; program.count++)
		take_call(&stream, &program.calls[program.count]);
	checker_repair(fuzz_checker(), &program);
	program_renumber(&program);
	if (fuzz_compare(&program, &report) == CHECKER_DIFFERS)
		fuzz_finding("fuzz_stream", &program, report.why);
	fuzz_count("fuzz_stream");
	return 0;
}
