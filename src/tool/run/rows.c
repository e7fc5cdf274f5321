/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints a row for each input: the verdict of the model, the broken rules that each flavour reported on
 * fibers and on threads, and whether all flavours agree with the model. With --json, prints the same as JSON.
 */
#include <stdio.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/program/program_file.h"
#include "tool/run/run.h"
#include "tool/util/usage.h"
#include "tool/util/verdict_print.h"

/* A number of programs, and how many of their executions on threads had a race report. */
struct race_rate {
	size_t program_count, run_count_with_race;
};

struct rows {
	const struct run *run;
	struct rules *rules;
	struct program program; /* of the input that load_and_evaluate_input() read last */
	int name_width, verdict_width, threads_width;
	/* Race reports of ThreadSanitizer for programs that race by the model's verdict, and for others. */
	struct race_rate racy, race_free;
	/* The racy program whose race was reported in the fewest of its runs, or NULL. */
	const char *least_reported_program;
	unsigned int least_reported_run_count;
};

static bool is_tsan_run(const struct flavour_run *flavour)
{
	return !strcmp(flavour->flavour, "tsan");
}

/* Return: whether the execution failed. An expectation that does not hold is no failure of the execution. */
static bool record_has_failure_except_claim(const struct run_record *record)
{
	return record_is_failure(record) && record->result.kind != RUN_claim;
}

static bool all_flavours_agree_with_model(const struct rows *rows, size_t input)
{
	for (unsigned int i = 0; i < rows->run->flavour_count; i++)
		if (record_has_failure_except_claim(&rows->run->flavours[i].records[input]))
			return false;
	return true;
}

void format_rules_seen(const struct run *run, const struct run_record *record, bool on_threads,
		       char text[RULES_SEEN_TEXT])
{
	const struct execution_options *execution = &run->options.execution;
	rule_set rules =
		on_threads ? record->result.rules_seen_on_threads : record->result.rules_seen_on_fibers;

	snprintf(text, RULES_SEEN_TEXT, "-");
	if (!(on_threads ? execution->threads : execution->fibers) || !record->result.was_returned)
		return;
	rule_set_to_text(rules, " ", text);
	/* If the fatal call was not executed, the text must say so, and must not be "clean". */
	if (!on_threads && record->result.has_unexecuted_call)
		snprintf(text + (rules ? strlen(text) : 0), 16, "%snot run", rules ? ", " : "");
}

void write_rules_and_races_seen(struct json *out, const struct run *run, const struct run_record *record)
{
	char text[RULES_SEEN_TEXT]; /* the rules reported on fibers, then those reported on threads */

	format_rules_seen(run, record, false, text);
	json_text(out, "fibers", text);
	format_rules_seen(run, record, true, text);
	json_text(out, "threads", text);
	json_number(out, "reported", record->result.runs_with_race);
}

/* ---- a row ---- */

/* If inputs also run on fibers, only tsan has a column for threads, because only tsan detects races. */
static bool has_threads_column(const struct rows *rows, const struct flavour_run *flavour)
{
	const struct execution_options *execution = &rows->run->options.execution;

	return execution->threads && (is_tsan_run(flavour) || !execution->fibers);
}

static void print_header_row(const struct rows *rows)
{
	printf("%-*s  %-*s", rows->name_width, "program", rows->verdict_width, "model");
	for (unsigned int i = 0; i < rows->run->flavour_count; i++) {
		const struct flavour_run *flavour = &rows->run->flavours[i];
		char threads[32];

		snprintf(threads, sizeof(threads), "%s, threads", flavour->flavour);
		if (rows->run->options.execution.fibers)
			printf("  %-*s", rows->verdict_width, flavour->flavour);
		if (has_threads_column(rows, flavour))
			printf("  %-*s", rows->threads_width, threads);
	}
	printf("  agree\n");
}

static void print_fibers_cell(const struct rows *rows, const struct run_record *record)
{
	char rules_seen[RULES_SEEN_TEXT];

	format_rules_seen(rows->run, record, false, rules_seen);
	printf("  %-*s", rows->verdict_width,
	       record_has_failure_except_claim(record) ? "DIFFERS" :
	       record->result.has_predicted_miss       ? "unseen" :
							 rules_seen);
}

