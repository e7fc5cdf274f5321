/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The race matrix as page programs: all pairs of accesses, what orders them, and how the page is
 * mapped, from the tables of matrix.def.
 *
 * Whether a cell races follows from the tables alone (matrix_cell_races()), and independently from
 * its program by the rule model. Tests compare the two results.
 *
 * A cell is a number, 0 .. MATRIX_CELLS - 1. Cells that differ only in the mapping are neighbours.
 */
#ifndef DEV_RACE_MATRIX_H
#define DEV_RACE_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

#define KIND(name, ...) MATRIX_##name,
enum matrix_access_kind {
#include "dev/race/matrix.def"
	MATRIX_KINDS
};
#undef KIND

#define RELATION(name) MATRIX_##name,
enum matrix_relation {
#include "dev/race/matrix.def"
	MATRIX_RELATIONS
};
#undef RELATION

#define ORDER(name, ...) MATRIX_ORDER_##name,
enum matrix_order {
#include "dev/race/matrix.def"
	MATRIX_ORDERS
};
#undef ORDER

#define MAPPING(name, backend) MATRIX_##name,
enum matrix_mapping {
#include "dev/race/matrix.def"
	MATRIX_MAPPINGS
};
#undef MAPPING

#define LEAVE_OUT(name, reason) MATRIX_##name,
enum matrix_reason {
#include "dev/race/matrix.def"
	MATRIX_REASONS,
	MATRIX_IS_CELL = MATRIX_REASONS /* the combination is a cell */
};
#undef LEAVE_OUT

#define MATRIX_CELLS                                                                   \
	((size_t)MATRIX_KINDS * MATRIX_KINDS * MATRIX_RELATIONS * MATRIX_ORDERS *      \
	 MATRIX_MAPPINGS)

struct matrix_range {
	unsigned int off, len;
};

struct matrix_cell {
	enum matrix_access_kind kind[2]; /* of the first and the second access */
	enum matrix_relation relation;
	enum matrix_order order;
	enum matrix_mapping mapping;
	enum matrix_reason left_out; /* MATRIX_IS_CELL: the combination is a cell */
	struct matrix_range range[2]; /* valid for a cell */
};

struct matrix_kind_info {
	const char *name;
	bool writes, atomic;
	bool is_through_mapping; /* accesses the page at the address of a mapping */
	bool is_whole_page;  /* always accesses the whole page */
};

extern const struct matrix_kind_info matrix_kinds[MATRIX_KINDS];
extern const char *const matrix_relations[MATRIX_RELATIONS];
extern const char *const matrix_orders[MATRIX_ORDERS];
extern const char *const matrix_mappings[MATRIX_MAPPINGS];
extern const char *const matrix_backends[MATRIX_MAPPINGS];

/* Why combinations are left out: a name and a sentence. */
extern const struct matrix_reason_info {
	const char *name, *text;
} matrix_reasons[MATRIX_REASONS];

struct matrix_cell matrix_cell(size_t number);

/* "first/second/relation/order/mapping" */
#define MATRIX_NAME 96
void matrix_format_name(const struct matrix_cell *cell, char name[MATRIX_NAME]);

/*
 * Does the cell's name match @pattern? Each part of @pattern is a shell pattern, and trailing parts
 * may be missing. "" matches all cells.
 */
bool matrix_cell_matches(const struct matrix_cell *cell, const char *pattern);

/* Return: whether the two ranges share a byte. */
bool matrix_accesses_overlap(const struct matrix_cell *cell);

/* Return: whether the cell races according to the tables. */
bool matrix_cell_races(const struct matrix_cell *cell);

/*
 * Makes the cell's program, which is the same for all mappings.
 * @access: gets the indices of the two accesses, unless it is NULL
 */
void matrix_make_program(const struct matrix_cell *cell, struct program *program, size_t access[2]);

struct rules;

/*
 * Compares the tables with the model, which evaluated the cell's program.
 * Return: true if both have the same race on the same bytes, or both have none, and no other rule
 * is broken.
 */
bool matrix_agrees_with_model(const struct matrix_cell *cell, const size_t access[2],
			      const struct rules *rules);

#endif
