/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Reads lines of a program's text and checks the order of their kinds. One caller builds the
 * program, the other rewrites the text in canonical form.
 */
#include "harness/program/program_text.h"

#include <stdio.h>
#include <string.h>

#include "harness/util/utf8.h"
#include "harness/program/text_cursor.h"
#include "harness/program/text_writer.h"

/* The kind of a line. */
enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_HEADER, LINE_EXPECT, LINE_CALL };

struct text_reader {
	const char *at, *end;
	unsigned int line_number;
	bool has_header, has_call, has_clean;
	struct text_error *error;
};

/* Gets the names that may follow `expect`. */
static void format_expect_names(char names[RULE_SET_TEXT + 24])
{
	char rule_names[RULE_SET_TEXT];

	rule_set_text(RULE_BIT(RULE_COUNT) - 1, ", ", rule_names);
	snprintf(names, RULE_SET_TEXT + 24, "clean or a rule (%s)", rule_names);
}

/* @name: the text after `expect` */
static bool set_expect_error(const struct text_cursor *c, const struct text_word *name)
{
	char expected_names[RULE_SET_TEXT + 24];

	for (size_t i = 0; i < name->len; i++)
		if (text_is_space(name->start[i]) || strchr(",;|", name->start[i]))
			return text_set_error(c->error, "expected one name a line, got '%.*s': write "
					      "'expect NAME' on a line for each",
					      TEXT_SHOWN(name));
	format_expect_names(expected_names);
	if (!name->len)
		return text_set_error(c->error, "expected %s after 'expect'", expected_names);
	return text_set_error(c->error, "expected %s, got '%.*s'", expected_names,
			      TEXT_SHOWN(name));
}

/* Reads the rest of the line without the spaces around it. */
static struct text_word read_rest_of_line(struct text_cursor *c)
{
	struct text_word rest;

	text_skip_spaces(c);
	rest.start = c->at;
	rest.len = (size_t)(c->end - c->at);
	while (rest.len && text_is_space(rest.start[rest.len - 1]))
		rest.len--;
	c->at = c->end;
	return rest;
}

static bool parse_expect(struct text_reader *r, struct text_cursor *c, rule_set *expect)
{
	struct text_word name = read_rest_of_line(c);
	enum rule rule = rule_find(name.start, name.len);

	if (text_word_is(&name, "clean"))
		r->has_clean = true;
	else if (rule == RULE_COUNT)
		return set_expect_error(c, &name);
	else
		*expect |= RULE_BIT(rule);
	if (r->has_call)
		return text_set_error(c->error, "expected 'expect' before the first call");
	return !(r->has_clean && *expect) ||
	       text_set_error(c->error, "expected 'clean' alone or names of rules, got both");
}

static bool parse_header(struct text_cursor *c)
{
	struct text_word word = text_read_word(c), version;

	if (!text_word_is(&word, TEXT_HEADER))
		return text_set_error(c->error, "expected the header 'pagetorture 1'");
	c->error->no_header = false;
	text_skip_spaces(c);
	version.start = c->at;
	while (c->at < c->end && !text_is_space(*c->at))
		c->at++;
	version.len = (size_t)(c->at - version.start);
	if (!text_word_is(&version, "1") || !text_is_at_end(c))
		return text_set_error(c->error, "expected the header 'pagetorture 1', got version '%.*s'",
			    TEXT_SHOWN(&version));
	return true;
}

/* Only printable ASCII and tabs are allowed, and in comments any UTF-8 except CR. */
static bool check_characters(struct text_cursor *c, const char *line_end)
{
	for (const char *at = c->at; at < c->end; at++)
		if (!text_is_space(*at) && (*at < 0x21 || *at > 0x7e))
			return text_set_error(c->error, "expected ASCII text, got byte 0x%02x",
				    (unsigned char)*at);
	for (const char *at = c->end; at < line_end;) {
		size_t len = utf8_character_length(at, (size_t)(line_end - at));

		if (!len || *at == '\r')
			return text_set_error(c->error, "expected UTF-8 in the comment, got byte 0x%02x",
				    (unsigned char)*at);
		at += len;
	}
	return true;
}

