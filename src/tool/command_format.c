/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture format: rewrite a program as canonical text or as bytes. */
#include <getopt.h>
#include <stdio.h>

#include "harness/program/program_name.h"
#include "tool/convert/recode.h"
#include "tool/util/file_list.h"
#include "tool/util/options.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture format [--bytes] [--from-bytes] FILE\n"
	"Write the program in FILE, text or bytes, to standard output as canonical text.\n"
	"Comment lines keep their place; blank lines and trailing comments go.\n"
	"\n"
	"  --bytes       write bytes instead, as the fuzz targets read them\n"
	"  --from-bytes  read FILE as a byte string, whatever its name is\n"
	"  --help        this text\n"
	"\n"
	"`pagetorture convert` does it for directories, and says what bytes cannot hold.\n"
	"\n"
	"Examples:\n"
	"  pagetorture format crash-1234 > crash.page\n"
	"  pagetorture format --bytes corpus/rules/bounds.page > seed.bin\n";

static int write_out(const char *file, bool bytes)
{
	static struct recoded recoded;
	char error[PROGRAM_FILE_ERROR];

	if (!recode(file, bytes ? RECODE_BYTES : RECODE_TEXT, &recoded, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	return fwrite(recoded.content, 1, recoded.size, stdout) == recoded.size ? EXIT_GOOD : EXIT_BAD;
}

int command_format(int argc, char **argv)
{
	bool bytes = false;
	const struct option_row rows[] = {
		OPTION_FLAG("bytes", &bytes),
		OPTION_FLAG("from-bytes", &program_all_bytes),
		OPTION_END,
	};
	int status = options_take("format", help, rows, argc, argv);
	const char *file;

	if (status >= 0)
		return status;
	if (optind != argc - 1)
		return usage_error("format", "expected one FILE");
	file = file_list_one("format", argv[optind]);
	return file ? write_out(file, bytes) : EXIT_BAD;
}
