/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Loads afl_mutator.so as AFL++ does, and calls all its functions as AFL++ would. */
#include <dlfcn.h>
#include <string.h>

#include "harness/mutate/mutate.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define MAX (64 * PROGRAM_RECORD)

static struct {
	void *(*init)(void *afl, unsigned int seed);
	void (*deinit)(void *data);
	size_t (*fuzz)(void *data, uint8_t *bytes, size_t size, uint8_t **result, uint8_t *add,
		       size_t add_size, size_t max);
	const char *(*describe)(void *data, size_t max);
	size_t (*post_process)(void *data, uint8_t *bytes, size_t size, uint8_t **result);
	int (*init_trim)(void *data, uint8_t *bytes, size_t size);
	size_t (*trim)(void *data, uint8_t **result);
	int (*post_trim)(void *data, uint8_t success);
} afl;

static struct program program, again;
static uint8_t bytes[2 * MAX], add[MAX], canonical[PROGRAM_BYTES_MAX];

static bool load_afl_functions(void *library)
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

/* Return: whether decoding and encoding keep the bytes; the mutator writes an empty program as one byte. */
static bool decode_and_check_canonical(const uint8_t *data, size_t size)
{
	size_t result_size;

	program_from_bytes(&again, data, size);
	result_size = program_to_bytes(&again, canonical);
	return result_size ? result_size == size && !memcmp(canonical, data, size) : size == 1;
}

static size_t make_program_and_input(uint64_t seed, uint8_t *to)
{
	static uint8_t whole[PROGRAM_BYTES_MAX];
	size_t result_size;

	make_interacting_program(&seed, &program, 50, OP_COUNT);
	result_size = program_to_bytes(&program, whole);
	memcpy(to, whole, result_size);
	return result_size;
}

/* Return: whether @text consists of names of mutations, separated by +. */
static bool is_short_list_of_mutation_names(const char *text, size_t max)
{
	char description[256]; /* a copy of @text, which strtok() splits */

	if (!text || strlen(text) >= max || strlen(text) >= sizeof(description))
		return false;
	strcpy(description, text);
	for (char *name = strtok(description, "+"); name; name = strtok(NULL, "+")) {
		enum mutation mutation = 0;

		while (mutation < MUTATION_COUNT && strcmp(mutation_table[mutation].name, name))
			mutation++;
		if (mutation == MUTATION_COUNT)
			return false;
	}
	return true;
}

static void test_mutations(void)
{
	void *mutator = afl.init(NULL, 7), *twin = afl.init(NULL, 7), *other = afl.init(NULL, 8);
	unsigned int good = 0, same = 0, different = 0, changed = 0, described = 0, brief = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		uint8_t *second = seed % 2 ? add : NULL, *result, *compared;
		size_t size = make_program_and_input(seed, bytes),
		       second_size = second ? make_program_and_input(~seed, add) : 0;
		size_t max = seed % 5 ? MAX : (1 + seed % 64) * PROGRAM_RECORD;
		size_t result_size = afl.fuzz(mutator, bytes, size, &result, second, second_size, max);

		good += result_size && result_size <= max && decode_and_check_canonical(result, result_size);
		changed += result_size != size || memcmp(result, bytes, size);
		described += *afl.describe(mutator, 200) &&
			     is_short_list_of_mutation_names(afl.describe(mutator, 200), 200);
		brief += is_short_list_of_mutation_names(afl.describe(mutator, 1 + seed % 12), 1 + seed % 12);
		same += afl.fuzz(twin, bytes, size, &compared, second, second_size, max) == result_size &&
			!memcmp(result, compared, result_size);
		different +=
			afl.fuzz(other, bytes, size, &compared, second, second_size, max) != result_size ||
			memcmp(result, compared, result_size);
	}
	ok(good == 2000, "fuzz gives canonical programs of at most the maximal size");
	ok(changed > 1900, "fuzz changes most programs: %u of 2,000", changed);
	ok(same == 2000 && different > 1900,
	   "the same seed gives the same programs, another seed gives others");
	ok(described == 2000, "describe returns the names of the mutations");
	ok(brief == 2000, "the description is never longer than the maximum");
	afl.deinit(mutator);
	afl.deinit(twin);
	afl.deinit(other);
}

static void test_short_inputs(void)
{
	void *mutator = afl.init(NULL, 1);
	unsigned int good = 0;
	uint8_t *result;
	size_t result_size;

	for (size_t size = 0; size < 3 * PROGRAM_RECORD; size++) {
		uint64_t state = size;

		fill_random_bytes(&state, bytes, size);
		for (size_t max = 0; max < 3 * PROGRAM_RECORD; max++) {
			result_size = afl.fuzz(mutator, bytes, size, &result, NULL, 0, max);
			good += result_size >= 1 && (result_size <= max || result_size == 1) &&
				decode_and_check_canonical(result, result_size);
		}
	}
	ok(good == 9 * PROGRAM_RECORD * PROGRAM_RECORD,
	   "short inputs and small maximal sizes give canonical programs");
	afl.deinit(mutator);
}

