/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture run: judge programs, execute them in every flavour, compare. */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/check.h"
#include "harness/claims.h"
#include "harness/exec.h"
#include "harness/program_file.h"
#include "harness/program_text.h"
#include "tool/kit/flavours.h"
#include "tool/kit/verdict_print.h"
#include "tool/run/rates.h"
#include "tool/run/run_one.h"
#include "tool/tool.h"
#include "tool/witness/witness.h"

static const char help[] =
	"Usage: pagetorture run [OPTION]... FILE...\n"
	"Judge page programs with the rule model, execute them on the page library under each\n"
	"sanitizer that this build has, on fibers and on real threads, and compare.\n"
	"\n"
	"One row a program: what the model says, what each flavour saw on fibers, what\n"
	"ThreadSanitizer saw on real threads (a race may hide there), and whether all agree.\n"
	"`unseen` is a race that ThreadSanitizer forgets, as predicted; why stands below. `not run`\n"
	"is a fatal call that is not executed because nothing there could see it.\n"
	"With --repeat, `data-race 97/100` on threads is a race that 97 of 100 runs reported, and\n"
	"the last lines sum that up. Any report about a program that has no race is a failure.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --delays SEED    threads: short delays before calls, chosen by the seed, the run, the\n"
	"                   thread and the step; they order nobody\n"
	"  --executor E     fibers, threads or both (default)\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  --json           one JSON object a line: what check --json prints, and more\n"
	"  --pin            threads: each on a CPU of its own, round robin\n"
	"  --repeat N       execute each program N times; all must agree (default 1)\n"
	"  --timeout S      seconds for one program in one flavour (default 60)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 all claims hold, and model and executions agree; 1 not; 2 bad usage, or\n"
	"a file that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture run corpus/rules/*.page\n"
	"  pagetorture run --flavour tsan --repeat 1000 race.page\n"
	"  pagetorture run --flavour tsan --executor threads --pin --delays 1 --repeat 100 race.page\n"
	"  pagetorture run --backend alias corpus/rules/*.page\n";

/* A file that can be run. */
struct input {
	const char *name; /* as the user gave it */
	char path[64];	  /* what flavours read: differs for standard input */
	struct program program;
};

struct driver {
	bool one; /* this is a flavour's half (run_one.h) */
	bool witness; /* that is asked (witness.h) */
	bool reports; /* that prints what the sanitizer says */
	bool json;
	const char *backend; /* or NULL */
	struct trial_options options;
	struct rates rates; /* of ThreadSanitizer */
	bool wanted[FLAVOURS_MAX];
	struct flavour flavours[FLAVOURS_MAX];
	unsigned int file_width;
	int status;
};

/* One flavour's line for one file. */
struct cell {
	char line[1024];
	char *field[RUN_FIELDS];
};

/* ---- reading the flavours' lines ---- */

static bool read_cell(struct flavour *flavour, struct cell *cell, unsigned int seconds)
{
	char *rest = cell->line;

	if (!flavour_read(flavour, cell->line, sizeof(cell->line), seconds))
		return false;
	cell->line[strcspn(cell->line, "\n")] = '\0';
	for (unsigned int i = 0; i < RUN_FIELDS; i++) {
		cell->field[i] = strsep(&rest, "\t");
		if (!cell->field[i])
			return false;
	}
	return true;
}

/* A flavour that stopped answering disagrees about every file that is left. */
static void no_answer(struct cell *cell, const char *name)
{
	static char words[][32] = { "differ", "no answer", "no answer", "0", "" };
	static char why[64];

	for (unsigned int i = 0; i < RUN_FIELDS; i++)
		cell->field[i] = words[i];
	snprintf(why, sizeof(why), "expected a line from pagetorture-%s, got none", name);
	cell->field[RUN_WHY] = why;
}

static const char *seen_text(const struct cell *cell)
{
	if (!strcmp(cell->field[RUN_RESULT], "differ"))
		return "DIFFERS";
	if (!strcmp(cell->field[RUN_RESULT], "beyond"))
		return "unseen";
	return cell->field[RUN_SEEN];
}

/* ---- printing ---- */

static bool runs(const struct driver *d, unsigned int flavour)
{
	return d->flavours[flavour].pid > 0;
}

static bool is_tsan(unsigned int flavour)
{
	return !strcmp(flavour_names[flavour], "tsan");
}

