/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A failure of triage for code hosts: at the library's line, if there is one. */
#include <stdio.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "harness/program/program_text.h"
#include "tool/finding/bundle.h"

/* Of several rules the one that the first place is about. */
static const char *rule_of(const struct signature *signature)
{
	if (signature->differs)
		return "differs";
	if (signature->broken & RULE_BIT(RULE_data_race))
		return rule_name(RULE_data_race);
	if (signature->broken & RULE_BIT(RULE_uninit_use))
		return rule_name(RULE_uninit_use);
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (signature->broken & RULE_BIT(rule))
			return rule_name(rule);
	return "claim";
}

/* The line of a call in the minimised program. Return: false if it has none. */
static bool program_place(struct sarif *sarif, const struct bundle *b, size_t call,
			  struct sarif_place *place)
{
	const struct program *program = &b->smallest->program;
	char file[PATH_MAX];

	path_format_or_exit(file, sizeof(file), "%s/minimised.page", b->dir);
	sarif_file(sarif, file, call < program->count ? program->calls[call].line : 0, place);
	return call < program->count;
}

static void relate_call(struct sarif *sarif, struct sarif_result *result, const struct bundle *b,
			size_t call)
{
	struct sarif_place place;
	char text[TEXT_CALL_MAX];
	struct call plain;

	if (!program_place(sarif, b, call, &place))
		return;
	plain = b->smallest->program.calls[call];
	plain.expected_result = RESULT_NONE;
	call_to_text(&plain, text);
	sarif_relate(result, &place, text);
}

static void input_place(struct sarif *sarif, const struct bundle *b, struct sarif_place *place)
{
	char file[PATH_MAX];

	path_format_or_exit(file, sizeof(file), "%s/summary.txt", b->dir);
	sarif_file(sarif, file, 1, place);
}

/* @own: the signature of the minimised program itself, for its lines */
static void take_places(struct sarif *sarif, struct sarif_result *result, const struct bundle *b,
			const struct signature *own)
{
	struct sarif_place place;
	size_t count = own->place_count;
	bool found = count && sarif_frame(sarif, &own->places[0].frame, &result->place);

	if (!test_input_is_program(b->smallest)) {
		if (!found)
			input_place(sarif, b, &result->place);
		return;
	}
	if (!found)
		program_place(sarif, b, count ? own->places[0].call : NO_SITE, &result->place);
	if (count > 1 && sarif_frame(sarif, &own->places[1].frame, &place))
		sarif_relate(result, &place, "the other access");
	for (size_t i = !found; i < count; i++)
		relate_call(sarif, result, b, own->places[i].call);
}

void bundle_sarif(struct sarif *sarif, const struct bundle *b, struct oracle *oracle)
{
	struct sarif_result result = { .rule = rule_of(b->signature),
				       .fingerprint = b->signature->text };
	char message[SIGNATURE_TEXT + 8 * PATH_MAX], script[PATH_MAX + 16];
	static struct signature own;
	const char *unit;
	size_t left = test_input_size(b->smallest, &unit);
	FILE *out;

	signature_of_input(&own, oracle, b->smallest, b->signature->needs);
	take_places(sarif, &result, b, &own);
	out = fmemopen(message, sizeof(message), "w");
	if (!out)
		return;
	fprintf(out, "%s. It failed %u of %u times, in %zu %s. Replay: sh ", b->signature->text,
		b->failed, b->tries, left, unit);
	snprintf(script, sizeof(script), "%s/replay.sh", b->dir);
	shell_path_print(out, script);
	fclose(out);
	result.message = message;
	sarif_add(sarif, &result);
}
