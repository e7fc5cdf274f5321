/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The drawing. Each thread that has a call has a lane; one call a line, so that its text may
 * lie over the lanes on its right. A lane is there only while its thread is between two
 * lines of main: who rests takes no ink.
 */
#include <string.h>

#include "tool/explain/explain_sheet.h"

/* Before the lanes: a mark, and the number of the line. */
#define GUTTER 8

/* Two lanes are at least, and but for a need at most, so far apart. */
#define LANE_LEAST 7u
#define LANE_MOST  30u

struct lanes {
	struct sheet *sheet;
	const struct explained *e;
	unsigned int x[PROGRAM_THREADS]; /* 0: the thread has no call */
	unsigned int last;		 /* the thread whose lane is the last */
	bool alive[PROGRAM_THREADS];
};

/* ---- where lanes are ---- */

static void widths_wanted(const struct explained *e, unsigned int width[PROGRAM_THREADS])
{
	memset(width, 0, PROGRAM_THREADS * sizeof(width[0]));
	for (size_t i = 0; i < e->program->count; i++) {
		uint8_t thread = e->program->calls[i].thread;
		char text[CALL_TEXT];
		size_t len;

		explained_call(e->program, i, trace_find(e->trace, i), text);
		len = strlen(text) + 3;
		if (width[thread] < len)
			width[thread] = (unsigned int)len;
	}
	if (!width[THREAD_MAIN])
		width[THREAD_MAIN] = LANE_LEAST;
}

static unsigned int capped(unsigned int width, unsigned int cap)
{
	return width < cap ? width : cap;
}

/* The lanes but for the last share what its text leaves; theirs may lie over other lanes. */
static unsigned int cap_of(const unsigned int width[PROGRAM_THREADS], unsigned int last)
{
	unsigned int cap = LANE_MOST + 1, used;

	do {
		used = GUTTER + width[last];
		cap--;
		for (unsigned int t = 0; t < last; t++)
			used += capped(width[t], cap);
	} while (used > SHEET_COLUMNS && cap > LANE_LEAST);
	return cap;
}

static void place_lanes(struct lanes *lanes)
{
	unsigned int width[PROGRAM_THREADS], x = GUTTER, cap;

	widths_wanted(lanes->e, width);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (width[t])
			lanes->last = t;
	cap = cap_of(width, lanes->last);
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		if (!width[t])
			continue;
		lanes->x[t] = x;
		x += capped(width[t], cap);
	}
	lanes->alive[THREAD_MAIN] = true;
}

static void print_names(struct lanes *lanes)
{
	char name[THREAD_TEXT];

	sheet_text(lanes->sheet, 2, "line", INK_FAINT);
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (lanes->x[t])
			sheet_text(lanes->sheet, lanes->x[t], thread_text(t, name), INK_PLAIN);
	sheet_end(lanes->sheet);
}

static void draw_alive(struct lanes *lanes)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (lanes->alive[t])
			sheet_glyph(lanes->sheet, lanes->x[t], GLYPH_LANE, INK_FAINT);
}

/* ---- order ---- */

static const struct call *call_of(const struct lanes *lanes, size_t step)
{
	return &lanes->e->program->calls[lanes->e->trace->steps[step].call];
}

static void draw_line(struct lanes *lanes, unsigned int from, unsigned int to)
{
	for (unsigned int x = from; x <= to; x++)
		sheet_glyph(lanes->sheet, x, GLYPH_LINE, INK_ORDER);
}

/* Main starts the threads of the set, or waits for them. */
static void print_fork_join(struct lanes *lanes, unsigned int threads, bool fork)
{
	unsigned int last = 0;

	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			last = t;
	if (!last)
		return;
	draw_alive(lanes);
	draw_line(lanes, lanes->x[THREAD_MAIN], lanes->x[last]);
	sheet_glyph(lanes->sheet, lanes->x[THREAD_MAIN], GLYPH_FORK_RIGHT, INK_ORDER);
	for (unsigned int t = 1; t <= last; t++) {
		enum glyph middle = fork ? GLYPH_DOWN : GLYPH_UP;
		enum glyph end = fork ? GLYPH_DOWN_LAST : GLYPH_UP_LAST;

		if (!(threads & 1u << t))
			continue;
		sheet_glyph(lanes->sheet, lanes->x[t], t == last ? end : middle, INK_ORDER);
		lanes->alive[t] = fork;
	}
	sheet_text(lanes->sheet, lanes->x[last] + 2, fork ? "main starts them" :
		   "main waits for them", INK_FAINT);
	sheet_end(lanes->sheet);
}

/* The threads with a call among the steps from @step to the next one of main. */
static unsigned int threads_from(const struct lanes *lanes, size_t step)
{
	const struct explained *e = lanes->e;
	unsigned int threads = 0;
	size_t i = step;

	for (; i < e->trace->count && call_of(lanes, i)->thread != THREAD_MAIN; i++)
		threads |= 1u << call_of(lanes, i)->thread;
	if (i < e->trace->count)
		return threads;
	for (size_t b = 0; b < e->blocked_count; b++)
		if (e->blocked[b].why != BLOCKED_MAIN)
			threads |= 1u << e->program->calls[e->blocked[b].call].thread;
	if (e->verdict->fatal_call != VERDICT_NONE)
		threads |= 1u << e->program->calls[e->verdict->fatal_call].thread;
	return threads & ~1u;
}

static unsigned int threads_alive(const struct lanes *lanes)
{
	unsigned int threads = 0;

	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		threads |= (unsigned int)lanes->alive[t] << t;
	return threads;
}

