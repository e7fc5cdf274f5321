/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Makes the signature of an input of a fuzz target from the report of the target's own binary. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/program/program_text.h"
#include "harness/util/isolate.h"
#include "tool/finding/signature.h"
#include "tool/report/symbols.h"
#include "tool/util/environment.h"

#define NOT_EXECUTED 127

static struct isolated child;

/* ---- running the target ---- */

/* Writes the input to a memory file. Return: its descriptor, which the child inherits; negative: error. */
static int write_input_file(const struct test_input *input)
{
	size_t section_size;
	const void *bytes = test_input_encode(input, &section_size);
	int file = memfd_create("input", 0);

	if (file >= 0 && write(file, bytes, section_size) != (ssize_t)section_size) {
		close(file);
		return -1;
	}
	return file;
}

static void exec_target(void *ctx)
{
	static const char *const variables[] = { "ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS",
						 "UBSAN_OPTIONS" };
	char *const *argv = ctx;
	bool is_set = true;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		is_set &= environment_append_options(variables[i], "symbolize=0");
	if (is_set)
		execv(argv[0], argv);
	_exit(NOT_EXECUTED);
}

static bool run_target(const char *path, const struct test_input *input, unsigned int seconds)
{
	int file = write_input_file(input);
	char file_path[32];
	char *text_argv[] = { (char *)(uintptr_t)path, file_path, NULL };
	char *bytes_argv[] = { (char *)(uintptr_t)path, "--from-bytes", file_path, NULL };
	bool is_calls = input->target->reads == READS_CALLS, has_run;

	if (file < 0)
		return false;
	snprintf(file_path, sizeof(file_path), "/proc/self/fd/%d", file);
	has_run = isolate(exec_target, is_calls ? text_argv : bytes_argv, seconds, &child) &&
		  child.exit_code != NOT_EXECUTED;
	close(file);
	return has_run;
}

/* ---- the output of the target ---- */

/* Return: the lines of the output between the line @head and "---"; NULL if they do not exist. */
static const char *find_output_section(const char *head, size_t *section_size)
{
	const char *begin = strstr(child.output, head), *end;

	if (!begin)
		return NULL;
	begin += strlen(head);
	end = strstr(begin, "\n---\n");
	*section_size = end ? (size_t)(end - begin) + 1 : 0;
	return end ? begin : NULL;
}

/* Reads the program that the target executed. Return: whether the target printed it. */
static bool read_executed_program(struct program *program)
{
	struct text_error error;
	size_t section_size;
	const char *text = find_output_section("--- the program as it ran ---\n", &section_size);

	return text && program_from_text(program, text, section_size, &error);
}

/* Formats the name of the last executed call, if the input is calls; else nothing. */
static void format_last_call(char name[48])
{
	size_t section_size;
	const char *text = find_output_section("--- the calls as they ran ---\n", &section_size), *last;

	*name = '\0';
	if (!text || section_size < 2)
		return;
	last = memrchr(text, '\n', section_size - 1);
	last = last ? last + 1 : text;
	snprintf(name, 48, "%.*s", (int)strcspn(last, " \n"), last);
}

/* Formats the stack of the frames that are in the target's binary. */
static void format_report_stack(const char *path, const struct report *report, char stack[SYMBOLS_STACK])
{
	const char *binary = basename(path);

	*stack = '\0';
	for (size_t i = 0; report->site_count && i < report->sites[0].frame_count; i++) {
		const struct report_frame *frame = &report->sites[0].frames[i];

		if (!strcmp(basename(frame->module), binary))
			symbols_append_offset(stack, frame->offset);
	}
}

/* Return: the error message of the target, if no report of a sanitizer precedes it; or NULL. */
static const char *find_target_sentence(const struct fuzz_target *target, const char *report_line)
{
	char sentence_prefix[80];
	const char *sentence;

	snprintf(sentence_prefix, sizeof(sentence_prefix), "ERROR: %.60s: ", target->name);
	sentence = strstr(child.output, sentence_prefix);
	return sentence && (!report_line || sentence < report_line) ? sentence + strlen(sentence_prefix) : NULL;
}

/* Describes the end of a process that printed no report. Return: whether the input failed. */
static bool describe_exit_without_report(char failure[DISAGREEMENT_TEXT])
{
	if (child.has_timed_out)
		strcpy(failure, "timeout");
	else if (child.signal)
		snprintf(failure, DISAGREEMENT_TEXT, "signal-%d", child.signal);
	else
		snprintf(failure, DISAGREEMENT_TEXT, "exit-%d", child.exit_code);
	/* Status 1 and 2 mean that the replayer could not read the input. */
	return child.has_timed_out || child.signal || child.exit_code > 2;
}

/* ---- the signature ---- */

/* Return: the call that the sentence names by its line in the executed program; NO_SITE: none. */
static size_t find_call_of_failure(const struct program *executed_program, const char *failure)
{
	unsigned int line;

	if (!executed_program || sscanf(failure, "line %u", &line) != 1 || line < 2 ||
	    line - 2 >= executed_program->count)
		return NO_SITE;
	return line - 2;
}

static void set_short_name(struct signature *s, const char *word)
{
	snprintf(s->short_name, sizeof(s->short_name), "%.60s-%.120s", s->observer_name, word);
	for (char *c = s->short_name; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

bool signature_init_from_target(struct signature *s, const char *replayer,
				const struct test_input *input, unsigned int seconds,
				struct program *ran)
{
	static struct program program;
	static struct report report;
	char failure[DISAGREEMENT_TEXT], functions[REPORT_TOP_TEXT] = "", last_call[48] = "",
	     stack[SYMBOLS_STACK] = "";
	bool has_report, is_program_known = false;
	const char *sentence;
	size_t call;

	memset(s, 0, sizeof(*s));
	s->fatal_op = OP_COUNT;
	s->main_rule = RULE_COUNT;
	program.count = 0;
	if (!run_target(replayer, input, seconds))
		return false;
	has_report = child.exit_code && report_parse(child.output, &report);
	sentence = find_target_sentence(input->target, has_report ? strstr(child.output, report.line) : NULL);
	if (sentence) {
		snprintf(failure, sizeof(failure), "%.*s", (int)strcspn(sentence, "\n"), sentence);
		is_program_known = read_executed_program(&program);
		format_last_call(last_call);
	} else if (has_report) {
		snprintf(failure, sizeof(failure), "%s", report.kind);
		format_report_stack(replayer, &report, stack);
		symbols_format_top_functions(replayer, stack, functions);
	} else if (!describe_exit_without_report(failure)) {
		return false;
	}
	s->has_failed = s->is_disagreement = true;
	snprintf(s->observer_name, sizeof(s->observer_name), "%s", input->target->name);
	snprintf(s->observed_sentence, sizeof(s->observed_sentence), "%s%s%s", failure,
		 *functions ? ", in " : "", functions);
	signature_append(s, "%s: ", s->observer_name);
	signature_append_sentence(s, &program, failure);
	if (*last_call || *functions)
		signature_append(s, " at %s%s%s%s", last_call, *functions ? "[" : "", functions,
				 *functions ? "]" : "");
	call = find_call_of_failure(is_program_known ? &program : NULL, failure);
	set_short_name(s, call != NO_SITE ? op_table[program.calls[call].op].name :
			  *last_call	  ? last_call :
			  sentence	  ? "finding" :
					    failure);
	s->places[0].call = call;
	s->place_count = symbols_find_innermost_frame(replayer, stack, &s->places[0].frame) || call != NO_SITE;
	if (ran && is_program_known)
		*ran = program;
	return is_program_known;
}
