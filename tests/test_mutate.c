/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Each line of mutations.def is held to what it says: a promise for each, and tampering
 * that each promise has to notice. The line of a call is the name by which it is found again.
 */
#include <stdlib.h>
#include <string.h>

#include "harness/mutate.h"
#include "harness/number.h"
#include "harness/program_text.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define SEEDS 2000
#define MOST 64

static struct program before, other, after, again;

/* ---- comparing ---- */

static bool same_call(const struct call *a, const struct call *b)
{
	return call_equal(a, b) && a->line == b->line && a->claim == b->claim;
}

static bool same_calls(const struct call *a, const struct call *b, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!same_call(&a[i], &b[i]))
			return false;
	return true;
}

/* The one call that differs, its index in @at. */
static bool one_differs(size_t *at)
{
	size_t count = 0;

	if (before.count != after.count)
		return false;
	for (size_t i = 0; i < before.count; i++)
		if (!same_call(&before.calls[i], &after.calls[i])) {
			*at = i;
			count++;
		}
	return count == 1;
}

/* One call differs, and in one number alone. */
static bool one_number(uint64_t *was, uint64_t *is)
{
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	for (unsigned int i = 0; i < 3; i++)
		if (call.number[i] != before.calls[at].number[i]) {
			*was = before.calls[at].number[i];
			*is = call.number[i];
			call.number[i] = *was;
			return same_call(&call, &before.calls[at]);
		}
	return false;
}

/* @after without @count calls from @at on is @before. */
static bool is_before_without(size_t at, size_t count)
{
	return after.count == before.count + count &&
	       same_calls(before.calls, after.calls, at) &&
	       same_calls(before.calls + at, after.calls + at + count, before.count - at);
}

/* @after without its new calls is @before. Return: how many there are, or 0. */
static size_t new_calls(size_t at[MOST])
{
	size_t kept = 0, count = 0;

	for (size_t i = 0; i < after.count; i++)
		if (!after.calls[i].line)
			at[count++] = i;
		else if (kept == before.count || !same_call(&after.calls[i], &before.calls[kept++]))
			return 0;
	return kept == before.count ? count : 0;
}

/* Where they begin and end to differ, as lengths of what is the same. */
static void common_ends(size_t *head, size_t *tail)
{
	size_t least = before.count < after.count ? before.count : after.count;

	for (*head = 0; *head < least; ++*head)
		if (!same_call(&before.calls[*head], &after.calls[*head]))
			break;
	for (*tail = 0; *tail < least - *head; ++*tail)
		if (!same_call(&before.calls[before.count - 1 - *tail],
			       &after.calls[after.count - 1 - *tail]))
			break;
}

/* ---- promises: is the difference between before and after what the line says? ---- */

static bool only_base(void)
{
	uint64_t was, is;

	return one_number(&was, &is) &&
	       number_pack(was) % NUMBER_SPAN == number_pack(is) % NUMBER_SPAN;
}

static bool only_complement(void)
{
	uint64_t was, is;

	if (!one_number(&was, &is))
		return false;
	for (size_t i = 0; i < before.count; i++)
		for (unsigned int j = 0; j < 3; j++) {
			uint64_t sum = is + before.calls[i].number[j];

			if (sum == 0 || sum == 4096)
				return true;
		}
	return false;
}

static bool only_duplicate(void)
{
	size_t head, tail, count = after.count - before.count;

	if (after.count <= before.count)
		return false;
	common_ends(&head, &tail);
	/* A copy beside its original can be taken for either: try all places. */
	for (size_t at = 0; at <= head; at++)
		for (size_t from = 0; is_before_without(at, count) && from + count <= before.count;
		     from++)
			if (same_calls(after.calls + at, before.calls + from, count))
				return true;
	return false;
}

static bool only_edge(void)
{
	uint64_t was, is;

	if (!one_number(&was, &is))
		return false;
	for (unsigned int i = 0; i < MUTATE_EDGES; i++)
		if (number_pack(is) % NUMBER_SPAN == mutate_edges[i])
			return true;
	return false;
}

static uint8_t engine_byte;

