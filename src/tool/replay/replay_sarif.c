/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Failures of a replay for code hosts: at the line of the library that a report names, else
 * at the line of the input that the reason names.
 */
#include <ctype.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"
#include "tool/util/flavours.h"
#include "tool/replay/replay.h"
#include "tool/sarif/sarif.h"
#include "tool/flavour_runner/symbols.h"

struct told {
	struct sarif *sarif;
	const struct replay_options *options;
	const struct replay_list *list;
	const struct replay_column *column;
};

/* ---- where ---- */

/* Offsets of this flavour's binary, where the report has no functions. */
static void look_up(const char *flavour, struct report_site *site)
{
	char binary[PATH_MAX], stack[SYMBOLS_STACK] = "";
	struct report_frame frame;

	if (report_innermost(site) || !flavour_find(flavour, binary, sizeof(binary)))
		return;
	for (size_t i = 0; i < site->count; i++)
		if (strstr(site->frames[i].module, "pagetorture"))
			symbols_push(stack, site->frames[i].offset);
	if (symbols_innermost(binary, stack, &frame)) {
		site->frames[0] = frame;
		site->count = 1;
	}
}

/* Return: how many places of the library a report in @output names. */
static size_t report_places(const struct told *told, const char *output,
			    struct sarif_place places[REPORT_SITES])
{
	struct report report;
	size_t count = 0;

	if (!output || !report_read(output, &report))
		return 0;
	for (size_t i = 0; i < report.site_count; i++) {
		const struct report_frame *frame;

		look_up(told->column->flavour, &report.sites[i]);
		frame = report_innermost(&report.sites[i]);
		if (frame && sarif_frame(told->sarif, frame, &places[count]))
			count++;
	}
	return count;
}

/* The next "line N" of a reason, which @why is moved behind; 0 if there is none. */
static unsigned int next_line(const char **why)
{
	static const char word[] = "line ";
	const char *at = *why;

	while (at && (at = strstr(at, word))) {
		at += strlen(word);
		if (!isdigit((unsigned char)*at))
			continue;
		*why = at;
		return (unsigned int)strtoul(at, NULL, 10);
	}
	*why = "";
	return 0;
}

static void take_places(const struct told *told, const struct replay_row *row, const char *name,
			struct sarif_result *result)
{
	struct sarif_place places[REPORT_SITES], place;
	size_t count = report_places(told, row->output, places);
	/* Byte strings have no lines: the numbers in their reasons are records. */
	const char *why = row->why && !program_name_is_bytes(name) ? row->why : "";
	unsigned int line = next_line(&why);

	sarif_file(told->sarif, name, line, &result->place);
	if (count) {
		place = result->place;
		result->place = places[0];
		if (count > 1)
			sarif_relate(result, &places[1], "the other access");
		sarif_relate(result, &place, "the input");
	}
	while ((line = next_line(&why))) {
		sarif_file(told->sarif, name, line, &place);
		sarif_relate(result, &place, "in the input");
	}
}

/* ---- what ---- */

/* Numbers tell no two failures apart. */
static void copy_reason(char to[REPLAY_WHY], const struct replay_row *row)
{
	const char *why = row->why ? row->why : "";
	size_t used = 0;

	for (; *why && used < REPLAY_WHY - 1; why++)
		if (!isdigit((unsigned char)*why))
			to[used++] = *why;
	to[used] = '\0';
}

#define IDENTITY (SARIF_URI + REPLAY_WHY + 64)

static void identify(const struct told *told, const struct replay_row *row, const char *name,
		     char identity[IDENTITY])
{
	struct sarif_place place;
	char reason[REPLAY_WHY];

	sarif_file(told->sarif, name, 0, &place);
	copy_reason(reason, row);
	snprintf(identity, IDENTITY, "replay %s %s %s", replay_kinds[row->kind].name, place.uri,
		 reason);
}

static void tell(const struct told *told, uint32_t input)
{
	const struct replay_row *row = &told->column->rows[input];
	const char *name = replay_name(told->list, input), *why = row->why ? row->why : "";
	static char identity[IDENTITY];
	struct sarif_result result = { .rule = replay_kinds[row->kind].name,
				       .fingerprint = identity };
	char *message = NULL;

	take_places(told, row, name, &result);
	identify(told, row, name, identity);
	if (asprintf(&message, "%s, %s: %s%s%s. Replay: %s", name, told->column->flavour,
		     replay_kinds[row->kind].meaning, *why ? ": " : "", why,
		     replay_command(told->options, told->list, told->column, input)) < 0)
		return;
	result.message = message;
	sarif_add(told->sarif, &result);
	free(message);
}

/* What fails alike in several flavours is one failure for a host. */
static bool is_told(const struct replay_column *columns, unsigned int column, uint32_t input)
{
	const struct replay_row *row = &columns[column].rows[input];
	char reason[REPLAY_WHY], other[REPLAY_WHY];

	copy_reason(reason, row);
	for (unsigned int c = 0; c < column; c++) {
		copy_reason(other, &columns[c].rows[input]);
		if (columns[c].rows[input].kind == row->kind && !strcmp(other, reason))
			return true;
	}
	return false;
}

/* What orders left behind is nobody's alone; a host wants a place all the same. */
static void tell_flat(const struct told *told)
{
	char message[REPLAY_WHY + 160], identity[80];
	struct sarif_result result = { .rule = replay_kinds[REPLAY_state].name,
				       .message = message,
				       .fingerprint = identity };

	snprintf(identity, sizeof(identity), "replay orders %s", told->column->flavour);
	snprintf(message, sizeof(message),
		 "%s: %s. Replay: pagetorture replay --orders --flavour %s with the same inputs",
		 told->column->flavour, told->column->flat, told->column->flavour);
	sarif_file(told->sarif, replay_name(told->list, 0), 0, &result.place);
	sarif_add(told->sarif, &result);
}

bool replay_sarif(const char *file, const struct replay_options *options,
		  const struct replay_list *list, const struct replay_column *columns,
		  unsigned int count)
{
	struct told told = { .sarif = sarif_begin("replay"), .options = options, .list = list };

	if (!told.sarif)
		return false;
	for (unsigned int c = 0; c < count; c++) {
		told.column = &columns[c];
		for (uint32_t i = 0; i < list->count; i++)
			if (replay_kinds[columns[c].rows[i].kind].fails && !is_told(columns, c, i))
				tell(&told, i);
		if (*columns[c].flat)
			tell_flat(&told);
	}
	return sarif_end(told.sarif, file);
}
