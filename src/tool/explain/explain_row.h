/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the parts of explain share; no other file includes this. */
#ifndef TOOL_EXPLAIN_ROW_H
#define TOOL_EXPLAIN_ROW_H

#include <stdint.h>

#include "harness/model/cause.h"
#include "harness/model/happens_before.h"
#include "tool/explain/explain.h"

#define ROW_COLUMNS 100

/* Cells that are drawn: GLYPH(name, in UTF-8, in ASCII). */
#define GLYPHS(GLYPH) \
	GLYPH(LANE, "│", '|') \
	GLYPH(LINE, "─", '-') \
	GLYPH(CALL, "●", '*') \
	GLYPH(SKIPPED, "○", 'o') \
	GLYPH(ENDED, "✗", 'X') \
	GLYPH(RIGHT, "▶", '>') /* arrow heads */ \
	GLYPH(LEFT, "◀", '<') \
	GLYPH(FORK_RIGHT, "├", '+') /* a lane from which a line goes right */ \
	GLYPH(FORK_LEFT, "┤", '+') \
	GLYPH(DOWN, "┬", '+') /* a line from which a lane goes down, and the last such lane */ \
	GLYPH(DOWN_LAST, "┐", '+') \
	GLYPH(UP, "┴", '+') \
	GLYPH(UP_LAST, "┘", '+') \
	GLYPH(COMMON_BYTES, "█", '#')

enum glyph {
	GLYPH_BEFORE_FIRST = 0x7f, /* cells below are ASCII */
#define GLYPH(name, ...) GLYPH_##name,
	GLYPHS(GLYPH)
#undef GLYPH
	GLYPH_END
};

enum colour { COLOUR_PLAIN, COLOUR_WRONG, COLOUR_CAUSE, COLOUR_ORDER, COLOUR_FAINT, COLOUR_COUNT };

/* A row of the output that is built cell by cell. */
struct text_row {
	FILE *out;
	struct explain_style style;
	uint8_t cells[ROW_COLUMNS]; /* 0: empty */
	uint8_t colour[ROW_COLUMNS];
};

void row_set_glyph(struct text_row *row, unsigned int x, enum glyph glyph, enum colour colour);

/* Writes ASCII text at column @x, and cuts what does not fit. Return: the column after it. */
unsigned int row_set_text(struct text_row *row, unsigned int x, const char *text, enum colour colour);

/* Prints the row without its trailing spaces, and clears it. */
void row_print(struct text_row *row);

/*
 * The words of @text, as many a line as fit, the first line from @first on and the others
 * from @rest.
 */
void row_print_words(struct text_row *row, unsigned int first, unsigned int rest, enum colour colour,
		 const char *text, ...) __attribute__((format(printf, 5, 6)));

/* How much of @text fits into @room columns without breaking a word. */
size_t row_fit(const char *text, size_t room);

#define CALL_TEXT 192

/* The call without its thread, and with its result if it ran and has one. */
void write_explained_call(const struct program *program, size_t call, const struct step *step,
		    char text[CALL_TEXT]);

/* A program, and all that is needed to explain it. */
struct explained {
	struct text_row *row; /* where it is printed */
	const struct program *program;
	const struct rules *rules;
	const struct trace *trace;
	const struct verdict *verdict;
	struct happens_before happens;
	struct causes causes; /* of the fatal rule */
	size_t blocked_count; /* in a deadlock */
	struct blocked blocked[PROGRAM_THREADS];
	uint8_t colour[PROGRAM_CALLS]; /* of each call: wrong, or the cause of it */
	size_t disagreement_count;
	const struct explain_disagreement *disagreements;
};

/* Draws the calls in the order in which they ran. */
void explain_drawing(const struct explained *e);

/* The call whose line @disagreement names first; PROGRAM_CALLS: none. */
size_t disagreeing_call(const struct explained *e, const struct explain_disagreement *disagreement);

/* Prints what is wrong, in words. */
void explain_text(const struct explained *e);

#endif
