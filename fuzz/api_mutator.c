/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A custom mutator of libFuzzer for fuzz_api. The mutator inserts, removes, repeats, exchanges or changes
 * whole calls, so that most inputs have many calls and numbers that are near a limit. In one of four cases
 * libFuzzer mutates the bytes.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "fuzz/api_call.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"
#include "harness/util/random.h"
#include "page/page.h"

#define CHANGES_MAX 4

NO_COVERAGE_BEGIN

static uint64_t random_state;

static uint64_t pick_number(void)
{
	static const uint64_t limits[] = { PAGE_SIZE,         PAGE_SIZE - 1,     PAGE_SIZE + 1, 2 * PAGE_SIZE,
					   UINT64_C(1) << 32, UINT64_C(1) << 63, UINT64_MAX,    0 };

	switch (random_below(&random_state, 8)) {
	case 0:
	case 1:
	case 2:
		return random_below(&random_state, 16);
	case 3:
		return random_below(&random_state, 256);
	case 4:
	case 5:
		return random_below(&random_state, NUMBER_SPAN);
	case 6:
		return limits[random_below(&random_state, sizeof(limits) / sizeof(*limits))];
	default:
		return number_unpack((uint16_t)random_below(&random_state, 1 << 16));
	}
}

static void set_number(uint8_t *record, unsigned int n)
{
	uint16_t packed = number_pack(pick_number());

	record[2 + 2 * n] = (uint8_t)packed;
	record[3 + 2 * n] = (uint8_t)(packed >> 8);
}

static void make_random_record(uint8_t *record)
{
	record[0] = (uint8_t)random_below(&random_state, API_COUNT);
	record[1] = (uint8_t)random_below(&random_state, API_SLOTS);
	for (unsigned int n = 0; n < API_NUMBERS; n++)
		set_number(record, n);
}

static void change_record(uint8_t *record)
{
	uint32_t field = random_below(&random_state, 2 + API_NUMBERS);

	if (field == 0)
		record[0] = (uint8_t)random_below(&random_state, API_COUNT);
	else if (field == 1)
		record[1] = (uint8_t)random_below(&random_state, API_SLOTS);
	else
		set_number(record, field - 2);
}

/* Moves the records, and inserts a record before the record @at. */
static void insert_record(uint8_t *data, size_t count, size_t at, const uint8_t *record)
{
	memmove(data + (at + 1) * API_RECORD_SIZE, data + at * API_RECORD_SIZE,
		(count - at) * API_RECORD_SIZE);
	memcpy(data + at * API_RECORD_SIZE, record, API_RECORD_SIZE);
}

static void remove_record(uint8_t *data, size_t count, size_t at)
{
	memmove(data + at * API_RECORD_SIZE, data + (at + 1) * API_RECORD_SIZE,
		(count - at - 1) * API_RECORD_SIZE);
}

/* Return: the number of records after one change. */
static size_t change_records_once(uint8_t *data, size_t count, size_t max)
{
	uint8_t record[API_RECORD_SIZE];
	size_t at = count ? random_below(&random_state, count) : 0;
	uint32_t kind = random_below(&random_state, 8);

	if (kind == 0 && count > 1) {
		remove_record(data, count, at);
		return count - 1;
	}
	if (kind <= 2 && count) {
		change_record(data + at * API_RECORD_SIZE);
		return count;
	}
	if (count >= max)
		return count;
	if (kind == 3 && count)
		memcpy(record, data + at * API_RECORD_SIZE, API_RECORD_SIZE);
	else
		make_random_record(record);
	insert_record(data, count, count ? random_below(&random_state, count + 1) : 0, record);
	return count + 1;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed)
{
	size_t count = size / API_RECORD_SIZE, most = number_min(max / API_RECORD_SIZE, API_CALLS_MAX);

	random_state = seed;
	if (!most || (LLVMFuzzerMutate && random_once_in(&random_state, 4)))
		return LLVMFuzzerMutate ? LLVMFuzzerMutate(data, size, max) : size;
	count = number_min(count, most);
	for (uint32_t n = 1 + random_below(&random_state, CHANGES_MAX); n; n--)
		count = change_records_once(data, count, most);
	return count * API_RECORD_SIZE;
}

NO_COVERAGE_END
