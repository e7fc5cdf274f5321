/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What is wrong with a program, in words. */
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "tool/explain/explain_row.h"

/* So many races, and uses of uninitialised bytes, are printed; the drawing marks all of them. */
#define FINDINGS_MAX 8
/* So many ranges of uninitialised bytes are printed. */
#define RANGES_MAX 8

/* The columns of a bar that shows the bytes of an access. */
#define BAR_START 54u
#define BAR_WIDTH 40u

/* A paragraph about a rule has three levels. */
#define print_heading(e, ...) row_print_words((e)->row, 0, 2, COLOUR_WRONG, __VA_ARGS__)
#define print_finding(e, ...) row_print_words((e)->row, 2, 4, COLOUR_PLAIN, __VA_ARGS__)
#define print_detail(e, ...) row_print_words((e)->row, 4, 6, COLOUR_PLAIN, __VA_ARGS__)

static unsigned int line_of(const struct explained *e, size_t call)
{
	return e->program->calls[call].line;
}

static const char *thread_of(const struct explained *e, size_t call)
{
	return thread_name(e->program->calls[call].thread);
}

static void print_rule(const struct explained *e, enum rule rule)
{
	row_print(e->row);
	print_heading(e, "%s (%s)", rule_name(rule), rule_contract(rule));
}

static void print_rest(const struct explained *e, size_t count, const char *what)
{
	if (count > FINDINGS_MAX)
		print_finding(e, "And %zu more%s; `pagetorture check` names them all.",
			      count - FINDINGS_MAX, what);
}

/* Appends ", 3 .. 9" for the numbers @from to before @to, without the comma if @text is empty. */
static void append_range(char *text, size_t size, unsigned int from, unsigned int to)
{
	size_t used = strlen(text);

	used += (size_t)snprintf(text + used, size - used, used ? ", %u" : "%u", from);
	if (to > from + 1 && used < size)
		snprintf(text + used, size - used, " .. %u", to - 1);
}

/* ---- races ---- */

struct range {
	unsigned int from, to;
};

static void print_order(const struct explained *e, const struct race *race)
{
	uint8_t first = e->program->calls[race->first].thread;
	const struct step *step = trace_find(e->trace, race->second);
	size_t second = step ? (size_t)(step - e->trace->steps) : e->trace->count;
	uint16_t known = e->happens.known[second][first];
	char what[48] = "nothing of ", upto[24] = "";

	if (known != HAPPENS_BEFORE_NONE) {
		strcpy(what, "what ");
		snprintf(upto, sizeof(upto), " did up to line %u", line_of(e, e->trace->steps[known].call));
	}
	print_detail(e, "Nothing orders them: at line %u %s knows %s%s%s.", line_of(e, race->second),
		     thread_of(e, race->second), what, thread_name(first), upto);
}

/* "byte 3", "bytes 3 .. 9" */
static const char *bytes_text(unsigned int from, unsigned int to, char text[40])
{
	char range[24] = "";

	append_range(range, sizeof(range), from, to);
	snprintf(text, 40, "%s %s", to > from + 1 ? "bytes" : "byte", range);
	return text;
}

static unsigned int bar_column(unsigned int byte, const struct range *whole)
{
	return BAR_START + (byte - whole->from) * BAR_WIDTH / (whole->to - whole->from);
}

/* The access, and its bytes on a scale for both accesses, with the racing bytes filled. */
static void print_access(const struct explained *e, const struct access *access,
			 const struct race *race, const struct range *whole)
{
	unsigned int end = bar_column(access->to - 1u, whole);
	char text[80], bytes[40];

	snprintf(text, sizeof(text), "line %4u  %-4s %s %s %s", line_of(e, access->call),
		 thread_name(access->thread), access->atomic ? "atomically" : "plainly",
		 access->write ? "writes" : "reads", bytes_text(access->from, access->to, bytes));
	row_set_text(e->row, 4, text, COLOUR_PLAIN);
	for (unsigned int x = bar_column(access->from, whole); x <= end; x++) {
		bool common = x >= bar_column(race->from, whole) && x <= bar_column(race->to - 1u, whole);

		row_set_glyph(e->row, x, common ? GLYPH_COMMON_BYTES : GLYPH_LINE,
			      common ? COLOUR_WRONG : COLOUR_PLAIN);
	}
	row_print(e->row);
}

