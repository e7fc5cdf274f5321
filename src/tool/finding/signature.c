/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/signature.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/claims.h"
#include "tool/report/report.h"

/* flavour_names in numbers, where one of them is meant. */
enum { PLAIN, ASAN, TSAN, MSAN };

bool judge_begin(struct judge *j, const bool *flavours, unsigned int seconds)
{
	memset(j, 0, sizeof(*j));
	j->rules = rules_new();
	j->runners.seconds = seconds;
	return j->rules && runners_find(&j->runners, flavours);
}

void judge_end(struct judge *j)
{
	runners_destroy(&j->runners);
	rules_delete(j->rules);
}

/* ---- text ---- */

static void add(struct signature *s, const char *what, ...) __attribute__((format(printf, 2, 3)));

static void add(struct signature *s, const char *what, ...)
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
	char *behind;
	unsigned long line;

	if (strncmp(from, word, len) || !isdigit((unsigned char)from[len]))
		return 0;
	line = strtoul(from + len, &behind, 10);
	add(s, "%s", op_of(program, line - 2));
	return (size_t)(behind - from);
}

/* A sentence without what differs from one program to another that fails like it. */
void signature_add_plain(struct signature *s, const struct program *program, const char *from)
{
	while (*from) {
		size_t len = name_line(s, program, from);

		if (!len && isdigit((unsigned char)*from)) {
			len = strspn(from, "0123456789abcdefx");
			add(s, "#");
		} else if (!len) {
			len = 1;
			add(s, "%c", *from);
		}
		from += len;
	}
}

#define SITE_TEXT (REPORT_TOP_TEXT + 64)

/*
 * The innermost function of the library, whatever call of the program reached it: one bug in
 * it is one failure. The call only where no function is known.
 */
static void site_text(const struct judge *j, unsigned int flavour, const struct program *program,
		      const struct execution_site *site, char text[SITE_TEXT])
{
	struct report_frame frame;

	if (symbols_innermost(j->runners.of[flavour].path, site->stack, &frame))
		snprintf(text, SITE_TEXT, "%s", frame.function);
	else
		snprintf(text, SITE_TEXT, "%s", op_of(program, site->call));
}

/*
 * The innermost functions, "page_must_map_at<page_read_raw": the innermost is the library's
 * own check where a program broke a rule, and the same for all calls.
 */
static void stack_text(const struct judge *j, unsigned int flavour, const struct program *program,
		       const struct execution_site *site, char text[SITE_TEXT])
{
	symbols_top(j->runners.of[flavour].path, site->stack, text);
	if (!*text)
		snprintf(text, SITE_TEXT, "%s", op_of(program, site->call));
}

static void add_pair(struct signature *s, const char *what, const char *a, const char *b)
{
	bool sorted = strcmp(a, b) <= 0;

	add(s, "; %s %s / %s", what, sorted ? a : b, sorted ? b : a);
}

static void add_place(struct signature *s, const struct judge *j, unsigned int flavour, size_t call,
		      const char *stack)
{
	struct signature_place *place = &s->places[s->place_count];

	if (s->place_count == sizeof(s->places) / sizeof(s->places[0]))
		return;
	s->place_count++;
	place->call = call;
	symbols_innermost(j->runners.of[flavour].path, stack, &place->frame);
}

/* ---- disagreement ---- */

/* Who says most comes first. */
static const unsigned int by_detail[] = { ASAN, MSAN, TSAN, PLAIN };

/* Is the difference a race that the model does not have, and is it known where? */
static bool is_unknown_race(const struct judge *j, unsigned int flavour, const struct execution_record *t)
{
	struct report_frame frame;

	return strstr(t->why, "race with ") && t->race[0].call != NO_SITE &&
	       t->race[1].call == NO_SITE &&
	       symbols_innermost(j->runners.of[flavour].path, t->race[0].stack, &frame);
}

