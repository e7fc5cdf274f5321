/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/to_c/reproduce.h"

#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "harness/model/detectable.h"
#include "tool/util/output.h"
#include "tool/util/scratch.h"
#include "tool/to_c/reproduce_parts.h"
#include "tool/to_c/to_c.h"

struct reproducing {
	const struct program *program;
	const struct rules *rules;
	const struct reproduce_options *options;
	struct reproduction *outcome;
	bool deterministic;
	size_t count;
	struct attempt attempts[RULE_COUNT + 1];
	FILE *note; /* the file's first comment, written to memory */
	char *note_text;
	size_t note_size;
};

/* ---- what to try ---- */

static void try_in(const struct reproducing *r, struct attempt *attempt, const char *flavour)
{
	attempt->build = build_named(r->options, flavour);
	attempt->lacks = flavour;
}

/* Where a fatal call is sure to be seen; else where it may be. */
static void choose_fatal(const struct reproducing *r, struct attempt *attempt)
{
	static const struct {
		const char *flavour;
		bool alias;
		enum detectable least;
	} ways[] = {
		{ "asan", false, DETECTABLE_ALWAYS }, { "plain", false, DETECTABLE_ALWAYS },
		{ "asan", true, DETECTABLE_ALWAYS },	 { "plain", true, DETECTABLE_ALWAYS },
		{ "asan", false, DETECTABLE_SOMETIMES },
	};
	const struct verdict *v = rules_verdict(r->rules);

	attempt->lacks = NULL;
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct detectable_by where = {
			.asan = !strcmp(ways[i].flavour, "asan"),
			.alias = ways[i].alias,
		};

		if (detectable_fatal_call(&r->program->calls[v->fatal_call], v, where) != ways[i].least)
			continue;
		try_in(r, attempt, ways[i].flavour);
		attempt->alias = ways[i].alias;
		if (attempt->build)
			return;
	}
}

static bool has_threads(const struct program *program)
{
	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].thread != THREAD_MAIN)
			return true;
	return false;
}

static void choose(const struct reproducing *r, struct attempt *attempt)
{
	const struct verdict *v = rules_verdict(r->rules);

	if (attempt->rule == RULE_data_race)
		try_in(r, attempt, "tsan");
	else if (attempt->rule == RULE_uninit_use)
		try_in(r, attempt, "msan");
	else if (attempt->rule == RULE_COUNT && has_threads(r->program))
		try_in(r, attempt, "tsan");
	else if (attempt->rule == RULE_COUNT)
		try_in(r, attempt, "asan");
	else if (v->fatal_call != VERDICT_NONE && v->fatal_rule == attempt->rule &&
		 attempt->rule != RULE_deadlock)
		choose_fatal(r, attempt);
	else
		try_in(r, attempt, "plain");
	if (attempt->rule == RULE_COUNT && !attempt->build)
		try_in(r, attempt, "plain");
}

/* Each rule that the program says or breaks; or once that none is. */
static void choose_all(struct reproducing *r)
{
	rule_set expected = to_c_expected(r->program, r->rules);
	rule_set all = expected | rules_verdict(r->rules)->broken;

	for (enum rule rule = 0; rule <= RULE_COUNT; rule++) {
		struct attempt *attempt = &r->attempts[r->count];

		if (rule == RULE_COUNT ? !!all : !(all & RULE_BIT(rule)))
			continue;
		*attempt = (struct attempt){ .rule = rule };
		attempt->wanted = rule == RULE_COUNT || expected & RULE_BIT(rule);
		choose(r, attempt);
		r->count++;
	}
}

static const char *rule_text(enum rule rule)
{
	return rule == RULE_COUNT ? "clean" : rule_name(rule);
}

static void print_run(const struct reproducing *r, const struct attempt *a, const char *command)
{
	fprintf(r->note, "  %s &&\n    %s./", command, a->alias ? "PAGE_MAP=alias " : "");
	shell_word_print(r->note, r->options->binary);
	fputs("\n\n", r->note);
}

static void note_attempt(const struct reproducing *r, const struct attempt *a)
{
	char *here = compile_command(r->options, a->build, false);
	char *installed = compile_command(r->options, a->build, true);

	if (here && installed) {
		fprintf(r->note, "To see %s, with this build of the page library:\n\n", rule_text(a->rule));
		print_run(r, a, here);
		fprintf(r->note, "or with one that is installed%s%s:\n\n",
			*a->build->flags ? ", and built with " : "", a->build->flags);
		print_run(r, a, installed);
	}
	free(here);
	free(installed);
}

/* ---- trying ---- */

struct child {
	const char *directory, *command; /* for the shell; NULL: run the program */
	const struct attempt *attempt;
	const char *program;
};

static void in_child(void *ctx)
{
	const struct child *child = ctx;
	char path[NAME_MAX + 4];

	if (chdir(child->directory))
		_exit(126);
	if (child->command) {
		/* Temporary files of a killed compiler are removed with the directory. */
		setenv("TMPDIR", child->directory, 1);
		execl("/bin/sh", "sh", "-c", child->command, (char *)NULL);
		_exit(126);
	}
	setenv("PAGE_MAP", child->attempt->alias ? "alias" : "direct", 1);
	path_format_or_exit(path, sizeof(path), "./%s", child->program);
	execl(path, path, (char *)NULL);
	_exit(126);
}

