/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the parser and the printer of program texts with any byte string. A rejected text must get an error
 * message that names a line of the text. An accepted text and its canonical form must be the same program,
 * and printing this program again must give the same canonical form. program_rewrite_as_canonical() must not
 * change a text that it has written.
 */
#include "fuzz/fuzz.h"

#include <string.h>

#include "harness/program/program_text.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_TEXT;

static struct program program, reparsed;
static char canonical[TEXT_PROGRAM_MAX], second_canonical[TEXT_PROGRAM_MAX];
static char rewritten[TEXT_REWRITE_MAX], rewritten_again[TEXT_REWRITE_MAX];

static void check_rejected_text(const uint8_t *data, size_t size, const struct text_error *error)
{
	unsigned int lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	fuzz_report_outcome_part(DIGEST_VERDICT, error->message, strlen(error->message));
	if (!error->line_number || error->line_number > lines || !*error->message ||
	    strchr(error->message, '\n'))
		fuzz_abort_with_finding(
			"fuzz_text", &program,
			"expected an error message of one line with a line number of the text");
}

static void check_accepted_text(const char *text, size_t size)
{
	struct text_error error;
	size_t used = program_to_text(&program, canonical);

	fuzz_report_outcome_part(DIGEST_TRACE, canonical, used);
	if (!program_valid(&program))
		fuzz_abort_with_finding("fuzz_text", &program,
					"expected a valid program from an accepted text");
	if (!program_from_text(&reparsed, canonical, used, &error))
		fuzz_abort_with_finding("fuzz_text", &program, error.message);
	program_to_text(&reparsed, second_canonical);
	if (!program_calls_equal(&program, &reparsed) || strcmp(canonical, second_canonical))
		fuzz_abort_with_finding("fuzz_text", &program,
					"expected the same program and canonical text after a second pass");
	used = program_rewrite_as_canonical(text, size, rewritten, &error);
	if (!used || program_rewrite_as_canonical(rewritten, used, rewritten_again, &error) != used ||
	    memcmp(rewritten, rewritten_again, used))
		fuzz_abort_with_finding("fuzz_text", &program, "expected no change by the second rewriting");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text_error error = { 0 };

	fuzz_set_input(data, size);
	if (program_from_text(&program, (const char *)data, size, &error))
		check_accepted_text((const char *)data, size);
	else
		check_rejected_text(data, size, &error);
	return 0;
}
