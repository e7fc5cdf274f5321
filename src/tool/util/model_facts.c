/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/model_facts.h"

#include <string.h>

#include "harness/model/cause.h"
#include "harness/model/detectable.h"
#include "harness/model/expectations.h"
#include "harness/model/happens_before.h"
#include "harness/program/program_text.h"
#include "tool/util/verdict_print.h"

/* A program, and the results of the rule model for this program. */
struct facts {
	const struct program *program;
	const struct rules *rules;
	const struct trace *trace;
	const struct verdict *verdict;
};

static unsigned int find_line_number(const struct facts *facts, size_t call)
{
	return facts->program->calls[call].line;
}

static void write_page_and_range(struct json *out, unsigned int page, unsigned int from, unsigned int to)
{
	json_format(out, "page", "p%u", page);
	json_number(out, "from", from);
	json_number(out, "to", to);
}

void write_call_line_and_text(struct json *out, const struct call *call)
{
	struct call without_expectation = *call;
	char text[TEXT_CALL_MAX];

	without_expectation.expected_result = RESULT_NONE;
	call_to_text(&without_expectation, text);
	json_begin_object(out, NULL);
	json_number(out, "line", call->line);
	json_text(out, "text", text);
	json_end(out);
}

static void write_calls(struct json *out, const struct program *program)
{
	json_begin_array(out, "calls");
	for (size_t i = 0; i < program->count; i++)
		write_call_line_and_text(out, &program->calls[i]);
	json_end(out);
}

static void write_bytes(struct json *out, const struct trace *trace, uint32_t log_offset, size_t count)
{
	char text[2 * TRACE_PAGE + 1] = "";

	for (size_t i = 0; i < count; i++)
		if (trace->initialised[log_offset + i] == UNINITIALISED)
			strcpy(text + 2 * i, "??");
		else
			snprintf(text + 2 * i, 3, "%02x", trace->bytes[log_offset + i]);
	json_text(out, "bytes", text);
}

/* Writes the lines of other threads' calls that happen directly before the call of step @step_index. */
static void write_happens_before_lines(struct json *out, const struct facts *facts, size_t step_index)
{
	uint16_t acquired_steps[PROGRAM_THREADS];
	size_t count =
		happens_before_find_acquired_steps(facts->program, facts->trace, step_index, acquired_steps);

	json_begin_array(out, "after");
	for (size_t i = 0; i < count; i++)
		json_number(out, NULL, find_line_number(facts, facts->trace->steps[acquired_steps[i]].call));
	json_end(out);
}

static void write_steps(struct json *out, const struct facts *facts)
{
	json_begin_array(out, "steps");
	for (size_t i = 0; i < facts->trace->step_count; i++) {
		const struct step *step = &facts->trace->steps[i];
		const struct call *call = &facts->program->calls[step->call];

		json_begin_object(out, NULL);
		json_number(out, "line", call->line);
		json_bool(out, "skipped", step->was_skipped);
		json_text(out, "result", result_name(step->result));
		json_text(out, "expected", result_name(call->expected_result));
		write_bytes(out, facts->trace, step->log_offset, step->log_len);
		write_happens_before_lines(out, facts, i);
		json_end(out);
	}
	json_end(out);
}

static void write_accesses_of_racy_program(struct json *out, const struct facts *facts)
{
	const struct access_log *access_log = rules_access_log(facts->rules);

	json_begin_array(out, "accesses");
	for (size_t i = 0; access_log->race_count && i < access_log->access_count; i++) {
		const struct access *access = &access_log->accesses[i];

		json_begin_object(out, NULL);
		json_number(out, "line", find_line_number(facts, access->call));
		json_bool(out, "write", access->write);
		json_bool(out, "atomic", access->atomic);
		write_page_and_range(out, access->page, access->from, access->to);
		json_end(out);
	}
	json_end(out);
}

/* For each race, writes the last line of the first call's thread that happens before the second call. */
static void write_last_lines_before_races(struct json *out, const struct facts *facts)
{
	static struct happens_before happens;
	const struct access_log *access_log = rules_access_log(facts->rules);
	size_t fatal_call = facts->verdict->fatal_call;

	if (fatal_call != VERDICT_NONE && facts->verdict->fatal_rule == RULE_deadlock)
		fatal_call = VERDICT_NONE;
	if (access_log->race_count)
		happens_before_compute(&happens, facts->program, facts->trace, fatal_call);
	json_begin_array(out, "known");
	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct step *second = trace_find_step(facts->trace, access_log->races[i].second);
		size_t row = second ? (size_t)(second - facts->trace->steps) : facts->trace->step_count;
		uint8_t thread = facts->program->calls[access_log->races[i].first].thread;
		uint16_t known = happens.last_step_index_before[row][thread];

		json_number(out, NULL,
			    known == HAPPENS_BEFORE_NONE ?
				    0 :
				    find_line_number(facts, facts->trace->steps[known].call));
	}
	json_end(out);
}

static void write_cause_lines(struct json *out, const struct facts *facts, const struct causes *causes)
{
	json_begin_array(out, "causes");
	for (size_t i = 0; i < causes->call_count; i++)
		json_number(out, NULL, find_line_number(facts, causes->cause_calls[i]));
	json_end(out);
}

