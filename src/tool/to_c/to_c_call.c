/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Each call of a program as C, from a table of templates. */
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_text.h"
#include "tool/to_c/to_c_parts.h"

/* The call that is written. */
struct c_one {
	struct c_file *file;
	const struct call *call;
	const struct c_step *step;
};

enum {
	RETURNS = 1, /* the template is an expression: 0 or an error */
	READS = 2,   /* the thread's buffer then has the bytes that were read */
	FILLS = 4,   /* the thread's buffer has the call's pattern before */
	TOUCHES = 8, /* an access through a mapping */
};

/*
 * Lines of C. In a template $p0 and $p1 are pages and $k is a mapping, each by its handle; $u0
 * and $u1 are readers of user memory, $h is the number of the first handle, $0 $1 $2 are numbers,
 * $n is the first number, cut to what page_fail_nth() takes, $b is the buffer of the thread, $v the
 * value, $w the width of an atomic in bits, $f the flags of an allocation, $o whether it
 * succeeds, $l the line, $r the result.
 */
struct template {
	const char *text;
	unsigned int traits;
	const char *shared;  /* in place of @text if several threads use the first handle; or NULL */
	const char *blocked; /* in place of @text if the call never returns; or NULL */
};

static const struct template templates[OP_COUNT] = {
	[OP_alloc_page] = { .text = "p$h = page_alloc$f;\nexpect($l, $p0 != NULL, $o);",
			    .shared = "show_page(&p$h, page_alloc$f);\nexpect($l, $p0 != NULL, $o);" },
	[OP_get_page] = { .text = "page_get($p0);" },
	[OP_free_page] = { .text = "page_free($p0);" },
	[OP_read_raw] = { .text = "page_read_raw($p0, $b, $0, $1)", .traits = RETURNS | READS },
	[OP_write_raw] = { .text = "page_write_raw($p0, $b, $0, $1)", .traits = RETURNS | FILLS },
	[OP_read_bytewise_atomic] = { .text = "page_read_bytewise_atomic($p0, $b, $0, $1)",
				      .traits = RETURNS | READS },
	[OP_write_bytewise_atomic] = { .text = "page_write_bytewise_atomic($p0, $b, $0, $1)",
				       .traits = RETURNS | FILLS },
	[OP_fill_zero] = { .text = "page_fill_zero($p0, $0, $1)", .traits = RETURNS },
	[OP_copy_page] = { .text = "page_copy($p0, $0, $p1, $1, $2)", .traits = RETURNS },
	[OP_lock] = { .text = "pthread_mutex_lock(&m$h);",
		      .blocked = "/* A lock would wait for ever. */\n"
				 "expect($l, pthread_mutex_trylock(&m$h), EBUSY);" },
	[OP_unlock] = { .text = "pthread_mutex_unlock(&m$h);" },
	[OP_post] = { .text = "sem_post(&s$h);" },
	[OP_wait] = { .text = "sem_wait(&s$h);",
		      .blocked = "/* A wait would never end. */\n"
				 "expect($l, sem_trywait(&s$h) && errno == EAGAIN, 1);" },
	[OP_user_slice] = { .text = "user_slice_reader_init(&u$h, user_slice_new(u$h_bytes, $0));",
			    .shared = "struct user_slice_reader new_u$h;\n"
				      "user_slice_reader_init(&new_u$h, user_slice_new(u$h_bytes, $0));\n"
				      "give_back(&u$h, new_u$h);" },
	[OP_skip] = { .text = "user_slice_skip(&$u0, $0)", .traits = RETURNS },
	[OP_user_store] = { .text = "" },
	[OP_copy_from_user_slice] = { .text = "page_copy_from_user_slice($p0, &$u1, $0, $1)",
				      .traits = RETURNS },
	[OP_fail_nth] = { .text = "page_fail_nth($n);" },
	[OP_kmap_local] = { .text = "k$h = page_map_local($p1);",
			    .shared = "show_map(&k$h, page_map_local($p1));" },
	[OP_kunmap_local] = { .text = "page_unmap_local($k);" },
	[OP_load] = { .text = "memcpy($b, $k + $0, $1);\nuse($b, $1);", .traits = TOUCHES | READS },
	[OP_store] = { .text = "memcpy($k + $0, $b, $1);", .traits = TOUCHES | FILLS },
	[OP_load_atomic] = { .text = "uint$w_t value_$l = __atomic_load_n((uint$w_t *)($k + $0), "
			     "__ATOMIC_RELAXED);\n"
			     "memcpy($b, &value_$l, $1);\nuse($b, $1);", .traits = TOUCHES | READS },
	[OP_store_atomic] = { .text = "uint$w_t value_$l;\npattern(&value_$l, $1, $v);\n"
			      "__atomic_store_n((uint$w_t *)($k + $0), value_$l, __ATOMIC_RELAXED);",
			      .traits = TOUCHES },
};

