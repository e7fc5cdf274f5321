/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/race/matrix.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/rules.h"
#include "harness/program/program_text.h"

#define PAGE 4096u

/* The ranges that a kind of access can have: one of the first three values. */
enum span_set {
	BYTES = 1,
	WORD = 2,
	WHOLE = 4,
	BITS = BYTES | WORD,
	NOT_WORD = BYTES | WHOLE,
	ANY = BYTES | WORD | WHOLE,
};

/* ---- the tables ---- */

static const struct lines {
	enum span_set span_set;
	const char *setup, *before, *call, *after;
} kind_lines[MATRIX_KINDS] = {
#define KIND(name, span_set, writes, atomic, setup, before, call, after) \
	{ span_set, setup, before, call, after },
#include "dev/race/matrix.def"
#undef KIND
};

const struct matrix_kind_info matrix_kinds[MATRIX_KINDS] = {
#define KIND(name, span_set, writes, atomic, setup, before, call, after) \
	{ #name, writes, atomic, sizeof(before) > 1, (span_set) == WHOLE },
#include "dev/race/matrix.def"
#undef KIND
};

const char *const matrix_relations[MATRIX_RELATIONS] = {
#define RELATION(name) #name,
#include "dev/race/matrix.def"
#undef RELATION
};

static const struct order {
	bool orders;
	unsigned int owners;
	const char *lines;
} orders[MATRIX_ORDERS] = {
#define ORDER(name, orders, owners, lines) { orders, owners, lines },
#include "dev/race/matrix.def"
#undef ORDER
};

const char *const matrix_orders[MATRIX_ORDERS] = {
#define ORDER(name, ...) #name,
#include "dev/race/matrix.def"
#undef ORDER
};

const char *const matrix_mappings[MATRIX_MAPPINGS] = {
#define MAPPING(name, backend) #name,
#include "dev/race/matrix.def"
#undef MAPPING
};

const char *const matrix_backends[MATRIX_MAPPINGS] = {
#define MAPPING(name, backend) backend,
#include "dev/race/matrix.def"
#undef MAPPING
};

const struct matrix_reason_info matrix_reasons[MATRIX_REASONS] = {
#define LEAVE_OUT(name, reason) { #name, reason },
#include "dev/race/matrix.def"
#undef LEAVE_OUT
};

static const struct ranges {
	enum matrix_relation relation;
	enum span_set first, second;
	enum matrix_reason reason;
	struct matrix_range range[2];
} range_table[] = {
#define RANGE(relation, first, second, ...) \
	{ MATRIX_##relation, first, second, MATRIX_IS_CELL, RANGE_PAIR(__VA_ARGS__) },
#define RANGE_PAIR(off_a, len_a, off_b, len_b) { { off_a, len_a }, { off_b, len_b } }
#define NO_RANGE(relation, first, second, reason) \
	{ MATRIX_##relation, first, second, MATRIX_##reason, { { 0, 0 }, { 0, 0 } } },
#include "dev/race/matrix.def"
#undef RANGE
#undef RANGE_PAIR
#undef NO_RANGE
};

#define RANGES (sizeof(range_table) / sizeof(range_table[0]))

/* ---- cells ---- */

static enum matrix_reason find_ranges(struct matrix_cell *cell)
{
	for (size_t i = 0; i < RANGES; i++) {
		const struct ranges *r = &range_table[i];

		if (r->relation != cell->relation ||
		    !(r->first & kind_lines[cell->kind[0]].span_set) ||
		    !(r->second & kind_lines[cell->kind[1]].span_set))
			continue;
		memcpy(cell->range, r->range, sizeof(cell->range));
		return r->reason;
	}
	abort(); /* The relation has no line for these spans; a test tries all combinations. */
}

struct matrix_cell matrix_cell(size_t number)
{
	struct matrix_cell cell;

	cell.mapping = number % MATRIX_MAPPINGS;
	number /= MATRIX_MAPPINGS;
	cell.order = number % MATRIX_ORDERS;
	number /= MATRIX_ORDERS;
	cell.relation = number % MATRIX_RELATIONS;
	number /= MATRIX_RELATIONS;
	cell.kind[1] = number % MATRIX_KINDS;
	cell.kind[0] = (enum matrix_access_kind)(number / MATRIX_KINDS);
	memset(cell.range, 0, sizeof(cell.range));
	if (cell.kind[1] == MATRIX_alloc_zero)
		cell.left_out = MATRIX_alloc_is_first;
	else if (cell.kind[0] == MATRIX_last_free)
		cell.left_out = MATRIX_free_is_last;
	else
		cell.left_out = find_ranges(&cell);
	return cell;
}

/* ---- names ---- */

#define PARTS 5

static void find_name_parts(const struct matrix_cell *cell, const char *name_parts[PARTS])
{
	name_parts[0] = matrix_kinds[cell->kind[0]].name;
	name_parts[1] = matrix_kinds[cell->kind[1]].name;
	name_parts[2] = matrix_relations[cell->relation];
	name_parts[3] = matrix_orders[cell->order];
	name_parts[4] = matrix_mappings[cell->mapping];
}

void matrix_format_name(const struct matrix_cell *cell, char name[MATRIX_NAME])
{
	const char *name_parts[PARTS];

	find_name_parts(cell, name_parts);
	snprintf(name, MATRIX_NAME, "%s/%s/%s/%s/%s", name_parts[0], name_parts[1], name_parts[2],
		 name_parts[3], name_parts[4]);
}

/* Removes the next part from @pattern. Return: false if none is left. */
static bool split_off_pattern_part(const char **pattern, char pattern_part[MATRIX_NAME])
{
	size_t len = strcspn(*pattern, "/");

	if (!**pattern)
		return false;
	snprintf(pattern_part, MATRIX_NAME, "%.*s", (int)(len < MATRIX_NAME ? len : MATRIX_NAME - 1),
		 *pattern);
	*pattern += len + ((*pattern)[len] == '/');
	return true;
}

bool matrix_cell_matches(const struct matrix_cell *cell, const char *pattern)
{
	const char *name_parts[PARTS];
	char pattern_part[MATRIX_NAME];

	find_name_parts(cell, name_parts);
	for (unsigned int i = 0; i < PARTS && split_off_pattern_part(&pattern, pattern_part); i++)
		if (*pattern_part && fnmatch(pattern_part, name_parts[i], 0))
			return false;
	return !*pattern;
}

/* ---- expectation ---- */

bool matrix_accesses_overlap(const struct matrix_cell *cell)
{
	const struct matrix_range *a = &cell->range[0], *b = &cell->range[1];

	return a->len && b->len && a->off < b->off + b->len && b->off < a->off + a->len;
}

/* The last free is ordered after the drops before it. Other order is in the table. */
bool matrix_cell_races(const struct matrix_cell *cell)
{
	const struct matrix_kind_info *a = &matrix_kinds[cell->kind[0]];
	const struct matrix_kind_info *b = &matrix_kinds[cell->kind[1]];

	return matrix_accesses_overlap(cell) && (a->writes || b->writes) &&
	       !(a->atomic && b->atomic) && !orders[cell->order].orders;
}

/* Returns the bytes that both accesses touch. */
static struct matrix_range find_common_range(const struct matrix_cell *cell)
{
	const struct matrix_range *a = &cell->range[0], *b = &cell->range[1];
	unsigned int from = a->off > b->off ? a->off : b->off;
	unsigned int end_a = a->off + a->len, end_b = b->off + b->len;

	return (struct matrix_range){ from, (end_a < end_b ? end_a : end_b) - from };
}

bool matrix_agrees_with_model(const struct matrix_cell *cell, const size_t access_indices[2],
			      const struct rules *rules)
{
	const struct shadow *shadow = rules_shadow(rules);
	const struct race *race = shadow->races;
	struct matrix_range bytes = find_common_range(cell);

	if (!matrix_cell_races(cell))
		return !rules_verdict(rules)->broken && !shadow->race_count;
	return rules_verdict(rules)->broken == RULE_BIT(RULE_data_race) &&
	       shadow->race_count == 1 && race->first == access_indices[0] &&
	       race->second == access_indices[1] && race->page == 0 && race->from == bytes.off &&
	       race->to == bytes.off + bytes.len;
}

/* ---- programs ---- */

/* The program of a cell while it is written: its text, and the indices of its two accesses. */
struct program_writer {
	const struct matrix_cell *cell;
	size_t *access_indices;
	size_t call_count;
	size_t text_length;
	char text[4096];
};

static void append_text(struct program_writer *m, const char *text, size_t len)
{
	if (len >= sizeof(m->text) - m->text_length)
		abort();
	memcpy(m->text + m->text_length, text, len);
	m->text_length += len;
	m->text[m->text_length] = '\0';
}

static void append_number(struct program_writer *m, unsigned int number)
{
	char text[16];

	append_text(m, text, (size_t)snprintf(text, sizeof(text), "%u", number));
}

/* Returns the value of %letter in a line of access @side. */
static unsigned int find_placeholder_value(const struct program_writer *m, char letter,
					   unsigned int side)
{
	switch (letter) {
	case 'o':
		return m->cell->range[side].off;
	case 'l':
		return m->cell->range[side].len;
	case 's':
		return 0x11 * (side + 1);
	case 'i':
		return side;
	case 'j':
		return side + 1;
	default:
		abort();
	}
}

static void append_line(struct program_writer *m, const char *thread, const char *line, unsigned int side)
{
	append_text(m, thread, strlen(thread));
	append_text(m, ": ", 2);
	for (; *line; line++) {
		if (*line == '%')
			append_number(m, find_placeholder_value(m, *++line, side));
		else
			append_text(m, line, 1);
	}
	append_text(m, "\n", 1);
	m->call_count++;
}

/*
 * Adds references for the owners that drop one. The last free is the second drop itself, which
 * leaves no reference for main.
 */
static void append_owners(struct program_writer *m, const char *thread)
{
	unsigned int owners = orders[m->cell->order].owners;

	if (owners && m->cell->kind[1] == MATRIX_last_free)
		owners--;
	while (owners--)
		append_line(m, thread, "get_page(p0)", 0);
}

/* Main creates what the accesses need, and the page unless the first access allocates it. */
static void append_setup(struct program_writer *m)
{
	if (m->cell->kind[0] != MATRIX_alloc_zero) {
		append_line(m, "main", "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)", 0);
		append_owners(m, "main");
	}
	for (unsigned int side = 0; side < 2; side++) {
		const char *setup = kind_lines[m->cell->kind[side]].setup;

		if (*setup)
			append_line(m, "main", setup, side);
	}
}

static void append_access(struct program_writer *m, const char *thread, unsigned int side)
{
	const struct lines *lines = &kind_lines[m->cell->kind[side]];

	if (*lines->before)
		append_line(m, thread, lines->before, side);
	m->access_indices[side] = m->call_count;
	append_line(m, thread, lines->call, side);
	if (*lines->after)
		append_line(m, thread, lines->after, side);
	if (m->cell->kind[side] == MATRIX_alloc_zero)
		append_owners(m, thread);
}

/* Return: whether the line is the second thread's free_page(), which is the second access already. */
static bool is_drop_the_access(const struct program_writer *m, const char *thread, const char *line)
{
	return m->cell->kind[1] == MATRIX_last_free && !strcmp(thread, "T1") &&
	       !strcmp(line, "free_page(p0)");
}

static void append_order(struct program_writer *m)
{
	const char *at = orders[m->cell->order].lines;

	while (*at) {
		char thread[8] = "", line[64] = "";

		sscanf(at, "%7[^:]: %63[^\n]", thread, line);
		at += strcspn(at, "\n") + 1;
		if (!strcmp(line, "A"))
			append_access(m, thread, 0);
		else if (!strcmp(line, "B"))
			append_access(m, thread, 1);
		else if (!is_drop_the_access(m, thread, line))
			append_line(m, thread, line, 0);
	}
}

void matrix_make_program(const struct matrix_cell *cell, struct program *program, size_t access[2])
{
	size_t ignored_indices[2];
	struct program_writer m = { .cell = cell,
				   .access_indices = access ? access : ignored_indices };
	const char *header = matrix_cell_races(cell) ? "pagetorture 1\nexpect data-race\n" :
						  "pagetorture 1\nexpect clean\n";
	struct text_error error;

	append_text(&m, header, strlen(header));
	append_setup(&m);
	append_order(&m);
	/* The tables are part of the source; a test makes the program of each cell. */
	if (!program_from_text(program, m.text, m.text_length, &error))
		abort();
}
