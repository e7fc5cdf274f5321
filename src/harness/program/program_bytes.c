/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program_bytes.h"

#include <string.h>

#include "harness/util/number.h"

#define CODE_RESERVED 0xf0
#define CODE_ALIASES  24 /* number of calls in the first release of format 1; never changes */

/*
 * A record with a deviation of the schedule, or with its start state: then the first thread is RUNNING_START,
 * followed by the kind and the count. Programs of older versions ignore such a record, because its
 * code is reserved. The signature makes it unlikely that random bytes are a schedule.
 */
#define CODE_SCHEDULE 0xf0
static const uint8_t schedule_signature[6] = { 'S', 'C', 'H', 'E', 'D', 0x0a };
#define RUNNING_START 0xff
enum { AT_RUNNING = 1, AT_NEXT, AT_POSITION, AT_SIGNATURE = 5 };

enum { AT_OP, AT_THREAD, AT_HANDLE, AT_VALUE = AT_HANDLE + 2, AT_NUMBER };

_Static_assert(OP_COUNT >= CODE_ALIASES, "codes are append-only");
_Static_assert(OP_COUNT <= CODE_RESERVED, "codes from CODE_RESERVED on are reserved");

static uint64_t decode_number(const uint8_t *record, unsigned int index)
{
	const uint8_t *at = record + AT_NUMBER + 2 * index;

	return number_unpack((uint16_t)(at[0] | at[1] << 8));
}

static void encode_number(uint8_t *record, unsigned int index, uint64_t number)
{
	uint8_t *at = record + AT_NUMBER + 2 * index;
	uint16_t packed = number_pack(number);

	at[0] = (uint8_t)packed;
	at[1] = (uint8_t)(packed >> 8);
}

static void decode_arguments(struct call *call, const uint8_t *record)
{
	unsigned int handles = 0, numbers = 0;

	for (const char *kind = op_table[call->op].argument_kinds; *kind; kind++) {
		switch (*kind) {
		case 'v':
			call->value = record[AT_VALUE];
			break;
		case 'g':
			call->value = record[AT_VALUE] & 0x1f;
			break;
		case 'n':
			call->number[numbers] = decode_number(record, numbers);
			numbers++;
			break;
		case 'z':
			call->number[numbers] = decode_number(record, numbers) & PROGRAM_SLICE_MAX;
			numbers++;
			break;
		case 'f':
			/*
			 * user_slice has one handle, so the byte of the second handle stores whether the call
			 * has a fault.
			 */
			call->has_fault = record[AT_HANDLE + 1] & 1;
			if (call->has_fault)
				call->number[numbers] = decode_number(record, numbers);
			numbers++;
			break;
		default:
			call->handle[handles] =
				(uint8_t)(record[AT_HANDLE + handles] % op_count_handles_of_letter(*kind));
			handles++;
		}
	}
}

static void decode_call(struct call *call, const uint8_t *record, uint32_t line)
{
	memset(call, 0, sizeof(*call));
	call->op = record[AT_OP] < OP_COUNT ? record[AT_OP] : record[AT_OP] % CODE_ALIASES;
	call->thread = record[AT_THREAD] % PROGRAM_THREADS;
	call->expected_result = RESULT_NONE;
	call->line = line;
	decode_arguments(call, record);
}

static uint16_t decode_position(const uint8_t *record)
{
	return (uint16_t)(record[AT_POSITION] | record[AT_POSITION + 1] << 8);
}

static bool has_schedule_signature(const uint8_t *record)
{
	return record[AT_OP] == CODE_SCHEDULE &&
	       !memcmp(record + AT_SIGNATURE, schedule_signature, sizeof(schedule_signature));
}

static bool decode_deviation(const uint8_t *record, struct deviation *deviation)
{
	*deviation = (struct deviation){ record[AT_RUNNING], record[AT_NEXT], decode_position(record) };
	return deviation->running < PROGRAM_THREADS && deviation->next != THREAD_MAIN &&
	       deviation->next < PROGRAM_THREADS;
}

static void decode_schedule(const uint8_t *record, struct deviations *schedule)
{
	struct start_state start = { record[AT_NEXT], decode_position(record) };
	struct deviation deviation;

	if (!has_schedule_signature(record))
		return;
	if (record[AT_RUNNING] == RUNNING_START && start_state_is_valid(start))
		schedule->start = start;
	else if (decode_deviation(record, &deviation))
		deviations_append(schedule, deviation);
}

void program_from_bytes(struct program *program, const uint8_t *bytes, size_t size)
{
	size_t records = size / PROGRAM_RECORD;

	program->count = 0;
	program->has_expect = false;
	program->expect = 0;
	deviations_clear(&program->schedule);
	for (size_t i = 0; i < records && program->count < PROGRAM_CALLS; i++) {
		const uint8_t *record = bytes + i * PROGRAM_RECORD;

		if (record[AT_OP] < CODE_RESERVED)
			decode_call(&program->calls[program->count++], record, (uint32_t)(i + 1));
		else if (!program->count)
			decode_schedule(record, &program->schedule);
	}
}

static void encode_call(const struct call *call, uint8_t *record)
{
	record[AT_OP] = call->op;
	record[AT_THREAD] = call->thread;
	record[AT_HANDLE] = call->handle[0];
	record[AT_HANDLE + 1] = call->op == OP_user_slice ? call->has_fault : call->handle[1];
	record[AT_VALUE] = call->value;
	for (unsigned int i = 0; i < 3; i++)
		encode_number(record, i, call->number[i]);
}

static void encode_schedule(uint8_t running, uint8_t next, uint16_t position, uint8_t *record)
{
	record[AT_OP] = CODE_SCHEDULE;
	record[AT_RUNNING] = running;
	record[AT_NEXT] = next;
	record[AT_POSITION] = (uint8_t)position;
	record[AT_POSITION + 1] = (uint8_t)(position >> 8);
	memcpy(record + AT_SIGNATURE, schedule_signature, sizeof(schedule_signature));
}

size_t program_to_bytes(const struct program *program, uint8_t bytes[PROGRAM_BYTES_MAX])
{
	const struct deviations *schedule = &program->schedule;
	uint8_t *record = bytes;

	if (schedule->start.kind != START_USED) {
		encode_schedule(RUNNING_START, schedule->start.kind, schedule->start.count, record);
		record += PROGRAM_RECORD;
	}
	for (size_t i = 0; i < schedule->count; i++, record += PROGRAM_RECORD)
		encode_schedule(schedule->items[i].running, schedule->items[i].next,
				schedule->items[i].position, record);
	for (size_t i = 0; i < program->count; i++, record += PROGRAM_RECORD)
		encode_call(&program->calls[i], record);
	return (size_t)(record - bytes);
}

/* A call is valid if encoding and decoding it gives the same call. */
bool call_valid(const struct call *call)
{
	uint8_t record[PROGRAM_RECORD];
	struct call decoded;

	for (unsigned int i = 0; i < 3; i++)
		if (!number_is_valid(call->number[i]))
			return false;
	if (call->op >= OP_COUNT)
		return false;
	encode_call(call, record);
	decode_call(&decoded, record, call->line);
	return call_equal_ignoring_expectation(&decoded, call);
}

bool program_valid(const struct program *program)
{
	if (program->count > PROGRAM_CALLS)
		return false;
	for (size_t i = 0; i < program->count; i++)
		if (!call_valid(&program->calls[i]))
			return false;
	return true;
}
