/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests library calls that no page program can make: buffers, borrowed pages, callbacks, allocation flags,
 * fault attributes, reuse of frames. The results are compared with page.h only; this file requires nothing
 * that page.h does not promise.
 *
 * The rule model is not used, and there is only one thread: each call of the input (api_call.h) checks its
 * own result (api.def).
 */
#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/api.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_CALLS;

static void (*const call_functions[])(const struct api_call *call) = {
#define API(name, ...) api_run_##name,
#include "fuzz/api.def"
};

static struct api_call calls[API_CALLS_MAX];
static size_t started_call_count; /* number of calls so far, including the running call */

void api_abort_with_finding(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ERROR: fuzz_api: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n--- the calls as they ran ---\n", stderr);
	api_print_calls(stderr, calls, started_call_count);
	fputs("---\n", stderr);
	fuzz_print_replay_commands("fuzz_api");
	abort();
}

/* Frees all pages and buffers and clears all requested failures, so that no input affects the next one. */
static void free_slots_and_reset_failures(void)
{
	for (size_t i = 0; i < API_SLOTS; i++) {
		api_check_and_free_page(&api_slots[i]);
		api_check_and_free_buffer(&api_slots[i]);
		api_slots[i] = (struct api_slot){ 0 };
	}
	api_reset_failure_injection();
}

/* More pages than the quarantine holds, so that later allocations reuse frames of these pages. */
#define FIRST_PAGES 128

/*
 * Runs the code of the library that runs only once. The engine calls this function before the first input, so
 * that this code is not coverage of an input. A constructor would be too early, because constructors of an
 * external library may not have run yet.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static struct page *pages[FIRST_PAGES];

	(void)argc;
	(void)argv;
	for (size_t i = 0; i < FIRST_PAGES; i++)
		pages[i] = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
	if (pages[0])
		page_unmap_local(page_map_local(pages[0]));
	for (size_t i = 0; i < FIRST_PAGES; i++)
		page_free(pages[i]);
	page_buffer_free(page_buffer_alloc(1));
	page_task_switch_in(NULL);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t count = api_decode_calls(data, size, calls);

	fuzz_set_input(data, size);
	api_reset_failure_injection();
	for (started_call_count = 0; started_call_count < count;) {
		const struct api_call *call = &calls[started_call_count++];

		call_functions[call->op](call);
	}
	free_slots_and_reset_failures();
	return 0;
}
