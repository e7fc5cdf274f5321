/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/signature.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "tool/report/report.h"

/* ---- text ---- */

static void append(struct signature *s, const char *what, ...) __attribute__((format(printf, 2, 3)));

static void append(struct signature *s, const char *what, ...)
{
	size_t used = strlen(s->text);
	va_list args;

	va_start(args, what);
	vsnprintf(s->text + used, sizeof(s->text) - used, what, args);
	va_end(args);
}

static const char *op_of(const struct program *program, size_t call)
{
	return call < program->count ? op_table[program->calls[call].op].name : "no call";
}

/* "line 7" as the name of its call. Return: how much of @from that was, or 0. */
static size_t name_line(struct signature *s, const struct program *program, const char *from)
{
	static const char word[] = "line ";
	size_t len = strlen(word);
	char *end;
	unsigned long line;

	if (strncmp(from, word, len) || !isdigit((unsigned char)from[len]))
		return 0;
	line = strtoul(from + len, &end, 10);
	append(s, "%s", op_of(program, line - 2));
	return (size_t)(end - from);
}

/* A sentence without what differs from one program to another that fails like it. */
void signature_append_plain(struct signature *s, const struct program *program, const char *from)
{
	while (*from) {
		size_t len = name_line(s, program, from);

		if (!len && isdigit((unsigned char)*from)) {
			len = strspn(from, "0123456789abcdefx");
			append(s, "#");
		} else if (!len) {
			len = 1;
			append(s, "%c", *from);
		}
		from += len;
	}
}

/* What a signature is made from. */
struct maker {
	struct signature *s;
	const struct oracle *oracle;
	const struct program *program;
	const struct execution_record *records; /* one for each flavour */
};

#define SITE_TEXT (REPORT_TOP_TEXT + 64)

/*
 * The innermost function of the library, whatever call of the program reached it: one bug in
 * it is one failure. The call only where no function is known.
 */
static void site_text(const struct maker *m, unsigned int flavour, const struct execution_site *site,
		      char text[SITE_TEXT])
{
	struct report_frame frame;
	bool known = symbols_innermost(m->oracle->runners.of[flavour].path, site->stack, &frame);

	snprintf(text, SITE_TEXT, "%s", known ? frame.function : op_of(m->program, site->call));
}

/*
 * The innermost functions, "page_mappable_at_or_bug<page_read_raw": the innermost is the library's
 * own check where a program broke a rule, and the same for all calls.
 */
static void stack_text(const struct maker *m, unsigned int flavour, const struct execution_site *site,
		       char text[SITE_TEXT])
{
	symbols_top(m->oracle->runners.of[flavour].path, site->stack, text);
	if (!*text)
		snprintf(text, SITE_TEXT, "%s", op_of(m->program, site->call));
}

static void append_pair(struct signature *s, const char *what, const char *a, const char *b)
{
	bool sorted = strcmp(a, b) <= 0;

	append(s, "; %s %s / %s", what, sorted ? a : b, sorted ? b : a);
}

static void append_place(const struct maker *m, unsigned int flavour, size_t call, const char *stack)
{
	struct signature *s = m->s;
	struct signature_place *place = &s->places[s->place_count];

	if (s->place_count == sizeof(s->places) / sizeof(s->places[0]))
		return;
	s->place_count++;
	place->call = call;
	symbols_innermost(m->oracle->runners.of[flavour].path, stack, &place->frame);
}

static void append_race(const struct maker *m, unsigned int flavour)
{
	const struct execution_site *race = m->records[flavour].race;
	char sites[2][SITE_TEXT];

	for (unsigned int i = 0; i < 2; i++) {
		site_text(m, flavour, &race[i], sites[i]);
		append_place(m, flavour, race[i].call, race[i].stack);
	}
	append_pair(m->s, "race", sites[0], sites[1]);
}

/* ---- disagreement ---- */

/* The flavours; the one whose report has most details is first. */
static const unsigned int by_detail[] = { FLAVOUR_ASAN, FLAVOUR_MSAN, FLAVOUR_TSAN, FLAVOUR_PLAIN };

