/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "harness/program/program.h"
#include "tool/util/json.h"

/*
 * Runs the schedule of a program in the flavour tsan, and writes what happened as the member `schedule_run`
 * of a JSON object, for the scripts of `explain` and `to-c`:
 *
 *   `verdict`          "failed", "clean", or "not run"
 *   `text`             What failed, or why the schedule was not run: for example, it does not fit.
 *   `has_one_outcome`  Whether results, bytes and pages are the same in every order of the calls.
 *   `switches`         The switches of threads, as in `explore --library --json` (doc/explore.md).
 *
 * The member is null if the program has no schedule.
 */
void run_schedule_and_write_facts(struct json *out, const struct program *program,
				  unsigned int timeout_seconds);
