/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/misbehave/misbehave.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "harness/execution.h"
#include "tool/run/control_block.h"
#include "tool/run/worker.h"

enum when { EXECUTING, ENDING, DYING };

const struct misbehave_way misbehave_ways[MISBEHAVIOURS] = {
	[MISBEHAVE_NOT] = { "", "good", false },
#define WAY(id, name, when, kind) [MISBEHAVE_##id] = { name, kind, (when) == DYING },
#include "dev/misbehave/misbehave.def"
#undef WAY
};

static const enum when whens[MISBEHAVIOURS] = {
#define WAY(id, name, when, kind) [MISBEHAVE_##id] = when,
#include "dev/misbehave/misbehave.def"
#undef WAY
};

static enum misbehaviour wanted;

/* What a process has before anything goes wrong. */
static void *volatile kept;
static volatile bool corrupted, remembered;

/* ---- ways ---- */

/* The compiler must not see what becomes of it, nor where this leads. */
static void *volatile sink;
static int *volatile nowhere = (int *)8;

static void spin(void)
{
	for (;;)
		__asm__ volatile("" ::: "memory");
}

static unsigned int __attribute__((noinline)) deeper(volatile char *above)
{
	volatile char here[1024];

	here[0] = *above;
	sink = (void *)(uintptr_t)here;
	return sink ? deeper(here) + (unsigned int)here[0] : 0;
}

/* As many as there are; few, so that it takes no time. */
static void use_descriptors(void)
{
	const struct rlimit few = { 64, 64 };

	setrlimit(RLIMIT_NOFILE, &few);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
}

static void use_memory(void)
{
	const size_t size = (size_t)16 << 20;

	for (;;) {
		void *block = malloc(size);

		if (!block)
			abort();
		memset(block, 0x5a, size);
		sink = block;
		usleep(1000);
	}
}

/* Beyond its end; sizes as the allocator's own book-keeping would be hit. */
static void overrun(void)
{
	char *volatile first = malloc(24), *volatile second = malloc(24);

	for (unsigned int i = 0; i < 64; i++)
		((volatile char *)first)[i] = 0x41;
	free(second);
	free(first);
}

static void talk(void)
{
	for (unsigned int i = 0; i < 20000; i++)
		puts("all is well, all is well, all is well, all is well");
	fflush(stdout);
}

/* Reports that the batch is done, which it is not. */
static _Noreturn void lie(void)
{
	(void)!write(WORKER_DONE, "g", 1);
	_exit(0);
}

static void change_result(struct checker *check)
{
	struct trace *trace = (struct trace *)(uintptr_t)checker_trace(check);

	trace->steps[0].result = RESULT_EFAULT;
}

static void die_of_another_rule(const struct checker *check)
{
	enum rule rule = rules_verdict(checker_rules(check))->fatal_rule;

	fprintf(stderr, "BUG: page: %s: as the test wants it\n",
		rule_name(rule == RULE_unmap_order ? RULE_foreign_map : RULE_unmap_order));
	abort();
}

static void misbehave(struct checker *check)
{
	switch (wanted) {
	case MISBEHAVE_abort:
		abort();
	case MISBEHAVE_corrupt:
		overrun();
		return;
	case MISBEHAVE_corrupt_later:
		corrupted = true;
		return;
	case MISBEHAVE_crash:
		*nowhere = 0;
		return;
	case MISBEHAVE_descriptor:
		(void)!open("/dev/null", O_RDONLY);
		return;
	case MISBEHAVE_descriptors:
		use_descriptors();
		return;
	case MISBEHAVE_exit:
	case MISBEHAVE_exit_early:
		_exit(0);
	case MISBEHAVE_hang:
	case MISBEHAVE_hang_dying:
		spin();
		return;
	case MISBEHAVE_kill:
		raise(SIGKILL);
		return;
	case MISBEHAVE_leak:
		sink = malloc(40);
		sink = NULL;
		return;
	case MISBEHAVE_lie:
		lie();
	case MISBEHAVE_lose:
		kept = NULL;
		return;
	case MISBEHAVE_mapping:
		mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		return;
	case MISBEHAVE_memory:
	case MISBEHAVE_memory_dying:
		use_memory();
		return;
	case MISBEHAVE_remember:
		remembered = true;
		return;
	case MISBEHAVE_result:
		change_result(check);
		return;
	case MISBEHAVE_sleep:
		for (;;)
			pause();
	case MISBEHAVE_stack:
		sink = (void *)(uintptr_t)deeper((volatile char *)"");
		return;
	case MISBEHAVE_stop:
		raise(SIGSTOP);
		return;
	case MISBEHAVE_talk:
		talk();
		return;
	case MISBEHAVE_wrong_rule:
		die_of_another_rule(check);
		return;
	default:
		return;
	}
}

/* ---- when ---- */

static bool is_time(const struct checker *check, const struct program *program, size_t call,
		    bool dying)
{
	switch (whens[wanted]) {
	case EXECUTING:
		return !dying && call == 0;
	case ENDING:
		return !dying && call == program->count - 1;
	default:
		return dying && call == rules_verdict(checker_rules(check))->fatal_call;
	}
}

/* What was read last. Where it has a value this is a failure, else only another outcome. */
static void change_bytes_read(struct checker *check)
{
	struct trace *trace = (struct trace *)(uintptr_t)checker_trace(check);

	for (size_t i = trace->count; i-- > 0;)
		if (trace->steps[i].len) {
			trace->bytes[trace->steps[i].at] = 0x3c;
			return;
		}
}

static void hook(struct checker *check, const struct program *program, size_t call, bool dying)
{
	if (wanted == MISBEHAVE_NOT) {
		if (corrupted && !dying)
			*nowhere = 0;
		if (remembered && !dying && call == program->count - 1)
			change_bytes_read(check);
		return;
	}
	if (is_time(check, program, call, dying))
		misbehave(check);
}

static const char marker[] = "# misbehave: ";

/* What the next input asks for. */
static void read_marker(const char *content, size_t size)
{
	const char *at = memmem(content, size, marker, strlen(marker));
	size_t len = 0;

	wanted = MISBEHAVE_NOT;
	if (!at)
		return;
	at += strlen(marker);
	while (at + len < content + size && at[len] != '\n')
		len++;
	for (unsigned int i = 1; i < MISBEHAVIOURS; i++)
		if (strlen(misbehave_ways[i].name) == len && !memcmp(misbehave_ways[i].name, at, len))
			wanted = i;
}

void misbehave_enable(void)
{
	kept = malloc(80);
	execution_set_call_hook(hook);
	run_worker_input_hook = read_marker;
}
