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

static void mark_causes(struct explained *e, const struct causes *causes)
{
	for (size_t i = 0; i < causes->count; i++)
		e->colour[causes->calls[i]] = COLOUR_CAUSE;
}

static void mark_all_causes(struct explained *e)
{
	mark_causes(e, &e->causes);
	for (size_t i = 0; i < e->verdict->uninit_count; i++) {
		const struct uninit *uninit = &e->verdict->uninits[i];
		struct causes causes;

		cause_find_uninit(e->program, e->rules, uninit->call, uninit->page, uninit->from, &causes);
		mark_causes(e, &causes);
	}
	for (size_t i = 0; i < e->blocked_count; i++)
		if (e->blocked[i].why == BLOCKED_MUTEX)
			e->colour[e->blocked[i].by] = COLOUR_CAUSE;
}

/* After the causes: a call that is wrong itself gets that colour. */
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

static void print_title(const struct explained *e, const char *file)
{
	size_t len = strlen(file), most = ROW_COLUMNS / 2;
	char names[RULE_SET_TEXT], disagreement[64] = "";

	rule_set_text(e->verdict->broken, " ", names);
	if (e->disagreement_count)
		snprintf(disagreement, sizeof(disagreement), "; %s%s", e->disagreements[0].who,
			 e->disagreement_count > 1 ? " and others disagree" : " disagrees");
	row_print_words(e->row, 0, 2, e->verdict->broken || *disagreement ? COLOUR_WRONG : COLOUR_PLAIN,
			"%s%s: %s%s", len > most ? "..." : "", len > most ? file + len - most : file,
			names, disagreement);
	row_print(e->row);
}

static bool has_colour(const struct explained *e, enum colour colour)
{
	return memchr(e->colour, colour, e->program->count);
}

static void print_legend(const struct explained *e)
{
	if (!has_colour(e, COLOUR_WRONG))
		return;
	row_print(e->row);
	row_print_words(e->row, 0, 0, COLOUR_FAINT, "! %s%s%s%s",
			e->verdict->broken ? "breaks a rule" : "",
			e->verdict->broken && e->disagreement_count ? ", or " : "",
			e->disagreement_count ? "is not executed as expected" : "",
			has_colour(e, COLOUR_CAUSE) ? "   ~ made it so" : "");
}

void explain_print(FILE *out, const char *file, const struct program *program,
		   const struct rules *rules, struct explain_style style,
		   const struct explain_disagreement *disagreements, size_t count)
{
	static struct explained e;
	struct text_row row = { .out = out, .style = style };

	e = (struct explained){
		.row = &row,
		.program = program,
		.rules = rules,
		.trace = rules_trace(rules),
		.verdict = rules_verdict(rules),
		.disagreements = disagreements,
		.disagreement_count = count,
	};
	if (e.verdict->fatal_call != VERDICT_NONE && e.verdict->fatal_rule == RULE_deadlock)
		e.blocked_count = cause_find_deadlock(program, rules, e.blocked);
	happens_before_init(&e.happens, program, e.trace,
			    e.blocked_count ? VERDICT_NONE : e.verdict->fatal_call);
	cause_find_fatal(program, rules, &e.causes);
	mark_all_causes(&e);
	mark_wrong(&e);
	print_title(&e, file);
	explain_drawing(&e);
	print_legend(&e);
	explain_text(&e);
}
