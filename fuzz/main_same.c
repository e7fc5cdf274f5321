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
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz/input.h"
#include "fuzz/same_serve.h"
#include "harness/program/program_name.h"
#include "harness/util/number.h"
#include "harness/util/random.h"
#include "harness/util/shell_word.h"

static const char help[] =
	"Usage: %s [OPTION]... FILE|DIRECTORY...\n"
	"Execute each input of the fuzz target three times: among all inputs, among all inputs in\n"
	"another order, and in a separate process. Verdict, trace (results, bytes read, pages), "
	"races\n"
	"and coverage must be the same each time.\n"
	"\n"
	"  --all-races  record every race of a program; without it, the target stops at the first\n"
	"  --batch N    start one separate process for N inputs, and fork it for each (default 1)\n"
	"  --from-bytes read every FILE as a byte string, whatever its name is\n"
	"  --keep       do not clear the detector's memory between inputs\n"
	"  --seed S     choose the other order by S (default 1)\n"
	"  --help       print this text\n"
	"\n"
	"Exit status: 0 each input is the same; 1 an input differs or cannot be read; 2 bad "
	"usage.\n";

static const char *const part_names[DIGEST_PARTS] = {"verdict", "trace", "races"};

/*
 * The maximal number of printed lines of each kind. A state leak often affects many inputs; a few
 * lines are enough.
 */
#define LINES_MAX 10

static struct {
	const char *program;
	struct serve_options serve;
	uint64_t batch, seed;
} options = {.batch = 1, .seed = 1};

static struct {
	char **names;
	size_t count;
} inputs;

/*
 * The executions of the inputs. A position is the number of an execution: the first 2 *
 * inputs.count are in the common process, the last inputs.count are of each input in a process of
 * its own.
 */
static struct {
	size_t *order;     /* the number of the input at each position */
	uint8_t *outcomes; /* of the size same_outcome_size(), at each position */
} executions;

static void exit_if_no_memory(bool has_memory)
{
	if (has_memory)
		return;
	fprintf(stderr, "expected memory for %zu inputs, got none\n", inputs.count);
	exit(1);
}

static void *allocate_or_exit(size_t count, size_t size)
{
	void *memory = calloc(count ? count : 1, size);

	exit_if_no_memory(memory);
	return memory;
}

static const struct outcome *get_outcome(size_t position)
{
	return (struct outcome *)(executions.outcomes + position * same_outcome_size());
}

/* Return: the outcome of an input in a process of its own. */
static const struct outcome *get_outcome_alone(size_t input)
{
	return get_outcome(2 * inputs.count + input);
}

static void append_input_name(const struct input *input, void *ctx)
{
	char **names = realloc(inputs.names, (inputs.count + 1) * sizeof(*names));

	(void)ctx;
	exit_if_no_memory(names);
	inputs.names = names;
	names[inputs.count] = strdup(input->file_name);
	exit_if_no_memory(names[inputs.count++]);
}

/* ---- processes ---- */

/* Return: a temporary file with the names of the inputs, each followed by a 0 byte; or NULL. */
static FILE *write_input_names(const size_t *list, size_t count)
{
	FILE *file = tmpfile();

	for (size_t i = 0; file && i < count; i++)
		fwrite(inputs.names[list[i]], 1, strlen(inputs.names[list[i]]) + 1, file);
	if (!file || (!fflush(file) && !fseek(file, 0, SEEK_SET) && !ferror(file)))
		return file;
	fclose(file);
	return NULL;
}

static _Noreturn void exec_server(int names, int out, bool apart)
{
	char *argv[6] = {(char *)(uintptr_t)options.program, apart ? "--serve-apart" : "--serve"};
	size_t count = 2;

	if (options.serve.keeps_detector_memory)
		argv[count++] = "--keep";
	if (options.serve.records_all_races)
		argv[count++] = "--all-races";
	if (program_all_bytes)
		argv[count++] = "--from-bytes";
	if (dup2(names, STDIN_FILENO) >= 0 && dup2(out, STDOUT_FILENO) >= 0)
		execv("/proc/self/exe", argv);
	_exit(127);
}

/*
 * Executes the inputs of @list in one common process, or with @apart in one process for each.
 * @outcomes: gets the outcome of each input
 * Return: the number of inputs with an outcome.
 */
static size_t execute_inputs(const size_t *list, size_t count, bool apart, uint8_t *outcomes)
{
	FILE *names = write_input_names(list, count), *from;
	size_t done = 0;
	int ends[2], status;
	pid_t child;

	if (!names || pipe(ends))
		return 0;
	child = fork();
	if (child == 0) {
		close(ends[0]);
		exec_server(fileno(names), ends[1], apart);
	}
	close(ends[1]);
	fclose(names);
	from = child < 0 ? NULL : fdopen(ends[0], "r");
	if (from) {
		done = fread(outcomes, same_outcome_size(), count, from);
		fclose(from);
	}
	if (child > 0 && (waitpid(child, &status, 0) != child || status) && done == count)
		done--;
	return done;
}

