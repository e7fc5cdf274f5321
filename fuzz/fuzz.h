/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Functions that all fuzz targets share. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/checker.h"
#include "harness/digest.h"
#include "harness/program/program.h"

/* Each target defines this function. Return: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * An engine, or a program without an engine, calls this function before the first input. fuzz_api and
 * fuzz_fatal have their own versions of this function. Both arguments are ignored.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* If the system refuses a system call that the library needs, exits without a finding. */
void fuzz_exit_if_system_call_is_refused(void);

/* libFuzzer calls these functions if mutator.c or mutator_text.c is linked; @seed selects the mutation. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max, unsigned int seed);
size_t LLVMFuzzerCustomCrossOver(const uint8_t *data, size_t size, const uint8_t *other, size_t other_size,
				 uint8_t *out, size_t max, unsigned int seed);

/* Mutates bytes by libFuzzer. The symbol is weak, because AFL++ lacks this function. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t max) __attribute__((weak));

/*
 * The format of a target's inputs: page programs as bytes (program_bytes.h) or as text, or library calls as
 * bytes (api_call.h). Each target defines fuzz_input_kind; targets.def repeats its value, for programs that
 * do not link the target.
 */
enum fuzz_input_kind { FUZZ_BYTES, FUZZ_TEXT, FUZZ_CALLS };
extern const enum fuzz_input_kind fuzz_input_kind;

/*
 * Stores a reference to the current input, so that the report of a finding can name the input's file. Each
 * target calls this function first for each input.
 */
void fuzz_set_input(const uint8_t *data, size_t size);

/* Sets the file name of the next input. Only programs without an engine call this function. */
void fuzz_set_next_input_file(const char *file);

/*
 * Prints the commands that replay and print the current input. Under libFuzzer, the commands contain the name
 * of the file that libFuzzer will write. Under AFL++, only the directory of the input is printed.
 */
void fuzz_print_replay_commands(const char *target_name);

/* Return: the checker, created by the first call. A target has only one thread, so there is no lock. */
struct checker *fuzz_get_checker(void);

/*
 * Runs @program, which must be the last evaluated program, on fibers, compares the execution with the model,
 * and passes the outcome to the outcome callback.
 */
enum checker_result fuzz_run_and_compare(const struct program *program, struct checker_report *report);

/* Passes the outcome of the program that fuzz_get_checker() executed last to the outcome callback. */
void fuzz_report_outcome(const struct checker_report *report);

/*
 * Sets the outcome callback, which gets each part of the outcome of an input, and NULL as ctx. A target that
 * executes no page program calls fuzz_report_outcome_part() itself.
 */
void fuzz_set_outcome_callback(digest_fn fn);
void fuzz_report_outcome_part(enum digest_part part, const void *bytes, size_t len);

/* Clears the detector's memory of earlier inputs, which takes longer than executing an input. */
void fuzz_clear_detector(void);

/*
 * Between executions, ThreadSanitizer ignores all accesses, and reports a process that ends with ignored
 * accesses. A process that executed an input must call this function before _exit(); exit() calls it.
 */
void fuzz_end_ignored_accesses(void);

/* Replaces the fibers, which makes later race reports faster (exec_renew_fibers). */
void fuzz_renew_fibers(void);

/* If true, fuzz_race reports every race of a program; otherwise it may stop at the first race. */
extern bool fuzz_wants_all_races;

/*
 * Adds the numbers of executed and skipped calls of the last executed program to the totals, which the
 * process prints when it ends.
 */
void fuzz_count_calls_of_last_program(const char *target_name);

/* Prints the command that explores the schedule of a program, and shows where threads switch. */
void fuzz_print_explore_command(const struct deviations *schedule, const char *program_text);

/* Prints the program, the reason, and the commands that replay the input. */
void fuzz_print_finding(const char *target_name, const struct program *program, const char *reason);

/* Prints the finding, then aborts, so that the engine stores the input. */
_Noreturn void fuzz_abort_with_finding(const char *target_name, const struct program *program,
				       const char *reason);
