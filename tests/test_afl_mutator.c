/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Loads afl_mutator.so as AFL++ does, and calls all its functions as AFL++ would. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "harness/mutate/mutate.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define MAX (64 * PROGRAM_RECORD)

static struct {
	void *(*init)(void *afl, unsigned int seed);
	void (*deinit)(void *data);
	size_t (*fuzz)(void *data, uint8_t *bytes, size_t size, uint8_t **out, uint8_t *add,
		       size_t add_size, size_t max);
	const char *(*describe)(void *data, size_t max);
	size_t (*post_process)(void *data, uint8_t *bytes, size_t size, uint8_t **out);
	int (*init_trim)(void *data, uint8_t *bytes, size_t size);
	size_t (*trim)(void *data, uint8_t **out);
	int (*post_trim)(void *data, uint8_t success);
} afl;

static struct program program, again;
static uint8_t bytes[2 * MAX], add[MAX], canonical[PROGRAM_BYTES_MAX];

static bool look_up(void *library)
{
	const struct {
		void *at;
		const char *name;
	} symbols[] = {
		{ &afl.init, "afl_custom_init" },
		{ &afl.deinit, "afl_custom_deinit" },
		{ &afl.fuzz, "afl_custom_fuzz" },
		{ &afl.describe, "afl_custom_describe" },
		{ &afl.post_process, "afl_custom_post_process" },
		{ &afl.init_trim, "afl_custom_init_trim" },
		{ &afl.trim, "afl_custom_trim" },
		{ &afl.post_trim, "afl_custom_post_trim" },
	};
	bool all = true;

	for (size_t i = 0; i < sizeof(symbols) / sizeof(symbols[0]); i++) {
		void *symbol = dlsym(library, symbols[i].name);

		memcpy(symbols[i].at, &symbol, sizeof(symbol));
		all &= symbol != NULL;
	}
	return all;
}

/*
 * Does decoding and encoding leave the bytes unchanged? AFL++ uses one byte for an empty
 * program.
 */
static bool is_canonical(const uint8_t *data, size_t size)
{
	size_t used;

	program_from_bytes(&again, data, size);
	used = program_to_bytes(&again, canonical);
	return used ? used == size && !memcmp(canonical, data, size) : size == 1;
}

static size_t make_input(uint64_t seed, uint8_t *to)
{
	static uint8_t whole[PROGRAM_BYTES_MAX];
	size_t used;

	busy_program(&seed, &program, 50, OP_COUNT);
	used = program_to_bytes(&program, whole);
	memcpy(to, whole, used);
	return used;
}

/* Is it "a+b", each a mutation, and valid in a file name? */
static bool describes(const char *what, size_t max)
{
	char text[256];

	if (!what || strlen(what) >= max || strlen(what) >= sizeof(text))
		return false;
	strcpy(text, what);
	for (char *name = strtok(text, "+"); name; name = strtok(NULL, "+")) {
		enum mutation mutation = 0;

		while (mutation < MUTATION_COUNT && strcmp(mutation_table[mutation].name, name))
			mutation++;
		if (mutation == MUTATION_COUNT)
			return false;
	}
	return true;
}

static void test_fuzz(void)
{
	void *a = afl.init(NULL, 7), *b = afl.init(NULL, 7), *c = afl.init(NULL, 8);
	unsigned int good = 0, same = 0, other = 0, changed = 0, described = 0, brief = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		size_t size = make_input(seed, bytes), add_size = make_input(~seed, add), used;
		size_t max = seed % 5 ? MAX : (1 + seed % 64) * PROGRAM_RECORD;
		uint8_t *out, *twin;
		bool with = seed % 2;

		used = afl.fuzz(a, bytes, size, &out, with ? add : NULL, with ? add_size : 0, max);
		good += used && used <= max && is_canonical(out, used);
		changed += used != size || memcmp(out, bytes, size);
		described += *afl.describe(a, 200) && describes(afl.describe(a, 200), 200);
		brief += describes(afl.describe(a, 1 + seed % 12), 1 + seed % 12);
		same += afl.fuzz(b, bytes, size, &twin, with ? add : NULL, with ? add_size : 0,
				 max) == used &&
			!memcmp(out, twin, used);
		other += afl.fuzz(c, bytes, size, &twin, with ? add : NULL, with ? add_size : 0,
				  max) != used ||
			 memcmp(out, twin, used);
	}
	ok(good == 2000, "fuzz gives canonical programs of at most the size allowed");
	ok(changed > 1900, "and changes them: %u of 2,000", changed);
	ok(same == 2000 && other > 1900, "same seed, same programs; another seed, others");
	ok(described == 2000, "describe names the mutations, as a file's name may");
	ok(brief == 2000, "and is never longer than asked for");
	afl.deinit(a);
	afl.deinit(b);
	afl.deinit(c);
}

