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
#include "tool/flavours.h"
#include "tool/run_one.h"
#include "tool/tool.h"
#include "tool/verdict_print.h"

static const char help[] =
	"Usage: pagetorture run [OPTION]... FILE...\n"
	"Judge page programs with the rule model, execute them on the page library under each\n"
	"sanitizer that this build has, on fibers and on real threads, and compare.\n"
	"\n"
	"One row a program: what the model says, what each flavour saw on fibers, what\n"
	"ThreadSanitizer saw on real threads (a race may hide there), and whether all agree.\n"
	"`unseen` is a race that ThreadSanitizer cannot be expected to remember, `not run` a fatal\n"
	"call that is not executed because nothing there could see it.\n"
	"\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  --json           one JSON object a line: what check --json prints, and more\n"
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
	"  pagetorture run --backend alias corpus/rules/*.page\n";

/* A file that can be run. */
struct input {
	const char *name; /* as the user gave it */
	char path[64];	  /* what flavours read: differs for standard input */
	struct program program;
};

struct driver {
	bool json;
	struct run_options options;
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
	static char words[][32] = { "differ", "no answer", "no answer", "" };
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

/*
 * Flavours are processes of their own: they read it from the environment, as the user
 * may have said it there. Asked for in vain is not to pass for something else.
 */
static bool choose_backend(const char *name)
{
	return exec_choose_backend(name) && !setenv("PAGE_MAP", name, 1);
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

static void print_header(const struct driver *d)
{
	printf("%-*s  %-15s", (int)d->file_width, "program", "model");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		printf(" %-15s", flavour_names[i]);
		if (is_tsan(i))
			printf(" %-15s", "tsan, threads");
	}
	printf(" agree\n");
}

static void print_row(const struct driver *d, const struct input *input, rule_set model,
		      const struct cell *cells, bool agree)
{
	char names[RULE_SET_TEXT];

	rule_set_text(model, " ", names);
	printf("%-*s  %-15s", (int)d->file_width, input->name, names);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		printf(" %-15s", seen_text(&cells[i]));
		if (is_tsan(i))
			printf(" %-15s", cells[i].field[RUN_THREADS]);
	}
	printf(" %s\n", agree ? "yes" : "NO");
}

static void print_json(const struct driver *d, const struct input *input,
		       const struct rules *rules, const struct cell *cells, bool agree)
{
	const char *separator = "";

	putchar('{');
	verdict_print_json(stdout, input->name, &input->program, rules);
	printf(", \"flavours\": {");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		printf("%s\"%s\": {\"result\": \"%s\", \"fibers\": \"%s\", \"threads\": \"%s\", "
		       "\"why\": ",
		       separator, flavour_names[i], cells[i].field[RUN_RESULT],
		       cells[i].field[RUN_SEEN], cells[i].field[RUN_THREADS]);
		json_string(stdout, cells[i].field[RUN_WHY]);
		putchar('}');
		separator = ", ";
	}
	printf("}, \"agree\": %s}\n", agree ? "true" : "false");
}

/* Says what differs and how to see it again. */
static void print_differences(const struct driver *d, const struct input *input,
			      const struct cell *cells)
{
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i) || strcmp(cells[i].field[RUN_RESULT], "differ"))
			continue;
		fprintf(stderr, "%s: %s: %s\n", input->name, flavour_names[i],
			cells[i].field[RUN_WHY]);
		fprintf(stderr, "  replay: pagetorture run --backend %s --flavour %s --repeat %u %s\n",
			exec_backend(), flavour_names[i], d->options.repeat, input->name);
	}
}

/* ---- one file ---- */

static void finish_input(struct driver *d, const struct input *input, struct rules *rules)
{
	struct cell cells[FLAVOURS_MAX];
	char claim[CLAIM_TEXT];
	bool agree = true;

	rules_judge(rules, &input->program);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!runs(d, i))
			continue;
		/* A program is up to three processes, each with its time, and some to spare. */
		if (!read_cell(&d->flavours[i], &cells[i], 4 * d->options.seconds))
			no_answer(&cells[i], flavour_names[i]);
		agree &= strcmp(cells[i].field[RUN_RESULT], "differ") != 0;
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

