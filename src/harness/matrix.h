/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The race matrix: all pairs of accesses x where x what orders them x how the page is
 * mapped, as page programs made from the tables of matrix.def.
 *
 * What a cell is expected to be follows from the tables alone (matrix_races()), and from
 * its program by the rule model: two opinions, which tests hold against each other.
 *
 * Cells are numbers, 0 .. MATRIX_CELLS - 1; mappings lie beside each other.
 */
#ifndef HARNESS_MATRIX_H
#define HARNESS_MATRIX_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program.h"

#define KIND(name, ...) MATRIX_##name,
enum matrix_kind {
#include "harness/matrix.def"
	MATRIX_KINDS
};
#undef KIND

#define RELATION(name) MATRIX_##name,
enum matrix_relation {
#include "harness/matrix.def"
	MATRIX_RELATIONS
};
#undef RELATION

#define ORDER(name, ...) MATRIX_ORDER_##name,
enum matrix_order {
#include "harness/matrix.def"
	MATRIX_ORDERS
};
#undef ORDER

#define MAPPING(name, backend) MATRIX_##name,
enum matrix_mapping {
#include "harness/matrix.def"
	MATRIX_MAPPINGS
};
#undef MAPPING

#define LEAVE_OUT(name, reason) MATRIX_##name,
enum matrix_reason {
#include "harness/matrix.def"
	MATRIX_REASONS,
	MATRIX_IS_CELL = MATRIX_REASONS /* it is not left out */
};
#undef LEAVE_OUT

#define MATRIX_CELLS                                                                   \
	((size_t)MATRIX_KINDS * MATRIX_KINDS * MATRIX_RELATIONS * MATRIX_ORDERS *      \
	 MATRIX_MAPPINGS)

struct matrix_range {
	unsigned int off, len;
};

struct matrix_cell {
	enum matrix_kind kind[2]; /* first and second, in the order of the program */
	enum matrix_relation relation;
	enum matrix_order order;
	enum matrix_mapping mapping;
	enum matrix_reason left_out; /* MATRIX_IS_CELL: it can be expressed */
	struct matrix_range range[2]; /* if it can */
};

struct matrix_kind_info {
	const char *name;
	bool writes, atomic;
	bool mapped; /* through a mapping's address, not the page's own */
	bool whole;  /* always the whole page */
};

extern const struct matrix_kind_info matrix_kinds[MATRIX_KINDS];
extern const char *const matrix_relations[MATRIX_RELATIONS];
extern const char *const matrix_orders[MATRIX_ORDERS];
extern const char *const matrix_mappings[MATRIX_MAPPINGS];
extern const char *const matrix_backends[MATRIX_MAPPINGS];

/* Why combinations are left out: a name, and a sentence. */
extern const struct matrix_reason_info {
	const char *name, *text;
} matrix_reasons[MATRIX_REASONS];

struct matrix_cell matrix_cell(size_t number);

/* "first/second/relation/order/mapping" */
#define MATRIX_NAME 96
void matrix_name(const struct matrix_cell *cell, char name[MATRIX_NAME]);

/*
 * Does the cell match @pattern, a name of which parts are patterns of the shell and the
 * last ones may be missing? "" matches all.
 */
bool matrix_matches(const struct matrix_cell *cell, const char *pattern);

/* Could some cell match? Each part of @pattern must fit some line of its table. */
bool matrix_pattern_valid(const char *pattern);

/* Do the two ranges have a byte in common? */
bool matrix_overlap(const struct matrix_cell *cell);

/* Does the cell race? From the tables, not from the program. */
bool matrix_races(const struct matrix_cell *cell);

/*
 * The cell's program; the same for all mappings.
 * @access: gets which two calls the accesses are, if it is not NULL
 */
void matrix_program(const struct matrix_cell *cell, struct program *program, size_t access[2]);

struct rules;

/*
 * Does the model, which judged the cell's program, say the same as the tables: this one
 * race on these bytes, or none, and no other rule broken?
 */
bool matrix_agrees_with_model(const struct matrix_cell *cell, const size_t access[2],
			      const struct rules *rules);

#endif
