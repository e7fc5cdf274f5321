/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/to_c/model_facts.h"

#include <string.h>

#include "harness/model/cause.h"
#include "harness/model/detectable.h"
#include "harness/program/program_text.h"
#include "tool/util/verdict_print.h"

static void write_calls(struct json *out, const struct program *program)
{
	json_array(out, "calls");
	for (size_t i = 0; i < program->count; i++) {
		struct call call = program->calls[i];
		char text[TEXT_CALL_MAX];

		call.expected_result = RESULT_NONE;
		call_to_text(&call, text);
		json_object(out, NULL);
		json_number(out, "line", call.line);
		json_text(out, "text", text);
		json_end(out);
	}
	json_end(out);
}

static void write_bytes(struct json *out, const struct trace *trace, uint32_t at, size_t count)
{
	char text[2 * TRACE_PAGE + 1] = "";

	for (size_t i = 0; i < count; i++)
		if (trace->initialised[at + i] == UNINITIALISED)
			strcpy(text + 2 * i, "??");
		else
			snprintf(text + 2 * i, 3, "%02x", trace->bytes[at + i]);
	json_text(out, "bytes", text);
}

static void write_steps(struct json *out, const struct program *program, const struct trace *trace)
{
	json_array(out, "steps");
	for (size_t i = 0; i < trace->count; i++) {
		const struct step *step = &trace->steps[i];
		const struct call *call = &program->calls[step->call];

		json_object(out, NULL);
		json_number(out, "line", call->line);
		json_bool(out, "skipped", step->skipped);
		json_text(out, "result", result_name(step->result));
		json_text(out, "expected", result_name(call->expected_result));
		write_bytes(out, trace, step->at, step->len);
		json_end(out);
	}
	json_end(out);
}

/* A line that waits for other lines cannot be tried alone. */
static void write_blocked(struct json *out, const struct program *program, const struct rules *rules)
{
	struct blocked blocked[PROGRAM_THREADS];
	size_t count = cause_find_deadlock(program, rules, blocked);

	json_array(out, "blocked");
	for (size_t i = 0; i < count; i++)
		if (blocked[i].why == BLOCKED_MUTEX || blocked[i].why == BLOCKED_SEMAPHORE)
			json_number(out, NULL, program->calls[blocked[i].call].line);
	json_end(out);
}

static void write_uninits(struct json *out, const struct program *program, const struct verdict *v)
{
	json_array(out, "uninits");
	for (size_t i = 0; i < v->uninit_count; i++) {
		json_object(out, NULL);
		json_number(out, "line", program->calls[v->uninits[i].call].line);
		json_format(out, "page", "p%u", v->uninits[i].page);
		json_number(out, "from", v->uninits[i].from);
		json_number(out, "to", v->uninits[i].to);
		json_end(out);
	}
	json_end(out);
}

static void write_pages(struct json *out, const struct trace *trace)
{
	json_array(out, "pages");
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		if (!trace->pages[i].live)
			continue;
		json_object(out, NULL);
		json_format(out, "page", "p%u", i);
		json_number(out, "references", trace->pages[i].refs);
		write_bytes(out, trace, trace->pages[i].at, TRACE_PAGE);
		json_end(out);
	}
	json_end(out);
}

/* The places that always detect the fatal call, then those that sometimes do. */
static void write_detected(struct json *out, const struct call *call, const struct verdict *v)
{
	static const struct {
		bool asan, alias;
		enum detectable how_sure;
	} places[] = {
		{ true, false, DETECTABLE_ALWAYS }, { false, false, DETECTABLE_ALWAYS },
		{ true, true, DETECTABLE_ALWAYS },  { false, true, DETECTABLE_ALWAYS },
		{ true, false, DETECTABLE_SOMETIMES },
	};

	json_array(out, "detected");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct detectable_by by = { .asan = places[i].asan, .alias = places[i].alias };

		if (detectable_fatal_call(call, v, by) != places[i].how_sure)
			continue;
		json_object(out, NULL);
		json_text(out, "flavour", by.asan ? "asan" : "plain");
		json_text(out, "backend", by.alias ? "alias" : "direct");
		json_end(out);
	}
	json_end(out);
}

static void write_fatal_call(struct json *out, const struct program *program, const struct rules *rules)
{
	const struct verdict *v = rules_verdict(rules);

	if (v->fatal_call == VERDICT_NONE)
		return;
	if (v->fatal_rule == RULE_deadlock) {
		write_blocked(out, program, rules);
		return;
	}
	write_detected(out, &program->calls[v->fatal_call], v);
	json_bool(out, "foreign", v->fatal_rule == RULE_foreign_map &&
		  op_is_mapped_access(program->calls[v->fatal_call].op));
}

void write_model_facts(struct json *out, const struct program *program, const struct rules *rules)
{
	verdict_print_json(out, "", program, rules);
	write_calls(out, program);
	write_steps(out, program, rules_trace(rules));
	write_fatal_call(out, program, rules);
	write_uninits(out, program, rules_verdict(rules));
	write_pages(out, rules_trace(rules));
	verdict_print_rules(out, "expect",
			    program->has_expect ? program->expect : rules_verdict(rules)->broken);
}
