/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/convert.h"

#include <errno.h>
#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/program/program_name.h"
#include "harness/util/path.h"
#include "tool/convert/rewritten.h"
#include "tool/util/file_list.h"
#include "tool/util/output.h"
#include "tool/util/usage.h"

struct conversion {
	struct convert_order order;
	bool output_is_directory;
	size_t skipped_bytes; /* of a path, before the name in the output directory */
	void *written_paths;  /* of tsearch() */
	size_t written_count;
	struct file_tally tally;
};

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ---- one program ---- */

static bool holds_same(const char *path, const struct rewritten *rewritten)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(path, &size, error);
	bool same = content && size == rewritten->size && !memcmp(content, rewritten->content, size);

	free(content);
	return same;
}

/* A file that this command has written is not replaced by its next file. */
static bool may_write(const struct conversion *c, const char *path, const struct rewritten *rewritten)
{
	return c->order.in_place || !output_would_replace_file(path) || holds_same(path, rewritten) ||
	       (c->order.may_replace && !tfind(path, &c->written_paths, compare_paths));
}

static int write_file(struct conversion *c, const char *file, const char *path,
		      const struct rewritten *rewritten)
{
	int error;

	if (!may_write(c, path, rewritten)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else%s\n", file, path,
			c->order.may_replace ? "" : " (--force)");
		return EXIT_FAILED;
	}
	error = output_write(path, rewritten->content, rewritten->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	c->written_count += !tfind(path, &c->written_paths, compare_paths);
	tsearch(strdup(path), &c->written_paths, compare_paths);
	return EXIT_GOOD;
}

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

/* A name keeps its directories; .page and .bin are replaced. */
static bool output_path(const struct conversion *c, const char *name, bool is_text, char path[PATH_MAX])
{
	size_t len = strlen(name) - (ends_in(name, ".page") ? 5 : ends_in(name, ".bin") ? 4 : 0);

	return path_format(path, PATH_MAX, "%s/%.*s%s", c->order.output_path, (int)len, name,
			   is_text ? ".page" : ".bin");
}

/* @name: of the file in the output directory */
static int convert_file(struct conversion *c, const char *file, const char *name)
{
	static struct rewritten rewritten;
	char error[PROGRAM_FILE_ERROR], path[PATH_MAX];

	if (!rewrite_program(file, c->order.to, &rewritten, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (*rewritten.lost)
		fprintf(stderr, "%s: %s: %s cannot hold %s\n", file,
			c->order.is_strict ? "refused" : "left out", rewritten.is_text ? "text" : "bytes",
			rewritten.lost);
	if (*rewritten.lost && c->order.is_strict)
		return EXIT_FAILED;
	if (c->order.in_place && strcmp(file, "-"))
		return write_file(c, file, file, &rewritten);
	if (!c->order.output_path)
		return fwrite(rewritten.content, 1, rewritten.size, stdout) == rewritten.size ? EXIT_GOOD :
											     EXIT_BAD;
	if (!c->output_is_directory)
		return write_file(c, file, c->order.output_path, &rewritten);
	if (output_path(c, name, rewritten.is_text, path))
		return write_file(c, file, path, &rewritten);
	fprintf(stderr, "%s: expected a shorter name\n", file);
	return EXIT_BAD;
}

/* ---- directories ---- */

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static bool make_directory(const char *path)
{
	if (!mkdir(path, 0777) || (errno == EEXIST && is_directory(path)))
		return true;
	fprintf(stderr, "%s: expected to make the directory: %s\n", path, strerror(errno));
	return false;
}

/* Makes the directories of @name in the output directory. */
static bool make_directories(const struct conversion *c, const char *name)
{
	char path[PATH_MAX];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		path_format_or_exit(path, sizeof(path), "%s/%.*s", c->order.output_path,
				    (int)(slash - name), name);
		if (!make_directory(path))
			return false;
	}
	return true;
}

static void convert_path(const char *path, void *ctx)
{
	struct conversion *c = ctx;
	const char *name = path + c->skipped_bytes;
	bool is_ready = !c->output_is_directory || make_directories(c, name);

	file_tally_add(&c->tally, is_ready ? convert_file(c, path, name) : EXIT_BAD);
}

/* Return: false if a directory cannot be read. */
static bool convert_argument(struct conversion *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t ignored = 0;
	bool is_good;

	if (!is_directory(path)) {
		c->skipped_bytes = slash ? (size_t)(slash + 1 - path) : 0;
		convert_path(path, c);
		return true;
	}
	c->skipped_bytes = strlen(path) + 1;
	is_good = program_walk(path, convert_path, c, &ignored);
	file_list_log_ignored(path, ignored);
	return is_good;
}

int convert(const struct convert_order *order, int count, char **paths)
{
	struct conversion c = { .order = *order };
	const char *output = order->output_path;
	bool has_many = count > 1, is_good = true;

	for (int i = 0; i < count; i++)
		has_many |= is_directory(paths[i]);
	if (has_many && !output && !order->in_place)
		return usage_error("convert", "expected -o DIRECTORY for more than one file");
	c.output_is_directory = output && (has_many || is_directory(output));
	if (c.output_is_directory && !make_directory(output))
		return EXIT_BAD;
	if (order->to == NOTATION_OTHER && output && !c.output_is_directory)
		c.order.to = ends_in(output, ".page") ? NOTATION_TEXT :
			     ends_in(output, ".bin")  ? NOTATION_BYTES :
							NOTATION_OTHER;
	for (int i = 0; i < count; i++)
		is_good &= convert_argument(&c, paths[i]);
	if (c.output_is_directory)
		printf("%zu programs written to %s\n", c.written_count, output);
	file_tally_print(&c.tally, "convert");
	return c.tally.bad || !is_good ? EXIT_BAD : c.tally.failed ? EXIT_FAILED : EXIT_GOOD;
}
