/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"
#include "tool/explain/explain.h"
#include "tool/util/environment.h"
#include "tool/util/output.h"
#include "tool/util/store.h"
#include "tool/to_c/to_c.h"

void bundle_name(const struct signature *signature, char name[BUNDLE_NAME])
{
	char hash[SHA1_TEXT];

	sha1_text(signature->text, strlen(signature->text), hash);
	snprintf(name, BUNDLE_NAME, "%s-%.8s", signature->site, hash);
}

/* A file under construction; what cannot be written is found out at its end. */
struct sheet {
	char *text;
	size_t size;
	FILE *out;
};

static bool sheet_begin(struct sheet *sheet)
{
	sheet->text = NULL;
	sheet->out = open_memstream(&sheet->text, &sheet->size);
	return sheet->out;
}

static int write_file(const struct bundle *b, const char *name, const void *text, size_t size,
		      char file[PATH_MAX])
{
	if (!path_make(file, PATH_MAX, "%s/%s", b->dir, name))
		return ENAMETOOLONG;
	return output_write(file, text, size);
}

static int sheet_end(struct sheet *sheet, const struct bundle *b, const char *name,
		     char file[PATH_MAX])
{
	int error = fclose(sheet->out) ? errno : 0;

	if (!error)
		error = write_file(b, name, sheet->text, sheet->size, file);
	free(sheet->text);
	return error;
}

/* What the target's replayer is to read: by its name bytes, whatever they are. */
#define INPUT_FILE "minimised.bin"

static int write_finding(const struct bundle *b, char file[PATH_MAX])
{
	struct store_input input;

	if (!path_make(file, PATH_MAX, "%s", b->finding))
		return ENAMETOOLONG;
	if (store_read(b->finding, &input))
		return errno ? errno : EIO;
	return write_file(b, program_name_is_bytes(b->finding) ? "finding.bin" : "finding.page",
			  input.bytes, input.size, file);
}

static int write_program(const struct bundle *b, const char *name, const struct program *program,
			 char file[PATH_MAX])
{
	static char text[TEXT_PROGRAM_MAX];
	size_t size = program_to_text(program, text);

	return write_file(b, name, text, size, file);
}

/* The input as the target reads it. */
static int write_input(const struct bundle *b, char file[PATH_MAX])
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];

	if (!b->input)
		return write_file(b, INPUT_FILE, bytes, program_to_bytes(b->smallest, bytes), file);
	return write_file(b, INPUT_FILE, b->input->bytes, b->input->size, file);
}

/* The input for people. Where no binary prints calls, there is no such file. */
static int write_readable(const struct bundle *b, struct judge *judge, char file[PATH_MAX])
{
	static char text[ISOLATE_OUTPUT];

	if (b->signature->target->reads == READS_TEXT)
		return write_file(b, "minimised.txt", b->input->bytes, b->input->size, file);
	if (!replayer_text(judge->replayer, b->input->bytes, b->input->size, text))
		return 0;
	return write_file(b, "minimised.calls", text, strlen(text), file);
}

static int write_explanation(const struct bundle *b, struct judge *judge, const struct signature *own,
			     char file[PATH_MAX])
{
	const struct explain_style style = { .utf8 = false, .colour = false };
	const struct explain_disagreement seen = { own->who, own->seen };
	struct sheet sheet;

	if (!sheet_begin(&sheet))
		return errno;
	rules_judge(judge->rules, b->smallest);
	explain_print(sheet.out, "minimised.page", b->smallest, judge->rules, style, &seen,
		      *own->who ? 1 : 0);
	return sheet_end(&sheet, b, "explanation.txt", file);
}

static int write_reproducer(const struct bundle *b, struct judge *judge, const struct signature *own,
			    char file[PATH_MAX])
{
	char note[SIGNATURE_TEXT + DISAGREEMENT_TEXT + 200], names[RULE_SET_TEXT];
	const struct to_c_options options = { .name = "minimised.page", .note = note };
	struct sheet sheet;

	if (!sheet_begin(&sheet))
		return errno;
	rules_judge(judge->rules, b->smallest);
	rule_set_text(to_c_expected(b->smallest, judge->rules), " ", names);
	snprintf(note, sizeof(note), *own->who ? "%s\nExpected: %s. Seen by %s: %s\n" : "%s\n",
		 b->signature->text, names, own->who, own->seen);
	to_c(sheet.out, b->smallest, judge->rules, &options);
	return sheet_end(&sheet, b, "reproduce.c", file);
}

/* ---- the report ---- */

/* "asan,tsan": whom the failure is made of, or all. */
static void flavour_list(const struct bundle *b, char list[64])
{
	list[0] = '\0';
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (b->signature->needs[i]) {
			strcat(list, *list ? "," : "");
			strcat(list, flavour_names[i]);
		}
}

/* What a process of its own executes. */
struct command {
	const char *path;
	char **argv;
};

static void execute(void *ctx)
{
	const struct command *command = ctx;

	if (environment_append("ASAN_OPTIONS", "symbolize=1") &&
	    environment_append("MSAN_OPTIONS", "symbolize=1") &&
	    environment_append("TSAN_OPTIONS", "symbolize=1") &&
	    environment_append("UBSAN_OPTIONS", "symbolize=1"))
		execv(command->path, command->argv);
	_exit(127);
}

