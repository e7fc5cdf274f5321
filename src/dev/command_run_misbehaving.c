/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture-dev run and replay: programs can fail on purpose although the library is correct, to test that
 * the commands detect failures. A program requests a way to misbehave, of misbehave.def, by a comment:
 *
 *     # misbehave: WAY
 *
 * The installed pagetorture ignores the comment.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "dev/dev.h"
#include "harness/checker.h"
#include "harness/execution.h"
#include "tool/run/control_block.h"
#include "tool/tool.h"

/* lose_memory() clears leakable_memory, the only pointer to its memory. Two flags affect later inputs. */
static void *volatile leakable_memory;
static volatile bool must_crash_later_inputs, must_change_later_inputs;

/* These pointers are volatile, so that the compiler does not remove the errors. */
static void *volatile sink;
static int *volatile nowhere = (int *)8;

/* ---- ways to misbehave ---- */

#define WAY_TO(name) static void name(__attribute__((unused)) struct checker *checker)

/* Defines a way to misbehave by one statement. */
#define SHORT_WAY_TO(name, statement) \
	WAY_TO(name)                  \
	{                             \
		statement;            \
	}

SHORT_WAY_TO(abort_process, abort())

/* Writes beyond the end of a heap block, over the size field of the next block. */
WAY_TO(overrun_heap)
{
	char *volatile first = malloc(24), *volatile second = malloc(24);

	for (unsigned int i = 0; i < 64; i++)
		((volatile char *)first)[i] = 0x41;
	free(second);
	free(first);
}

SHORT_WAY_TO(corrupt_later_inputs, must_crash_later_inputs = true)
SHORT_WAY_TO(write_to_nowhere, *nowhere = 0)
SHORT_WAY_TO(open_descriptor, (void)!open("/dev/null", O_RDONLY))

/* Opens as many descriptors as the process may have, after lowering this limit to 64. */
WAY_TO(open_all_descriptors)
{
	const struct rlimit few = { 64, 64 };

	setrlimit(RLIMIT_NOFILE, &few);
	while (open("/dev/null", O_RDONLY) >= 0)
		;
}

SHORT_WAY_TO(exit_process, _exit(0))

SHORT_WAY_TO(spin, for (;;) __asm__ volatile("" ::: "memory"))
SHORT_WAY_TO(kill_process, raise(SIGKILL))
SHORT_WAY_TO(leak_memory, sink = malloc(40); sink = NULL)

/* Leaks in runs 1, 2, 4, 8 ... of a process, so only a comparison of two orders of inputs detects it. */
WAY_TO(grow_rarely)
{
	static unsigned int run_count;
	void **block;

	run_count++;
	if (run_count & (run_count - 1))
		return;
	block = malloc(4096);
	if (block)
		*block = leakable_memory;
	leakable_memory = block;
}

/* Sends the worker's reply to its parent process before the worker ran the batch, and exits. */
WAY_TO(reply_early)
{
	(void)!write(WORKER_SOCKET, "g", 1);
	_exit(0);
}

SHORT_WAY_TO(lose_memory, leakable_memory = NULL)

WAY_TO(add_mappings)
{
	mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	mmap(NULL, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

WAY_TO(use_memory)
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

SHORT_WAY_TO(change_later_inputs, must_change_later_inputs = true)

SHORT_WAY_TO(change_result, checker->trace->steps[0].result = RESULT_EFAULT)
SHORT_WAY_TO(sleep_forever, for (;;) pause())

static unsigned int __attribute__((noinline)) recurse(volatile char *above)
{
	volatile char here[1024];

	here[0] = *above;
	sink = (void *)(uintptr_t)here;
	return sink ? recurse(here) + (unsigned int)here[0] : 0;
}

SHORT_WAY_TO(overflow_stack, sink = (void *)(uintptr_t)recurse((volatile char *)""))
SHORT_WAY_TO(stop_process, raise(SIGSTOP))

WAY_TO(print_much)
{
	for (unsigned int i = 0; i < 20000; i++)
		puts("all is well, all is well, all is well, all is well");
	fflush(stdout);
}

WAY_TO(report_another_rule)
{
	enum rule rule = rules_verdict(checker->rules)->fatal_rule;

	fprintf(stderr, "BUG: page: %s: as the test wants it\n",
		rule_table[rule == RULE_unmap_order ? RULE_foreign_map : RULE_unmap_order].name);
	abort();
}

static const struct misbehave_way {
	void (*misbehave)(struct checker *checker);
	const char *name;
	enum { EXECUTING, ENDING, DYING } when; /* misbehave.def explains the values */
} misbehave_ways[] = {
#define WAY(function, name, when, expected_kind) { function, name, when },
#include "dev/misbehave/misbehave.def"
};

/* ---- when to misbehave ---- */

/* The way to misbehave that the current input requests, or NULL. */
static const struct misbehave_way *requested_way;

static bool must_misbehave_now(const struct checker *checker, const struct program *program,
			       size_t call_index, bool is_dying)
{
	const size_t misbehaving_calls[] = { [EXECUTING] = 0,
					     [ENDING] = program->count - 1,
					     [DYING] = rules_verdict(checker->rules)->fatal_call };

	return is_dying == (requested_way->when == DYING) &&
	       call_index == misbehaving_calls[requested_way->when];
}

/* Changes the first byte that the last read logged. The check detects this if the byte is initialised. */
static void change_first_byte_of_last_read(struct trace *trace)
{
	for (size_t i = trace->step_count; i-- > 0;)
		if (trace->steps[i].log_len) {
			trace->bytes[trace->steps[i].log_offset] = 0x3c;
			return;
		}
}

static void misbehave_before_call(struct checker *checker, const struct program *program, size_t call_index,
				  bool is_dying)
{
	if (requested_way && must_misbehave_now(checker, program, call_index, is_dying))
		requested_way->misbehave(checker);
	if (requested_way || is_dying)
		return;
	if (must_crash_later_inputs)
		*nowhere = 0;
	if (must_change_later_inputs && call_index == program->count - 1)
		change_first_byte_of_last_read(checker->trace);
}

/* Called before each input. Sets @requested_way to the way that a comment in @content requests. */
static void set_way_requested_by_input(const char *content, size_t size)
{
	static const char marker[] = "# misbehave: ";
	const char *way_name = memmem(content, size, marker, strlen(marker));
	size_t name_len = 0;

	requested_way = NULL;
	if (!way_name)
		return;
	way_name += strlen(marker);
	while (way_name + name_len < content + size && way_name[name_len] != '\n')
		name_len++;
	for (size_t i = 0; i < sizeof(misbehave_ways) / sizeof(misbehave_ways[0]); i++)
		if (strlen(misbehave_ways[i].name) == name_len &&
		    !memcmp(misbehave_ways[i].name, way_name, name_len))
			requested_way = &misbehave_ways[i];
}

/* ---- the commands ---- */

static void enable_misbehaving(void)
{
	leakable_memory = malloc(80);
	execution_set_call_hook(misbehave_before_call);
	run_worker_input_hook = set_way_requested_by_input;
}

int command_run_misbehaving(int argc, char **argv)
{
	enable_misbehaving();
	return command_run(argc, argv);
}

int command_replay_misbehaving(int argc, char **argv)
{
	enable_misbehaving();
	return command_replay(argc, argv);
}
