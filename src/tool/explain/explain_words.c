/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "harness/model/claims.h"
#include "tool/explain/explain_sheet.h"

/* Races that are told one by one; each mark of the drawing is there anyway. */
#define RACES_TOLD 8
#define RUNS_TOLD  8

#define BAR 40u

static const struct call *call_at(const struct explained *e, size_t call)
{
	return &e->program->calls[call];
}

static const char *who(const struct explained *e, size_t call)
{
	static char names[2][THREAD_TEXT];
	static unsigned int turn;

	turn ^= 1;
	return thread_text(call_at(e, call)->thread, names[turn]);
}

static void tell_rule(struct sheet *sheet, enum rule rule)
{
	sheet_end(sheet);
	sheet_words(sheet, 0, 2, INK_GUILTY, "%s (%s)", rule_name(rule),
		    rule_contract(rule));
}

/* ---- races ---- */

static size_t step_of(const struct explained *e, size_t call)
{
	const struct step *step = trace_find(e->trace, call);

	return step ? (size_t)(step - e->trace->steps) : e->trace->count;
}

static void tell_known(struct sheet *sheet, const struct explained *e, const struct race *race)
{
	uint8_t first = call_at(e, race->first)->thread;
	uint16_t known = e->happens.known[step_of(e, race->second)][first];

	if (known == HAPPENS_NONE)
		sheet_words(sheet, 4, 6, INK_PLAIN,
			    "Nothing orders them: at line %u %s knows nothing of %s.",
			    call_at(e, race->second)->line, who(e, race->second),
			    who(e, race->first));
	else
		sheet_words(sheet, 4, 6, INK_PLAIN,
			    "Nothing orders them: at line %u %s knows what %s did up to line %u.",
			    call_at(e, race->second)->line, who(e, race->second),
			    who(e, race->first), call_at(e, e->trace->steps[known].call)->line);
}

/* "byte 3", "bytes 3 .. 9": to @to without it. */
static const char *bytes_text(unsigned int from, unsigned int to, char text[32])
{
	if (to == from + 1)
		snprintf(text, 32, "byte %u", from);
	else
		snprintf(text, 32, "bytes %u .. %u", from, to - 1);
	return text;
}

struct span {
	unsigned int from, to;
};

static unsigned int scaled(unsigned int byte, const struct span *whole)
{
	return (byte - whole->from) * BAR / (whole->to - whole->from);
}

/* The bytes of an access on a scale that shows all of both, the racing ones filled. */
static void draw_bytes(struct sheet *sheet, unsigned int x, const struct access *access,
		       const struct race *race, const struct span *whole)
{
	for (unsigned int i = scaled(access->from, whole); i <= scaled(access->to - 1u, whole);
	     i++) {
		bool common = i >= scaled(race->from, whole) &&
			      i <= scaled(race->to - 1u, whole);

		sheet_glyph(sheet, x + i, common ? GLYPH_COMMON_BYTES : GLYPH_BYTES,
			    common ? INK_GUILTY : INK_PLAIN);
	}
}

static void tell_access(struct sheet *sheet, const struct explained *e,
			const struct access *access, const struct race *race,
			const struct span *whole)
{
	char text[80], bytes[32];

	snprintf(text, sizeof(text), "line %4u  %-4s %s %s %s",
		 call_at(e, access->call)->line, who(e, access->call),
		 access->atomic ? "atomically" : "plainly", access->write ? "writes" : "reads",
		 bytes_text(access->from, access->to, bytes));
	sheet_text(sheet, 4, text, INK_PLAIN);
	draw_bytes(sheet, 54, access, race, whole);
	sheet_end(sheet);
}

static bool is_side(const struct access *access, const struct race *race)
{
	return access->page == race->page &&
	       (access->call == race->first || access->call == race->second) &&
	       access->from < race->to && race->from < access->to;
}

