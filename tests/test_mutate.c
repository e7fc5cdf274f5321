/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Checks that each mutation does what its line of mutations.def promises, and that the check of
 * each promise rejects manipulated results.
 */
#include <string.h>
#include <unistd.h>

#include "harness/util/number.h"
#include "harness/program/program_text.h"
#include "tests/mutate_promise.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define SEEDS 2000

/* ---- the promise of each mutation ---- */

/* Return: whether @program is valid, and stays the same when it is written and read as bytes and as text. */
static bool is_valid_and_round_trips(const struct program *program)
{
	static char text[TEXT_PROGRAM_MAX];
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	static struct program from_text, from_bytes;
	struct text_error error;

	program_from_bytes(&from_bytes, bytes, program_to_bytes(program, bytes));
	return program_valid(program) && program->count <= CALLS_MAX &&
	       program_from_text(&from_text, text, program_to_text(program, text), &error) &&
	       program_calls_equal(program, &from_text) && program_calls_equal(program, &from_bytes);
}

static void make_program(struct program *program, uint64_t seed, uint32_t line)
{
	if (seed % 4)
		make_interacting_program(&seed, program, 58, OP_COUNT);
	else
		make_random_program(&seed, program, 60);
	set_line_numbers(program, line);
}

static void make_before_program(uint64_t seed)
{
	make_program(&before, seed, 1);
}

/* Makes a program that every mutation can change. */
static void make_before_that_fits_all_mutations(void)
{
	uint64_t seed = 1;
	bool slice = false;

	while (!slice) {
		make_before_program(++seed);
		for (size_t i = 0; i < before.count && before.count > 40; i++)
			slice |= before.calls[i].op == OP_user_slice;
	}
}

static bool make_and_mutate_program(enum mutation mutation, uint64_t seed)
{
	struct mutate_request request = {
		.seed = seed, .max_calls = CALLS_MAX, .other = &other, .engine = fake_engine
	};

	make_program(&other, 4 * seed + 1, OTHER_LINES); /* never empty */
	engine_byte = (uint8_t)(seed % OP_COUNT);
	make_before_program(seed);
	after = before;
	return mutate_with(mutation, &after, &request);
}

/* ---- tampering: changes that each promise must reject ---- */

static void append_stray_call(void)
{
	after.calls[after.count++] = (struct call){
		.op = OP_unlock, .thread = 7, .handle = { 3 }, .expected_result = RESULT_NONE, .line = 9999
	};
}

static void rotate_threads(void)
{
	for (size_t i = 0; i < after.count; i++)
		after.calls[i].thread = (uint8_t)((after.calls[i].thread + 1 + i % 3) % PROGRAM_THREADS);
}

static void undo_mutation(void)
{
	after = before;
}

static void remove_all_calls(void)
{
	after.count = 0;
}

static void (*const tamperings[])(void) = { append_stray_call, rotate_threads, undo_mutation,
					    remove_all_calls };
#define TAMPERINGS (sizeof(tamperings) / sizeof(tamperings[0]))

/* Return: how many manipulated results of the mutation its promise wrongly accepts. */
static unsigned int count_accepted_tamperings(enum mutation mutation)
{
	unsigned int passed = 0;

	for (uint64_t seed = 0; seed < 200 * TAMPERINGS; seed++) {
		if (!make_and_mutate_program(mutation, seed) || before.count < 3 || before.count > 50)
			continue;
		tamperings[seed % TAMPERINGS]();
		passed += keeps_promise(mutation);
	}
	return passed;
}

static void test_promise(enum mutation mutation)
{
	const struct mutation_info *info = &mutation_table[mutation];
	unsigned int changed = 0, kept = 0, valid = 0, left_alone = 0, tampered;

	for (uint64_t seed = 0; seed < SEEDS; seed++) {
		bool applied = make_and_mutate_program(mutation, seed);

		valid += is_valid_and_round_trips(&after);
		if (!applied) {
			left_alone += are_same_calls(before.calls, after.calls, before.count) &&
				      before.count == after.count;
			continue;
		}
		changed++;
		kept += keeps_promise(mutation);
	}
	tampered = count_accepted_tamperings(mutation);
	if (!ok(changed > SEEDS / 10 && kept == changed && valid == SEEDS && left_alone == SEEDS - changed &&
			!tampered,
		"%s: %s", info->name, info->description))
		printf("# of %d: %u changed, %u as promised, %u valid, %u unchanged; %u accepted "
		       "although manipulated\n",
		       SEEDS, changed, kept, valid, left_alone, tampered);
}

/* ---- sequences of mutations ---- */

static uint64_t hash_program(uint64_t hash, const struct program *program)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	size_t size = program_to_bytes(program, bytes);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ull;
	return hash;
}

/* Return: a hash of all programs that random mutations make, one after the other, from the empty program. */
static uint64_t hash_results_of_mutations(uint64_t seed)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	make_before_program(seed + 1);
	after.count = 0;
	for (unsigned int i = 0; i < 3000; i++) {
		struct mutate_request request = { .seed = seed + i,
						  .max_calls = CALLS_MAX,
						  .other = i % 2 ? &before : NULL };

		mutate(&after, &request);
		hash = hash_program(hash, &after);
	}
	return hash;
}

static bool has_same_hash_in_another_process(void)
{
	char command[80];
	unsigned long long hash = 0;
	FILE *child;
	bool has_read_hash;

	snprintf(command, sizeof(command), "PRINT_HASH=1 /proc/%d/exe test_mutate", (int)getpid());
	child = popen(command, "r");
	has_read_hash = child && fscanf(child, "%llx", &hash) == 1;
	return child && !pclose(child) && has_read_hash && hash == hash_results_of_mutations(1);
}

