/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Functions that all fuzz targets share. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"
#include "harness/digest.h"
#include "harness/program/program.h"

/* Each target defines this function. Return: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * Calls LLVMFuzzerInitialize() if the target defines it. Programs without an engine call this
 * function before the first input.
 */
void fuzz_initialize(void);

/*
 * The format of a target's inputs: page programs as bytes (program_bytes.h) or as text, or library
 * calls as bytes (api_call.h). Each target defines fuzz_input_kind; targets.def has the same value
 * for other programs.
 */
enum fuzz_input_kind { FUZZ_BYTES, FUZZ_TEXT, FUZZ_CALLS };
extern const enum fuzz_input_kind fuzz_input_kind;

/*
 * Stores the current input, so that a finding can name its file. Each target calls this function
 * first.
 */
void fuzz_set_input(const uint8_t *data, size_t size);

/* Sets the file of the next input. Only programs without an engine call this function. */
void fuzz_set_input_file(const char *file);

/* Prints the commands that replay and print the current input, if its file is known. */
void fuzz_print_commands(const char *target);

/* Return: the checker, created by the first call. A target has only one thread. */
struct checker *fuzz_get_checker(void);

/*
 * Runs the last evaluated program on fibers, compares the execution with the model, and passes the
 * result to the outcome callback.
 */
enum checker_result fuzz_run_and_compare(const struct program *program,
					 struct checker_report *report);

/* Passes a comparison that the caller made with fuzz_get_checker() to the outcome callback. */
void fuzz_report_comparison(const struct checker_report *report);

/*
 * The callback gets the outcome of an input, in parts; its ctx is NULL. A target that executes no
 * program calls fuzz_report_part() itself.
 */
void fuzz_set_outcome_callback(digest_fn fn);
void fuzz_report_part(enum digest_part part, const void *bytes, size_t len);

/* Clears the detector's memory of earlier inputs. Clearing takes longer than executing an input. */
void fuzz_clear_detector(void);

/* If set, a target reports every race of a program; else fuzz_race may stop at the first race. */
extern bool fuzz_wants_all_races;

/*
 * Counts a race, and clears the detector's memory after every few races: to report a race,
 * ThreadSanitizer searches all accesses since the last clearing.
 */
void fuzz_count_race(void);

/*
 * Counts an input that needs a child process, which costs as much as a hundred inputs.
 * @count: how many inputs of this kind there were; rare kinds always get a process
 * Return: whether this input gets a process.
 */
bool fuzz_should_fork(unsigned int *count);

/*
 * Counts the calls of the program that fuzz_get_checker() ran last. The counts are printed when the
 * process ends.
 */
void fuzz_count_calls(const char *target);

/*
 * Prints the program, the reason @why and the commands that replay the input, then aborts, so that
 * the engine stores the input.
 */
_Noreturn void fuzz_abort_with_finding(const char *target, const struct program *program,
				       const char *why);

#endif
