/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/signature.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"

/* ---- text ---- */

void signature_append_failure_text(struct signature *signature, const char *format, ...)
{
	size_t used = strlen(signature->failure_text);
	va_list args;

	va_start(args, format);
	vsnprintf(signature->failure_text + used, sizeof(signature->failure_text) - used, format, args);
	va_end(args);
}

static void set_short_name(struct signature *signature, const char *first_word, const char *second_word,
			   const char *third_word)
{
	snprintf(signature->short_name, sizeof(signature->short_name), "%s-%s%s%s", first_word, second_word,
		 third_word ? "-" : "", third_word ? third_word : "");
}

static const char *find_call_name(const struct program *program, size_t call)
{
	return call < program->count ? op_table[program->calls[call].op].name : "no call";
}

/* Return: the index of the call on the line; program->count if no call is on it. */
static size_t find_call_of_line(const struct program *program, unsigned long line)
{
	size_t call = 0;

	while (call < program->count && program->calls[call].line != line)
		call++;
	return call;
}

/*
 * If @sentence begins with "line NUMBER", appends the name of the call on line NUMBER of @program.
 * Return: the length of "line NUMBER"; 0: @sentence begins with other text.
 */
static size_t append_call_of_leading_line(struct signature *signature, const struct program *program,
					  const char *sentence)
{
	static const char word[] = "line ";
	size_t len = strlen(word);
	unsigned long line_number;
	char *number_end;

	if (strncmp(sentence, word, len) || !isdigit((unsigned char)sentence[len]))
		return 0;
	line_number = strtoul(sentence + len, &number_end, 10);
	signature_append_failure_text(signature, "%s",
				      find_call_name(program, find_call_of_line(program, line_number)));
	return (size_t)(number_end - sentence);
}

void signature_append_without_numbers(struct signature *signature, const struct program *program,
				      const char *sentence)
{
	const char *start = sentence;

	while (*sentence) {
		/* In "free_page of line 7", the name of the call is there already. */
		bool has_call_before = sentence - start >= 3 && !strncmp(sentence - 3, "of ", 3);
		size_t len = has_call_before ? 0 : append_call_of_leading_line(signature, program, sentence);

		if (!len && isdigit((unsigned char)*sentence)) {
			len = strspn(sentence, "0123456789abcdefx");
			signature_append_failure_text(signature, "#");
		} else if (!len) {
			len = 1;
			signature_append_failure_text(signature, "%c", *sentence);
		}
		sentence += len;
	}
}

/* A program, the records of its executions, and the signature to make from these records. */
struct signature_evidence {
	struct signature *signature;
	const struct oracle *oracle;
	const struct program *program;
	const struct execution_record *records; /* one for each flavour */
};

static const char *find_flavour_binary(const struct signature_evidence *e, unsigned int flavour)
{
	return e->oracle->runners.list[flavour].binary_path;
}

#define SITE_TEXT (REPORT_INNERMOST_TEXT + 64)

/*
 * Adds the place of @site to the signature, and formats the innermost function of the page library at @site.
 * If no function is known, formats the name of the call. Because of the function name, a bug in one function
 * is one failure for all calls.
 * @rule: the rule that is broken at the place; RULE_COUNT: no rule.
 */
static void add_place_and_format_name(const struct signature_evidence *e, unsigned int flavour,
				      const struct execution_site *site, enum rule rule,
				      char function_or_call_name[SITE_TEXT])
{
	struct signature *s = e->signature;
	struct signature_place place = { .call = site->call };

	symbols_find_innermost_library_frame(find_flavour_binary(e, flavour), site->stack, &place.frame);
	snprintf(function_or_call_name, SITE_TEXT, "%s",
		 *place.frame.function ? place.frame.function : find_call_name(e->program, site->call));
	if (!s->place_count)
		s->main_rule = rule;
	if (s->place_count < sizeof(s->places) / sizeof(s->places[0]))
		s->places[s->place_count++] = place;
}

