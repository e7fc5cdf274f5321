/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture explain: draw programs and say what is wrong with them. */
#include <getopt.h>
#include <stdio.h>

#include "harness/model/claims.h"
#include "harness/model/rules.h"
#include "harness/program/program_file.h"
#include "tool/explain/explain.h"
#include "tool/kit/file_list.h"
#include "tool/kit/options.h"
#include "tool/kit/warnings.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture explain [OPTION]... FILE...\n"
	"Draw page programs: threads as columns, time downward, what orders them as arrows; then\n"
	"say which rule is broken, by which calls, on which bytes, and why. The rule model is\n"
	"asked, the page library is not run.\n"
	"\n"
	"  --ascii     lines and arrows in ASCII\n"
	"  --bytes     read every FILE as a byte string, whatever its name is\n"
	"  --strict    a call that can never run ends with 1; without it, it is only a warning\n"
	"  --utf8      in UTF-8; without either, as the locale has it\n"
	"  --help      this text\n"
	"\n"
	"No line is longer than 100 columns. Colours are for terminals; NO_COLOR=1 turns them off.\n"
	"\n"
	"Exit status: 0 all claims (`expect`, `->`) hold; 1 one does not; 2 bad usage, or a file\n"
	"that cannot be read or parsed.\n"
	"\n"
	"Examples:\n"
	"  pagetorture explain corpus/rules/overlap-one-byte.page\n"
	"  pagetorture explain --ascii crash-1234 >report.txt\n";

static int explain_file(struct rules *rules, const char *file, struct explain_style style,
			bool strict)
{
	static struct program program;
	char error[PROGRAM_FILE_ERROR], claim[CLAIM_TEXT];
	int status;

	if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	rules_judge(rules, &program);
	explain_print(stdout, file, &program, rules, style);
	fflush(stdout);
	status = warnings_print(file, &program, rules, strict);
	return claims_hold(&program, rules, claim) ? status : EXIT_FAILED;
}

int command_explain(int argc, char **argv)
{
	struct explain_style style = explain_style_for(stdout);
	int utf8 = style.utf8;
	bool strict = false;
	const struct option_row rows[] = {
		OPTION_PICK("ascii", &utf8, false),
		option_bytes(),
		option_strict(&strict),
		OPTION_PICK("utf8", &utf8, true),
		OPTION_END,
	};
	int status = options_take("explain", help, rows, argc, argv);
	struct file_tally tally;
	struct file_list files;
	struct rules *rules;

	if (status >= 0)
		return status;
	style.utf8 = utf8;
	if (optind == argc)
		return usage_error("explain", "expected at least one FILE");
	rules = rules_new();
	if (!rules)
		return usage_error("explain", "no memory for the model");
	status = file_list_init(&files, argc - optind, argv + optind) ? EXIT_GOOD : EXIT_BAD;
	file_tally_init(&tally, &files);
	for (size_t i = 0; i < files.count; i++) {
		if (i)
			putchar('\n');
		status = worse(status, file_tally_add(&tally, explain_file(rules, files.names[i],
									   style, strict)));
	}
	fflush(stdout);
	file_tally_print(&tally, "explain");
	file_list_destroy(&files);
	rules_delete(rules);
	return status;
}
