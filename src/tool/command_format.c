/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture format: rewrite a program as canonical text or as bytes. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/program_bytes.h"
#include "harness/program_file.h"
#include "harness/program_text.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture format [--bytes] FILE\n"
	"Write the program in FILE, text or bytes, to standard output as canonical text.\n"
	"Comment lines keep their place; blank lines and trailing comments go.\n"
	"\n"
	"  --bytes     write bytes instead, as the fuzz targets read them\n"
	"  --help      this text\n"
	"\n"
	"Examples:\n"
	"  pagetorture format crash-1234 > crash.page\n"
	"  pagetorture format --bytes corpus/rules/bounds.page > seed\n";

static int write_bytes(const char *file)
{
	static struct program program;
	static uint8_t bytes[PROGRAM_BYTES_MAX];
	char error[PROGRAM_FILE_ERROR];
	size_t size;

	if (!program_file_load(file, &program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	size = program_to_bytes(&program, bytes);
	return fwrite(bytes, 1, size, stdout) == size && !fflush(stdout) ? EXIT_GOOD : EXIT_BAD;
}

/* Return: the length of the text in @out, or 0 with @error filled. */
static size_t to_text(const char *file, char *out, char error[PROGRAM_FILE_ERROR])
{
	static struct program program;
	struct text_error text_error;
	size_t size, used = 0;
	char *content = program_file_read(file, &size, error);

	if (!content)
		return 0;
	if (program_is_text(file, content, size)) {
		used = program_rewrite_text(content, size, out, &text_error);
		if (!used)
			snprintf(error, PROGRAM_FILE_ERROR, "%s:%u: %s", file, text_error.line,
				 text_error.what);
	} else {
		program_from_bytes(&program, (const uint8_t *)content, size);
		used = program_to_text(&program, out);
	}
	free(content);
	return used;
}

static int write_text(const char *file)
{
	static char out[TEXT_REWRITE_MAX];
	char error[PROGRAM_FILE_ERROR];
	size_t used = to_text(file, out, error);

	if (!used) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	return fwrite(out, 1, used, stdout) == used && !fflush(stdout) ? EXIT_GOOD : EXIT_BAD;
}

int command_format(int argc, char **argv)
{
	static const struct option options[] = {
		{ "bytes", no_argument, NULL, 'b' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	bool bytes = false;
	int option, status;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == 'h')
			return fputs(help, stdout) < 0;
		if (option != 'b')
			return usage_error("format", "unknown option %s", argv[optind - 1]);
		bytes = true;
	}
	if (optind != argc - 1)
		return usage_error("format", "expected one FILE");
	status = bytes ? write_bytes(argv[optind]) : write_text(argv[optind]);
	if (ferror(stdout))
		fprintf(stderr, "%s: expected to write standard output: %s\n", argv[optind],
			strerror(errno));
	return status;
}
