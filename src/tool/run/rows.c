/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A row an input: what the model says, what each flavour saw on fibers and on threads, and
 * whether all agree; or the same as JSON.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/model/expectations.h"
#include "harness/program/program_file.h"
#include "tool/run/rates.h"
#include "tool/run/run.h"
#include "tool/util/file_list.h"
#include "tool/util/usage.h"
#include "tool/util/verdict_print.h"
#include "tool/util/warnings.h"

struct rows {
	const struct run_order *order;
	const struct input_list *list;
	const struct flavour_run *runs;
	struct rules *rules;
	struct program program; /* of the row, which the rules have evaluated */
	unsigned int name_width, verdict_width;
	bool *readable; /* one an input */
	struct rates rates; /* of ThreadSanitizer */
	struct file_tally tally;
};

static bool is_tsan(const struct flavour_run *run)
{
	return !strcmp(run->flavour, "tsan");
}

/* A claim is the program's: model and execution agree about what does not hold. */
static bool differs(const struct run_record *record)
{
	return result_kinds[record->kind].fails && record->kind != RUN_claim;
}

void seen_on_fibers(const struct run_order *order, const struct run_record *record,
		    char text[SEEN_TEXT])
{
	snprintf(text, SEEN_TEXT, "-");
	if (!order->options.execution.fibers || !record->returned)
		return;
	rule_set_text(record->fibers, " ", text);
	/* A call that was not executed was not seen, and is not clean for that. */
	if (record->not_run)
		snprintf(text + (record->fibers ? strlen(text) : 0), 16, "%snot run",
			 record->fibers ? ", " : "");
}

void seen_on_threads(const struct run_order *order, const struct run_record *record,
		     char text[SEEN_TEXT])
{
	snprintf(text, SEEN_TEXT, "-");
	if (order->options.execution.threads && record->returned)
		rule_set_text(record->threads, " ", text);
}

/* ---- a row ---- */

static bool shows_threads(const struct rows *rows, const struct flavour_run *run)
{
	const struct execution_options *execution = &rows->order->options.execution;

	/* Without a detector of races threads say little. */
	return execution->threads && (is_tsan(run) || !execution->fibers);
}

/* With room for " N/N". */
static int threads_width(const struct rows *rows)
{
	unsigned int repeat = rows->order->options.execution.repeat;
	int digits = snprintf(NULL, 0, "%u", repeat);

	return (int)rows->verdict_width + (repeat > 1 ? 2 * digits + 2 : 0);
}

static void print_header(const struct rows *rows)
{
	int width = (int)rows->verdict_width;

	printf("%-*s  %-*s", (int)rows->name_width, "program", width, "model");
	for (unsigned int i = 0; i < rows->order->count; i++) {
		const struct flavour_run *run = &rows->runs[i];
		char threads[32];

		snprintf(threads, sizeof(threads), "%s, threads", run->flavour);
		if (rows->order->options.execution.fibers)
			printf("  %-*s", width, run->flavour);
		if (shows_threads(rows, run))
			printf("  %-*s", threads_width(rows), threads);
	}
	printf("  agree\n");
}

static void print_fibers(const struct rows *rows, const struct run_record *record)
{
	char seen[SEEN_TEXT];

	seen_on_fibers(rows->order, record, seen);
	printf("  %-*s", (int)rows->verdict_width,
	       differs(record) ? "DIFFERS" : record->unseen ? "unseen" : seen);
}

static void print_threads(const struct rows *rows, const struct run_record *record, bool racy)
{
	const struct execution_options *execution = &rows->order->options.execution;
	char seen[SEEN_TEXT], text[SEEN_TEXT + 32];

	seen_on_threads(rows->order, record, seen);
	if (!execution->fibers && differs(record))
		strcpy(seen, "DIFFERS");
	if (execution->repeat > 1 && (racy || record->reported))
		snprintf(text, sizeof(text), "%s %u/%u", seen, record->reported, execution->repeat);
	else
		strcpy(text, seen);
	printf("  %-*s", threads_width(rows), text);
}

static void print_row(const struct rows *rows, uint32_t input, bool agree)
{
	rule_set model = rules_verdict(rows->rules)->broken;
	char names[RULE_SET_TEXT];

	rule_set_text(model, " ", names);
	printf("%-*s  %-*s", (int)rows->name_width, input_name(rows->list, input),
	       (int)rows->verdict_width, names);
	for (unsigned int i = 0; i < rows->order->count; i++) {
		const struct flavour_run *run = &rows->runs[i];

		if (rows->order->options.execution.fibers)
			print_fibers(rows, &run->records[input]);
		if (shows_threads(rows, run))
			print_threads(rows, &run->records[input],
				      is_tsan(run) && model & RULE_BIT(RULE_data_race));
	}
	printf("  %s\n", agree ? "yes" : "NO");
	for (unsigned int i = 0; i < rows->order->count; i++)
		if (rows->runs[i].records[input].kind == RUN_unseen)
			printf("  %s: %s\n", rows->runs[i].flavour, rows->runs[i].records[input].why);
}

