/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The results for programs: doc/replay.md has all fields. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "harness/util/utf8.h"
#include "tool/report/report_json.h"
#include "tool/report/symbols.h"
#include "tool/run/run.h"

/* Finds the functions of this flavour's binary, where the report has offsets only. */
static void add_symbols(const char *flavour, struct report_site *site)
{
	char binary[PATH_MAX], stack[SYMBOLS_STACK] = "";
	struct report_frame frame;

	if (report_innermost(site) || !flavour_find(flavour, binary, sizeof(binary)))
		return;
	for (size_t i = 0; i < site->count; i++)
		if (strstr(site->frames[i].module, "pagetorture"))
			symbols_push(stack, site->frames[i].offset);
	if (symbols_innermost(binary, stack, &frame)) {
		site->frames[0] = frame;
		site->count = 1;
	}
}

/* The places of the library that a report in the output names. */
static void write_places(struct json *out, const struct flavour_run *run, const char *output)
{
	struct report report;

	json_array(out, "places");
	if (output && report_read(output, &report))
		for (size_t i = 0; i < report.site_count; i++) {
			add_symbols(run->flavour, &report.sites[i]);
			report_write_place(out, report_innermost(&report.sites[i]));
		}
	json_end(out);
}

static void write_command(struct json *out, const struct run_order *order,
			  const struct input_list *list, const struct flavour_run *run,
			  uint32_t input)
{
	char *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);

	if (command) {
		print_command(command, order, list, run, input);
		fclose(command);
	}
	json_text(out, "replay", text ? text : "");
	free(text);
}

static void write_failure(struct json *out, const struct run_order *order,
			  const struct input_list *list, const struct flavour_run *run,
			  uint32_t input)
{
	const struct run_record *record = &run->records[input];

	json_text(out, "meaning", result_kinds[record->kind].meaning);
	json_text(out, "document", "doc/replay.md");
	json_text(out, "section", "Results of an input");
	write_command(out, order, list, run, input);
	json_text(out, "output", record->output ? record->output : "");
	write_places(out, run, record->output);
}

static bool is_utf8(const char *text)
{
	for (size_t size; *text; text += size) {
		size = utf8_in_string(text);
		if (!size)
			return false;
	}
	return true;
}

/* A name that is not UTF-8 loses bytes as JSON text. */
static void write_name(struct json *out, const char *name)
{
	char *digits;

	json_text(out, "input", name);
	if (is_utf8(name))
		return;
	digits = malloc(2 * strlen(name) + 1);
	for (size_t i = 0; digits && name[i]; i++)
		snprintf(digits + 2 * i, 3, "%02x", (unsigned char)name[i]);
	json_text(out, "input_hex", digits);
	free(digits);
}

static void write_record(struct results *results, const struct run_order *order,
			 const struct input_list *list, const struct flavour_run *run,
			 uint32_t input)
{
	const struct run_record *record = &run->records[input];
	const struct run_kind_info *kind = &result_kinds[record->kind];
	struct json *out = results_line(results);
	char fibers[SEEN_TEXT], threads[SEEN_TEXT];

	seen_on_fibers(order, record, fibers);
	seen_on_threads(order, record, threads);
	json_object(out, NULL);
	write_name(out, input_name(list, input));
	json_bool(out, "bytes", program_name_is_bytes(input_path(list, input)));
	json_text(out, "flavour", run->flavour);
	json_text(out, "result", kind->name);
	json_bool(out, "failed", kind->fails);
	json_real(out, "seconds", record->microseconds / 1e6, 6);
	json_text(out, "fibers", fibers);
	json_text(out, "threads", threads);
	json_number(out, "reported", record->reported);
	json_text(out, "why", record->why ? record->why : "");
	if (kind->fails)
		write_failure(out, order, list, run, input);
	json_end_line(out);
}

/* State that grew over two orders is a record of no input. */
static void write_growth(struct results *results, const struct flavour_run *run)
{
	struct json *out = results_line(results);

	json_object(out, NULL);
	json_text(out, "input", "");
	json_text(out, "flavour", run->flavour);
	json_text(out, "result", result_kinds[RUN_grows].name);
	json_bool(out, "failed", true);
	json_text(out, "why", run->growth);
	json_text(out, "meaning", result_kinds[RUN_grows].meaning);
	json_text(out, "document", "doc/replay.md");
	json_text(out, "section", "Results of an input");
	json_format(out, "replay", "pagetorture replay --orders --flavour %s with the same inputs",
		    run->flavour);
	json_end_line(out);
}

/* ---- the summary ---- */

static void write_totals(struct json *out, const struct input_list *list,
			 const struct flavour_run *run)
{
	size_t failed = count_failed(run, list->count);

	json_object(out, NULL);
	json_text(out, "flavour", run->flavour);
	json_number(out, "inputs", list->count);
	json_number(out, "good", (int64_t)(list->count - failed));
	json_number(out, "failed", (int64_t)failed);
	json_number(out, "unseen", (int64_t)count_kind(run, list->count, RUN_unseen));
	json_number(out, "not-run", (int64_t)count_kind(run, list->count, RUN_not_run));
	json_number(out, "workers", run->starts);
	json_real(out, "seconds", run->seconds, 3);
	json_end(out);
}

/* The flavours that did not run: not asked for, not built, or not started. */
static void write_skipped(struct json *out, const struct run_order *order)
{
	json_array(out, "skipped");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		unsigned int n = 0;

		while (n < order->count && strcmp(order->flavours[n], flavour_names[i]))
			n++;
		if (n == order->count)
			json_text(out, NULL, flavour_names[i]);
	}
	json_end(out);
}

bool write_json_lines(struct run_order *order, const struct input_list *list,
		      const struct flavour_run *runs, bool good)
{
	struct results *results = &order->results;
	struct json *out = results_line(results);

	if (!out)
		return false;
	for (unsigned int f = 0; f < order->count; f++) {
		for (uint32_t i = 0; i < list->count; i++)
			write_record(results, order, list, &runs[f], i);
		if (*runs[f].growth)
			write_growth(results, &runs[f]);
	}
	results_open(results, good ? "good" : "failed");
	json_text(out, "backend", exec_backend());
	json_bool(out, "orders", order->options.orders);
	json_number(out, "inputs", list->count);
	json_array(out, "flavours");
	for (unsigned int i = 0; i < order->count; i++)
		write_totals(out, list, &runs[i]);
	json_end(out);
	write_skipped(out, order);
	return results_close(results);
}