/* Which columns a flavour has. Without a detector of races threads say little. */
static bool shows_fibers(const struct driver *d, unsigned int flavour)
{
	return runs(d, flavour) && d->options.fibers;
}

static bool shows_threads(const struct driver *d, unsigned int flavour)
{
	return runs(d, flavour) && d->options.threads && (is_tsan(flavour) || !d->options.fibers);
}

/* With room for "data-race 1000/1000". */
static int threads_width(const struct driver *d)
{
	return d->options.repeat > 1 ? 22 : 15;
}

static void print_header(const struct driver *d)
{
	printf("%-*s  %-15s", (int)d->file_width, "program", "model");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		char threads[32];

		snprintf(threads, sizeof(threads), "%s, threads", flavour_names[i]);
		if (shows_fibers(d, i))
			printf(" %-15s", flavour_names[i]);
		if (shows_threads(d, i))
			printf(" %-*s", threads_width(d), threads);
	}
	printf(" agree\n");
}

static unsigned int reported(const struct cell *cell)
{
	return (unsigned int)strtoul(cell->field[RUN_REPORTED], NULL, 10);
}

static void print_threads(const struct driver *d, const struct cell *cell, bool racy)
{
	char text[RULE_SET_TEXT + 32];
	const char *seen = cell->field[RUN_THREADS];

	if (!d->options.fibers && !strcmp(cell->field[RUN_RESULT], "differ"))
		seen = "DIFFERS";
	if (d->options.repeat > 1 && (racy || reported(cell)))
		snprintf(text, sizeof(text), "%s %u/%u", seen, reported(cell), d->options.repeat);
	else
		snprintf(text, sizeof(text), "%s", seen);
	printf(" %-*s", threads_width(d), text);
}

static void print_row(const struct driver *d, const struct input *input, rule_set model,
		      const struct cell *cells, bool agree)
{
	char names[RULE_SET_TEXT];

	rule_set_text(model, " ", names);
	printf("%-*s  %-15s", (int)d->file_width, input->name, names);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (shows_fibers(d, i))
			printf(" %-15s", seen_text(&cells[i]));
		if (shows_threads(d, i))
			print_threads(d, &cells[i], is_tsan(i) && model & RULE_BIT(RULE_data_race));
	}
	printf(" %s\n", agree ? "yes" : "NO");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (runs(d, i) && !strcmp(cells[i].field[RUN_RESULT], "beyond"))
			printf("  %s: %s\n", flavour_names[i], cells[i].field[RUN_WHY]);
}

static void print_json(const struct driver *d, const struct input *input,
		       const struct rules *rules, const struct cell *cells, bool agree)
{
	struct json out = json_begin(stdout);

	json_object(&out, NULL);
	verdict_print_json(&out, input->name, &input->program, rules);
	json_object(&out, "flavours");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		json_object(&out, flavour_names[i]);
		json_text(&out, "result", cells[i].field[RUN_RESULT]);
		json_text(&out, "fibers", cells[i].field[RUN_SEEN]);
		json_text(&out, "threads", cells[i].field[RUN_THREADS]);
		json_number(&out, "reported", reported(&cells[i]));
		json_number(&out, "runs", d->options.threads ? d->options.repeat : 0);
		json_text(&out, "why", cells[i].field[RUN_WHY]);
		json_end(&out);
	}
	json_end(&out);
	json_bool(&out, "agree", agree);
	json_end_line(&out);
}

/* Options that matter to who executes, as they are typed. */
#define EXECUTION_TEXT 128
static void execution_text(const struct trial_options *options, char text[EXECUTION_TEXT])
{
	const char *executor = !options->fibers ? " --executor threads" :
			       !options->threads ? " --executor fibers" : "";
	char delays[40] = "";

	if (options->timing.delays)
		snprintf(delays, sizeof(delays), " --delays %llu",
			 (unsigned long long)options->timing.seed);
	snprintf(text, EXECUTION_TEXT, "--repeat %u --timeout %u%s%s%s", options->repeat,
		 options->seconds, executor, options->timing.pin ? " --pin" : "", delays);
}

/* Says what differs and how to see it again. */
static void print_differences(const struct driver *d, const struct input *input,
			      const struct cell *cells)
{
	char execution[EXECUTION_TEXT];

	execution_text(&d->options, execution);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i) || strcmp(cells[i].field[RUN_RESULT], "differ"))
			continue;
		fprintf(stderr, "%s: %s: %s\n", input->name, flavour_names[i],
			cells[i].field[RUN_WHY]);
		fprintf(stderr, "  replay: pagetorture run --backend %s --flavour %s %s %s\n",
			exec_backend(), flavour_names[i], execution, input->name);
	}
}

