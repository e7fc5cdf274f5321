/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Each call of a program as C. */
#include <string.h>

#include "harness/program/program_text.h"
#include "tool/to_c/to_c_parts.h"

/* A call on its way into the file. */
struct c_one {
	struct c_file *file;
	const struct call *call;
	const struct c_step *step;
	const char *thread;
	char number[3][NUMBER_TEXT];
};

static void use_helper(struct c_one *c, enum c_helper helper)
{
	c->file->used[helper] = true;
}

/* The buffer of the thread. */
static const char *buffer(struct c_one *c)
{
	static char name[16];

	c->file->bytes |= 1u << c->call->thread;
	snprintf(name, sizeof(name), "%s_bytes", c->thread);
	return name;
}

static const char *page(struct c_one *c, unsigned int n)
{
	return c_handle(c->file, 'p', c->call->handle[n]);
}

static const char *map(struct c_one *c)
{
	return c_handle(c->file, 'k', c->call->handle[0]);
}

/* What the call returns, by its claim or by the model. */
static enum result result_of(const struct c_one *c)
{
	if (c->call->claim != RESULT_NONE)
		return c->call->claim;
	return c->step->step ? c->step->step->result : RESULT_NONE;
}

/* @expression returns 0 or an error. */
static void returns(struct c_one *c, const char *expression)
{
	enum result result = result_of(c);

	if (c->step->fate == C_FATAL) {
		c_line(c->file, "%s;", expression);
		return;
	}
	use_helper(c, C_EXPECT);
	c_line(c->file, "expect(%u, %s, %s%s);", c->call->line, expression,
	       result > RESULT_0 ? "-" : "", result_name(result));
}

static void expect_read(struct c_one *c)
{
	if (c->step->step)
		c_expect_bytes(c->file, c->call->line, c->call->thread, c->step->step->at,
			       c->step->step->len);
}

/* The range is one that the bytes of a thread have room for. */
static bool fits(const struct call *call, unsigned int number)
{
	return call->number[number] <= TRACE_PAGE;
}

static void put_pattern(struct c_one *c, unsigned int number)
{
	if (!fits(c->call, number) || !c->call->number[number])
		return; /* nothing of the buffer is looked at */
	use_helper(c, C_PATTERN);
	c_line(c->file, "pattern(%s, %s, 0x%x);", buffer(c), c->number[number], c->call->value);
}

/* ---- pages ---- */

static void c_alloc_page(struct c_one *c)
{
	char text[TEXT_CALL_MAX], name[8], *flags;
	struct call plain = *c->call;
	bool shared = c->file->plan.shared['p'][c->call->handle[0]];

	plain.claim = RESULT_NONE;
	call_to_text(&plain, text);
	flags = strchr(text, '('); /* they are called the same */
	snprintf(name, sizeof(name), "p%u", c->call->handle[0]);
	if (shared) {
		use_helper(c, C_SEEN_PAGE);
		c_line(c->file, "show_page(&%s, page_alloc%s);", name, flags);
	} else {
		c_line(c->file, "%s = page_alloc%s;", name, flags);
	}
	use_helper(c, C_EXPECT);
	c_line(c->file, "expect(%u, %s != NULL, %d);", c->call->line, page(c, 0),
	       result_of(c) == RESULT_0);
}

static void c_get_page(struct c_one *c)
{
	c_line(c->file, "page_get(%s);", page(c, 0));
}

static void c_free_page(struct c_one *c)
{
	c_line(c->file, "page_free(%s);", page(c, 0));
}

static void read_with(struct c_one *c, const char *function)
{
	char text[160];

	snprintf(text, sizeof(text), "%s(%s, %s, %s, %s)", function, page(c, 0), buffer(c),
		 c->number[0], c->number[1]);
	returns(c, text);
	expect_read(c);
}

static void write_with(struct c_one *c, const char *function)
{
	char text[160];

	put_pattern(c, 1);
	snprintf(text, sizeof(text), "%s(%s, %s, %s, %s)", function, page(c, 0), buffer(c),
		 c->number[0], c->number[1]);
	returns(c, text);
}

static void c_read_raw(struct c_one *c)
{
	read_with(c, "page_read_raw");
}

static void c_write_raw(struct c_one *c)
{
	write_with(c, "page_write_raw");
}

static void c_read_bytewise_atomic(struct c_one *c)
{
	read_with(c, "page_read_bytewise_atomic");
}

static void c_write_bytewise_atomic(struct c_one *c)
{
	write_with(c, "page_write_bytewise_atomic");
}

static void c_fill_zero(struct c_one *c)
{
	char text[160];

	snprintf(text, sizeof(text), "page_fill_zero(%s, %s, %s)", page(c, 0), c->number[0],
		 c->number[1]);
	returns(c, text);
}

static void c_copy_page(struct c_one *c)
{
	char text[200], to[40];

	snprintf(to, sizeof(to), "%s", page(c, 0));
	snprintf(text, sizeof(text), "page_copy(%s, %s, %s, %s, %s)", to, c->number[0], page(c, 1),
		 c->number[1], c->number[2]);
	returns(c, text);
}

