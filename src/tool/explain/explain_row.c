/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explain/explain_row.h"

#include <stdarg.h>
#include <string.h>

#include "harness/program/program_text.h"

static const struct {
	const char *utf8;
	char ascii;
} glyphs[GLYPH_END] = {
#define GLYPH(name, utf8, ascii) [GLYPH_##name] = { utf8, ascii },
	GLYPHS(GLYPH)
#undef GLYPH
};

static const char *const escapes[COLOUR_COUNT] = { "", "\033[1;31m", "\033[33m", "\033[36m", "\033[2m" };

void row_set_glyph(struct text_row *row, unsigned int x, enum glyph glyph, enum colour colour)
{
	if (x >= ROW_COLUMNS)
		return;
	row->cells[x] = (uint8_t)glyph;
	row->colour[x] = (uint8_t)colour;
}

unsigned int row_set_text(struct text_row *row, unsigned int x, const char *text, enum colour colour)
{
	for (; *text && x < ROW_COLUMNS; x++, text++) {
		unsigned char c = (unsigned char)*text;

		row->cells[x] = c < ' ' || c >= 0x7f ? '?' : c;
		row->colour[x] = (uint8_t)colour;
	}
	return x;
}

static void print_character(const struct text_row *row, uint8_t cell)
{
	if (cell <= GLYPH_BEFORE_FIRST)
		putc(cell ? cell : ' ', row->out);
	else if (row->style.utf8)
		fputs(glyphs[cell].utf8, row->out);
	else
		putc(glyphs[cell].ascii, row->out);
}

void row_print(struct text_row *row)
{
	unsigned int end = ROW_COLUMNS, colour = COLOUR_PLAIN;

	while (end && (!row->cells[end - 1] || row->cells[end - 1] == ' '))
		end--;
	for (unsigned int x = 0; x < end; x++) {
		unsigned int wanted = row->cells[x] ? row->colour[x] : COLOUR_PLAIN;

		if (row->style.colour && wanted != colour)
			fprintf(row->out, "%s%s", colour ? "\033[m" : "", escapes[wanted]);
		colour = wanted;
		print_character(row, row->cells[x]);
	}
	fputs(row->style.colour && colour ? "\033[m\n" : "\n", row->out);
	memset(row->cells, 0, sizeof(row->cells));
	memset(row->colour, 0, sizeof(row->colour));
}

size_t row_fit(const char *text, size_t room)
{
	size_t fit = strlen(text);

	if (fit <= room)
		return fit;
	for (fit = room; fit && text[fit] != ' '; fit--)
		;
	return fit ? fit : room;
}

void row_print_words(struct text_row *row, unsigned int first, unsigned int rest, enum colour colour,
		 const char *text, ...)
{
	static char words[8 * PROGRAM_CALLS + 64]; /* the numbers of all lines */
	const char *at = words;
	va_list args;

	va_start(args, text);
	vsnprintf(words, sizeof(words), text, args);
	va_end(args);
	for (unsigned int x = first; *at; x = rest) {
		size_t fit = row_fit(at, ROW_COLUMNS - x);
		char line[ROW_COLUMNS + 1];

		snprintf(line, sizeof(line), "%.*s", (int)fit, at);
		row_set_text(row, x, line, colour);
		row_print(row);
		at += fit;
		at += strspn(at, " ");
	}
}

void write_explained_call(const struct program *program, size_t call, const struct step *step,
		    char text[CALL_TEXT])
{
	struct call shown = program->calls[call];
	char whole[TEXT_CALL_MAX];

	shown.expected_result = step && !step->skipped ? step->result : RESULT_NONE;
	call_to_text(&shown, whole);
	snprintf(text, CALL_TEXT, "%s", strchr(whole, ':') + 2);
}
