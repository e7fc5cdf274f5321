/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/verdict_print.h"

#include "harness/model/never_runs.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "tool/util/usage.h"

static void print_call_with_line_number(FILE *out, const struct program *program, size_t call)
{
	struct call plain = program->calls[call];
	char call_text[TEXT_CALL_MAX];

	plain.expected_result = RESULT_NONE;
	call_to_text(&plain, call_text);
	fprintf(out, "line %u `%s`", plain.line, call_text);
}

static void print_races(FILE *out, const struct program *program, const struct access_log *access_log)
{
	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		fprintf(out, "  data-race on p%u bytes %u .. %u: ", race->page, race->from, race->to - 1);
		print_call_with_line_number(out, program, race->first);
		fprintf(out, " and ");
		print_call_with_line_number(out, program, race->second);
		fprintf(out, ", nothing orders them\n");
	}
}

static void print_uninit_uses(FILE *out, const struct program *program, const struct verdict *verdict)
{
	for (size_t i = 0; i < verdict->uninit_use_count; i++) {
		const struct uninit_use *uninit = &verdict->uninit_uses[i];

		fprintf(out, "  uninit-use of p%u within bytes %u .. %u: ", uninit->page, uninit->from,
			uninit->to - 1);
		print_call_with_line_number(out, program, uninit->call);
		fprintf(out, "\n");
	}
}

void verdict_print_text(FILE *out, const char *file, const struct program *program, const struct rules *rules)
{
	const struct verdict *verdict = rules_verdict(rules);
	char rule_names[RULE_SET_TEXT];

	rule_set_to_text(verdict->broken, " ", rule_names);
	fprintf(out, "%s: %s\n", file, rule_names);
	print_races(out, program, rules_access_log(rules));
	print_uninit_uses(out, program, verdict);
	if (verdict->fatal_call == VERDICT_NONE)
		return;
	fprintf(out, "  %s at ", rule_table[verdict->fatal_rule].name);
	print_call_with_line_number(out, program, verdict->fatal_call);
	fprintf(out, verdict->fatal_rule == RULE_deadlock ? ", the first line that never runs\n" :
							    ", where the program ends\n");
}

void write_rule_names(struct json *json, const char *key, rule_set rules)
{
	json_begin_array(json, key);
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (rules & RULE_BIT(rule))
			json_text(json, NULL, rule_table[rule].name);
	json_end(json);
}

static void write_races_json(struct json *json, const struct program *program,
			     const struct access_log *access_log)
{
	json_begin_array(json, "races");
	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		json_begin_object(json, NULL);
		json_number(json, "first", program->calls[race->first].line);
		json_number(json, "second", program->calls[race->second].line);
		json_format(json, "page", "p%u", race->page);
		json_number(json, "from", race->from);
		json_number(json, "to", race->to);
		json_end(json);
	}
	json_end(json);
}

static void write_call_results_json(struct json *json, const struct program *program,
				    const struct trace *trace)
{
	json_begin_array(json, "results");
	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];

		if (step->result == RESULT_NONE)
			continue;
		json_begin_object(json, NULL);
		json_number(json, "line", program->calls[step->call].line);
		json_text(json, "result", result_name(step->result));
		json_end(json);
	}
	json_end(json);
}

void verdict_write_json_members(struct json *json, const char *file, const struct program *program,
				const struct rules *rules)
{
	const struct verdict *verdict = rules_verdict(rules);

	json_text(json, "file", file);
	write_rule_names(json, "verdict", verdict->broken);
	write_races_json(json, program, rules_access_log(rules));
	write_call_results_json(json, program, rules_trace(rules));
	if (verdict->fatal_call == VERDICT_NONE) {
		json_text(json, "fatal", NULL);
		return;
	}
	json_begin_object(json, "fatal");
	json_number(json, "line", program->calls[verdict->fatal_call].line);
	json_text(json, "rule", rule_table[verdict->fatal_rule].name);
	json_end(json);
}

int never_runs_print_warnings(const char *file, const struct program *program, const struct rules *rules,
			      bool is_strict)
{
	static struct never_runs idle_calls[PROGRAM_CALLS];
	size_t count = never_runs_find(program, rules, idle_calls);
	size_t printed_count = program_name_is_bytes(file) && count ? 1 : count;

	for (size_t i = 0; i < printed_count; i++) {
		char text[NEVER_RUNS_TEXT], more[48] = "";

		never_runs_format_message(program, &idle_calls[i], text);
		if (count > printed_count)
			snprintf(more, sizeof(more), "; so do %zu more calls", count - printed_count);
		fprintf(stderr, "%s:%u: warning: %s%s\n", file, program->calls[idle_calls[i].call].line, text,
			more);
	}
	return is_strict && count ? EXIT_FAILED : EXIT_GOOD;
}
