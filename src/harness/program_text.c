/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A line is read by a cursor that moves over it; each take_*() either moves on or
 * fills the error and returns false, so that the first thing wrong is what the user
 * is told.
 */
#include "harness/program_text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "harness/number.h"
#include "harness/text_writer.h"

struct cursor {
	const char *at, *end; /* of the line, without its comment */
	struct text_error *error;
};

/* What a line turned out to be. */
enum line_kind { LINE_BLANK, LINE_COMMENT, LINE_HEADER, LINE_EXPECT, LINE_CALL };

struct reader {
	const char *at, *end;
	unsigned int line;
	bool has_header, has_call, has_clean;
	struct text_error *error;
};

struct word {
	const char *at;
	size_t len;
};

static bool fail(struct text_error *error, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

static bool fail(struct text_error *error, const char *what, ...)
{
	va_list args;

	va_start(args, what);
	vsnprintf(error->what, sizeof(error->what), what, args);
	va_end(args);
	return false;
}

/* A word as it may stand in a message: cut to a length that fits. */
static int shown(const struct word *word)
{
	return word->len < 40 ? (int)word->len : 40;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && is_blank(*c->at))
		c->at++;
}

static bool at_end(struct cursor *c)
{
	skip_blanks(c);
	return c->at == c->end;
}

/* Moves over @sign if it stands there. */
static bool try_sign(struct cursor *c, const char *sign)
{
	size_t len = strlen(sign);

	skip_blanks(c);
	if ((size_t)(c->end - c->at) < len || memcmp(c->at, sign, len))
		return false;
	c->at += len;
	return true;
}

static bool take_sign(struct cursor *c, const char *sign, const char *before)
{
	if (try_sign(c, sign))
		return true;
	return fail(c->error, "expected '%s' %s", sign, before);
}

/* Letters, digits and underscores; may be empty. */
static struct word take_word(struct cursor *c)
{
	struct word word;

	skip_blanks(c);
	word.at = c->at;
	while (c->at < c->end && is_word(*c->at))
		c->at++;
	word.len = (size_t)(c->at - word.at);
	return word;
}

static bool word_is(const struct word *word, const char *text)
{
	return strlen(text) == word->len && !memcmp(word->at, text, word->len);
}

static int digit_value(char c, unsigned int base)
{
	int value = is_digit(c)		      ? c - '0' :
		    c >= 'a' && c <= 'f' ? c - 'a' + 10 :
		    c >= 'A' && c <= 'F' ? c - 'A' + 10 :
					   99;

	return value < (int)base ? value : -1;
}

/* A literal, decimal or hex, that fits in 64 bits. */
static bool literal(const struct word *word, uint64_t *number)
{
	bool hex = word->len > 2 && word->at[0] == '0' && (word->at[1] | 0x20) == 'x';
	unsigned int base = hex ? 16 : 10;

	*number = 0;
	for (size_t i = hex ? 2 : 0; i < word->len; i++) {
		int digit = digit_value(word->at[i], base);

		if (digit < 0 || __builtin_mul_overflow(*number, base, number) ||
		    __builtin_add_overflow(*number, (uint64_t)digit, number))
			return false;
	}
	return word->len > 0;
}

/* PAGE_SIZE or SIZE_MAX, then perhaps + or - a literal; must not wrap. */
static bool take_named(struct cursor *c, uint64_t base, uint64_t *number)
{
	bool plus = try_sign(c, "+");
	struct word word;
	uint64_t by;

	*number = base;
	if (!plus && !try_sign(c, "-"))
		return true;
	word = take_word(c);
	if (!literal(&word, &by))
		return fail(c->error, "expected a number after '%c', got '%.*s'", plus ? '+' : '-',
			    shown(&word), word.at);
	if (plus ? __builtin_add_overflow(base, by, number) :
		   __builtin_sub_overflow(base, by, number))
		return fail(c->error, "expected a number of 0 .. SIZE_MAX, this sum wraps");
	return true;
}

