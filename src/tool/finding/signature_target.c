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

/* The parsed output of a target. */
struct target_output {
	const char *sentence; /* the target's error message, up to the end of its line; or NULL */
	bool is_program_known;
	struct program program; /* that the target executed and printed */
	char last_call[48];	/* name of the last executed call, if the input is calls; else empty */
	char functions[REPORT_TOP_TEXT]; /* in src/page, innermost first; may be empty */
	struct report_frame frame;	 /* the innermost frame in src/page */
};

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
	char *const *argv = ctx;

	if (environment_append_options("ASAN_OPTIONS", "symbolize=0") &&
	    environment_append_options("MSAN_OPTIONS", "symbolize=0") &&
	    environment_append_options("TSAN_OPTIONS", "symbolize=0") &&
	    environment_append_options("UBSAN_OPTIONS", "symbolize=0"))
		execv(argv[0], argv);
	_exit(NOT_EXECUTED);
}

static bool run_target(const char *path, const struct test_input *input, unsigned int seconds)
{
	int file = write_input_file(input);
	char name[32];
	char *text_argv[] = { (char *)(uintptr_t)path, name, NULL };
	char *bytes_argv[] = { (char *)(uintptr_t)path, "--from-bytes", name, NULL };
	bool is_calls = input->target->reads == READS_CALLS, has_run;

	if (file < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
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

static void read_output_sections(struct target_output *output)
{
	struct text_error error;
	size_t section_size;
	const char *text = find_output_section("--- the program as it ran ---\n", &section_size),
		   *last;

	output->is_program_known =
		text && program_from_text(&output->program, text, section_size, &error);
	text = find_output_section("--- the calls as they ran ---\n", &section_size);
	if (!text || section_size < 2)
		return;
	last = memrchr(text, '\n', section_size - 1);
	last = last ? last + 1 : text;
	snprintf(output->last_call, sizeof(output->last_call), "%.*s", (int)strcspn(last, " \n"), last);
}

/* Finds the functions of the frames that are in the target's binary. */
static void read_report_frames(const char *path, const struct report *report,
			       struct target_output *output)
{
	const char *binary = basename(path);
	char stack[SYMBOLS_STACK] = "";

	for (size_t i = 0; report->site_count && i < report->sites[0].frame_count; i++) {
		const struct report_frame *frame = &report->sites[0].frames[i];

		if (!strcmp(basename(frame->module), binary))
			symbols_append_offset(stack, frame->offset);
	}
	symbols_format_top_functions(path, stack, output->functions);
	symbols_find_innermost_frame(path, stack, &output->frame);
}

/* Return: the error message of the target, if no report of a sanitizer precedes it; or NULL. */
static const char *find_target_sentence(const struct fuzz_target *target, const char *report_line)
{
	char head[80];
	const char *sentence;

	snprintf(head, sizeof(head), "ERROR: %.60s: ", target->name);
	sentence = strstr(child.output, head);
	return sentence && (!report_line || sentence < report_line) ? sentence + strlen(head) : NULL;
}

/*
 * Describes in @failure what ended the process. Status 1 and 2 without a report mean that the replayer
 * could not read the input.
 * Return: whether the input failed.
 */
static bool read_output(const char *path, const struct fuzz_target *target, struct target_output *output,
			char failure[DISAGREEMENT_TEXT])
{
	static struct report report;
	bool has_report = child.exit_code && report_parse(child.output, &report);

	memset(output, 0, sizeof(*output));
	output->sentence =
		find_target_sentence(target, has_report ? strstr(child.output, report.line) : NULL);
	if (output->sentence) {
		snprintf(failure, DISAGREEMENT_TEXT, "%.*s", (int)strcspn(output->sentence, "\n"),
			 output->sentence);
		read_output_sections(output);
	} else if (has_report) {
		snprintf(failure, DISAGREEMENT_TEXT, "%s", report.kind);
		read_report_frames(path, &report, output);
	} else if (child.has_timed_out) {
		strcpy(failure, "timeout");
	} else if (child.signal) {
		snprintf(failure, DISAGREEMENT_TEXT, "signal-%d", child.signal);
	} else if (child.exit_code > 2) {
		snprintf(failure, DISAGREEMENT_TEXT, "exit-%d", child.exit_code);
	} else {
		return false;
	}
	return true;
}

/* ---- the signature ---- */

/* Return: the call that the sentence names by its line in the executed program; NO_SITE: none. */
static size_t find_call(const struct target_output *output, const char *failure)
{
	unsigned int program_line;

	if (!output->is_program_known || sscanf(failure, "line %u", &program_line) != 1 || program_line < 2 ||
	    program_line - 2 >= output->program.count)
		return NO_SITE;
	return program_line - 2;
}

static void set_short_name(struct signature *s, const struct target_output *output,
			   const char *failure, size_t call)
{
	const char *word = call != NO_SITE ? op_table[output->program.calls[call].op].name :
			   *output->last_call ? output->last_call :
			   output->sentence ? "finding" : failure;

	snprintf(s->short_name, sizeof(s->short_name), "%.60s-%.120s", s->observer_name, word);
	for (char *c = s->short_name; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

static void fill_signature(struct signature *s, const struct target_output *output,
			   const char *failure)
{
	size_t call = find_call(output, failure);
	const char *functions = output->functions;

	s->has_failed = s->is_disagreement = true;
	snprintf(s->observed_sentence, sizeof(s->observed_sentence), "%s%s%s", failure,
		 *functions ? ", in " : "", functions);
	signature_append(s, "%s: ", s->observer_name);
	signature_append_sentence(s, &output->program, failure);
	if (*output->last_call || *functions)
		signature_append(s, " at %s%s%s%s", output->last_call, *functions ? "[" : "", functions,
				 *functions ? "]" : "");
	set_short_name(s, output, failure, call);
	if (call == NO_SITE && !output->frame.file[0])
		return;
	s->place_count = 1;
	s->places[0] = (struct signature_place){ call, output->frame };
}

bool signature_init_from_target(struct signature *s, const char *replayer,
				const struct test_input *input, unsigned int seconds,
				struct program *ran)
{
	static struct target_output output;
	char failure[DISAGREEMENT_TEXT];

	memset(s, 0, sizeof(*s));
	s->fatal_op = OP_COUNT;
	s->main_rule = RULE_COUNT;
	if (!run_target(replayer, input, seconds) ||
	    !read_output(replayer, input->target, &output, failure))
		return false;
	snprintf(s->observer_name, sizeof(s->observer_name), "%s", input->target->name);
	fill_signature(s, &output, failure);
	if (ran && output.is_program_known)
		*ran = output.program;
	return output.is_program_known;
}