static void add_unknown_race(struct signature *s, const struct judge *j, unsigned int flavour,
			     const struct program *program, const struct execution_record *t)
{
	char sites[2][SITE_TEXT];

	for (unsigned int i = 0; i < 2; i++) {
		site_text(j, flavour, program, &t->race[i], sites[i]);
		add_place(s, j, flavour, t->race[i].call, t->race[i].stack);
	}
	add(s, "a race that the model does not have");
	add_pair(s, "race", sites[0], sites[1]);
}

static bool add_difference(struct signature *s, const struct judge *j, const struct program *program,
			   const struct execution_record *told)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++) {
		unsigned int flavour = by_detail[i];
		const struct execution_record *t = &told[flavour];
		const struct execution_death *death = &t->deaths[t->death_count ? t->death_count - 1 : 0];
		char site[SITE_TEXT];

		if (t->result != CHECK_DIFFER)
			continue;
		s->failed = s->differs = s->needs[flavour] = true;
		snprintf(s->who, sizeof(s->who), "%s", flavour_names[flavour]);
		runner_disagreement(&j->runners, flavour, program, t, s->seen);
		add(s, "%s disagrees: ", flavour_names[flavour]);
		if (*t->why) {
			if (is_unknown_race(j, flavour, t))
				add_unknown_race(s, j, flavour, program, t);
			else
				signature_add_plain(s, program, t->why);
			snprintf(s->site, sizeof(s->site), "%s-disagrees", flavour_names[flavour]);
		} else {
			site_text(j, flavour, program, &death->site, site);
			add(s, "%s at %s", death->kind, site);
			add_place(s, j, flavour, death->site.call, death->site.stack);
			snprintf(s->site, sizeof(s->site), "%s-%s-%s", flavour_names[flavour],
				 death->kind, op_of(program, death->site.call));
		}
		return true;
	}
	return false;
}

/* ---- claims ---- */