/* An engine that one can recognise: it writes one byte, or adds a record of nothing else. */
static size_t fake_engine(uint8_t *bytes, size_t size, size_t max)
{
	if (size + PROGRAM_RECORD <= max) {
		memset(bytes + size, engine_byte, PROGRAM_RECORD);
		return size + PROGRAM_RECORD;
	}
	bytes[0] = engine_byte;
	return size;
}

static bool only_engine(void)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	size_t size = fake_engine(bytes, program_to_bytes(&before, bytes), MOST * PROGRAM_RECORD);

	program_from_bytes(&again, bytes, size);
	return program_equal(&again, &after);
}

static bool only_fault(void)
{
	struct call call;
	size_t at;

	if (!one_differs(&at) || before.calls[at].op != OP_user_slice)
		return false;
	call = after.calls[at];
	call.has_fault = before.calls[at].has_fault;
	call.number[1] = before.calls[at].number[1];
	return same_call(&call, &before.calls[at]);
}

static bool only_handle(void)
{
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	memcpy(call.handle, before.calls[at].handle, sizeof(call.handle));
	return same_call(&call, &before.calls[at]) &&
	       (after.calls[at].handle[0] == call.handle[0] ||
		after.calls[at].handle[1] == call.handle[1]);
}

static bool makes(enum op op, char letter)
{
	return op_table[op].args[0] == (letter & ~0x20);
}

static bool makes_something(enum op op)
{
	return makes(op, 'p') || makes(op, 'k') || makes(op, 'u');
}

/* Before the last new call stand only those that make what it needs. */
static bool only_insert(void)
{
	size_t at[MOST], count = new_calls(at);

	for (size_t i = 0; i + 1 < count; i++)
		if (at[i] + 1 != at[i + 1] ||
		    !(makes_something(after.calls[at[i]].op) || after.calls[at[i]].op == OP_post))
			return false;
	return count;
}

/* One run moved: between equal ends two neighbouring runs changed places. */
static bool only_move(void)
{
	size_t head, tail, middle;

	if (before.count != after.count)
		return false;
	common_ends(&head, &tail);
	if (head == before.count)
		return false;
	middle = before.count - head - tail;
	for (size_t turn = 1; turn < middle; turn++)
		if (same_calls(before.calls + head, after.calls + head + turn, middle - turn) &&
		    same_calls(before.calls + head + middle - turn, after.calls + head, turn))
			return true;
	return false;
}

static void args_without_seed(enum op op, char args[8])
{
	for (const char *kind = op_table[op].args; *kind; kind++)
		if (*kind != 'v')
			*args++ = *kind;
	*args = 0;
}

static bool only_op(void)
{
	char was[8], is[8];
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	args_without_seed(before.calls[at].op, was);
	args_without_seed(call.op, is);
	call.op = before.calls[at].op;
	call.value = before.calls[at].value;
	return same_call(&call, &before.calls[at]) && !strcmp(was, is) &&
	       after.calls[at].op != call.op;
}

/* Each thread has its calls in the old order, but all together are in another. */
static bool only_order(void)
{
	size_t head, tail;

	if (before.count != after.count)
		return false;
	common_ends(&head, &tail);
	for (uint8_t thread = 0; thread < PROGRAM_THREADS; thread++) {
		size_t i = 0, j = 0;

		for (;; i++, j++) {
			while (i < before.count && before.calls[i].thread != thread)
				i++;
			while (j < after.count && after.calls[j].thread != thread)
				j++;
			if (i == before.count && j == after.count)
				break;
			if (i == before.count || j == after.count)
				return false;
			if (!same_call(&before.calls[i], &after.calls[j]))
				return false;
		}
	}
	return head < before.count;
}

static bool is_beside(uint64_t off, uint64_t len, uint64_t from, uint64_t size)
{
	if (len == size)
		return off == from || off + 1 == from || off == from + 1 || off == from + size ||
		       off + len == from || off == from + size - 1 || off + len - 1 == from;
	return off == from && (len + 1 == size || len == size + 1);
}