/* Is the difference a race that the model does not have, and its function known? */
static bool is_unknown_race(const struct maker *m, unsigned int flavour)
{
	const struct execution_record *record = &m->records[flavour];
	struct report_frame frame;

	return strstr(record->why, "race with ") && record->race[0].call != NO_SITE &&
	       record->race[1].call == NO_SITE &&
	       symbols_innermost(m->oracle->runners.of[flavour].path, record->race[0].stack, &frame);
}

static void append_sentence(const struct maker *m, unsigned int flavour)
{
	if (is_unknown_race(m, flavour)) {
		append(m->s, "a race that the model does not have");
		append_race(m, flavour);
	} else {
		signature_append_plain(m->s, m->program, m->records[flavour].why);
	}
	snprintf(m->s->site, sizeof(m->s->site), "%s-disagrees", flavour_names[flavour]);
}

static void append_last_death(const struct maker *m, unsigned int flavour)
{
	const struct execution_record *record = &m->records[flavour];
	const struct execution_death *death =
		&record->deaths[record->death_count ? record->death_count - 1 : 0];
	char site[SITE_TEXT];

	site_text(m, flavour, &death->site, site);
	append(m->s, "%s at %s", death->kind, site);
	append_place(m, flavour, death->site.call, death->site.stack);
	snprintf(m->s->site, sizeof(m->s->site), "%s-%s-%s", flavour_names[flavour], death->kind,
		 op_of(m->program, death->site.call));
}

static bool append_difference(const struct maker *m)
{
	struct signature *s = m->s;

	for (size_t i = 0; i < FLAVOURS_MAX; i++) {
		unsigned int flavour = by_detail[i];
		const struct execution_record *record = &m->records[flavour];

		if (record->result != CHECKER_DIFFERS)
			continue;
		s->failed = s->differs = s->needs[flavour] = true;
		snprintf(s->who, sizeof(s->who), "%s", flavour_names[flavour]);
		runner_disagreement(&m->oracle->runners, flavour, m->program, record, s->seen);
		append(s, "%s disagrees: ", flavour_names[flavour]);
		if (*record->why)
			append_sentence(m, flavour);
		else
			append_last_death(m, flavour);
		return true;
	}
	return false;
}

/* ---- claims ---- */

static bool append_claim(const struct maker *m)
{
	char claim[EXPECTATION_TEXT];

	if (expectations_hold(m->program, m->oracle->rules, claim))
		return false;
	m->s->failed = true;
	append(m->s, "claim does not hold: ");
	signature_append_plain(m->s, m->program, claim);
	strcpy(m->s->site, "claim");
	return true;
}

/* ---- rules ---- */

static size_t step_of(const struct trace *trace, size_t call)
{
	const struct step *step = trace_find(trace, call);

	return step ? (size_t)(step - trace->steps) : trace->count;
}

/* The race that a detector would report first: whose second call ran first. */
static const struct race *first_race(const struct rules *rules)
{
	const struct shadow *shadow = rules_shadow(rules);
	const struct race *first = NULL;

	for (size_t i = 0; i < shadow->race_count; i++) {
		const struct race *race = &shadow->races[i];

		if (!first || step_of(rules_trace(rules), race->second) <
				      step_of(rules_trace(rules), first->second))
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

static void append_first_race(const struct maker *m)
{
	struct signature *s = m->s;
	const struct program *program = m->program;
	const struct execution_site *reported = m->records[FLAVOUR_TSAN].race;
	const struct race *race = first_race(m->oracle->rules);

	if (!race)
		return;
	s->needs[FLAVOUR_TSAN] = m->oracle->runners.of[FLAVOUR_TSAN].there;
	if (reported[0].call < program->count && reported[1].call < program->count) {
		sort_ops(s->race, program, reported[0].call, reported[1].call);
		append_race(m, FLAVOUR_TSAN);
	} else {
		sort_ops(s->race, program, race->first, race->second);
		append_pair(s, s->needs[FLAVOUR_TSAN] ? "race unseen" : "race",
			    op_of(program, race->first), op_of(program, race->second));
		append_place(m, FLAVOUR_TSAN, race->second, "");
		append_place(m, FLAVOUR_TSAN, race->first, "");
	}
	snprintf(s->site, sizeof(s->site), "data-race-%s-%s", op_table[s->race[0]].name,
		 op_table[s->race[1]].name);
}

/* The death of a process at @call; NULL: @record has none. */
static const struct execution_death *death_at(const struct execution_record *record, size_t call)
{
	for (size_t n = 0; n < record->death_count; n++)
		if (record->deaths[n].site.call == call)
			return &record->deaths[n];
	return NULL;
}

/* How the first flavour of @order that saw @call end a process reports it. */
static bool append_death(const struct maker *m, size_t call, const unsigned int *order)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++) {
		const struct execution_death *death = death_at(&m->records[order[i]], call);
		char site[SITE_TEXT];

		if (!death)
			continue;
		stack_text(m, order[i], &death->site, site);
		append(m->s, " %s: %s at %s", flavour_names[order[i]], death->kind, site);
		append_place(m, order[i], call, death->site.stack);
		m->s->needs[order[i]] = true;
		return true;
	}
	return false;
}