static bool is_side(const struct access *access, const struct race *race)
{
	return access->page == race->page &&
	       (access->call == race->first || access->call == race->second) &&
	       access->from < race->to && race->from < access->to;
}

static bool use_two_mappings(const struct call *a, const struct call *b)
{
	return op_is_mapped_access(a->op) && op_is_mapped_access(b->op) && a->handle[0] != b->handle[0];
}

static void print_race(const struct explained *e, const struct race *race)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct call *calls = e->program->calls;
	struct range whole = { race->from, race->to };
	char bytes[40];

	for (const struct access *a = shadow->accesses; a < shadow->accesses + shadow->access_count; a++)
		if (is_side(a, race)) {
			whole.from = a->from < whole.from ? a->from : whole.from;
			whole.to = a->to > whole.to ? a->to : whole.to;
		}
	print_finding(e, "Lines %u and %u race on p%u %s%s", line_of(e, race->first),
		      line_of(e, race->second), race->page, bytes_text(race->from, race->to, bytes),
		      use_two_mappings(&calls[race->first], &calls[race->second]) ?
			      ": two mappings of one page are the same memory (R4)." : ".");
	for (size_t i = 0; i < shadow->access_count; i++)
		if (is_side(&shadow->accesses[i], race))
			print_access(e, &shadow->accesses[i], race, &whole);
	print_order(e, race);
}

static void print_races(const struct explained *e)
{
	const struct shadow *shadow = rules_shadow(e->rules);

	if (!shadow->race_count)
		return;
	print_rule(e, RULE_data_race);
	for (size_t i = 0; i < shadow->race_count && i < FINDINGS_MAX; i++)
		print_race(e, &shadow->races[i]);
	print_rest(e, shadow->race_count, " races");
}

/* ---- uninitialised bytes ---- */

/* The uninitialised bytes of a load. */
static void uninit_text(const struct explained *e, size_t call, char *text, size_t size)
{
	const struct step *step = trace_find(e->trace, call);
	const uint8_t *initialised = e->trace->initialised + step->at;
	unsigned int offset = (unsigned int)e->program->calls[call].number[0], ranges = 0;

	text[0] = '\0';
	for (unsigned int i = 0, end; i < step->len; i = end) {
		for (end = i + 1; end < step->len && !initialised[end] == !initialised[i]; end++)
			;
		if (initialised[i])
			continue;
		if (ranges++ == RANGES_MAX) {
			strcat(text, " and more");
			return;
		}
		append_range(text, size, offset + i, offset + end);
	}
}

static void print_uninit(const struct explained *e, const struct uninit *uninit)
{
	struct causes causes;
	char bytes[256];

	uninit_text(e, uninit->call, bytes, sizeof(bytes));
	cause_find_uninit(e->program, e->rules, uninit->call, uninit->page, uninit->from, &causes);
	print_finding(e, "Line %u: %s uses the value of p%u byte%s %s, which was never written.",
		      line_of(e, uninit->call), thread_of(e, uninit->call), uninit->page,
		      uninit->to > uninit->from + 1 ? "s" : "", bytes);
	for (size_t i = 0; i + 1 < causes.count; i++)
		print_detail(e, "Line %u copied byte %u there without a value, which breaks nothing.",
			     line_of(e, causes.calls[i]), uninit->from);
	if (causes.count)
		print_detail(e, "Line %u allocated the page without __GFP_ZERO, so its bytes are "
			     "uninitialised.", line_of(e, causes.calls[causes.count - 1]));
}

