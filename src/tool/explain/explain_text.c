/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "tool/explain/explain_row.h"

/* Races that are printed; the drawing marks all of them. */
#define RACES_MOST 8
#define RANGES_MOST  8

#define BAR 40u

/* The rules of the page contract that a broken rule is about (doc/rules.md). */
static const char *const contracts[RULE_COUNT] = {
	[RULE_data_race] = "R3 data races",
	[RULE_deadlock] = "no rule of the page",
	[RULE_foreign_map] = "R5 mapping",
	[RULE_map_overflow] = "R6 order",
	[RULE_out_of_bounds] = "R1 bounds, R5 mapping",
	[RULE_uninit_use] = "R7 fresh",
	[RULE_unmap_order] = "R6 order",
	[RULE_use_after_free] = "R8 lifetime",
	[RULE_use_after_unmap] = "R5 mapping",
};

const char *contract_name(enum rule rule)
{
	return contracts[rule];
}

static const struct call *call_at(const struct explained *e, size_t call)
{
	return &e->program->calls[call];
}

static const char *thread_of(const struct explained *e, size_t call)
{
	static char names[2][THREAD_TEXT];
	static unsigned int turn;

	turn ^= 1;
	return thread_text(call_at(e, call)->thread, names[turn]);
}

static void print_rule(struct text_row *row, enum rule rule)
{
	row_print(row);
	row_print_words(row, 0, 2, COLOUR_WRONG, "%s (%s)", rule_name(rule),
		    contract_name(rule));
}

/* ---- races ---- */

static size_t step_of(const struct explained *e, size_t call)
{
	const struct step *step = trace_find(e->trace, call);

	return step ? (size_t)(step - e->trace->steps) : e->trace->count;
}

static void print_known(struct text_row *row, const struct explained *e, const struct race *race)
{
	uint8_t first = call_at(e, race->first)->thread;
	uint16_t known = e->happens.known[step_of(e, race->second)][first];

	if (known == HAPPENS_BEFORE_NONE)
		row_print_words(row, 4, 6, COLOUR_PLAIN,
			    "Nothing orders them: at line %u %s knows nothing of %s.",
			    call_at(e, race->second)->line, thread_of(e, race->second),
			    thread_of(e, race->first));
	else
		row_print_words(row, 4, 6, COLOUR_PLAIN,
			    "Nothing orders them: at line %u %s knows what %s did up to line %u.",
			    call_at(e, race->second)->line, thread_of(e, race->second),
			    thread_of(e, race->first), call_at(e, e->trace->steps[known].call)->line);
}

/* "byte 3", "bytes 3 .. 9": from @from to before @to. */
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

/* The bytes of an access on a scale for both accesses, with the racing bytes filled. */
static void draw_bytes(struct text_row *row, unsigned int x, const struct access *access,
		       const struct race *race, const struct span *whole)
{
	for (unsigned int i = scaled(access->from, whole); i <= scaled(access->to - 1u, whole);
	     i++) {
		bool common = i >= scaled(race->from, whole) &&
			      i <= scaled(race->to - 1u, whole);

		row_set_glyph(row, x + i, common ? GLYPH_COMMON_BYTES : GLYPH_BYTES,
			    common ? COLOUR_WRONG : COLOUR_PLAIN);
	}
}

static void print_access(struct text_row *row, const struct explained *e,
			const struct access *access, const struct race *race,
			const struct span *whole)
{
	char text[80], bytes[32];

	snprintf(text, sizeof(text), "line %4u  %-4s %s %s %s",
		 call_at(e, access->call)->line, thread_of(e, access->call),
		 access->atomic ? "atomically" : "plainly", access->write ? "writes" : "reads",
		 bytes_text(access->from, access->to, bytes));
	row_set_text(row, 4, text, COLOUR_PLAIN);
	draw_bytes(row, 54, access, race, whole);
	row_print(row);
}

static bool is_side(const struct access *access, const struct race *race)
{
	return access->page == race->page &&
	       (access->call == race->first || access->call == race->second) &&
	       access->from < race->to && race->from < access->to;
}

static void print_race(struct text_row *row, const struct explained *e, const struct race *race)
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
	row_print_words(row, 2, 4, COLOUR_PLAIN, "Lines %u and %u race on p%u %s%s", a->line,
		    b->line, race->page, bytes_text(race->from, race->to, bytes),
		    op_is_mapped_access(a->op) && op_is_mapped_access(b->op) &&
				    a->handle[0] != b->handle[0] ?
			    ": two mappings of one page are the same memory (R4)." : ".");
	for (size_t i = 0; i < shadow->access_count; i++)
		if (is_side(&shadow->accesses[i], race))
			print_access(row, e, &shadow->accesses[i], race, &whole);
	print_known(row, e, race);
}