/* ---- one file ---- */

static void finish_input(struct driver *d, const struct input *input, struct rules *rules)
{
	struct cell cells[FLAVOURS_MAX];
	char claim[CLAIM_TEXT];
	bool agree = true, racy;

	rules_judge(rules, &input->program);
	racy = rules_verdict(rules)->broken & RULE_BIT(RULE_data_race);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		/* A program is up to three processes, each with its time, and some to spare. */
		if (!read_cell(&d->flavours[i], &cells[i], 4 * d->options.seconds))
			no_answer(&cells[i], flavour_names[i]);
		agree &= strcmp(cells[i].field[RUN_RESULT], "differ") != 0;
		if (is_tsan(i) && d->options.threads)
			rates_add(&d->rates, input->name, racy, reported(&cells[i]),
				  d->options.repeat);
	}
	if (d->json)
		print_json(d, input, rules, cells, agree);
	else
		print_row(d, input, rules_verdict(rules)->broken, cells, agree);
	fflush(stdout);
	print_differences(d, input, cells);
	if (!claims_hold(&input->program, rules, claim)) {
		fprintf(stderr, "%s: claim does not hold: %s\n", input->name, claim);
		agree = false;
	}
	d->status = worse(d->status, agree ? EXIT_GOOD : EXIT_FAILED);
}

/* ---- all files ---- */

/* Standard input is read once and given to every flavour by a descriptor. */
static bool load_standard_input(struct input *input, char error[PROGRAM_FILE_ERROR])
{
	size_t size;
	char *content = program_file_read("-", &size, error);
	int fd = memfd_create("program", 0);
	bool good = content && program_file_parse("-", content, size, &input->program, error);

	if (good && (fd < 0 || write(fd, content, size) != (ssize_t)size)) {
		snprintf(error, PROGRAM_FILE_ERROR, "-: expected memory for a copy, got none");
		good = false;
	}
	snprintf(input->path, sizeof(input->path), "/proc/self/fd/%d", fd);
	free(content);
	return good;
}

/* Return: NULL, after saying why, if the file cannot be run. */
static struct input *load_input(const char *name)
{
	char error[PROGRAM_FILE_ERROR];
	struct input *input = calloc(1, sizeof(*input));

	if (!input)
		return NULL;
	input->name = name;
	if (!strcmp(name, "-") ? load_standard_input(input, error) :
				 program_file_load(name, &input->program, error))
		return input;
	fprintf(stderr, "%s\n", error);
	free(input);
	return NULL;
}

/* Return: did any start? With none nothing would be executed, and all would agree. */
static bool start_flavours(struct driver *d, char **argv)
{
	bool any = false;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!d->wanted[i])
			continue;
		if (flavour_start(&d->flavours[i], flavour_names[i], argv))
			any = true;
		else
			fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n",
				flavour_names[i], flavour_names[i]);
	}
	return any;
}

/* What a flavour's half is started with: a list that ends with NULL; NULL without memory. */
static char **make_argv(const struct driver *d, struct input **inputs, size_t count)
{
	static char text[EXECUTION_TEXT];
	char **argv = calloc(count + 16, sizeof(*argv)), *rest = text, *word;
	size_t used = 0;

	if (!argv)
		return NULL;
	execution_text(&d->options, text);
	argv[used++] = "pagetorture";
	argv[used++] = "run";
	argv[used++] = "--one";
	while ((word = strsep(&rest, " ")))
		argv[used++] = word;
	argv[used++] = "--";
	for (size_t i = 0; i < count; i++)
		argv[used++] = inputs[i]->path[0] ? inputs[i]->path :
						    (char *)(uintptr_t)inputs[i]->name;
	return argv;
}

static void finish_inputs(struct driver *d, struct input **inputs, size_t count,
			  struct rules *rules)
{
	if (!d->json)
		print_header(d);
	for (size_t i = 0; i < count; i++)
		finish_input(d, inputs[i], rules);
	if (!d->json && d->options.repeat > 1)
		rates_print(&d->rates, "tsan");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (runs(d, i) && flavour_wait(&d->flavours[i]))
			d->status = worse(d->status, EXIT_FAILED);
}

