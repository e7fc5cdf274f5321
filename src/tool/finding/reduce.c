/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A candidate is first held against the model, then executed in the flavours that the
 * failure is made of. What comes out is executed in all: if another one now says something
 * else, all is done again with all of them asked each time.
 */
#include "tool/finding/reduce.h"

#include <stdlib.h>
#include <string.h>

#include "harness/util/sha1.h"
#include "harness/model/repair.h"
#include "harness/mutate/minimize.h"
#include "harness/program/program_bytes.h"
#include "tool/util/name_set.h"
#include "tool/util/status.h"

struct reducer {
	struct reduction *reduction;
	struct judge *judge;
	const bool *asked;	  /* flavours; NULL: all */
	struct name_set rejected; /* by hash: passes meet again what others tried */
	struct program candidate;	  /* with its own lines */
	struct minimize minimize;
};

/* Of calls and claims. */
static void hash_of(const struct program *program, char hash[SHA1_TEXT])
{
	static uint8_t bytes[PROGRAM_BYTES_MAX + PROGRAM_CALLS + sizeof(rule_set) + 1];
	size_t used = program_to_bytes(program, bytes);

	for (size_t i = 0; i < program->count; i++)
		bytes[used++] = (uint8_t)program->calls[i].expected_result;
	bytes[used++] = program->has_expect;
	memcpy(bytes + used, &program->expect, sizeof(rule_set));
	sha1_text(bytes, used + sizeof(rule_set), hash);
}

static bool same(void *ctx, const struct program *candidate)
{
	struct reducer *r = ctx;
	struct signature signature;
	char hash[SHA1_TEXT];

	r->reduction->tried++;
	status("%s: %zu calls, %lu candidates, %lu executions", r->reduction->name,
	       r->minimize.best.count, r->reduction->tried, r->judge->executed);
	r->candidate = *candidate;
	program_renumber(&r->candidate);
	if (!signature_may_match(&r->reduction->signature, r->judge, &r->candidate))
		return false;
	hash_of(&r->candidate, hash);
	if (name_set_has(&r->rejected, hash))
		return false;
	signature_make(&signature, r->judge, &r->candidate, r->asked);
	if (signature_equal(&signature, &r->reduction->signature))
		return true;
	name_set_add(&r->rejected, hash);
	return false;
}

/* Return: does the result fail in the same way when all flavours are asked? */
static bool reduce_asking(struct reducer *r, const bool *asked)
{
	struct signature signature;

	r->asked = asked;
	r->minimize.best = r->reduction->program;
	minimize(&r->minimize);
	program_renumber(&r->minimize.best);
	signature_make(&signature, r->judge, &r->minimize.best, NULL);
	return signature_equal(&signature, &r->reduction->signature);
}

/*
 * The target printed the program that it executed, or it repairs programs without a word. Such a
 * program is what `run` and people can do something with, if the target fails on it in the same
 * way.
 */
static void take_as_it_ran(struct reducer *r, bool (*make)(struct reducer *r, struct program *))
{
	static struct program ran;
	struct signature signature;

	if (!make(r, &ran) || ran.count > r->reduction->program.count + 1)
		return;
	program_renumber(&ran);
	signature_make(&signature, r->judge, &ran, NULL);
	if (signature_equal(&signature, &r->reduction->signature))
		r->reduction->program = ran;
}

static bool printed(struct reducer *r, struct program *ran)
{
	static struct replayed replayed;

	if (!replayer_run_program(r->judge->replayer, &r->reduction->program, &replayed) ||
	    !replayed.ran_known)
		return false;
	*ran = replayed.ran;
	return true;
}

static bool repaired(struct reducer *r, struct program *ran)
{
	*ran = r->reduction->program;
	repair(ran, r->judge->rules);
	return true;
}

bool reduce(struct reduction *reduction, struct judge *judge)
{
	struct reducer *r = calloc(1, sizeof(*r));
	unsigned long before = judge->executed;
	bool good;

	if (!r)
		return false;
	r->reduction = reduction;
	r->judge = judge;
	r->minimize.accepts = same;
	r->minimize.ctx = r;
	good = reduce_asking(r, reduction->signature.needs) || reduce_asking(r, NULL);
	if (good)
		reduction->program = r->minimize.best;
	if (good && judge->replayer) {
		take_as_it_ran(r, repaired);
		take_as_it_ran(r, printed);
	}
	reduction->executed = judge->executed - before;
	status_end();
	free(r->rejected.slots);
	free(r);
	return good;
}
