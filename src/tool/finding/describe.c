/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/describe.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program/program_text.h"
#include "tool/report/report_json.h"
#include "tool/run/kind.h"
#include "tool/util/model_facts.h"
#include "tool/util/usage.h"

/*
 * Writes the key of the failure, which is equal for all findings of one bug. The error message of a target
 * names a call, but several calls may show one bug. For a key with functions of the library instead of the
 * call, the flavours execute the program that the target executed.
 */
static void execute_and_write_grouping_key(struct json *json, struct oracle *oracle,
					   const struct test_input *input,
					   const struct signature *fallback_signature)
{
	static struct program executed_program;
	static struct signature target_signature, program_signature;
	const char *replayer = oracle_find_replayer_or_report(oracle, input->target);

	program_signature.is_disagreement = false;
	if (replayer && test_input_is_program(input) &&
	    signature_run_target_and_parse_program(&target_signature, replayer, input,
						   oracle->runners.timeout_seconds, &executed_program))
		signature_init_by_executing_program(&program_signature, oracle, &executed_program, NULL,
						    true);
	if (program_signature.is_disagreement)
		json_format(json, "key", "%s: %.1500s", input->target->name, program_signature.failure_text);
	else
		json_text(json, "key", fallback_signature->failure_text);
}

static void write_input_as_hex_and_text(struct json *json, const struct test_input *input)
{
	static char text[TEXT_PROGRAM_MAX];
	size_t byte_count;
	const uint8_t *bytes = test_input_encode(input, &byte_count);
	char *hex = calloc(2, byte_count + 1);

	for (size_t i = 0; hex && i < byte_count; i++)
		sprintf(hex + 2 * i, "%02x", bytes[i]);
	json_text(json, "hex", hex);
	free(hex);
	if (!test_input_is_program(input))
		return;
	program_to_text(&input->program, text);
	json_text(json, "program", text);
}

static void write_rule_and_places_record(struct json *json, const struct test_input *input,
					 const struct signature *signature)
{
	enum result_kind kind = signature->is_disagreement ? RUN_differs : RUN_claim;
	enum rule rule = signature->main_rule;
	bool is_of_rule = rule < RULE_COUNT;

	json_begin_object(json, "record");
	json_text(json, "result", is_of_rule ? rule_table[rule].name : result_kinds[kind].name);
	json_text(json, "meaning", is_of_rule ? rule_table[rule].summary : result_kinds[kind].meaning);
	json_text(json, "document", is_of_rule ? "doc/rules.md" : "doc/replay.md");
	json_text(json, "section", is_of_rule ? rule_table[rule].contract : "Results of an input");
	json_begin_array(json, "places");
	for (size_t i = 0; i < signature->place_count; i++)
		report_write_frame_json_if_in_library(json, &signature->places[i].frame);
	json_end(json);
	json_begin_array(json, "lines");
	for (size_t i = 0; i < signature->place_count; i++)
		if (signature->places[i].call < input->program.count)
			write_call_line_and_text(json, &input->program.calls[signature->places[i].call]);
	json_end(json);
	json_end(json);
}

void execute_and_write_failure_members(struct json *json, struct oracle *oracle,
				       const struct test_input *input, const struct signature *signature)
{
	char rule_names[RULE_SET_TEXT];
	size_t unit_count = test_input_count_units(input);

	json_text(json, "failure", signature->failure_text);
	execute_and_write_grouping_key(json, oracle, input, signature);
	json_text(json, "short_name", signature->short_name);
	json_text(json, "observer", signature->observer_name);
	json_text(json, "observed", signature->observed_sentence);
	json_begin_array(json, "flavours");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (signature->needed_flavours[i])
			json_text(json, NULL, flavour_names[i]);
	json_end(json);
	json_number(json, "size", (int64_t)unit_count);
	json_text(json, "unit", test_input_unit_name(input, 0));
	write_input_as_hex_and_text(json, input);
	rules_evaluate(oracle->rules, &input->program);
	rule_set_to_text(rules_verdict(oracle->rules)->broken, " ", rule_names);
	json_text(json, "verdict", rule_names);
	json_text(json, "target", input->target ? input->target->name : NULL);
	json_text(json, "replayer", oracle_find_replayer_or_report(oracle, input->target));
	write_rule_and_places_record(json, input, signature);
}

void execute_and_write_reports(struct json *json, struct oracle *oracle, const struct test_input *input,
			       const struct signature *signature)
{
	char *text = NULL;
	size_t report_text_size;
	FILE *out = open_memstream(&text, &report_text_size);

	for (unsigned int i = 0; out && i < FLAVOURS_MAX; i++)
		if (signature->needed_flavours[i]) {
			fprintf(out, "\n%s:\n", flavour_names[i]);
			runner_execute_and_print_reports(&oracle->runners, i, &input->program, out);
		}
	if (!out || fclose(out))
		exit(usage_error("minimize", "expected memory for the reports, got none"));
	json_text(json, "reports", text);
	free(text);
}