static void print_edge(struct lanes *lanes, const struct call *from, const struct call *to)
{
	unsigned int a = lanes->x[from->thread], b = lanes->x[to->thread];
	unsigned int behind = (a > b ? a : b) + 2;
	char label[64];

	draw_alive(lanes);
	draw_line(lanes, a < b ? a : b, a < b ? b : a);
	sheet_glyph(lanes->sheet, a, a < b ? GLYPH_FORK_RIGHT : GLYPH_FORK_LEFT, INK_ORDER);
	sheet_glyph(lanes->sheet, a < b ? b - 1 : b + 1, a < b ? GLYPH_RIGHT : GLYPH_LEFT,
		    INK_ORDER);
	sheet_glyph(lanes->sheet, b, GLYPH_LANE, INK_FAINT);
	snprintf(label, sizeof(label), "%c%u: %u before %u", op_table[to->op].args[0],
		 to->handle[0], from->line, to->line);
	sheet_text(lanes->sheet, behind, label, INK_ORDER);
	sheet_end(lanes->sheet);
}

static void print_edges(struct lanes *lanes, size_t step)
{
	uint16_t from[PROGRAM_THREADS];
	size_t count = happens_before_edges(lanes->e->program, lanes->e->trace, step, from);

	for (size_t i = 0; i < count; i++)
		print_edge(lanes, call_of(lanes, from[i]), call_of(lanes, step));
}

/* ---- calls ---- */

static void put_mark(struct lanes *lanes, size_t call)
{
	static const char *const marks[INK_COUNT] = { [INK_GUILTY] = "!", [INK_CAUSE] = "~" };
	enum ink ink = lanes->e->ink[call];
	char line[12];

	snprintf(line, sizeof(line), "%5u", lanes->e->program->calls[call].line);
	if (marks[ink])
		sheet_text(lanes->sheet, 0, marks[ink], ink);
	sheet_text(lanes->sheet, 1, line, ink ? ink : INK_FAINT);
}

static enum glyph sign_of(const struct step *step)
{
	if (!step)
		return GLYPH_ENDED;
	return step->skipped ? GLYPH_SKIPPED : GLYPH_CALL;
}

/* @note: what became of it, if it did not just run */
static void print_call(struct lanes *lanes, size_t call, const struct step *step,
		       const char *note)
{
	const struct explained *e = lanes->e;
	unsigned int x = lanes->x[e->program->calls[call].thread];
	bool ran = step && !step->skipped;
	enum ink ink = e->ink[call] ? e->ink[call] : ran ? INK_PLAIN : INK_FAINT;
	char text[CALL_TEXT + 64];
	const char *at = text;

	explained_call(e->program, call, step, text);
	if (*note)
		snprintf(text + strlen(text), 64, "  (%s)", note);
	for (unsigned int more = 2; *at; more = 4) {
		size_t fit = sheet_fit(at, SHEET_COLUMNS - x - more);
		char line[SHEET_COLUMNS + 1];

		draw_alive(lanes);
		if (more == 2) {
			put_mark(lanes, call);
			sheet_glyph(lanes->sheet, x, sign_of(step), ink);
		}
		snprintf(line, sizeof(line), "%.*s", (int)fit, at);
		/* A blank on either side, or a lane would look like part of the text. */
		sheet_text(lanes->sheet, x + 1, " ", ink);
		for (unsigned int blank = x + 1; blank < x + more; blank++)
			sheet_text(lanes->sheet, blank, " ", ink);
		sheet_text(lanes->sheet, sheet_text(lanes->sheet, x + more, line, ink), " ", ink);
		sheet_end(lanes->sheet);
		at += fit;
		at += strspn(at, " ");
	}
}

static const char *why_skipped(const struct call *call)
{
	const char *kinds = op_table[call->op].args;

	switch ((enum op)call->op) {
	case OP_lock:
		return "skipped: held already";
	case OP_unlock:
		return "skipped: not held";
	case OP_load_atomic:
	case OP_store_atomic:
		return "skipped: no such atomic, or not mapped";
	default:
		break;
	}
	if (*kinds >= 'A' && *kinds <= 'Z' && !op_handle_count(kinds[1]))
		return "skipped: filled already";
	return *kinds >= 'A' && *kinds <= 'Z' ? "skipped: filled already, or no such page" :
						"skipped: a handle is empty";
}

static void print_step(struct lanes *lanes, size_t index)
{
	const struct step *step = &lanes->e->trace->steps[index];
	const struct call *call = call_of(lanes, index);

	if (call->thread == THREAD_MAIN)
		print_fork_join(lanes, threads_alive(lanes), false);
	else
		print_edges(lanes, index);
	print_call(lanes, step->call, step, step->skipped ? why_skipped(call) : "");
	if (call->thread == THREAD_MAIN)
		print_fork_join(lanes, threads_from(lanes, index + 1), true);
}

/* The call that ends it all, or those that wait for ever. */
static void print_last(struct lanes *lanes)
{
	const struct explained *e = lanes->e;
	size_t fatal = e->verdict->fatal_call;

	if (fatal == VERDICT_NONE)
		return;
	if (e->verdict->fatal_rule != RULE_deadlock) {
		if (e->program->calls[fatal].thread == THREAD_MAIN)
			print_fork_join(lanes, threads_alive(lanes), false);
		print_call(lanes, fatal, NULL, "the program ends here");
		return;
	}
	for (size_t i = 0; i < e->blocked_count; i++)
		print_call(lanes, e->blocked[i].call, NULL, "waits for ever");
}

void explain_lanes(struct sheet *sheet, const struct explained *e)
{
	struct lanes lanes = { .sheet = sheet, .e = e };

	place_lanes(&lanes);
	print_names(&lanes);
	print_fork_join(&lanes, threads_from(&lanes, 0), true);
	for (size_t i = 0; i < e->trace->count; i++)
		print_step(&lanes, i);
	print_last(&lanes);
}
