/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture triage: groups a directory of findings by failure. */
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
	"Group the findings in DIR by failure, and minimise one finding of each failure. DIR is the\n"
	"directory of a campaign of `pagetorture fuzz`, or a directory with findings of libFuzzer\n"
	"(crash-*) or AFL++ (id:*), or with text programs (*.page).\n"
	"\n"
	"Findings that fail in the same way are one failure; `pagetorture minimize --help` defines the\n"
	"same way. The order of the two functions of a race does not matter. A finding of a campaign\n"
	"fails if the replayer of its target reports a failure (make TARGET-replay-FLAVOUR).\n"
	"\n"
	"For each failure, the command runs the smallest finding again, minimises it, and writes a\n"
	"directory in OUT with the finding, program.page, minimised.page, explanation.txt, reproduce.c,\n"
	"report.txt, replay.sh and summary.txt. For fuzz_api it writes minimised.calls, for fuzz_text\n"
	"minimised.txt.\n"
	"\n"
	"  --add[=TREE]     also add the minimised programs, with `expect`, to corpus/regress of the\n"
	"                   source tree TREE (default: the source tree of the working directory)\n"
	"  --backend B      map pages with backend B: direct (default) or alias\n"
	"  --bytes          read every file of DIR as a byte string, whatever its name is\n"
	"  --executor E     execute on fibers (default), or on both: also on real threads\n"
	"  --flavour F,...  use only these flavours: plain, asan, tsan, msan\n"
	"  -o, --output OUT write to directory OUT (default DIR/triage)\n"
	"  --results FILE   write the failures to FILE as JSON lines, for `pagetorture-export`\n"
	"  --target NAME    treat the files of DIR as findings of this fuzz target; without it, the\n"
	"                   directories of a campaign name the target\n"
	"  --timeout S      stop a program in one flavour after S seconds (default 10)\n"
	"  --tries N        run each failure N times (default 10)\n"
	"  --help           print this text\n"
	"\n"
	"Exit status: 0 each finding fails again and is in a group; 1 there is no finding, or a finding\n"
	"does not fail again, is no program, or has no replayer; 2 bad usage, or a directory that cannot\n"
	"be read or written.\n"
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
