/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"
#include "tests/random_program.h"
#include "tests/tap.h"

static struct program program, again;
static uint8_t bytes[PROGRAM_BYTES_MAX + 4 * PROGRAM_RECORD], canonical[PROGRAM_BYTES_MAX];

static bool any_bytes_decode(uint64_t seed)
{
	size_t size = random_next(&seed) % 700, encoded_size;

	fill_random_bytes(&seed, bytes, size);
	program_from_bytes(&program, bytes, size);
	encoded_size = program_to_bytes(&program, canonical);
	program_from_bytes(&again, canonical, encoded_size);
	return program_valid(&program) && program_calls_equal(&program, &again);
}

static bool canonical_is_stable(uint64_t seed)
{
	size_t encoded_size;

	make_random_program(&seed, &program, 60);
	encoded_size = program_to_bytes(&program, canonical);
	program_from_bytes(&again, canonical, encoded_size);
	return program_to_bytes(&again, bytes) == encoded_size && !memcmp(bytes, canonical, encoded_size);
}

/* Return: whether a change of one record leaves the calls of all other records unchanged. */
static bool records_are_independent(uint64_t seed)
{
	size_t count = 20, changed = seed % 20;

	fill_random_bytes(&seed, bytes, count * PROGRAM_RECORD);
	for (size_t i = 0; i < count; i++)
		bytes[i * PROGRAM_RECORD] %= OP_COUNT;
	program_from_bytes(&program, bytes, count * PROGRAM_RECORD);
	fill_random_bytes(&seed, bytes + changed * PROGRAM_RECORD, PROGRAM_RECORD);
	bytes[changed * PROGRAM_RECORD] %= OP_COUNT;
	program_from_bytes(&again, bytes, count * PROGRAM_RECORD);
	program.calls[changed] = again.calls[changed];
	return program_calls_equal(&program, &again);
}

static void test_short_and_long_bytes(void)
{
	program_from_bytes(&program, bytes, 0);
	ok(program.count == 0, "no bytes are the empty program");
	memset(bytes, 0, sizeof(bytes));
	program_from_bytes(&program, bytes, PROGRAM_RECORD - 1);
	ok(program.count == 0, "a record cut short is left out");
	program_from_bytes(&program, bytes, sizeof(bytes));
	ok(program.count == PROGRAM_CALLS, "records beyond the longest program are left out");
	bytes[0] = 0xf0;
	program_from_bytes(&program, bytes, 2 * PROGRAM_RECORD);
	ok(program.count == 1 && program.calls[0].line == 2, "a reserved code is no call");
	bytes[0] = 24 + OP_write_raw;
	program_from_bytes(&program, bytes, PROGRAM_RECORD);
	ok(program.calls[0].op == OP_write_raw, "other codes stand for themselves modulo 24");
}

/* Tests that each call has its original code, because stored byte forms must keep their meaning. */
static void test_codes_of_calls(void)
{
	static const enum op codes[] = {
		OP_alloc_page,
		OP_get_page,
		OP_free_page,
		OP_read_raw,
		OP_write_raw,
		OP_fill_zero,
		OP_lock,
		OP_unlock,
		OP_post,
		OP_wait,
		OP_read_bytewise_atomic,
		OP_write_bytewise_atomic,
		OP_copy_page,
		OP_user_slice,
		OP_skip,
		OP_user_store,
		OP_copy_from_user_slice,
		OP_kmap_local,
		OP_load,
		OP_store,
		OP_load_atomic,
		OP_store_atomic,
		OP_kunmap_local,
		OP_fail_nth,
	};
	bool same = true;

	for (unsigned int code = 0; code < sizeof(codes) / sizeof(codes[0]); code++)
		same &= codes[code] == code;
	ok(same, "the codes of format 1 are what they always were");
}

static void test_schedule_records(void)
{
	static const char text[] = "pagetorture 1\nschedule main.2>T1\nschedule T0.300>T7\nget_page(p0)\n";
	struct text_error error;
	size_t size;

	ok(program_from_text(&program, text, strlen(text), &error), "a program with a schedule");
	size = program_to_bytes(&program, bytes);
	program_from_bytes(&again, bytes, size);
	ok(size == 3 * PROGRAM_RECORD && again.schedule.count == 2 && again.count == 1 &&
		   deviations_equal(&again.schedule, &program.schedule),
	   "the byte form keeps the schedule");
	bytes[PROGRAM_RECORD + 6] ^= 1;
	program_from_bytes(&again, bytes, size);
	ok(again.schedule.count == 1 && again.count == 1,
	   "a record with the code of a schedule and other bytes is ignored, as in older versions");
	bytes[PROGRAM_RECORD + 6] ^= 1;
	bytes[PROGRAM_RECORD + 2] = 0;
	program_from_bytes(&again, bytes, size);
	ok(again.schedule.count == 1, "and so is a deviation to main");
	program.schedule.start = (struct start_state){ START_LEFT, 300 };
	size = program_to_bytes(&program, bytes);
	program_from_bytes(&again, bytes, size);
	ok(size == 4 * PROGRAM_RECORD && deviations_equal(&again.schedule, &program.schedule),
	   "the byte form keeps the start state");
	bytes[2] = START_KINDS;
	program_from_bytes(&again, bytes, size);
	ok(again.schedule.count == 2 && again.schedule.start.kind == START_USED,
	   "an unknown start state is ignored");
}

UNIT_TEST(test_program_bytes)
{
	test_schedule_records();
	check_seeds(20000, any_bytes_decode, "any bytes are a valid program; its bytes are the same program");
	check_seeds(5000, canonical_is_stable, "canonical bytes stay as they are");
	check_seeds(2000, records_are_independent, "a record changes its own call only");
	test_short_and_long_bytes();
	test_codes_of_calls();
}
