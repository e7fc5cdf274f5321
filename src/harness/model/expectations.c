/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/expectations.h"

#include <stdio.h>

static bool rules_are_as_expected(const struct program *program, const struct verdict *verdict,
				  char difference[EXPECTATION_TEXT])
{
	char expected_rules[RULE_SET_TEXT], broken_rules[RULE_SET_TEXT];

	if (!program->has_expect || program->expect == verdict->broken)
		return true;
	rule_set_to_text(program->expect, " ", expected_rules);
	rule_set_to_text(verdict->broken, " ", broken_rules);
	snprintf(difference, EXPECTATION_TEXT, "expected %.100s, got %.100s", expected_rules, broken_rules);
	return false;
}

static bool result_is_as_expected(const struct call *call, const struct step *step,
				  char difference[EXPECTATION_TEXT])
{
	if (step && !step->was_skipped && step->result == call->expected_result)
		return true;
	snprintf(difference, EXPECTATION_TEXT, "line %u: expected %s, got %s", call->line,
		 result_name(call->expected_result),
		 !step             ? "a call that did not run" :
		 step->was_skipped ? "a call that was skipped" :
				     result_name(step->result));
	return false;
}

bool expected_results_hold(const struct program *program, const struct rules *rules,
			   char difference[EXPECTATION_TEXT])
{
	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->expected_result != RESULT_NONE &&
		    !result_is_as_expected(call, trace_find_step(rules_trace(rules), i), difference))
			return false;
	}
	return true;
}

bool expectations_hold(const struct program *program, const struct rules *rules,
		       char difference[EXPECTATION_TEXT])
{
	return rules_are_as_expected(program, rules_verdict(rules), difference) &&
	       expected_results_hold(program, rules, difference);
}

void expectations_set_from_rules(struct program *program, const struct rules *rules)
{
	program->has_expect = true;
	program->expect = rules_verdict(rules)->broken;
	for (size_t i = 0; i < program->count; i++) {
		const struct step *step = trace_find_step(rules_trace(rules), i);

		if (program->calls[i].expected_result != RESULT_NONE)
			program->calls[i].expected_result =
				step && !step->was_skipped ? step->result : RESULT_NONE;
	}
}
