/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "harness/detect/detector.h"
#include "tool/to_c/reproduce_parts.h"

/* Did the fatal call end the process, and no other place? */
static bool died_of(const struct program *program, const struct rules *rules,
		    const struct attempt *a,
		    const struct isolated *child)
{
	const struct verdict *v = rules_verdict(rules);
	const struct call *call;
	char announced[120], line[160];

	if (v->fatal_call == VERDICT_NONE || v->fatal_rule != a->rule)
		return false;
	call = &program->calls[v->fatal_call];
	snprintf(announced, sizeof(announced), "line %u: %s is expected here", call->line,
		 rule_name(a->rule));
	if (!strstr(child->output, announced) || strstr(child->output, "the process did not end") ||
	    (!child->signal && !child->exit_code))
		return false;
	if (detector_find_rule(child->output, line, sizeof(line)) == a->rule)
		return true;
	return op_is_mapped_access(call->op) &&
	       (child->signal == SIGSEGV || child->signal == SIGBUS ||
		strstr(child->output, "AddressSanitizer: "));
}

/*
 * Races that ThreadSanitizer reported, but for those on what belongs to the pthread that all
 * fibers are, as errno does.
 * @all: gets their number with these
 */
static unsigned int races_reported(const char *output, unsigned int *all)
{
	static const char begins[] = "WARNING: ThreadSanitizer: data race";
	unsigned int races = 0;

	*all = 0;
	for (const char *at = strstr(output, begins), *end; at; at = end) {
		const char *tls = strstr(at, "Location is TLS");

		end = strstr(at + 1, begins);
		races += !tls || (end && tls > end);
		(*all)++;
	}
	return races;
}

#define TSAN_EXIT 66

static bool ended_well(const struct isolated *child)
{
	unsigned int all, races = races_reported(child->output, &all);

	if (child->signal || races)
		return false;
	if (all)
		return child->exit_code == TSAN_EXIT;
	return !child->exit_code && !strstr(child->output, "Sanitizer: ");
}

bool attempt_seen(const struct program *program, const struct rules *rules,
		    const struct attempt *a,
		    const struct isolated *child)
{
	unsigned int all;
	char line[160];

	switch (a->rule) {
	case RULE_data_race:
		return races_reported(child->output, &all) > 0;
	case RULE_uninit_use:
		return detector_find_rule(child->output, line, sizeof(line)) == RULE_uninit_use;
	case RULE_deadlock:
		return !child->exit_code && !child->signal &&
		       strstr(child->output, "deadlock: nothing more can run, as expected");
	case RULE_COUNT:
		return ended_well(child);
	default:
		return died_of(program, rules, a, child);
	}
}

const char *telling_line(const struct isolated *child)
{
	static const char *const telling[] = { "not as expected", "the process did not end", "error: " };
	static char line[200];

	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		const char *at = strstr(child->output, telling[i]);

		if (!at)
			continue;
		while (at > child->output && at[-1] != '\n')
			at--;
		snprintf(line, sizeof(line), "%.*s", (int)strcspn(at, "\n"), at);
		return line;
	}
	detector_find_rule(child->output, line, sizeof(line));
	if (!*line)
		snprintf(line, sizeof(line), "%s", child->hung ? "it did not end" :
			 child->signal ? "a signal and no report" : "no report");
	return line;
}
