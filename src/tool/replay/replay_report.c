/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "harness/util/shell_word.h"
#include "harness/util/utf8.h"
#include "harness/exec/exec.h"
#include "harness/program/program_name.h"
#include "tool/util/flavours.h"
#include "tool/util/json.h"
#include "tool/util/output.h"
#include "tool/replay/replay.h"

/* Lines that a failed input printed, as they are shown. */
#define OUTPUT_LINES 12
#define SLOWEST 5
/* Milliseconds between two lines where there is no terminal. */
#define PLAIN_EVERY 10000
#define STATUS_EVERY 100

/* ---- progress ---- */

static bool drawn;

static int columns_of_terminal(void)
{
	struct winsize size;

	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col ? 80 : size.ws_col;
}

void replay_progress(const struct replay_options *options, const char *name, size_t done,
		     size_t count, size_t failed)
{
	static long last;
	bool terminal = isatty(STDERR_FILENO);
	long now = replay_now();
	char line[PATH_MAX + 128];

	if (!last)
		last = now;
	if (now - last < (terminal ? STATUS_EVERY : PLAIN_EVERY))
		return;
	last = now;
	snprintf(line, sizeof(line), "%s: %zu of %zu, %zu failed%s%s", options->flavour, done, count,
		 failed, *name ? ": " : "", name);
	if (terminal)
		fprintf(stderr, "\r\033[K%.*s", columns_of_terminal() - 1, line);
	else
		fprintf(stderr, "replay: %s\n", line);
	drawn = terminal;
}

void replay_progress_end(void)
{
	if (drawn)
		fprintf(stderr, "\r\033[K");
	drawn = false;
}

/* ---- the command that shows it again ---- */

/* Longer than any command: quoting makes four bytes of one. */
#define COMMAND_TEXT (4 * 5 * PATH_MAX + 256)

const char *replay_command(const struct replay_options *options, const struct replay_list *list,
			   const struct replay_column *column, uint32_t input)
{
	static char text[COMMAND_TEXT];
	const struct replay_row *row = &column->rows[input];
	uint32_t first = row->paired && row->kind == REPLAY_state ? row->other : input;
	FILE *out = fmemopen(text, sizeof(text), "w");

	if (!out)
		return "no memory for the command";
	shell_word_print(out, shell_binary_path());
	fprintf(out, " replay --backend %s --flavour %s --timeout %u --cpu %u --memory %u",
		exec_backend(), column->flavour, options->execution.seconds, options->execution.cpu,
		options->megabytes);
	if (options->execution.threads)
		fprintf(out, " --executor %s", options->execution.fibers ? "both" : "threads");
	if (options->armed)
		fputs(" --misbehave", out);
	if (program_all_bytes)
		fputs(" --bytes", out);
	if (row->paired)
		fprintf(out, "%s -j 1 --as-given", options->orders ? " --orders" : "");
	putc(' ', out);
	shell_path_print(out, replay_name(list, first));
	if (row->paired) {
		putc(' ', out);
		shell_path_print(out, replay_name(list, first == input ? row->other : input));
	}
	fclose(out);
	return text;
}

/* ---- rows ---- */

static void print_output(const char *output)
{
	for (unsigned int i = 0; output && *output && i < OUTPUT_LINES; i++) {
		size_t len = strcspn(output, "\n");

		fprintf(stderr, "  | %.*s\n", (int)(len < 160 ? len : 160), output);
		output += len + (output[len] == '\n');
	}
}

static void print_failure(const struct replay_options *options, const struct replay_list *list,
			  const struct replay_column *column, uint32_t input)
{
	const struct replay_row *row = &column->rows[input];

	/* Both may go to one file: whole lines. */
	fflush(stdout);
	fprintf(stderr, "%s: %s: %s: %s\n", replay_name(list, input), column->flavour,
		replay_kinds[row->kind].name, row->why ? row->why : "no more is known");
	print_output(row->output);
	fprintf(stderr, "  replay: %s\n", replay_command(options, list, column, input));
}

