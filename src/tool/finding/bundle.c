/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/path.h"
#include "harness/util/sha1.h"
#include "harness/util/shell_word.h"
#include "harness/program/program_name.h"
#include "tool/util/capture.h"
#include "tool/util/output.h"

void bundle_name(const struct signature *signature, char name[BUNDLE_NAME])
{
	char hash[SHA1_TEXT];

	sha1_text(signature->text, strlen(signature->text), hash);
	snprintf(name, BUNDLE_NAME, "%s-%.8s", signature->site, hash);
}

/* A directory that is written. */
struct writing {
	const struct bundle *b;
	struct oracle *oracle;
	struct signature own; /* of the smallest program itself, whose lines are its own */
};

/* The replayer reads a file with this ending as bytes. */
#define INPUT_FILE "minimised.bin"

static void print_found(FILE *out, const struct writing *w)
{
	test_input_print(out, w->b->found);
}

static void print_smallest(FILE *out, const struct writing *w)
{
	test_input_print(out, w->b->smallest);
}

static void print_input(FILE *out, const struct writing *w)
{
	size_t size;
	const uint8_t *bytes = test_input_bytes(w->b->smallest, &size);

	fwrite(bytes, 1, size, out);
}

static void print_output_of(FILE *out, const char *path, char **argv)
{
	static struct isolated child;

	if (!capture_output(path, argv, "symbolize=1", 120, &child)) {
		fputs("expected a child process, got none\n", out);
		return;
	}
	fputs(child.output, out);
	if (child.hung)
		fputs("still running after 120 s\n", out);
}

/* "asan,tsan": the flavours that the failure needs; empty: it needs none. */
static void flavour_list(const struct bundle *b, char list[64])
{
	list[0] = '\0';
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (b->signature->needs[i]) {
			strcat(list, *list ? "," : "");
			strcat(list, flavour_names[i]);
		}
}

static void print_explanation(FILE *out, const struct writing *w)
{
	char list[64], program[PATH_MAX];
	char *run[] = { "pagetorture", "explain", "--ascii", program, "--run", "--flavour", list, NULL };

	flavour_list(w->b, list);
	if (!*list)
		run[4] = NULL;
	path_format_or_exit(program, sizeof(program), "%s/minimised.page", w->b->dir);
	print_output_of(out, "/proc/self/exe", run);
}

static void print_reproducer(FILE *out, const struct writing *w)
{
	char note[SIGNATURE_TEXT + DISAGREEMENT_TEXT + 200], names[RULE_SET_TEXT], program[PATH_MAX];
	char *to_c[] = { "pagetorture", "to-c", "--no-run", "--note", note, program, NULL };

	rules_evaluate(w->oracle->rules, &w->b->smallest->program);
	rule_set_text(rules_verdict(w->oracle->rules)->broken, " ", names);
	snprintf(note, sizeof(note), *w->own.who ? "%s\nExpected: %s. Seen by %s: %s\n" : "%s\n",
		 w->b->signature->text, names, w->own.who, w->own.seen);
	path_format_or_exit(program, sizeof(program), "%s/minimised.page", w->b->dir);
	print_output_of(out, "/proc/self/exe", to_c);
}

/* ---- the report ---- */

static void print_runs(FILE *out, const struct writing *w)
{
	char list[64], program[PATH_MAX];
	char *run[] = { "pagetorture", "run", "--flavour", list, program, NULL };
	char *all[] = { "pagetorture", "run", program, NULL };

	flavour_list(w->b, list);
	path_format_or_exit(program, sizeof(program), "%s/minimised.page", w->b->dir);
	print_output_of(out, "/proc/self/exe", *list ? run : all);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!w->b->signature->needs[i])
			continue;
		fprintf(out, "\n%s:\n", flavour_names[i]);
		runner_print_reports(&w->oracle->runners, i, &w->b->smallest->program, out);
	}
}

static void print_report(FILE *out, const struct writing *w)
{
	char input[PATH_MAX];

	if (w->oracle->replayer) {
		path_format_or_exit(input, sizeof(input), "%s/" INPUT_FILE, w->b->dir);
		fprintf(out, "%s\n", replayer_report(w->oracle->replayer, input));
	}
	if (test_input_is_program(w->b->smallest))
		print_runs(out, w);
}

