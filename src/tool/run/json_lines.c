/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes the results as JSON lines; doc/replay.md describes all fields. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "config.h"
#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "harness/util/utf8.h"
#include "tool/report/report_json.h"
#include "tool/report/symbols.h"
#include "tool/run/run.h"
#include "tool/util/clock.h"
#include "tool/util/output.h"

/* If @site has no function of the library, looks up the offsets of its frames in the flavour's binary. */
static void find_library_frame_if_unnamed(const char *flavour, struct report_site *site)
{
	char binary[PATH_MAX], stack[SYMBOLS_STACK] = "";
	struct report_frame frame;

	if (report_find_innermost_library_frame(site) ||
	    !flavour_find_binary(flavour, binary, sizeof(binary)))
		return;
	for (size_t i = 0; i < site->frame_count; i++)
		if (strstr(site->frames[i].module, "pagetorture"))
			symbols_append_offset(stack, site->frames[i].offset);
	if (symbols_find_innermost_library_frame(binary, stack, &frame)) {
		site->frames[0] = frame;
		site->frame_count = 1;
	}
}

/* Writes the places in the sources of the page library that the report in @output names. */
static void write_report_places(struct json *out, const struct flavour_run *run, const char *output)
{
	struct report report;

	json_begin_array(out, "places");
	if (output && report_parse_first(output, &report))
		for (size_t i = 0; i < report.site_count; i++) {
			find_library_frame_if_unnamed(run->flavour, &report.sites[i]);
			report_write_frame_json_if_in_library(
				out, report_find_innermost_library_frame(&report.sites[i]));
		}
	json_end(out);
}

static void write_replay_command(struct json *out, const struct run *run, const struct flavour_run *flavour,
				 size_t input)
{
	char *text = NULL;
	size_t size;
	FILE *command = open_memstream(&text, &size);

	if (command) {
		print_replay_command(command, run, flavour, input);
		fclose(command);
	}
	json_text(out, "replay", text ? text : "");
	free(text);
}

static void write_kind_meaning_and_section(struct json *out, enum result_kind kind)
{
	json_text(out, "meaning", result_kinds[kind].meaning);
	json_text(out, "document", "doc/replay.md");
	json_text(out, "section", "Results of an input");
}

static void write_failure_members(struct json *out, const struct run *run, const struct flavour_run *flavour,
				  size_t input)
{
	const struct run_record *record = &flavour->records[input];

	write_kind_meaning_and_section(out, record->result.kind);
	write_replay_command(out, run, flavour, input);
	json_text(out, "output", record->output ? record->output : "");
	write_report_places(out, flavour, record->output);
}

static bool is_utf8(const char *text)
{
	for (size_t size; *text; text += size) {
		size = utf8_character_length(text, 4);
		if (!size)
			return false;
	}
	return true;
}

/* A JSON string cannot hold a name that is not UTF-8; the member `input_hex` has the bytes of such a name. */
static void write_input_name(struct json *out, const char *name)
{
	char *hex_digits;

	json_text(out, "input", name);
	if (is_utf8(name))
		return;
	hex_digits = malloc(2 * strlen(name) + 1);
	for (size_t i = 0; hex_digits && name[i]; i++)
		snprintf(hex_digits + 2 * i, 3, "%02x", (unsigned char)name[i]);
	json_text(out, "input_hex", hex_digits);
	free(hex_digits);
}

static void write_record(struct json *out, const struct run *run, const struct flavour_run *flavour,
			 size_t input)
{
	const struct run_record *record = &flavour->records[input];
	const struct result_kind_info *kind = &result_kinds[record->result.kind];

	json_begin_object(out, NULL);
	write_input_name(out, run_input_name(run, input));
	json_bool(out, "bytes", program_name_is_bytes(run->inputs.names[input]));
	json_text(out, "flavour", flavour->flavour);
	json_text(out, "result", kind->name);
	json_bool(out, "failed", kind->is_failure);
	json_real(out, "seconds", record->result.duration_us / 1e6, 6);
	write_rules_and_races_seen(out, run, record);
	json_text(out, "why", record->why ? record->why : "");
	if (kind->is_failure)
		write_failure_members(out, run, flavour, input);
	json_end_all_and_newline(out);
}

