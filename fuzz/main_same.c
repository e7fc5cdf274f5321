/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The same answer every time? Each input is asked three times:
 *
 *   1. in a process with all others, in the order given;
 *   2. in that process again, in another order, so after other inputs;
 *   3. in a process of its own, where nothing ran before, at other addresses.
 *
 * The answers (answer.h) must be the same. Then an input means the same to whoever
 * replays it, and the coverage that an engine sees is the input's own. The processes are
 * this program, started anew.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/answer.h"
#include "fuzz/answer_table.h"
#include "fuzz/fuzz.h"
#include "harness/util/shell_word.h"
#include "harness/program/program_name.h"

static const char help[] =
	"Usage: %s [OPTION]... FILE|DIRECTORY...\n"
	"Ask the fuzz target each input three times: among all others, again in another order,\n"
	"and in a process of its own. Verdict, trace (results, bytes read, pages), races and\n"
	"coverage must be the same each time.\n"
	"\n"
	"  --all-races  listen to every race of a program, where the target stops at the first\n"
	"  --batch N    start a process anew only for N inputs, and fork it for each (default 1)\n"
	"  --from-bytes read every FILE as a byte string, whatever its name is\n"
	"  --keep       keep what the detector remembers from input to input\n"
	"  --seed S     of the other order (default 1)\n"
	"  --help       this text\n"
	"\n"
	"Exit status: 0 all the same; 1 not, or an input cannot be read; 2 bad usage.\n";

static const char *const part_names[DIGEST_PARTS] = { "verdict", "trace", "races" };
static const char *const asking_names[ASKINGS] = { "among all others", "in another order", "alone",
						   "once more" };

/* Seconds for one turn, far above what any takes. */
#define PATIENCE 120
/* Lines of each kind; a leak that many inputs see says no more in more lines. */
#define TOLD_MOST 10
/* Longer history is not reduced. */
#define REDUCED_MOST 64

struct same {
	const char *program;
	bool keep, all_races;
	uint64_t batch, seed;
	struct answer_table *table;
	int file;
};

/* ---- processes ---- */

static void take(struct answer_table *table, size_t turn, bool fresh)
{
	alarm(PATIENCE);
	if (fresh)
		fuzz_fresh();
	answer_table_take(table, turn);
}

static void take_together(const struct same *same, size_t from, size_t count)
{
	answer_begin(same->all_races);
	for (size_t turn = from; turn < from + count; turn++)
		take(same->table, turn, !same->keep || turn == from);
}

/* Forked before the library or the detector did anything. */
static void take_apart(const struct same *same, size_t from, size_t count)
{
	for (size_t turn = from; turn < from + count; turn++) {
		pid_t child = fork();
		int status = 1;

		if (child == 0) {
			answer_begin(same->all_races);
			take(same->table, turn, true);
			_exit(0);
		}
		if (child < 0 || waitpid(child, &status, 0) != child || status)
			_exit(1);
	}
}

/* --serve FILE FROM COUNT APART KEEP ALL-RACES */
static int serve(char **argv)
{
	unsigned long number[6];
	struct same same;

	for (unsigned int i = 0; i < 6; i++)
		number[i] = strtoul(argv[2 + i], NULL, 10);
	same = (struct same){ .keep = number[4],
			      .all_races = number[5],
			      .table = answer_table_open((int)number[0]) };
	if (!same.table)
		return 2;
	(number[3] ? take_apart : take_together)(&same, number[1], number[2]);
	_exit(0);
}

static void become_server(const struct same *same, size_t from, size_t count, bool apart)
{
	size_t number[6] = { (size_t)same->file, from, count, apart, same->keep, same->all_races };
	char texts[6][24];
	char *argv[9] = { (char *)(uintptr_t)same->program, "--serve" };

	for (unsigned int i = 0; i < 6; i++) {
		snprintf(texts[i], sizeof(texts[i]), "%zu", number[i]);
		argv[2 + i] = texts[i];
	}
	execv("/proc/self/exe", argv);
	_exit(127);
}

/* Return: did it live to its end? */
static bool run_turns(const struct same *same, size_t from, size_t count, bool apart)
{
	int status = 0;
	pid_t child = fork();

	if (child == 0)
		become_server(same, from, count, apart);
	return child > 0 && waitpid(child, &status, 0) == child && !status;
}

/* ---- turns ---- */

/* splitmix64 */
static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void plan_turns(const struct same *same)
{
	size_t count = same->table->count;
	struct turn *turns = answer_table_turns(same->table);
	uint64_t state = same->seed;

	for (size_t asking = 0; asking <= ALONE; asking++)
		for (size_t i = 0; i < count; i++)
			turns[asking * count + i] = (struct turn){ (uint32_t)i, (uint32_t)asking };
	for (size_t i = count; i > 1; i--) {
		struct turn *a = &turns[count + i - 1], *b = &turns[count + next_random(&state) % i];
		struct turn swap = *a;

		*a = *b;
		*b = swap;
	}
}