static bool take_number(struct cursor *c, uint64_t *number)
{
	struct word word = take_word(c);

	if (word_is(&word, "PAGE_SIZE") || word_is(&word, "SIZE_MAX")) {
		if (!take_named(c, word.at[0] == 'P' ? 4096 : UINT64_MAX, number))
			return false;
	} else if (!literal(&word, number)) {
		return fail(c->error,
			    "expected a number (decimal, 0x hex, PAGE_SIZE or SIZE_MAX), got '%.*s'",
			    shown(&word), word.at);
	}
	if (!number_valid(*number))
		return fail(c->error,
			    "number outside the domain: expected x, 2^32+x, 2^63+x or SIZE_MAX-x "
			    "with x < 16384, got 0x%" PRIx64,
			    *number);
	return true;
}

static bool take_value(struct cursor *c, uint8_t *value)
{
	struct word word = take_word(c);
	uint64_t number;

	if (!literal(&word, &number) || number > 255)
		return fail(c->error, "expected a value of 0 .. 255, got '%.*s'", shown(&word),
			    word.at);
	*value = (uint8_t)number;
	return true;
}


/* One flag into @flags; @contexts counts the contexts seen. */
static bool take_flag(struct cursor *c, uint8_t *flags, unsigned int *contexts)
{
	struct word word = take_word(c);

	for (unsigned int i = 0; i < 4; i++) {
		if (!word_is(&word, text_gfp_contexts[i]))
			continue;
		*flags |= (uint8_t)i;
		return ++*contexts == 1 || fail(c->error, "expected one GFP_ context, got a second");
	}
	for (unsigned int i = 0; i < 3; i++) {
		uint8_t bit = (uint8_t)(CALL_GFP_ZERO << i);

		if (!word_is(&word, text_gfp_modifiers[i]))
			continue;
		if (*flags & bit)
			return fail(c->error, "expected each flag once, got %s again",
				    text_gfp_modifiers[i]);
		*flags |= bit;
		return true;
	}
	return fail(c->error, "expected a gfp flag, got '%.*s'", shown(&word), word.at);
}

static bool take_flags(struct cursor *c, uint8_t *flags)
{
	unsigned int contexts = 0;

	do {
		if (!take_flag(c, flags, &contexts))
			return false;
	} while (try_sign(c, "|"));
	return contexts || fail(c->error, "expected one of GFP_KERNEL GFP_ATOMIC GFP_NOWAIT GFP_NOIO");
}

/* A handle such as p7, of one kind. */
static bool to_handle(struct cursor *c, const struct word *word, char kind, uint8_t *handle)
{
	unsigned int most = op_handles(kind) - 1;
	struct word digits = { word->at + 1, word->len - 1 };
	uint64_t number;

	kind |= 0x20;
	if (word->len < 2 || word->at[0] != kind || !literal(&digits, &number) ||
	    !is_digit(digits.at[digits.len - 1]) || digits.len > 2 ||
	    (digits.len == 2 && digits.at[0] == '0') || number > most)
		return fail(c->error, "expected a handle %c0 .. %c%u, got '%.*s'", kind, kind, most,
			    shown(word), word->at);
	*handle = (uint8_t)number;
	return true;
}

static bool take_slice_size(struct cursor *c, uint64_t *size)
{
	if (!take_number(c, size))
		return false;
	return *size <= PROGRAM_SLICE_MAX ||
	       fail(c->error, "expected a slice size of 0 .. %u", PROGRAM_SLICE_MAX);
}

static bool take_argument(struct cursor *c, char kind, struct call *call,
			  struct argument_counts *seen)
{
	struct word word;

	switch (kind) {
	case 'n':
		return take_number(c, &call->number[seen->numbers++]);
	case 'z':
		return take_slice_size(c, &call->number[seen->numbers++]);
	case 'f':
		call->has_fault = 1;
		return take_number(c, &call->number[seen->numbers++]);
	case 'v':
		return take_value(c, &call->value);
	case 'g':
		return take_flags(c, &call->value);
	default:
		word = take_word(c);
		return to_handle(c, &word, kind, &call->handle[seen->handles++]);
	}
}

