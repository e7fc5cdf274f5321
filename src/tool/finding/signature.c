/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/signature.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"

/* ---- text ---- */

void signature_append(struct signature *signature, const char *format, ...)
{
	size_t used = strlen(signature->failure_text);
	va_list args;

	va_start(args, format);
	vsnprintf(signature->failure_text + used, sizeof(signature->failure_text) - used, format, args);
	va_end(args);
}

static void set_short_name(struct signature *signature, const char *first, const char *second,
			   const char *third)
{
	snprintf(signature->short_name, sizeof(signature->short_name), "%s-%s%s%s", first, second,
		 third ? "-" : "", third ? third : "");
}

static const char *find_call_name(const struct program *program, size_t call)
{
	return call < program->count ? op_table[program->calls[call].op].name : "no call";
}

/* Appends the name of the call for "line 7". Return: the length of the replaced text; 0: no line. */
static size_t append_line_as_call(struct signature *signature, const struct program *program,
				  const char *sentence)
{
	static const char word[] = "line ";
	size_t len = strlen(word);
	unsigned long line;
	char *number_end;

	if (strncmp(sentence, word, len) || !isdigit((unsigned char)sentence[len]))
		return 0;
	line = strtoul(sentence + len, &number_end, 10);
	signature_append(signature, "%s", find_call_name(program, line - 2));
	return (size_t)(number_end - sentence);
}

void signature_append_sentence(struct signature *signature, const struct program *program,
			       const char *sentence)
{
	while (*sentence) {
		size_t len = append_line_as_call(signature, program, sentence);

		if (!len && isdigit((unsigned char)*sentence)) {
			len = strspn(sentence, "0123456789abcdefx");
			signature_append(signature, "#");
		} else if (!len) {
			len = 1;
			signature_append(signature, "%c", *sentence);
		}
		sentence += len;
	}
}

/* The executions of a program, from which a signature is made. */
struct signature_evidence {
	struct signature *signature;
	const struct oracle *oracle;
	const struct program *program;
	const struct execution_record *records; /* one for each flavour */
};

static const char *find_flavour_path(const struct signature_evidence *e, unsigned int flavour)
{
	return e->oracle->runners.list[flavour].binary_path;
}

#define SITE_TEXT (REPORT_TOP_TEXT + 64)

/*
 * Adds the place of @site to the signature, and formats its innermost function of the library, so that a bug
 * in one function is one failure for all calls; or the name of the call if the function is not known.
 * @rule: the rule that is broken at the place; RULE_COUNT: none
 */
static void add_place(const struct signature_evidence *e, unsigned int flavour,
		      const struct execution_site *site, enum rule rule, char function[SITE_TEXT])
{
	struct signature *s = e->signature;
	struct signature_place place = { .call = site->call };

	symbols_find_innermost_frame(find_flavour_path(e, flavour), site->stack, &place.frame);
	snprintf(function, SITE_TEXT, "%s",
		 *place.frame.function ? place.frame.function : find_call_name(e->program, site->call));
	if (!s->place_count)
		s->main_rule = rule;
	if (s->place_count < sizeof(s->places) / sizeof(s->places[0]))
		s->places[s->place_count++] = place;
}

static void append_race(const struct signature_evidence *e, unsigned int flavour,
			const struct execution_site sites[2], const char *name, enum rule rule)
{
	char functions[2][SITE_TEXT];
	bool is_sorted;

	for (unsigned int i = 0; i < 2; i++)
		add_place(e, flavour, &sites[i], rule, functions[i]);
	is_sorted = strcmp(functions[0], functions[1]) <= 0;
	signature_append(e->signature, "; %s %s / %s", name, functions[!is_sorted], functions[is_sorted]);
}

/* The flavours by the details of their reports, the most detailed report first. */
static const unsigned int disagreement_order[] = { FLAVOUR_ASAN, FLAVOUR_MSAN, FLAVOUR_TSAN, FLAVOUR_PLAIN };
static const unsigned int fatal_order[] = { FLAVOUR_ASAN, FLAVOUR_PLAIN, FLAVOUR_TSAN, FLAVOUR_MSAN };
static const unsigned int uninit_order[] = { FLAVOUR_MSAN, FLAVOUR_ASAN, FLAVOUR_TSAN, FLAVOUR_PLAIN };

