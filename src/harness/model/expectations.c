/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/expectations.h"

#include <stdio.h>

static bool expected_rules_are_broken(const struct program *program, const struct verdict *verdict,
			      char text[EXPECTATION_TEXT])
{
	char expected_rules[RULE_SET_TEXT], broken_rules[RULE_SET_TEXT];

	if (!program->has_expect || program->expect == verdict->broken)
		return true;
	rule_set_text(program->expect, " ", expected_rules);
	rule_set_text(verdict->broken, " ", broken_rules);
	snprintf(text, EXPECTATION_TEXT, "expected %.100s, got %.100s", expected_rules,
		 broken_rules);
	return false;
}

static bool has_expected_result(const struct call *call, const struct step *step,
				char text[EXPECTATION_TEXT])
{
	if (call->expected_result == RESULT_NONE ||
	    (step && !step->was_skipped && step->result == call->expected_result))
		return true;
	snprintf(text, EXPECTATION_TEXT, "line %u: expected %s, got %s", call->line,
		 result_name(call->expected_result),
		 !step		 ? "a call that did not run" :
		 step->was_skipped	 ? "a call that was skipped" :
				   result_name(step->result));
	return false;
}

bool expectations_hold(const struct program *program, const struct rules *rules, char text[EXPECTATION_TEXT])
{
	if (!expected_rules_are_broken(program, rules_verdict(rules), text))
		return false;
	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->expected_result != RESULT_NONE &&
		    !has_expected_result(call, trace_find(rules_trace(rules), i), text))
			return false;
	}
	return true;
}
