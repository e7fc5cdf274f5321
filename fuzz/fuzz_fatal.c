/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs that end in a call which breaks a fatal rule: a use after the last free, an
 * unmap out of order, a 17th mapping. Whoever makes that call must die of it, and of that
 * rule. The other targets never make one, so they cannot miss a report.
 *
 * What comes before the call is repaired and executed here, for the engine to see what it
 * covers; then a child does it once more, with the call. A process for each input costs
 * what it costs: there are few ways to misuse a page, and many short programs for each.
 */
#include "fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>

#include "harness/program_bytes.h"
#include "harness/trial.h"
#include "harness/uncounted.h"

const bool fuzz_reads_text = false;

enum { ALWAYS = 100, NOW_AND_THEN = 32 };

static const struct trial_options options = {
	.repeat = 1,
	.seconds = 5,
	.fibers = true,
	.engine = true,
};

/* A child that dies as it should is no news: finding names for its frames takes a second. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "symbolize=0";
}

static struct trial *trial_of_target(void)
{
	static struct trial *trial;

	if (!trial)
		trial = trial_new();
	if (!trial) {
		fprintf(stderr, "expected memory to share with a child, got none\n");
		abort();
	}
	return trial;
}

static const struct verdict *judge(const struct program *program)
{
	check_judge(fuzz_check(), program);
	return rules_verdict(check_rules(fuzz_check()));
}

UNCOUNTED_BEGIN

/*
 * A process costs as much as a hundred inputs. Each kind of misuse that is seldom met gets
 * one whenever it is, the others now and then.
 */
static bool worth_a_process(enum rule rule, enum op op)
{
	static unsigned int met[RULE_COUNT][OP_COUNT];
	unsigned int *count = &met[rule][op];

	return ++*count <= ALWAYS || *count % NOW_AND_THEN == 0;
}

/* The last call, in a process of its own. */
static void die(struct trial *trial, const struct program *program)
{
	const struct verdict *v = rules_verdict(check_rules(fuzz_check()));
	enum op op = program->calls[program->count - 1].op;

	if (trial->fibers.result != CHECK_DIFFER && worth_a_process(v->fatal_rule, op))
		trial_die(trial, fuzz_check(), program, &options);
	if (trial->fibers.result == CHECK_DIFFER)
		fuzz_finding("fuzz_fatal", program, trial->fibers.why);
}

UNCOUNTED_END

/* Cuts @program after its first fatal call and repairs the rest. Return: false: it has none. */
static bool end_in_fatal(struct program *program)
{
	const struct verdict *v = judge(program);
	struct call last;

	if (v->fatal_call == VERDICT_NONE || v->fatal_rule == RULE_deadlock)
		return false;
	last = program->calls[v->fatal_call];
	program->count = v->fatal_call;
	check_repair(fuzz_check(), program);
	program->calls[program->count++] = last;
	program_renumber(program);
	v = judge(program);
	return v->fatal_call == program->count - 1 && v->broken == RULE_BIT(v->fatal_rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	struct trial *trial = trial_of_target();

	fuzz_check();
	program_from_bytes(&program, data, size);
	if (!end_in_fatal(&program))
		return 0;
	trial_begin(trial);
	trial_execute(trial, fuzz_check(), &program, &options);
	fuzz_compared(&trial->fibers);
	fuzz_count("fuzz_fatal");
	die(trial, &program);
	return 0;
}
