/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The determinism check of a fuzz target. It executes each input three times:
 *
 *   1. in a process with all others, in the order given;
 *   2. in that process again, in another order, so after other inputs;
 *   3. in a process of its own, where no input ran before, at other addresses.
 *
 * The outcomes must be the same: verdict, trace, races, and how often each edge was taken. Then an
 * input does the same wherever it is replayed, and the coverage that an engine sees is the input's
 * own. The processes are this program, started anew (same_serve.c).
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/input.h"
#include "fuzz/same_serve.h"
#include "harness/program/program_name.h"
#include "harness/util/random.h"
#include "harness/util/shell_word.h"

static const char help[] =
	"Usage: %s [OPTION]... FILE|DIRECTORY...\n"
	"Execute each input of the fuzz target three times: among all inputs, among all inputs in\n"
	"another order, and in a separate process. Verdict, trace (results, bytes read, pages), races\n"
	"and coverage must be the same each time.\n"
	"\n"
	"  --all-races  record every race of a program; without it, the target stops at the first\n"
	"  --batch N    start one separate process for N inputs, and fork it for each (default 1)\n"
	"  --from-bytes read every FILE as a byte string, whatever its name is\n"
	"  --keep       do not clear the detector's memory between inputs\n"
	"  --seed S     choose the other order by S (default 1)\n"
	"  --help       print this text\n"
	"\n"
	"Exit status: 0 each input is the same; 1 an input differs or cannot be read; 2 bad usage.\n";

static const char *const part_names[DIGEST_PARTS] = { "verdict", "trace", "races" };

enum context { AMONG_OTHERS, IN_OTHER_ORDER, ALONE, CONTEXTS };
static const char *const context_names[CONTEXTS] = { "among all others", "in another order", "alone" };

/* Lines of each kind; a leak that many inputs see needs no more. */
#define LINES_MOST 10
/* A longer history is not reduced. */
#define REDUCED_MOST 64

static struct {
	const char *program;
	struct serve_options serve;
	uint64_t batch, seed;
} options = { .batch = 1, .seed = 1 };

/* ---- the process that compares ---- */

static struct {
	char **names;
	size_t count;
	struct outcome **outcomes; /* of each input in each context */
} inputs;

static void expect_memory(bool good)
{
	if (good)
		return;
	fprintf(stderr, "expected memory for %zu inputs, got none\n", inputs.count);
	exit(1);
}

static void *allocate(size_t size)
{
	void *memory = calloc(1, size ? size : 1);

	expect_memory(memory);
	return memory;
}

static void add_input(const struct input *input, void *ctx)
{
	char **names = realloc(inputs.names, (inputs.count + 1) * sizeof(*names));

	(void)ctx;
	expect_memory(names);
	inputs.names = names;
	names[inputs.count] = strdup(input->name);
	expect_memory(names[inputs.count++]);
}

static struct outcome **outcome_of(size_t input, enum context context)
{
	return &inputs.outcomes[input * CONTEXTS + context];
}

/* A file without a name with the names of inputs, each with a 0 byte after it. */
static int write_names(const size_t *list, size_t count)
{
	int file = memfd_create("names", MFD_CLOEXEC);
	FILE *out = file < 0 ? NULL : fdopen(dup(file), "w");

	for (size_t i = 0; out && i < count; i++)
		fwrite(inputs.names[list[i]], 1, strlen(inputs.names[list[i]]) + 1, out);
	if (!out || fclose(out) || lseek(file, 0, SEEK_SET))
		return -1;
	return file;
}

