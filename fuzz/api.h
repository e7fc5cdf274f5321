/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Functions that the calls of fuzz_api share. api_model.h has the state. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fuzz/api_call.h"
#include "fuzz/api_compare.h"
#include "fuzz/api_model.h"
#include "page/page.h"

/*
 * api_run_NAME() makes the call NAME of api.def, checks what api.def says about it, and changes the model. If
 * the model says that the call would be misuse, the function makes no call.
 */
#define API(name, ...) void api_run_##name(const struct api_call *call);
#include "fuzz/api.def"

/* Prints the message @format, the calls so far and the replay commands, then aborts. */
_Noreturn void api_abort_with_finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define api_expect(is_true, ...)                             \
	do {                                                 \
		if (!(is_true))                              \
			api_abort_with_finding(__VA_ARGS__); \
	} while (0)

/* ---- tasks (api_task.c) ---- */

/* Installs the hook of the model (api_hook) in the library. */
void api_set_library_hook(void);

/* Deletes the tasks of all slots, and removes the mappings of the thread's own task, which becomes current.
 */
void api_delete_all_tasks(void);

/* ---- injected failures: fuzz_api predicts them without the library (api_fault.c) ---- */

enum api_prediction { MUST_SUCCEED, MUST_FAIL, MAY_FAIL };

/*
 * Counts a library call that reaches a failure point, and predicts whether the call has to fail. For a copy
 * from user memory, @gfp and @order are 0.
 */
enum api_prediction api_count_and_predict(enum page_fault_point point, gfp_t gfp, unsigned int order);

/* Compares the prediction with what the library did, and counts a failure. */
void api_check_prediction(enum page_fault_point point, enum api_prediction prediction, bool has_failed);

/* Both functions above, for a call whose result shows whether an injected failure made it fail. */
void api_check_predicted_failure(enum page_fault_point point, gfp_t gfp, unsigned int order, bool has_failed);

/*
 * Return: whether the failure point failed since the last comparison, as far as the attribute `times` shows
 * this; @otherwise if `times` does not show it.
 */
bool api_did_times_decrease(enum page_fault_point point, bool otherwise);

/* Return: whether a request may make a call of the current task fail. */
bool api_is_failure_requested(enum page_fault_point point);

/* Cancels the requested failures of the current task and all attributes. */
void api_cancel_failure_injection(void);

/* Compares the attributes of all failure points with the model. */
void api_check_attributes(void);

/* As api_cancel_failure_injection(), at the start of an input: all inputs find the library in the same state.
 */
void api_reset_failure_injection(void);

/* ---- user memory (api_user.c) ---- */

/* Gives user memory the bytes and the protection of the start of an input. */
void api_reset_user_memory(void);

/* ---- child processes (api_fatal.c) ---- */

/* The backend `alias` has places for mappings, which it uses in turn. */
#define API_MORE_THAN_ALL_PLACES 40

/*
 * Runs @fn in a child process, which must end with a report of @rule ("": any rule). If
 * @is_signal_accepted, the child may also end by a signal or with a sanitizer's report. Counts the calls in
 * @count. For most calls the function does nothing, because a child process is slow.
 */
void api_maybe_check_misuse_in_child(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule,
				     bool is_signal_accepted);

/*
 * As api_maybe_check_misuse_in_child(), for a call of the library that reports a rule of page programs before
 * it changes anything: if the library calls page_bug_hook(), this process makes each call, too, and catches
 * the report.
 */
void api_check_misuse(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule);

/* Starts the server of api_maybe_check_misuse(). */
void api_start_server(void);

/*
 * As api_maybe_check_misuse_in_child(), but @fn needs no state of the input, and the first child is of the
 * server, so @ctx must be a number or constant.
 */
void api_maybe_check_misuse(unsigned int *count, void (*fn)(void *ctx), void *ctx, const char *rule,
			    bool is_signal_accepted);

/*
 * Runs @fn in a child process, which must return from @fn. api_child_expect() ends the child with a
 * message.
 * @count: counts the calls; the first and then one in many runs the child
 * @needs_state_of_input: if false, the first child is of the server, so @ctx must be a number or constant
 */
void api_maybe_check_child(unsigned int *count, void (*fn)(void *ctx), void *ctx, bool needs_state_of_input);

/* Return: false with ThreadSanitizer, which ends a child process of a process with threads that starts one.
 */
bool api_can_child_start_thread(void);

#define api_child_expect(is_true, message)           \
	do {                                         \
		if (!(is_true))                      \
			api_end_child_with(message); \
	} while (0)

_Noreturn void api_end_child_with(const char *message);

/*
 * In a child that must end without a report of the library (rule NULL): called just before the misuse. A
 * child that ends earlier is a finding.
 */
void api_child_begin_misuse(void);

/* The name of the task that api_child_start_new_task() continues. */
#define API_CHILD_TASK "task of a child"

/* Return: whether @line is the library's report of @rule ("": any rule) in the task of a child. */
bool api_is_report_of_child(const char *line, const char *rule);

/* In a child: cancels failures and the hook, and continues a new task, so that it has no mappings. */
void api_child_start_new_task(void);

/* ---- the start of the process (api_start.c) ---- */

/* Selects the backend and allocates the first pages of the process. The call `start` reports what was wrong.
 */
void api_start_init(void);
