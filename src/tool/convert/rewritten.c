/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/rewritten.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"

static void add_lost(struct rewritten *rewritten, size_t count, const char *what)
{
	char *lost = rewritten->lost;
	size_t used = strlen(lost);

	if (count)
		snprintf(lost + used, sizeof(rewritten->lost) - used, "%s%zu %s%s", used ? ", " : "", count,
			 what, count > 1 ? "s" : "");
}

/* Adds what @text has beside its calls and the new notation cannot hold. */
static void add_lost_text(struct rewritten *rewritten, const char *text, size_t size,
			  const struct program *program)
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
	if (rewritten->is_text) {
		add_lost(rewritten, trailing, "trailing comment");
		return;
	}
	add_lost(rewritten, comments + trailing, "comment");
	add_lost(rewritten, expectations, "expectation");
	add_lost(rewritten, claims, "claim");
}

/* Adds bytes of a file that decode to no call, or to one that is encoded in another way. */
static void add_lost_bytes(struct rewritten *rewritten, const char *bytes, size_t size,
			   const struct program *program)
{
	static uint8_t canonical[PROGRAM_BYTES_MAX];
	size_t canonical_size = program_to_bytes(program, canonical);

	if (size > canonical_size) {
		add_lost(rewritten, size - canonical_size, "byte");
		strcat(rewritten->lost, " of no call");
	} else if (memcmp(bytes, canonical, canonical_size)) {
		strcpy(rewritten->lost, "bytes that mean nothing");
	}
}

static bool is_same_program(const struct rewritten *rewritten, const struct program *program)
{
	static struct program read_back;
	struct text_error error;

	if (!rewritten->is_text)
		program_from_bytes(&read_back, (const uint8_t *)rewritten->content, rewritten->size);
	else if (!program_from_text(&read_back, rewritten->content, rewritten->size, &error))
		return false;
	return program_equal(&read_back, program);
}

static bool rewrite_content(const char *file, const char *content, size_t size, enum notation to,
			    struct rewritten *rewritten, char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool from_text = !program_name_is_bytes(file);
	struct text_error text_error;

	if (!program_file_parse(file, content, size, &program, error))
		return false;
	rewritten->lost[0] = '\0';
	rewritten->is_text = to == NOTATION_OTHER ? !from_text :
			     to == NOTATION_SAME ? from_text : to == NOTATION_TEXT;
	if (!rewritten->is_text)
		rewritten->size = program_to_bytes(&program, (uint8_t *)rewritten->content);
	else if (from_text)
		rewritten->size = program_rewrite_text(content, size, rewritten->content, &text_error);
	else
		rewritten->size = program_to_text(&program, rewritten->content);
	if (from_text)
		add_lost_text(rewritten, content, size, &program);
	else
		add_lost_bytes(rewritten, content, size, &program);
	if (is_same_program(rewritten, &program))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s: expected the same program after rewriting it", file);
	return false;
}

bool rewrite_program(const char *file, enum notation to, struct rewritten *rewritten,
		     char error[PROGRAM_FILE_ERROR])
{
	size_t size;
	char *content = program_file_read(file, &size, error);
	bool is_good = content && rewrite_content(file, content, size, to, rewritten, error);

	free(content);
	return is_good;
}
