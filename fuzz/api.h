/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the calls of fuzz_api share. A call is self-contained but for what it leaves in its
 * slot and for the failures that it orders; all of it ends with the input.
 */
#ifndef FUZZ_API_H
#define FUZZ_API_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/api_call.h"
#include "page/page.h"

struct api_slot {
	struct page *page;     /* or NULL */
	unsigned char *buffer; /* or NULL */
	size_t bytes;	       /* of the buffer, as asked for */
	unsigned char page_stamp;   /* all bytes of the page */
	unsigned char buffer_stamp; /* both ends of pages of the buffer */
};

extern struct api_slot api_slots[API_SLOTS];

#define API(name, slots, numbers, what) void api_##name(const struct api_call *call);
#include "fuzz/api.def"
#undef API

/* Prints what was called so far and what is wrong, and aborts. */
_Noreturn void api_finding(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define api_expect(good, ...)                     \
	do {                                      \
		if (!(good))                      \
			api_finding(__VA_ARGS__); \
	} while (0)

/* The page of a slot; one that no failure can prevent, if there is none yet. */
struct page *api_page(const struct api_call *call);

/* The slot's page and buffer, with their bytes looked at, go. */
void api_drop_page(struct api_slot *slot);
void api_drop_buffer(struct api_slot *slot);

/* ---- failures: fuzz_api's own account of them (api_fault.c) ---- */

enum api_fails { API_SUCCEEDS, API_FAILS, API_EITHER };

/*
 * Has the next call to fail? Called once for each call that comes to a point, just before
 * it; @gfp and @order are 0 for user memory.
 */
enum api_fails api_fails(enum page_fault_point point, gfp_t gfp, unsigned int order);

/* What the call did is compared with what api_fails() said of it. */
void api_failed(enum page_fault_point point, enum api_fails expected, bool failed);

/*
 * The same for a call that succeeds although its point failed: a user copy of 0 bytes. The
 * times that are left show whether the point failed.
 */
void api_failed_unseen(enum page_fault_point point, enum api_fails expected);

void api_fault_reset(void);

/* ---- misuse (api_fatal.c) ---- */

/*
 * @fn in a process of its own must die, with a report of @rule, or of any if that is NULL,
 * or by its address where @address is true. Not each time: processes are dear.
 */
void api_must_die(const struct api_call *call, void (*fn)(void *ctx), void *ctx, const char *rule,
		  bool address);

#endif
