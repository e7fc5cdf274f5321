/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/bundle_record.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_text.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/report/report_json.h"
#include "tool/run/kind.h"

/* Of several rules the one that the first place is about; RULE_COUNT: none is broken. */
static enum rule rule_of(const struct signature *signature)
{
	enum rule rule = 0;

	if (signature->broken & RULE_BIT(RULE_data_race))
		return RULE_data_race;
	if (signature->broken & RULE_BIT(RULE_uninit_use))
		return RULE_uninit_use;
	while (rule < RULE_COUNT && !(signature->broken & RULE_BIT(rule)))
		rule++;
	return rule;
}

static void write_meaning(struct json *out, const struct signature *signature)
{
	enum rule rule = rule_of(signature);
	enum result_kind kind = signature->differs ? RUN_differs : RUN_claim;
	bool by_rule = !signature->differs && rule < RULE_COUNT;

	json_text(out, "result", by_rule ? rule_name(rule) : result_kinds[kind].name);
	json_bool(out, "failed", true);
	json_text(out, "meaning", by_rule ? rule_summary(rule) : result_kinds[kind].meaning);
	json_text(out, "document", by_rule ? "doc/rules.md" : "doc/replay.md");
	json_text(out, "section", by_rule ? rule_contract(rule) : "Results of an input");
}

static void write_why(struct json *out, const struct bundle *b)
{
	const char *unit;
	size_t left = test_input_size(b->smallest, &unit);

	json_format(out, "why", "%s. It failed %u of %u times, in %zu %s", b->signature->text,
		    b->failed, b->tries, left, unit);
	json_text(out, "identity", b->signature->text);
}

static void write_replay(struct json *out, const struct bundle *b)
{
	char script[PATH_MAX + 16], *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);

	snprintf(script, sizeof(script), "%s/replay.sh", b->dir);
	if (command) {
		fputs("sh ", command);
		shell_path_print(command, script);
		fclose(command);
	}
	json_text(out, "replay", text ? text : "");
	free(text);
}

/* The call as a line of the minimised program. */
static void write_line(struct json *out, const struct bundle *b, size_t call)
{
	char text[TEXT_CALL_MAX];
	struct call plain;

	if (!test_input_is_program(b->smallest) || call >= b->smallest->program.count)
		return;
	plain = b->smallest->program.calls[call];
	plain.expected_result = RESULT_NONE;
	call_to_text(&plain, text);
	json_object(out, NULL);
	json_number(out, "line", plain.line);
	json_text(out, "text", text);
	json_end(out);
}

static void write_places(struct json *out, const struct bundle *b, struct oracle *oracle)
{
	static struct signature own; /* of the minimised program, with its lines */

	signature_of_input(&own, oracle, b->smallest, b->signature->needs);
	json_array(out, "places");
	for (size_t i = 0; i < own.place_count; i++)
		report_write_place(out, &own.places[i].frame);
	json_end(out);
	json_array(out, "lines");
	for (size_t i = 0; i < own.place_count; i++)
		write_line(out, b, own.places[i].call);
	json_end(out);
}

void bundle_write_record(struct results *results, const struct bundle *b, struct oracle *oracle)
{
	struct json *out = results_line(results);
	char file[PATH_MAX];

	if (!out)
		return;
	path_format_or_exit(file, sizeof(file), "%s/%s", b->dir,
			  test_input_is_program(b->smallest) ? "minimised.page" : "summary.txt");
	json_object(out, NULL);
	json_text(out, "input", file);
	json_bool(out, "bytes", false);
	write_meaning(out, b->signature);
	write_why(out, b);
	write_replay(out, b);
	write_places(out, b, oracle);
	json_end_line(out);
}
