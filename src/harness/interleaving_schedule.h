/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The schedule of an execution (deviations.h), which replays it. */
#pragma once

#include "harness/interleaving_search.h"

/*
 * Gets the start state and the deviations of the last execution of the search from the default.
 * Return: false if there are too many deviations.
 */
bool interleaving_get_schedule(const struct interleaving_search_result *result,
			       struct deviations *deviations);