static void run_inputs(struct driver *d, struct input **inputs, size_t count)
{
	char **argv = make_argv(d, inputs, count);
	struct rules *rules = rules_new();

	if (!argv || !rules)
		d->status = usage_error("run", "no memory for the model");
	else if (!start_flavours(d, argv))
		d->status = usage_error("run", "expected a flavour that this build has");
	else
		finish_inputs(d, inputs, count, rules);
	rules_delete(rules);
	free(argv);
}

static int drive(struct driver *d, int count, char **files)
{
	struct input **inputs = calloc((size_t)count, sizeof(*inputs));
	size_t good = 0;

	if (!inputs)
		return usage_error("run", "no memory");
	d->file_width = 7;
	for (int i = 0; i < count; i++) {
		inputs[good] = load_input(files[i]);
		if (!inputs[good]) {
			d->status = EXIT_BAD;
			continue;
		}
		if (strlen(files[i]) > d->file_width)
			d->file_width = (unsigned int)strlen(files[i]);
		good++;
	}
	if (good)
		run_inputs(d, inputs, good);
	for (size_t i = 0; i < good; i++)
		free(inputs[i]);
	free(inputs);
	return d->status;
}

/* ---- options ---- */

static bool parse_seed(const char *text, struct exec_timing *timing)
{
	char *end;

	timing->delays = true;
	timing->seed = strtoull(text, &end, 0);
	return *text >= '0' && *text <= '9' && !*end;
}

static const struct option long_options[] = {
	{ "backend", required_argument, NULL, 'b' },  { "delays", required_argument, NULL, 'd' },
	{ "executor", required_argument, NULL, 'e' }, { "flavour", required_argument, NULL, 'f' },
	{ "help", no_argument, NULL, 'h' },	      { "json", no_argument, NULL, 'j' },
	{ "one", no_argument, NULL, 'o' },	      { "pin", no_argument, NULL, 'p' },
	{ "reports", no_argument, NULL, 'R' },
	{ "repeat", required_argument, NULL, 'r' },   { "timeout", required_argument, NULL, 't' },
	{ "witness", no_argument, NULL, 'w' },	      { NULL, 0, NULL, 0 },
};

/* Return: NULL, or what was expected instead. */
static const char *take_option(struct driver *d, int option, char *value)
{
	switch (option) {
	case 'b':
		d->backend = value;
		return NULL;
	case 'd':
		return parse_seed(value, &d->options.timing) ? NULL : "--delays SEED, a number";
	case 'e':
		return trial_parse_executor(value, &d->options) ? NULL :
							    "--executor fibers, threads or both";
	case 'f':
		return flavours_parse(value, d->wanted) ? NULL : "--flavour of plain, asan, tsan, msan";
	case 'r':
		return parse_number(value, 1, 1000000, &d->options.repeat) ? NULL : "--repeat 1 .. 1000000";
	case 't':
		return parse_number(value, 1, 1000000, &d->options.seconds) ? NULL : "--timeout 1 .. 1000000";
	case 'j':
		d->json = true;
		return NULL;
	case 'o':
		d->one = true;
		return NULL;
	case 'R':
		d->one = d->reports = true;
		return NULL;
	case 'w':
		d->one = d->witness = true;
		return NULL;
	default:
		d->options.timing.pin = true;
		return NULL;
	}
}

/* The half of a flavour: files by name, or whatever is asked. */
static int run_this_flavour(const struct driver *d, int count, char **files)
{
	if (d->witness)
		witness_serve(&d->options);
	for (int i = 0; i < count; i++)
		if (d->reports)
			witness_reports(files[i], &d->options);
		else
			run_one(files[i], &d->options);
	return EXIT_GOOD;
}

int command_run(int argc, char **argv)
{
	struct driver d = { .options = { .repeat = 1, .seconds = 60, .fibers = true,
					 .threads = true },
			    .backend = getenv("PAGE_MAP") };
	int option;

	flavours_by_default(d.wanted);
	while ((option = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		const char *expected;

		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == '?')
			return usage_error("run", "unknown or incomplete option %s", argv[optind - 1]);
		expected = take_option(&d, option, optarg);
		if (expected)
			return usage_error("run", "expected %s, got '%s'", expected, optarg);
	}
	if (d.backend && !flavour_choose_backend(d.backend))
		return usage_error("run", "expected a backend that the page library has, got '%s'",
				   d.backend);
	if (optind == argc && !d.witness)
		return usage_error("run", "expected at least one FILE");
	return d.one ? run_this_flavour(&d, argc - optind, argv + optind) :
		       drive(&d, argc - optind, argv + optind);
}
