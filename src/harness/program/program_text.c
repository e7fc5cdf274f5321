/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Parses the lines of a program's text: the header, `expect` and `schedule` lines, and calls.
 * program_from_text() stores them in a program; program_rewrite_as_canonical() writes them in canonical form.
 */
#include "harness/program/program_text.h"

#include <string.h>

#include "harness/util/utf8.h"
#include "harness/program/text_cursor.h"
#include "harness/program/text_writer.h"

enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_HEADER, LINE_EXPECT, LINE_SCHEDULE, LINE_START, LINE_CALL };

struct text_reader {
	const char *at, *end;
	unsigned int line_number;
	bool has_header, has_schedule, has_start, has_call, has_clean;
	struct text_error *error;
};

/* Sets the error for @name, the wrong text after `expect`. Return: always false. */
static bool set_expect_error(const struct text_cursor *cursor, const struct text_word *name)
{
	char rule_names[RULE_SET_TEXT];

	for (size_t i = 0; i < name->len; i++)
		if (text_is_space(name->start[i]) || strchr(",;|", name->start[i]))
			return text_set_error(cursor->error,
					      "expected one name a line, got '%.*s': write "
					      "'expect NAME' on a line for each",
					      TEXT_SHOWN(name));
	rule_set_to_text(RULE_BIT(RULE_COUNT) - 1, ", ", rule_names);
	if (!name->len)
		return text_set_error(cursor->error, "expected clean or a rule (%s) after 'expect'",
				      rule_names);
	return text_set_error(cursor->error, "expected clean or a rule (%s), got '%.*s'", rule_names,
			      TEXT_SHOWN(name));
}

/* Moves the cursor to the end of the line. Return: the skipped text without spaces around it. */
static struct text_word read_trimmed_rest_of_line(struct text_cursor *cursor)
{
	struct text_word rest;

	text_skip_spaces(cursor);
	rest.start = cursor->at;
	rest.len = (size_t)(cursor->end - cursor->at);
	while (rest.len && text_is_space(rest.start[rest.len - 1]))
		rest.len--;
	cursor->at = cursor->end;
	return rest;
}

static bool parse_expect(struct text_reader *reader, struct text_cursor *cursor, rule_set *expected_rules)
{
	struct text_word name = read_trimmed_rest_of_line(cursor);
	enum rule rule = rule_find(name.start, name.len);

	if (text_word_is(&name, "clean"))
		reader->has_clean = true;
	else if (rule == RULE_COUNT)
		return set_expect_error(cursor, &name);
	else
		*expected_rules |= RULE_BIT(rule);
	if (reader->has_call || reader->has_schedule)
		return text_set_error(cursor->error, "expected 'expect' before %s",
				      reader->has_call ? "the first call" : "'schedule'");
	return !(reader->has_clean && *expected_rules) ||
	       text_set_error(cursor->error, "expected 'clean' alone or names of rules, got both");
}

/* What a line has, by its kind. */
struct line_content {
	struct call call;
	struct deviation deviation;
	struct start_state start;
	rule_set expect;
};

static bool parse_start(struct text_reader *reader, const struct text_word *word, const char *name,
			struct start_state *start)
{
	if (reader->has_start)
		return text_set_error(reader->error, "expected one line with 'schedule " SCHEDULE_START "'");
	reader->has_start = true;
	return start_state_parse(name, start) ||
	       text_set_error(reader->error,
			      "expected " SCHEDULE_START "NAME with a NAME of " START_STATE_NAMES
			      " after 'schedule', got '%.*s'",
			      TEXT_SHOWN(word));
}

/* Parses the deviation or the start state after `schedule`. */
static bool parse_schedule(struct text_reader *reader, struct text_cursor *cursor, enum line_kind *kind,
			   struct line_content *content)
{
	struct text_word word = read_trimmed_rest_of_line(cursor);
	char text[sizeof(SCHEDULE_START) + START_TEXT] = "";
	const char *end;