static void tell_race(struct sheet *sheet, const struct explained *e, const struct race *race)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct call *a = call_at(e, race->first), *b = call_at(e, race->second);
	struct span whole = { race->from, race->to };
	char bytes[32];

	for (size_t i = 0; i < shadow->access_count; i++) {
		const struct access *access = &shadow->accesses[i];

		if (!is_side(access, race))
			continue;
		whole.from = access->from < whole.from ? access->from : whole.from;
		whole.to = access->to > whole.to ? access->to : whole.to;
	}
	sheet_words(sheet, 2, 4, INK_PLAIN, "Lines %u and %u race on p%u %s%s", a->line,
		    b->line, race->page, bytes_text(race->from, race->to, bytes),
		    op_through_mapping(a->op) && op_through_mapping(b->op) &&
				    a->handle[0] != b->handle[0] ?
			    ": two mappings of one page are the same memory (R4)." : ".");
	for (size_t i = 0; i < shadow->access_count; i++)
		if (is_side(&shadow->accesses[i], race))
			tell_access(sheet, e, &shadow->accesses[i], race, &whole);
	tell_known(sheet, e, race);
}

static void tell_races(struct sheet *sheet, const struct explained *e)
{
	const struct shadow *shadow = rules_shadow(e->rules);

	if (!shadow->race_count)
		return;
	tell_rule(sheet, RULE_data_race);
	for (size_t i = 0; i < shadow->race_count && i < RACES_TOLD; i++)
		tell_race(sheet, e, &shadow->races[i]);
	if (shadow->race_count > RACES_TOLD)
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "And %zu more races; `pagetorture check` names them all.",
			    shadow->race_count - RACES_TOLD);
}

/* ---- bytes without a value ---- */

/* "bytes 3 .. 9, 12": those of the load that have no value. */
static void unknown_bytes(const struct explained *e, const struct uninit *uninit, char *text,
			  size_t size)
{
	const struct step *step = trace_find(e->trace, uninit->call);
	unsigned int off = (unsigned int)call_at(e, uninit->call)->number[0], runs = 0;
	size_t used = 0;

	used = (size_t)snprintf(text, size, uninit->to > uninit->from + 1 ? "bytes " : "byte ");
	for (unsigned int i = 0, end; i < step->len; i = end) {
		bool known = e->trace->known[step->at + i];

		for (end = i; end < step->len && !!e->trace->known[step->at + end] == known; end++)
			;
		if (known)
			continue;
		if (runs++ == RUNS_TOLD) {
			snprintf(text + used, size - used, " and more");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, runs > 1 ? ", %u" : "%u",
					 off + i);
		if (end > i + 1)
			used += (size_t)snprintf(text + used, size - used, " .. %u", off + end - 1);
	}
}

static void tell_uninit(struct sheet *sheet, const struct explained *e,
			const struct uninit *uninit)
{
	struct causes causes;
	char bytes[256];

	unknown_bytes(e, uninit, bytes, sizeof(bytes));
	cause_of_byte(e->program, e->rules, uninit->call, uninit->page, uninit->from, &causes);
	sheet_words(sheet, 2, 4, INK_PLAIN,
		    "Line %u: %s uses the value of p%u %s, where nobody ever wrote one.",
		    call_at(e, uninit->call)->line, who(e, uninit->call), uninit->page, bytes);
	for (size_t i = 0; i + 1 < causes.count; i++)
		sheet_words(sheet, 4, 6, INK_PLAIN,
			    "Line %u copied byte %u there without a value, which breaks nothing.",
			    call_at(e, causes.calls[i])->line, uninit->from);
	if (causes.count)
		sheet_words(sheet, 4, 6, INK_PLAIN,
			    "Line %u allocated the page without __GFP_ZERO, so its bytes are "
			    "uninitialised.",
			    call_at(e, causes.calls[causes.count - 1])->line);
}

static void tell_uninits(struct sheet *sheet, const struct explained *e)
{
	const struct verdict *v = e->verdict;

	if (!v->uninit_count)
		return;
	tell_rule(sheet, RULE_uninit_use);
	for (size_t i = 0; i < v->uninit_count && i < RACES_TOLD; i++)
		tell_uninit(sheet, e, &v->uninits[i]);
	if (v->uninit_count > RACES_TOLD)
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "And %zu more; `pagetorture check` names them all.",
			    v->uninit_count - RACES_TOLD);
}

