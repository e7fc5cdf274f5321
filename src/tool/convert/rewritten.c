/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/rewritten.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"

static void append_lost_count(struct rewritten_program *rewritten_program, size_t count,
			      const char *what)
{
	char *lost = rewritten_program->lost_parts;
	size_t used = strlen(lost);

	if (count)
		snprintf(lost + used, sizeof(rewritten_program->lost_parts) - used, "%s%zu %s%s",
			 used ? ", " : "", count, what, count > 1 ? "s" : "");
}

/* Counts comments, expectations and claims in @text that the new notation cannot hold. */
static void append_lost_text(struct rewritten_program *rewritten_program, const char *text,
			     size_t size, const struct program *program)
{
	size_t comments = 0, trailing = 0, expectations = 0, claims = 0;

	for (const char *line = text, *end; line < text + size; line = end + 1) {
		const char *comment;

		end = memchr(line, '\n', (size_t)(text + size - line));
		end = end ? end : text + size;
		comment = memchr(line, '#', (size_t)(end - line));
		while (line < end && (*line == ' ' || *line == '\t'))
			line++;
		comments += comment == line;
		trailing += comment && comment != line;
		expectations += end - line > 6 && comment != line && !memcmp(line, "expect", 6);
	}
	for (size_t i = 0; i < program->count; i++)
		claims += program->calls[i].expected_result != RESULT_NONE;
	if (rewritten_program->is_text) {
		append_lost_count(rewritten_program, trailing, "trailing comment");
		return;
	}
	append_lost_count(rewritten_program, comments + trailing, "comment");
	append_lost_count(rewritten_program, expectations, "expectation");
	append_lost_count(rewritten_program, claims, "claim");
}

/* Counts bytes of a file that decode to no call; or notes that other bytes encode the same calls. */
static void append_lost_bytes(struct rewritten_program *rewritten_program, const char *bytes,
			      size_t size, const struct program *program)
{
	static uint8_t canonical[PROGRAM_BYTES_MAX];
	size_t canonical_size = program_to_bytes(program, canonical);

	if (size > canonical_size) {
		append_lost_count(rewritten_program, size - canonical_size, "byte");
		strcat(rewritten_program->lost_parts, " of no call");
	} else if (memcmp(bytes, canonical, canonical_size)) {
		strcpy(rewritten_program->lost_parts, "bytes that mean nothing");
	}
}

static bool is_same_program(const struct rewritten_program *rewritten_program,
			    const struct program *program)
{
	static struct program read_back;
	struct text_error error;

	if (!rewritten_program->is_text)
		program_from_bytes(&read_back, (const uint8_t *)rewritten_program->content,
				   rewritten_program->size);
	else if (!program_from_text(&read_back, rewritten_program->content, rewritten_program->size,
				    &error))
		return false;
	return program_equal(&read_back, program);
}

static bool rewrite_content(const char *file, const char *content, size_t size, enum notation to,
			    struct rewritten_program *rewritten_program,
			    char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool from_text = !program_name_is_bytes(file);
	struct text_error text_error;

	if (!program_file_parse(file, content, size, &program, error))
		return false;
	rewritten_program->lost_parts[0] = '\0';
	rewritten_program->is_text = to == NOTATION_OTHER ? !from_text :
			     to == NOTATION_SAME ? from_text : to == NOTATION_TEXT;
	if (!rewritten_program->is_text)
		rewritten_program->size =
			program_to_bytes(&program, (uint8_t *)rewritten_program->content);
	else if (from_text)
		rewritten_program->size = program_rewrite_text(
			content, size, rewritten_program->content, &text_error);
	else
		rewritten_program->size = program_to_text(&program, rewritten_program->content);
	if (from_text)
		append_lost_text(rewritten_program, content, size, &program);
	else
		append_lost_bytes(rewritten_program, content, size, &program);
	if (is_same_program(rewritten_program, &program))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s: expected the same program after rewriting it", file);
	return false;
}

bool rewrite_program(const char *file, enum notation to, struct rewritten_program *rewritten_program,
		     char error[PROGRAM_FILE_ERROR])
{
	size_t size;
	char *content = program_file_read(file, &size, error);
	bool all_succeeded =
		content && rewrite_content(file, content, size, to, rewritten_program, error);

	free(content);
	return all_succeeded;
}