static void print_races(struct text_row *row, const struct explained *e)
{
	const struct shadow *shadow = rules_shadow(e->rules);

	if (!shadow->race_count)
		return;
	print_rule(row, RULE_data_race);
	for (size_t i = 0; i < shadow->race_count && i < RACES_MOST; i++)
		print_race(row, e, &shadow->races[i]);
	if (shadow->race_count > RACES_MOST)
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "And %zu more races; `pagetorture check` names them all.",
			    shadow->race_count - RACES_MOST);
}

/* ---- bytes without a value ---- */

/* "bytes 3 .. 9, 12": bytes of the load that have no value. */
static void unknown_bytes(const struct explained *e, const struct uninit *uninit, char *text,
			  size_t size)
{
	const struct step *step = trace_find(e->trace, uninit->call);
	unsigned int off = (unsigned int)call_at(e, uninit->call)->number[0], runs = 0;
	size_t used = 0;

	used = (size_t)snprintf(text, size, uninit->to > uninit->from + 1 ? "bytes " : "byte ");
	for (unsigned int i = 0, end; i < step->len; i = end) {
		bool known = e->trace->initialised[step->at + i];

		for (end = i; end < step->len && !!e->trace->initialised[step->at + end] == known; end++)
			;
		if (known)
			continue;
		if (runs++ == RANGES_MOST) {
			snprintf(text + used, size - used, " and more");
			return;
		}
		used += (size_t)snprintf(text + used, size - used, runs > 1 ? ", %u" : "%u",
					 off + i);
		if (end > i + 1)
			used += (size_t)snprintf(text + used, size - used, " .. %u", off + end - 1);
	}
}

static void print_uninit(struct text_row *row, const struct explained *e,
			const struct uninit *uninit)
{
	struct causes causes;
	char bytes[256];

	unknown_bytes(e, uninit, bytes, sizeof(bytes));
	cause_find_uninit(e->program, e->rules, uninit->call, uninit->page, uninit->from, &causes);
	row_print_words(row, 2, 4, COLOUR_PLAIN,
		    "Line %u: %s uses the value of p%u %s, which was never written.",
		    call_at(e, uninit->call)->line, thread_of(e, uninit->call), uninit->page, bytes);
	for (size_t i = 0; i + 1 < causes.count; i++)
		row_print_words(row, 4, 6, COLOUR_PLAIN,
			    "Line %u copied byte %u there without a value, which breaks nothing.",
			    call_at(e, causes.calls[i])->line, uninit->from);
	if (causes.count)
		row_print_words(row, 4, 6, COLOUR_PLAIN,
			    "Line %u allocated the page without __GFP_ZERO, so its bytes are "
			    "uninitialised.",
			    call_at(e, causes.calls[causes.count - 1])->line);
}

static void print_uninits(struct text_row *row, const struct explained *e)
{
	const struct verdict *v = e->verdict;

	if (!v->uninit_count)
		return;
	print_rule(row, RULE_uninit_use);
	for (size_t i = 0; i < v->uninit_count && i < RACES_MOST; i++)
		print_uninit(row, e, &v->uninits[i]);
	if (v->uninit_count > RACES_MOST)
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "And %zu more; `pagetorture check` names them all.",
			    v->uninit_count - RACES_MOST);
}

/* ---- what ends a program ---- */

static void print_causes(struct text_row *row, const struct explained *e, const char *what)
{
	for (size_t i = 0; i < e->causes.count; i++) {
		char text[CALL_TEXT];

		write_explained_call(e->program, e->causes.calls[i], NULL, text);
		row_print_words(row, 4, 6, COLOUR_CAUSE, "line %u  %s  %s: %s",
			    call_at(e, e->causes.calls[i])->line, thread_of(e, e->causes.calls[i]), text,
			    what);
	}
}

static void print_blocked(struct text_row *row, const struct explained *e, const struct blocked *b)
{
	unsigned int line = call_at(e, b->call)->line, by = call_at(e, b->by)->line;
	unsigned int handle = call_at(e, b->call)->handle[0];

	switch (b->why) {
	case BLOCKED_MUTEX:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s waits for m%u, which %s holds since line %u.", line,
			    thread_of(e, b->call), handle, thread_of(e, b->by), by);
		break;
	case BLOCKED_SEMAPHORE:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s waits for s%u, which is at 0, and no call is left to "
			    "post it.", line, thread_of(e, b->call), handle);
		break;
	case BLOCKED_THREADS:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: main waits for all above it, first of all line %u of %s.",
			    line, by, thread_of(e, b->by));
		break;
	default:
		row_print_words(row, 2, 4, COLOUR_PLAIN, "Line %u: %s comes after line %u of main.",
			    line, thread_of(e, b->call), by);
	}
}

static void print_deadlock(struct text_row *row, const struct explained *e)
{
	row_print_words(row, 2, 4, COLOUR_PLAIN, "Lines are left and none of them can run.");
	for (size_t i = 0; i < e->blocked_count; i++)
		print_blocked(row, e, &e->blocked[i]);
}

