/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/detect/detector.h"
#include "tests/tap.h"

UNIT_TEST(test_detector)
{
	char line[80];

	ok(detector_find_rule("x\nBUG: page: use-after-free: map of the freed page 0x1\ny\n", line,
			      sizeof(line)) == RULE_use_after_free,
	   "the library's report names its rule");
	ok(!strcmp(line, "BUG: page: use-after-free: map of the freed page 0x1"), "whole line");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: use-after-poison on address", line,
			      sizeof(line)) == RULE_use_after_free,
	   "AddressSanitizer's report of a freed page");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: heap-use-after-free on", line,
			      sizeof(line)) == RULE_use_after_free,
	   "and of one that was of the heap");
	ok(detector_find_rule("==1==ERROR: AddressSanitizer: heap-buffer-overflow on", line,
			      sizeof(line)) == RULE_COUNT,
	   "a report of another kind is no rule");
	ok(strstr(line, "heap-buffer-overflow"), "but it is quoted");
	ok(detector_find_rule("BUG: page: new-rule: x\n", line, sizeof(line)) == RULE_COUNT,
	   "nor is an unknown one of the library");
	ok(detector_find_rule("all fine\n", line, sizeof(line)) == RULE_COUNT && !*line,
	   "no report, no line");
	ok(detector_find_fault("ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1000 at pc") ==
			   0x1000 &&
		   detector_find_fault("ERROR: AddressSanitizer: SEGV on unknown address 0x2000 (pc") ==
			   0x2000 &&
		   detector_find_fault("fault at address 0x3000\n") == 0x3000 && !detector_find_fault("fine"),
	   "the address of a fault, in each one's words");
}