static void json_row(struct json *out, const struct replay_options *options,
		     const struct replay_list *list, const struct replay_column *column,
		     uint32_t input)
{
	const struct replay_row *row = &column->rows[input];

	json_object(out, NULL);
	json_text(out, "input", replay_name(list, input));
	json_text(out, "flavour", column->flavour);
	json_text(out, "result", replay_kinds[row->kind].name);
	json_bool(out, "failed", replay_kinds[row->kind].fails);
	json_real(out, "seconds", row->microseconds / 1e6, 6);
	json_text(out, "why", row->why ? row->why : "");
	json_text(out, "replay", replay_command(options, list, column, input));
	json_end(out);
}

static void print_json(const struct replay_options *options, const struct replay_list *list,
		       const struct replay_column *column, uint32_t input)
{
	struct json out = json_begin(stdout);

	json_row(&out, options, list, column, input);
	json_end_line(&out);
}

static unsigned int tests;

static void print_tap(const struct replay_options *options, const struct replay_list *list,
		      const struct replay_column *column, uint32_t input)
{
	const struct replay_row *row = &column->rows[input];
	bool fails = replay_kinds[row->kind].fails;

	printf("%sok %u - %s: %s", fails ? "not " : "", ++tests, column->flavour,
	       replay_name(list, input));
	if (row->kind == REPLAY_not_run)
		printf(" # SKIP its fatal call: nothing could see it");
	putchar('\n');
	if (fails)
		printf("# %s: %s\n# replay: %s\n", replay_kinds[row->kind].name,
		       row->why ? row->why : "", replay_command(options, list, column, input));
}

static size_t count_kind(const struct replay_list *list, const struct replay_column *column,
			 enum replay_kind kind)
{
	size_t count = 0;

	for (uint32_t i = 0; i < list->count; i++)
		count += column->rows[i].kind == kind;
	return count;
}

size_t replay_failed(const struct replay_list *list, const struct replay_column *column)
{
	size_t count = 0;

	for (uint32_t i = 0; i < list->count; i++)
		count += replay_kinds[column->rows[i].kind].fails;
	return count;
}

void replay_print(const struct replay_options *options, const struct replay_list *list,
		  const struct replay_column *column, enum replay_format format)
{
	size_t unasked = 0;

	for (uint32_t i = 0; i < list->count; i++) {
		if (format == REPLAY_JSON)
			print_json(options, list, column, i);
		if (format == REPLAY_TAP)
			print_tap(options, list, column, i);
		if (format != REPLAY_TAP && replay_kinds[column->rows[i].kind].fails &&
		    column->rows[i].asked)
			print_failure(options, list, column, i);
		unasked += !column->rows[i].asked;
	}
	if (unasked)
		fprintf(stderr, "%s: %zu of %u inputs were never run\n", column->flavour, unasked,
			list->count);
	if (*column->flat && format == REPLAY_TAP)
		printf("not ok %u - %s: %s\n", ++tests, column->flavour, column->flat);
	else if (*column->flat)
		fprintf(stderr, "%s: %s\n", column->flavour, column->flat);
	else if (column->measured && format == REPLAY_TAP)
		printf("ok %u - %s: memory, descriptors and mappings stay\n", ++tests,
		       column->flavour);
	fflush(stdout);
}

/* ---- the end ---- */

struct slow {
	const char *flavour;
	uint32_t input, microseconds;
};

static void keep_slowest(struct slow slowest[SLOWEST], struct slow slow)
{
	for (unsigned int i = 0; i < SLOWEST; i++) {
		struct slow other = slowest[i];

		if (slow.microseconds <= other.microseconds)
			continue;
		slowest[i] = slow;
		slow = other;
	}
}

static void print_slowest(const struct replay_list *list, const struct replay_column *columns,
			  unsigned int count)
{
	struct slow slowest[SLOWEST] = { { 0 } };

	for (unsigned int c = 0; c < count; c++)
		for (uint32_t i = 0; i < list->count; i++)
			keep_slowest(slowest, (struct slow){ columns[c].flavour, i,
							     columns[c].rows[i].microseconds });
	printf("slowest:\n");
	for (unsigned int i = 0; i < SLOWEST && slowest[i].microseconds; i++)
		printf("  %10.3f ms  %-5s  %s\n", slowest[i].microseconds / 1e3,
		       slowest[i].flavour, replay_name(list, slowest[i].input));
}

