/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Runs an input in the binary of its fuzz target, and makes a signature from the output of that binary. */
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

/* Replaces this process, the child process, by the target's binary. */
static void exec_target(void *target_argv)
{
	static const char *const variables[] = { "ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS",
						 "UBSAN_OPTIONS" };
	char *const *argv = target_argv;
	bool is_set = true;

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		is_set &= environment_append_options_once(variables[i], "symbolize=0");
	if (is_set)
		execv(argv[0], argv);
	_exit(NOT_EXECUTED);
}

/* Runs the target on a file in memory with the input. Return: false if the target did not start. */
static bool run_target(const char *replayer_path, const struct test_input *input,
		       unsigned int timeout_seconds)
{
	size_t input_size;
	const void *bytes = test_input_encode(input, &input_size);
	int file = memfd_create("input", 0);
	char input_file_path[32];
	char *text_argv[] = { (char *)(uintptr_t)replayer_path, input_file_path, NULL };
	char *bytes_argv[] = { (char *)(uintptr_t)replayer_path, "--from-bytes", input_file_path, NULL };
	bool is_calls = input->target->input_kind == READS_CALLS, has_run;

	if (file < 0)
		return false;
	snprintf(input_file_path, sizeof(input_file_path), "/proc/self/fd/%d", file);
	has_run = write(file, bytes, input_size) == (ssize_t)input_size &&
		  isolate_call(exec_target, is_calls ? text_argv : bytes_argv, timeout_seconds, &child) &&
		  child.exit_code != NOT_EXECUTED;
	close(file);
	return has_run;
}

/* ---- the output of the target ---- */

/* Return: the output between the line @head_line and "---"; NULL: a line is missing. */
static const char *find_output_section(const char *head_line, size_t *section_size)
{
	const char *begin = strstr(child.output, head_line), *end;

	if (!begin)
		return NULL;
	begin += strlen(head_line);
	end = strstr(begin, "\n---\n");
	*section_size = end ? (size_t)(end - begin) + 1 : 0;
	return end ? begin : NULL;
}

/* Reads the program that the target executed. Return: whether the target printed that program. */
static bool parse_executed_program(struct program *program)
{
	struct text_error error;
	size_t section_size;
	const char *text = find_output_section("--- the program as it ran ---\n", &section_size);

	return text && program_from_text(program, text, section_size, &error);
}

/* Formats the name of the last executed call that the target printed; "": the target printed no call. */
static void format_last_call_name(char call_name[48])
{
	size_t section_size;
	const char *text = find_output_section("--- the calls as they ran ---\n", &section_size), *last;

	*call_name = '\0';
	if (!text || section_size < 2)
		return;
	last = memrchr(text, '\n', section_size - 1);
	last = last ? last + 1 : text;
	snprintf(call_name, 48, "%.*s", (int)strcspn(last, " \n"), last);
}

/* Formats the offsets of the frames in the target's binary, from the first stack of the report. */
static void format_stack_offsets(const char *binary_path, const struct report *report,
				 char stack[SYMBOLS_STACK])
{
	const char *binary = basename(binary_path);

	*stack = '\0';
	for (size_t i = 0; report->site_count && i < report->sites[0].frame_count; i++) {
		const struct report_frame *frame = &report->sites[0].frames[i];

		if (!strcmp(basename(frame->module), binary))
			symbols_append_offset(stack, frame->offset);
	}
}

/*
 * Return: the error message of the target in its output. NULL: the output has no error message, or a
 * sanitizer's report, which begins at @report_begin, precedes the message.
 */
static const char *find_target_error_message(const struct fuzz_target *target, const char *report_begin)
{
	char error_message_prefix[80];
	const char *error_message;

	snprintf(error_message_prefix, sizeof(error_message_prefix), "ERROR: %.60s: ", target->name);
	error_message = strstr(child.output, error_message_prefix);
	return error_message && (!report_begin || error_message < report_begin) ?
		       error_message + strlen(error_message_prefix) :
		       NULL;
}