static void print_replay_command(const size_t *list, size_t count)
{
	const char *backend = getenv("PAGE_MAP");

	fputs("  replay: ", stderr);
	if (backend) {
		fputs("PAGE_MAP=", stderr);
		shell_word_print(stderr, backend);
		putc(' ', stderr);
	}
	shell_word_print(stderr, shell_binary_path());
	fprintf(stderr, "%s%s%s", options.serve.records_all_races ? " --all-races" : "",
		options.serve.keeps_detector_memory ? " --keep" : "",
		program_all_bytes ? " --from-bytes" : "");
	for (size_t i = 0; i < count; i++) {
		putc(' ', stderr);
		shell_path_print(stderr, inputs.names[list[i]]);
	}
	putc('\n', stderr);
}

/*
 * Return: whether all inputs at the positions have an outcome; else prints the first input without
 * an outcome.
 */
static bool execute_positions(size_t position, size_t count, bool apart)
{
	const size_t *list = executions.order + position;
	size_t done = execute_inputs(list, count, apart,
				     executions.outcomes + position * same_outcome_size());

	if (done == count)
		return true;
	fprintf(stderr, "%s: %s: expected an outcome, got none\n", inputs.names[list[done]],
		apart ? "alone" : "among all others");
	print_replay_command(list + done, 1);
	return false;
}

/*
 * The order is all inputs as the caller listed them, all inputs in a random order, and all inputs
 * as the caller listed them, each alone.
 */
static void init_execution_order(void)
{
	size_t count = inputs.count, *other = executions.order + count;
	uint64_t random = options.seed;

	for (size_t i = 0; i < 3 * count; i++)
		executions.order[i] = i % count;
	for (size_t i = count; i > 1; i--) {
		size_t chosen = random_below(&random, (uint32_t)i), number = other[i - 1];

		other[i - 1] = other[chosen];
		other[chosen] = number;
	}
}

static bool execute_all(void)
{
	size_t end = 3 * inputs.count;
	bool has_all = execute_positions(0, 2 * inputs.count, false);

	for (size_t i = 2 * inputs.count; i < end && has_all; i += options.batch)
		has_all = execute_positions(i, number_min(end - i, options.batch), true);
	return has_all;
}

/* ---- comparing ---- */

static bool has_same_edges(const struct outcome *a, const struct outcome *b)
{
	return !memcmp(a->edge_counters, b->edge_counters, same_count_edges());
}

static bool is_same_as_alone(const struct outcome *outcome, size_t input)
{
	const struct outcome *alone = get_outcome_alone(input);

	return !memcmp(outcome->part_digests, alone->part_digests, sizeof(outcome->part_digests)) &&
	       has_same_edges(outcome, alone);
}

static void print_outcome_difference(size_t position)
{
	size_t input = executions.order[position];
	const struct outcome *outcome = get_outcome(position), *alone = get_outcome_alone(input);
	const char *separator = "";

	fprintf(stderr, "%s: ", inputs.names[input]);
	for (unsigned int part = 0; part < DIGEST_PARTS; part++) {
		if (outcome->part_digests[part] == alone->part_digests[part])
			continue;
		fprintf(stderr, "%s%s", separator, part_names[part]);
		separator = ", ";
	}
	if (!has_same_edges(outcome, alone))
		fprintf(stderr, "%scoverage", separator);
	fprintf(stderr, " %s not as alone\n",
		position < inputs.count ? "among all others" : "in another order");
}

/*
 * Return: at how many positions the counter of the edge differs from the execution of the input
 * alone.
 */
static size_t count_edge_differences(size_t edge)
{
	size_t changes = 0;

	for (size_t i = 0; i < 2 * inputs.count; i++)
		changes += get_outcome(i)->edge_counters[edge] !=
			   get_outcome_alone(executions.order[i])->edge_counters[edge];
	return changes;
}

static void print_variable_edges(void)
{
	size_t variable = 0;
	char name[256];

	for (size_t edge = 0; edge < same_count_edges(); edge++) {
		size_t changes = count_edge_differences(edge);

		if (!changes || ++variable > LINES_MAX)
			continue;
		same_format_edge_name(edge, name, sizeof(name));
		fprintf(stderr, "  edge %zu, %zu times not as alone: %s\n", edge, changes, name);
	}
	if (variable)
		fprintf(stderr, "  %zu of %zu edges are variable\n", variable, same_count_edges());
}

