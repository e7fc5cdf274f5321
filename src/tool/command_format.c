/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture format: rewrite a program as canonical text or as bytes. */
#include <getopt.h>
#include <stdio.h>

#include "tool/kit/recode.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture format [--bytes] FILE\n"
	"Write the program in FILE, text or bytes, to standard output as canonical text.\n"
	"Comment lines keep their place; blank lines and trailing comments go.\n"
	"\n"
	"  --bytes     write bytes instead, as the fuzz targets read them\n"
	"  --help      this text\n"
	"\n"
	"`pagetorture convert` does it for folders, and says what bytes cannot hold.\n"
	"\n"
	"Examples:\n"
	"  pagetorture format crash-1234 > crash.page\n"
	"  pagetorture format --bytes corpus/rules/bounds.page > seed\n";

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
	static const struct option options[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool bytes = false;
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option != 'b')
			return usage_error("format", "unknown option %s", argv[optind - 1]);
		bytes = true;
	}
	if (optind != argc - 1)
		return usage_error("format", "expected one FILE");
	return write_out(argv[optind], bytes);
}
