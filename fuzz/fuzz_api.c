/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the whole of page.h, and page_kernel.h, with one thread. Each call of the input (api.def) changes the
 * library and a model of its state (api_model.h), and the two are compared after each call. This file
 * requires nothing that page.h does not promise.
 *
 * The rule model of page programs is not used, so that each of the two models can find errors of the other.
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

#define ARGUMENTS_MAX 256

/*
 * Adds the option -len_control=0 to the arguments of libFuzzer, before those of the user. Otherwise, inputs
 * have two calls in the first minute, too few to reach a state.
 */
static void allow_long_inputs_at_once(int *argc, char ***argv)
{
	static char option[] = "-len_control=0";
	static char *arguments[ARGUMENTS_MAX];

	if (*argc < 1 || *argc + 2 > ARGUMENTS_MAX)
		return;
	arguments[0] = (*argv)[0];
	arguments[1] = option;
	for (int i = 1; i < *argc; i++)
		arguments[i + 1] = (*argv)[i];
	++*argc;
	*argv = arguments;
}

/*
 * Makes the calls that only a new process can make, and runs the code of the library that runs only once. The
 * engine calls this function before the first input, so that this code is not coverage of an input. A
 * constructor would be too early, because constructors of an external library may not have run yet.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	if (argc && LLVMFuzzerMutate)
		allow_long_inputs_at_once(argc, argv);
	api_start_init();
	api_model_init();
	api_reset_user_memory();
	api_start_server();
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
		api_check_state(&api_slots[call->slot_index]);
	}
	api_model_reset();
	return 0;
}