static void append_race(const struct signature_evidence *e, unsigned int flavour,
			const struct execution_site sites[2], const char *race_word, enum rule rule)
{
	char function_or_call_names[2][SITE_TEXT];
	bool is_sorted;

	for (unsigned int i = 0; i < 2; i++)
		add_place_and_format_name(e, flavour, &sites[i], rule, function_or_call_names[i]);
	is_sorted = strcmp(function_or_call_names[0], function_or_call_names[1]) <= 0;
	signature_append_failure_text(e->signature, "; %s %s / %s", race_word,
				      function_or_call_names[!is_sorted], function_or_call_names[is_sorted]);
}

/* The flavours for one kind of failure, in an order: the flavour with the most detailed reports is first. */
static const unsigned int disagreement_order[] = { FLAVOUR_ASAN, FLAVOUR_MSAN, FLAVOUR_TSAN, FLAVOUR_PLAIN };
static const unsigned int fatal_order[] = { FLAVOUR_ASAN, FLAVOUR_PLAIN, FLAVOUR_TSAN, FLAVOUR_MSAN };
static const unsigned int uninit_order[] = { FLAVOUR_MSAN, FLAVOUR_ASAN, FLAVOUR_TSAN, FLAVOUR_PLAIN };

/* ---- disagreement ---- */

/*
 * Return: whether the flavour reported a race that the model does not predict, and its report names a
 * function of the page library.
 */
static bool is_unpredicted_race_in_known_function(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	struct report_frame frame;

	return strstr(record->why, "race with ") && record->race[0].call != SITE_NO_CALL &&
	       record->race[1].call == SITE_NO_CALL &&
	       symbols_find_innermost_library_frame(find_flavour_binary(e, flavour), record->race[0].stack,
						    &frame);
}

/* Return: whether the flavour reported a race on the library's own data with both calls (library_race.h). */
static bool is_library_race(const struct execution_record *record)
{
	return strstr(record->why, "library-race: ") && record->race[1].call != SITE_NO_CALL;
}

static void append_last_death(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	const struct execution_death *death =
		&record->deaths[record->death_count ? record->death_count - 1 : 0];
	char function_or_call_name[SITE_TEXT];

	add_place_and_format_name(e, flavour, &death->site, RULE_COUNT, function_or_call_name);
	signature_append_failure_text(e->signature, "%s at %s", death->kind, function_or_call_name);
	set_short_name(e->signature, flavour_names[flavour], death->kind,
		       find_call_name(e->program, death->site.call));
}

static void append_disagreement(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	struct signature *s = e->signature;

	s->has_failed = s->is_disagreement = s->needed_flavours[flavour] = true;
	snprintf(s->observer_name, sizeof(s->observer_name), "%s", flavour_names[flavour]);
	runner_describe_disagreement(&e->oracle->runners, flavour, e->program, record, s->observed_sentence);
	signature_append_failure_text(s, "%s disagrees: ", flavour_names[flavour]);
	set_short_name(s, flavour_names[flavour], "disagrees", NULL);
	if (!*record->why) {
		append_last_death(e, flavour);
	} else if (is_library_race(record) || is_unpredicted_race_in_known_function(e, flavour)) {
		signature_append_failure_text(s, "a race that the model does not have");
		append_race(e, flavour, record->race, "race", RULE_COUNT);
	} else {
		signature_append_without_numbers(s, e->program, record->why);
	}
}

static bool append_most_detailed_disagreement(const struct signature_evidence *e)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++)
		if (e->records[disagreement_order[i]].result == CHECKER_DIFFERS) {
			append_disagreement(e, disagreement_order[i]);
			return true;
		}
	return false;
}

/* ---- claims ---- */

