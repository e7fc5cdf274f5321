/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Prints failures as text: the reason, the output of the process, and a command that replays the failure. */
#include <stdio.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "harness/util/shell_word.h"
#include "tool/run/run.h"

/* How much of the output of a failed input is printed: the most lines, and the most bytes of each line. */
#define OUTPUT_LINES_MAX      12
#define OUTPUT_LINE_BYTES_MAX 160

static bool is_standard_input(const struct run *run, size_t input)
{
	return !strcmp(run_input_name(run, input), "-");
}

/* Prints the program from standard input as a here-document: no command can read that input again. */
static void print_here_document(FILE *out, const char *path)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	char error[PROGRAM_FILE_ERROR];

	if (!program_file_read_and_parse(path, &program, error))
		return;
	program_to_text(&program, text);
	fprintf(out, " - <<'END'\n%sEND", text);
}

static void print_input_argument(FILE *out, const struct run *run, size_t input)
{
	if (is_standard_input(run, input)) {
		print_here_document(out, run->inputs.names[input]);
		return;
	}
	putc(' ', out);
	shell_absolute_path_print(out, run->inputs.names[input]);
}

static void print_execution_options(FILE *out, const struct execution_options *execution)
{
	if (execution->run_count > 1)
		fprintf(out, " --repeat %u", execution->run_count);
	fprintf(out, " --executor %s",
		!execution->fibers ? "threads" :
		execution->threads ? "both" :
				     "fibers");
	if (execution->timing.pins_threads)
		fputs(" --pin", out);
	if (execution->timing.has_delays)
		fprintf(out, " --delays %llu", (unsigned long long)execution->timing.seed);
}

void print_replay_command(FILE *out, const struct run *run, const struct flavour_run *flavour, size_t input)
{
	const struct execution_options *execution = &run->options.execution;
	const struct run_record *record = &flavour->records[input];

	shell_word_print(out, running_binary_path());
	fprintf(out, " %s --backend %s --flavour %s --timeout %u --cpu %u --memory %u", run->command_name,
		exec_backend_name(), flavour->flavour, execution->time_limit_seconds,
		execution->cpu_limit_seconds, run->options.memory_limit_mb);
	print_execution_options(out, execution);
	if (program_all_bytes && !is_standard_input(run, input))
		fputs(" --bytes", out);
	if (!record->failing_sequence) {
		print_input_argument(out, run, input);
		return;
	}
	fprintf(out, "%s -j 1 --no-sort", run->options.has_two_orders ? " --orders" : "");
	for (size_t i = 0; i < record->failing_sequence_count; i++)
		print_input_argument(out, run, record->failing_sequence[i]);
}

static void print_first_output_lines(const char *output)
{
	for (unsigned int i = 0; output && *output && i < OUTPUT_LINES_MAX; i++) {
		size_t len = strcspn(output, "\n");

		fprintf(stderr, "  | %.*s\n",
			(int)(len < OUTPUT_LINE_BYTES_MAX ? len : OUTPUT_LINE_BYTES_MAX), output);
		output += len + (output[len] == '\n');
	}
}

static void print_failure(const struct run *run, const struct flavour_run *flavour, size_t input)
{
	const struct run_record *record = &flavour->records[input];
	enum result_kind kind = record->result.kind;

	/* print_input_rows_or_json() prints unreadable inputs and failed claims, once for all flavours. */
	if (run->must_print_rows && (kind == RUN_claim || kind == RUN_unreadable))
		return;
	fprintf(stderr, "%s: %s: %s: %s\n", run_input_name(run, input), flavour->flavour,
		result_kinds[kind].name, record->why ? record->why : "no more is known");
	print_first_output_lines(record->output);
	fputs("  replay: ", stderr);
	print_replay_command(stderr, run, flavour, input);
	putc('\n', stderr);
}

static void print_failures_of_flavour(const struct run *run, const struct flavour_run *flavour)
{
	size_t not_run = 0;

	for (size_t i = 0; i < flavour->record_count; i++) {
		const struct run_record *record = &flavour->records[i];

		not_run += !record->was_run;
		if (record_is_failure(record) && record->was_run)
			print_failure(run, flavour, i);
	}
	if (not_run)
		fprintf(stderr, "%s: %zu of %zu inputs were never run\n", flavour->flavour, not_run,
			flavour->record_count);
	if (*flavour->growth)
		fprintf(stderr, "%s: %s\n", flavour->flavour, flavour->growth);
}

void print_failures(const struct run *run)
{
	/* Keeps the order of the output if standard output and standard error are the same file. */
	fflush(stdout);
	for (unsigned int i = 0; i < run->flavour_count; i++)
		print_failures_of_flavour(run, &run->flavours[i]);
}