static void print_sums(const struct replay_list *list, const struct replay_column *column)
{
	size_t failed = replay_failed(list, column);

	printf("%-8s %8zu %8zu %8zu %8zu %8zu %8u %8.1f %8.0f\n", column->flavour,
	       (size_t)list->count, list->count - failed, failed,
	       count_kind(list, column, REPLAY_unseen), count_kind(list, column, REPLAY_not_run),
	       column->starts, column->seconds,
	       column->seconds > 0 ? list->count / column->seconds : 0);
}

static void json_sums(struct json *out, const struct replay_list *list,
		      const struct replay_column *column)
{
	size_t failed = replay_failed(list, column);

	json_object(out, NULL);
	json_text(out, "flavour", column->flavour);
	json_number(out, "inputs", list->count);
	json_number(out, "good", (int64_t)(list->count - failed));
	json_number(out, "failed", (int64_t)failed);
	json_number(out, "unseen", (int64_t)count_kind(list, column, REPLAY_unseen));
	json_number(out, "not-run", (int64_t)count_kind(list, column, REPLAY_not_run));
	json_number(out, "workers", column->starts);
	json_real(out, "seconds", column->seconds, 3);
	json_end(out);
}

static void print_json_sums(const struct replay_list *list, const struct replay_column *column)
{
	struct json out = json_begin(stdout);

	json_sums(&out, list, column);
	json_end_line(&out);
}

static void print_verdict(const struct replay_list *list, const struct replay_column *columns,
			  unsigned int count)
{
	size_t failed = 0;

	for (unsigned int i = 0; i < count; i++)
		failed += replay_failed(list, &columns[i]) + (*columns[i].flat != '\0');
	printf("%u inputs in %u flavours: ", list->count, count);
	if (failed)
		printf("%zu failures\n", failed);
	else
		printf("all good\n");
}

void replay_print_end(const struct replay_list *list, const struct replay_column *columns,
		      unsigned int count, enum replay_format format)
{
	if (format == REPLAY_TAP) {
		printf("1..%u\n", tests);
		return;
	}
	if (format == REPLAY_ROWS)
		printf("%-8s %8s %8s %8s %8s %8s %8s %8s %8s\n", "flavour", "inputs", "good",
		       "failed", "unseen", "not run", "workers", "seconds", "inputs/s");
	for (unsigned int i = 0; i < count; i++)
		(format == REPLAY_JSON ? print_json_sums : print_sums)(list, &columns[i]);
	if (format == REPLAY_ROWS) {
		print_slowest(list, columns, count);
		print_verdict(list, columns, count);
	}
}

void replay_tap_skip(const char *flavour)
{
	printf("ok %u # SKIP %s: this build has no such flavour\n", ++tests, flavour);
}

/* ---- the file for reports ---- */

static void json_failures(struct json *out, const struct replay_options *options,
			  const struct replay_list *list, const struct replay_column *column)
{
	for (uint32_t i = 0; i < list->count; i++)
		if (replay_kinds[column->rows[i].kind].fails)
			json_row(out, options, list, column, i);
	if (!*column->flat)
		return;
	json_object(out, NULL);
	json_text(out, "input", "");
	json_text(out, "flavour", column->flavour);
	json_text(out, "result", "grows");
	json_text(out, "why", column->flat);
	json_end(out);
}

/* The flavours that were not run: not asked for, not built, or not started. */
static void json_skipped(struct json *out, const struct replay_column *columns, unsigned int count)
{
	json_array(out, "skipped");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		unsigned int n = 0;

		while (n < count && strcmp(columns[n].flavour, flavour_names[i]))
			n++;
		if (n == count)
			json_text(out, NULL, flavour_names[i]);
	}
	json_end(out);
}

