/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Any bytes are a text, good or bad. A bad text gets an error message with one of
 * its lines. A good one and its canonical form are the same program, and the canonical
 * form is its own; comments survive a rewriting, once and for all.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/program/program_text.h"

const enum fuzz_reads fuzz_reads = FUZZ_TEXT;

static struct program program, again;
static char canonical[TEXT_PROGRAM_MAX], second[TEXT_PROGRAM_MAX];
static char rewritten[TEXT_REWRITE_MAX], rewritten_again[TEXT_REWRITE_MAX];

static void check_bad(const uint8_t *data, size_t size, const struct text_error *error)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	fuzz_report(DIGEST_VERDICT, error->message, strlen(error->message));
	if (!error->line_number || error->line_number > lines || !*error->message ||
	    strchr(error->message, '\n'))
		fuzz_finding("fuzz_text", &program, "expected one clear line about a bad text");
}

static void check_good(const char *text, size_t size)
{
	struct text_error error;
	size_t used = program_to_text(&program, canonical);

	fuzz_report(DIGEST_TRACE, canonical, used);
	if (!program_valid(&program))
		fuzz_finding("fuzz_text", &program, "expected a valid program from a good text");
	if (!program_from_text(&again, canonical, used, &error))
		fuzz_finding("fuzz_text", &program, error.message);
	program_to_text(&again, second);
	if (!program_equal(&program, &again) || strcmp(canonical, second))
		fuzz_finding("fuzz_text", &program, "expected the canonical form to stay");
	used = program_rewrite_text(text, size, rewritten, &error);
	if (!used || program_rewrite_text(rewritten, used, rewritten_again, &error) != used ||
	    memcmp(rewritten, rewritten_again, used))
		fuzz_finding("fuzz_text", &program, "expected rewriting to end at once");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_error error = { 0 };

	fuzz_input_set(data, size);
	if (program_from_text(&program, (const char *)data, size, &error))
		check_good((const char *)data, size);
	else
		check_bad(data, size, &error);
	return 0;
}
