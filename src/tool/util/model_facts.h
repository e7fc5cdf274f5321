/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/*
 * Writes the results of the rule model for a program as members of a JSON object, for the scripts
 * of `explain` and `to-c`: the members of `check --json`, and
 *
 *   calls      {line, text} of each call, in canonical text without its expected result
 *   steps      {line, skipped, result, expected, bytes, after} of each call that ran, in the order
 * in which they ran: bytes that it read, in hex, ?? for an uninitialised byte; lines of other
 *              threads that the call itself comes after
 *   accesses   {line, page, write, atomic, from, to} in the order in which they ran; [] without a
 * race known      for each race, the last line of the first call's thread that the second call
 * comes after, or 0 uninits    {line, page, from, to, offset, causes} of each use of uninitialised
 * bytes blocked    {line, by, why} in a deadlock causes     lines that explain the fatal call
 *   fatal_values  {page, freed_page, offset, length} of the fatal call
 *   detected   {flavour, backend}, the best first: where the fatal call is detected
 *   foreign    whether the fatal call accesses the mapping of another thread
 *   pages      {page, references, bytes} of each live page at the end
 *   expect     the rules that the program states, or else the verdict
 *   claim      the expectation that does not hold, or null
 *   contracts  the rules of the page contract by the names of rules
 */
void write_model_facts_as_members(struct json *out, const struct program *program, const struct rules *rules,
				  const char *file);

/* Writes an object {line, text} of a call: its canonical text without the expected result. */
void write_call_line_and_text(struct json *out, const struct call *call);
