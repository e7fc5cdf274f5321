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
	const struct explained *e;
	struct text_row *row;
	unsigned int x[PROGRAM_THREADS]; /* 0: the thread has no call */
	bool running[PROGRAM_THREADS];
};

/* ---- positions of lanes ---- */

static unsigned int wanted_width(const struct explained *e, uint8_t thread)
{
	unsigned int width = thread == THREAD_MAIN ? LANE_LEAST : 0;

	for (size_t i = 0; i < e->program->count; i++) {
		char text[CALL_TEXT];
		unsigned int len;

		if (e->program->calls[i].thread != thread)
			continue;
		write_explained_call(e->program, i, trace_find(e->trace, i), text);
		len = (unsigned int)strlen(text) + 3;
		width = len > width ? len : width;
	}
	return width;
}

/* Places each lane, with at most @cap columns for all but the last. Return: their end. */
static unsigned int place_lanes(struct lanes *lanes, const unsigned int width[PROGRAM_THREADS],
				unsigned int cap)
{
	unsigned int x = GUTTER, last_width = 0;

	for (unsigned int t = 0; t < PROGRAM_THREADS; t++) {
		if (!width[t])
			continue;
		x += last_width < cap ? last_width : cap;
		lanes->x[t] = x;
		last_width = width[t];
	}
	return x + last_width;
}

/* The text of the last lane has its space; the other lanes share the rest. */
static void init_lanes(struct lanes *lanes, const struct explained *e)
{
	unsigned int width[PROGRAM_THREADS], cap = LANE_MOST;

	*lanes = (struct lanes){ .e = e, .row = e->row, .running = { [THREAD_MAIN] = true } };
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		width[t] = wanted_width(e, t);
	while (place_lanes(lanes, width, cap) > ROW_COLUMNS && cap > LANE_LEAST)
		cap--;
}

static void print_names(struct lanes *lanes)
{
	row_set_text(lanes->row, 2, "line", COLOUR_FAINT);
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (lanes->x[t])
			row_set_text(lanes->row, lanes->x[t], thread_name(t), COLOUR_PLAIN);
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
static void print_fork_join(struct lanes *lanes, unsigned int threads, bool is_fork)
{
	enum glyph glyph = is_fork ? GLYPH_DOWN_LAST : GLYPH_UP_LAST;
	unsigned int last = PROGRAM_THREADS - 1;

	if (!threads)
		return;
	while (!(threads & 1u << last))
		last--;
	draw_running(lanes);
	draw_line(lanes, lanes->x[THREAD_MAIN], lanes->x[last]);
	row_set_glyph(lanes->row, lanes->x[THREAD_MAIN], GLYPH_FORK_RIGHT, COLOUR_ORDER);
	for (unsigned int t = last; t > 0; t--) {
		if (!(threads & 1u << t))
			continue;
		row_set_glyph(lanes->row, lanes->x[t], glyph, COLOUR_ORDER);
		glyph = is_fork ? GLYPH_DOWN : GLYPH_UP;
		lanes->running[t] = is_fork;
	}
	row_set_text(lanes->row, lanes->x[last] + 2, is_fork ? "main starts them" : "main waits for them",
		     COLOUR_FAINT);
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
	unsigned int start = lanes->x[from->thread], end = lanes->x[to->thread];
	bool is_right = start < end;
	char label[64];

	draw_running(lanes);
	draw_line(lanes, is_right ? start : end, is_right ? end : start);
	row_set_glyph(lanes->row, start, is_right ? GLYPH_FORK_RIGHT : GLYPH_FORK_LEFT, COLOUR_ORDER);
	row_set_glyph(lanes->row, is_right ? end - 1 : end + 1, is_right ? GLYPH_RIGHT : GLYPH_LEFT,
		      COLOUR_ORDER);
	row_set_glyph(lanes->row, end, GLYPH_LANE, COLOUR_FAINT);
	snprintf(label, sizeof(label), "%c%u: %u before %u", op_table[to->op].args[0],
		 to->handle[0], from->line, to->line);
	row_set_text(lanes->row, (is_right ? end : start) + 2, label, COLOUR_ORDER);
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

/* The start of a call's first line: a mark, the number of the line, and a sign in the lane. */
static void draw_call_start(struct lanes *lanes, size_t call, const struct step *step, enum colour colour)
{
	static const char marks[COLOUR_COUNT] = { ' ', '!', '~', ' ', ' ' };
	const struct call *c = &lanes->e->program->calls[call];
	enum colour mark = lanes->e->colour[call];
	char line[16];

	snprintf(line, sizeof(line), "%c%5u", marks[mark], c->line);
	row_set_text(lanes->row, 0, line, mark ? mark : COLOUR_FAINT);
	row_set_glyph(lanes->row, lanes->x[c->thread], !step ? GLYPH_ENDED :
		      step->skipped ? GLYPH_SKIPPED : GLYPH_CALL, colour);
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
	for (unsigned int indent = 2; *at; indent = 4) {
		size_t fit = row_fit(at, ROW_COLUMNS - x - indent);
		char line[ROW_COLUMNS + 8];

		draw_running(lanes);
		/* A space on either side: a lane would look like part of the text. */
		snprintf(line, sizeof(line), "%*s%.*s ", (int)indent - 1, "", (int)fit, at);
		row_set_text(lanes->row, x + 1, line, colour);
		if (at == text)
			draw_call_start(lanes, call, step, colour);
		row_print(lanes->row);
		at += fit;
		at += strspn(at, " ");
	}
}

static const char *why_skipped(const struct call *call)
{
	if (call->op == OP_lock)
		return "skipped: held already";
	if (call->op == OP_unlock)
		return "skipped: not held";
	if (call->op == OP_load_atomic || call->op == OP_store_atomic)
		return "skipped: no such atomic, or not mapped";
	if (!op_fills_handle(call->op))
		return "skipped: a handle is empty";
	return op_handle_count(op_table[call->op].args[1]) ? "skipped: filled already, or no such page" :
							     "skipped: filled already";
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

void explain_drawing(const struct explained *e)
{
	struct lanes lanes;

	init_lanes(&lanes, e);
	print_names(&lanes);
	print_fork_join(&lanes, threads_from(&lanes, 0), true);
	for (size_t i = 0; i < e->trace->count; i++)
		print_step(&lanes, i);
	print_last(&lanes);
}