static void capture(FILE *out, const char *path, char **argv)
{
	static struct isolated child;
	struct command command = { path, argv };

	if (!isolate(execute, &command, 120, &child)) {
		fputs("expected a child process, got none\n", out);
		return;
	}
	fputs(child.output, out);
	if (child.hung)
		fputs("still running after 120 s\n", out);
}

static int write_report(const struct bundle *b, struct judge *judge, char file[PATH_MAX])
{
	char list[64], program[PATH_MAX];
	char *run[] = { "pagetorture", "run", "--flavour", list, program, NULL };
	char *all[] = { "pagetorture", "run", program, NULL };
	struct sheet sheet;

	if (!sheet_begin(&sheet))
		return errno;
	if (judge->replayer) {
		path_make_or_exit(program, sizeof(program), "%s/" INPUT_FILE, b->dir);
		fputs(replayer_report(judge->replayer, program), sheet.out);
		putc('\n', sheet.out);
	}
	if (b->input)
		return sheet_end(&sheet, b, "report.txt", file);
	flavour_list(b, list);
	path_make_or_exit(program, sizeof(program), "%s/minimised.page", b->dir);
	capture(sheet.out, "/proc/self/exe", *list ? run : all);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!b->signature->needs[i])
			continue;
		fprintf(sheet.out, "\n%s:\n", flavour_names[i]);
		runner_print_reports(&judge->runners, i, b->smallest, sheet.out);
	}
	return sheet_end(&sheet, b, "report.txt", file);
}

/* ---- words ---- */

static void print_run(FILE *out, const struct bundle *b)
{
	char list[64];

	flavour_list(b, list);
	shell_word_print(out, shell_own_binary());
	fprintf(out, "\n[ -x \"$own\" ] || own=pagetorture\n"
		     "exec \"${PAGETORTURE:-$own}\" run --backend %s%s%s minimised.page\n",
		b->backend, *list ? " --flavour " : "", list);
}

static void print_replayer(FILE *out, const struct bundle *b, const struct replayer *replayer)
{
	const char *name = strrchr(replayer->path, '/');

	shell_word_print(out, replayer->path);
	fprintf(out, "\n[ -x \"$own\" ] || own=%s\nPAGE_MAP=%s exec \"$own\" %s\n",
		name ? name + 1 : replayer->path, b->backend, INPUT_FILE);
}

static int write_replay(const struct bundle *b, const struct judge *judge, char file[PATH_MAX])
{
	struct sheet sheet;

	if (!sheet_begin(&sheet))
		return errno;
	fprintf(sheet.out, "#!/bin/sh\n# %s\n"
			   "cd -- \"$(dirname -- \"$0\")\" || exit 2\n"
			   "# The binary of the build that found it; on another machine the one in PATH.\n"
			   "own=", b->signature->text);
	if (judge->replayer)
		print_replayer(sheet.out, b, judge->replayer);
	else
		print_run(sheet.out, b);
	return sheet_end(&sheet, b, "replay.sh", file);
}

static int write_summary(const struct bundle *b, char file[PATH_MAX])
{
	struct sheet sheet;
	const char *unit = "calls";
	size_t left = b->input ? input_units(b->input, b->signature->target, &unit) :
				 b->smallest->count;

	if (!sheet_begin(&sheet))
		return errno;
	fprintf(sheet.out,
		"signature  %s\n"
		"failed     %u of %u tries\n"
		"%-10s %zu, of %zu%s\n"
		"backend    %s\n"
		"replay     sh replay.sh\n"
		"findings\n%s",
		b->signature->text, b->failed, b->tries, unit, left, b->units,
		b->minimised ? "" : " (not minimised: it does not fail in the same way each time)",
		b->backend, b->members);
	return sheet_end(&sheet, b, "summary.txt", file);
}

/* What a program alone has. */
static int write_programs(const struct bundle *b, struct judge *judge, char file[PATH_MAX])
{
	static struct signature own;
	int error = write_program(b, "program.page", b->program, file);

	if (!error)
		error = write_program(b, "minimised.page", b->smallest, file);
	signature_make(&own, judge, b->smallest, b->signature->needs);
	if (!error)
		error = write_explanation(b, judge, &own, file);
	return error ? error : write_reproducer(b, judge, &own, file);
}

int bundle_write(const struct bundle *b, struct judge *judge, char file[PATH_MAX])
{
	int error;

	path_make_or_exit(file, PATH_MAX, "%s", b->dir);
	if (mkdir(b->dir, 0777) && errno != EEXIST)
		return errno;
	error = write_finding(b, file);
	if (!error && !b->input)
		error = write_programs(b, judge, file);
	if (!error && judge->replayer)
		error = write_input(b, file);
	if (!error && b->input)
		error = write_readable(b, judge, file);
	if (!error)
		error = write_report(b, judge, file);
	if (!error)
		error = write_replay(b, judge, file);
	return error ? error : write_summary(b, file);
}
