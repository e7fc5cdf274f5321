/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture convert: converts programs from text to bytes and back, for files and directories. */
#include <getopt.h>
#include <stdio.h>

#include "harness/program/program_name.h"
#include "tool/convert/convert.h"
#include "tool/util/options.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture convert [OPTION]... FILE|DIRECTORY...\n"
	"Convert page programs: text to bytes and bytes to text, or all to one form. The command\n"
	"reads each result again before it writes it, and checks that it is the same program.\n"
	"\n"
	"  --text           write text, whatever the input is; comments of a text stay in place\n"
	"  --bytes          write bytes, as the fuzz targets read them\n"
	"  --from-bytes     read every FILE as a byte string, whatever its name is\n"
	"  -o, --output OUT write to OUT, a file or a directory; the default is standard output. For\n"
	"                   several files OUT is a directory, and only the ending of each name\n"
	"                   changes (.page, .bin)\n"
	"  --in-place       rewrite each FILE in canonical form, as text or bytes as it was\n"
	"  --strict         refuse what bytes cannot hold (comments, `expect`, `->`); the default is to\n"
	"                   warn\n"
	"  --force          replace existing files that have other content\n"
	"  --help           print this text\n"
	"\n"
	"From a DIRECTORY, the command reads the files *.page as text, and *.bin, crash-* and the other\n"
	"names of fuzzing engines as byte strings (`pagetorture check --help` lists the names).\n"
	"\n"
	"Exit status: 0 all programs are converted; 1 a program was refused; 2 bad usage, or a file\n"
	"that cannot be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture convert crash-1234 >crash.page\n"
	"  pagetorture convert --bytes -o seeds corpus/rules\n"
	"  pagetorture convert --in-place corpus/rules\n"
	"  pagetorture convert --text -o readable fuzz-work/crashes corpus/seed\n";

int command_convert(int argc, char **argv)
{
	struct convert_options options = { 0 };
	int target = NOTATION_OTHER;
	const struct option_row rows[] = {
		OPTION_PICK("bytes", &target, NOTATION_BYTES),
		OPTION_FLAG("force", &options.may_replace),
		OPTION_FLAG("from-bytes", &program_all_bytes),
		OPTION_FLAG("in-place", &options.is_in_place),
		{ .name = "output", .letter = 'o', .text = &options.output_path },
		OPTION_FLAG("strict", &options.is_strict),
		OPTION_PICK("text", &target, NOTATION_TEXT),
		OPTION_END,
	};
	int status = options_parse_or_return_status("convert", help, rows, argc, argv);

	if (status >= 0)
		return status;
	options.target_notation = options.is_in_place ? NOTATION_SAME : (enum target_notation)target;
	if (options.is_in_place && (options.output_path || target != NOTATION_OTHER))
		return usage_error("convert", "expected --in-place without -o, --text and --bytes");
	if (optind == argc)
		return usage_error("convert", "expected at least one FILE or DIRECTORY");
	return convert_programs(&options, argc - optind, argv + optind);
}
