/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/verdict_print.h"

#include "harness/program_text.h"

static uint32_t line_of(const struct program *program, size_t call)
{
	return program->calls[call].line;
}

static void print_call(FILE *out, const struct program *program, size_t call)
{
	struct call plain = program->calls[call];
	char text[TEXT_CALL_MAX];

	plain.claim = RESULT_NONE;
	call_to_text(&plain, text);
	fprintf(out, "line %u `%s`", plain.line, text);
}

static void print_races(FILE *out, const struct program *program, const struct shadow *shadow)
{
	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		fprintf(out, "  data-race on p%u bytes %u .. %u: ", race->page, race->from,
			race->to - 1);
		print_call(out, program, race->first);
		fprintf(out, " and ");
		print_call(out, program, race->second);
		fprintf(out, ", nothing orders them\n");
	}
}

static void print_uninits(FILE *out, const struct program *program, const struct verdict *v)
{
	for (size_t i = 0; i < v->uninit_count; i++) {
		const struct uninit *uninit = &v->uninits[i];

		fprintf(out, "  uninit-use of p%u within bytes %u .. %u: ", uninit->page,
			uninit->from, uninit->to - 1);
		print_call(out, program, uninit->call);
		fprintf(out, "\n");
	}
}

void verdict_print_text(FILE *out, const char *file, const struct program *program,
			const struct rules *rules)
{
	const struct verdict *v = rules_verdict(rules);
	char names[RULE_SET_TEXT];

	rule_set_text(v->broken, " ", names);
	fprintf(out, "%s: %s\n", file, names);
	print_races(out, program, rules_shadow(rules));
	print_uninits(out, program, v);
	if (v->fatal_call == VERDICT_NONE)
		return;
	fprintf(out, "  %s at ", rule_name(v->fatal_rule));
	print_call(out, program, v->fatal_call);
	fprintf(out, v->fatal_rule == RULE_deadlock ? ", the first line that never runs\n" :
						      ", where the program ends\n");
}

void json_string(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fprintf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			fprintf(out, "\\u%04x", c);
		else
			putc(c, out);
	}
	putc('"', out);
}

static void json_verdict(FILE *out, rule_set broken)
{
	const char *separator = "";

	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		if (!(broken & RULE_BIT(rule)))
			continue;
		fprintf(out, "%s\"%s\"", separator, rule_name(rule));
		separator = ", ";
	}
}

static void json_races(FILE *out, const struct program *program, const struct shadow *shadow)
{
	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		fprintf(out,
			"%s{\"first\": %u, \"second\": %u, \"page\": \"p%u\", \"from\": %u, "
			"\"to\": %u}",
			i ? ", " : "", line_of(program, race->first),
			line_of(program, race->second), race->page, race->from, race->to);
	}
}

static void json_results(FILE *out, const struct program *program, const struct trace *trace)
{
	const char *separator = "";

	for (size_t i = 0; i < trace->count; i++) {
		const struct step *step = &trace->steps[i];

		if (step->result == RESULT_NONE)
			continue;
		fprintf(out, "%s{\"line\": %u, \"result\": \"%s\"}", separator,
			line_of(program, step->call), result_name(step->result));
		separator = ", ";
	}
}

void verdict_print_json(FILE *out, const char *file, const struct program *program,
			const struct rules *rules)
{
	const struct verdict *v = rules_verdict(rules);

	fprintf(out, "\"file\": ");
	json_string(out, file);
	fprintf(out, ", \"verdict\": [");
	json_verdict(out, v->broken);
	fprintf(out, "], \"races\": [");
	json_races(out, program, rules_shadow(rules));
	fprintf(out, "], \"results\": [");
	json_results(out, program, rules_trace(rules));
	fprintf(out, "], \"fatal\": ");
	if (v->fatal_call == VERDICT_NONE)
		fprintf(out, "null");
	else
		fprintf(out, "{\"line\": %u, \"rule\": \"%s\"}", line_of(program, v->fatal_call),
			rule_name(v->fatal_rule));
}