static bool run_all(const struct same *same)
{
	size_t count = same->table->count, alone = ALONE * count;

	if (!run_turns(same, 0, 2 * count, false))
		return false;
	for (size_t i = 0; i < count; i += same->batch)
		if (!run_turns(same, alone + i, count - i < same->batch ? count - i : same->batch, true))
			return false;
	return true;
}

/* ---- comparing ---- */

static bool same_edges(const struct answer *a, const struct answer *b)
{
	return !memcmp(a->edges, b->edges, answer_edges());
}

static bool same_answer(const struct answer *a, const struct answer *b)
{
	return !memcmp(a->parts, b->parts, sizeof(a->parts)) && same_edges(a, b);
}

static bool differs(const struct same *same, size_t input, enum asking asking)
{
	return !same_answer(answer_table_answer(same->table, input, asking),
			    answer_table_answer(same->table, input, ALONE));
}

static void print_difference(const struct same *same, size_t input, enum asking asking)
{
	const struct answer *answer = answer_table_answer(same->table, input, asking);
	const struct answer *alone = answer_table_answer(same->table, input, ALONE);
	const char *separator = "";

	fprintf(stderr, "%s: ", answer_table_name(same->table, input));
	for (unsigned int part = 0; part < DIGEST_PARTS; part++) {
		if (answer->parts[part] == alone->parts[part])
			continue;
		fprintf(stderr, "%s%s", separator, part_names[part]);
		separator = ", ";
	}
	if (!same_edges(answer, alone))
		fprintf(stderr, "%scoverage", separator);
	fprintf(stderr, " %s not as alone\n", asking_names[asking]);
}

/* How often was each edge not taken as often as alone? */
static void count_changes(const struct same *same, size_t *changes)
{
	for (size_t i = 0; i < same->table->count; i++)
		for (enum asking asking = 0; asking < ALONE; asking++) {
			const struct answer *answer = answer_table_answer(same->table, i, asking);
			const struct answer *alone = answer_table_answer(same->table, i, ALONE);

			for (size_t edge = 0; edge < answer_edges(); edge++)
				changes[edge] += answer->edges[edge] != alone->edges[edge];
		}
}

static void print_edges(const struct same *same)
{
	size_t *changes = calloc(answer_edges(), sizeof(*changes));
	size_t variable = 0;

	if (!changes)
		return;
	count_changes(same, changes);
	for (size_t edge = 0; edge < answer_edges(); edge++) {
		char name[256];

		if (!changes[edge] || ++variable > TOLD_MOST)
			continue;
		answer_edge_name(edge, name, sizeof(name));
		fprintf(stderr, "  edge %zu, %zu times not as alone: %s\n", edge, changes[edge], name);
	}
	if (variable)
		fprintf(stderr, "  %zu of %zu edges are variable\n", variable, answer_edges());
	free(changes);
}

/* ---- what changes an answer ---- */

/* The turns before which the answer of @input is not as alone, at the end of the list. */
struct history {
	const struct same *same;
	struct turn *turns;
	size_t at, count;
};

static bool still_differs(const struct history *c, size_t input)
{
	c->turns[c->count] = (struct turn){ (uint32_t)input, ONCE_MORE };
	return !run_turns(c->same, c->at, c->count + 1, false) ||
	       differs(c->same, input, ONCE_MORE);
}

static void copy_before(struct history *c, const struct turn *end, size_t count)
{
	c->count = count;
	for (size_t i = 0; i < count; i++)
		c->turns[i] = (struct turn){ (end - count)[i].input, ONCE_MORE };
}

static bool find_history(struct history *c, size_t input, size_t turn)
{
	const struct turn *end = answer_table_turns(c->same->table) + turn;

	for (size_t count = 0; count <= turn; count = count ? 2 * count : 1) {
		copy_before(c, end, count);
		if (still_differs(c, input))
			return true;
	}
	copy_before(c, end, turn);
	return still_differs(c, input);
}

/* Leaves out what is not needed, one by one, from the newest. */
static void reduce_history(struct history *c, size_t input)
{
	for (size_t i = c->count; i-- > 0;) {
		struct turn left_out = c->turns[i];

		memmove(c->turns + i, c->turns + i + 1, (c->count - i - 1) * sizeof(*c->turns));
		c->count--;
		if (still_differs(c, input))
			continue;
		memmove(c->turns + i + 1, c->turns + i, (c->count - i) * sizeof(*c->turns));
		c->turns[i] = left_out;
		c->count++;
	}
}

