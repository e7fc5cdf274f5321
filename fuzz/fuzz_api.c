/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The calls of the library that no page program makes: buffers, borrowed pages, callbacks,
 * flags, attributes of failure, frames that come back. Each is held against the words of
 * page.h; what is not in there, a rule of this file must not ask for.
 *
 * There is no model of programs here and no order of threads: one thread calls what the
 * bytes say (api_call.h), and each call knows what it has to answer (api.def).
 */
#include "fuzz/fuzz.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fuzz/api.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_CALLS;

static void (*const call_functions[])(const struct api_call *call) = {
#define API(name, slots, numbers, what) api_run_##name,
#include "fuzz/api.def"
#undef API
};

static struct api_call calls[API_CALLS_MAX];
static size_t started_calls; /* of them, the one that is running with them */

static void print_calls(void)
{
	char line[API_LINE_MAX];

	for (size_t i = 0; i < started_calls; i++) {
		api_format_call(&calls[i], line);
		fprintf(stderr, "%s\n", line);
	}
}

void api_report_finding(const char *format, ...)
{
	va_list args;

	fprintf(stderr, "ERROR: fuzz_api: ");
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fprintf(stderr, "\n--- the calls as they ran ---\ncalls 1\n");
	print_calls();
	fputs("---\n", stderr);
	fuzz_print_commands("fuzz_api");
	abort();
}

/* Nothing of an input is left for the next. */
static void free_all_slots(void)
{
	for (size_t i = 0; i < API_SLOTS; i++) {
		api_check_and_free_page(&api_slots[i]);
		api_check_and_free_buffer(&api_slots[i]);
		api_slots[i] = (struct api_slot){ 0 };
	}
	api_fault_reset();
}

/* More than wait in the quarantine: from then on an allocated frame was allocated before. */
#define FIRST_PAGES 128

/*
 * The engine calls it once, before the first input: what the library does once in its life is
 * then not counted as coverage of that input. It is no constructor: the library may be one
 * whose own constructors have not run yet, or one that lacks buffers.
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
	api_fault_reset();
	for (started_calls = 1; started_calls <= count; started_calls++)
		call_functions[calls[started_calls - 1].op](&calls[started_calls - 1]);
	started_calls = count;
	free_all_slots();
	return 0;
}