/* Writes a record without an input: the footprint of a flavour grew in the second order. */
static void write_growth_record(struct json *out, const struct flavour_run *flavour)
{
	json_begin_object(out, NULL);
	json_text(out, "input", "");
	json_text(out, "flavour", flavour->flavour);
	json_text(out, "result", result_kinds[RUN_grows].name);
	json_bool(out, "failed", true);
	json_text(out, "why", flavour->growth);
	write_kind_meaning_and_section(out, RUN_grows);
	json_format(out, "replay", "pagetorture replay --orders --flavour %s with the same inputs",
		    flavour->flavour);
	json_end_all_and_newline(out);
}

/* ---- the summary ---- */

static void write_flavour_totals(struct json *out, const struct flavour_run *flavour)
{
	size_t failed = count_failed_inputs(flavour);

	json_begin_object(out, NULL);
	json_text(out, "flavour", flavour->flavour);
	json_number(out, "inputs", (int64_t)flavour->record_count);
	json_number(out, "good", (int64_t)(flavour->record_count - failed));
	json_number(out, "failed", (int64_t)failed);
	json_number(out, "unseen", (int64_t)count_inputs_of_kind(flavour, RUN_unseen));
	json_number(out, "not-run", (int64_t)count_inputs_of_kind(flavour, RUN_not_run));
	json_number(out, "workers", flavour->worker_start_count);
	json_real(out, "seconds", flavour->seconds, 3);
	json_end(out);
}

/* Writes the names of flavours without results: not selected, not built, or without memory for results. */
static void write_skipped_flavours(struct json *out, const struct run *run)
{
	json_begin_array(out, "skipped");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		unsigned int n = 0;

		while (n < run->flavour_count && strcmp(run->flavours[n].flavour, flavour_names[i]))
			n++;
		if (n == run->flavour_count)
			json_text(out, NULL, flavour_names[i]);
	}
	json_end(out);
}

static void write_machine(struct json *out)
{
	struct utsname name;

	json_begin_object(out, "on");
	json_number(out, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	json_text(out, "compiler", __VERSION__);
	if (!uname(&name)) {
		json_text(out, "system", name.sysname);
		json_text(out, "release", name.release);
		json_text(out, "machine", name.machine);
	}
	json_end(out);
}

static void write_summary(struct json *out, const struct run *run, bool run_succeeded)
{
	char begin_time[32];
	struct tm tm;

	strftime(begin_time, sizeof(begin_time), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&run->begin_time, &tm));
	json_begin_object(out, NULL);
	json_text(out, "what", run->command_name);
	json_text(out, "version", PACKAGE_VERSION);
	json_text(out, "begun", begin_time);
	json_real(out, "seconds", (double)(clock_read_ms() - run->begin_clock_ms) / 1000, 1);
	json_text(out, "status", run_succeeded ? "good" : "failed");
	json_text(out, "command", run->command_line);
	write_machine(out);
	json_text(out, "backend", exec_backend_name());
	json_bool(out, "orders", run->options.has_two_orders);
	json_number(out, "inputs", (int64_t)run->inputs.count);
	json_begin_array(out, "flavours");
	for (unsigned int i = 0; i < run->flavour_count; i++)
		write_flavour_totals(out, &run->flavours[i]);
	json_end(out);
	write_skipped_flavours(out, run);
	json_end_all_and_newline(out);
}

static void write_records_and_summary(struct json *out, const struct run *run, bool run_succeeded)
{
	for (unsigned int f = 0; f < run->flavour_count; f++) {
		for (size_t i = 0; i < run->inputs.count; i++)
			write_record(out, run, &run->flavours[f], i);
		if (*run->flavours[f].growth)
			write_growth_record(out, &run->flavours[f]);
	}
	write_summary(out, run, run_succeeded);
}

static int write_results_file(const char *path, const char *text, size_t size)
{
	if (strcmp(path, "-"))
		return output_write_or_errno(path, text, size);
	fwrite(text, 1, size, stdout);
	return fflush(stdout) ? errno : 0;
}

bool write_json_lines(const struct run *run, bool run_succeeded)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	struct json out = json_make_writer(file);
	int error = errno;

	if (file) {
		write_records_and_summary(&out, run, run_succeeded);
		error = fclose(file) ? ENOMEM : write_results_file(run->results_path, text, size);
	}
	free(text);
	if (error)
		fprintf(stderr, "%s: expected a file that can be written: %s\n", run->results_path,
			strerror(error));
	return !error;
}