/* What the call returns, as the program expects it or else by the model. */
static enum result result_of(const struct c_one *c)
{
	if (c->call->expected_result != RESULT_NONE)
		return c->call->expected_result;
	return c->step->step ? c->step->step->result : RESULT_NONE;
}

/* The flags of an allocation with their parentheses: C calls them as the program does. */
static void print_flags(FILE *out, const struct call *call)
{
	char text[TEXT_CALL_MAX];
	struct call plain = *call;

	plain.expected_result = RESULT_NONE;
	call_to_text(&plain, text);
	fputs(strchr(text, '('), out);
}

static void print_reader(const struct c_one *c, unsigned int handle)
{
	if (c->file->plan.shared['u'][handle])
		fprintf(c->file->body, "reader_%u", c->call->line);
	else
		fprintf(c->file->body, "u%u", handle);
}

static void print_result(FILE *out, enum result result)
{
	fprintf(out, "%s%s", result > RESULT_0 ? "-" : "", result_name(result));
}

/* The largest n that is passed on: no program has so many points of failure. */
#define NTH_MOST (1u << 20)

/* Prints the value of the variable @at. Return: the character after its name. */
static const char *expand(const struct c_one *c, const char *at)
{
	FILE *out = c->file->body;
	const struct call *call = c->call;
	char number[NUMBER_TEXT];

	switch (*at) {
	case 'p':
		c_print_handle(c->file, 'p', call->handle[*++at - '0']);
		break;
	case 'k':
		c_print_handle(c->file, 'k', call->handle[0]);
		break;
	case 'u':
		print_reader(c, call->handle[*++at - '0']);
		break;
	case 'h':
		fprintf(out, "%u", call->handle[0]);
		break;
	case 'n':
		fprintf(out, "%llu", (unsigned long long)(call->number[0] < NTH_MOST ? call->number[0] :
										       NTH_MOST));
		break;
	case 'b':
		fprintf(out, "%s_bytes", c_thread(call->thread));
		break;
	case 'v':
		fprintf(out, "0x%x", call->value);
		break;
	case 'w':
		fprintf(out, "%u", 8 * (unsigned int)call->number[1]);
		break;
	case 'f':
		print_flags(out, call);
		break;
	case 'o':
		fprintf(out, "%d", result_of(c) == RESULT_0);
		break;
	case 'l':
		fprintf(out, "%u", call->line);
		break;
	case 'r':
		print_result(out, result_of(c));
		break;
	default:
		number_text(call->number[*at - '0'], number);
		fputs(number, out);
	}
	return at + 1;
}

static void write_lines(const struct c_one *c, const char *template)
{
	FILE *out = c->file->body;

	putc('\t', out);
	for (const char *at = template; *at;) {
		if (*at == '$') {
			at = expand(c, at + 1);
			continue;
		}
		putc(*at, out);
		if (*at++ == '\n')
			putc('\t', out);
	}
	putc('\n', out);
}

/* @expression returns 0 or an error. A reader that threads share is copied out and back. */
static void write_expression(const struct c_one *c, const char *expression)
{
	const char *reader = strstr(expression, "$u");
	unsigned int u = reader ? c->call->handle[reader[2] - '0'] : 0;
	bool shared = reader && c->file->plan.shared['u'][u];
	char line[160];

	if (shared)
		c_line(c->file, "struct user_slice_reader reader_%u = borrow(&u%u);", c->call->line, u);
	snprintf(line, sizeof(line), c->step->outcome == C_FATAL ? "%s;" : "expect($l, %s, $r);", expression);
	write_lines(c, line);
	if (shared)
		c_line(c->file, "give_back(&u%u, reader_%u);", u, c->call->line);
}

/* Bytes of a slice that can be read. */
static uint64_t readable_of(const struct call *slice)
{
	return c_slice_faults(slice) ? slice->number[1] : slice->number[0];
}

