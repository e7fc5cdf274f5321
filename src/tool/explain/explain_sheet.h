/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the parts of explain share; nobody else includes this. */
#ifndef TOOL_EXPLAIN_SHEET_H
#define TOOL_EXPLAIN_SHEET_H

#include <stdint.h>

#include "harness/model/cause.h"
#include "harness/model/happens_before.h"
#include "tool/explain/explain.h"

#define SHEET_COLUMNS 100

/* Cells that are no ASCII: what stands for them is in explain_sheet.c. */
enum glyph {
	GLYPH_LANE = 0x80,
	GLYPH_LINE,
	GLYPH_CALL,
	GLYPH_SKIPPED,
	GLYPH_ENDED,
	GLYPH_RIGHT, /* arrow heads */
	GLYPH_LEFT,
	GLYPH_FORK_RIGHT, /* a lane from which a line goes right */
	GLYPH_FORK_LEFT,
	GLYPH_FORK_BOTH,
	GLYPH_DOWN, /* a line from which a lane goes down, and the last one on either side */
	GLYPH_DOWN_LAST,
	GLYPH_UP,
	GLYPH_UP_LAST,
	GLYPH_BYTES,
	GLYPH_COMMON_BYTES,
	GLYPH_END
};

enum ink { INK_PLAIN, INK_GUILTY, INK_CAUSE, INK_ORDER, INK_FAINT, INK_COUNT };

struct sheet {
	FILE *out;
	struct explain_style style;
	uint8_t cells[SHEET_COLUMNS]; /* of the line that is being made; 0: blank */
	uint8_t ink[SHEET_COLUMNS];
};

void sheet_glyph(struct sheet *sheet, unsigned int x, enum glyph glyph, enum ink ink);

/* Text that is ASCII, from @x on; what does not fit is cut. Return: the column behind it. */
unsigned int sheet_text(struct sheet *sheet, unsigned int x, const char *text, enum ink ink);

/* Prints the line without its trailing blanks, and begins another. */
void sheet_end(struct sheet *sheet);

/*
 * The words of @text, as many a line as fit, the first line from @first on and the others
 * from @rest.
 */
void sheet_words(struct sheet *sheet, unsigned int first, unsigned int rest, enum ink ink,
		 const char *text, ...) __attribute__((format(printf, 5, 6)));

/* How much of @text, from its first character on, fits into @room without breaking a word. */
size_t sheet_fit(const char *text, size_t room);

/* Bytes that the name of a thread, and a call as explain shows it, need. */
#define THREAD_TEXT 8
#define CALL_TEXT   192

const char *thread_text(uint8_t thread, char text[THREAD_TEXT]);

/* The call without its thread, and with its result if it ran and has one. */
void explained_call(const struct program *program, size_t call, const struct step *step,
		    char text[CALL_TEXT]);

/* All that explain knows of a program. */
struct explained {
	const struct program *program;
	const struct rules *rules;
	const struct trace *trace;
	const struct verdict *verdict;
	struct happens_before happens;
	struct causes causes; /* of the fatal rule */
	size_t blocked_count; /* in a deadlock */
	struct blocked blocked[PROGRAM_THREADS];
	uint8_t ink[PROGRAM_CALLS]; /* of each call: guilty, or the cause of it */
	size_t disagreement_count;
	const struct explain_disagreement *disagreements;
};

/* Draws the calls in the order in which they ran. */
void explain_lanes(struct sheet *sheet, const struct explained *e);

/* The call whose line @disagreement names first; PROGRAM_CALLS if there is none. */
size_t explained_disagreeing_call(const struct explained *e,
				  const struct explain_disagreement *disagreement);

/* Says what is wrong. */
void explain_words(struct sheet *sheet, const struct explained *e);

#endif