/* ---- disagreement ---- */

/* Return: whether the difference is a race that the model does not have, with a known function. */
static bool is_unknown_race(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	struct report_frame frame;

	return strstr(record->why, "race with ") && record->race[0].call != NO_SITE &&
	       record->race[1].call == NO_SITE &&
	       symbols_find_innermost_frame(find_flavour_path(e, flavour), record->race[0].stack,
					    &frame);
}

static void append_last_death(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	const struct execution_death *death =
		&record->deaths[record->death_count ? record->death_count - 1 : 0];
	char function[SITE_TEXT];

	add_place(e, flavour, &death->site, RULE_COUNT, function);
	signature_append(e->signature, "%s at %s", death->kind, function);
	set_short_name(e->signature, flavour_names[flavour], death->kind,
		       find_call_name(e->program, death->site.call));
}

static void append_disagreement(const struct signature_evidence *e, unsigned int flavour)
{
	const struct execution_record *record = &e->records[flavour];
	struct signature *s = e->signature;

	s->has_failed = s->is_disagreement = s->needed_flavours[flavour] = true;
	snprintf(s->observer_name, sizeof(s->observer_name), "%s", flavour_names[flavour]);
	runner_describe_disagreement(&e->oracle->runners, flavour, e->program, record,
				     s->observed_sentence);
	signature_append(s, "%s disagrees: ", flavour_names[flavour]);
	set_short_name(s, flavour_names[flavour], "disagrees", NULL);
	if (!*record->why) {
		append_last_death(e, flavour);
	} else if (is_unknown_race(e, flavour)) {
		signature_append(s, "a race that the model does not have");
		append_race(e, flavour, record->race, "race", RULE_COUNT);
	} else {
		signature_append_sentence(s, e->program, record->why);
	}
}

static bool append_disagreement_of_first_flavour(const struct signature_evidence *e)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++)
		if (e->records[disagreement_order[i]].result == CHECKER_DIFFERS) {
			append_disagreement(e, disagreement_order[i]);
			return true;
		}
	return false;
}

/* ---- claims ---- */

static bool append_wrong_claim(const struct signature_evidence *e)
{
	char failed_claim[EXPECTATION_TEXT];

	if (expectations_hold(e->program, e->oracle->rules, failed_claim))
		return false;
	e->signature->has_failed = e->signature->is_claim = true;
	signature_append(e->signature, "claim does not hold: ");
	signature_append_sentence(e->signature, e->program, failed_claim);
	strcpy(e->signature->short_name, "claim");
	return true;
}

/* ---- rules ---- */

static size_t find_position_in_trace(const struct trace *trace, size_t call)
{
	const struct step *step = trace_find(trace, call);

	return step ? (size_t)(step - trace->steps) : trace->step_count;
}

/* Return: the race whose second call ran first, which a detector reports first. */
static const struct race *find_first_race(const struct rules *rules)
{
	const struct shadow *shadow = rules_shadow(rules);
	const struct race *first = NULL;

	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		if (!first || find_position_in_trace(rules_trace(rules), race->second) <
				      find_position_in_trace(rules_trace(rules), first->second))
			first = race;
	}
	return first;
}

static void sort_ops(uint8_t ops[2], const struct program *program, size_t a, size_t b)
{
	uint8_t first = program->calls[a].op, second = program->calls[b].op;

	ops[0] = first < second ? first : second;
	ops[1] = first < second ? second : first;
}

static void append_first_race(const struct signature_evidence *e)
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
	s->needed_flavours[FLAVOUR_TSAN] = e->oracle->runners.list[FLAVOUR_TSAN].is_available;
	sort_ops(s->racing_ops, e->program, sites[0].call, sites[1].call);
	append_race(e, FLAVOUR_TSAN, sites,
		    is_reported || !s->needed_flavours[FLAVOUR_TSAN] ? "race" : "race unseen",
		    RULE_data_race);
	set_short_name(s, "data-race", op_table[s->racing_ops[0]].name, op_table[s->racing_ops[1]].name);
}

