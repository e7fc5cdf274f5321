/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/same_serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sanitizer/common_interface_defs.h>

#include "fuzz/input.h"
#include "harness/util/bytes.h"

/* Seconds for one input, far above what any takes. */
#define SECONDS_MAX 120

/* ---- outcomes ---- */

/* Set by the compiler's constructors; the objects of a program have one range. */
static struct {
	uint8_t *from, *to;
	const uintptr_t *pcs; /* two words an edge; the first is its address */
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

size_t edge_count(void)
{
	return (size_t)(counters.to - counters.from);
}

void edge_name(size_t edge, char *name, size_t size)
{
	/* The symbolizer looks at the byte before, as for a return address. */
	__sanitizer_symbolize_pc((void *)(counters.pcs[2 * edge] + 1), "%F %L", name, size);
}

size_t outcome_size(void)
{
	return (sizeof(struct outcome) + edge_count() + 7) / 8 * 8;
}

static void record(enum digest_part part, const void *bytes, size_t len)
{
	recorded->parts[part] = digest_add(recorded->parts[part], bytes, len);
}

/* ---- the process that executes ---- */

/* Engines begin with the empty input, too; what the target makes only once is then made. */
static void prepare(const struct serve_options *options)
{
	fuzz_wants_all_races = options->all_races;
	fuzz_initialize();
	LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
}

static void execute(const struct input *input, void *ctx)
{
	const int *out = ctx;

	for (unsigned int part = 0; part < DIGEST_PARTS; part++)
		recorded->parts[part] = DIGEST_START;
	fuzz_listen(record);
	bytes_fill(counters.from, 0, edge_count());
	LLVMFuzzerTestOneInput(input->bytes, input->size);
	bytes_copy(recorded->edges, counters.from, edge_count());
	fuzz_listen(NULL);
	if (write(*out, recorded, outcome_size()) != (ssize_t)outcome_size())
		_exit(1);
}

static void execute_file(const char *name, bool fresh, int out)
{
	alarm(SECONDS_MAX);
	if (fresh)
		fuzz_fresh();
	if (!input_each(name, execute, &out))
		_exit(1);
}

/* Forked before the library or the detector did anything. */
static void execute_apart(const struct serve_options *options, const char *name, int out)
{
	pid_t child = fork();
	int status = 1;

	if (child == 0) {
		prepare(options);
		execute_file(name, true, out);
		_exit(0);
	}
	if (child < 0 || waitpid(child, &status, 0) != child || status)
		_exit(1);
}

int same_serve(const struct serve_options *options)
{
	int out = dup(STDOUT_FILENO);
	char *name = NULL;
	size_t size = 0;

	/* What the target prints is no outcome. */
	dup2(STDERR_FILENO, STDOUT_FILENO);
	recorded = calloc(1, outcome_size());
	if (!recorded)
		return 1;
	if (!options->apart)
		prepare(options);
	for (bool first = true; getdelim(&name, &size, '\0', stdin) > 0; first = false)
		if (options->apart)
			execute_apart(options, name, out);
		else
			execute_file(name, first || !options->keep, out);
	_exit(0);
}