static void print_uninits(const struct explained *e)
{
	const struct verdict *v = e->verdict;

	if (!v->uninit_count)
		return;
	print_rule(e, RULE_uninit_use);
	for (size_t i = 0; i < v->uninit_count && i < FINDINGS_MAX; i++)
		print_uninit(e, &v->uninits[i]);
	print_rest(e, v->uninit_count, "");
}

/* ---- the fatal call, or the deadlock ---- */

/*
 * What the fatal call does, and what each cause of it is or did. In the first text $k is the mapping
 * and $p its page, $f the freed page, $c the number of causes, $o and $l offset and length.
 */
static const struct {
	const char *finding, *cause;
} fatal_texts[RULE_COUNT] = {
	[RULE_foreign_map] = { "uses k$k, a mapping of p$p that is another thread's.",
			       "made it, for its own thread only" },
	[RULE_map_overflow] = { "has $c mappings, and this call needs one beyond the 16 that a thread "
				"may have.", "is still there" },
	[RULE_out_of_bounds] = { "touches $l bytes from offset $o of k$k, a mapping of p$p: offset, "
				 "length and their sum may be at most PAGE_SIZE (4096).", NULL },
	[RULE_unmap_order] = { "ends k$k, a mapping of p$p that is not its newest.",
			       "is newer, and still there" },
	[RULE_use_after_free] = { "uses p$f, which is freed.", "dropped the last reference" },
	[RULE_use_after_unmap] = { "uses k$k, a mapping of p$p that has ended.", "ended it" },
};

static unsigned long long fatal_value(const struct explained *e, char variable)
{
	const struct call *call = &e->program->calls[e->verdict->fatal_call];

	switch (variable) {
	case 'c':
		return e->causes.count;
	case 'f':
		return cause_find_freed_page(e->program, e->rules, call);
	case 'k':
		return call->handle[0];
	case 'p':
		return cause_find_map_page(e->program, e->rules, call->handle[0]);
	default:
		return call->number[variable == 'l'];
	}
}

static void print_fatal_call(const struct explained *e)
{
	const char *template = fatal_texts[e->verdict->fatal_rule].finding, *variable;
	char text[256] = "";
	size_t used = 0;

	for (; (variable = strchr(template, '$')); template = variable + 2)
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%.*s%llu",
					 (int)(variable - template), template, fatal_value(e, variable[1]));
	print_finding(e, "Line %u: %s %s%s", line_of(e, e->verdict->fatal_call),
		      thread_of(e, e->verdict->fatal_call), text, template);
	for (size_t i = 0; i < e->causes.count; i++) {
		uint16_t cause = e->causes.calls[i];
		char call[CALL_TEXT];

		write_explained_call(e->program, cause, NULL, call);
		row_print_words(e->row, 4, 6, COLOUR_CAUSE, "line %u  %s  %s: %s", line_of(e, cause),
				thread_of(e, cause), call, fatal_texts[e->verdict->fatal_rule].cause);
	}
}

static void print_blocked(const struct explained *e, const struct blocked *b)
{
	unsigned int line = line_of(e, b->call), by = line_of(e, b->by);
	unsigned int handle = e->program->calls[b->call].handle[0];
	const char *thread = thread_of(e, b->call);

	if (b->why == BLOCKED_MUTEX)
		print_finding(e, "Line %u: %s waits for m%u, which %s holds since line %u.", line, thread,
			      handle, thread_of(e, b->by), by);
	else if (b->why == BLOCKED_SEMAPHORE)
		print_finding(e, "Line %u: %s waits for s%u, which is at 0, and no call is left to "
			      "post it.", line, thread, handle);
	else if (b->why == BLOCKED_THREADS)
		print_finding(e, "Line %u: main waits for all above it, first of all line %u of %s.",
			      line, by, thread_of(e, b->by));
	else
		print_finding(e, "Line %u: %s comes after line %u of main.", line, thread, by);
}