static void write_user_pattern(const struct c_one *c, uint64_t from, uint64_t len)
{
	char offset[32] = "";

	if (!len)
		return;
	if (from)
		snprintf(offset, sizeof(offset), " + %llu", (unsigned long long)from);
	c_line(c->file, "user_pattern(u%u_bytes%s, %llu, 0x%x);", c->call->handle[0], offset,
	       (unsigned long long)len, c->call->value);
}

static void write_user_store(const struct c_one *c)
{
	const struct call *slice = c_slice(c->file, c->call->handle[0]);
	uint64_t readable = slice ? readable_of(slice) : 0;
	uint64_t from = c->call->number[0], len = c->call->number[1];

	if (from >= readable || !len)
		c_line(c->file, "/* line %u: user_store changes no byte of the slice */", c->call->line);
	else
		write_user_pattern(c, from, len > readable - from ? readable - from : len);
}

/* Is the range one that the buffer of a thread has room for? */
static bool fits(const struct call *call, unsigned int number)
{
	return call->number[number] <= TRACE_PAGE;
}

/* There is nothing to touch, or it may belong to anything. */
static bool cannot_touch(const struct c_one *c)
{
	if (c->call->number[1] && fits(c->call, 0) && fits(c->call, 1))
		return false;
	c_line(c->file, "/* line %u: %s */", c->call->line, c->call->number[1] ?
	       "not touched: any memory may be so far out" : "an access of no bytes");
	return true;
}

static void write_call(const struct c_one *c)
{
	const struct template *t = &templates[c->call->op];
	int kind = *op_table[c->call->op].args | 0x20; /* of the first handle */
	bool shared = t->shared && c->file->plan.shared[kind][c->call->handle[0]];
	const char *text = shared ? t->shared : c->step->outcome == C_BLOCKED ? t->blocked : t->text;

	if (c->call->op == OP_user_store) {
		write_user_store(c);
		return;
	}
	if (t->traits & TOUCHES && cannot_touch(c))
		return;
	/* Nothing of the buffer is looked at if the range is too long or empty. */
	if (t->traits & FILLS && fits(c->call, 1) && c->call->number[1])
		write_lines(c, "pattern($b, $1, $v);");
	if (c->call->op == OP_user_slice)
		write_user_pattern(c, 0, readable_of(c->call));
	if (t->traits & RETURNS)
		write_expression(c, text);
	else
		write_lines(c, text);
	if (t->traits & READS && c->step->step)
		c_expect_bytes(c->file, c->call->line, c->call->thread, c->step->step->at,
			       c->step->step->len);
}

/* ---- comments ---- */

#define RACES_NAMED 3

static void comment_races(struct c_file *file, size_t call)
{
	const struct shadow *shadow = rules_shadow(file->rules);
	size_t named = 0;

	for (size_t i = 0; i < shadow->race_count && named <= RACES_NAMED; i++) {
		const struct race *race = &shadow->races[i];

		if (race->first != call && race->second != call)
			continue;
		if (named++ == RACES_NAMED)
			c_line(file, "/* and more */");
		else
			c_line(file, "/* races with line %u on p%u, bytes %u .. %u */",
			       file->program->calls[race->first == call ? race->second :
								    race->first].line,
			       race->page, race->from, race->to - 1u);
	}
}

static void comment_uninits(struct c_file *file, size_t call)
{
	const struct verdict *v = rules_verdict(file->rules);

	for (size_t i = 0; i < v->uninit_count; i++)
		if (v->uninits[i].call == call)
			c_line(file, "/* uses bytes of p%u, within %u .. %u, that have no value */",
			       v->uninits[i].page, v->uninits[i].from, v->uninits[i].to - 1u);
}

void c_call(struct c_file *file, const struct c_step *step)
{
	const struct c_one c = { .file = file, .call = &file->program->calls[step->call], .step = step };

	if (step->outcome == C_SKIPPED) {
		c_line(file, "/* line %u: %s is skipped: a handle or lock is not as it needs it */",
		       c.call->line, op_table[c.call->op].name);
		return;
	}
	comment_races(file, step->call);
	comment_uninits(file, step->call);
	if (step->outcome == C_FATAL)
		c_line(file, "doomed(%u, \"%s\");", c.call->line,
		       rule_name(rules_verdict(file->rules)->fatal_rule));
	write_call(&c);
	if (step->outcome == C_FATAL)
		c_line(file, "returned(%u);", c.call->line);
}