/* Reads the next line; @c gets it without its comment. */
static bool split_next_line(struct text_reader *r, struct text_cursor *c, struct text_word *whole)
{
	size_t rules_left = (size_t)(r->end - r->at);
	const char *eol = memchr(r->at, '\n', rules_left), *comment;

	r->error->line_number = ++r->line_number;
	if (r->line_number > PROGRAM_LINES)
		return text_set_error(r->error, "expected at most %d lines", PROGRAM_LINES);
	whole->start = r->at;
	whole->len = (size_t)((eol ? eol : r->end) - r->at);
	if (whole->len > TEXT_LINE_MAX)
		return text_set_error(r->error, "expected at most %d bytes a line, got %zu", TEXT_LINE_MAX,
			    whole->len);
	r->at = eol ? eol + 1 : r->end;
	comment = memchr(whole->start, '#', whole->len);
	c->at = whole->start;
	c->end = comment ? comment : whole->start + whole->len;
	c->error = r->error;
	return check_characters(c, whole->start + whole->len);
}

static bool starts_with_expect(const struct text_cursor *c)
{
	struct text_cursor look = *c;
	struct text_word word = text_read_word(&look);

	return text_word_is(&word, "expect") &&
	       (text_is_at_end(&look) || text_is_space(word.start[word.len]));
}

/* Parses one line; a call is stored in @call, rules are added to @expect. */
static bool read_line(struct text_reader *r, enum line_kind *kind, struct call *call,
		      rule_set *expect, struct text_word *whole)
{
	struct text_cursor c;

	if (!split_next_line(r, &c, whole))
		return false;
	if (text_is_at_end(&c)) {
		*kind = c.end < whole->start + whole->len ? LINE_COMMENT : LINE_BLANK;
		return true;
	}
	if (!r->has_header) {
		*kind = LINE_HEADER;
		r->has_header = parse_header(&c);
		return r->has_header;
	}
	if (starts_with_expect(&c)) {
		*kind = LINE_EXPECT;
		text_read_word(&c);
		return parse_expect(r, &c, expect);
	}
	*kind = LINE_CALL;
	r->has_call = true;
	if (!text_parse_call(&c, call))
		return false;
	call->line = r->line_number;
	return true;
}

static bool check_header_was_read(struct text_reader *r)
{
	if (r->has_header)
		return true;
	r->error->line_number = r->line_number ? r->line_number : 1;
	return text_set_error(r->error, "expected the header 'pagetorture 1', got the end of the file");
}

bool program_from_text(struct program *program, const char *text, size_t size,
		       struct text_error *error)
{
	struct text_reader r = { .at = text, .end = text + size, .error = error };

	error->no_header = true;
	program->count = 0;
	program->has_expect = false;
	program->expect = 0;
	while (r.at < r.end) {
		enum line_kind kind;
		struct text_word whole;
		struct call call;

		if (!read_line(&r, &kind, &call, &program->expect, &whole))
			return false;
		if (kind == LINE_EXPECT)
			program->has_expect = true;
		if (kind == LINE_CALL)
			program->calls[program->count++] = call;
	}
	return check_header_was_read(&r);
}

/* Writes the next expected rule, in sorted order: comments between two lines keep their place. */
static void append_next_expected_rule(struct text_writer *w, rule_set *rules_left,
				      bool *must_append_clean)
{
	if (*must_append_clean)
		text_append(w, "expect clean\n");
	*must_append_clean = false;
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		if (!(*rules_left & RULE_BIT(rule)))
			continue;
		text_append(w, "expect %s\n", rule_name(rule));
		*rules_left &= ~RULE_BIT(rule);
		return;
	}
}

size_t program_rewrite_text(const char *text, size_t size, char *out, struct text_error *error)
{
	struct text_writer w = { out, 0, TEXT_REWRITE_MAX };
	struct text_reader r = { .at = text, .end = text + size, .error = error };
	static struct program program; /* all expected rules must be known at the first `expect` */
	rule_set rules_left;
	bool must_append_clean;

	if (!program_from_text(&program, text, size, error))
		return 0;
	rules_left = program.expect;
	must_append_clean = program.has_expect && !rules_left;
	while (r.at < r.end) {
		enum line_kind kind;
		struct text_word whole;
		struct call call;
		rule_set expect = 0;

		if (!read_line(&r, &kind, &call, &expect, &whole))
			return 0;
		if (kind == LINE_COMMENT)
			text_append_line(&w, whole.start, whole.len);
		else if (kind == LINE_HEADER)
			text_append(&w, TEXT_HEADER " 1\n");
		else if (kind == LINE_EXPECT)
			append_next_expected_rule(&w, &rules_left, &must_append_clean);
		else if (kind == LINE_CALL) {
			text_append_call(&w, &call);
			text_append(&w, "\n");
		}
	}
	return w.used;
}
