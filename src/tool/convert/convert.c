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
	struct convert_options order;
	bool output_is_directory;
	size_t name_offset; /* in a path: where the name in the output directory begins */
	void *written_paths;  /* tree of tsearch() */
	size_t written_count;
	struct file_tally tally;
};

static int compare_paths(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* ---- one program ---- */

static bool has_same_content(const char *path, const struct rewritten_program *rewritten_program)
{
	char error[PROGRAM_FILE_ERROR];
	size_t size;
	char *content = program_file_read(path, &size, error);
	bool same = content && size == rewritten_program->size &&
		    !memcmp(content, rewritten_program->content, size);

	free(content);
	return same;
}

/* A file that this command wrote for one input is not replaced for another input. */
static bool may_write_file(const struct conversion *c, const char *path,
			   const struct rewritten_program *rewritten_program)
{
	return c->order.is_in_place || !output_would_replace_file(path) ||
	       has_same_content(path, rewritten_program) ||
	       (c->order.may_replace && !tfind(path, &c->written_paths, compare_paths));
}

static int write_file(struct conversion *c, const char *file, const char *path,
		      const struct rewritten_program *rewritten_program)
{
	int error;

	if (!may_write_file(c, path, rewritten_program)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else%s\n", file, path,
			c->order.may_replace ? "" : " (--force)");
		return EXIT_FAILED;
	}
	error = output_write(path, rewritten_program->content, rewritten_program->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	c->written_count += !tfind(path, &c->written_paths, compare_paths);
	tsearch(strdup(path), &c->written_paths, compare_paths);
	return EXIT_GOOD;
}

static bool name_ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

/* Formats the path of an output file: the directories of @name, with the other suffix. */
static bool format_output_path(const struct conversion *c, const char *name, bool is_text,
			       char path[PATH_MAX])
{
	size_t len = strlen(name) - (name_ends_in(name, ".page")  ? 5
				     : name_ends_in(name, ".bin") ? 4
								  : 0);

	return path_format(path, PATH_MAX, "%s/%.*s%s", c->order.output_path, (int)len, name,
			   is_text ? ".page" : ".bin");
}

/* @name: the path of the output file in the output directory, without its new suffix */
static int convert_file(struct conversion *c, const char *file, const char *name)
{
	static struct rewritten_program rewritten_program;
	char error[PROGRAM_FILE_ERROR], path[PATH_MAX];

	if (!rewrite_program(file, c->order.target_notation, &rewritten_program, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (*rewritten_program.lost_parts)
		fprintf(stderr, "%s: %s: %s cannot hold %s\n", file,
			c->order.is_strict ? "refused" : "left out",
			rewritten_program.is_text ? "text" : "bytes", rewritten_program.lost_parts);
	if (*rewritten_program.lost_parts && c->order.is_strict)
		return EXIT_FAILED;
	if (c->order.is_in_place && strcmp(file, "-"))
		return write_file(c, file, file, &rewritten_program);
	if (!c->order.output_path)
		return fwrite(rewritten_program.content, 1, rewritten_program.size, stdout) ==
				       rewritten_program.size
			       ? EXIT_GOOD
			       : EXIT_BAD;
	if (!c->output_is_directory)
		return write_file(c, file, c->order.output_path, &rewritten_program);
	if (format_output_path(c, name, rewritten_program.is_text, path))
		return write_file(c, file, path, &rewritten_program);
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

static void convert_found_file(const char *path, void *ctx)
{
	struct conversion *c = ctx;
	const char *name = path + c->name_offset;
	bool is_ready = !c->output_is_directory || make_directories(c, name);

	file_tally_add(&c->tally, is_ready ? convert_file(c, path, name) : EXIT_BAD);
}

/* Return: false if a directory cannot be read. */
static bool convert_argument(struct conversion *c, const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t ignored = 0;
	bool all_succeeded;

	if (!is_directory(path)) {
		c->name_offset = slash ? (size_t)(slash + 1 - path) : 0;
		convert_found_file(path, c);
		return true;
	}
	c->name_offset = strlen(path) + 1;
	all_succeeded = program_walk(path, convert_found_file, c, &ignored);
	file_list_log_ignored(path, ignored);
	return all_succeeded;
}

int convert_programs(const struct convert_options *order, int count, char **paths)
{
	struct conversion c = { .order = *order };
	const char *output = order->output_path;
	bool has_many = count > 1, all_succeeded = true;

	for (int i = 0; i < count; i++)
		has_many |= is_directory(paths[i]);
	if (has_many && !output && !order->is_in_place)
		return usage_error("convert", "expected -o DIRECTORY for more than one file");
	c.output_is_directory = output && (has_many || is_directory(output));
	if (c.output_is_directory && !make_directory(output))
		return EXIT_BAD;
	if (order->target_notation == NOTATION_OTHER && output && !c.output_is_directory)
		c.order.target_notation = name_ends_in(output, ".page") ? NOTATION_TEXT :
			     name_ends_in(output, ".bin")  ? NOTATION_BYTES :
							NOTATION_OTHER;
	for (int i = 0; i < count; i++)
		all_succeeded &= convert_argument(&c, paths[i]);
	if (c.output_is_directory)
		printf("%zu programs written to %s\n", c.written_count, output);
	file_tally_print(&c.tally, "convert");
	return c.tally.bad_count || !all_succeeded ? EXIT_BAD
	       : c.tally.failed_count        ? EXIT_FAILED
					     : EXIT_GOOD;
}