/* One call, its numbers and its first handle; they are beside those of another call. */
static bool only_range(void)
{
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	memcpy(call.number, before.calls[at].number, sizeof(call.number));
	call.handle[0] = before.calls[at].handle[0];
	if (!same_call(&call, &before.calls[at]))
		return false;
	call = after.calls[at];
	for (size_t i = 0; i < before.count; i++) {
		const uint64_t *n = before.calls[i].number, *x = call.number;

		for (unsigned int a = 0; a < 4 && i != at; a++)
			for (unsigned int b = 0; b < 4; b++)
				if (is_beside(x[a & 1], x[1 + a / 2], n[b & 1], n[1 + b / 2]))
					return true;
	}
	return false;
}

static bool only_remove(void)
{
	size_t head, tail;

	common_ends(&head, &tail);
	return after.count && after.count < before.count && head + tail == after.count;
}

#define OTHER_LINES 2000

/* One call, then copies of it: the same, but that they fill other handles. */
static bool only_repeat(void)
{
	size_t head, tail, count = after.count - before.count;
	const struct call *call;
	uint32_t filled = 0;

	if (after.count <= before.count)
		return false;
	common_ends(&head, &tail);
	/* Equal copies are part of what is the same; with other handles they are not. */
	while (head && !is_before_without(head, count))
		head--;
	if (!head || !is_before_without(head, count))
		return false;
	call = &before.calls[head - 1];
	for (size_t i = head; i < head + count; i++) {
		struct call copy = after.calls[i];

		if (makes_something(call->op)) {
			if (filled & 1u << copy.handle[0])
				return false;
			filled |= 1u << copy.handle[0];
			copy.handle[0] = call->handle[0];
		}
		if (!same_call(&copy, call))
			return false;
	}
	return true;
}

/* What its handles are called is test_mutate_splice's business. */
static bool only_splice(void)
{
	size_t theirs = 0, own = 0;

	for (size_t i = 0; i < after.count; i++) {
		const struct call *call = &after.calls[i];

		if (call->line >= OTHER_LINES && call->line - OTHER_LINES < other.count)
			theirs += call->op == other.calls[call->line - OTHER_LINES].op;
		else if (own < before.count && same_call(call, &before.calls[own]))
			own++;
	}
	/* What does not fit falls off the end. */
	return theirs && theirs + own == after.count &&
	       (own == before.count || after.count == MOST);
}

static bool only_step(void)
{
	uint64_t was, is;

	return one_number(&was, &is) && (is == was + 1 || is == was - 1);
}

static bool only_swap(void)
{
	size_t head, tail, last;

	if (before.count != after.count)
		return false;
	common_ends(&head, &tail);
	if (head + tail + 2 > before.count)
		return false;
	last = before.count - tail - 1;
	return same_call(&before.calls[head], &after.calls[last]) &&
	       same_call(&before.calls[last], &after.calls[head]) &&
	       same_calls(before.calls + head + 1, after.calls + head + 1, last - head - 1);
}

static bool only_sync(void)
{
	size_t at[MOST], count = new_calls(at);
	const struct call *a, *b;

	if (count != 2)
		return false;
	a = &after.calls[at[0]];
	b = &after.calls[at[1]];
	if (a->handle[0] != b->handle[0])
		return false;
	if (a->op == OP_lock)
		return b->op == OP_unlock && a->thread == b->thread && at[1] - at[0] > 1;
	return a->op == OP_post && b->op == OP_wait && a->thread != b->thread &&
	       after.calls[at[0] - 1].thread == a->thread &&
	       after.calls[at[1] + 1].thread == b->thread;
}

/* Pairs around a run, the newest mapping inside, as many as there are new calls. */
static bool only_nest(void)
{
	size_t at[MOST], count = new_calls(at);

	if (!count || count % 2)
		return false;
	for (size_t i = 0; i < count / 2; i++) {
		const struct call *map = &after.calls[at[i]];
		const struct call *unmap = &after.calls[at[count - 1 - i]];

		if (map->op != OP_kmap_local || unmap->op != OP_kunmap_local ||
		    map->thread != unmap->thread || map->handle[0] != unmap->handle[0])
			return false;
	}
	return at[count / 2] - at[count / 2 - 1] > 1;
}