static bool take_arguments(struct cursor *c, const char *kinds, struct call *call)
{
	struct argument_counts seen = { 0 };
	const char *first = kinds;

	if (*kinds >= 'A' && *kinds <= 'Z') {
		seen.handles = 1;
		first = ++kinds;
	}
	if (!take_sign(c, "(", "after the name of the call"))
		return false;
	for (; *kinds; kinds++) {
		if (*kinds == 'f' && try_sign(c, ")"))
			return true;
		if (kinds > first && !take_sign(c, ",", "before the next argument"))
			return false;
		if (!take_argument(c, *kinds, call, &seen))
			return false;
	}
	return take_sign(c, ")", "after the last argument");
}

static bool take_claim(struct cursor *c, struct call *call)
{
	struct word word;

	if (!try_sign(c, "->"))
		return true;
	word = take_word(c);
	call->claim = (int8_t)result_find(word.at, word.len);
	if (call->claim == RESULT_NONE)
		return fail(c->error, "expected a result (0, EINVAL, EFAULT or ENOMEM), got '%.*s'",
			    shown(&word), word.at);
	if (!op_table[call->op].has_result)
		return fail(c->error, "expected no '->': %s has no result", op_table[call->op].name);
	return true;
}

static bool to_thread(struct cursor *c, const struct word *word, uint8_t *thread)
{
	if (word_is(word, "main")) {
		*thread = THREAD_MAIN;
		return true;
	}
	if (word->len == 2 && word->at[0] == 'T' && word->at[1] >= '0' && word->at[1] <= '7') {
		*thread = (uint8_t)(word->at[1] - '0' + 1);
		return true;
	}
	return fail(c->error, "expected a thread (main or T0 .. T7) before ':', got '%.*s'",
		    shown(word), word->at);
}

/* The resource before `=`, once the name of the call says of what kind it must be. */
static bool check_resource(struct cursor *c, const struct word *resource, struct call *call)
{
	const struct op_info *op = &op_table[call->op];
	bool fills = op->args[0] >= 'A' && op->args[0] <= 'Z';

	if (fills && !resource->len)
		return fail(c->error, "expected '%c0 = %s': the call makes a resource",
			    op->args[0] | 0x20, op->name);
	if (!fills && resource->len)
		return fail(c->error, "expected no '%.*s =': %s makes no resource", shown(resource),
			    resource->at, op->name);
	return !fills || to_handle(c, resource, op->args[0], &call->handle[0]);
}

/* [THREAD:] [RESOURCE =] NAME(ARG, ...) [-> RESULT] */
static bool take_call(struct cursor *c, struct call *call)
{
	struct word word = take_word(c), resource = { NULL, 0 };

	memset(call, 0, sizeof(*call));
	call->claim = RESULT_NONE;
	if (try_sign(c, ":")) {
		if (!to_thread(c, &word, &call->thread))
			return false;
		word = take_word(c);
	}
	if (try_sign(c, "=")) {
		resource = word;
		if (!resource.len)
			return fail(c->error, "expected a resource before '='");
		word = take_word(c);
	}
	call->op = (uint8_t)op_find(word.at, word.len);
	if (call->op == OP_COUNT) {
		if (!word.len && c->at < c->end)
			return fail(c->error, "expected the name of a call, got '%c'", *c->at);
		return fail(c->error, "unknown call '%.*s': expected the name of a call",
			    shown(&word), word.at);
	}
	if (!check_resource(c, &resource, call) ||
	    !take_arguments(c, op_table[call->op].args, call) || !take_claim(c, call))
		return false;
	return at_end(c) || fail(c->error, "expected the end of the line, got '%c'", *c->at);
}

