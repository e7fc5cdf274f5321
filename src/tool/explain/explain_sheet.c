/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explain/explain_sheet.h"

#include <stdarg.h>
#include <string.h>

#include "harness/program/program_text.h"

static const struct {
	const char *utf8;
	char ascii;
} glyphs[GLYPH_END - GLYPH_LANE] = {
	[GLYPH_LANE - GLYPH_LANE] = { "│", '|' },
	[GLYPH_LINE - GLYPH_LANE] = { "─", '-' },
	[GLYPH_CALL - GLYPH_LANE] = { "●", '*' },
	[GLYPH_SKIPPED - GLYPH_LANE] = { "○", 'o' },
	[GLYPH_ENDED - GLYPH_LANE] = { "✗", 'X' },
	[GLYPH_RIGHT - GLYPH_LANE] = { "▶", '>' },
	[GLYPH_LEFT - GLYPH_LANE] = { "◀", '<' },
	[GLYPH_FORK_RIGHT - GLYPH_LANE] = { "├", '+' },
	[GLYPH_FORK_LEFT - GLYPH_LANE] = { "┤", '+' },
	[GLYPH_FORK_BOTH - GLYPH_LANE] = { "┼", '+' },
	[GLYPH_DOWN - GLYPH_LANE] = { "┬", '+' },
	[GLYPH_DOWN_LAST - GLYPH_LANE] = { "┐", '+' },
	[GLYPH_UP - GLYPH_LANE] = { "┴", '+' },
	[GLYPH_UP_LAST - GLYPH_LANE] = { "┘", '+' },
	[GLYPH_BYTES - GLYPH_LANE] = { "─", '-' },
	[GLYPH_COMMON_BYTES - GLYPH_LANE] = { "█", '#' },
};

static const char *const inks[INK_COUNT] = { "", "\033[1;31m", "\033[33m", "\033[36m", "\033[2m" };

void sheet_glyph(struct sheet *sheet, unsigned int x, enum glyph glyph, enum ink ink)
{
	if (x >= SHEET_COLUMNS)
		return;
	sheet->cells[x] = (uint8_t)glyph;
	sheet->ink[x] = (uint8_t)ink;
}

unsigned int sheet_text(struct sheet *sheet, unsigned int x, const char *text, enum ink ink)
{
	for (; *text && x < SHEET_COLUMNS; x++, text++) {
		unsigned char c = (unsigned char)*text;

		sheet->cells[x] = c < ' ' || c >= 0x7f ? '?' : c;
		sheet->ink[x] = (uint8_t)ink;
	}
	return x;
}

static void print_cell(const struct sheet *sheet, uint8_t cell)
{
	if (cell < GLYPH_LANE)
		putc(cell ? cell : ' ', sheet->out);
	else if (sheet->style.utf8)
		fputs(glyphs[cell - GLYPH_LANE].utf8, sheet->out);
	else
		putc(glyphs[cell - GLYPH_LANE].ascii, sheet->out);
}

void sheet_end(struct sheet *sheet)
{
	unsigned int end = SHEET_COLUMNS, ink = INK_PLAIN;

	while (end && (!sheet->cells[end - 1] || sheet->cells[end - 1] == ' '))
		end--;
	for (unsigned int x = 0; x < end; x++) {
		unsigned int wanted = sheet->cells[x] ? sheet->ink[x] : INK_PLAIN;

		if (sheet->style.colour && wanted != ink)
			fprintf(sheet->out, "%s%s", ink ? "\033[m" : "", inks[wanted]);
		ink = wanted;
		print_cell(sheet, sheet->cells[x]);
	}
	fputs(sheet->style.colour && ink ? "\033[m\n" : "\n", sheet->out);
	memset(sheet->cells, 0, sizeof(sheet->cells));
	memset(sheet->ink, 0, sizeof(sheet->ink));
}

size_t sheet_fit(const char *text, size_t room)
{
	size_t fit = strlen(text);

	if (fit <= room)
		return fit;
	for (fit = room; fit && text[fit] != ' '; fit--)
		;
	return fit ? fit : room;
}

void sheet_words(struct sheet *sheet, unsigned int first, unsigned int rest, enum ink ink,
		 const char *text, ...)
{
	static char words[8 * PROGRAM_CALLS + 64]; /* the numbers of all lines */
	const char *at = words;
	va_list args;

	va_start(args, text);
	vsnprintf(words, sizeof(words), text, args);
	va_end(args);
	for (unsigned int x = first; *at; x = rest) {
		size_t fit = sheet_fit(at, SHEET_COLUMNS - x);
		char line[SHEET_COLUMNS + 1];

		snprintf(line, sizeof(line), "%.*s", (int)fit, at);
		sheet_text(sheet, x, line, ink);
		sheet_end(sheet);
		at += fit;
		at += strspn(at, " ");
	}
}

const char *thread_text(uint8_t thread, char text[THREAD_TEXT])
{
	if (thread == THREAD_MAIN)
		strcpy(text, "main");
	else
		snprintf(text, THREAD_TEXT, "T%u", thread - 1u);
	return text;
}

void explained_call(const struct program *program, size_t call, const struct step *step,
		    char text[CALL_TEXT])
{
	struct call shown = program->calls[call];
	char whole[TEXT_CALL_MAX];

	shown.expected_result = step && !step->skipped ? step->result : RESULT_NONE;
	call_to_text(&shown, whole);
	snprintf(text, CALL_TEXT, "%s", strchr(whole, ':') + 2);
}
