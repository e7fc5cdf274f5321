/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Executes inputs for the determinism check (same.py), and writes the outcome of each input: a digest of each
 * part of the outcome, then how often each edge was taken.
 *
 *   list PATH...   prints the names of the inputs, each followed by a 0 byte
 *   edges N...     prints the function and source line of each edge, or its address
 *   serve, serve-apart
 *                  reads names of inputs, each followed by a 0 byte, executes the inputs, with
 *                  serve-apart each in a process of its own; prints the number of edges as 8 bytes,
 *                  then the outcome of each input
 *
 * Options before the command: --from-bytes, --keep, --renew, --all-races (same.py --help explains them).
 * This program needs a compiler with inline edge counters (-fsanitize=fuzzer-no-link).
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

/* The time limit of one input, in seconds; every input takes far less. */
#define SECONDS_MAX 120

/*
 * The edge counters of the program. Startup code that the compiler adds calls the functions
 * __sanitizer_cov_*(), which set these fields.
 */
static struct {
	uint8_t *from, *to;
	const uintptr_t *pcs; /* two words for each edge; the first is its address */
} counters;

static bool keeps_detector_memory; /* between inputs */
static bool renews_fibers;         /* between inputs, instead of clearing the detector's memory */
static int outcomes_file;
static uint64_t part_digests[DIGEST_PARTS];
static uint8_t *edge_counters; /* how often the last executed input took each edge */

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

static size_t get_edge_count(void)
{
	return (size_t)(counters.to - counters.from);
}

static void print_edge_location(size_t edge)
{
	char edge_location[256];

	/* The symbolizer expects a return address, so it subtracts 1 from the address. */
	__sanitizer_symbolize_pc((void *)(counters.pcs[2 * edge] + 1), "%F %L", edge_location,
				 sizeof(edge_location));
	puts(edge_location);
}

static void print_input_name(const struct input *input, void *ctx)
{
	(void)ctx;
	printf("%s%c", input->file_name, '\0');
}

/* ---- executing ---- */

static void add_to_part_digest(void *ctx, enum digest_part part, const void *bytes, size_t len)
{
	(void)ctx;
	part_digests[part] = digest_add(part_digests[part], bytes, len);
}

static void write_outcome_or_exit(const void *bytes, size_t size)
{
	if (write(outcomes_file, bytes, size) != (ssize_t)size)
		_exit(1);
}

static void execute_and_write_outcome(const struct input *input, void *ctx)
{
	(void)ctx;
	for (unsigned int part = 0; part < DIGEST_PARTS; part++)
		part_digests[part] = DIGEST_START;
	fuzz_set_outcome_callback(add_to_part_digest);
	bytes_fill(counters.from, 0, get_edge_count());
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	bytes_copy(edge_counters, counters.from, get_edge_count());
	fuzz_set_outcome_callback(NULL);
	write_outcome_or_exit(part_digests, sizeof(part_digests));
	write_outcome_or_exit(edge_counters, get_edge_count());
}

static void execute_input_file_or_exit(const char *name, bool must_clear_detector)
{
	alarm(SECONDS_MAX);
	if (renews_fibers)
		fuzz_renew_fibers();
	else if (must_clear_detector)
		fuzz_clear_detector();
	if (!input_for_each(name, execute_and_write_outcome, NULL))
		_exit(1);
}

/* Executes the empty input first, as engines do, so that the target creates its state before the inputs. */
static void initialize_and_execute_empty_input(void)
{
	LLVMFuzzerInitialize(NULL, NULL);
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

/* Executes one input in a child process, which has no state of earlier inputs. */
static void execute_in_child_or_exit(const char *name)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		initialize_and_execute_empty_input();
		execute_input_file_or_exit(name, true);
		fuzz_end_ignored_accesses();
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		_exit(1);
}

static _Noreturn void serve_inputs(bool has_process_per_input)
{
	uint64_t edge_count = get_edge_count();
	char *name = NULL;
	size_t size = 0;

	/* Send the target's output to standard error, so that it does not mix with the outcomes. */
	outcomes_file = dup(STDOUT_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	edge_counters = calloc(1, edge_count + 1);
	if (!edge_counters)
		_exit(1);
	write_outcome_or_exit(&edge_count, sizeof(edge_count));
	if (!has_process_per_input)
		initialize_and_execute_empty_input();
	for (bool is_first = true; getdelim(&name, &size, '\0', stdin) > 0; is_first = false)
		if (has_process_per_input)
			execute_in_child_or_exit(name);
		else
			execute_input_file_or_exit(name, is_first || !keeps_detector_memory);
	fuzz_end_ignored_accesses();
	_exit(0);
}

int main(int argc, char **argv)
{
	const char *command;
	bool is_good = true;

	for (argv++; argc > 1 && !strncmp(*argv, "--", 2); argv++, argc--) {
		program_all_bytes |= !strcmp(*argv, "--from-bytes");
		keeps_detector_memory |= !strcmp(*argv, "--keep");
		renews_fibers |= !strcmp(*argv, "--renew");
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
			print_edge_location(strtoul(*argv, NULL, 10));
		else
			is_good &= input_for_each(*argv, print_input_name, NULL);
	return !is_good || fflush(stdout);
}