static void print_fatal(const struct explained *e)
{
	if (e->verdict->fatal_call == VERDICT_NONE)
		return;
	print_rule(e, e->verdict->fatal_rule);
	if (e->verdict->fatal_rule != RULE_deadlock) {
		print_fatal_call(e);
		return;
	}
	print_finding(e, "Lines are left and none of them can run.");
	for (size_t i = 0; i < e->blocked_count; i++)
		print_blocked(e, &e->blocked[i]);
}

/* ---- lines that never run ---- */

static bool is_blocked(const struct explained *e, size_t call)
{
	for (size_t i = 0; i < e->blocked_count; i++)
		if (e->blocked[i].call == call)
			return true;
	return false;
}

static bool is_left(const struct explained *e, size_t call)
{
	return !trace_find(e->trace, call) && call != e->verdict->fatal_call && !is_blocked(e, call);
}

/* The lines are printed as ranges, so that all of them fit. */
static void print_lines_left(const struct explained *e)
{
	static char text[8 * PROGRAM_CALLS];
	size_t left = 0;

	text[0] = '\0';
	for (size_t i = 0, end; i < e->program->count; i = end + 1) {
		for (end = i; end < e->program->count && is_left(e, end); end++)
			;
		left += end - i;
		if (end > i)
			append_range(text, sizeof(text), line_of(e, i), line_of(e, end - 1) + 1);
	}
	if (!left)
		return;
	row_print(e->row);
	row_print_words(e->row, 0, 2, COLOUR_FAINT, "Never run: line%s %s", left > 1 ? "s" : "", text);
}

/* ---- executions that disagree ---- */

size_t disagreeing_call(const struct explained *e, const struct explain_disagreement *disagreement)
{
	const char *found = strstr(disagreement->seen, "line ");
	unsigned long line = found ? strtoul(found + strlen("line "), NULL, 10) : 0;

	for (size_t i = 0; i < e->program->count; i++)
		if (line_of(e, i) == line)
			return i;
	return PROGRAM_CALLS;
}

static void print_expected(const struct explained *e, size_t call)
{
	const struct shadow *shadow = rules_shadow(e->rules);
	const struct step *step = trace_find(e->trace, call);
	char text[CALL_TEXT];
	bool races = false;

	for (size_t i = 0; i < shadow->race_count; i++)
		races |= shadow->races[i].first == call || shadow->races[i].second == call;
	write_explained_call(e->program, call, step, text);
	print_finding(e, "Expected at line %u: %s: %s%s", line_of(e, call), thread_of(e, call), text,
		      !step ? ", which does not run to its end" :
		      step->skipped ? ", which is skipped" :
		      races ? ", which races as said below" : ", which races with no other call");
}

static void print_disagreements(const struct explained *e)
{
	for (size_t i = 0; i < e->disagreement_count; i++) {
		size_t call = disagreeing_call(e, &e->disagreements[i]);

		row_print(e->row);
		print_heading(e, "%s disagrees with the model", e->disagreements[i].who);
		print_finding(e, "Seen: %s", e->disagreements[i].seen);
		if (call < e->program->count)
			print_expected(e, call);
	}
}

void explain_text(const struct explained *e)
{
	char claim[EXPECTATION_TEXT];

	print_disagreements(e);
	print_races(e);
	print_uninits(e);
	print_fatal(e);
	if (!e->verdict->broken) {
		row_print(e->row);
		row_print_words(e->row, 0, 2, COLOUR_PLAIN, e->disagreement_count ?
				"clean: the program breaks no rule, so the library or its build is wrong." :
				"clean: no rule is broken.");
	}
	print_lines_left(e);
	if (!expectations_hold(e->program, e->rules, claim)) {
		row_print(e->row);
		print_heading(e, "A claim does not hold: %s", claim);
	}
}