static bool append_failed_claim(const struct signature_evidence *e)
{
	char failed_claim[EXPECTATION_TEXT];

	if (expectations_hold(e->program, e->oracle->rules, failed_claim))
		return false;
	e->signature->has_failed = e->signature->is_claim = true;
	signature_append_failure_text(e->signature, "claim does not hold: ");
	signature_append_without_numbers(e->signature, e->program, failed_claim);
	strcpy(e->signature->short_name, "claim");
	return true;
}

/* ---- rules ---- */

static size_t find_step_index(const struct trace *trace, size_t call)
{
	const struct step *step = trace_find_step(trace, call);

	return step ? (size_t)(step - trace->steps) : trace->step_count;
}

/*
 * Return: the race that a detector reports first, or NULL: the second call of that race is the earliest in
 * the trace.
 */
static const struct race *find_first_race(const struct rules *rules)
{
	const struct access_log *access_log = rules_access_log(rules);
	const struct race *first = NULL;

	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		if (!first || find_step_index(rules_trace(rules), race->second) <
				      find_step_index(rules_trace(rules), first->second))
			first = race;
	}
	return first;
}

static void set_sorted_ops(uint8_t sorted_ops[2], const struct program *program, size_t first_call,
			   size_t second_call)
{
	uint8_t first = program->calls[first_call].op, second = program->calls[second_call].op;

	sorted_ops[0] = first < second ? first : second;
	sorted_ops[1] = first < second ? second : first;
}

static void append_reported_or_first_race(const struct signature_evidence *e)
{
	struct signature *s = e->signature;
	const struct execution_site *sites = e->records[FLAVOUR_TSAN].race;
	const struct race *race = find_first_race(e->oracle->rules);
	struct execution_site predicted_sites[2];
	bool is_reported = sites[0].call < e->program->count && sites[1].call < e->program->count;

	if (!race)
		return;
	predicted_sites[0] = (struct execution_site){ .call = race->second };
	predicted_sites[1] = (struct execution_site){ .call = race->first };
	if (!is_reported)
		sites = predicted_sites;
	s->needed_flavours[FLAVOUR_TSAN] = e->oracle->runners.is_available[FLAVOUR_TSAN];
	set_sorted_ops(s->racing_ops, e->program, sites[0].call, sites[1].call);
	append_race(e, FLAVOUR_TSAN, sites,
		    is_reported || !s->needed_flavours[FLAVOUR_TSAN] ? "race" : "race unseen",
		    RULE_data_race);
	set_short_name(s, "data-race", op_table[s->racing_ops[0]].name, op_table[s->racing_ops[1]].name);
}

/*
 * Finds the first flavour of @flavour_order in which @call ended a process.
 * Return: the death of that process, or NULL. @death_flavour: gets the flavour.
 */
static const struct execution_death *find_death_by_call(const struct signature_evidence *e, size_t call,
							const unsigned int *flavour_order,
							unsigned int *death_flavour)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++) {
		const struct execution_record *record = &e->records[flavour_order[i]];

		*death_flavour = flavour_order[i];
		for (size_t n = 0; n < record->death_count; n++)
			if (record->deaths[n].site.call == call)
				return &record->deaths[n];
	}
	return NULL;
}

/*
 * Appends the rule that @call breaks, and the report about that call. Many calls share the innermost function
 * of the report's stack, a check of the library, so the text has several functions, such as
 * "page_must_map_at<page_read_raw".
 */
static void append_rule_and_report(const struct signature_evidence *e, size_t call, enum rule rule,
				   const unsigned int *flavour_order)
{
	struct signature *s = e->signature;
	unsigned int death_flavour;
	const struct execution_death *death = find_death_by_call(e, call, flavour_order, &death_flavour);
	const struct execution_site unreported_site = { .call = call };
	char top_functions[REPORT_INNERMOST_TEXT] = "", function_or_call_name[SITE_TEXT];

	add_place_and_format_name(e, death_flavour, death ? &death->site : &unreported_site, rule,
				  function_or_call_name);
	signature_append_failure_text(s, "; %s", rule_table[rule].name);
	if (death) {
		symbols_format_library_functions(find_flavour_binary(e, death_flavour), death->site.stack,
						 top_functions);
		signature_append_failure_text(s, " %s: %s", flavour_names[death_flavour], death->kind);
		s->needed_flavours[death_flavour] = true;
	}
	signature_append_failure_text(s, " at %s", *top_functions ? top_functions : function_or_call_name);
	set_short_name(s, rule_table[rule].name, find_call_name(e->program, call), NULL);
}