static _Noreturn void become_server(int names, int out, bool apart)
{
	char *argv[6] = { (char *)(uintptr_t)options.program, apart ? "--serve-apart" : "--serve" };
	size_t count = 2;

	if (options.serve.keep)
		argv[count++] = "--keep";
	if (options.serve.all_races)
		argv[count++] = "--all-races";
	if (program_all_bytes)
		argv[count++] = "--from-bytes";
	if (dup2(names, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execv("/proc/self/exe", argv);
	_exit(127);
}

static bool read_outcome(FILE *from, struct outcome **outcome)
{
	struct outcome *read = allocate(outcome_size());

	free(*outcome);
	*outcome = NULL;
	if (fread(read, outcome_size(), 1, from) == 1)
		*outcome = read;
	else
		free(read);
	return *outcome;
}

/*
 * Executes the inputs of @list in one process, or @apart in one each.
 * @into: where the outcome of each goes
 * Return: how many have one.
 */
static size_t run(const size_t *list, size_t count, bool apart, struct outcome **into[])
{
	int ends[2], names = write_names(list, count), status;
	size_t done = 0;
	pid_t child;
	FILE *from;

	if (names < 0 || pipe(ends))
		return 0;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		become_server(names, ends[1], apart);
	}
	close(ends[1]);
	close(names);
	from = child < 0 ? NULL : fdopen(ends[0], "r");
	while (from && done < count && read_outcome(from, into[done]))
		done++;
	if (from)
		fclose(from);
	if (child > 0 && (waitpid(child, &status, 0) != child || status) && done == count)
		done--;
	return done;
}

static void print_command(void)
{
	const char *backend = getenv("PAGE_MAP");

	fputs("  replay: ", stderr);
	if (backend) {
		fputs("PAGE_MAP=", stderr);
		shell_word_print(stderr, backend);
		putc(' ', stderr);
	}
	shell_word_print(stderr, shell_binary_path());
	fprintf(stderr, "%s%s%s", options.serve.all_races ? " --all-races" : "",
		options.serve.keep ? " --keep" : "", program_all_bytes ? " --from-bytes" : "");
}

static void print_input(size_t input)
{
	putc(' ', stderr);
	shell_path_print(stderr, inputs.names[input]);
}

/* Return: did all inputs of @list get an outcome? If not, the first one without is printed. */
static bool run_context(const size_t *list, size_t count, bool apart, const enum context *contexts)
{
	struct outcome ***into = allocate(count * sizeof(*into));
	size_t done;

	for (size_t i = 0; i < count; i++)
		into[i] = outcome_of(list[i], contexts[i]);
	done = run(list, count, apart, into);
	free(into);
	if (done == count)
		return true;
	fprintf(stderr, "%s: %s: expected an outcome, got none\n", inputs.names[list[done]],
		context_names[contexts[done]]);
	print_command();
	print_input(list[done]);
	putc('\n', stderr);
	return false;
}

/* @order: all inputs as they were given, and once more in a random order */
static void plan(size_t *order, enum context *contexts)
{
	uint64_t random = options.seed;
	size_t count = inputs.count;

	for (size_t i = 0; i < 2 * count; i++) {
		order[i] = i % count;
		contexts[i] = i < count ? AMONG_OTHERS : IN_OTHER_ORDER;
	}
	for (size_t i = count; i > 1; i--) {
		size_t *a = &order[count + i - 1], *b = &order[count + random_below(&random, (uint32_t)i)];
		size_t swap = *a;

		*a = *b;
		*b = swap;
	}
}

static bool run_alone(const size_t *order)
{
	enum context *contexts = allocate(options.batch * sizeof(*contexts));
	bool good = true;

	for (size_t i = 0; i < options.batch; i++)
		contexts[i] = ALONE;
	for (size_t i = 0; i < inputs.count && good; i += options.batch) {
		size_t left = inputs.count - i;

		good = run_context(order + i, left < options.batch ? left : options.batch, true, contexts);
	}
	free(contexts);
	return good;
}

/* ---- comparing ---- */

static bool same_edges(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a->edges, b->edges, edge_count());
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a->parts, b->parts, sizeof(a->parts)) && same_edges(a, b);
}

static void print_difference(size_t input, enum context context)
{
	const struct outcome *outcome = *outcome_of(input, context), *alone = *outcome_of(input, ALONE);
	const char *separator = "";

	fprintf(stderr, "%s: ", inputs.names[input]);
	for (unsigned int part = 0; part < DIGEST_PARTS; part++) {
		if (outcome->parts[part] == alone->parts[part])
			continue;
		fprintf(stderr, "%s%s", separator, part_names[part]);
		separator = ", ";
	}
	if (!same_edges(outcome, alone))
		fprintf(stderr, "%scoverage", separator);
	fprintf(stderr, " %s not as alone\n", context_names[context]);
}

/* How often the counter of the edge was not as alone. */
static size_t count_changes(size_t edge)
{
	size_t changes = 0;

	for (size_t i = 0; i < inputs.count; i++)
		for (enum context context = 0; context < ALONE; context++)
			changes += (*outcome_of(i, context))->edges[edge] !=
				   (*outcome_of(i, ALONE))->edges[edge];
	return changes;
}

static void print_edges(void)
{
	size_t variable = 0;
	char name[256];

	for (size_t edge = 0; edge < edge_count(); edge++) {
		size_t changes = count_changes(edge);

		if (!changes || ++variable > LINES_MOST)
			continue;
		edge_name(edge, name, sizeof(name));
		fprintf(stderr, "  edge %zu, %zu times not as alone: %s\n", edge, changes, name);
	}
	if (variable)
		fprintf(stderr, "  %zu of %zu edges are variable\n", variable, edge_count());
}

/* ---- which inputs before it change an outcome ---- */

/* Inputs after which the last one of the list has another outcome than alone. */
struct history {
	size_t *list;
	size_t count; /* with the last one */
};

static bool still_differs(const struct history *h)
{
	struct outcome ***into = allocate(h->count * sizeof(*into)), *outcome = NULL;
	bool differs;

	for (size_t i = 0; i < h->count; i++)
		into[i] = &outcome;
	differs = run(h->list, h->count, false, into) < h->count ||
		  !same_outcome(outcome, *outcome_of(h->list[h->count - 1], ALONE));
	free(outcome);
	free(into);
	return differs;
}

