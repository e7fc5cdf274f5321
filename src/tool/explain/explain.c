/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explain/explain.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/explain/explain_row.h"

struct explain_style explain_style_for(FILE *out)
{
	const char *no_colour = getenv("NO_COLOR"), *terminal = getenv("TERM");

	setlocale(LC_CTYPE, "");
	return (struct explain_style){
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.colour = isatty(fileno(out)) && !(no_colour && *no_colour) &&
			  !(terminal && !strcmp(terminal, "dumb")),
	};
}

/* A call that is wrong itself keeps that colour. */
static void mark_causes(struct explained *e, const struct causes *causes)
{
	for (size_t i = 0; i < causes->count; i++)
		if (!e->colour[causes->calls[i]])
			e->colour[causes->calls[i]] = COLOUR_CAUSE;
}

static void mark_wrong(struct explained *e)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct verdict *v = e->verdict;

	for (size_t i = 0; i < shadow->race_count; i++)
		e->colour[shadow->races[i].first] = e->colour[shadow->races[i].second] = COLOUR_WRONG;
	for (size_t i = 0; i < v->uninit_count; i++)
		e->colour[v->uninits[i].call] = COLOUR_WRONG;
	if (v->fatal_call != VERDICT_NONE)
		e->colour[v->fatal_call] = COLOUR_WRONG;
	for (size_t i = 0; i < e->blocked_count; i++)
		e->colour[e->blocked[i].call] = COLOUR_WRONG;
	for (size_t i = 0; i < e->disagreement_count; i++) {
		size_t call = disagreeing_call(e, &e->disagreements[i]);

		if (call < e->program->count)
			e->colour[call] = COLOUR_WRONG;
	}
}

static void mark(struct explained *e)
{
	const struct verdict *v = e->verdict;
	struct causes causes;

	mark_wrong(e);
	mark_causes(e, &e->causes);
	for (size_t i = 0; i < v->uninit_count; i++) {
		cause_find_uninit(e->program, e->rules, v->uninits[i].call, v->uninits[i].page,
			      v->uninits[i].from, &causes);
		mark_causes(e, &causes);
	}
	for (size_t i = 0; i < e->blocked_count; i++)
		if (e->blocked[i].why == BLOCKED_MUTEX && !e->colour[e->blocked[i].by])
			e->colour[e->blocked[i].by] = COLOUR_CAUSE;
}

static void print_title(struct text_row *row, const char *file, const struct explained *e)
{
	size_t len = strlen(file), room = ROW_COLUMNS / 2;
	char names[RULE_SET_TEXT];

	bool wrong = e->verdict->broken || e->disagreement_count;

	rule_set_text(e->verdict->broken, " ", names);
	row_print_words(row, 0, 2, wrong ? COLOUR_WRONG : COLOUR_PLAIN, "%s%s: %s%s%s%s",
		    len > room ? "..." : "", len > room ? file + len - room : file, names,
		    e->disagreement_count ? "; " : "",
		    e->disagreement_count ? e->disagreements[0].who : "",
		    e->disagreement_count > 1 ? " and others disagree" :
		    e->disagreement_count ? " disagrees" : "");
	row_print(row);
}

static bool has_colour(const struct explained *e, enum colour colour)
{
	return memchr(e->colour, colour, e->program->count);
}

static void print_legend(struct text_row *row, const struct explained *e)
{
	if (!has_colour(e, COLOUR_WRONG))
		return;
	row_print(row);
	row_print_words(row, 0, 0, COLOUR_FAINT, "%s%s", e->verdict->broken && e->disagreement_count ?
		    "! breaks a rule, or is not executed as expected" :
		    e->verdict->broken ? "! breaks a rule" : "! is not executed as expected",
		    has_colour(e, COLOUR_CAUSE) ? "   ~ made it so" : "");
}

void explain_print(FILE *out, const char *file, const struct program *program,
		   const struct rules *rules, struct explain_style style,
		   const struct explain_disagreement *disagreements, size_t count)
{
	static struct explained e;
	struct text_row row = { .out = out, .style = style };

	memset(&e, 0, sizeof(e));
	e.program = program;
	e.rules = rules;
	e.trace = rules_trace(rules);
	e.verdict = rules_verdict(rules);
	e.disagreements = disagreements;
	e.disagreement_count = count;
	if (e.verdict->fatal_call != VERDICT_NONE && e.verdict->fatal_rule == RULE_deadlock)
		e.blocked_count = cause_find_deadlock(program, rules, e.blocked);
	happens_before_init(&e.happens, program, e.trace,
		     e.blocked_count ? VERDICT_NONE : e.verdict->fatal_call);
	cause_find_fatal(program, rules, &e.causes);
	mark(&e);
	print_title(&row, file, &e);
	explain_drawing(&row, &e);
	print_legend(&row, &e);
	explain_text(&row, &e);
}