/*
 * Return: whether the last input of @list, executed after the inputs before it, has another outcome
 * than alone.
 */
static bool last_input_differs(const size_t *list, size_t count)
{
	uint8_t *outcomes = allocate_or_exit(count, same_outcome_size());
	uint8_t *last = outcomes + (count - 1) * same_outcome_size();
	bool differs = execute_inputs(list, count, false, outcomes) < count ||
		       !is_same_as_alone((struct outcome *)last, list[count - 1]);

	free(outcomes);
	return differs;
}

/*
 * Prints a command with the smallest number of preceding inputs that change the outcome at
 * @position.
 */
static void print_shortest_history(size_t position)
{
	size_t before = 0;

	while (!last_input_differs(executions.order + position - before, before + 1)) {
		if (before == position) {
			fprintf(stderr, "  not seen once more: it changes from run to run\n");
			return;
		}
		before = number_min(before ? 2 * before : 1, position);
	}
	print_replay_command(executions.order + position - before, before + 1);
}

/* Return: how many inputs have an outcome that differs from their outcome alone. */
static size_t compare_all_outcomes(void)
{
	size_t differing_inputs = 0;

	for (size_t position = 0; position < 2 * inputs.count; position++) {
		size_t input = executions.order[position];
		bool is_known =
			position >= inputs.count && !is_same_as_alone(get_outcome(input), input);

		if (is_known || is_same_as_alone(get_outcome(position), input))
			continue;
		if (++differing_inputs <= LINES_MAX)
			print_outcome_difference(position);
		if (differing_inputs == 1)
			print_shortest_history(position);
	}
	return differing_inputs;
}

static int execute_and_compare(void)
{
	size_t differing_inputs;

	executions.order = allocate_or_exit(3 * inputs.count, sizeof(*executions.order));
	executions.outcomes = allocate_or_exit(3 * inputs.count, same_outcome_size());
	init_execution_order();
	if (!execute_all())
		return 1;
	differing_inputs = compare_all_outcomes();
	if (differing_inputs)
		print_variable_edges();
	printf("%zu inputs, %zu edges: ", inputs.count, same_count_edges());
	if (differing_inputs)
		printf("%zu inputs have not always the same outcome\n", differing_inputs);
	else
		printf("the same outcome every time\n");
	return differing_inputs != 0;
}

/* ---- the command line ---- */

static bool parse_number(const char *text, uint64_t least, uint64_t *number)
{
	char *end;

	*number = strtoull(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *number >= least;
}

static int print_usage_error(const char *what)
{
	fprintf(stderr, "%s: expected %s (see %s --help)\n", options.program, what,
		options.program);
	return 2;
}

enum { SERVE = 1, SERVE_APART };

int main(int argc, char **argv)
{
	int option, serve = 0;
	bool good = true;
	const struct option names[] = {
		{"all-races", no_argument, NULL, 'a'},
		{"batch", required_argument, NULL, 'b'},
		{"from-bytes", no_argument, NULL, 'f'},
		{"help", no_argument, NULL, 'h'},
		{"keep", no_argument, NULL, 'k'},
		{"seed", required_argument, NULL, 's'},
		{"serve", no_argument, &serve, SERVE}, /* only this program passes it */
		{"serve-apart", no_argument, &serve, SERVE_APART},
		{NULL, 0, NULL, 0},
	};

	options.program = argv[0];
	/* If SIGCHLD were ignored, the exit status of children would be lost. */
	signal(SIGCHLD, SIG_DFL);
	opterr = 0;
	while ((option = getopt_long(argc, argv, "h", names, NULL)) != -1) {
		if (option == 'h')
			return printf(help, argv[0]) < 0;
		if (option == 'a')
			options.serve.records_all_races = true;
		else if (option == 'f')
			program_all_bytes = true;
		else if (option == 'k')
			options.serve.keeps_detector_memory = true;
		else if (option == 'b' && !parse_number(optarg, 1, &options.batch))
			return print_usage_error("--batch N from 1");
		else if (option == 's' && !parse_number(optarg, 0, &options.seed))
			return print_usage_error("--seed S");
		else if (option == '?')
			return print_usage_error("a known option");
	}
	options.serve.is_process_per_input = serve == SERVE_APART;
	if (serve)
		return same_serve_inputs(&options.serve);
	if (optind == argc)
		return print_usage_error("at least one FILE");
	if (!same_count_edges())
		return print_usage_error("a build that counts edges");
	for (char **path = argv + optind; *path; path++)
		good &= input_for_each(*path, append_input_name, NULL);
	return good ? execute_and_compare() : 1;
}