/* ---- order ---- */

static void c_lock(struct c_one *c)
{
	if (c->step->fate != C_BLOCKED) {
		c_line(c->file, "pthread_mutex_lock(&m%u);", c->call->handle[0]);
		return;
	}
	use_helper(c, C_EXPECT);
	c_line(c->file, "/* A lock would wait for ever. */");
	c_line(c->file, "expect(%u, pthread_mutex_trylock(&m%u), EBUSY);", c->call->line,
	       c->call->handle[0]);
}

static void c_unlock(struct c_one *c)
{
	c_line(c->file, "pthread_mutex_unlock(&m%u);", c->call->handle[0]);
}

static void c_post(struct c_one *c)
{
	c_line(c->file, "sem_post(&s%u);", c->call->handle[0]);
}

static void c_wait(struct c_one *c)
{
	if (c->step->fate != C_BLOCKED) {
		c_line(c->file, "sem_wait(&s%u);", c->call->handle[0]);
		return;
	}
	use_helper(c, C_EXPECT);
	c_line(c->file, "/* A wait would never end. */");
	c_line(c->file, "expect(%u, sem_trywait(&s%u) && errno == EAGAIN, 1);", c->call->line,
	       c->call->handle[0]);
}

/* ---- user memory ---- */

static void c_user_slice(struct c_one *c)
{
	unsigned int u = c->call->handle[0];
	uint64_t readable = c->call->number[0];

	if (c_slice_faults(c->call))
		readable = c->call->number[1];
	if (readable) {
		use_helper(c, C_USER_PATTERN);
		c_line(c->file, "user_pattern(u%u_bytes, %llu, 0x%x);", u,
		       (unsigned long long)readable, c->call->value);
	}
	if (c->file->plan.shared['u'][u]) {
		use_helper(c, C_GIVE_BACK);
		c_line(c->file, "struct user_slice_reader new_u%u;", u);
		c_line(c->file, "user_slice_reader_init(&new_u%u, user_slice_new(u%u_bytes, %s));",
		       u, u, c->number[0]);
		c_line(c->file, "give_back(&u%u, new_u%u);", u, u);
		return;
	}
	c_line(c->file, "user_slice_reader_init(&u%u, user_slice_new(u%u_bytes, %s));", u, u,
	       c->number[0]);
}

/* @format: a call with one %s for the reader */
static void with_reader(struct c_one *c, unsigned int u, const char *before, const char *after)
{
	bool shared = c->file->plan.shared['u'][u];
	char text[200], reader[40];

	snprintf(reader, sizeof(reader), shared ? "reader_%u" : "u%u",
		 shared ? c->call->line : u);
	if (shared) {
		use_helper(c, C_GIVE_BACK);
		use_helper(c, C_BORROW);
		c_line(c->file, "struct user_slice_reader %s = borrow(&u%u);", reader, u);
	}
	snprintf(text, sizeof(text), "%s&%s%s", before, reader, after);
	returns(c, text);
	if (shared)
		c_line(c->file, "give_back(&u%u, %s);", u, reader);
}

static void c_skip(struct c_one *c)
{
	char after[64];

	snprintf(after, sizeof(after), ", %s)", c->number[0]);
	with_reader(c, c->call->handle[0], "user_slice_skip(", after);
}

/* The slice's own call, for what is readable of it. */
static uint64_t readable_of(const struct c_one *c)
{
	const struct c_plan *plan = &c->file->plan;

	for (size_t i = 0; i < plan->count; i++) {
		const struct call *call = &c->file->program->calls[plan->steps[i].call];

		if (plan->steps[i].fate == C_RUNS && call->op == OP_user_slice &&
		    call->handle[0] == c->call->handle[0])
			return c_slice_faults(call) ? call->number[1] : call->number[0];
	}
	return 0;
}

static void c_user_store(struct c_one *c)
{
	uint64_t readable = readable_of(c), from = c->call->number[0], len = c->call->number[1];

	if (from >= readable || !len) {
		c_line(c->file, "/* line %u: user_store of nothing that there is */",
		       c->call->line);
		return;
	}
	if (len > readable - from)
		len = readable - from;
	use_helper(c, C_USER_PATTERN);
	c_line(c->file, "user_pattern(u%u_bytes + %llu, %llu, 0x%x);", c->call->handle[0],
	       (unsigned long long)from, (unsigned long long)len, c->call->value);
}

static void c_copy_from_user_slice(struct c_one *c)
{
	char before[80], after[80];

	snprintf(before, sizeof(before), "page_copy_from_user_slice(%s, ", page(c, 0));
	snprintf(after, sizeof(after), ", %s, %s)", c->number[0], c->number[1]);
	with_reader(c, c->call->handle[1], before, after);
}

static void c_fail_nth(struct c_one *c)
{
	uint64_t n = c->call->number[0];

	/* No program has so many points that the cut could be seen. */
	c_line(c->file, "page_fail_nth(%llu);", (unsigned long long)(n < 1u << 20 ? n : 1u << 20));
}

/* ---- mappings ---- */

