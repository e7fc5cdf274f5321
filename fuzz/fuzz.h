/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What all fuzz targets share. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"
#include "harness/digest.h"
#include "harness/program/program.h"

/* Each target defines it. Return: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* LLVMFuzzerInitialize(), if the target has it: for programs without an engine, before the first input. */
void fuzz_initialize(void);

/*
 * How a target reads its inputs: page programs as bytes (program_bytes.h) or as text, or
 * calls of the library as bytes (api_call.h). Each target defines it; targets.def says it
 * to others.
 */
enum fuzz_input_kind { FUZZ_BYTES, FUZZ_TEXT, FUZZ_CALLS };
extern const enum fuzz_input_kind fuzz_input_kind;

/* Each target calls it first, with its input: a finding names the file that has it. */
void fuzz_set_input(const uint8_t *data, size_t size);

/* Without an engine: the file that the next input is read from. */
void fuzz_set_input_file(const char *file);

/* Prints the commands that show the input again, as far as its file is known. */
void fuzz_print_commands(const char *target);

/* Made at the first call; a target runs in one thread. */
struct checker *fuzz_get_checker(void);

/*
 * checker_run_fibers() for all targets, of the program judged last; the result is passed
 * to the listener.
 */
enum checker_result fuzz_run_and_compare(const struct program *program,
					 struct checker_report *report);

/* Passes a comparison that the caller made with fuzz_get_checker() to the listener. */
void fuzz_report_comparison(const struct checker_report *report);

/*
 * What a target finds out of an input, by parts. A target that executes nothing reports by
 * itself.
 */
typedef void (*fuzz_outcome_fn)(enum digest_part part, const void *bytes, size_t len);
void fuzz_set_outcome_callback(fuzz_outcome_fn fn);
void fuzz_report_part(enum digest_part part, const void *bytes, size_t len);

/* Clears the detector's memory of earlier inputs; it costs more than an input. */
void fuzz_clear_detector(void);

/* Listen to each race of a program, also where the target stops at the first. */
extern bool fuzz_wants_all_races;

/* Each so many races the detector forgets: it walks through what its threads did since. */
void fuzz_count_race(void);

/*
 * Counts an input that needs a child process, which costs as much as a hundred inputs.
 * @count: how often inputs of this kind came; rare kinds get a process each time
 * Return: whether this one gets a process.
 */
bool fuzz_should_fork(unsigned int *count);

/* Counts the calls of the program that fuzz_get_checker() ran last; printed when the process ends.
 */
void fuzz_count_calls(const char *target);

/*
 * Prints the program, what is wrong with it, and how to see it again; then aborts, so
 * that the engine keeps the input.
 */
_Noreturn void fuzz_abort_with_finding(const char *target, const struct program *program,
				       const char *why);

#endif
