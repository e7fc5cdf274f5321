/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The processes of the determinism check (same.py) that execute inputs, and report the outcome of each
 * input: a digest of each part of it, then how often each edge was taken.
 *
 *   list PATH...   prints the names of the inputs, each followed by a 0 byte
 *   edges N...     prints the function and source line of each edge, or its address
 *   serve, serve-apart
 *                  reads names of inputs, each followed by a 0 byte, executes the inputs, with
 *                  serve-apart each in a process of its own; prints the number of edges as 8 bytes,
 *                  then the outcome of each input
 *
 * Options before the command: --from-bytes, --keep, --all-races (same.py --help explains them). This
 * program needs a compiler with inline edge counters (-fsanitize=fuzzer-no-link).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz/fuzz.h"
#include "fuzz/input.h"
#include "harness/program/program_name.h"
#include "harness/util/bytes.h"

/* The time limit of one input in seconds, far above the time of any input. */
#define SECONDS_MAX 120

/* Set by constructors that the compiler adds; all objects of a program have one common range. */
static struct {
	uint8_t *from, *to;
	const uintptr_t *pcs; /* two words for each edge; the first is its address */
} counters;

static bool keeps_detector_memory; /* between inputs */
static int outcomes_file;
static uint64_t part_digests[DIGEST_PARTS];
static uint8_t *edge_counters; /* of the last executed input */

void __sanitizer_cov_8bit_counters_init(uint8_t *from, uint8_t *to);
void __sanitizer_cov_8bit_counters_init(uint8_t *from, uint8_t *to)
{
	counters.from = from;
	counters.to = to;
}

void __sanitizer_cov_pcs_init(const uintptr_t *from, const uintptr_t *to);
void __sanitizer_cov_pcs_init(const uintptr_t *from, const uintptr_t *to)
{
	(void)to;
	counters.pcs = from;
}

static size_t count_edges(void)
{
	return (size_t)(counters.to - counters.from);
}

static void print_edge_name(size_t edge)
{
	char edge_name[256];

	/* The symbolizer subtracts 1, because it expects a return address. */
	__sanitizer_symbolize_pc((void *)(counters.pcs[2 * edge] + 1), "%F %L", edge_name, sizeof(edge_name));
	puts(edge_name);
}

static void print_input_name(const struct input *input, void *ctx)
{
	(void)ctx;
	printf("%s%c", input->file_name, '\0');
}

/* ---- executing ---- */

static void record_part(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	(void)ctx;
	part_digests[part] = digest_add(part_digests[part], bytes, len);
}

static void write_outcome_or_exit(const void *bytes, size_t size)
{
	if (write(outcomes_file, bytes, size) != (ssize_t)size)
		_exit(1);
}

static void execute_input(const struct input *input, void *ctx)
{
	(void)ctx;
	for (unsigned int part = 0; part < DIGEST_PARTS; part++)
		part_digests[part] = DIGEST_START;
	fuzz_set_outcome_callback(record_part);
	bytes_fill(counters.from, 0, count_edges());
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	bytes_copy(edge_counters, counters.from, count_edges());
	fuzz_set_outcome_callback(NULL);
	write_outcome_or_exit(part_digests, sizeof(part_digests));
	write_outcome_or_exit(edge_counters, count_edges());
}

static void execute_input_file(const char *name, bool must_clear_detector)
{
	alarm(SECONDS_MAX);
	if (must_clear_detector)
		fuzz_clear_detector();
	if (!input_for_each(name, execute_input, NULL))
		_exit(1);
}

/* Engines also execute the empty input first, so that the target creates its state then. */
static void prepare_target(void)
{
	fuzz_initialize();
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

/* Forks before the library or the detector has any state. */
static void execute_in_child(const char *name)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		prepare_target();
		execute_input_file(name, true);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		_exit(1);
}

static _Noreturn void serve_inputs(bool is_process_per_input)
{
	uint64_t edge_count = count_edges();
	char *name = NULL;
	size_t size = 0;

	/* The output of the target must not mix with the outcomes. */
	outcomes_file = dup(STDOUT_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	edge_counters = calloc(1, edge_count + 1);
	if (!edge_counters)
		_exit(1);
	write_outcome_or_exit(&edge_count, sizeof(edge_count));
	if (!is_process_per_input)
		prepare_target();
	for (bool is_first = true; getdelim(&name, &size, '\0', stdin) > 0; is_first = false)
		if (is_process_per_input)
			execute_in_child(name);
		else
			execute_input_file(name, is_first || !keeps_detector_memory);
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *command;
	bool is_good = true;

	for (argv++; argc > 1 && !strncmp(*argv, "--", 2); argv++, argc--) {
		program_all_bytes |= !strcmp(*argv, "--from-bytes");
		keeps_detector_memory |= !strcmp(*argv, "--keep");
		fuzz_wants_all_races |= !strcmp(*argv, "--all-races");
	}
	command = argc > 1 ? *argv++ : "";
	if (!strcmp(command, "serve") || !strcmp(command, "serve-apart"))
		serve_inputs(!strcmp(command, "serve-apart"));
	if (strcmp(command, "list") && strcmp(command, "edges")) {
		fprintf(stderr, "expected a command of fuzz/same.py, which starts this program\n");
		return 2;
	}
	for (; *argv; argv++)
		if (!strcmp(command, "edges"))
			print_edge_name(strtoul(*argv, NULL, 10));
		else
			is_good &= input_for_each(*argv, print_input_name, NULL);
	return !is_good || fflush(stdout);
}
