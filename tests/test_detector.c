/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/detect/detector.h"
#include "tests/tap.h"

UNIT_TEST(test_detector)
{
	char line[80];

	ok(detector_find_rule("x\nBUG: page: use-after-free: map of the freed page 0x1\ny\n", line,
			      sizeof(line)) == RULE_use_after_free,
	   "a report of the library names its rule");
	ok(!strcmp(line, "BUG: page: use-after-free: map of the freed page 0x1"),
	   "the line of the report is found");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: use-after-poison on address", line,
			      sizeof(line)) == RULE_use_after_free,
	   "AddressSanitizer's report of a freed page");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: heap-use-after-free on", line, sizeof(line)) ==
		   RULE_use_after_free,
	   "AddressSanitizer's report of freed heap memory");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: heap-buffer-overflow on", line, sizeof(line)) ==
		   RULE_COUNT,
	   "a report of another kind has no rule");
	ok(strstr(line, "heap-buffer-overflow"), "the line of a report without a rule is found");
	ok(detector_find_rule("BUG: page: new-rule: x\n", line, sizeof(line)) == RULE_COUNT,
	   "an unknown rule in a report of the library is no rule");
	ok(detector_find_rule("all fine\n", line, sizeof(line)) == RULE_COUNT && !*line,
	   "output without a report has no rule and no line");
	ok(detector_find_fault_address(
		   "ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1000 at pc") == 0x1000 &&
		   detector_find_fault_address(
			   "ERROR: AddressSanitizer: SEGV on unknown address 0x2000 (pc") == 0x2000 &&
		   detector_find_fault_address("fault at address 0x3000\n") == 0x3000 &&
		   !detector_find_fault_address("fine"),
	   "the address of a fault is found in each kind of report");
}