/* Counts how often mutate() chooses each mutation for a program that every mutation can change. */
static void count_drawn_mutations(unsigned int draws, mutate_engine_fn engine,
				  unsigned int counts[MUTATION_COUNT + 1])
{
	make_before_that_fits_all_mutations();
	memset(counts, 0, (MUTATION_COUNT + 1) * sizeof(*counts));
	for (uint64_t seed = 0; seed < draws; seed++) {
		struct mutate_request request = { .seed = seed, .max_calls = CALLS_MAX, .engine = engine };

		after = before;
		counts[mutate(&after, &request)]++;
	}
}

static void test_weights(void)
{
	unsigned int counts[MUTATION_COUNT + 1], sum = 0, off = 0, draws = 40000;

	for (unsigned int i = 0; i < MUTATION_COUNT; i++)
		sum += mutation_table[i].weight;
	count_drawn_mutations(draws, fake_engine, counts);
	/* Allow half and twice the expected count: mutate() chooses again if a mutation changes nothing. */
	for (unsigned int i = 0; i < MUTATION_COUNT; i++) {
		unsigned int expected = draws * mutation_table[i].weight / sum;

		if (counts[i] <= 2 * expected && 2 * counts[i] >= expected)
			continue;
		printf("# %s: %u, expected %u\n", mutation_table[i].name, counts[i], expected);
		off++;
	}
	ok(!off, "each mutation is drawn about as often as its weight says");
	count_drawn_mutations(5000, NULL, counts);
	ok(!counts[MUTATION_engine], "without an engine the mutation `engine` is not drawn");
}

static void test_max_calls(void)
{
	unsigned int too_many = 0, stuck = 0;

	for (uint64_t seed = 0; seed < 4000; seed++) {
		struct mutate_request request = { .seed = seed,
						  .max_calls = 1 + seed % 9,
						  .engine = fake_engine };

		make_before_program(seed);
		after = before;
		stuck += mutate(&after, &request) == MUTATION_COUNT;
		too_many += after.count > request.max_calls;
	}
	ok(!too_many, "no result is larger than the request allows");
	ok(!stuck, "a program with the maximal number of calls can be changed too");
	after.count = 0;
	ok(mutate(&after, &(struct mutate_request){ .seed = 1 }) == MUTATION_COUNT && !after.count,
	   "with a maximum of 0 calls no mutation is applied");
}

/* ---- values that mutations reach from an empty program ---- */

enum { OPS, THREADS, FLAGS, NUMBERS, HANDLES };

/* The kinds of handles are at the end of the list, in the order of enum handle_kind. */
static const unsigned int value_counts[HANDLES + HANDLE_KINDS] = {
	OP_COUNT,
	PROGRAM_THREADS,
	32,
	NUMBER_BASES *MUTATE_EDGES,
	PROGRAM_PAGES,
	PROGRAM_MAPS,
	PROGRAM_SLICES,
	PROGRAM_MUTEXES,
	PROGRAM_SEMAPHORES,
};
static bool was_seen[COUNT(value_counts)][64];

static void record_values_of_call(const struct call *call)
{
	struct call_handle handles[2];
	unsigned int handle_count = call_get_handles(call, handles);

	was_seen[OPS][call->op] = was_seen[THREADS][call->thread] = true;
	if (call->op == OP_alloc_page)
		was_seen[FLAGS][call->value] = true;
	for (unsigned int i = 0; i < handle_count; i++)
		was_seen[HANDLES + handles[i].kind][handles[i].index] = true;
	for (unsigned int i = 0; i < 3 * MUTATE_EDGES; i++) {
		uint16_t packed = number_pack(call->number[i / MUTATE_EDGES]);
		unsigned int edge = i % MUTATE_EDGES;

		if (packed % NUMBER_SPAN == mutate_edges[edge])
			was_seen[NUMBERS][packed / NUMBER_SPAN * MUTATE_EDGES + edge] = true;
	}
}

static bool has_seen_all_values(void)
{
	for (unsigned int i = 0; i < COUNT(value_counts); i++)
		for (unsigned int value = 0; value < value_counts[i]; value++)
			if (!was_seen[i][value])
				return false;
	return true;
}

/* Mutates without an engine; after every 60 mutations, starts again with an empty program. */
static void test_all_values_are_reached(void)
{
	unsigned int count = 0;

	for (; count < 50000 && !has_seen_all_values(); count++) {
		struct mutate_request request = { .seed = count, .max_calls = CALLS_MAX };

		if (count % 60 == 0)
			after.count = 0;
		mutate(&after, &request);
		for (size_t i = 0; i < after.count; i++)
			record_values_of_call(&after.calls[i]);
	}
	ok(has_seen_all_values(), "every call, thread, flag, handle, base and edge is reached: %u mutations",
	   count);
}

UNIT_TEST(test_mutate)
{
	if (getenv("PRINT_HASH")) {
		printf("%llx\n", (unsigned long long)hash_results_of_mutations(1));
		exit(0);
	}
	for (enum mutation mutation = 0; mutation < MUTATION_COUNT; mutation++)
		test_promise(mutation);
	test_weights();
	test_max_calls();
	test_all_values_are_reached();
	ok(hash_results_of_mutations(1) == hash_results_of_mutations(1) &&
		   hash_results_of_mutations(1) != hash_results_of_mutations(2),
	   "the same seed gives the same results, another seed gives others");
	ok(has_same_hash_in_another_process(), "another process gets the same results");
}