static void print_fatal(struct text_row *row, const struct explained *e)
{
	const struct verdict *v = e->verdict;
	const struct call *call;
	unsigned int handle, page;

	if (v->fatal_call == VERDICT_NONE)
		return;
	call = call_at(e, v->fatal_call);
	handle = call->handle[0];
	page = cause_find_map_page(e->program, e->rules, call->handle[0]);
	print_rule(row, v->fatal_rule);
	switch (v->fatal_rule) {
	case RULE_deadlock:
		print_deadlock(row, e);
		break;
	case RULE_use_after_free:
		row_print_words(row, 2, 4, COLOUR_PLAIN, "Line %u: %s uses p%u, which is freed.",
			    call->line, thread_of(e, v->fatal_call),
			    cause_find_freed_page(e->program, e->rules, call));
		print_causes(row, e, "dropped the last reference");
		break;
	case RULE_use_after_unmap:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s uses k%u, a mapping of p%u that has ended.", call->line,
			    thread_of(e, v->fatal_call), handle, page);
		print_causes(row, e, "ended it");
		break;
	case RULE_foreign_map:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s uses k%u, a mapping of p%u that is another thread's.",
			    call->line, thread_of(e, v->fatal_call), handle, page);
		print_causes(row, e, "made it, for its own thread only");
		break;
	case RULE_unmap_order:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s ends k%u, a mapping of p%u that is not its newest.",
			    call->line, thread_of(e, v->fatal_call), handle, page);
		print_causes(row, e, "is newer, and still there");
		break;
	case RULE_map_overflow:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s has %zu mappings, and this call needs one beyond the 16 "
			    "that a thread may have.", call->line, thread_of(e, v->fatal_call),
			    e->causes.count);
		print_causes(row, e, "is still there");
		break;
	default:
		row_print_words(row, 2, 4, COLOUR_PLAIN,
			    "Line %u: %s touches %llu bytes from offset %llu of k%u, a mapping of "
			    "p%u: offset, length and their sum may be at most PAGE_SIZE (4096).",
			    call->line, thread_of(e, v->fatal_call),
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

/* Lines that never run, as ranges: so all of them fit. */
static void print_lines_left(struct text_row *row, const struct explained *e)
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
	row_print(row);
	row_print_words(row, 0, 2, COLOUR_FAINT, left > 1 ? "Never run: lines%s" : "Never run: line%s",
		    text);
}

static void print_claims(struct text_row *row, const struct explained *e)
{
	char claim[EXPECTATION_TEXT];

	if (expectations_hold(e->program, e->rules, claim))
		return;
	row_print(row);
	row_print_words(row, 0, 2, COLOUR_WRONG, "A claim does not hold: %s", claim);
}

/* ---- executions ---- */

size_t disagreeing_call(const struct explained *e,
				  const struct explain_disagreement *disagreement)
{
	const char *at = strstr(disagreement->seen, "line ");
	unsigned long line = at ? strtoul(at + strlen("line "), NULL, 10) : 0;
	size_t i = 0;

	while (i < e->program->count && e->program->calls[i].line != line)
		i++;
	return i < e->program->count ? i : PROGRAM_CALLS;
}

/* Prints what the model expects of that call. */
static void print_expected(struct text_row *row, const struct explained *e, size_t call)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct step *step = trace_find(e->trace, call);
	char text[CALL_TEXT];
	bool races = false;

	for (size_t i = 0; i < shadow->race_count; i++)
		races |= shadow->races[i].first == call || shadow->races[i].second == call;
	write_explained_call(e->program, call, step, text);
	row_print_words(row, 2, 4, COLOUR_PLAIN, "Expected at line %u: %s: %s%s", call_at(e, call)->line,
		    thread_of(e, call), text, !step ? ", which does not run to its end" :
		    step->skipped ? ", which is skipped" :
		    races ? ", which races as said below" : ", which races with no other call");
}

static void print_disagreements(struct text_row *row, const struct explained *e)
{
	for (size_t i = 0; i < e->disagreement_count; i++) {
		const struct explain_disagreement *one = &e->disagreements[i];
		size_t call = disagreeing_call(e, one);

		row_print(row);
		row_print_words(row, 0, 2, COLOUR_WRONG, "%s disagrees with the model", one->who);
		row_print_words(row, 2, 4, COLOUR_PLAIN, "Seen: %s", one->seen);
		if (call < e->program->count)
			print_expected(row, e, call);
	}
}

void explain_text(struct text_row *row, const struct explained *e)
{
	print_disagreements(row, e);
	print_races(row, e);
	print_uninits(row, e);
	print_fatal(row, e);
	if (!e->verdict->broken) {
		row_print(row);
		row_print_words(row, 0, 2, COLOUR_PLAIN, e->disagreement_count ?
			    "clean: the program breaks no rule, so the library or its build is wrong." :
			    "clean: no rule is broken.");
	}
	print_lines_left(row, e);
	print_claims(row, e);
}
