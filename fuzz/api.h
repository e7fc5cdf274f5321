/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Functions and state that the calls of fuzz_api share. A call may leave a page or a buffer in its slot, or
 * request failures of later calls. At the end of the input, fuzz_api frees the pages and buffers of all
 * slots, and cancels all requests.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "fuzz/api_call.h"
#include "page/page.h"

struct api_slot {
	struct page *page;         /* or NULL */
	unsigned char *buffer;     /* or NULL */
	size_t buffer_size;        /* the argument of page_buffer_alloc(), in bytes */
	unsigned char page_byte;   /* the value of all bytes of the page */
	unsigned char buffer_byte; /* the first and the last byte of each checked page of the buffer */
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

/* If the slot has a page (or a buffer), check the bytes of the page (or of the buffer), and free it. */
void api_check_and_free_page(struct api_slot *slot);
void api_check_and_free_buffer(struct api_slot *slot);

/* ---- injected failures: fuzz_api predicts them without the library (api_fault.c) ---- */

/*
 * Predicts whether a library call had to fail, and compares the prediction with @has_failed. The caller must
 * call this function once after each library call that reaches a failure point. For a copy from user memory,
 * @gfp and @order are 0.
 */
void api_check_predicted_failure(enum page_fault_point point, gfp_t gfp, unsigned int order, bool has_failed);

/*
 * Like api_check_predicted_failure(), for a user copy of 0 bytes, which succeeds even if its failure point
 * fails. The attribute `times` of @point shows whether the failure point failed.
 */
void api_check_failure_of_empty_copy(enum page_fault_point point);

/* Cancels all requested failures, in the library and in the prediction. */
void api_reset_failure_injection(void);

/* ---- misuse (api_fatal.c) ---- */

/*
 * Runs @fn in a child process, which must end with a report of @rule (NULL: any rule). If
 * @is_signal_accepted, the child may also end by a signal or with a sanitizer's report. For most inputs the
 * function does nothing, because a child process is slow (fuzz_count_and_decide_fork()).
 */
void api_maybe_check_misuse_in_child(const struct api_call *call, void (*fn)(void *ctx), void *ctx,
				     const char *rule, bool is_signal_accepted);