	if (reader->has_call)
		return text_set_error(cursor->error, "expected 'schedule' before the first call");
	reader->has_schedule = true;
	if (word.len < sizeof(text))
		memcpy(text, word.start, word.len);
	if (!strncmp(text, SCHEDULE_START, strlen(SCHEDULE_START))) {
		*kind = LINE_START;
		return parse_start(reader, &word, text + strlen(SCHEDULE_START), &content->start);
	}
	end = deviation_parse(text, &content->deviation);
	return (end && !*end) ||
	       text_set_error(cursor->error,
			      "expected a deviation such as T0.7>T1 after 'schedule', got '%.*s'",
			      TEXT_SHOWN(&word));
}

static bool parse_header(struct text_cursor *cursor)
{
	struct text_word word = text_read_word(cursor), version;

	if (!text_word_is(&word, TEXT_HEADER))
		return text_set_error(cursor->error, "expected the header 'pagetorture 1'");
	cursor->error->no_header = false;
	text_skip_spaces(cursor);
	version.start = cursor->at;
	while (cursor->at < cursor->end && !text_is_space(*cursor->at))
		cursor->at++;
	version.len = (size_t)(cursor->at - version.start);
	if (!text_word_is(&version, "1") || !text_ends_after_spaces(cursor))
		return text_set_error(cursor->error,
				      "expected the header 'pagetorture 1', got version '%.*s'",
				      TEXT_SHOWN(&version));
	return true;
}

/* Checks that the line has only printable ASCII and tabs, and its comment only valid UTF-8 without CR. */
static bool check_characters(struct text_cursor *cursor, const char *line_end)
{
	for (const char *at = cursor->at; at < cursor->end; at++)
		if (!text_is_space(*at) && (*at < 0x21 || *at > 0x7e))
			return text_set_error(cursor->error, "expected ASCII text, got byte 0x%02x",
					      (unsigned char)*at);
	for (const char *at = cursor->end; at < line_end;) {
		size_t len = utf8_character_length(at, (size_t)(line_end - at));

		if (!len || *at == '\r')
			return text_set_error(cursor->error, "expected UTF-8 in the comment, got byte 0x%02x",
					      (unsigned char)*at);
		at += len;
	}
	return true;
}

/* Reads the next line: @whole_line gets all of it, @cursor the part before its comment. */
static bool split_and_check_next_line(struct text_reader *reader, struct text_cursor *cursor,
				      struct text_word *whole_line)
{
	size_t bytes_left = (size_t)(reader->end - reader->at);
	const char *eol = memchr(reader->at, '\n', bytes_left), *comment;

	reader->error->line_number = ++reader->line_number;
	if (reader->line_number > PROGRAM_LINES)
		return text_set_error(reader->error, "expected at most %d lines", PROGRAM_LINES);
	whole_line->start = reader->at;
	whole_line->len = (size_t)((eol ? eol : reader->end) - reader->at);
	if (whole_line->len > TEXT_LINE_MAX)
		return text_set_error(reader->error, "expected at most %d bytes a line, got %zu",
				      TEXT_LINE_MAX, whole_line->len);
	reader->at = eol ? eol + 1 : reader->end;
	comment = memchr(whole_line->start, '#', whole_line->len);
	cursor->at = whole_line->start;
	cursor->end = comment ? comment : whole_line->start + whole_line->len;
	cursor->error = reader->error;
	return check_characters(cursor, whole_line->start + whole_line->len);
}

static bool starts_with_keyword(const struct text_cursor *cursor, const char *keyword)
{
	struct text_cursor look = *cursor;
	struct text_word word = text_read_word(&look);

	return text_word_is(&word, keyword) &&
	       (text_ends_after_spaces(&look) || text_is_space(word.start[word.len]));
}

static bool parse_next_line(struct text_reader *reader, enum line_kind *kind, struct line_content *content,
			    struct text_word *whole_line)
{
	struct text_cursor cursor;

