/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/fuzz.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>

#include "harness/program_text.h"

static void *made(void *thing)
{
	if (!thing) {
		fprintf(stderr, "expected memory for the check, got none\n");
		abort();
	}
	return thing;
}

struct check *fuzz_check(void)
{
	static struct check *check;

	if (!check)
		check = made(check_new());
	return check;
}

struct rules *fuzz_rules(void)
{
	static struct rules *rules;

	if (!rules)
		rules = made(rules_new());
	return rules;
}

_Noreturn void fuzz_finding(const char *target, const struct program *program, const char *why)
{
	static char text[TEXT_PROGRAM_MAX];

	program_to_text(program, text);
	fprintf(stderr,
		"ERROR: %s: %s\n"
		"--- the program as it ran ---\n%s---\n"
		"replay: %s-replay FILE   (FILE is the input that the engine keeps)\n"
		"read:   pagetorture format FILE\n",
		target, why, text, target);
	abort();
}

/*
 * AFL++ runs a target in a child of a child of its own and stops it between inputs. Where
 * AFL++ is killed, that one would stay, stopped, for ever.
 */
static void die_with_parent(void)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
}

__attribute__((constructor)) static void let_children_die(void)
{
	pthread_atfork(NULL, NULL, die_with_parent);
}
