/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/claims.h"

#include <stdio.h>

static bool expectation_holds(const struct program *program, const struct verdict *verdict,
			      char text[CLAIM_TEXT])
{
	char expected[RULE_SET_TEXT], got[RULE_SET_TEXT];

	if (!program->claims || program->expect == verdict->broken)
		return true;
	rule_set_text(program->expect, " ", expected);
	rule_set_text(verdict->broken, " ", got);
	snprintf(text, CLAIM_TEXT, "expected %.100s, got %.100s", expected, got);
	return false;
}

static bool result_holds(const struct call *call, const struct step *step, char text[CLAIM_TEXT])
{
	if (call->claim == RESULT_NONE || (step && !step->skipped && step->result == call->claim))
		return true;
	snprintf(text, CLAIM_TEXT, "line %u: expected %s, got %s", call->line,
		 result_name(call->claim),
		 !step		 ? "a call that did not run" :
		 step->skipped	 ? "a call that was skipped" :
				   result_name(step->result));
	return false;
}

bool claims_hold(const struct program *program, const struct rules *rules, char text[CLAIM_TEXT])
{
	if (!expectation_holds(program, rules_verdict(rules), text))
		return false;
	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->claim != RESULT_NONE &&
		    !result_holds(call, trace_find(rules_trace(rules), i), text))
			return false;
	}
	return true;
}
