/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/run.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/model/expectations.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "tool/util/usage.h"
#include "tool/util/warnings.h"
#include "tool/run/run_parts.h"

/* ---- one file ---- */

static void finish_input(struct run *run, const struct run_input *input, struct rules *rules)
{
	struct run_cell cells[FLAVOURS_MAX];
	char claim[EXPECTATION_TEXT];
	bool agree = true, racy;
	int status;

	rules_evaluate(rules, &input->program);
	racy = rules_verdict(rules)->broken & RULE_BIT(RULE_data_race);
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run_has(run, i))
			continue;
		/* A program is up to three processes, each with its time, and some to spare. */
		if (!run_cell_read(&cells[i], &run->flavours[i], 4 * run->options.seconds))
			run_cell_no_answer(&cells[i], flavour_names[i]);
		agree &= !run_cell_differs(&cells[i]);
		if (run_is_tsan(i) && run->options.threads)
			rates_add(&run->rates, input->name, racy, run_cell_reported(&cells[i]),
				  run->options.repeat);
	}
	if (run->json)
		run_print_json(run, input, rules, cells, agree);
	else
		run_print_row(run, input, rules_verdict(rules)->broken, cells, agree);
	fflush(stdout);
	run_print_differences(run, input, cells);
	status = warnings_print(input->name, &input->program, rules, run->strict);
	if (!expectations_hold(&input->program, rules, claim)) {
		fprintf(stderr, "%s: claim does not hold: %s\n", input->name, claim);
		agree = false;
	}
	status = worse(status, agree ? EXIT_GOOD : EXIT_FAILED);
	run->status = worse(run->status, file_tally_add(&run->tally, status));
}

/* ---- all files ---- */

/* Standard input is read once and given to every flavour by a descriptor. */
static bool load_standard_input(struct run_input *input, char error[PROGRAM_FILE_ERROR])
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
static struct run_input *load_input(const char *name)
{
	char error[PROGRAM_FILE_ERROR];
	struct run_input *input = calloc(1, sizeof(*input));

	if (!input) {
		fprintf(stderr, "%s: expected memory for the program, got none\n", name);
		return NULL;
	}
	input->name = name;
	if (!strcmp(name, "-") ? load_standard_input(input, error) :
				 program_file_load(name, &input->program, error))
		return input;
	fprintf(stderr, "%s\n", error);
	free(input);
	return NULL;
}

/*
 * Return: did any start? With none nothing would be executed, and all would agree. One that
 * is there and cannot be started is not skipped: that is an error.
 */
static bool start_flavours(struct run *run, char **argv)
{
	char path[PATH_MAX];
	bool any = false;

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		if (!run->wanted[i])
			continue;
		if (!flavour_find(flavour_names[i], path, sizeof(path)))
			fprintf(stderr, "skipped: %s: this build has no pagetorture-%s\n",
				flavour_names[i], flavour_names[i]);
		else if (flavour_start(&run->flavours[i], flavour_names[i], argv))
			any = true;
		else
			run->status = usage_error("run", "expected to start %s: %s", path,
						  strerror(errno));
	}
	return any;
}

/* What a flavour's half is started with: a list that ends with NULL; NULL without memory. */
static char **make_argv(const struct run *run, struct run_input **inputs, size_t count)
{
	static char text[RUN_EXECUTION_TEXT];
	char **argv = calloc(count + 16, sizeof(*argv)), *rest = text, *word;
	size_t used = 0;

	if (!argv)
		return NULL;
	run_execution_text(&run->options, text);
	argv[used++] = "pagetorture";
	argv[used++] = "run";
	argv[used++] = "--one";
	while ((word = strsep(&rest, " ")))
		argv[used++] = word;
	if (program_all_bytes)
		argv[used++] = "--bytes";
	argv[used++] = "--";
	for (size_t i = 0; i < count; i++)
		argv[used++] = inputs[i]->path[0] ? inputs[i]->path :
						    (char *)(uintptr_t)inputs[i]->name;
	return argv;
}

static void announce_run(const struct run *run, size_t count)
{
	bool started[FLAVOURS_MAX];
	char flavours[FLAVOURS_TEXT];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		started[i] = run_has(run, i);
	flavours_text(started, flavours);
	announce("run", "%zu programs in %s, on %s", count, flavours,
		 !run->options.threads ? "fibers" :
		 !run->options.fibers  ? "threads" :
					 "fibers and on threads");
}

/* No flavour says more than the model: DIFFERS takes the place of another text. */
static unsigned int widest_verdict(struct run_input **inputs, size_t count, struct rules *rules)
{
	size_t widest = strlen("tsan, threads ");

	for (size_t i = 0; i < count; i++) {
		char names[RULE_SET_TEXT];

		rules_evaluate(rules, &inputs[i]->program);
		rule_set_text(rules_verdict(rules)->broken, " ", names);
		if (strlen(names) > widest)
			widest = strlen(names);
	}
	return (unsigned int)widest;
}

static void finish_inputs(struct run *run, struct run_input **inputs, size_t count,
			  struct rules *rules)
{
	run->verdict_width = widest_verdict(inputs, count, rules);
	if (count > 1)
		announce_run(run, count);
	if (!run->json)
		run_print_header(run);
	for (size_t i = 0; i < count; i++)
		finish_input(run, inputs[i], rules);
	if (!run->json && run->options.repeat > 1)
		rates_print(&run->rates, "tsan");
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (run_has(run, i) && flavour_wait(&run->flavours[i]))
			run->status = worse(run->status, EXIT_FAILED);
}

static void run_inputs(struct run *run, struct run_input **inputs, size_t count)
{
	char **argv = make_argv(run, inputs, count);
	struct rules *rules = rules_new();

	if (!argv || !rules)
		run->status = usage_error("run", "no memory for the model");
	else if (!start_flavours(run, argv) && run->status != EXIT_BAD)
		run->status = usage_error("run", "expected a flavour that this build has");
	else
		finish_inputs(run, inputs, count, rules);
	rules_delete(rules);
	free(argv);
}

int run_files(struct run *run, int count, char **arguments)
{
	struct file_list files;
	struct run_input **inputs;
	size_t good = 0;

	run->status = file_list_init(&files, count, arguments) ? EXIT_GOOD : EXIT_BAD;
	file_tally_init(&run->tally, &files);
	inputs = calloc(files.count + 1, sizeof(struct run_input *));
	if (!inputs)
		return usage_error("run", "no memory");
	run->file_width = 7;
	for (size_t i = 0; i < files.count; i++) {
		inputs[good] = load_input(files.names[i]);
		if (!inputs[good]) {
			run->status = file_tally_add(&run->tally, EXIT_BAD);
			continue;
		}
		if (strlen(files.names[i]) > run->file_width)
			run->file_width = (unsigned int)strlen(files.names[i]);
		good++;
	}
	if (good)
		run_inputs(run, inputs, good);
	file_tally_print(&run->tally, "run");
	for (size_t i = 0; i < good; i++)
		free(inputs[i]);
	free(inputs);
	file_list_destroy(&files);
	return run->status;
}