static bool add_claim(struct signature *s, const struct judge *j, const struct program *program)
{
	char claim[CLAIM_TEXT];

	if (claims_hold(program, j->rules, claim))
		return false;
	s->failed = true;
	add(s, "claim does not hold: ");
	signature_add_plain(s, program, claim);
	strcpy(s->site, "claim");
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

static void name_pair(struct signature *s)
{
	snprintf(s->site, sizeof(s->site), "data-race-%s-%s", op_table[s->race[0]].name,
		 op_table[s->race[1]].name);
}

static void add_race(struct signature *s, const struct judge *j, const struct program *program,
		     const struct execution_record *told)
{
	const struct execution_record *t = &told[TSAN];
	const struct race *race = first_race(j->rules);
	char sites[2][SITE_TEXT];

	if (!race)
		return;
	s->needs[TSAN] = j->runners.of[TSAN].there;
	if (t->race[0].call < program->count && t->race[1].call < program->count) {
		sort_ops(s->race, program, t->race[0].call, t->race[1].call);
		for (unsigned int i = 0; i < 2; i++) {
			site_text(j, TSAN, program, &t->race[i], sites[i]);
			add_place(s, j, TSAN, t->race[i].call, t->race[i].stack);
		}
		add_pair(s, "race", sites[0], sites[1]);
	} else {
		sort_ops(s->race, program, race->first, race->second);
		add_pair(s, s->needs[TSAN] ? "race unseen" : "race", op_of(program, race->first),
			 op_of(program, race->second));
		add_place(s, j, TSAN, race->second, "");
		add_place(s, j, TSAN, race->first, "");
	}
	name_pair(s);
}

/* The first flavour of @order that saw @call end a process. */
static bool add_death(struct signature *s, const struct judge *j, const struct program *program,
		      const struct execution_record *told, size_t call, const unsigned int *order)
{
	for (size_t i = 0; i < FLAVOURS_MAX; i++)
		for (size_t n = 0; n < told[order[i]].death_count; n++) {
			const struct execution_death *death = &told[order[i]].deaths[n];
			char site[SITE_TEXT];

			if (death->site.call != call)
				continue;
			stack_text(j, order[i], program, &death->site, site);
			add(s, " %s: %s at %s", flavour_names[order[i]], death->kind, site);
			add_place(s, j, order[i], call, death->site.stack);
			s->needs[order[i]] = true;
			return true;
		}
	return false;
}

static void add_end(struct signature *s, const struct judge *j, const struct program *program,
		    const struct execution_record *told, size_t call, enum rule rule,
		    const unsigned int *order)
{
	add(s, "; %s", rule_name(rule));
	if (!add_death(s, j, program, told, call, order)) {
		add(s, " at %s", op_of(program, call));
		add_place(s, j, PLAIN, call, "");
	}
	snprintf(s->site, sizeof(s->site), "%s-%s", rule_name(rule), op_of(program, call));
}

static void add_rules(struct signature *s, const struct judge *j, const struct program *program,
		      const struct execution_record *told)
{
	static const unsigned int fatal_order[] = { ASAN, PLAIN, TSAN, MSAN };
	static const unsigned int value_order[] = { MSAN, ASAN, TSAN, PLAIN };
	const struct verdict *v = rules_verdict(j->rules);
	char names[RULE_SET_TEXT];

	if (!v->broken)
		return;
	s->failed = true;
	rule_set_text(v->broken, " ", names);
	add(s, "%s", names);
	add_race(s, j, program, told);
	if (v->uninit_count)
		add_end(s, j, program, told, v->uninits[0].call, RULE_uninit_use, value_order);
	if (v->fatal_call != VERDICT_NONE)
		add_end(s, j, program, told, v->fatal_call, v->fatal_rule, fatal_order);
}

/* ---- all of it ---- */

static uint8_t fatal_op(const struct rules *rules, const struct program *program)
{
	size_t call = rules_verdict(rules)->fatal_call;

	return call == VERDICT_NONE ? OP_COUNT : program->calls[call].op;
}

void signature_make(struct signature *s, struct judge *j, const struct program *program,
		    const bool *flavours)
{
	static struct execution_record told[FLAVOURS_MAX];

	if (j->replayer) {
		signature_of_target(s, j, program);
		return;
	}
	memset(s, 0, sizeof(*s));
	rules_judge(j->rules, program);
	s->broken = rules_verdict(j->rules)->broken;
	s->fatal = fatal_op(j->rules, program);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		execution_record_init(&told[i]);
		if (!j->runners.of[i].there || (flavours && !flavours[i]))
			continue;
		runner_execute(&j->runners, i, program, &told[i]);
		j->executed++;
	}
	if (!add_difference(s, j, program, told) && !add_claim(s, j, program) && !j->rules_may_break)
		add_rules(s, j, program, told);
}

bool signature_may_match(const struct signature *s, struct judge *j, const struct program *program)
{
	const struct race *race;
	uint8_t ops[2];
	char claim[CLAIM_TEXT];

	j->judged++;
	if (s->differs)
		return true;
	rules_judge(j->rules, program);
	if (claims_hold(program, j->rules, claim) != (strcmp(s->site, "claim") != 0))
		return false;
	if (!strcmp(s->site, "claim"))
		return true;
	if (rules_verdict(j->rules)->broken != s->broken || fatal_op(j->rules, program) != s->fatal)
		return false;
	race = first_race(j->rules);
	if (!race)
		return true;
	sort_ops(ops, program, race->first, race->second);
	return !memcmp(ops, s->race, sizeof(ops));
}

const char *signature_lacks(const struct judge *j)
{
	if (symbols_missing())
		return "no llvm-symbolizer or addr2line found: functions do not tell failures apart";
	if (!j->runners.of[TSAN].there)
		return "without the tsan flavour races are the model's alone";
	return NULL;
}

bool signature_equal(const struct signature *a, const struct signature *b)
{
	return a->failed && b->failed && !strcmp(a->text, b->text);
}