static void append_broken_rules_and_reports(const struct signature_evidence *e)
{
	const struct verdict *v = rules_verdict(e->oracle->rules);
	char rule_names[RULE_SET_TEXT];

	if (!v->broken)
		return;
	e->signature->has_failed = true;
	rule_set_to_text(v->broken, " ", rule_names);
	signature_append_failure_text(e->signature, "%s", rule_names);
	append_reported_or_first_race(e);
	if (v->uninit_use_count)
		append_rule_and_report(e, v->uninit_uses[0].call, RULE_uninit_use, uninit_order);
	if (v->fatal_call != VERDICT_NONE)
		append_rule_and_report(e, v->fatal_call, v->fatal_rule, fatal_order);
}

/* ---- the signature ---- */

static uint8_t find_fatal_op(const struct rules *rules, const struct program *program)
{
	size_t call = rules_verdict(rules)->fatal_call;

	return call == VERDICT_NONE ? OP_COUNT : program->calls[call].op;
}

void signature_init_by_executing_program(struct signature *s, struct oracle *oracle,
					 const struct program *program, const bool *flavours,
					 bool rules_may_break)
{
	static struct execution_record records[FLAVOURS_MAX];
	const struct signature_evidence evidence = { s, oracle, program, records };

	memset(s, 0, sizeof(*s));
	s->main_rule = RULE_COUNT;
	rules_evaluate(oracle->rules, program);
	s->broken_rules = rules_verdict(oracle->rules)->broken;
	s->fatal_op = find_fatal_op(oracle->rules, program);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		execution_record_init(&records[i]);
		if (!oracle->runners.is_available[i] || (flavours && !flavours[i]))
			continue;
		runner_execute(&oracle->runners, i, program, &records[i]);
		oracle->execution_count++;
	}
	if (!append_most_detailed_disagreement(&evidence) && !append_failed_claim(&evidence) &&
	    !rules_may_break)
		append_broken_rules_and_reports(&evidence);
}

void signature_init_by_executing_input(struct signature *s, struct oracle *oracle,
				       const struct test_input *input, const bool *flavours)
{
	const char *replayer = oracle_find_replayer_or_report(oracle, input->target);

	if (!replayer) {
		signature_init_by_executing_program(s, oracle, &input->program, flavours, input->target);
		return;
	}
	oracle->execution_count++;
	signature_run_target_and_parse_program(s, replayer, input, oracle->runners.timeout_seconds, NULL);
}

bool signature_may_match_in_model(const struct signature *s, struct oracle *oracle,
				  const struct program *program)
{
	const struct race *race;
	uint8_t racing_ops[2];
	char unused_claim_text[EXPECTATION_TEXT];

	if (s->is_disagreement)
		return true;
	rules_evaluate(oracle->rules, program);
	if (expectations_hold(program, oracle->rules, unused_claim_text) == s->is_claim)
		return false;
	if (s->is_claim)
		return true;
	if (rules_verdict(oracle->rules)->broken != s->broken_rules ||
	    find_fatal_op(oracle->rules, program) != s->fatal_op)
		return false;
	race = find_first_race(oracle->rules);
	if (!race)
		return true;
	set_sorted_ops(racing_ops, program, race->first, race->second);
	return !memcmp(racing_ops, s->racing_ops, sizeof(racing_ops));
}

bool signature_is_same_failure(const struct signature *a, const struct signature *b)
{
	return a->has_failed && b->has_failed && !strcmp(a->failure_text, b->failure_text);
}