static void c_kmap_local(struct c_one *c)
{
	unsigned int k = c->call->handle[0];

	if (c->file->plan.shared['k'][k]) {
		use_helper(c, C_SEEN_MAP);
		c_line(c->file, "show_map(&k%u, page_map_local(%s));", k, page(c, 1));
	} else {
		c_line(c->file, "k%u = page_map_local(%s);", k, page(c, 1));
	}
}

static void c_kunmap_local(struct c_one *c)
{
	c_line(c->file, "page_unmap_local(%s);", map(c));
}

/* Nothing is there that could be touched, or it may be anybody's. */
static bool cannot_touch(struct c_one *c)
{
	if (c->call->number[1] && fits(c->call, 0) && fits(c->call, 1))
		return false;
	c_line(c->file, "/* line %u: %s */", c->call->line,
	       c->call->number[1] ? "so far out may be anything, so it is not touched" :
				    "an access of no bytes");
	return true;
}

static void c_load(struct c_one *c)
{
	if (cannot_touch(c))
		return;
	use_helper(c, C_USE);
	c_line(c->file, "memcpy(%s, %s + %s, %s);", buffer(c), map(c), c->number[0], c->number[1]);
	c_line(c->file, "use(%s, %s);", buffer(c), c->number[1]);
	expect_read(c);
}

static void c_store(struct c_one *c)
{
	if (cannot_touch(c))
		return;
	put_pattern(c, 1);
	c_line(c->file, "memcpy(%s + %s, %s, %s);", map(c), c->number[0], buffer(c), c->number[1]);
}

static unsigned int bits(const struct c_one *c)
{
	return 8 * (unsigned int)c->call->number[1];
}

static void c_load_atomic(struct c_one *c)
{
	if (cannot_touch(c))
		return;
	use_helper(c, C_USE);
	c_line(c->file, "uint%u_t value_%u = __atomic_load_n((uint%u_t *)(%s + %s), "
	       "__ATOMIC_RELAXED);", bits(c), c->call->line, bits(c), map(c), c->number[0]);
	c_line(c->file, "memcpy(%s, &value_%u, %s);", buffer(c), c->call->line, c->number[1]);
	c_line(c->file, "use(%s, %s);", buffer(c), c->number[1]);
	expect_read(c);
}

static void c_store_atomic(struct c_one *c)
{
	if (cannot_touch(c))
		return;
	use_helper(c, C_PATTERN);
	c_line(c->file, "uint%u_t value_%u;", bits(c), c->call->line);
	c_line(c->file, "pattern(&value_%u, %s, 0x%x);", c->call->line, c->number[1],
	       c->call->value);
	c_line(c->file, "__atomic_store_n((uint%u_t *)(%s + %s), value_%u, __ATOMIC_RELAXED);",
	       bits(c), map(c), c->number[0], c->call->line);
}

/* ---- any call ---- */

static void (*const calls[OP_COUNT])(struct c_one *) = {
#define OP(name, ...) [OP_##name] = c_##name,
#include "harness/program/ops.def"
#undef OP
};

#define RACES_TOLD 3

static void tell_races(struct c_file *file, size_t call)
{
	const struct shadow *shadow = rules_shadow(file->rules);
	size_t told = 0;

	for (size_t i = 0; i < shadow->race_count && told <= RACES_TOLD; i++) {
		const struct race *race = &shadow->races[i];

		if (race->first != call && race->second != call)
			continue;
		if (told++ == RACES_TOLD)
			c_line(file, "/* and more */");
		else
			c_line(file, "/* races with line %u on p%u, bytes %u .. %u */",
			       file->program->calls[race->first == call ? race->second :
								    race->first].line,
			       race->page, race->from, race->to - 1u);
	}
}

static void tell_uninit(struct c_file *file, size_t call)
{
	const struct verdict *v = rules_verdict(file->rules);

	for (size_t i = 0; i < v->uninit_count; i++)
		if (v->uninits[i].call == call)
			c_line(file, "/* uses bytes of p%u, within %u .. %u, that have no value */",
			       v->uninits[i].page, v->uninits[i].from, v->uninits[i].to - 1u);
}

void c_call(struct c_file *file, const struct c_step *step)
{
	struct c_one c = { .file = file, .call = &file->program->calls[step->call], .step = step };

	c.thread = c_thread(c.call->thread);
	for (unsigned int i = 0; i < 3; i++)
		number_text(c.call->number[i], c.number[i]);
	if (step->fate == C_SKIPPED) {
		c_line(file, "/* line %u: %s is skipped: a handle or lock is not as it needs it */",
		       c.call->line, op_table[c.call->op].name);
		return;
	}
	tell_races(file, step->call);
	tell_uninit(file, step->call);
	if (step->fate == C_FATAL) {
		use_helper(&c, C_DOOMED);
		c_line(file, "doomed(%u, \"%s\");", c.call->line,
		       rule_name(rules_verdict(file->rules)->fatal_rule));
	}
	calls[c.call->op](&c);
	if (step->fate == C_FATAL)
		c_line(file, "lives(%u);", c.call->line);
}
