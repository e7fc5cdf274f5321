/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Functions and state that the calls of fuzz_api share. A call may leave a page or a buffer in its
 * slot, or request failures of later calls. At the end of the input the slots are freed and the
 * requests cancelled.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fuzz/api_call.h"
#include "page/page.h"

struct api_slot {
	struct page *page;         /* or NULL */
	unsigned char *buffer;     /* or NULL */
	size_t buffer_size;        /* the size that the call requested */
	unsigned char page_byte;   /* the value of all bytes of the page */
	unsigned char buffer_byte; /* the value of the first and the last byte of the buffer's pages */
};

extern struct api_slot api_slots[API_SLOTS];

/* api_run_NAME() makes the call NAME of api.def, and checks what api.def says about it. */
#define API(name, ...) void api_run_##name(const struct api_call *call);
#include "fuzz/api.def"

/* Prints the message @format, the calls so far and the replay commands, then aborts. */
_Noreturn void api_abort_with_finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define api_expect(is_true, ...)                             \
	do {                                                 \
		if (!(is_true))                              \
			api_abort_with_finding(__VA_ARGS__); \
	} while (0)

/* Return: the page of the call's slot. An empty slot gets a new page, allocated with __GFP_NOFAIL. */
struct page *api_get_or_alloc_page(const struct api_call *call);

/* Check the bytes of the page or the buffer of the slot, if it has one, then free it. */
void api_check_and_free_page(struct api_slot *slot);
void api_check_and_free_buffer(struct api_slot *slot);

/* ---- injected failures: fuzz_api predicts them without the library (api_fault.c) ---- */

/*
 * Predicts whether a library call had to fail, and compares the prediction with @has_failed. Must be
 * called once after each library call that reaches a failure point; @gfp and @order are 0 for user
 * memory.
 */
void api_check_predicted_failure(enum page_fault_point point, gfp_t gfp, unsigned int order, bool has_failed);

/*
 * Like api_check_predicted_failure(), for a user copy of 0 bytes, which succeeds although its
 * failure point failed. The remaining times of the point show whether it failed.
 */
void api_check_empty_copy_fault_times(enum page_fault_point point);

/* Cancels all requested failures, in the library and in the prediction. */
void api_reset_failure_injection(void);

/* ---- misuse (api_fatal.c) ---- */

/*
 * Runs @fn in a child process, which must end with a report of @rule (NULL: any rule); with
 * @is_signal_accepted, a signal or a sanitizer may end it instead. Does nothing for most inputs,
 * because a process is slow (fuzz_count_and_decide_fork()).
 */
void api_maybe_check_misuse_in_child(const struct api_call *call, void (*fn)(void *ctx), void *ctx,
				     const char *rule, bool is_signal_accepted);
