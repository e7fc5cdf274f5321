/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/*
 * Writes the results of the rule model for a program as members of a JSON object, for the scripts of
 * `explain` and `to-c`. The members are those of `check --json`, and:
 *
 *   `calls`        {line, text} of each call: canonical text without the expected result.
 *   `steps`        {line, skipped, result, expected, bytes, after} of each call that ran, in the order of
 *                  execution. bytes: what the call read, in hex, with ?? for an uninitialised byte.
 *                  after: the lines of other threads that happen directly before the call.
 *   `accesses`     {line, page, write, atomic, from, to} in the order of execution; [] without a race.
 *   `known`        For each race, the last line of the first call's thread that happens before the second
 *                  call; 0: none.
 *   `uninits`      {line, page, from, to, offset, causes} of each use of uninitialised bytes.
 *   `blocked`      {line, by, why} of each blocked call in a deadlock.
 *   `causes`       The lines that explain the fatal call.
 *   `fatal_values` {page, freed_page, offset, length} of the fatal call.
 *   `detected`     {flavour, backend} where the fatal call is detected, the best first.
 *   `foreign`      Whether the fatal call accesses the mapping of another thread.
 *   `pages`        {page, references, bytes} of each live page at the end.
 *   `expect`       The rules in the `expect` line of the program, or else the verdict.
 *   `claim`        The expectation that does not hold, or null.
 *   `contracts`    For the name of each rule, its rule in the page contract.
 */
void write_model_facts_as_members(struct json *out, const struct program *program, const struct rules *rules,
				  const char *file);

/* Writes an object {line, text} of a call; text is the call's canonical text without the expected result. */
void write_call_line_and_text(struct json *out, const struct call *call);
