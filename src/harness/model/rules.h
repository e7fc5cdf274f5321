/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The rule model: what a program does, and which rules it breaks, by the book.
 *
 * It never includes page.h and runs nothing: it must not learn from the library that
 * it judges.
 */
#ifndef HARNESS_RULES_H
#define HARNESS_RULES_H

#include "harness/model/shadow.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* No call broke a fatal rule. */
#define VERDICT_NONE SIZE_MAX

/* A load used bytes [from, to) of which some are uninitialised. */
struct uninit {
	uint16_t call;
	uint8_t page;
	uint16_t from, to;
};

struct verdict {
	rule_set broken;
	size_t fatal_call; /* VERDICT_NONE, or the call; for deadlock the first one left */
	enum rule fatal_rule;
	/*
	 * Of a fatal kunmap_local: which other live mappings of the same page could be
	 * taken for the one that was named, by who sees pages only.
	 */
	bool newest_is_same_page, own_is_same_page, any_is_same_page;
	size_t uninit_count;
	struct uninit uninits[PROGRAM_CALLS];
};

/* A model to judge programs with, one at a time, any number of them. */
struct rules;

/* Return: NULL without memory. */
struct rules *rules_new(void);
void rules_delete(struct rules *rules);

/* Judges @program. What the accessors below return is good until the next judging. */
void rules_evaluate(struct rules *rules, const struct program *program);

const struct verdict *rules_verdict(const struct rules *rules);

/*
 * Judges @program as if each call that breaks a fatal rule were not there, and sets its
 * place in @fatal, of as many as there are calls. A program that breaks no rule is judged
 * as by rules_evaluate(); of another the pages at the end are not in the trace.
 */
void rules_find_fatal_calls(struct rules *rules, const struct program *program, bool *fatal);

/* The trace that an execution must match; a fatal call is not in it. */
const struct trace *rules_trace(const struct rules *rules);

/* All accesses in the order of running, and the races among them. */
const struct shadow *rules_shadow(const struct rules *rules);

#endif