/* A run, whose calls all have the same new thread. */
static bool only_thread(void)
{
	size_t head, tail;

	if (before.count != after.count)
		return false;
	common_ends(&head, &tail);
	for (size_t i = head; i < before.count - tail; i++) {
		struct call call = after.calls[i];

		if (call.thread != after.calls[head].thread)
			return false;
		call.thread = before.calls[i].thread;
		if (!same_call(&call, &before.calls[i]))
			return false;
	}
	return head < before.count;
}

/* A filler fills, and what is used is there, above it. */
static bool has_all(const struct program *program, size_t at)
{
	const struct call *call = &program->calls[at];
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++) {
		bool filled = false;

		if (!op_handles(*kind))
			continue;
		for (size_t i = 0; i < at; i++)
			filled |= makes(program->calls[i].op, *kind) &&
				  program->calls[i].handle[0] == call->handle[handles];
		handles++;
		if (*kind != 'm' && *kind != 's' && filled != (bool)(*kind & 0x20))
			return false;
	}
	return true;
}

/* Some calls are left out, all of them idle; those that are left find what they need. */
static bool only_tidy(void)
{
	size_t kept = 0;

	for (size_t i = 0; i < before.count; i++)
		if (kept < after.count && same_call(&before.calls[i], &after.calls[kept]))
			kept++;
	if (kept < after.count || after.count >= before.count || !after.count)
		return false;
	for (size_t i = 0; i < after.count && after.count > 1; i++)
		if (!has_all(&after, i))
			return false;
	return true;
}

static bool only_value(void)
{
	struct call call;
	size_t at;

	if (!one_differs(&at))
		return false;
	call = after.calls[at];
	call.value = before.calls[at].value;
	return same_call(&call, &before.calls[at]);
}

static bool (*const promises[MUTATION_COUNT])(void) = {
#define MUTATION(name, weight, what) [MUTATION_##name] = only_##name,
#include "harness/mutations.def"
#undef MUTATION
};

/* ---- one mutation, held to its promise ---- */

static bool text_reads_back(const struct program *program)
{
	static char text[TEXT_PROGRAM_MAX];
	struct text_error error;

	return program_from_text(&again, text, program_to_text(program, text), &error) &&
	       program_equal(program, &again);
}

static bool bytes_read_back(const struct program *program)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];

	program_from_bytes(&again, bytes, program_to_bytes(program, bytes));
	return program_equal(program, &again);
}

static bool good(const struct program *program)
{
	return program_valid(program) && program->count <= MOST && bytes_read_back(program) &&
	       text_reads_back(program);
}

static void make(struct program *program, uint64_t seed, uint32_t line)
{
	if (seed % 4)
		busy_program(&seed, program, 58, OP_COUNT);
	else
		random_program(&seed, program, 60);
	for (size_t i = 0; i < program->count; i++)
		program->calls[i].line = line++;
}

static void make_before(uint64_t seed)
{
	make(&before, seed, 1);
}

/* A program to which everything can be done. */
static void make_rich(void)
{
	uint64_t seed = 1;
	bool slice = false;

	while (!slice) {
		make_before(++seed);
		for (size_t i = 0; i < before.count && before.count > 40; i++)
			slice |= before.calls[i].op == OP_user_slice;
	}
}

static void copy_program(struct program *to, const struct program *from)
{
	to->count = from->count;
	to->claims = from->claims;
	to->expect = from->expect;
	memcpy(to->calls, from->calls, from->count * sizeof(from->calls[0]));
}

static bool apply(enum mutation mutation, uint64_t seed)
{
	struct mutate_request request = {
		.seed = seed, .max_calls = MOST, .other = &other, .engine = fake_engine
	};

	make(&other, 4 * seed + 1, OTHER_LINES); /* never empty */
	engine_byte = (uint8_t)(seed % OP_COUNT);
	make_before(seed);
	copy_program(&after, &before);
	return mutate_by(mutation, &after, &request);
}

/* ---- tampering: what a promise must not let pass ---- */

