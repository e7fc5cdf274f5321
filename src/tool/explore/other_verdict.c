/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/explore/other_verdict.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/program/program_text.h"
#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/util/model_facts.h"
#include "tool/util/output.h"
#include "tool/util/script.h"
#include "tool/util/usage.h"
#include "tool/util/verdict_print.h"

static const char *format_program(const struct program *program, size_t *size)
{
	static char text[TEXT_PROGRAM_MAX];

	*size = program_to_text(program, text);
	return text;
}

void order_verdict_to_text(const struct order_verdict *verdict, char text[ORDER_VERDICT_TEXT])
{
	rule_set_to_text(verdict->broken, " ", text);
	if (!verdict->results_hold)
		strcat(text, " (an expected result does not hold)");
}

void order_verdict_write_json_members(struct json *json, const struct order_verdict *verdict)
{
	write_rule_names(json, "verdict", verdict->broken);
	json_bool(json, "results_hold", verdict->results_hold);
}

/* ---- files ---- */

/* The paths of the files that this process has written. */
static char (*written_paths)[PATH_MAX];
static size_t written_count;

static bool path_is_written(const char *path)
{
	for (size_t i = 0; i < written_count; i++)
		if (!strcmp(written_paths[i], path))
			return true;
	return false;
}

/* Return: false if there is no memory; errno is then ENOMEM. */
static bool add_written_path(const char *path)
{
	void *longer = reallocarray(written_paths, written_count + 1, sizeof(*written_paths));

	if (!longer)
		return false;
	written_paths = longer;
	strcpy(written_paths[written_count++], path);
	return true;
}

/* Return: false, with errno, if the path does not fit in PATH_MAX bytes or there is no memory. */
static bool choose_path(const struct other_verdict *other, const char *directory, const char *file,
			char *path)
{
	const char *name = strrchr(file, '/') ? strrchr(file, '/') + 1 : file;
	size_t name_len = strlen(name), suffix_len = strlen(".page");
	const char *results = other->verdict.results_hold ? "" : "-results";
	char rules[RULE_SET_TEXT], number_text[24] = "";

	if (!strcmp(file, "-")) {
		name = "stdin";
		name_len = strlen(name);
	}
	if (name_len > suffix_len && !strcmp(name + name_len - suffix_len, ".page"))
		name_len -= suffix_len;
	rule_set_to_text(other->verdict.broken, "-", rules);
	for (unsigned int number = 2;; number++) {
		if (!path_format(path, PATH_MAX, "%s/%.*s-%s%s%s.page", directory, (int)name_len, name, rules,
				 results, number_text))
			return false;
		if (!path_is_written(path))
			return add_written_path(path);
		snprintf(number_text, sizeof(number_text), "-%u", number);
	}
}

int other_verdict_write_file(const struct other_verdict *other, const char *directory, const char *file,
			     char *path)
{
	size_t size;
	const char *text = format_program(other->program, &size);

	if (mkdir(directory, 0777) && errno != EEXIST)
		return errno;
	return choose_path(other, directory, file, path) ? output_write_or_errno(path, text, size) : errno;
}

/* ---- text and JSON ---- */

void other_verdict_print_command(FILE *out, const struct other_verdict *other, const char *path)
{
	size_t size;

	shell_word_print(out, running_binary_path());
	fputs(" explain ", out);
	if (path)
		shell_absolute_path_print(out, path);
	else
		fprintf(out, "- <<'END'\n%sEND", format_program(other->program, &size));
	putc('\n', out);
}

void other_verdict_write_json(struct json *json, const struct other_verdict *other, const char *path)
{
	size_t size;

	json_begin_object(json, NULL);
	order_verdict_write_json_members(json, &other->verdict);
	json_number(json, "orders", (int64_t)other->order_count);
	if (path)
		json_text(json, "path", path);
	json_text(json, "program", format_program(other->program, &size));
	json_end(json);
}

/* ---- drawings ---- */

/* Replaces this process by the script of `explain`. */
static _Noreturn void exec_explain_script(const struct program *program, const struct rules *rules,
					  const char *file)
{
	char *argv[] = { "explain", NULL };
	FILE *input = script_open_input();
	struct script_command script;
	struct json facts;

	if (!input)
		_exit(usage_error("explore", "expected memory for the drawing, got none"));
	facts = json_make_writer(input);
	json_begin_object(&facts, NULL);
	write_model_facts_as_members(&facts, program, rules, file);
	json_begin_array(&facts, "disagreements"); /* of an execution, which explore does not make */
	json_end_all_and_newline(&facts);
	script_init(&script, 1, argv);
	script_append(&script, "status=%d", EXIT_GOOD);
	script_append_arguments(&script, (char *[]){ NULL });
	_exit(script_exec_python(&script, input));
}

int other_verdict_draw(const struct other_verdict *other, struct rules *rules, const char *file)
{
	pid_t child;
	int status;

	rules_evaluate(rules, other->program);
	if (fflush(stdout))
		return EXIT_BAD;
	child = fork();
	if (!child)
		exec_explain_script(other->program, rules, file);
	if (child < 0 || waitpid(child, &status, 0) != child)
		return usage_error("explore", "expected a process for the drawing: %s", strerror(errno));
	return WIFEXITED(status) && WEXITSTATUS(status) == EXIT_GOOD ? EXIT_GOOD : EXIT_BAD;
}
