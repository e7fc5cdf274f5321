/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A failure for people: what it is, what the process printed, and the command that shows it. */
#include <stdio.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "harness/util/shell_word.h"
#include "tool/run/run.h"

/* Lines that a failed input printed, as they are shown. */
#define OUTPUT_LINES 12
#define OUTPUT_WIDTH 160

/* Standard input is read already: the command brings its program along. */
static void print_program(FILE *out, const char *path)
{
	static struct program program;
	static char text[TEXT_PROGRAM_MAX];
	char error[PROGRAM_FILE_ERROR];

	if (!program_file_load(path, &program, error))
		return;
	program_to_text(&program, text);
	fprintf(out, " - <<'END'\n%sEND", text);
}

static void print_input(FILE *out, const struct input_list *list, uint32_t input)
{
	if (!strcmp(input_name(list, input), "-")) {
		print_program(out, input_path(list, input));
		return;
	}
	putc(' ', out);
	shell_path_print(out, input_path(list, input));
}

static void print_execution(FILE *out, const struct execution_options *execution)
{
	if (execution->repeat > 1)
		fprintf(out, " --repeat %u", execution->repeat);
	fprintf(out, " --executor %s", !execution->fibers ? "threads" : execution->threads ? "both" : "fibers");
	if (execution->timing.pin)
		fputs(" --pin", out);
	if (execution->timing.delays)
		fprintf(out, " --delays %llu", (unsigned long long)execution->timing.seed);
}

void print_command(FILE *out, const struct run_order *order, const struct input_list *list,
		   const struct flavour_run *run, uint32_t input)
{
	const struct run_options *options = &order->options;
	const struct run_record *record = &run->records[input];

	shell_word_print(out, shell_binary_path());
	fprintf(out, " %s --backend %s --flavour %s --timeout %u --cpu %u --memory %u",
		order->command, exec_backend(), run->flavour, options->execution.seconds,
		options->execution.cpu, options->megabytes);
	print_execution(out, &options->execution);
	/* For standard input the command contains the text of the program. */
	if (program_all_bytes && strcmp(input_name(list, input), "-"))
		fputs(" --bytes", out);
	if (!record->sequence) {
		print_input(out, list, input);
		return;
	}
	fprintf(out, "%s -j 1 --no-sort", options->orders ? " --orders" : "");
	for (size_t i = 0; i < record->sequence_count; i++)
		print_input(out, list, record->sequence[i]);
}

static void print_output(const char *output)
{
	for (unsigned int i = 0; output && *output && i < OUTPUT_LINES; i++) {
		size_t len = strcspn(output, "\n");

		fprintf(stderr, "  | %.*s\n", (int)(len < OUTPUT_WIDTH ? len : OUTPUT_WIDTH), output);
		output += len + (output[len] == '\n');
	}
}

void print_failure(const struct run_order *order, const struct input_list *list,
		   const struct flavour_run *run, uint32_t input)
{
	const struct run_record *record = &run->records[input];

	/* With rows the model has its say on these, once for all flavours. */
	if (order->rows && (record->kind == RUN_claim || record->kind == RUN_unreadable))
		return;
	/* Both may go to one file: whole lines. */
	fflush(stdout);
	fprintf(stderr, "%s: %s: %s: %s\n", input_name(list, input), run->flavour,
		result_kinds[record->kind].name, record->why ? record->why : "no more is known");
	print_output(record->output);
	fputs("  replay: ", stderr);
	print_command(stderr, order, list, run, input);
	putc('\n', stderr);
}