static void append_stray(void)
{
	after.calls[after.count++] = (struct call){
		.op = OP_unlock, .thread = 7, .handle = { 3 }, .claim = RESULT_NONE, .line = 9999
	};
}

static void turn_threads(void)
{
	for (size_t i = 0; i < after.count; i++)
		after.calls[i].thread = (uint8_t)((after.calls[i].thread + 1 + i % 3) % PROGRAM_THREADS);
}

static void take_back(void)
{
	copy_program(&after, &before);
}

static void drop_all(void)
{
	after.count = 0;
}

static void (*const tamperings[])(void) = { append_stray, turn_threads, take_back, drop_all };
#define TAMPERINGS (sizeof(tamperings) / sizeof(tamperings[0]))

/* Return: how many of all results pass although they were tampered with. */
static unsigned int passes_tampered(enum mutation mutation)
{
	unsigned int passed = 0;

	for (uint64_t seed = 0; seed < 200 * TAMPERINGS; seed++) {
		if (!apply(mutation, seed) || before.count < 3 || before.count > 50)
			continue;
		tamperings[seed % TAMPERINGS]();
		passed += promises[mutation]();
	}
	return passed;
}

static void test_promise(enum mutation mutation)
{
	const struct mutation_info *info = &mutation_table[mutation];
	unsigned int changed = 0, kept = 0, valid = 0, left_alone = 0, tampered;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		bool applied = apply(mutation, seed);

		valid += good(&after);
		if (!applied) {
			left_alone += same_calls(before.calls, after.calls, before.count) &&
				      before.count == after.count;
			continue;
		}
		changed++;
		kept += promises[mutation]();
	}
	tampered = passes_tampered(mutation);
	if (!ok(changed > SEEDS / 10 && kept == changed && valid == SEEDS &&
			left_alone == SEEDS - changed && !tampered,
		"%s: %s", info->name, info->what))
		printf("# of %d: %u changed, %u as promised, %u valid, %u left alone; %u tampered "
		       "with and not noticed\n",
		       SEEDS, changed, kept, valid, left_alone, tampered);
}

/* ---- all of them together ---- */

static uint64_t hash_program(uint64_t hash, const struct program *program)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	size_t size = program_to_bytes(program, bytes);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

/* Many mutations, one after another, as a number. */
static uint64_t walk(uint64_t seed)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	make_before(seed + 1);
	after.count = 0;
	for (unsigned int i = 0; i < 3000; i++) {
		struct mutate_request request = { .seed = seed + i,
						  .max_calls = MOST,
						  .other = i % 2 ? &before : NULL };

		mutate(&after, &request);
		hash = hash_program(hash, &after);
	}
	return hash;
}

static bool same_in_another_process(const char *self)
{
	char command[4200];
	unsigned long long hash = 0;
	FILE *child;
	bool read;

	snprintf(command, sizeof(command), "'%s' walk", self);
	child = popen(command, "r");
	read = child && fscanf(child, "%llx", &hash) == 1;
	return child && !pclose(child) && read && hash == walk(1);
}

static void test_weights(void)
{
	unsigned int counts[MUTATION_COUNT] = { 0 }, sum = 0, off = 0, draws = 40000;

	make_rich();
	for (unsigned int i = 0; i < MUTATION_COUNT; i++)
		sum += mutation_table[i].weight;
	for (uint64_t seed = 0; seed < draws; seed++) {
		struct mutate_request request = { .seed = seed,
						  .max_calls = MOST,
						  .engine = fake_engine };

		copy_program(&after, &before);
		counts[mutate(&after, &request)]++;
	}
	/* Twice too much or too little: some apply less often than they are drawn. */
	for (unsigned int i = 0; i < MUTATION_COUNT; i++) {
		unsigned int expected = draws * mutation_table[i].weight / sum;

		if (counts[i] > 2 * expected || 2 * counts[i] < expected) {
			printf("# %s: %u, expected %u\n", mutation_table[i].name, counts[i], expected);
			off++;
		}
	}
	ok(!off, "each is drawn about as often as its weight says");
}

