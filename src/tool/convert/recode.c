/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/recode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_name.h"

/* What a text holds that is no call. */
struct extras {
	size_t comments, trailing, expectations, claims;
};

static void count_line(const char *line, size_t len, struct extras *extras)
{
	size_t spaces = 0;

	while (spaces < len && (line[spaces] == ' ' || line[spaces] == '\t'))
		spaces++;
	if (!memchr(line, '#', len))
		extras->expectations += len - spaces > 6 && !memcmp(line + spaces, "expect", 6);
	else if (line[spaces] == '#')
		extras->comments++;
	else
		extras->trailing++;
}

static struct extras extras_of(const char *text, size_t size, const struct program *program)
{
	struct extras extras = { 0 };

	for (const char *line = text, *end = text + size; line < end;) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));

		stop = stop ? stop : end;
		count_line(line, (size_t)(stop - line), &extras);
		line = stop + 1;
	}
	for (size_t i = 0; i < program->count; i++)
		extras.claims += program->calls[i].expected_result != RESULT_NONE;
	return extras;
}

static void add_lost(char lost[RECODE_LOST], size_t count, const char *what)
{
	size_t used = strlen(lost);

	if (count)
		snprintf(lost + used, RECODE_LOST - used, "%s%zu %s%s", used ? ", " : "", count,
			 what, count > 1 ? "s" : "");
}

static bool to_text(const char *file, const char *content, size_t size, bool from_text,
		    const struct program *program, struct recoded *recoded,
		    char error[PROGRAM_FILE_ERROR])
{
	struct text_error text_error;

	recoded->text = true;
	if (!from_text) {
		recoded->size = program_to_text(program, recoded->content);
		return true;
	}
	add_lost(recoded->lost, extras_of(content, size, program).trailing, "trailing comment");
	recoded->size = program_rewrite_text(content, size, recoded->content, &text_error);
	if (!recoded->size)
		snprintf(error, PROGRAM_FILE_ERROR, "%s:%u: %s", file, text_error.line,
			 text_error.what);
	return recoded->size;
}

static void to_bytes(const char *content, size_t size, bool from_text,
		     const struct program *program, struct recoded *recoded)
{
	struct extras extras;

	recoded->text = false;
	recoded->size = program_to_bytes(program, (uint8_t *)recoded->content);
	if (!from_text)
		return;
	extras = extras_of(content, size, program);
	add_lost(recoded->lost, extras.comments + extras.trailing, "comment");
	add_lost(recoded->lost, extras.expectations, "expectation");
	add_lost(recoded->lost, extras.claims, "claim");

}

/* Bytes of a file that decode to no call, or to one in another way than they would be written. */
static void add_odd_bytes(const char *content, size_t size, const struct program *program,
			   struct recoded *recoded)
{
	static uint8_t canonical[PROGRAM_BYTES_MAX];
	size_t whole = program_to_bytes(program, canonical);

	if (size > whole)
		add_lost(recoded->lost, size - whole, "byte");
	if (size > whole)
		snprintf(recoded->lost + strlen(recoded->lost),
			 RECODE_LOST - strlen(recoded->lost), " of no call");
	else if (memcmp(content, canonical, whole))
		snprintf(recoded->lost, RECODE_LOST, "bytes that mean nothing");
}

/* Does what was written mean what was read? */
static bool same_again(const struct recoded *recoded, const struct program *program)
{
	static struct program again;
	struct text_error error;

	if (recoded->text && !program_from_text(&again, recoded->content, recoded->size, &error))
		return false;
	if (!recoded->text)
		program_from_bytes(&again, (const uint8_t *)recoded->content, recoded->size);
	return program_equal(&again, program);
}

static bool recode_content(const char *file, const char *content, size_t size,
			   enum recode_to to, struct recoded *recoded,
			   char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	bool from_text = !program_name_is_bytes(file);

	recoded->lost[0] = '\0';
	if (!program_file_parse(file, content, size, &program, error))
		return false;
	if (to == RECODE_OTHER)
		to = from_text ? RECODE_BYTES : RECODE_TEXT;
	if (to == RECODE_SAME)
		to = from_text ? RECODE_TEXT : RECODE_BYTES;
	if (to == RECODE_BYTES)
		to_bytes(content, size, from_text, &program, recoded);
	else if (!to_text(file, content, size, from_text, &program, recoded, error))
		return false;
	if (!from_text)
		add_odd_bytes(content, size, &program, recoded);
	if (same_again(recoded, &program))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s: expected the same program after rewriting it",
		 file);
	return false;
}

bool recode(const char *file, enum recode_to to, struct recoded *recoded,
	    char error[PROGRAM_FILE_ERROR])
{
	size_t size;
	char *content = program_file_read(file, &size, error);
	bool good = content && recode_content(file, content, size, to, recoded, error);

	free(content);
	return good;
}
