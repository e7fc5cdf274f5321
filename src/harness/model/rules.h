/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The rule model: computes what a program does and which rules it breaks.
 *
 * The rule model never includes page.h and never calls the library, so that its results cannot depend on the
 * library.
 */
#pragma once

#include <limits.h>

#include "harness/model/access_log.h"
#include "harness/program/program.h"
#include "harness/program/trace.h"

/* No call broke a fatal rule. */
#define VERDICT_NONE SIZE_MAX

/* A load of uninitialised bytes: `from` is the first of these bytes, `to` - 1 the last. */
struct uninit_use {
	uint16_t call; /* index of the load */
	uint8_t page;  /* handle of the page that the load reads */
	uint16_t from, to;
};

struct verdict {
	rule_set broken;
	size_t fatal_call; /* call that breaks a fatal rule, or VERDICT_NONE; deadlock: first call that has
			      not run */
	enum rule fatal_rule;
	/*
	 * If kunmap_local() is the fatal call: which other live mappings of the same page exist. The direct
	 * backend cannot distinguish two mappings of one page.
	 */
	bool newest_maps_same_page, own_thread_maps_same_page, any_thread_maps_same_page;
	size_t uninit_use_count;
	struct uninit_use uninit_uses[PROGRAM_CALLS];
};

/* A rule model, which evaluates any number of programs, one after the other. */
struct rules;

/* Return: NULL if there is no memory. */
struct rules *rules_new(void);
void rules_delete(struct rules *rules);

/*
 * Allows a copy from user memory to copy fewer bytes than can be read, if the copy meets a fault (R9). The
 * trace then marks the bytes that may be zero after such a short copy. Default: not allowed.
 */
void rules_allow_short_user_copies(struct rules *rules, bool is_allowed);

/*
 * From now on only @count pages can be live at a time, and alloc_page() fails with ENOMEM if there are more.
 * After @count allocations, the page library may keep freed pages in a quarantine, or allocate them again:
 * the i-th alloc_page() for which both are possible fails if bit i of @failing is set.
 */
#define RULES_UNLIMITED_PAGES UINT_MAX
void rules_limit_pages(struct rules *rules, unsigned int count, uint64_t failing);

/* Return: the number of alloc_page() calls of the last evaluation for which both were possible. */
unsigned int rules_count_undecided_allocations(const struct rules *rules);

/*
 * Evaluates @program up to its first fatal call. The results of rules_verdict(), rules_trace() and
 * rules_access_log() are valid until the next evaluation.
 */
void rules_evaluate(struct rules *rules, const struct program *program);

const struct verdict *rules_verdict(const struct rules *rules);

/*
 * Evaluates all of @program: a call that breaks a fatal rule counts as absent, and the evaluation continues.
 * Sets @fatal_calls[i] to true for each call i that breaks a fatal rule. If the program breaks a rule, the
 * trace does not contain the program's final pages. If @fatal_calls is NULL, the first fatal call ends the
 * evaluation, as in rules_evaluate().
 */
void rules_evaluate_past_fatal_calls(struct rules *rules, const struct program *program,
				     bool fatal_calls[PROGRAM_CALLS]);

/* Return: the trace that an execution must match; it does not contain a fatal call. */
const struct trace *rules_trace(const struct rules *rules);

/* Return: all accesses in the order in which they ran, and the races among them. */
const struct access_log *rules_access_log(const struct rules *rules);