	if (!split_and_check_next_line(reader, &cursor, whole_line))
		return false;
	if (text_ends_after_spaces(&cursor)) {
		*kind = cursor.end < whole_line->start + whole_line->len ? LINE_COMMENT : LINE_BLANK;
		return true;
	}
	if (!reader->has_header) {
		*kind = LINE_HEADER;
		reader->has_header = parse_header(&cursor);
		return reader->has_header;
	}
	if (starts_with_keyword(&cursor, "expect")) {
		*kind = LINE_EXPECT;
		text_read_word(&cursor);
		return parse_expect(reader, &cursor, &content->expect);
	}
	if (starts_with_keyword(&cursor, "schedule")) {
		*kind = LINE_SCHEDULE;
		text_read_word(&cursor);
		return parse_schedule(reader, &cursor, kind, content);
	}
	*kind = LINE_CALL;
	reader->has_call = true;
	if (!text_parse_call(&cursor, &content->call))
		return false;
	content->call.line = reader->line_number;
	return true;
}

/* Adds what the line has to the program. Return: false with the error filled if there is no space. */
static bool add_line(struct program *program, enum line_kind kind, const struct line_content *content,
		     struct text_error *error)
{
	if (kind == LINE_EXPECT)
		program->has_expect = true;
	if (kind == LINE_START)
		program->schedule.start = content->start;
	if (kind == LINE_CALL)
		program->calls[program->count++] = content->call;
	return kind != LINE_SCHEDULE || deviations_append(&program->schedule, content->deviation) ||
	       text_set_error(error, "expected at most %d lines with 'schedule'", DEVIATIONS_MAX);
}

bool program_from_text(struct program *program, const char *text, size_t size, struct text_error *error)
{
	struct text_reader reader = { .at = text, .end = text + size, .error = error };
	struct line_content content = { .expect = 0 };

	error->no_header = true;
	program->count = 0;
	program->has_expect = false;
	deviations_clear(&program->schedule);
	while (reader.at < reader.end) {
		enum line_kind kind;
		struct text_word whole;

		if (!parse_next_line(&reader, &kind, &content, &whole) ||
		    !add_line(program, kind, &content, error))
			return false;
	}
	program->expect = content.expect;
	if (reader.has_header)
		return true;
	error->line_number = reader.line_number ? reader.line_number : 1;
	return text_set_error(error, "expected the header 'pagetorture 1', got the end of the file");
}

/*
 * Writes the next canonical `expect` line in place of an `expect` line of the text. The rules are sorted, and
 * comments between the lines keep their place.
 */
static void append_next_expect_line(struct text_writer *writer, rule_set *rules_left, bool *must_append_clean)
{
	if (*must_append_clean)
		text_append(writer, "expect clean\n");
	*must_append_clean = false;
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		if (!(*rules_left & RULE_BIT(rule)))
			continue;
		text_append(writer, "expect %s\n", rule_table[rule].name);
		*rules_left &= ~RULE_BIT(rule);
		return;
	}
}

size_t program_rewrite_as_canonical(const char *text, size_t size, char *out, struct text_error *error)
{
	struct text_writer writer = { out, 0, TEXT_REWRITE_MAX };
	struct text_reader reader = { .at = text, .end = text + size, .error = error };
	static struct program program; /* the first canonical `expect` line depends on all `expect` lines */
	rule_set rules_left;
	bool must_append_clean;

	if (!program_from_text(&program, text, size, error))
		return 0;
	rules_left = program.expect;
	must_append_clean = program.has_expect && !rules_left;
	while (reader.at < reader.end) {
		enum line_kind kind;
		struct text_word whole;
		struct line_content content = { .expect = 0 };
		char deviation_text[DEVIATION_TEXT];

		if (!parse_next_line(&reader, &kind, &content, &whole))
			return 0;
		if (kind == LINE_COMMENT)
			text_append_line(&writer, whole.start, whole.len);
		else if (kind == LINE_HEADER)
			text_append(&writer, TEXT_HEADER " 1\n");
		else if (kind == LINE_EXPECT)
			append_next_expect_line(&writer, &rules_left, &must_append_clean);
		else if (kind == LINE_SCHEDULE) {
			deviation_to_text(&content.deviation, deviation_text);
			text_append(&writer, "schedule %s\n", deviation_text);
		} else if (kind == LINE_START && content.start.kind != START_USED) {
			text_append_start_line(&writer, content.start);
		} else if (kind == LINE_CALL) {
			text_append_call(&writer, &content.call);
			text_append(&writer, "\n");
		}
	}
	return writer.used;
}