/* @is_racy: whether tsan must report a race of the program. */
static void print_threads_cell(const struct rows *rows, const struct run_record *record, bool is_racy)
{
	const struct execution_options *execution = &rows->run->options.execution;
	unsigned int reported = record->result.runs_with_race;
	char rules_seen[RULES_SEEN_TEXT], text[RULES_SEEN_TEXT + 32];

	format_rules_seen(rows->run, record, true, rules_seen);
	if (!execution->fibers && record_has_failure_except_claim(record))
		strcpy(rules_seen, "DIFFERS");
	if (execution->run_count > 1 && (is_racy || reported))
		snprintf(text, sizeof(text), "%s %u/%u", rules_seen, reported, execution->run_count);
	else
		strcpy(text, rules_seen);
	printf("  %-*s", rows->threads_width, text);
}

static void print_table_row(const struct rows *rows, size_t input)
{
	rule_set model = rules_verdict(rows->rules)->broken;
	const struct run *run = rows->run;
	char rule_names[RULE_SET_TEXT];

	rule_set_to_text(model, " ", rule_names);
	printf("%-*s  %-*s", rows->name_width, run_input_name(run, input), rows->verdict_width, rule_names);
	for (unsigned int i = 0; i < run->flavour_count; i++) {
		const struct flavour_run *flavour = &run->flavours[i];

		if (run->options.execution.fibers)
			print_fibers_cell(rows, &flavour->records[input]);
		if (has_threads_column(rows, flavour))
			print_threads_cell(rows, &flavour->records[input],
					   is_tsan_run(flavour) && model & RULE_BIT(RULE_data_race));
	}
	printf("  %s\n", all_flavours_agree_with_model(rows, input) ? "yes" : "NO");
	for (unsigned int i = 0; i < run->flavour_count; i++)
		if (run->flavours[i].records[input].result.kind == RUN_unseen)
			printf("  %s: %s\n", run->flavours[i].flavour, run->flavours[i].records[input].why);
}

static void print_flavour_json(struct json *out, const struct run *run, const struct flavour_run *flavour,
			       size_t input)
{
	const struct run_record *record = &flavour->records[input];
	const struct execution_options *execution = &run->options.execution;

	json_begin_object(out, flavour->flavour);
	json_text(out, "result",
		  record_has_failure_except_claim(record) ? "differ" :
		  record->result.has_predicted_miss       ? "beyond" :
							    "agree");
	write_rules_and_races_seen(out, run, record);
	json_number(out, "runs", execution->threads ? execution->run_count : 0);
	json_text(out, "why", record->why && record->result.kind != RUN_claim ? record->why : "");
	json_end(out);
}

static void print_input_json(const struct rows *rows, size_t input)
{
	struct json out = json_make_writer(stdout);

	json_begin_object(&out, NULL);
	verdict_write_json_members(&out, run_input_name(rows->run, input), &rows->program, rows->rules);
	json_begin_object(&out, "flavours");
	for (unsigned int i = 0; i < rows->run->flavour_count; i++)
		print_flavour_json(&out, rows->run, &rows->run->flavours[i], input);
	json_end(&out);
	json_bool(&out, "agree", all_flavours_agree_with_model(rows, input));
	json_end_all_and_newline(&out);
}

/* ---- rates ---- */

/* Adds the program's executions on threads, and how many of them had a race report of ThreadSanitizer. */
static void add_input_to_race_rates(struct rows *rows, size_t input)
{
	bool is_racy = rules_verdict(rows->rules)->broken & RULE_BIT(RULE_data_race);
	struct race_rate *race_rate = is_racy ? &rows->racy : &rows->race_free;

	for (unsigned int i = 0; i < rows->run->flavour_count; i++) {
		const struct flavour_run *flavour = &rows->run->flavours[i];
		unsigned int reported = flavour->records[input].result.runs_with_race;

		if (!is_tsan_run(flavour) || !rows->run->options.execution.threads)
			continue;
		race_rate->program_count++;
		race_rate->run_count_with_race += reported;
		if (is_racy && (!rows->least_reported_program || reported < rows->least_reported_run_count)) {
			rows->least_reported_program = run_input_name(rows->run, input);
			rows->least_reported_run_count = reported;
		}
	}
}

static void print_race_rate(const char *programs_text, const struct race_rate *race_rate,
			    unsigned int runs_per_program)
{
	size_t runs = race_rate->program_count * runs_per_program;

	if (runs)
		printf("tsan, threads: %s: %zu, a race reported in %zu of %zu runs (%.2f %%)\n",
		       programs_text, race_rate->program_count, race_rate->run_count_with_race, runs,
		       100.0 * (double)race_rate->run_count_with_race / (double)runs);
}