static void write_uninit_uses(struct json *out, const struct facts *facts)
{
	json_begin_array(out, "uninits");
	for (size_t i = 0; i < facts->verdict->uninit_use_count; i++) {
		const struct uninit_use *uninit = &facts->verdict->uninit_uses[i];
		struct causes causes;

		cause_find_uninit_byte_origin(facts->program, facts->rules, uninit->call, uninit->page,
					      uninit->from, &causes);
		json_begin_object(out, NULL);
		json_number(out, "line", find_line_number(facts, uninit->call));
		write_page_and_range(out, uninit->page, uninit->from, uninit->to);
		json_number(out, "offset", (int64_t)facts->program->calls[uninit->call].number[0]);
		write_cause_lines(out, facts, &causes);
		json_end(out);
	}
	json_end(out);
}

static void write_blocked_threads(struct json *out, const struct facts *facts)
{
	static const char *const reasons[] = {
		[BLOCKED_MUTEX] = "mutex",
		[BLOCKED_SEMAPHORE] = "semaphore",
		[BLOCKED_THREADS] = "threads",
		[BLOCKED_MAIN] = "main",
	};
	struct blocked_thread blocked[PROGRAM_THREADS];
	size_t count = cause_find_blocked_threads(facts->program, facts->rules, blocked);

	json_begin_array(out, "blocked");
	for (size_t i = 0; i < count; i++) {
		json_begin_object(out, NULL);
		json_number(out, "line", find_line_number(facts, blocked[i].blocked_call));
		json_number(out, "by", find_line_number(facts, blocked[i].blocking_call));
		json_text(out, "why", reasons[blocked[i].why]);
		json_end(out);
	}
	json_end(out);
}

static void write_schedule(struct json *out, const struct deviations *schedule)
{
	char text[DEVIATIONS_TEXT];

	deviations_to_text(schedule, text);
	json_text(out, "schedule", deviations_are_given(schedule) ? text : NULL);
}

static void write_pages(struct json *out, const struct trace *trace)
{
	json_begin_array(out, "pages");
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		if (!trace->pages[i].live)
			continue;
		json_begin_object(out, NULL);
		json_format(out, "page", "p%u", i);
		json_number(out, "references", trace->pages[i].refs);
		write_bytes(out, trace, trace->pages[i].at, TRACE_PAGE);
		json_end(out);
	}
	json_end(out);
}

/* Writes the flavours and backends that always detect the fatal call, then those that sometimes detect it. */
static void write_detecting_flavours_and_backends(struct json *out, const struct call *call,
						  const struct verdict *verdict)
{
	static const struct {
		bool asan, alias;
		enum detectable how_sure;
	} places[] = {
		{ true, false, DETECTABLE_ALWAYS },    { false, false, DETECTABLE_ALWAYS },
		{ true, true, DETECTABLE_ALWAYS },     { false, true, DETECTABLE_ALWAYS },
		{ true, false, DETECTABLE_SOMETIMES },
	};

	json_begin_array(out, "detected");
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		struct available_detectors by = { .has_asan = places[i].asan,
						  .has_alias_backend = places[i].alias };

		if (detectable_classify_fatal_call(call, verdict, by) != places[i].how_sure)
			continue;
		json_begin_object(out, NULL);
		json_text(out, "flavour", by.has_asan ? "asan" : "plain");
		json_text(out, "backend", by.has_alias_backend ? "alias" : "direct");
		json_end(out);
	}
	json_end(out);
}

static void write_facts_of_fatal_call(struct json *out, const struct facts *facts)
{
	const struct call *call = &facts->program->calls[facts->verdict->fatal_call];
	struct causes causes;

	cause_find_for_fatal_call(facts->program, facts->rules, &causes);
	write_cause_lines(out, facts, &causes);
	json_begin_object(out, "fatal_values");
	json_format(out, "page", "p%u",
		    cause_find_mapped_page_or_0(facts->program, facts->rules, call->handle[0]));
	json_format(out, "freed_page", "p%u",
		    cause_find_page_used_after_free(facts->program, facts->rules, call));
	json_format(out, "offset", "%llu", (unsigned long long)call->number[0]);
	json_format(out, "length", "%llu", (unsigned long long)call->number[1]);
	json_end(out);
	write_detecting_flavours_and_backends(out, call, facts->verdict);
	json_bool(out, "foreign",
		  facts->verdict->fatal_rule == RULE_foreign_map && op_is_mapped_access(call->op));
}

static void write_contracts(struct json *out, rule_set broken)
{
	json_begin_object(out, "contracts");
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (broken & RULE_BIT(rule))
			json_text(out, rule_table[rule].name, rule_table[rule].contract);
	json_end(out);
}

void write_model_facts_as_members(struct json *out, const struct program *program, const struct rules *rules,
				  const char *file)
{
	const struct facts facts = { program, rules, rules_trace(rules), rules_verdict(rules) };
	char failed_claim[EXPECTATION_TEXT];

	verdict_write_json_members(out, file, program, rules);
	write_calls(out, program);
	write_steps(out, &facts);
	write_accesses_of_racy_program(out, &facts);
	write_last_lines_before_races(out, &facts);
	write_uninit_uses(out, &facts);
	if (facts.verdict->fatal_call != VERDICT_NONE && facts.verdict->fatal_rule == RULE_deadlock)
		write_blocked_threads(out, &facts);
	else if (facts.verdict->fatal_call != VERDICT_NONE)
		write_facts_of_fatal_call(out, &facts);
	write_pages(out, facts.trace);
	write_schedule(out, &program->schedule);
	write_rule_names(out, "expect", program->has_expect ? program->expect : facts.verdict->broken);
	json_text(out, "claim", expectations_hold(program, rules, failed_claim) ? NULL : failed_claim);
	write_contracts(out, facts.verdict->broken);
}