static void test_odd_inputs(void)
{
	void *m = afl.init(NULL, 1);
	unsigned int good = 0;
	uint8_t *out;
	size_t used;

	for (size_t size = 0; size < 3 * PROGRAM_RECORD; size++) {
		uint64_t state = size;

		random_bytes(&state, bytes, size);
		for (size_t max = 0; max < 3 * PROGRAM_RECORD; max++) {
			used = afl.fuzz(m, bytes, size, &out, NULL, 0, max);
			good += used >= 1 && (used <= max || used == 1) && is_canonical(out, used);
		}
	}
	ok(good == 9 * PROGRAM_RECORD * PROGRAM_RECORD, "short inputs and little room are no trouble");
	afl.deinit(m);
}

static void test_post_process(void)
{
	void *m = afl.init(NULL, 1);
	unsigned int good = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		uint64_t state = seed;
		size_t size = random_next(&state) % MAX, used;
		uint8_t *out;

		random_bytes(&state, bytes, size);
		program_from_bytes(&program, bytes, size);
		used = afl.post_process(m, bytes, size, &out);
		good += is_canonical(out, used) && program_equal(&program, &again);
	}
	ok(good == 2000, "post_process gives the same program in canonical bytes, never nothing");
	afl.deinit(m);
}

/* AFL++ compares traces; here a candidate is accepted if it still has all calls of @ops. */
static bool has_ops(const uint8_t *data, size_t size, uint32_t ops)
{
	program_from_bytes(&again, data, size);
	for (size_t i = 0; i < again.count; i++)
		ops &= ~(1u << again.calls[i].op);
	return !ops;
}

/* Trims as AFL++ does. Return: the final size; 0 if a rule of the interface was broken. */
static size_t trim_all(void *m, uint8_t *data, size_t size, uint32_t ops)
{
	int most = afl.init_trim(m, data, size), step = 0, steps = 0;

	for (; step < most; steps++) {
		uint8_t *out = NULL;
		size_t used = afl.trim(m, &out);
		bool good_trial;

		if (!out || !used || used >= size || !is_canonical(out, used) || steps > most)
			return 0;
		good_trial = has_ops(out, used, ops);
		if (good_trial) {
			memcpy(data, out, used);
			size = used;
		}
		step = afl.post_trim(m, good_trial);
		if (step < 0)
			return 0;
	}
	return size;
}

/* Returns the set of the first @count calls, which a trimmed program must still have. */
static uint32_t ops_of(size_t count)
{
	uint32_t ops = 0;

	for (size_t i = 0; i < count; i++)
		ops |= 1u << program.calls[i].op;
	return ops;
}

static void test_trim(void)
{
	void *m = afl.init(NULL, 1);
	unsigned int least = 0, ended = 0, kept = 0, whole = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		size_t size = make_input(seed, bytes);
		uint32_t ops = ops_of(1 + seed % program.count);

		size = trim_all(m, bytes, size, ops);
		ended += size > 0;
		kept += has_ops(bytes, size, ops);
		least += size == (size_t)__builtin_popcount(ops) * PROGRAM_RECORD;
		/* If no candidate is accepted, nothing changes. */
		size = make_input(seed, bytes);
		whole += trim_all(m, bytes, size, 1u << 31) == size;
	}
	ok(ended == 500, "trimming comes to its end, each candidate smaller than the best");
	ok(kept == 500, "what counts is still there");
	ok(least == 500, "and nothing else");
	ok(whole == 500, "where no candidate is good all stays");
	ok(trim_all(m, bytes, make_input(1, bytes), 0) == PROGRAM_RECORD,
	   "where each is good one call is left");
	ok(!afl.init_trim(m, bytes, PROGRAM_RECORD) && !afl.init_trim(m, bytes, 0),
	   "one call, or none, is not trimmed");
	afl.deinit(m);
}

UNIT_TEST(test_afl_mutator)
{
	void *library = dlopen("./afl_mutator.so", RTLD_NOW | RTLD_LOCAL);

	if (!ok(library, "the library loads")) {
		printf("# %s\n", dlerror());
		return;
	}
	if (!ok(look_up(library), "it has every function that AFL++ looks for"))
		return;
	ok(!dlsym(library, "mutate") && !dlsym(library, "program_from_bytes"),
	   "and exports nothing else");
	test_fuzz();
	test_odd_inputs();
	test_post_process();
	test_trim();
	dlclose(library);
}