static void run_inputs(struct driver *d, struct input **inputs, size_t count)
{
	char repeat[16], seconds[16];
	char **argv = calloc(count + 6, sizeof(*argv));
	struct rules *rules = rules_new();
	char *head[] = { "pagetorture", "run", "--one", repeat, seconds };

	if (!argv || !rules) {
		d->status = usage_error("run", "no memory for the model");
		return;
	}
	snprintf(repeat, sizeof(repeat), "%u", d->options.repeat);
	snprintf(seconds, sizeof(seconds), "%u", d->options.seconds);
	memcpy(argv, head, sizeof(head));
	for (size_t i = 0; i < count; i++)
		argv[i + 5] = inputs[i]->path[0] ? inputs[i]->path : (char *)inputs[i]->name;
	if (!start_flavours(d, argv)) {
		d->status = usage_error("run", "expected a flavour that this build has");
		rules_delete(rules);
		free(argv);
		return;
	}
	if (!d->json)
		print_header(d);
	for (size_t i = 0; i < count; i++)
		finish_input(d, inputs[i], rules);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (runs(d, i) && flavour_wait(&d->flavours[i]))
			d->status = worse(d->status, EXIT_FAILED);
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

static bool parse_count(const char *text, unsigned int *number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end || value < 1 || value > 1000000)
		return false;
	*number = (unsigned int)value;
	return true;
}

static bool parse_flavours(char *list, struct driver *d)
{
	char *name;

	memset(d->wanted, 0, sizeof(d->wanted));
	while ((name = strsep(&list, ","))) {
		unsigned int i = 0;

		while (i < FLAVOURS_MAX && strcmp(name, flavour_names[i]))
			i++;
		if (i == FLAVOURS_MAX)
			return false;
		d->wanted[i] = true;
	}
	return true;
}

/* The half that a flavour's binary runs: run --one REPEAT SECONDS FILE... */
static int run_this_flavour(int argc, char **argv)
{
	struct run_options options;

	if (argc < 4 || !parse_count(argv[2], &options.repeat) ||
	    !parse_count(argv[3], &options.seconds))
		return usage_error("run", "expected --one REPEAT SECONDS FILE...");
	for (int i = 4; i < argc; i++)
		run_one(argv[i], &options);
	return EXIT_GOOD;
}

/* The plain binary speaks for all flavours, another one for its own. */
static void want_by_default(struct driver *d)
{
	bool plain = !strcmp(FLAVOUR, "plain");

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		d->wanted[i] = plain || !strcmp(FLAVOUR, flavour_names[i]);
}

int command_run(int argc, char **argv)
{
	static const struct option options[] = {
		{ "backend", required_argument, NULL, 'b' }, { "flavour", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },	     { "json", no_argument, NULL, 'j' },
		{ "repeat", required_argument, NULL, 'r' },  { "timeout", required_argument, NULL, 't' },
		{ NULL, 0, NULL, 0 },
	};
	struct driver d = { .options = { 1, 60 } };
	const char *backend = getenv("PAGE_MAP");
	int option;

	want_by_default(&d);
	if (argc > 1 && !strcmp(argv[1], "--one"))
		return run_this_flavour(argc, argv);
	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option == 'j')
			d.json = true;
		else if (option == 'b')
			backend = optarg;
		else if (option == 'f' && !parse_flavours(optarg, &d))
			return usage_error("run", "expected flavours of plain, asan, tsan, msan");
		else if (option == 'r' && !parse_count(optarg, &d.options.repeat))
			return usage_error("run", "expected --repeat 1 .. 1000000, got '%s'", optarg);
		else if (option == 't' && !parse_count(optarg, &d.options.seconds))
			return usage_error("run", "expected --timeout 1 .. 1000000, got '%s'", optarg);
		else if (option == '?')
			return usage_error("run", "unknown or incomplete option %s", argv[optind - 1]);
	}
	if (backend && !choose_backend(backend))
		return usage_error("run", "expected a backend that the page library has, got '%s'",
				   backend);
	if (optind == argc)
		return usage_error("run", "expected at least one FILE");
	return drive(&d, argc - optind, argv + optind);
}
