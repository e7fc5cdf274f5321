/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/same_serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz/input.h"
#include "harness/util/bytes.h"

/* The time limit of one input in seconds, far above the time of any input. */
#define SECONDS_MAX 120

/* ---- outcomes ---- */

/* Set by constructors that the compiler adds; all objects of a program have one common range. */
static struct {
	uint8_t *from, *to;
	const uintptr_t *pcs; /* two words for each edge; the first is its address */
} counters;

static struct outcome *recorded;

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

size_t same_count_edges(void)
{
	return (size_t)(counters.to - counters.from);
}

void same_format_edge_name(size_t edge, char *name, size_t size)
{
	/* The symbolizer subtracts 1, because it expects a return address. */
	__sanitizer_symbolize_pc((void *)(counters.pcs[2 * edge] + 1), "%F %L", name, size);
}

size_t same_outcome_size(void)
{
	return (sizeof(struct outcome) + same_count_edges() + 7) / 8 * 8;
}

static void record_part(enum digest_part part, const void *bytes, size_t len)
{
	recorded->part_digests[part] = digest_add(recorded->part_digests[part], bytes, len);
}

/* ---- the process that executes ---- */

/* Engines also execute the empty input first, so that the target creates its state then. */
static void prepare_target(const struct serve_options *options)
{
	fuzz_wants_all_races = options->records_all_races;
	fuzz_initialize();
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

static void execute_input(const struct input *input, void *ctx)
{
	const int *out = ctx;

	for (unsigned int part = 0; part < DIGEST_PARTS; part++)
		recorded->part_digests[part] = DIGEST_START;
	fuzz_set_outcome_callback(record_part);
	bytes_fill(counters.from, 0, same_count_edges());
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	bytes_copy(recorded->edge_counters, counters.from, same_count_edges());
	fuzz_set_outcome_callback(NULL);
	if (write(*out, recorded, same_outcome_size()) != (ssize_t)same_outcome_size())
		_exit(1);
}

static void execute_input_file(const char *name, bool fresh, int out)
{
	alarm(SECONDS_MAX);
	if (fresh)
		fuzz_clear_detector();
	if (!input_for_each(name, execute_input, &out))
		_exit(1);
}

/* Forks before the library or the detector has any state. */
static void execute_in_child(const struct serve_options *options, const char *name, int out)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		prepare_target(options);
		execute_input_file(name, true, out);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		_exit(1);
}

int same_serve_inputs(const struct serve_options *options)
{
	int out = dup(STDOUT_FILENO);
	char *name = NULL;
	size_t size = 0;

	/* The output of the target must not mix with the outcomes. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	recorded = calloc(1, same_outcome_size());
	if (!recorded)
		return 1;
	if (!options->is_process_per_input)
		prepare_target(options);
	for (bool first = true; getdelim(&name, &size, '\0', stdin) > 0; first = false)
		if (options->is_process_per_input)
			execute_in_child(options, name, out);
		else
			execute_input_file(name, first || !options->keeps_detector_memory, out);
	_exit(0);
}
