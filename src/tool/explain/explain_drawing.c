/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The drawing. Each thread that has a call has a lane; one call a line, so that its text may
 * lie over the lanes on its right. A lane is there only while its thread is between two
 * lines of main: who rests takes no colour.
 */
#include <string.h>

#include "tool/explain/explain_row.h"

/* Before the lanes: a mark, and the number of the line. */
#define GUTTER 8

/* The least and the usual largest distance between two lanes. */
#define LANE_LEAST 7u
#define LANE_MOST  30u

struct lanes {
	struct text_row *row;
	const struct explained *e;
	unsigned int x[PROGRAM_THREADS]; /* 0: the thread has no call */
	unsigned int last;		 /* the thread whose lane is the last */
	bool running[PROGRAM_THREADS];
};

/* ---- positions of lanes ---- */

static void widths_wanted(const struct explained *e, unsigned int width[PROGRAM_THREADS])
{
	memset(width, 0, PROGRAM_THREADS * sizeof(width[0]));
	for (size_t i = 0; i < e->program->count; i++) {
		uint8_t thread = e->program->calls[i].thread;
		char text[CALL_TEXT];
		size_t len;

		write_explained_call(e->program, i, trace_find(e->trace, i), text);
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

/* The text of the last lane has its room; the other lanes share what is left. */
static unsigned int cap_of(const unsigned int width[PROGRAM_THREADS], unsigned int last)
{
	unsigned int cap = LANE_MOST + 1, used;

	do {
		used = GUTTER + width[last];
		cap--;
		for (unsigned int t = 0; t < last; t++)
			used += capped(width[t], cap);
	} while (used > ROW_COLUMNS && cap > LANE_LEAST);
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
	lanes->running[THREAD_MAIN] = true;
}

static void print_names(struct lanes *lanes)
{
	char name[THREAD_TEXT];

	row_set_text(lanes->row, 2, "line", COLOUR_FAINT);
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (lanes->x[t])
			row_set_text(lanes->row, lanes->x[t], thread_text(t, name), COLOUR_PLAIN);
	row_print(lanes->row);
}

static void draw_running(struct lanes *lanes)
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (lanes->running[t])
			row_set_glyph(lanes->row, lanes->x[t], GLYPH_LANE, COLOUR_FAINT);
}

/* ---- order ---- */

static const struct call *call_of(const struct lanes *lanes, size_t step)
{
	return &lanes->e->program->calls[lanes->e->trace->steps[step].call];
}

static void draw_line(struct lanes *lanes, unsigned int from, unsigned int to)
{
	for (unsigned int x = from; x <= to; x++)
		row_set_glyph(lanes->row, x, GLYPH_LINE, COLOUR_ORDER);
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
	draw_running(lanes);
	draw_line(lanes, lanes->x[THREAD_MAIN], lanes->x[last]);
	row_set_glyph(lanes->row, lanes->x[THREAD_MAIN], GLYPH_FORK_RIGHT, COLOUR_ORDER);
	for (unsigned int t = 1; t <= last; t++) {
		enum glyph middle = fork ? GLYPH_DOWN : GLYPH_UP;
		enum glyph end = fork ? GLYPH_DOWN_LAST : GLYPH_UP_LAST;

		if (!(threads & 1u << t))
			continue;
		row_set_glyph(lanes->row, lanes->x[t], t == last ? end : middle, COLOUR_ORDER);
		lanes->running[t] = fork;
	}
	row_set_text(lanes->row, lanes->x[last] + 2, fork ? "main starts them" :
		   "main waits for them", COLOUR_FAINT);
	row_print(lanes->row);
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

static unsigned int threads_running(const struct lanes *lanes)
{
	unsigned int threads = 0;

	for (unsigned int t = 1; t < PROGRAM_THREADS; t++)
		threads |= (unsigned int)lanes->running[t] << t;
	return threads;
}

static void print_edge(struct lanes *lanes, const struct call *from, const struct call *to)
{
	unsigned int a = lanes->x[from->thread], b = lanes->x[to->thread];
	unsigned int after = (a > b ? a : b) + 2;
	char label[64];

	draw_running(lanes);
	draw_line(lanes, a < b ? a : b, a < b ? b : a);
	row_set_glyph(lanes->row, a, a < b ? GLYPH_FORK_RIGHT : GLYPH_FORK_LEFT, COLOUR_ORDER);
	row_set_glyph(lanes->row, a < b ? b - 1 : b + 1, a < b ? GLYPH_RIGHT : GLYPH_LEFT,
		    COLOUR_ORDER);
	row_set_glyph(lanes->row, b, GLYPH_LANE, COLOUR_FAINT);
	snprintf(label, sizeof(label), "%c%u: %u before %u", op_table[to->op].args[0],
		 to->handle[0], from->line, to->line);
	row_set_text(lanes->row, after, label, COLOUR_ORDER);
	row_print(lanes->row);
}

static void print_edges(struct lanes *lanes, size_t step)
{
	uint16_t from[PROGRAM_THREADS];
	size_t count = happens_before_edges(lanes->e->program, lanes->e->trace, step, from);

	for (size_t i = 0; i < count; i++)
		print_edge(lanes, call_of(lanes, from[i]), call_of(lanes, step));
}

/* ---- calls ---- */

static void print_mark(struct lanes *lanes, size_t call)
{
	static const char *const marks[COLOUR_COUNT] = { [COLOUR_WRONG] = "!", [COLOUR_CAUSE] = "~" };
	enum colour colour = lanes->e->colour[call];
	char line[12];

	snprintf(line, sizeof(line), "%5u", lanes->e->program->calls[call].line);
	if (marks[colour])
		row_set_text(lanes->row, 0, marks[colour], colour);
	row_set_text(lanes->row, 1, line, colour ? colour : COLOUR_FAINT);
}

static enum glyph sign_of(const struct step *step)
{
	if (!step)
		return GLYPH_ENDED;
	return step->skipped ? GLYPH_SKIPPED : GLYPH_CALL;
}

/* @note: why the call did not run to its end, or "" */
static void print_call(struct lanes *lanes, size_t call, const struct step *step,
		       const char *note)
{
	const struct explained *e = lanes->e;
	unsigned int x = lanes->x[e->program->calls[call].thread];
	bool ran = step && !step->skipped;
	enum colour colour = e->colour[call] ? e->colour[call] : ran ? COLOUR_PLAIN : COLOUR_FAINT;
	char text[CALL_TEXT + 64];
	const char *at = text;

	write_explained_call(e->program, call, step, text);
	if (*note)
		snprintf(text + strlen(text), 64, "  (%s)", note);
	for (unsigned int more = 2; *at; more = 4) {
		size_t fit = row_fit(at, ROW_COLUMNS - x - more);
		char line[ROW_COLUMNS + 1];

		draw_running(lanes);
		if (more == 2) {
			print_mark(lanes, call);
			row_set_glyph(lanes->row, x, sign_of(step), colour);
		}
		snprintf(line, sizeof(line), "%.*s", (int)fit, at);
		/* A space on either side: a lane would look like part of the text. */
		row_set_text(lanes->row, x + 1, " ", colour);
		for (unsigned int space = x + 1; space < x + more; space++)
			row_set_text(lanes->row, space, " ", colour);
		row_set_text(lanes->row, row_set_text(lanes->row, x + more, line, colour), " ", colour);
		row_print(lanes->row);
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
		print_fork_join(lanes, threads_running(lanes), false);
	else
		print_edges(lanes, index);
	print_call(lanes, step->call, step, step->skipped ? why_skipped(call) : "");
	if (call->thread == THREAD_MAIN)
		print_fork_join(lanes, threads_from(lanes, index + 1), true);
}

/* The call that ends the program, or the calls that wait for ever. */
static void print_last(struct lanes *lanes)
{
	const struct explained *e = lanes->e;
	size_t fatal = e->verdict->fatal_call;

	if (fatal == VERDICT_NONE)
		return;
	if (e->verdict->fatal_rule != RULE_deadlock) {
		if (e->program->calls[fatal].thread == THREAD_MAIN)
			print_fork_join(lanes, threads_running(lanes), false);
		print_call(lanes, fatal, NULL, "the program ends here");
		return;
	}
	for (size_t i = 0; i < e->blocked_count; i++)
		print_call(lanes, e->blocked[i].call, NULL, "waits for ever");
}

void explain_drawing(struct text_row *row, const struct explained *e)
{
	struct lanes lanes = { .row = row, .e = e };

	place_lanes(&lanes);
	print_names(&lanes);
	print_fork_join(&lanes, threads_from(&lanes, 0), true);
	for (size_t i = 0; i < e->trace->count; i++)
		print_step(&lanes, i);
	print_last(&lanes);
}
