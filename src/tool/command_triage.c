/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture triage: what fails in a directory of findings, each failure once. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/util/path.h"
#include "tool/finding/regress.h"
#include "tool/finding/triage.h"
#include "tool/util/options.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture triage [OPTION]... DIR\n"
	"Sort findings by what fails: the directory of a campaign of `pagetorture fuzz`, or any directory\n"
	"with programs: findings of libFuzzer (crash-*) or AFL++ (id:*), or text (*.page).\n"
	"\n"
	"Findings that fail in the same way (`pagetorture minimize --help` says what that is; a race\n"
	"is its two functions, in no order) are one failure. What fails in a finding of a campaign is\n"
	"what its target's replayer reports (make TARGET-replay-FLAVOUR). Of each failure the\n"
	"smallest finding is tried again, minimised, and written to a directory of its own below OUT:\n"
	"the finding, as program.page, minimised.page, explanation.txt, reproduce.c, report.txt,\n"
	"replay.sh and summary.txt; of fuzz_api and fuzz_text minimised.calls or minimised.txt.\n"
	"\n"
	"  --add[=TREE]     put minimised programs into corpus/regress too, of the source tree TREE\n"
	"                   (default: the one that you stand in), with what they are to `expect`\n"
	"  --backend B      how the library maps pages: direct (default) or alias, if it can\n"
	"  --bytes          every file of DIR is a finding in bytes, whatever its name is\n"
	"  --executor E     fibers (default), or both: disagreements on real threads count too\n"
	"  --flavour F,...  only these of: plain, asan, tsan, msan\n"
	"  -o, --output OUT where failures go (default DIR/triage)\n"
	"  --results FILE   write the failures as JSON lines, for `pagetorture-export`\n"
	"  --target NAME    the fuzz target whose findings they are, where their directories (of a\n"
	"                   campaign) do not say it\n"
	"  --timeout S      seconds for one program in one flavour (default 10)\n"
	"  --tries N        how often each failure is tried (default 10)\n"
	"  --help           this text\n"
	"\n"
	"Exit status: 0 each finding fails, and is sorted; 1 there is none, or one does not fail\n"
	"here, is no program, or has no replayer here; 2 bad usage, or a directory that cannot be read or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture triage campaign\n"
	"  pagetorture triage -o failures campaign/fuzz_race/findings\n"
	"  pagetorture triage --results findings.jsonl campaign\n"
	"  pagetorture triage --add=$HOME/pagetorture --tries 100 crashes\n";

struct settings {
	struct triage_order order;
	const char *backend, *tree, *output; /* or NULL */
};

static bool read_tree(char *tree, void *into)
{
	struct settings *s = into;

	s->order.add = true;
	s->tree = tree ? tree : ".";
	return true;
}

static int check_settings(struct settings *s)
{
	int status = options_backend("triage", s->backend);

	if (status >= 0)
		return status;
	if (s->order.add && !regress_find(s->tree, s->order.regress))
		return usage_error("triage", "expected --add=TREE, a source tree, got '%s'", s->tree);
	if (s->output)
		path_format_or_exit(s->order.output, sizeof(s->order.output), "%s", s->output);
	else
		path_format_or_exit(s->order.output, sizeof(s->order.output), "%s/triage", s->order.dir);
	return -1;
}

/* Return: an exit status, or -1 to go on. */
static int parse_options(struct settings *s, int argc, char **argv)
{
	const struct option_row rows[] = {
		{ .name = "add", .may_lack = true, .read = read_tree, .into = s },
		option_backend(&s->backend),
		option_bytes(),
		option_threads(&s->order.threads),
		option_flavour(s->order.wanted),
		{ .name = "output", .letter = 'o', .text = &s->output },
		OPTION_TEXT("results", &s->order.results.path),
		option_target(&s->order.target),
		option_timeout(&s->order.seconds),
		OPTION_NUMBER("tries", &s->order.tries, 1, 100000),
		OPTION_END,
	};
	int status = options_take("triage", help, rows, argc, argv);

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("triage", "expected one DIR");
	s->order.dir = argv[optind];
	return check_settings(s);
}

int command_triage(int argc, char **argv)
{
	static struct settings settings = { .order = { .seconds = 10, .tries = 10 } };
	int status;

	results_begin(&settings.order.results, "triage", argc, argv);
	settings.backend = getenv("PAGE_MAP");
	memset(settings.order.wanted, true, sizeof(settings.order.wanted));
	status = parse_options(&settings, argc, argv);
	return status >= 0 ? status : triage(&settings.order);
}
