/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * pagetorture to-c: writes a program as a C file for a bug report. This file reads the options
 * and the program; to_c/to_c.py writes and runs the C file.
 */
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "config.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/util/path.h"
#include "tool/explore/schedule_facts.h"
#include "tool/util/file_list.h"
#include "tool/util/installation.h"
#include "tool/util/model_facts.h"
#include "tool/util/options.h"
#include "tool/util/script.h"
#include "tool/tool.h"

/* Time limit for the execution of the program's schedule in the flavour tsan. */
#define SCHEDULE_SECONDS 10

static const char help[] =
	"Usage: pagetorture to-c [OPTION]... FILE\n"
	"Write a page program as one C file against page.h, for a bug report. The C program runs\n"
	"pthreads in the order of the page program, without a synchronisation that ThreadSanitizer\n"
	"observes. It checks the results of calls and the bytes that they read. Its first comment has\n"
	"the commands that compile and run it. If the page program has a schedule, the C program runs\n"
	"this schedule under ThreadSanitizer.\n"
	"\n"
	"The command first compiles and runs the C program with these commands, once for each rule that\n"
	"the program must show: those of `expect`, or else the verdict of the rule model. It needs\n"
	"python3.\n"
	"\n"
	"  --bytes          read FILE as a byte string, whatever its name is\n"
	"  --deterministic  use fibers on one pthread: the same accesses in the same order in each run\n"
	"  --no-run         write the C file without running it\n"
	"  --note TEXT      begin the first comment with TEXT\n"
	"  --cc CC          compile with CC instead of the compiler of this build\n"
	"  -o, --output OUT write to OUT instead of standard output; an existing OUT is replaced only if\n"
	"                   to-c wrote it\n"
	"  --timeout S      stop the C program after S seconds (default 30)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 the C program shows the failure, or --no-run; 1 it does not show the failure, or\n"
	"could not run; its first comment and standard error give the reason; 2 bad usage, or a file that\n"
	"cannot be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture to-c -o race.c corpus/rules/overlap-one-byte.page\n"
	"  pagetorture to-c --deterministic crash-1234 >crash.c\n";

/* Writes the compiler flags and libraries that build a C program with a flavour of the page library. */
static void write_build_flags(struct json *out, const char *flavour, const char *flags, const char *libraries)
{
	json_begin_object(out, flavour);
	json_text(out, "flags", flags);
	json_text(out, "libraries", libraries);
	json_end(out);
}

/* Writes the compiler, the directories of page.h and of the page libraries, and the flags of each flavour. */
static void write_build_description(struct json *out)
{
	char own_directory[PATH_MAX] = "", installed_directory[PATH_MAX], header_directory[PATH_MAX];

	find_own_directory(own_directory, sizeof(own_directory));
	find_installed_directory(PKGLIBDIR, installed_directory, sizeof(installed_directory));
	find_source_directory(PAGE_HEADER_SOURCE, PAGE_HEADER_INSTALLED, header_directory);
	json_text(out, "compiler", TO_C_CC);
	json_text(out, "header_directory", header_directory);
	json_begin_array(out, "directories"); /* of the libraries */
	json_text(out, NULL, own_directory);
	json_text(out, NULL, installed_directory);
	json_end(out);
	json_begin_object(out, "builds");
	write_build_flags(out, "plain", "", PAGE_PLAIN);
	write_build_flags(out, "asan", TO_C_ASAN_FLAGS, PAGE_ASAN);
	write_build_flags(out, "tsan", TO_C_TSAN_FLAGS, PAGE_TSAN);
	write_build_flags(out, "msan", TO_C_MSAN_FLAGS, PAGE_MSAN);
	json_end(out);
}

int command_to_c(int argc, char **argv)
{
	static struct program program;
	struct script_command script;
	const struct option_row rows[] = {
		OPTION_FLAG("bytes", &program_all_bytes),
		OPTION_SCRIPT("cc", &script),
		OPTION_SCRIPT_FLAG("deterministic", &script),
		OPTION_SCRIPT_FLAG("no-run", &script),
		OPTION_SCRIPT("note", &script),
		{ .name = "output", .letter = 'o', .script = &script },
		OPTION_SCRIPT_NUMBER("timeout", &script, 1, SECONDS_MAX),
		OPTION_END,
	};
	char error[PROGRAM_FILE_ERROR], *arguments[] = { NULL, NULL };
	struct rules *rules = rules_new();
	FILE *input = script_open_input();
	struct json out;
	int status;

	script_init(&script, argc, argv);
	status = options_parse_or_return_status("to-c", help, rows, argc, argv);
	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("to-c", "expected one FILE");
	arguments[0] = (char *)(uintptr_t)file_list_find_only_file("to-c", argv[optind]);
	if (!arguments[0])
		return EXIT_BAD;
	if (!program_file_read_and_parse(arguments[0], &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (program.schedule.start.kind != START_USED) {
		fprintf(stderr,
			"%s: expected a schedule that begins with the state `used`, because the C program "
			"cannot "
			"make another state of the library\n",
			arguments[0]);
		return EXIT_BAD;
	}
	if (!rules || !input)
		return usage_error("to-c", "expected memory for the rule model, got none");
	rules_evaluate(rules, &program);
	out = json_make_writer(input);
	json_begin_object(&out, NULL);
	write_build_description(&out);
	write_model_facts_as_members(&out, &program, rules, "");
	run_schedule_and_write_facts(&out, &program, SCHEDULE_SECONDS);
	json_end_all_and_newline(&out);
	script_append_arguments(&script, arguments);
	return script_exec_python(&script, input);
}