/* Leaves out inputs that are not needed, one by one, from the newest. */
static void reduce_history(struct history *h)
{
	for (size_t i = h->count - 1; i-- > 0;) {
		size_t left_out = h->list[i], after = h->count - i - 1;

		memmove(h->list + i, h->list + i + 1, after * sizeof(*h->list));
		h->count--;
		if (still_differs(h))
			continue;
		memmove(h->list + i + 1, h->list + i, after * sizeof(*h->list));
		h->list[i] = left_out;
		h->count++;
	}
}

/* @order: in which all inputs ran; the outcome at @turn differs */
static void print_history(size_t *order, size_t turn)
{
	struct history h = { .count = 0 };

	for (size_t before = 0; before <= turn; before = before ? 2 * before : 1) {
		h = (struct history){ order + turn - before, before + 1 };
		if (still_differs(&h))
			break;
		h.count = 0;
	}
	if (!h.count) {
		h = (struct history){ order, turn + 1 };
		if (!still_differs(&h)) {
			fprintf(stderr, "  not seen once more: it changes from run to run\n");
			return;
		}
	}
	if (h.count <= REDUCED_MOST + 1)
		reduce_history(&h);
	print_command();
	for (size_t i = 0; i < h.count; i++)
		print_input(h.list[i]);
	putc('\n', stderr);
}

/* ---- the whole ---- */

static size_t compare_all(size_t *order)
{
	size_t different = 0;

	for (size_t i = 0; i < inputs.count; i++) {
		enum context context = AMONG_OTHERS;
		size_t turn = i;

		while (context < ALONE &&
		       same_outcome(*outcome_of(i, context), *outcome_of(i, ALONE)))
			context++;
		if (context == ALONE)
			continue;
		if (++different <= LINES_MOST)
			print_difference(i, context);
		if (different > 1)
			continue;
		if (context == IN_OTHER_ORDER)
			for (turn = inputs.count; order[turn] != i;)
				turn++;
		print_history(order, turn);
	}
	return different;
}

static int run_and_compare(size_t *order, enum context *contexts)
{
	size_t different;

	plan(order, contexts);
	if (!run_context(order, 2 * inputs.count, false, contexts) || !run_alone(order))
		return 1;
	different = compare_all(order);
	if (different)
		print_edges();
	printf("%zu inputs, %zu edges: ", inputs.count, edge_count());
	if (different)
		printf("%zu inputs have not always the same outcome\n", different);
	else
		printf("the same outcome every time\n");
	return different != 0;
}

static int check(char **paths)
{
	enum context *contexts;
	size_t *order;
	bool good = true;
	int status;

	for (; *paths; paths++)
		good &= input_each(*paths, add_input, NULL);
	if (!good)
		return 1;
	order = allocate(2 * inputs.count * sizeof(*order));
	contexts = allocate(2 * inputs.count * sizeof(*contexts));
	inputs.outcomes = allocate(CONTEXTS * inputs.count * sizeof(struct outcome *));
	status = run_and_compare(order, contexts);
	free(order);
	free(contexts);
	return status;
}

static bool parse_number(const char *text, uint64_t least, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number >= least;
}

static int bad_usage(const char *what)
{
	fprintf(stderr, "%s: expected %s (see %s --help)\n", options.program, what, options.program);
	return 2;
}

enum { SERVE = 1, SERVE_APART };

int main(int argc, char **argv)
{
	int option, serve = 0;
	const struct option names[] = {
		{ "all-races", no_argument, NULL, 'a' },
		{ "batch", required_argument, NULL, 'b' },
		{ "from-bytes", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ "keep", no_argument, NULL, 'k' },
		{ "seed", required_argument, NULL, 's' },
		{ "serve", no_argument, &serve, SERVE }, /* by this program itself */
		{ "serve-apart", no_argument, &serve, SERVE_APART },
		{ NULL, 0, NULL, 0 },
	};

	options.program = argv[0];
	/* If it were ignored, the status of children would be lost. */
	signal(SIGCHLD, SIG_DFL);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 'h')
			return printf(help, argv[0]) < 0;
		if (option == 'a')
			options.serve.all_races = true;
		else if (option == 'f')
			program_all_bytes = true;
		else if (option == 'k')
			options.serve.keep = true;
		else if (option == 'b' && !parse_number(optarg, 1, &options.batch))
			return bad_usage("--batch N from 1");
		else if (option == 's' && !parse_number(optarg, 0, &options.seed))
			return bad_usage("--seed S");
		else if (option == '?')
			return bad_usage("a known option");
	}
	options.serve.apart = serve == SERVE_APART;
	if (serve)
		return same_serve(&options.serve);
	if (optind == argc)
		return bad_usage("at least one FILE");
	if (!edge_count())
		return bad_usage("a build that counts edges");
	return check(argv + optind);
}