/* Describes how a target that printed no report ended. Return: whether the target failed. */
static bool describe_exit_and_check_failure(char failure[DISAGREEMENT_TEXT])
{
	if (child.has_timed_out)
		strcpy(failure, "timeout");
	else if (child.signal)
		snprintf(failure, DISAGREEMENT_TEXT, "signal-%d", child.signal);
	else
		snprintf(failure, DISAGREEMENT_TEXT, "exit-%d", child.exit_code);
	/* The replayer exits with status 1 or 2 if it cannot read the input. */
	return child.has_timed_out || child.signal || child.exit_code > 2;
}

/* ---- the signature ---- */

/* Return: the index of the call whose line @failure_sentence names; SITE_NO_CALL: no call. */
static size_t find_call_named_by_failure(const struct program *executed_program, const char *failure_sentence)
{
	unsigned int line_number;

	if (!executed_program || sscanf(failure_sentence, "line %u", &line_number) != 1 || line_number < 2 ||
	    line_number - 2 >= executed_program->count)
		return SITE_NO_CALL;
	return line_number - 2;
}

static void set_short_name(struct signature *s, const char *failure_word)
{
	snprintf(s->short_name, sizeof(s->short_name), "%.60s-%.120s", s->observer_name, failure_word);
	for (char *c = s->short_name; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

bool signature_run_target_and_parse_program(struct signature *s, const char *replayer,
					    const struct test_input *input, unsigned int timeout_seconds,
					    struct program *executed_program)
{
	static struct program program;
	static struct report report;
	char failure[DISAGREEMENT_TEXT], functions[REPORT_INNERMOST_TEXT] = "", last_call[48] = "",
					 stack[SYMBOLS_STACK] = "";
	bool has_report, is_program_known = false;
	const char *error_message;
	size_t call;

	memset(s, 0, sizeof(*s));
	s->fatal_op = OP_COUNT;
	s->main_rule = RULE_COUNT;
	program.count = 0;
	if (!run_target(replayer, input, timeout_seconds))
		return false;
	has_report = child.exit_code && report_parse_first(child.output, &report);
	error_message = find_target_error_message(input->target,
						  has_report ? strstr(child.output, report.line) : NULL);
	if (error_message) {
		snprintf(failure, sizeof(failure), "%.*s", (int)strcspn(error_message, "\n"), error_message);
		is_program_known = parse_executed_program(&program);
		format_last_call_name(last_call);
	} else if (has_report) {
		snprintf(failure, sizeof(failure), "%s", report.kind);
		format_stack_offsets(replayer, &report, stack);
		symbols_format_library_functions(replayer, stack, functions);
	} else if (!describe_exit_and_check_failure(failure)) {
		return false;
	}
	s->has_failed = s->is_disagreement = true;
	snprintf(s->observer_name, sizeof(s->observer_name), "%s", input->target->name);
	snprintf(s->observed_sentence, sizeof(s->observed_sentence), "%s%s%s", failure,
		 *functions ? ", in " : "", functions);
	signature_append_failure_text(s, "%s: ", s->observer_name);
	signature_append_without_numbers(s, &program, failure);
	if (*last_call || *functions)
		signature_append_failure_text(s, " at %s%s%s%s", last_call, *functions ? "[" : "", functions,
					      *functions ? "]" : "");
	call = find_call_named_by_failure(is_program_known ? &program : NULL, failure);
	set_short_name(s, call != SITE_NO_CALL ? op_table[program.calls[call].op].name :
			  *last_call           ? last_call :
			  error_message        ? "finding" :
						 failure);
	s->places[0].call = call;
	s->place_count = symbols_find_innermost_library_frame(replayer, stack, &s->places[0].frame) ||
			 call != SITE_NO_CALL;
	if (executed_program && is_program_known)
		*executed_program = program;
	return is_program_known;
}