static bool take_expect(struct reader *r, struct cursor *c, rule_set *expect)
{
	const char *name;
	size_t len;
	enum rule rule;

	skip_blanks(c);
	name = c->at;
	while (c->at < c->end && !is_blank(*c->at))
		c->at++;
	len = (size_t)(c->at - name);
	if (!at_end(c))
		return fail(c->error, "expected one name after 'expect'");
	if (r->has_call)
		return fail(c->error, "expected 'expect' before the first call");
	rule = rule_find(name, len);
	if (len == 5 && !memcmp(name, "clean", 5))
		r->has_clean = true;
	else if (rule == RULE_COUNT)
		return fail(c->error, "expected 'clean' or the name of a rule, got '%.*s'",
			    len < 40 ? (int)len : 40, name);
	else
		*expect |= RULE_BIT(rule);
	return !(r->has_clean && *expect) ||
	       fail(c->error, "expected 'clean' alone or names of rules, got both");
}

static bool take_header(struct cursor *c)
{
	struct word word = take_word(c), version;

	if (!word_is(&word, TEXT_HEADER))
		return fail(c->error, "expected the header 'pagetorture 1'");
	skip_blanks(c);
	version.at = c->at;
	while (c->at < c->end && !is_blank(*c->at))
		c->at++;
	version.len = (size_t)(c->at - version.at);
	if (!word_is(&version, "1") || !at_end(c))
		return fail(c->error, "expected the header 'pagetorture 1', got version '%.*s'",
			    shown(&version), version.at);
	return true;
}

/* The bytes that the UTF-8 sequence at @at needs, or 0 if it is none. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
	size_t len = *at < 0x80 ? 1 : *at >= 0xc2 && *at < 0xe0 ? 2 : *at >= 0xe0 && *at < 0xf0 ? 3 :
		     *at >= 0xf0 && *at < 0xf5 ? 4 : 0;

	if (!len || len > left)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((*at == 0xe0 && at[1] < 0xa0) || (*at == 0xed && at[1] > 0x9f) ||
	    (*at == 0xf0 && at[1] < 0x90) || (*at == 0xf4 && at[1] > 0x8f))
		return 0;
	return len;
}

/* Printable ASCII and tabs before the comment; any UTF-8 but NUL and CR in it. */
static bool check_characters(struct cursor *c, const char *line_end)
{
	for (const char *at = c->at; at < c->end; at++)
		if (!is_blank(*at) && (*at < 0x21 || *at > 0x7e))
			return fail(c->error, "expected ASCII text, got byte 0x%02x",
				    (unsigned char)*at);
	for (const char *at = c->end; at < line_end;) {
		size_t len = utf8_length((const unsigned char *)at, (size_t)(line_end - at));

		if (!len || *at == '\0' || *at == '\r')
			return fail(c->error, "expected UTF-8 in the comment, got byte 0x%02x",
				    (unsigned char)*at);
		at += len;
	}
	return true;
}

/* Cuts the next line off; @c gets it without its comment. */
static bool next_line(struct reader *r, struct cursor *c, struct word *whole)
{
	size_t left = (size_t)(r->end - r->at);
	const char *eol = memchr(r->at, '\n', left), *comment;

	r->error->line = ++r->line;
	if (r->line > PROGRAM_LINES)
		return fail(r->error, "expected at most %d lines", PROGRAM_LINES);
	whole->at = r->at;
	whole->len = (size_t)((eol ? eol : r->end) - r->at);
	if (whole->len > TEXT_LINE_MAX)
		return fail(r->error, "expected at most %d bytes a line, got %zu", TEXT_LINE_MAX,
			    whole->len);
	r->at = eol ? eol + 1 : r->end;
	comment = memchr(whole->at, '#', whole->len);
	c->at = whole->at;
	c->end = comment ? comment : whole->at + whole->len;
	c->error = r->error;
	return check_characters(c, whole->at + whole->len);
}

static bool starts_with_expect(const struct cursor *c)
{
	struct cursor look = *c;
	struct word word = take_word(&look);

	return word_is(&word, "expect") && (at_end(&look) || is_blank(word.at[word.len]));
}

