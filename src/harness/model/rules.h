/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The rule model: computes what a program does and which rules it breaks.
 *
 * It never includes page.h and runs nothing, so that it cannot learn from the library that it
 * is compared with.
 */
#ifndef HARNESS_RULES_H
#define HARNESS_RULES_H

#include "harness/model/shadow.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* No call broke a fatal rule. */
#define VERDICT_NONE SIZE_MAX

/* A load of the bytes [from, to); at least one of these bytes is uninitialised. */
struct uninit_use {
	uint16_t call;
	uint8_t page;
	uint16_t from, to;
};

struct verdict {
	rule_set broken;
	size_t fatal_call; /* VERDICT_NONE, or the call; for a deadlock the first call that is left */
	enum rule fatal_rule;
	/*
	 * Of a fatal kunmap_local: the other live mappings of the same page with which a library
	 * that knows only pages can confuse the mapping.
	 */
	bool newest_maps_same_page, own_thread_maps_same_page, any_thread_maps_same_page;
	size_t uninit_count;
	struct uninit_use uninits[PROGRAM_CALLS];
};

/* A rule model. It evaluates any number of programs, one after the other. */
struct rules;

/* Return: NULL without memory. */
struct rules *rules_new(void);
void rules_delete(struct rules *rules);

/* Evaluates @program. The results of the functions below are valid until the next evaluation. */
void rules_evaluate(struct rules *rules, const struct program *program);

const struct verdict *rules_verdict(const struct rules *rules);

/*
 * Evaluates @program as if each call that breaks a fatal rule were absent, and sets that call's
 * entry in @fatal, which has one entry for each call. If there was such a call, the
 * trace does not contain the pages at the end.
 */
void rules_find_fatal_calls(struct rules *rules, const struct program *program, bool *fatal);

/* Return: the trace that an execution must match; it does not contain a fatal call. */
const struct trace *rules_trace(const struct rules *rules);

/* Return: all accesses in the order in which they ran, and the races among them. */
const struct shadow *rules_shadow(const struct rules *rules);

#endif