static void test_no_engine(void)
{
	unsigned int engine = 0;

	make_rich();
	for (uint64_t seed = 0; seed < 5000; seed++) {
		struct mutate_request request = { .seed = seed, .max_calls = MOST };

		copy_program(&after, &before);
		engine += mutate(&after, &request) == MUTATION_engine;
	}
	ok(!engine, "without an engine none is drawn");
}

static void test_room(void)
{
	unsigned int too_many = 0, stuck = 0;

	for (uint64_t seed = 0; seed < 4000; seed++) {
		struct mutate_request request = { .seed = seed, .max_calls = 1 + seed % 9,
						  .engine = fake_engine };

		make_before(seed);
		copy_program(&after, &before);
		stuck += mutate(&after, &request) == MUTATION_COUNT;
		too_many += after.count > request.max_calls;
	}
	ok(!too_many, "no result is larger than the request allows");
	ok(!stuck, "a program that fills its room can be changed too");
	after.count = 0;
	ok(mutate(&after, &(struct mutate_request){ .seed = 1 }) == MUTATION_COUNT && !after.count,
	   "where there is room for nothing, nothing happens");
}

/* ---- what can be reached from nothing ---- */

static struct {
	bool ops[OP_COUNT], threads[PROGRAM_THREADS], flags[32];
	bool numbers[NUMBER_BASES][MUTATE_EDGES];
	bool handles[5][PROGRAM_MAPS];
} seen;

static void see_number(uint64_t number)
{
	uint16_t packed = number_pack(number);

	for (unsigned int i = 0; i < MUTATE_EDGES; i++)
		if (packed % NUMBER_SPAN == mutate_edges[i])
			seen.numbers[packed / NUMBER_SPAN][i] = true;
}

static void see_call(const struct call *call)
{
	unsigned int handles = 0;

	seen.ops[call->op] = seen.threads[call->thread] = true;
	if (call->op == OP_alloc_page)
		seen.flags[call->value] = true;
	for (const char *kind = op_table[call->op].args; *kind; kind++)
		if (op_handles(*kind))
			seen.handles[strchr("pkums", *kind | 0x20) - "pkums"]
				    [call->handle[handles++]] = true;
	for (unsigned int i = 0; i < 3; i++)
		see_number(call->number[i]);
}

static bool seen_all(void)
{
	static const char kinds[] = "pkums";
	unsigned int missing = 0;

	for (unsigned int i = 0; i < OP_COUNT; i++)
		missing += !seen.ops[i];
	for (unsigned int i = 0; i < PROGRAM_THREADS; i++)
		missing += !seen.threads[i];
	for (unsigned int i = 0; i < 32; i++)
		missing += !seen.flags[i];
	for (unsigned int i = 0; i < NUMBER_BASES * MUTATE_EDGES; i++)
		missing += !seen.numbers[i / MUTATE_EDGES][i % MUTATE_EDGES];
	for (unsigned int kind = 0; kinds[kind]; kind++)
		for (unsigned int i = 0; i < op_handles(kinds[kind]); i++)
			missing += !seen.handles[kind][i];
	return !missing;
}

/* No engine helps; after 60 mutations it begins again with nothing. */
static void test_reach(void)
{
	unsigned int count = 0;

	for (; count < 50000 && !seen_all(); count++) {
		struct mutate_request request = { .seed = count, .max_calls = MOST };

		if (count % 60 == 0)
			after.count = 0;
		mutate(&after, &request);
		for (size_t i = 0; i < after.count; i++)
			see_call(&after.calls[i]);
	}
	ok(seen_all(), "every call, thread, flag, handle, base and edge from nothing: %u mutations",
	   count);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		printf("%llx\n", (unsigned long long)walk(1));
		return 0;
	}
	for (enum mutation mutation = 0; mutation < MUTATION_COUNT; mutation++)
		test_promise(mutation);
	test_weights();
	test_no_engine();
	test_room();
	test_reach();
	ok(walk(1) == walk(1) && walk(1) != walk(2), "same seed, same result; another, another");
	ok(same_in_another_process(argv[0]), "the same in another process");
	return done();
}