/* ---- what ends a program ---- */

static void tell_calls(struct sheet *sheet, const struct explained *e, const char *what)
{
	for (size_t i = 0; i < e->causes.count; i++) {
		char text[CALL_TEXT];

		explained_call(e->program, e->causes.calls[i], NULL, text);
		sheet_words(sheet, 4, 6, INK_CAUSE, "line %u  %s  %s: %s",
			    call_at(e, e->causes.calls[i])->line, who(e, e->causes.calls[i]), text,
			    what);
	}
}

static void tell_blocked(struct sheet *sheet, const struct explained *e, const struct blocked *b)
{
	unsigned int line = call_at(e, b->call)->line, by = call_at(e, b->by)->line;
	unsigned int handle = call_at(e, b->call)->handle[0];

	switch (b->why) {
	case BLOCKED_MUTEX:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s waits for m%u, which %s holds since line %u.", line,
			    who(e, b->call), handle, who(e, b->by), by);
		break;
	case BLOCKED_SEMAPHORE:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s waits for s%u, which is at 0, and nobody is left to post "
			    "it.", line, who(e, b->call), handle);
		break;
	case BLOCKED_THREADS:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: main waits for all above it, first of all line %u of %s.",
			    line, by, who(e, b->by));
		break;
	default:
		sheet_words(sheet, 2, 4, INK_PLAIN, "Line %u: %s comes after line %u of main.",
			    line, who(e, b->call), by);
	}
}

static void tell_deadlock(struct sheet *sheet, const struct explained *e)
{
	sheet_words(sheet, 2, 4, INK_PLAIN, "Lines are left and none of them can run.");
	for (size_t i = 0; i < e->blocked_count; i++)
		tell_blocked(sheet, e, &e->blocked[i]);
}

static void tell_fatal(struct sheet *sheet, const struct explained *e)
{
	const struct verdict *v = e->verdict;
	const struct call *call;
	unsigned int handle, page;

	if (v->fatal_call == VERDICT_NONE)
		return;
	call = call_at(e, v->fatal_call);
	handle = call->handle[0];
	page = cause_page_of_map(e->program, e->rules, call->handle[0]);
	tell_rule(sheet, v->fatal_rule);
	switch (v->fatal_rule) {
	case RULE_deadlock:
		tell_deadlock(sheet, e);
		break;
	case RULE_use_after_free:
		sheet_words(sheet, 2, 4, INK_PLAIN, "Line %u: %s uses p%u, which is dead.",
			    call->line, who(e, v->fatal_call),
			    cause_dead_page(e->program, e->rules, call));
		tell_calls(sheet, e, "dropped the last reference");
		break;
	case RULE_use_after_unmap:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s uses k%u, a mapping of p%u that has ended.", call->line,
			    who(e, v->fatal_call), handle, page);
		tell_calls(sheet, e, "ended it");
		break;
	case RULE_foreign_map:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s uses k%u, a mapping of p%u that is another thread's.",
			    call->line, who(e, v->fatal_call), handle, page);
		tell_calls(sheet, e, "made it, for its own thread only");
		break;
	case RULE_unmap_order:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s ends k%u, a mapping of p%u that is not its newest.",
			    call->line, who(e, v->fatal_call), handle, page);
		tell_calls(sheet, e, "is newer, and still there");
		break;
	case RULE_map_overflow:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s has %zu mappings, and this call needs one beyond the 16 "
			    "that a thread may have.", call->line, who(e, v->fatal_call),
			    e->causes.count);
		tell_calls(sheet, e, "is still there");
		break;
	default:
		sheet_words(sheet, 2, 4, INK_PLAIN,
			    "Line %u: %s touches %llu bytes from offset %llu of k%u, a mapping of "
			    "p%u: offset, length and their sum may be at most PAGE_SIZE (4096).",
			    call->line, who(e, v->fatal_call),
			    (unsigned long long)call->number[1],
			    (unsigned long long)call->number[0], handle, page);
	}
}

