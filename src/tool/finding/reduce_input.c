/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Each pass walks over pieces of the input and keeps what is smaller and still fails in the same
 * way; all passes are repeated until none of them changes anything.
 */
#include "tool/finding/reduce_input.h"

#include <stdlib.h>
#include <string.h>

#include "harness/util/sha1.h"
#include "tool/util/name_set.h"
#include "tool/util/status.h"

/* Of an input of fuzz_api (fuzz/api_call.h): a call has a byte for its name, and 7 others. */
#define CALL_RECORD 8

struct reducer {
	struct input_reduction *reduction;
	struct judge *judge;
	struct name_set rejected; /* by hash */
	uint8_t *candidate;
	size_t trial_size;
};

/* The first line of calls that people have written. */
static const char calls_head[] = "calls 1\n";

static bool is_text_of_calls(const struct input_reduction *in)
{
	return in->size >= strlen(calls_head) && !memcmp(in->bytes, calls_head, strlen(calls_head));
}

/* ---- one candidate ---- */

static bool same(struct reducer *r)
{
	static struct replayed replayed;
	struct signature signature;
	char hash[SHA1_TEXT];

	status("%s: %zu bytes, %lu candidates", r->reduction->name, r->reduction->size,
	       r->reduction->tried);
	sha1_text(r->candidate, r->trial_size, hash);
	if (name_set_has(&r->rejected, hash))
		return false;
	r->reduction->tried++;
	if (replayer_run(r->judge->replayer, r->candidate, r->trial_size, &replayed)) {
		signature_of_replayed(&signature, r->judge->replayer, &replayed);
		if (signature_equal(&signature, &r->reduction->signature))
			return true;
	}
	name_set_add(&r->rejected, hash);
	return false;
}

/* Takes the candidate if it fails in the same way. */
static bool take(struct reducer *r)
{
	if (!same(r))
		return false;
	memcpy(r->reduction->bytes, r->candidate, r->trial_size);
	r->reduction->size = r->trial_size;
	return true;
}

/* The input without @len bytes at @at. No target finds anything in an empty input. */
static bool take_without(struct reducer *r, size_t at, size_t len)
{
	const struct input_reduction *in = r->reduction;

	if (len >= in->size)
		return false;
	memcpy(r->candidate, in->bytes, at);
	memcpy(r->candidate + at, in->bytes + at + len, in->size - at - len);
	r->trial_size = in->size - len;
	return take(r);
}

/* ---- pieces ---- */

/* The length of @count units at @at: records, bytes, or lines with their ends (@unit 0). */
static size_t piece(const struct input_reduction *in, size_t at, size_t unit, size_t count)
{
	size_t end = at;

	if (unit)
		return in->size - at < unit * count ? in->size - at : unit * count;
	while (count-- && end < in->size) {
		const uint8_t *newline = memchr(in->bytes + end, '\n', in->size - end);

		end = newline ? (size_t)(newline - in->bytes) + 1 : in->size;
	}
	return end - at;
}

/* Return: was anything left out? */
static bool leave_out(struct reducer *r, size_t unit)
{
	bool any = false;
	size_t count = 1, head = is_text_of_calls(r->reduction) ? strlen(calls_head) : 0;

	while (count * (unit ? unit : 1) < r->reduction->size)
		count *= 2;
	for (; count; count /= 2)
		for (size_t at = head; at < r->reduction->size;) {
			size_t len = piece(r->reduction, at, unit, count);

			if (take_without(r, at, len))
				any = true;
			else
				at += len;
		}
	return any;
}

/* The slot and the three numbers of each call, two bytes a number. */
static bool make_numbers_zero(struct reducer *r)
{
	static const uint8_t zeros[CALL_RECORD];
	static const size_t fields[][2] = { { 1, 1 }, { 2, 2 }, { 4, 2 }, { 6, 2 } };
	bool any = false;

	for (size_t at = 0; at + CALL_RECORD <= r->reduction->size; at += CALL_RECORD)
		for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
			size_t from = at + fields[i][0], len = fields[i][1];

			if (!memcmp(r->reduction->bytes + from, zeros, len))
				continue;
			memcpy(r->candidate, r->reduction->bytes, r->reduction->size);
			memset(r->candidate + from, 0, len);
			r->trial_size = r->reduction->size;
			any |= take(r);
		}
	return any;
}

static void reduce_all(struct reducer *r)
{
	bool calls = r->judge->replayer->target->reads == READS_CALLS, text, again = true;

	text = is_text_of_calls(r->reduction);
	while (again) {
		again = leave_out(r, calls && !text ? CALL_RECORD : 0);
		if (!calls)
			again |= leave_out(r, 1);
		else if (!text)
			again |= make_numbers_zero(r);
	}
}

size_t input_units(const struct input_reduction *reduction, const struct fuzz_target *target,
		   const char **unit)
{
	bool calls = target->reads == READS_CALLS;
	size_t lines = 0;

	*unit = calls ? "calls" : "bytes";
	if (!calls || !is_text_of_calls(reduction))
		return calls ? reduction->size / CALL_RECORD : reduction->size;
	for (size_t i = strlen(calls_head); i < reduction->size; i++)
		lines += reduction->bytes[i] == '\n';
	return lines;
}

bool reduce_input(struct input_reduction *reduction, struct judge *judge)
{
	struct reducer r = { .reduction = reduction, .judge = judge,
			     .candidate = malloc(reduction->size + 1),
			     .trial_size = reduction->size };
	bool good = r.candidate;

	if (good) {
		memcpy(r.candidate, reduction->bytes, reduction->size);
		good = same(&r);
	}
	if (good)
		reduce_all(&r);
	status_end();
	free(r.rejected.slots);
	free(r.candidate);
	return good;
}