static void print_json(const struct rows *rows, uint32_t input, bool agree)
{
	const struct execution_options *execution = &rows->order->options.execution;
	struct json out = json_begin(stdout);

	json_object(&out, NULL);
	verdict_print_json(&out, input_name(rows->list, input), &rows->program, rows->rules);
	json_object(&out, "flavours");
	for (unsigned int i = 0; i < rows->order->count; i++) {
		const struct run_record *record = &rows->runs[i].records[input];
		char fibers[SEEN_TEXT], threads[SEEN_TEXT];

		seen_on_fibers(rows->order, record, fibers);
		seen_on_threads(rows->order, record, threads);
		json_object(&out, rows->runs[i].flavour);
		json_text(&out, "result", differs(record) ? "differ" : record->unseen ? "beyond" : "agree");
		json_text(&out, "fibers", fibers);
		json_text(&out, "threads", threads);
		json_number(&out, "reported", record->reported);
		json_number(&out, "runs", execution->threads ? execution->repeat : 0);
		json_text(&out, "why", record->why && record->kind != RUN_claim ? record->why : "");
		json_end(&out);
	}
	json_end(&out);
	json_bool(&out, "agree", agree);
	json_end_line(&out);
}

/* ---- one input ---- */

/* Evaluates the input's program with the model. Return: false if it cannot be read. */
static bool evaluate(struct rows *rows, uint32_t input, char error[PROGRAM_FILE_ERROR])
{
	if (!program_file_load(input_path(rows->list, input), &rows->program, error))
		return false;
	rules_evaluate(rows->rules, &rows->program);
	return true;
}

/* "NAME:LINE: what", with the name that the user gave. */
static void print_unreadable(const struct rows *rows, uint32_t input, const char *error)
{
	const char *path = input_path(rows->list, input);
	size_t len = strlen(path);

	fprintf(stderr, "%s%s\n", strncmp(error, path, len) ? "" : input_name(rows->list, input),
		strncmp(error, path, len) ? error : error + len);
}

/* What real threads reported of the program's races. */
static void add_rates(struct rows *rows, uint32_t input)
{
	bool racy = rules_verdict(rows->rules)->broken & RULE_BIT(RULE_data_race);

	for (unsigned int i = 0; i < rows->order->count; i++)
		if (is_tsan(&rows->runs[i]) && rows->order->options.execution.threads)
			rates_add(&rows->rates, input_name(rows->list, input), racy,
				  rows->runs[i].records[input].reported,
				  rows->order->options.execution.repeat);
}

static bool all_agree(const struct rows *rows, uint32_t input)
{
	for (unsigned int i = 0; i < rows->order->count; i++)
		if (differs(&rows->runs[i].records[input]))
			return false;
	return true;
}

static int print_input(struct rows *rows, uint32_t input)
{
	const char *name = input_name(rows->list, input);
	char error[PROGRAM_FILE_ERROR], claim[EXPECTATION_TEXT];
	bool agree = all_agree(rows, input);
	int status;

	if (!rows->readable[input] || !evaluate(rows, input, error))
		return EXIT_BAD;
	add_rates(rows, input);
	if (rows->order->json)
		print_json(rows, input, agree);
	else
		print_row(rows, input, agree);
	fflush(stdout);
	status = warnings_print(name, &rows->program, rows->rules, rows->order->strict);
	if (!expectations_hold(&rows->program, rows->rules, claim)) {
		fprintf(stderr, "%s: claim does not hold: %s\n", name, claim);
		agree = false;
	}
	return worse(status, agree ? EXIT_GOOD : EXIT_FAILED);
}

/* ---- all of them ---- */

static unsigned int wider(unsigned int width, const char *text)
{
	return strlen(text) > width ? (unsigned int)strlen(text) : width;
}

/* Prints which inputs cannot be read, and how wide columns are. Return: can one be read? */
static bool measure(struct rows *rows)
{
	bool any = false;

	rows->name_width = wider(0, "program");
	/* No flavour says more than the model. */
	rows->verdict_width = wider(0, "tsan, threads ");
	for (uint32_t i = 0; i < rows->list->count; i++) {
		char error[PROGRAM_FILE_ERROR], names[RULE_SET_TEXT];

		rows->readable[i] = evaluate(rows, i, error);
		any |= rows->readable[i];
		if (!rows->readable[i]) {
			print_unreadable(rows, i, error);
			continue;
		}
		rule_set_text(rules_verdict(rows->rules)->broken, " ", names);
		rows->verdict_width = wider(rows->verdict_width, names);
		rows->name_width = wider(rows->name_width, input_name(rows->list, i));
	}
	return any;
}

int print_rows(const struct run_order *order, const struct input_list *list,
	       const struct flavour_run *runs)
{
	static struct rows rows;
	int status = EXIT_GOOD;

	rows = (struct rows){ .order = order, .list = list, .runs = runs, .rules = rules_new(),
			      .readable = calloc(list->count, sizeof(*rows.readable)) };
	if (!rows.rules || !rows.readable)
		return usage_error(order->command, "expected memory for the rule model, got none");
	file_tally_init(&rows.tally, &(struct file_list){ .bad = !order->listed });
	if (measure(&rows) && !order->json)
		print_header(&rows);
	for (uint32_t i = 0; i < list->count; i++)
		status = worse(status, file_tally_add(&rows.tally, print_input(&rows, i)));
	if (!order->json && order->options.execution.repeat > 1)
		rates_print(&rows.rates, "tsan");
	file_tally_print(&rows.tally, order->command);
	rules_delete(rows.rules);
	free(rows.readable);
	return status;
}