/* ---- the rest ---- */

static bool is_blocked(const struct explained *e, size_t call)
{
	for (size_t i = 0; i < e->blocked_count; i++)
		if (e->blocked[i].call == call)
			return true;
	return false;
}

static bool is_left(const struct explained *e, size_t call)
{
	return !trace_find(e->trace, call) && call != e->verdict->fatal_call &&
	       !is_blocked(e, call);
}

/* Lines that never run, those in a row as one: so they all find room. */
static void tell_left(struct sheet *sheet, const struct explained *e)
{
	static char text[8 * PROGRAM_CALLS];
	size_t used = 0, left = 0;

	for (size_t i = 0, end; i < e->program->count; i = end) {
		for (end = i; end < e->program->count && is_left(e, end); end++)
			;
		left += end - i;
		if (end > i)
			used += (size_t)snprintf(text + used, sizeof(text) - used, "%s %u",
						 used ? "," : "", call_at(e, i)->line);
		if (end > i + 1)
			used += (size_t)snprintf(text + used, sizeof(text) - used, " .. %u",
						 call_at(e, end - 1)->line);
		end += end == i;
	}
	if (!left)
		return;
	sheet_end(sheet);
	sheet_words(sheet, 0, 2, INK_FAINT, left > 1 ? "Never run: lines%s" : "Never run: line%s",
		    text);
}

static void tell_claims(struct sheet *sheet, const struct explained *e)
{
	char claim[CLAIM_TEXT];

	if (claims_hold(e->program, e->rules, claim))
		return;
	sheet_end(sheet);
	sheet_words(sheet, 0, 2, INK_GUILTY, "A claim does not hold: %s", claim);
}

/* ---- executions ---- */

size_t explained_disagreeing_call(const struct explained *e,
				  const struct explain_disagreement *disagreement)
{
	const char *at = strstr(disagreement->seen, "line ");
	unsigned long line = at ? strtoul(at + strlen("line "), NULL, 10) : 0;
	size_t i = 0;

	while (i < e->program->count && e->program->calls[i].line != line)
		i++;
	return i < e->program->count ? i : PROGRAM_CALLS;
}

/* What the model says of that call. */
static void tell_expected(struct sheet *sheet, const struct explained *e, size_t call)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct step *step = trace_find(e->trace, call);
	char text[CALL_TEXT];
	bool races = false;

	for (size_t i = 0; i < shadow->race_count; i++)
		races |= shadow->races[i].first == call || shadow->races[i].second == call;
	explained_call(e->program, call, step, text);
	sheet_words(sheet, 2, 4, INK_PLAIN, "Expected at line %u: %s: %s%s", call_at(e, call)->line,
		    who(e, call), text, !step ? ", which does not run to its end" :
		    step->skipped ? ", which is skipped" :
		    races ? ", which races as said below" : ", which races with no other call");
}

static void tell_disagreements(struct sheet *sheet, const struct explained *e)
{
	for (size_t i = 0; i < e->disagreement_count; i++) {
		const struct explain_disagreement *one = &e->disagreements[i];
		size_t call = explained_disagreeing_call(e, one);

		sheet_end(sheet);
		sheet_words(sheet, 0, 2, INK_GUILTY, "%s disagrees with the model", one->who);
		sheet_words(sheet, 2, 4, INK_PLAIN, "Seen: %s", one->seen);
		if (call < e->program->count)
			tell_expected(sheet, e, call);
	}
}

void explain_words(struct sheet *sheet, const struct explained *e)
{
	tell_disagreements(sheet, e);
	tell_races(sheet, e);
	tell_uninits(sheet, e);
	tell_fatal(sheet, e);
	if (!e->verdict->broken) {
		sheet_end(sheet);
		sheet_words(sheet, 0, 2, INK_PLAIN, e->disagreement_count ?
			    "clean: the program breaks no rule, so the library or its build is wrong." :
			    "clean: no rule is broken.");
	}
	tell_left(sheet, e);
	tell_claims(sheet, e);
}