static void print_race_rates(const struct rows *rows)
{
	unsigned int runs_per_program = rows->run->options.execution.run_count;

	print_race_rate("programs without a race", &rows->race_free, runs_per_program);
	print_race_rate("racy programs", &rows->racy, runs_per_program);
	if (rows->least_reported_program && rows->least_reported_run_count < runs_per_program)
		printf("tsan, threads: the least, %u of %u runs: %s\n", rows->least_reported_run_count,
		       runs_per_program, rows->least_reported_program);
}

/* Return: false if the program cannot be read; @error then has the reason. */
static bool load_and_evaluate_input(struct rows *rows, size_t input, char error[PROGRAM_FILE_ERROR])
{
	if (!program_file_read_and_parse(rows->run->inputs.names[input], &rows->program, error))
		return false;
	rules_evaluate(rows->rules, &rows->program);
	return true;
}

/* Prints @error, with the display name of the input in place of its path. */
static void print_read_error(const struct rows *rows, size_t input, const char *error)
{
	const char *path = rows->run->inputs.names[input];
	size_t len = strlen(path);
	bool has_path = !strncmp(error, path, len);

	fprintf(stderr, "%s%s\n", has_path ? run_input_name(rows->run, input) : "",
		has_path ? error + len : error);
}

static int evaluate_and_print_input(struct rows *rows, size_t input)
{
	const char *name = run_input_name(rows->run, input);
	char error[PROGRAM_FILE_ERROR], failed_claim[EXPECTATION_TEXT];
	int warning_status;

	if (!load_and_evaluate_input(rows, input, error)) {
		print_read_error(rows, input, error);
		return EXIT_BAD;
	}
	add_input_to_race_rates(rows, input);
	if (rows->run->must_print_json)
		print_input_json(rows, input);
	else
		print_table_row(rows, input);
	fflush(stdout);
	warning_status = never_runs_print_warnings(name, &rows->program, rows->rules, rows->run->is_strict);
	if (!expectations_hold(&rows->program, rows->rules, failed_claim)) {
		fprintf(stderr, "%s: claim does not hold: %s\n", name, failed_claim);
		return EXIT_FAILED;
	}
	return all_flavours_agree_with_model(rows, input) ? warning_status : EXIT_FAILED;
}

static int widen_column(int width, const char *text)
{
	return (int)strlen(text) > width ? (int)strlen(text) : width;
}

/* Computes the widths of the columns from all inputs. Return: whether at least one input can be read. */
static bool measure_columns_if_any_readable(struct rows *rows)
{
	unsigned int runs_per_program = rows->run->options.execution.run_count;
	bool any_readable = false;

	rows->name_width = widen_column(0, "program");
	/* No text of a flavour is wider than both the text of the model and this heading. */
	rows->verdict_width = widen_column(0, "tsan, threads ");
	for (size_t i = 0; i < rows->run->inputs.count; i++) {
		char error[PROGRAM_FILE_ERROR], rule_names[RULE_SET_TEXT];

		if (!load_and_evaluate_input(rows, i, error))
			continue;
		any_readable = true;
		rule_set_to_text(rules_verdict(rows->rules)->broken, " ", rule_names);
		rows->verdict_width = widen_column(rows->verdict_width, rule_names);
		rows->name_width = widen_column(rows->name_width, run_input_name(rows->run, i));
	}
	/* The column for threads has additional space for " REPORTS/RUNS". */
	rows->threads_width = rows->verdict_width +
			      (runs_per_program > 1 ? 2 * snprintf(NULL, 0, "%u", runs_per_program) + 2 : 0);
	return any_readable;
}

int print_input_rows_or_json(const struct run *run)
{
	static struct rows rows;
	struct file_tally tally;
	int status = EXIT_GOOD;

	rows = (struct rows){ .run = run, .rules = rules_new() };
	if (!rows.rules)
		return usage_error(run->command_name, "expected memory for the rule model, got none");
	file_tally_init(&tally, &run->inputs);
	if (measure_columns_if_any_readable(&rows) && !run->must_print_json)
		print_header_row(&rows);
	for (size_t i = 0; i < run->inputs.count; i++)
		status = worse_exit_status(
			status, file_tally_count_and_return(&tally, evaluate_and_print_input(&rows, i)));
	if (!run->must_print_json && run->options.execution.run_count > 1)
		print_race_rates(&rows);
	file_tally_log_failures(&tally, run->command_name);
	rules_delete(rows.rules);
	return status;
}
