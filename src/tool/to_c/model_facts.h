/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_MODEL_FACTS_H
#define TOOL_MODEL_FACTS_H

#include "harness/model/rules.h"
#include "harness/program/program.h"
#include "tool/util/json.h"

/*
 * Writes what the rule model knows of a program as members of a JSON object: those of `check --json`,
 * and
 *
 *   calls     {line, text} of each call, in canonical text without its expected result
 *   steps     {line, skipped, result, expected, bytes} of each call that ran, in the order in which
 *             they ran; bytes are those that it read, in hex, ?? for an uninitialised byte
 *   blocked   in a deadlock, the lines that wait for a mutex or a semaphore
 *   uninits   {line, page, from, to} of each use of uninitialised bytes
 *   pages     {page, references, bytes} of each live page at the end
 *   detected  {flavour, backend}, the best first: where a fatal call is detected
 *   foreign   whether the fatal call accesses the mapping of another thread
 *   expect    the rules that the program states, or else the verdict
 */
void write_model_facts(struct json *out, const struct program *program, const struct rules *rules);

#endif