static void print_command(const struct same *same)
{
	const char *backend = getenv("PAGE_MAP");

	fputs("  replay: ", stderr);
	if (backend) {
		fputs("PAGE_MAP=", stderr);
		shell_word_print(stderr, backend);
		putc(' ', stderr);
	}
	shell_word_print(stderr, shell_binary_path());
	fprintf(stderr, "%s%s%s", same->all_races ? " --all-races" : "",
		same->keep ? " --keep" : "", program_all_bytes ? " --from-bytes" : "");
}

static void print_input(const struct same *same, size_t input)
{
	putc(' ', stderr);
	shell_path_print(stderr, answer_table_name(same->table, input));
}

static void explain(const struct same *same, size_t input, enum asking asking)
{
	struct turn *turns = answer_table_turns(same->table);
	size_t at = ALONE * same->table->count + same->table->count, turn = input;
	struct history c = { .same = same, .turns = turns + at, .at = at };

	if (asking == IN_OTHER_ORDER)
		for (turn = same->table->count; turns[turn].input != input;)
			turn++;
	if (!find_history(&c, input, turn)) {
		fprintf(stderr, "  not seen once more: it changes from run to run\n");
		return;
	}
	if (c.count <= REDUCED_MOST)
		reduce_history(&c, input);
	print_command(same);
	for (size_t i = 0; i < c.count; i++)
		print_input(same, c.turns[i].input);
	print_input(same, input);
	putc('\n', stderr);
}

/* ---- the whole ---- */

static bool all_answered(const struct same *same)
{
	for (size_t i = 0; i < same->table->count; i++)
		for (enum asking asking = AMONG_OTHERS; asking <= ALONE; asking++)
			if (!same->table->slots[i].answered[asking])
				return false;
	return true;
}

static size_t compare_all(const struct same *same)
{
	size_t different = 0;

	for (size_t i = 0; i < same->table->count; i++) {
		enum asking asking = AMONG_OTHERS;

		while (asking < ALONE && !differs(same, i, asking))
			asking++;
		if (asking == ALONE)
			continue;
		if (++different <= TOLD_MOST)
			print_difference(same, i, asking);
		if (different == 1)
			explain(same, i, asking);
	}
	return different;
}

static int ask_all(struct same *same, char **paths)
{
	size_t different;

	same->table = answer_table_new(paths, &same->file);
	if (!same->table)
		return 1;
	plan_turns(same);
	if (!run_all(same) || !all_answered(same)) {
		struct turn turn = answer_table_turns(same->table)[same->table->begun];

		fprintf(stderr, "%s: %s: expected an answer, got none\n",
			answer_table_name(same->table, turn.input), asking_names[turn.asking]);
		print_command(same);
		print_input(same, turn.input);
		putc('\n', stderr);
		return 1;
	}
	different = compare_all(same);
	if (different)
		print_edges(same);
	printf("%zu inputs, %zu edges: ", same->table->count, answer_edges());
	if (different)
		printf("%zu inputs are not always answered alike\n", different);
	else
		printf("the same answers every time\n");
	return different != 0;
}

static bool parse_number(const char *text, uint64_t least, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number >= least;
}

static int bad_usage(const char *program, const char *what)
{
	fprintf(stderr, "%s: expected %s (see %s --help)\n", program, what, program);
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "all-races", no_argument, NULL, 'a' }, { "batch", required_argument, NULL, 'b' },
		{ "from-bytes", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },	 { "keep", no_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' }, { NULL, 0, NULL, 0 },
	};
	struct same same = { .program = argv[0], .batch = 1, .seed = 1 };
	int option;

	/* Ignored, it would hide how children end. */
	signal(SIGCHLD, SIG_DFL);
	if (argc == 8 && !strcmp(argv[1], "--serve"))
		return serve(argv);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return printf(help, argv[0]) < 0;
		if (option == 'a')
			same.all_races = true;
		else if (option == 'f')
			program_all_bytes = true;
		else if (option == 'k')
			same.keep = true;
		else if (option == 'b' && !parse_number(optarg, 1, &same.batch))
			return bad_usage(argv[0], "--batch N from 1");
		else if (option == 's' && !parse_number(optarg, 0, &same.seed))
			return bad_usage(argv[0], "--seed S");
		else if (option == '?')
			return bad_usage(argv[0], "an option that there is");
	}
	if (optind == argc)
		return bad_usage(argv[0], "at least one FILE");
	if (!answer_edges())
		return bad_usage(argv[0], "a build that counts edges");
	return ask_all(&same, argv + optind);
}
