/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/outcome.h"

#include <stdlib.h>
#include <string.h>

#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"

/* Pages have bytes of earlier inputs where a program writes none. */
NO_COVERAGE_FILE_BEGIN

/* The structs have no padding, so that memcmp() can compare them. Offsets are in `bytes` and `initialised`.
 */
struct outcome_step {
	uint32_t log_offset;
	uint16_t log_len;
	uint8_t was_skipped;
	int8_t result;
};

struct outcome_page {
	uint32_t at;
	uint16_t refs, is_live;
};

struct outcome {
	size_t size; /* of `bytes` and of `initialised` */
	struct outcome_page pages[PROGRAM_PAGES];
	struct outcome_step steps[PROGRAM_CALLS]; /* by the index of the call in the program */
	uint8_t *bytes, *initialised;
	uint8_t memory[]; /* `bytes`, followed by `initialised` */
};

void outcomes_clear(struct outcomes *outcomes)
{
	while (outcomes->count)
		free(outcomes->items[--outcomes->count]);
	outcomes->most_recent = 0;
}

static size_t count_bytes(const struct trace *trace)
{
	size_t size = 0;

	for (size_t i = 0; i < trace->step_count; i++)
		size += trace->steps[i].log_len;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		size += trace->pages[i].live ? TRACE_PAGE : 0;
	return size;
}

/* Appends bytes of the trace to the outcome. Return: their offset. */
static uint32_t append_bytes(struct outcome *outcome, const struct trace *trace, size_t offset, size_t len)
{
	size_t at = outcome->size;

	memcpy(outcome->bytes + at, trace->bytes + offset, len);
	memcpy(outcome->initialised + at, trace->initialised + offset, len);
	outcome->size += len;
	return (uint32_t)at;
}

/* The calls of an ordered program have the line numbers of the given program. */
static size_t find_call_with_line(const struct program *program, uint32_t line)
{
	size_t call = 0;

	while (program->calls[call].line != line)
		call++;
	return call;
}

static void copy_trace(struct outcome *outcome, const struct trace *trace, const struct program *program,
		       const struct program *ordered)
{
	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];

		outcome->steps[find_call_with_line(program, ordered->calls[step->call].line)] =
			(struct outcome_step){ append_bytes(outcome, trace, step->log_offset, step->log_len),
					       step->log_len, step->was_skipped, step->result };
	}
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		if (trace->pages[i].live)
			outcome->pages[i] =
				(struct outcome_page){ append_bytes(outcome, trace, trace->pages[i].at,
								    TRACE_PAGE),
						       trace->pages[i].refs, true };
}

static struct outcome *new_outcome(const struct trace *trace, const struct program *program,
				   const struct program *ordered)
{
	size_t size = count_bytes(trace);
	struct outcome *outcome = calloc(1, sizeof(*outcome) + 2 * size);

	if (!outcome)
		return NULL;
	outcome->bytes = outcome->memory;
	outcome->initialised = outcome->memory + size;
	copy_trace(outcome, trace, program, ordered);
	return outcome;
}

/* ---- comparing ---- */

/* The loop has no branch, so that the compiler can compare many bytes at a time. */
static bool bytes_match(const struct outcome *outcome, size_t at, const uint8_t *seen, size_t len)
{
	const uint8_t *expected = outcome->bytes + at, *initialised = outcome->initialised + at;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++) {
		uint8_t differing_bits = expected[i] ^ seen[i];

		difference |= initialised[i] == INITIALISED ? differing_bits : 0;
	}
	return !difference;
}

static bool step_matches(const struct outcome *outcome, size_t call, const struct trace *trace)
{
	const struct outcome_step *expected = &outcome->steps[call];
	const struct step *seen = &trace->steps[call];

	return expected->was_skipped == seen->was_skipped && expected->result == seen->result &&
	       expected->log_len == seen->log_len &&
	       bytes_match(outcome, expected->log_offset, trace->bytes + seen->log_offset, seen->log_len);
}

static bool page_matches(const struct outcome *outcome, unsigned int page, const struct trace *trace)
{
	const struct outcome_page *expected = &outcome->pages[page];

	if (!expected->is_live || !trace->pages[page].live)
		return expected->is_live == trace->pages[page].live;
	return expected->refs == trace->pages[page].refs &&
	       bytes_match(outcome, expected->at, trace->bytes + trace->pages[page].at, TRACE_PAGE);
}

static bool outcome_matches(const struct outcomes *outcomes, const struct outcome *outcome,
			    const struct trace *trace)
{
	for (size_t i = 0; i < outcomes->program->count; i++)
		if (!step_matches(outcome, i, trace))
			return false;
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		if (!page_matches(outcome, i, trace))
			return false;
	return true;
}

bool outcomes_contain(struct outcomes *outcomes, const struct trace *trace)
{
	for (size_t i = 0; i < outcomes->count; i++) {
		size_t item = (outcomes->most_recent + i) % outcomes->count;

		if (!outcome_matches(outcomes, outcomes->items[item], trace))
			continue;
		outcomes->most_recent = item;
		return true;
	}
	return false;
}

static bool outcomes_are_equal(const struct outcome *a, const struct outcome *b)
{
	return a->size == b->size && !memcmp(a->pages, b->pages, sizeof(a->pages)) &&
	       !memcmp(a->steps, b->steps, sizeof(a->steps)) && !memcmp(a->bytes, b->bytes, a->size) &&
	       !memcmp(a->initialised, b->initialised, a->size);
}

bool outcomes_add(struct outcomes *outcomes, const struct trace *trace, const struct program *ordered)
{
	struct outcome *outcome = new_outcome(trace, outcomes->program, ordered);

	if (!outcome)
		return false;
	for (size_t i = 0; i < outcomes->count; i++)
		if (outcomes_are_equal(outcome, outcomes->items[i])) {
			free(outcome);
			return true;
		}
	if (outcomes->count == sizeof(outcomes->items) / sizeof(outcomes->items[0])) {
		free(outcome);
		return false;
	}
	outcomes->items[outcomes->count++] = outcome;
	return true;
}

NO_COVERAGE_FILE_END