static void why_not(struct reproducing *r, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void why_not(struct reproducing *r, const char *format, ...)
{
	va_list args;

	if (*r->outcome->why)
		return;
	va_start(args, format);
	vsnprintf(r->outcome->why, sizeof(r->outcome->why), format, args);
	va_end(args);
	for (char *c = r->outcome->why; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = ' ';
}

static enum reproduced run_attempt(struct reproducing *r, const struct attempt *a,
				   const char *directory)
{
	static struct isolated child;
	char *command = compile_command(r->options, a->build, false);
	struct child compile = { directory, command, a, NULL };
	struct child run = { directory, NULL, a, r->options->binary };
	bool seen;

	bool ran = command && isolate(in_child, &compile, 300, &child);

	free(command);
	if (!ran) {
		why_not(r, "expected a child process, got none");
		return REPRODUCED_UNTRIED;
	}
	if (child.exit_code) {
		if (child.exit_code == 127)
			why_not(r, "there is no compiler %s", compiler_of(r->options));
		else
			why_not(r, "%s cannot compile it for %s: %s", compiler_of(r->options),
				a->build->flavour, telling_line(&child));
		return REPRODUCED_UNTRIED;
	}
	if (!isolate(in_child, &run, r->options->seconds, &child)) {
		why_not(r, "expected a child process, got none");
		return REPRODUCED_UNTRIED;
	}
	seen = attempt_seen(r->program, r->rules, a, &child);
	if (seen == a->wanted && !child.hung && !strstr(child.output, "not as expected"))
		return REPRODUCED;
	why_not(r, "expected %s%s in the flavour %s, seen: %s%s%s", a->wanted ? "" : "no ",
		rule_text(a->rule), a->build->flavour, seen && !a->wanted ? rule_text(a->rule) : "",
		seen && !a->wanted ? ", " : "", telling_line(&child));
	return REPRODUCED_NOT;
}

/* Each has its own way; the worst of them counts, and a failure more than what is missing. */
static void run_attempts(struct reproducing *r, const char *directory)
{
	enum reproduced worst = REPRODUCED;

	for (size_t i = 0; i < r->count && worst != REPRODUCED_NOT; i++) {
		const struct attempt *a = &r->attempts[i];
		enum reproduced result;

		if (!a->build && a->lacks) {
			why_not(r, "there is no build of the page library for %s", a->lacks);
			result = REPRODUCED_UNTRIED;
		} else if (!a->build) {
			why_not(r, "nothing can see this %s: it touches no byte, or any",
				rule_text(a->rule));
			result = REPRODUCED_NOT;
		} else {
			result = run_attempt(r, a, directory);
		}
		if (result == REPRODUCED_NOT || worst == REPRODUCED)
			worst = result;
	}
	r->outcome->result = worst;
}

/* ---- the file ---- */

static bool write_text(struct reproducing *r)
{
	struct to_c_options options = {
		.name = r->options->name,
		.deterministic = r->deterministic,
	};
	FILE *out;
	bool good;

	free(r->outcome->text);
	r->outcome->text = NULL;
	if (fflush(r->note))
		return false;
	options.note = r->note_text;
	out = open_memstream(&r->outcome->text, &r->outcome->size);
	if (!out)
		return false;
	good = to_c(out, r->program, r->rules, &options);
	return !fclose(out) && good;
}

static void try_all(struct reproducing *r)
{
	char source[PATH_MAX + NAME_MAX];
	struct scratch scratch;

	if (!scratch_open(&scratch)) {
		why_not(r, "expected to make a directory: %s: %s", scratch.path, strerror(errno));
		return;
	}
	path_format_or_exit(source, sizeof(source), "%s/%s", scratch.path, r->options->source);
	if (!output_write(source, r->outcome->text, r->outcome->size))
		run_attempts(r, scratch.path);
	else
		why_not(r, "expected to write %s", source);
	scratch_close(&scratch);
}

static void note_result(struct reproducing *r)
{
	switch (r->outcome->result) {
	case REPRODUCED:
		fprintf(r->note, "Reproduced: yes, by these lines, with %s.\n", compiler_of(r->options));
		break;
	case REPRODUCED_NOT:
		fprintf(r->note, "DOES NOT REPRODUCE: %s.\n", r->outcome->why);
		break;
	default:
		fprintf(r->note, "NOT TRIED%s%s.\n", *r->outcome->why ? ": " : "", r->outcome->why);
	}
}

/*
 * What a running pthread has mapped can be touched by all of them; only a task that does not
 * run has its mappings hidden.
 */
static bool needs_fibers(const struct reproducing *r)
{
	const struct verdict *v = rules_verdict(r->rules);

	return v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_foreign_map &&
	       op_is_mapped_access(r->program->calls[v->fatal_call].op);
}

void reproduce(const struct program *program, const struct rules *rules,
	       const struct reproduce_options *options, struct reproduction *reproduction)
{
	struct reproducing r = {
		.program = program,
		.rules = rules,
		.options = options,
		.outcome = reproduction,
	};

	memset(reproduction, 0, sizeof(*reproduction));
	reproduction->result = REPRODUCED_UNTRIED;
	r.note = open_memstream(&r.note_text, &r.note_size);
	if (!r.note)
		return;
	r.deterministic = options->deterministic || needs_fibers(&r);
	choose_all(&r);
	for (size_t i = 0; i < r.count; i++)
		if (r.attempts[i].build)
			note_attempt(&r, &r.attempts[i]);
	if (r.deterministic && !options->deterministic)
		fputs("On fibers: while a pthread runs, all pthreads can use its mappings.\n", r.note);
	if (options->run && write_text(&r))
		try_all(&r);
	note_result(&r);
	if (!write_text(&r)) {
		free(reproduction->text);
		reproduction->text = NULL;
	}
	fclose(r.note);
	free(r.note_text);
}
