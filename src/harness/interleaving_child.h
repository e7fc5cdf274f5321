/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs a search of interleavings (interleaving_search.h) in a child process, which a failure may end. */
#pragma once

#include "harness/interleaving_search.h"

/*
 * Runs the search. If the child process died, the verdict is SEARCH_FOUND with the line of its report; if it
 * reached the time limit, SEARCH_REFUSED.
 * Return: the result, which the next call overwrites; NULL if the system refuses a child process or memory.
 */
const struct interleaving_search_result *interleaving_search_run_in_child(
	const struct interleaving_request *request, unsigned int timeout_seconds);

/* Return: the strategy with the name of INTERLEAVING_STRATEGIES; NULL if there is none, or @name is NULL. */
const struct strategy *interleaving_find_strategy(const char *name);
#define INTERLEAVING_STRATEGIES "dpor, bounded, pct, random"