/* Reads one line; a call goes to @call, rules to @expect. */
static bool read_line(struct reader *r, enum line_kind *kind, struct call *call, rule_set *expect,
		      struct word *whole)
{
	struct cursor c;

	if (!next_line(r, &c, whole))
		return false;
	if (at_end(&c)) {
		*kind = c.end < whole->at + whole->len ? LINE_COMMENT : LINE_BLANK;
		return true;
	}
	if (!r->has_header) {
		*kind = LINE_HEADER;
		r->has_header = true;
		return take_header(&c);
	}
	if (starts_with_expect(&c)) {
		*kind = LINE_EXPECT;
		take_word(&c);
		return take_expect(r, &c, expect);
	}
	*kind = LINE_CALL;
	r->has_call = true;
	if (!take_call(&c, call))
		return false;
	call->line = r->line;
	return true;
}

static bool finish(struct reader *r)
{
	if (r->has_header)
		return true;
	r->error->line = r->line ? r->line : 1;
	return fail(r->error, "expected the header 'pagetorture 1', got the end of the file");
}

bool program_from_text(struct program *program, const char *text, size_t size,
		       struct text_error *error)
{
	struct reader r = { .at = text, .end = text + size, .error = error };

	program->count = 0;
	program->claims = false;
	program->expect = 0;
	while (r.at < r.end) {
		enum line_kind kind;
		struct word whole;
		struct call call;

		if (!read_line(&r, &kind, &call, &program->expect, &whole))
			return false;
		if (kind == LINE_EXPECT)
			program->claims = true;
		if (kind == LINE_CALL)
			program->calls[program->count++] = call;
	}
	return finish(&r);
}

/* The first expectation that is left, sorted: comments between two keep their place. */
static void put_next_expect(struct text_writer *w, rule_set *left, bool *clean_left)
{
	if (*clean_left)
		text_put(w, "expect clean\n");
	*clean_left = false;
	for (enum rule rule = 0; rule < RULE_COUNT; rule++) {
		if (!(*left & RULE_BIT(rule)))
			continue;
		text_put(w, "expect %s\n", rule_name(rule));
		*left &= ~RULE_BIT(rule);
		return;
	}
}

size_t program_rewrite_text(const char *text, size_t size, char *out, struct text_error *error)
{
	struct text_writer w = { out, 0, TEXT_REWRITE_MAX };
	struct reader r = { .at = text, .end = text + size, .error = error };
	static struct program program; /* its claims must be known at the first `expect` */
	rule_set left;
	bool clean_left;

	if (!program_from_text(&program, text, size, error))
		return 0;
	left = program.expect;
	clean_left = program.claims && !left;
	while (r.at < r.end) {
		enum line_kind kind;
		struct word whole;
		struct call call;
		rule_set expect = 0;

		if (!read_line(&r, &kind, &call, &expect, &whole))
			return 0;
		if (kind == LINE_COMMENT)
			text_put(&w, "%.*s\n", (int)whole.len, whole.at);
		else if (kind == LINE_HEADER)
			text_put(&w, TEXT_HEADER " 1\n");
		else if (kind == LINE_EXPECT)
			put_next_expect(&w, &left, &clean_left);
		else if (kind == LINE_CALL) {
			text_put_call(&w, &call);
			text_put(&w, "\n");
		}
	}
	return w.used;
}

bool program_is_text(const char *name, const char *content, size_t size)
{
	size_t len = strlen(name);
	const char *at = content, *end = content + size;

	if (len >= 5 && !strcmp(name + len - 5, ".page"))
		return true;
	while (at < end && (is_blank(*at) || *at == '\n' || *at == '#')) {
		if (*at == '#')
			while (at < end && *at != '\n')
				at++;
		else
			at++;
	}
	return (size_t)(end - at) >= strlen(TEXT_HEADER) && !memcmp(at, TEXT_HEADER, strlen(TEXT_HEADER));
}
