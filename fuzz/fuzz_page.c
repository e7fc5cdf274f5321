/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests programs that break no rule: every byte string is decoded as a program, which is repaired. Therefore
 * every error is a finding: a sanitizer's report, or a wrong result, byte or reference count.
 */
#include "fuzz/fuzz.h"

#include "harness/program/program_bytes.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct checker_report report;

	fuzz_set_input(data, size);
	program_from_bytes(&program, data, size);
	checker_repair_and_evaluate(fuzz_get_checker(), &program);
	program_update_lines(&program);
	if (fuzz_run_and_compare(&program, &report) == CHECKER_DIFFERS)
		fuzz_abort_with_finding("fuzz_page", &program, report.difference_or_miss_text);
	fuzz_count_calls_of_last_program("fuzz_page");
	return 0;
}
