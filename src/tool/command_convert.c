/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* pagetorture convert: programs from text to bytes and back, by file or by folder. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/walk.h"
#include "tool/kit/name_set.h"
#include "tool/kit/output.h"
#include "tool/kit/recode.h"
#include "tool/tool.h"

static const char help[] =
	"Usage: pagetorture convert [--text | --bytes] [--strict] [--force] [-o OUT] FILE|FOLDER...\n"
	"Write programs anew, text as bytes and bytes as text, or all in one notation. What comes\n"
	"out is read back before it is written: it is the same program.\n"
	"\n"
	"  --text      text, whatever they are; comment lines of a text keep their place\n"
	"  --bytes     bytes, as the fuzz targets read them\n"
	"  -o OUT      to this file; to this folder if it is one, or if a FOLDER or several files\n"
	"              are to be converted: names stay, but for the ending (.page, .bin).\n"
	"              Without it one FILE goes to standard output\n"
	"  --strict    refuse what bytes cannot hold (comments, `expect`, `->`) instead of telling\n"
	"              it on standard error\n"
	"  --force     replace files that are there and hold something else\n"
	"  --help      this text\n"
	"\n"
	"In a folder, and the folders in it, programs are the files named *.page, *.bin, and those\n"
	"whose name has no ending; others are left out, by name.\n"
	"\n"
	"Exit status: 0 all is converted; 1 something was refused; 2 bad usage, or a file that\n"
	"cannot be read, parsed or written.\n"
	"\n"
	"Examples:\n"
	"  pagetorture convert crash-1234 >crash.page\n"
	"  pagetorture convert --bytes -o seeds corpus/rules\n"
	"  pagetorture convert --text -o readable fuzz-work/crashes corpus/seed\n";

static struct {
	enum recode_to to;
	bool strict, force;
	const char *out; /* NULL: standard output */
	bool out_is_folder;
	struct name_set written; /* paths */
} options;

/* ---- one program ---- */

static bool is_same(const char *path, const struct recoded *recoded)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(path, &size, error);
	bool same = content && size == recoded->size && !memcmp(content, recoded->content, size);

	free(content);
	return same;
}

/* What this command has just written is not replaced by its next file. */
static bool may_write(const char *path, const struct recoded *recoded)
{
	return !output_loses(path) || is_same(path, recoded) ||
	       (options.force && !name_set_has(&options.written, path));
}

static int write_file(const char *file, const char *path, const struct recoded *recoded)
{
	int error;

	if (!may_write(path, recoded)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else%s\n", file, path,
			options.force ? "" : " (--force)");
		return EXIT_FAILED;
	}
	error = output_write(path, recoded->content, recoded->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	name_set_add(&options.written, path);
	return EXIT_GOOD;
}

static int write_standard(const struct recoded *recoded)
{
	return fwrite(recoded->content, 1, recoded->size, stdout) == recoded->size ? EXIT_GOOD :
										     EXIT_BAD;
}

/* Has the name an ending that is ours? Return: its length without it. */
static size_t stem(const char *name)
{
	static const char *const endings[] = { ".bin", ".page" };
	size_t len = strlen(name);

	for (size_t i = 0; i < 2; i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && !strcmp(name + len - ending, endings[i]))
			return len - ending;
	}
	return len;
}

/* @name: of the file in the folder that is written */
static int convert_file(const char *file, const char *name)
{
	static struct recoded recoded;
	char error[PROGRAM_FILE_ERROR], path[PATH_MAX];

	if (!recode(file, options.to, &recoded, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (*recoded.lost)
		fprintf(stderr, "%s: %s: %s cannot hold %s\n", file,
			options.strict ? "refused" : "left out", recoded.text ? "text" : "bytes",
			recoded.lost);
	if (*recoded.lost && options.strict)
		return EXIT_FAILED;
	if (!options.out)
		return write_standard(&recoded);
	if (!options.out_is_folder)
		return write_file(file, options.out, &recoded);
	if (snprintf(path, sizeof(path), "%s/%.*s%s", options.out, (int)stem(name), name,
		     recoded.text ? ".page" : ".bin") >= (int)sizeof(path)) {
		fprintf(stderr, "%s: expected a shorter name\n", file);
		return EXIT_BAD;
	}
	return write_file(file, path, &recoded);
}

/* ---- folders ---- */

static bool make_folder(const char *path)
{
	struct stat status;

	if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &status) &&
				   S_ISDIR(status.st_mode)))
		return true;
	fprintf(stderr, "%s: expected to make the folder: %s\n", path, strerror(errno));
	return false;
}

static bool is_program(const char *path, const char *name)
{
	if (name[stem(name)] || !strchr(name, '.'))
		return true;
	fprintf(stderr, "%s: left out: its name ends neither in .page nor in .bin\n", path);
	return false;
}

/* The folders in OUT that @name stands in. */
static bool make_folders(const char *name)
{
	char path[PATH_MAX];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		snprintf(path, sizeof(path), "%s/%.*s", options.out, (int)(slash - name), name);
		if (!make_folder(path))
			return false;
	}
	return true;
}

struct inside {
	size_t above; /* bytes of a path before the name below the folder */
	int result;
};

static void convert_inside(const char *path, void *ctx)
{
	struct inside *inside = ctx;
	const char *name = path + inside->above;

	if (is_program(path, strrchr(path, '/') + 1))
		inside->result = worse(inside->result, make_folders(name) ? convert_file(path, name) :
									    EXIT_BAD);
}

static int convert_folder(const char *folder)
{
	struct inside inside = { strlen(folder) + 1, EXIT_GOOD };

	return walk_files(folder, convert_inside, &inside) ? inside.result : EXIT_BAD;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int convert(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (is_folder(path))
		return convert_folder(path);
	return convert_file(path, slash ? slash + 1 : path);
}

/* ---- the command ---- */

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

static int convert_all(int count, char **paths)
{
	bool folder = count > 1;
	int status = EXIT_GOOD;

	for (int i = 0; i < count; i++)
		folder |= is_folder(paths[i]);
	if (folder && !options.out)
		return usage_error("convert", "expected -o FOLDER for more than one file");
	options.out_is_folder = options.out && (folder || is_folder(options.out));
	if (options.out_is_folder && !make_folder(options.out))
		return EXIT_BAD;
	if (options.to == RECODE_OTHER && options.out && !options.out_is_folder)
		options.to = ends_in(options.out, ".page") ? RECODE_TEXT :
			     ends_in(options.out, ".bin")  ? RECODE_BYTES :
							     RECODE_OTHER;
	for (int i = 0; i < count; i++)
		status = worse(status, convert(paths[i]));
	if (options.out_is_folder)
		printf("%zu programs written to %s\n", options.written.count, options.out);
	return status;
}

int command_convert(int argc, char **argv)
{
	static const struct option table[] = {
		{ "bytes", no_argument, NULL, 'b' }, { "force", no_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },  { "strict", no_argument, NULL, 's' },
		{ "text", no_argument, NULL, 't' },  { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "ho:", table, NULL)) != -1) {
		switch (option) {
		case 'b':
			options.to = RECODE_BYTES;
			break;
		case 'f':
			options.force = true;
			break;
		case 'h':
			return fputs(help, stdout) < 0;
		case 'o':
			options.out = optarg;
			break;
		case 's':
			options.strict = true;
			break;
		case 't':
			options.to = RECODE_TEXT;
			break;
		default:
			return usage_error("convert", "unknown or incomplete option %s", argv[optind - 1]);
		}
	}
	if (optind == argc)
		return usage_error("convert", "expected at least one FILE or FOLDER");
	return convert_all(argc - optind, argv + optind);
}