/* ---- commands and summary ---- */

static void print_run(FILE *out, const struct bundle *b)
{
	char list[64];

	flavour_list(b, list);
	shell_word_print(out, shell_binary_path());
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

static void print_replay(FILE *out, const struct writing *w)
{
	fprintf(out, "#!/bin/sh\n# %s\n"
		     "cd -- \"$(dirname -- \"$0\")\" || exit 2\n"
		     "# The binary of the build that found it; on another machine the one in PATH.\n"
		     "own=", w->b->signature->text);
	if (w->oracle->replayer)
		print_replayer(out, w->b, w->oracle->replayer);
	else
		print_run(out, w->b);
}

static void print_summary(FILE *out, const struct writing *w)
{
	const struct bundle *b = w->b;
	const char *unit;
	size_t before = test_input_size(b->found, &unit), after = test_input_size(b->smallest, &unit);

	fprintf(out,
		"signature  %s\n"
		"failed     %u of %u tries\n"
		"%-10s %zu, of %zu%s\n"
		"backend    %s\n"
		"replay     sh replay.sh\n"
		"findings\n%s",
		b->signature->text, b->failed, b->tries, unit, after, before,
		b->minimised ? "" : " (not minimised: it does not fail in the same way each time)",
		b->backend, b->members);
}

/* ---- files ---- */

enum { PROGRAM = 1 << READS_BYTES, TEXT = 1 << READS_TEXT, CALLS = 1 << READS_CALLS };

/* In the order in which they are written: later ones read earlier ones. */
static const struct part {
	const char *name;
	unsigned int reads; /* kinds of input that have the file */
	bool of_replayer;   /* only where a replayer decides */
	void (*print)(FILE *out, const struct writing *w);
} parts[] = {
	{ "program.page", PROGRAM, false, print_found },
	{ "minimised.page", PROGRAM, false, print_smallest },
	{ "minimised.calls", CALLS, false, print_smallest },
	{ "minimised.txt", TEXT, false, print_smallest },
	{ "explanation.txt", PROGRAM, false, print_explanation },
	{ "reproduce.c", PROGRAM, false, print_reproducer },
	{ INPUT_FILE, PROGRAM | TEXT | CALLS, true, print_input },
	{ "report.txt", PROGRAM | TEXT | CALLS, false, print_report },
	{ "replay.sh", PROGRAM | TEXT | CALLS, false, print_replay },
	{ "summary.txt", PROGRAM | TEXT | CALLS, false, print_summary },
};

static int write_file(const struct bundle *b, const char *name, const void *text, size_t size,
		      char file[PATH_MAX])
{
	if (!path_format(file, PATH_MAX, "%s/%s", b->dir, name))
		return ENAMETOOLONG;
	return output_write(file, text, size);
}

static int write_finding(const struct bundle *b, char file[PATH_MAX])
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(b->finding, &size, error);
	int result = EIO;

	path_format_or_exit(file, PATH_MAX, "%s", b->finding);
	if (content)
		result = write_file(b, program_name_is_bytes(b->finding) ? "finding.bin" : "finding.page",
				    content, size, file);
	free(content);
	return result;
}

static int write_part(const struct writing *w, const struct part *part, char file[PATH_MAX])
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	int error;

	if (!out)
		return errno;
	part->print(out, w);
	error = fclose(out) ? errno : write_file(w->b, part->name, text, size, file);
	free(text);
	return error;
}

int bundle_write(const struct bundle *b, struct oracle *oracle, char file[PATH_MAX])
{
	static struct writing w;
	int error;

	w = (struct writing){ .b = b, .oracle = oracle };
	path_format_or_exit(file, PATH_MAX, "%s", b->dir);
	if (mkdir(b->dir, 0777) && errno != EEXIST)
		return errno;
	error = write_finding(b, file);
	signature_of_input(&w.own, oracle, b->smallest, b->signature->needs);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !error; i++)
		if (parts[i].reads & 1u << b->smallest->reads && (oracle->replayer || !parts[i].of_replayer))
			error = write_part(&w, &parts[i], file);
	return error;
}
