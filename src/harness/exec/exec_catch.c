/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Makes a fatal call without a child process, and without the end of this process:
 *
 * 1. A call of the library reports the broken rule, and report_catch.h catches the report. AddressSanitizer
 *    would report the use of a freed page before the library does, and its report ends the process. So during
 *    the call, the struct pages of freed pages are not poisoned.
 * 2. A load or store calls no function of the library. AddressSanitizer reports it if a byte of it is
 *    poisoned, so the poison is looked up, and the access is not made.
 */
#include "harness/detect/detector.h"
#include "harness/exec/exec_state.h"

#include <stdio.h>

static void call_library(void *arg)
{
	exec_call(arg);
}

/* Unpoisons the struct pages of freed pages. Return: the set of their handles. */
static uint32_t unpoison_freed_pages(const struct exec *exec)
{
	uint32_t handles = 0;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		if (!exec->pages[i].page || !detector_is_poisoned(exec->pages[i].page, STRUCT_PAGE_SIZE))
			continue;
		handles |= 1u << i;
		detector_set_poisoned(exec->pages[i].page, STRUCT_PAGE_SIZE, false);
	}
	return handles;
}

static void poison_pages(const struct exec *exec, uint32_t handles)
{
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		if (handles & 1u << i)
			detector_set_poisoned(exec->pages[i].page, STRUCT_PAGE_SIZE, true);
}

static bool call_library_and_catch_report(struct exec_context *context)
{
	const struct exec *exec = context->exec;
	uint32_t unpoisoned_handles = unpoison_freed_pages(exec);
	bool has_reported = report_catch(call_library, context, context->exec->caught_call.report_line);

	poison_pages(exec, unpoisoned_handles);
	return has_reported;
}

static bool look_up_poison(struct exec_context *context)
{
	uintptr_t from, to;

	exec_get_mapped_access_range(context->exec, context->call, &from, &to);
	if (!detector_is_poisoned((const void *)from, to - from))
		return false;
	snprintf(context->exec->caught_call.report_line, REPORT_LINE_SIZE, "%s on address 0x%llx\n",
		 detector_poison_report_text(), (unsigned long long)from);
	return true;
}

void exec_call_and_catch_report(struct exec_context *context)
{
	struct exec_caught_call *caught = &context->exec->caught_call;

	caught->was_made = true;
	caught->call = context->step->call;
	if (op_is_mapped_access(context->call->op)) {
		caught->has_returned = !look_up_poison(context);
		return;
	}
	caught->has_returned = !call_library_and_catch_report(context);
	caught->has_damaged_library = caught->has_returned;
}
