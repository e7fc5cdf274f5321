/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Writes programs as canonical text. */
#include <stdarg.h>
#include <stdio.h>

#include "harness/util/bytes.h"
#include "harness/util/number.h"
#include "harness/program/program_text.h"
#include "harness/program/text_writer.h"

const char *const text_gfp_contexts[4] = { "GFP_KERNEL", "GFP_ATOMIC", "GFP_NOWAIT", "GFP_NOIO" };
const char *const text_gfp_modifiers[3] = { "__GFP_ZERO", "__GFP_HIGHMEM", "__GFP_NOFAIL" };

void text_append(struct text_writer *writer, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	writer->used +=
		(size_t)vsnprintf(writer->text + writer->used, writer->size - writer->used, format, args);
	va_end(args);
}

void text_append_line(struct text_writer *writer, const char *line, size_t len)
{
	bytes_copy(writer->text + writer->used, line, len);
	writer->used += len;
	text_append(writer, "\n");
}

static void append_gfp_flags(struct text_writer *writer, uint8_t flags)
{
	text_append(writer, "%s", text_gfp_contexts[flags & CALL_GFP_CONTEXT]);
	for (unsigned int i = 0; i < 3; i++)
		if (flags & CALL_GFP_ZERO << i)
			text_append(writer, " | %s", text_gfp_modifiers[i]);
}

static void append_argument(struct text_writer *writer, char letter, const struct call *call,
			    struct argument_progress *seen)
{
	char number_as_text[NUMBER_TEXT];

	switch (letter) {
	case 'n':
	case 'z':
	case 'f':
		number_write_program_text(call->number[seen->numbers++], number_as_text);
		text_append(writer, "%s", number_as_text);
		break;
	case 'v':
		text_append(writer, "0x%x", call->value);
		break;
	case 'g':
		append_gfp_flags(writer, call->value);
		break;
	default:
		text_append(writer, "%c%u", letter, call->handle[seen->handles++]);
	}
}

void text_append_call(struct text_writer *writer, const struct call *call)
{
	const char *letters = op_table[call->op].argument_kinds, *separator = "";
	struct argument_progress seen = { 0 };

	text_append(writer, "%s: ", thread_name(call->thread));
	if (op_fills_handle(call->op)) {
		append_argument(writer, *letters++ | 0x20, call, &seen);
		text_append(writer, " = ");
	}
	text_append(writer, "%s(", op_table[call->op].name);
	for (; *letters && (*letters != 'f' || call->has_fault); letters++) {
		text_append(writer, "%s", separator);
		append_argument(writer, *letters, call, &seen);
		separator = ", ";
	}
	text_append(writer, ")");
	if (call->expected_result != RESULT_NONE)
		text_append(writer, " -> %s", result_name(call->expected_result));
}

static void append_expect_lines(struct text_writer *writer, const struct program *program)
{
	if (program->has_expect && !program->expect)
		text_append(writer, "expect clean\n");
	for (enum rule rule = 0; rule < RULE_COUNT; rule++)
		if (program->expect & RULE_BIT(rule))
			text_append(writer, "expect %s\n", rule_table[rule].name);
}

void text_append_start_line(struct text_writer *writer, struct start_state start)
{
	char text[START_TEXT];

	start_state_to_text(start, text);
	text_append(writer, "schedule " SCHEDULE_START "%s\n", text);
}

static void append_schedule_lines(struct text_writer *writer, const struct program *program)
{
	if (program->schedule.start.kind != START_USED)
		text_append_start_line(writer, program->schedule.start);
	for (size_t i = 0; i < program->schedule.count; i++) {
		char text[DEVIATION_TEXT];

		deviation_to_text(&program->schedule.items[i], text);
		text_append(writer, "schedule %s\n", text);
	}
}

void call_to_text(const struct call *call, char text[TEXT_CALL_MAX])
{
	struct text_writer writer = { text, 0, TEXT_CALL_MAX };

	text_append_call(&writer, call);
}

size_t program_to_text(const struct program *program, char text[TEXT_PROGRAM_MAX])
{
	struct text_writer writer = { text, 0, TEXT_PROGRAM_MAX };

	text_append(&writer, TEXT_HEADER " 1\n");
	append_expect_lines(&writer, program);
	append_schedule_lines(&writer, program);
	for (size_t i = 0; i < program->count; i++) {
		text_append_call(&writer, &program->calls[i]);
		text_append(&writer, "\n");
	}
	return writer.used;
}
