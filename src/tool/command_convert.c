/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture convert: programs from text to bytes and back, by file or by directory. */
#include <getopt.h>
#include <stdio.h>

#include "harness/program/program_name.h"
#include "tool/convert/convert.h"
#include "tool/util/options.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture convert [OPTION]... FILE|DIRECTORY...\n"
	"Write programs anew, text as bytes and bytes as text, or all in one notation. What comes\n"
	"out is read back before it is written: it is the same program.\n"
	"\n"
	"  --text        text, whatever they are; comment lines of a text keep their place\n"
	"  --bytes       bytes, as the fuzz targets read them\n"
	"  --from-bytes  read every FILE as a byte string, whatever its name is\n"
	"  -o OUT        to this file; to this directory if it is one, or if a DIRECTORY or several files\n"
	"                are to be converted: names stay, but for the ending (.page, .bin).\n"
	"                Without it one FILE goes to standard output\n"
	"  --in-place    rewrite each FILE itself, in canonical form and in the notation that it has\n"
	"  --strict      refuse what bytes cannot hold (comments, `expect`, `->`) instead of telling\n"
	"                it on standard error\n"
	"  --force       replace files that are there and hold something else\n"
	"  --help        this text\n"
	"\n"
	"A DIRECTORY means its programs, by their names (`pagetorture check --help`): *.page is\n"
	"text; *.bin, crash-* and the other names that fuzzing engines give are byte strings.\n"
	"\n"
	"Exit status: 0 all is converted; 1 something was refused; 2 bad usage, or a file that\n"
	"cannot be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture convert crash-1234 >crash.page\n"
	"  pagetorture convert --bytes -o seeds corpus/rules\n"
	"  pagetorture convert --in-place corpus/rules\n"
	"  pagetorture convert --text -o readable fuzz-work/crashes corpus/seed\n";

int command_convert(int argc, char **argv)
{
	struct convert_order order = { 0 };
	int to = NOTATION_OTHER;
	const struct option_row rows[] = {
		OPTION_PICK("bytes", &to, NOTATION_BYTES),
		OPTION_FLAG("force", &order.may_replace),
		OPTION_FLAG("from-bytes", &program_all_bytes),
		OPTION_FLAG("in-place", &order.in_place),
		{ .letter = 'o', .text = &order.output_path },
		OPTION_FLAG("strict", &order.is_strict),
		OPTION_PICK("text", &to, NOTATION_TEXT),
		OPTION_END,
	};
	int status = options_take("convert", help, rows, argc, argv);

	if (status >= 0)
		return status;
	order.to = order.in_place ? NOTATION_SAME : (enum notation)to;
	if (order.in_place && (order.output_path || to != NOTATION_OTHER))
		return usage_error("convert", "expected --in-place without -o, --text and --bytes");
	if (optind == argc)
		return usage_error("convert", "expected at least one FILE or DIRECTORY");
	return convert(&order, argc - optind, argv + optind);
}
