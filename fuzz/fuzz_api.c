/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests library calls that no page program can make: buffers, borrowed pages, callbacks, allocation
 * flags, fault attributes, reuse of frames. The results are compared with page.h only; this file
 * requires nothing that page.h does not promise.
 *
 * There is no model of programs and no order of threads: one thread makes the calls of the input
 * (api_call.h), and each call checks its own result (api.def).
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
#undef API
};

static struct api_call calls[API_CALLS_MAX];
static size_t started_calls; /* including the call that runs */

void api_report_finding(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ERROR: fuzz_api: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\n--- the calls as they ran ---\n", stderr);
	api_print_calls(stderr, calls, started_calls);
	fputs("---\n", stderr);
	fuzz_print_commands("fuzz_api");
	abort();
}

/* Frees all pages and buffers, so that no input affects the next one. */
static void free_all_slots(void)
{
	for (size_t i = 0; i < API_SLOTS; i++) {
		api_check_and_free_page(&api_slots[i]);
		api_check_and_free_buffer(&api_slots[i]);
		api_slots[i] = (struct api_slot){0};
	}
	api_reset_failures();
}

/* More pages than the quarantine holds: from then on, an allocated frame was allocated before. */
#define FIRST_PAGES 128

/*
 * The engine calls this function once, before the first input: what the library does only once is
 * then not counted as coverage of that input. A constructor would be too early: constructors of an
 * external library may not have run yet, or the library may lack buffers.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
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
	api_reset_failures();
	for (started_calls = 0; started_calls < count;) {
		const struct api_call *call = &calls[started_calls++];

		call_functions[call->op](call);
	}
	free_all_slots();
	return 0;
}