static void append_end(const struct maker *m, size_t call, enum rule rule, const unsigned int *order)
{
	append(m->s, "; %s", rule_name(rule));
	if (!append_death(m, call, order)) {
		append(m->s, " at %s", op_of(m->program, call));
		append_place(m, FLAVOUR_PLAIN, call, "");
	}
	snprintf(m->s->site, sizeof(m->s->site), "%s-%s", rule_name(rule), op_of(m->program, call));
}

static void append_rules(const struct maker *m)
{
	static const unsigned int fatal_order[] = { FLAVOUR_ASAN, FLAVOUR_PLAIN, FLAVOUR_TSAN,
						    FLAVOUR_MSAN };
	static const unsigned int value_order[] = { FLAVOUR_MSAN, FLAVOUR_ASAN, FLAVOUR_TSAN,
						    FLAVOUR_PLAIN };
	const struct verdict *v = rules_verdict(m->oracle->rules);
	char names[RULE_SET_TEXT];

	if (!v->broken)
		return;
	m->s->failed = true;
	rule_set_text(v->broken, " ", names);
	append(m->s, "%s", names);
	append_first_race(m);
	if (v->uninit_count)
		append_end(m, v->uninits[0].call, RULE_uninit_use, value_order);
	if (v->fatal_call != VERDICT_NONE)
		append_end(m, v->fatal_call, v->fatal_rule, fatal_order);
}

/* ---- all of it ---- */

static uint8_t fatal_op(const struct rules *rules, const struct program *program)
{
	size_t call = rules_verdict(rules)->fatal_call;

	return call == VERDICT_NONE ? OP_COUNT : program->calls[call].op;
}

void signature_make(struct signature *s, struct oracle *oracle, const struct program *program,
		    const bool *flavours)
{
	static struct execution_record records[FLAVOURS_MAX];
	const struct maker maker = { s, oracle, program, records };

	memset(s, 0, sizeof(*s));
	rules_evaluate(oracle->rules, program);
	s->broken = rules_verdict(oracle->rules)->broken;
	s->fatal = fatal_op(oracle->rules, program);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		execution_record_init(&records[i]);
		if (!oracle->runners.of[i].there || (flavours && !flavours[i]))
			continue;
		runner_execute(&oracle->runners, i, program, &records[i]);
		oracle->executed++;
	}
	if (!append_difference(&maker) && !append_claim(&maker) && !oracle->rules_may_break)
		append_rules(&maker);
}

bool signature_may_match(const struct signature *s, struct oracle *oracle, const struct program *program)
{
	const struct race *race;
	uint8_t ops[2];
	char claim[EXPECTATION_TEXT];

	if (s->differs)
		return true;
	rules_evaluate(oracle->rules, program);
	if (expectations_hold(program, oracle->rules, claim) != (strcmp(s->site, "claim") != 0))
		return false;
	if (!strcmp(s->site, "claim"))
		return true;
	if (rules_verdict(oracle->rules)->broken != s->broken || fatal_op(oracle->rules, program) != s->fatal)
		return false;
	race = first_race(oracle->rules);
	if (!race)
		return true;
	sort_ops(ops, program, race->first, race->second);
	return !memcmp(ops, s->race, sizeof(ops));
}

bool signature_equal(const struct signature *a, const struct signature *b)
{
	return a->failed && b->failed && !strcmp(a->text, b->text);
}