/* Return: the death by @call in the first flavour of @order that has one. */
static const struct execution_death *find_death(const struct signature_evidence *e, size_t call,
						const unsigned int *order, unsigned int *flavour)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++) {
		const struct execution_record *record = &e->records[order[i]];

		*flavour = order[i];
		for (size_t n = 0; n < record->death_count; n++)
			if (record->deaths[n].site.call == call)
				return &record->deaths[n];
	}
	return NULL;
}

/*
 * Appends several functions, "page_must_map_at<page_read_raw": if a program breaks a rule, the innermost
 * function is the check of the library, which many calls share.
 */
static void append_rule_and_report(const struct signature_evidence *e, size_t call, enum rule rule,
				   const unsigned int *order)
{
	struct signature *s = e->signature;
	unsigned int flavour;
	const struct execution_death *death = find_death(e, call, order, &flavour);
	const struct execution_site unreported_site = { .call = call };
	char functions[REPORT_TOP_TEXT] = "", innermost_function[SITE_TEXT];

	add_place(e, flavour, death ? &death->site : &unreported_site, rule, innermost_function);
	signature_append(s, "; %s", rule_name(rule));
	if (death) {
		symbols_format_top_functions(find_flavour_path(e, flavour), death->site.stack,
					     functions);
		signature_append(s, " %s: %s", flavour_names[flavour], death->kind);
		s->needed_flavours[flavour] = true;
	}
	signature_append(s, " at %s", *functions ? functions : innermost_function);
	set_short_name(s, rule_name(rule), find_call_name(e->program, call), NULL);
}

static void append_broken_rules(const struct signature_evidence *e)
{
	const struct verdict *v = rules_verdict(e->oracle->rules);
	char rule_names[RULE_SET_TEXT];

	if (!v->broken)
		return;
	e->signature->has_failed = true;
	rule_set_text(v->broken, " ", rule_names);
	signature_append(e->signature, "%s", rule_names);
	append_first_race(e);
	if (v->uninit_count)
		append_rule_and_report(e, v->uninits[0].call, RULE_uninit_use, uninit_order);
	if (v->fatal_call != VERDICT_NONE)
		append_rule_and_report(e, v->fatal_call, v->fatal_rule, fatal_order);
}

/* ---- the signature ---- */

static uint8_t find_fatal_op(const struct rules *rules, const struct program *program)
{
	size_t call = rules_verdict(rules)->fatal_call;

	return call == VERDICT_NONE ? OP_COUNT : program->calls[call].op;
}

void signature_init_from_program(struct signature *s, struct oracle *oracle,
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
		if (!oracle->runners.list[i].is_available || (flavours && !flavours[i]))
			continue;
		runner_execute(&oracle->runners, i, program, &records[i]);
		oracle->execution_count++;
	}
	if (!append_disagreement_of_first_flavour(&evidence) && !append_wrong_claim(&evidence) &&
	    !rules_may_break)
		append_broken_rules(&evidence);
}

void signature_init_from_input(struct signature *s, struct oracle *oracle,
			       const struct test_input *input, const bool *flavours)
{
	const char *replayer = oracle_find_replayer(oracle, input->target);

	if (!replayer) {
		signature_init_from_program(s, oracle, &input->program, flavours, input->target);
		return;
	}
	oracle->execution_count++;
	signature_init_from_target(s, replayer, input, oracle->runners.timeout_seconds, NULL);
}

bool signature_may_match(const struct signature *s, struct oracle *oracle, const struct program *program)
{
	const struct race *race;
	uint8_t ops[2];
	char failed_claim[EXPECTATION_TEXT];

	if (s->is_disagreement)
		return true;
	rules_evaluate(oracle->rules, program);
	if (expectations_hold(program, oracle->rules, failed_claim) == s->is_claim)
		return false;
	if (s->is_claim)
		return true;
	if (rules_verdict(oracle->rules)->broken != s->broken_rules ||
	    find_fatal_op(oracle->rules, program) != s->fatal_op)
		return false;
	race = find_first_race(oracle->rules);
	if (!race)
		return true;
	sort_ops(ops, program, race->first, race->second);
	return !memcmp(ops, s->racing_ops, sizeof(ops));
}

bool signature_is_equal(const struct signature *a, const struct signature *b)
{
	return a->has_failed && b->has_failed && !strcmp(a->failure_text, b->failure_text);
}