/* One run in a list of one: build-aux/replay.sh makes one list of several runs. */
bool replay_write_results(struct results *results, const struct replay_options *options,
			  const struct replay_list *list, const struct replay_column *columns,
			  unsigned int count, bool good)
{
	struct json *out = results_open(results, good ? "good" : "failed");

	if (!out)
		return false;
	json_array(out, "runs");
	json_object(out, NULL);
	json_text(out, "backend", exec_backend());
	json_bool(out, "orders", options->orders);
	json_number(out, "inputs", list->count);
	json_array(out, "flavours");
	for (unsigned int i = 0; i < count; i++)
		json_sums(out, list, &columns[i]);
	json_end(out);
	json_skipped(out, columns, count);
	json_array(out, "failures");
	for (unsigned int i = 0; i < count; i++)
		json_failures(out, options, list, &columns[i]);
	json_end(out);
	json_end(out);
	json_end(out);
	return results_close(results);
}

/* ---- JUnit ---- */

/* XML has no way to write most control characters. */
/* Some characters are none in XML, not even by number. */
static bool is_xml(const char *text, size_t size)
{
	if (size == 1)
		return (unsigned char)*text >= ' ' || *text == '\n' || *text == '\t';
	return size && (size != 3 || (memcmp(text, "\xef\xbf\xbe", 3) &&
				      memcmp(text, "\xef\xbf\xbf", 3)));
}

static void put_xml(FILE *out, const char *text)
{
	size_t size;

	for (; text && *text; text += size ? size : 1) {
		size = utf8_in_string(text);
		if (!is_xml(text, size))
			fputc('?', out);
		else if (strchr("<>&\"'", *text))
			fprintf(out, "&#%d;", *text);
		else
			fwrite(text, 1, size, out);
	}
}

static void put_case(FILE *out, const struct replay_options *options,
		     const struct replay_list *list, const struct replay_column *column,
		     uint32_t input)
{
	const struct replay_row *row = &column->rows[input];

	fprintf(out, "<testcase classname=\"replay.%s\" name=\"", column->flavour);
	put_xml(out, replay_name(list, input));
	fprintf(out, "\" time=\"%.6f\">", row->microseconds / 1e6);
	if (replay_kinds[row->kind].fails) {
		fprintf(out, "<failure type=\"%s\" message=\"", replay_kinds[row->kind].name);
		put_xml(out, row->why);
		fprintf(out, "\">");
		put_xml(out, replay_command(options, list, column, input));
		fputc('\n', out);
		put_xml(out, row->output);
		fprintf(out, "</failure>");
	} else if (row->kind == REPLAY_not_run) {
		fprintf(out, "<skipped message=\"its fatal call: nothing could see it\"/>");
	}
	fprintf(out, "</testcase>\n");
}

static void put_suite(FILE *out, const struct replay_options *options,
		      const struct replay_list *list, const struct replay_column *column)
{
	bool flat = !*column->flat;

	fprintf(out, "<testsuite name=\"replay.%s\" tests=\"%zu\" failures=\"%zu\" skipped=\"%zu\" "
		     "time=\"%.3f\">\n",
		column->flavour, list->count + (flat ? (size_t)0 : 1),
		replay_failed(list, column) + (flat ? 0 : 1),
		count_kind(list, column, REPLAY_not_run), column->seconds);
	for (uint32_t i = 0; i < list->count; i++)
		put_case(out, options, list, column, i);
	if (!flat) {
		fprintf(out, "<testcase classname=\"replay.%s\" name=\"footprint\"><failure message=\"",
			column->flavour);
		put_xml(out, column->flat);
		fprintf(out, "\"/></testcase>\n");
	}
	fprintf(out, "</testsuite>\n");
}

bool replay_junit(const char *file, const struct replay_options *options,
		  const struct replay_list *list, const struct replay_column *columns,
		  unsigned int count)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error = out ? 0 : ENOMEM;

	if (out) {
		fprintf(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
		for (unsigned int i = 0; i < count; i++)
			put_suite(out, options, list, &columns[i]);
		fprintf(out, "</testsuites>\n");
	}
	if (out && fclose(out))
		error = ENOMEM;
	if (!error)
		error = output_write(file, text, size);
	if (error)
		fprintf(stderr, "%s: expected to write it: %s\n", file, strerror(error));
	free(text);
	return !error;
}