static void test_post_process(void)
{
	void *mutator = afl.init(NULL, 1);
	unsigned int good = 0;

	for (uint64_t seed = 0; seed < 2000; seed++) {
		uint64_t state = seed;
		size_t size = random_next(&state) % MAX, result_size;
		uint8_t *result;

		fill_random_bytes(&state, bytes, size);
		program_from_bytes(&program, bytes, size);
		result_size = afl.post_process(mutator, bytes, size, &result);
		good += decode_and_check_canonical(result, result_size) &&
			program_calls_equal(&program, &again);
	}
	ok(good == 2000, "post_process gives the same program in canonical bytes, at least one");
	afl.deinit(mutator);
}

/* AFL++ accepts a candidate with the same coverage; this test accepts a candidate with all calls of @ops. */
static bool has_all_ops(const uint8_t *data, size_t size, uint32_t ops)
{
	program_from_bytes(&again, data, size);
	for (size_t i = 0; i < again.count; i++)
		ops &= ~(1u << again.calls[i].op);
	return !ops;
}

/* Trims as AFL++ does. Return: the final size, or 0 if the mutator breaks a rule of AFL++'s interface. */
static size_t trim_as_afl_does(void *mutator, uint8_t *data, size_t size, uint32_t ops)
{
	int most = afl.init_trim(mutator, data, size), step = 0, steps = 0;

	for (; step < most; steps++) {
		uint8_t *result = NULL;
		size_t result_size = afl.trim(mutator, &result);
		bool good_trial;

		if (!result || !result_size || result_size >= size ||
		    !decode_and_check_canonical(result, result_size) || steps > most)
			return 0;
		good_trial = has_all_ops(result, result_size, ops);
		if (good_trial) {
			memcpy(data, result, result_size);
			size = result_size;
		}
		step = afl.post_trim(mutator, good_trial);
		if (step < 0)
			return 0;
	}
	return size;
}

/* Return: the ops of the first @count calls, one bit for each op; a trimmed program must keep these ops. */
static uint32_t collect_ops_of_first_calls(size_t count)
{
	uint32_t ops = 0;

	for (size_t i = 0; i < count; i++)
		ops |= 1u << program.calls[i].op;
	return ops;
}

static void test_trim(void)
{
	void *mutator = afl.init(NULL, 1);
	unsigned int least = 0, ended = 0, kept = 0, whole = 0;

	for (uint64_t seed = 0; seed < 500; seed++) {
		size_t size = make_program_and_input(seed, bytes);
		uint32_t ops = collect_ops_of_first_calls(1 + seed % program.count);

		size = trim_as_afl_does(mutator, bytes, size, ops);
		ended += size > 0;
		kept += has_all_ops(bytes, size, ops);
		least += size == (size_t)__builtin_popcount(ops) * PROGRAM_RECORD;
		/* If the test accepts no trimmed program, the program must not change. */
		size = make_program_and_input(seed, bytes);
		whole += trim_as_afl_does(mutator, bytes, size, 1u << 31) == size;
	}
	ok(ended == 500, "trimming ends, and each candidate is smaller than the best program");
	ok(kept == 500, "the trimmed program has the required ops");
	ok(least == 500, "the trimmed program has no other call");
	ok(whole == 500, "if no candidate is accepted, the program stays as it is");
	ok(trim_as_afl_does(mutator, bytes, make_program_and_input(1, bytes), 0) == PROGRAM_RECORD,
	   "if each candidate is accepted, one call remains");
	ok(!afl.init_trim(mutator, bytes, PROGRAM_RECORD) && !afl.init_trim(mutator, bytes, 0),
	   "programs of one call or none are not trimmed");
	afl.deinit(mutator);
}

UNIT_TEST(test_afl_mutator)
{
	void *library = dlopen("./afl_mutator.so", RTLD_NOW | RTLD_LOCAL);

	if (!ok(library, "afl_mutator.so loads")) {
		printf("# %s\n", dlerror());
		return;
	}
	if (!ok(load_afl_functions(library), "afl_mutator.so has every function that AFL++ looks up"))
		return;
	ok(!dlsym(library, "mutate") && !dlsym(library, "program_from_bytes"),
	   "afl_mutator.so does not export functions of the harness");
	test_mutations();
	test_short_inputs();
	test_post_process();
	test_trim();
	dlclose(library);
}
