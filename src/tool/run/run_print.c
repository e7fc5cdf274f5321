/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <stdio.h>
#include <string.h>

#include "harness/util/shell_word.h"
#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "tool/util/verdict_print.h"
#include "tool/run/run_parts.h"

bool run_has(const struct run *run, unsigned int flavour)
{
	return run->flavours[flavour].pid > 0;
}

bool run_is_tsan(unsigned int flavour)
{
	return !strcmp(flavour_names[flavour], "tsan");
}

/* Which columns a flavour has. Without a detector of races threads say little. */
static bool shows_fibers(const struct run *run, unsigned int flavour)
{
	return run_has(run, flavour) && run->options.fibers;
}

static bool shows_threads(const struct run *run, unsigned int flavour)
{
	return run_has(run, flavour) && run->options.threads &&
	       (run_is_tsan(flavour) || !run->options.fibers);
}

static int verdict_width(const struct run *run)
{
	return (int)run->verdict_width;
}

/* With room for " N/N". */
static int threads_width(const struct run *run)
{
	int digits = snprintf(NULL, 0, "%u", run->options.repeat);

	return verdict_width(run) + (run->options.repeat > 1 ? 2 * digits + 2 : 0);
}

void run_print_header(const struct run *run)
{
	printf("%-*s  %-*s", (int)run->file_width, "program", verdict_width(run), "model");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		char threads[32];

		snprintf(threads, sizeof(threads), "%s, threads", flavour_names[i]);
		if (shows_fibers(run, i))
			printf("  %-*s", verdict_width(run), flavour_names[i]);
		if (shows_threads(run, i))
			printf("  %-*s", threads_width(run), threads);
	}
	printf("  agree\n");
}

static void print_threads(const struct run *run, const struct run_cell *cell, bool racy)
{
	char text[RULE_SET_TEXT + 32];
	const char *seen = cell->field[RUN_THREADS];

	if (!run->options.fibers && run_cell_differs(cell))
		seen = "DIFFERS";
	if (run->options.repeat > 1 && (racy || run_cell_reported(cell)))
		snprintf(text, sizeof(text), "%s %u/%u", seen, run_cell_reported(cell),
			 run->options.repeat);
	else
		snprintf(text, sizeof(text), "%s", seen);
	printf("  %-*s", threads_width(run), text);
}

void run_print_row(const struct run *run, const struct run_input *input, rule_set model,
		   const struct run_cell *cells, bool agree)
{
	char names[RULE_SET_TEXT];

	rule_set_text(model, " ", names);
	printf("%-*s  %-*s", (int)run->file_width, input->name, verdict_width(run), names);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (shows_fibers(run, i))
			printf("  %-*s", verdict_width(run), run_cell_seen(&cells[i]));
		if (shows_threads(run, i))
			print_threads(run, &cells[i], run_is_tsan(i) && model & RULE_BIT(RULE_data_race));
	}
	printf("  %s\n", agree ? "yes" : "NO");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (run_has(run, i) && !strcmp(cells[i].field[RUN_RESULT], "beyond"))
			printf("  %s: %s\n", flavour_names[i], cells[i].field[RUN_WHY]);
}

void run_print_json(const struct run *run, const struct run_input *input,
		    const struct rules *rules, const struct run_cell *cells, bool agree)
{
	struct json out = json_begin(stdout);

	json_object(&out, NULL);
	verdict_print_json(&out, input->name, &input->program, rules);
	json_object(&out, "flavours");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run_has(run, i))
			continue;
		json_object(&out, flavour_names[i]);
		json_text(&out, "result", cells[i].field[RUN_RESULT]);
		json_text(&out, "fibers", cells[i].field[RUN_SEEN]);
		json_text(&out, "threads", cells[i].field[RUN_THREADS]);
		json_number(&out, "reported", run_cell_reported(&cells[i]));
		json_number(&out, "runs", run->options.threads ? run->options.repeat : 0);
		json_text(&out, "why", cells[i].field[RUN_WHY]);
		json_end(&out);
	}
	json_end(&out);
	json_bool(&out, "agree", agree);
	json_end_line(&out);
}

void run_execution_text(const struct execution_options *options, char text[RUN_EXECUTION_TEXT])
{
	const char *executor = !options->fibers ? " --executor threads" :
			       !options->threads ? " --executor fibers" : "";
	char delays[40] = "";

	if (options->timing.delays)
		snprintf(delays, sizeof(delays), " --delays %llu",
			 (unsigned long long)options->timing.seed);
	snprintf(text, RUN_EXECUTION_TEXT, "--repeat %u --timeout %u%s%s%s", options->repeat,
		 options->seconds, executor, options->timing.pin ? " --pin" : "", delays);
}

/* Standard input is gone by now: the command brings its program along. */
static void print_command(const struct run_input *input, const char *flavour, const char *execution)
{
	static char text[TEXT_PROGRAM_MAX];

	fputs("  replay: ", stderr);
	shell_word_print(stderr, shell_binary_path());
	fprintf(stderr, " run --backend %s --flavour %s %s ", exec_backend(), flavour, execution);
	if (strcmp(input->name, "-")) {
		fputs(program_all_bytes ? "--bytes " : "", stderr);
		shell_path_print(stderr, input->name);
		putc('\n', stderr);
		return;
	}
	program_to_text(&input->program, text);
	fprintf(stderr, "- <<'END'\n%sEND\n", text);
}

void run_print_differences(const struct run *run, const struct run_input *input,
			   const struct run_cell *cells)
{
	char execution[RUN_EXECUTION_TEXT];

	run_execution_text(&run->options, execution);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run_has(run, i) || !run_cell_differs(&cells[i]))
			continue;
		fprintf(stderr, "%s: %s: %s\n", input->name, flavour_names[i],
			cells[i].field[RUN_WHY]);
		print_command(input, flavour_names[i], execution);
	}
}
