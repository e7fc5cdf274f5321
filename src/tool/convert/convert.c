/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/convert.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/path.h"
#include "harness/program/program_name.h"
#include "tool/util/output.h"
#include "tool/util/usage.h"

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
static bool may_write(const struct convert_order *order, const char *path, const struct recoded *recoded)
{
	return order->in_place || !output_loses(path) || is_same(path, recoded) ||
	       (order->force && !name_set_has(&order->written, path));
}

static int write_file(struct convert_order *order, const char *file, const char *path,
		      const struct recoded *recoded)
{
	int error;

	if (!may_write(order, path, recoded)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else%s\n", file, path,
			order->force ? "" : " (--force)");
		return EXIT_FAILED;
	}
	error = output_write(path, recoded->content, recoded->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	name_set_add(&order->written, path);
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

/* @name: of the file in the directory that is written */
static int convert_file(struct convert_order *order, const char *file, const char *name)
{
	static struct recoded recoded;
	char error[PROGRAM_FILE_ERROR], path[PATH_MAX];

	if (!recode(file, order->to, &recoded, error)) {
		fprintf(stderr, "%s\n", error);
		return EXIT_BAD;
	}
	if (*recoded.lost)
		fprintf(stderr, "%s: %s: %s cannot hold %s\n", file,
			order->strict ? "refused" : "left out", recoded.text ? "text" : "bytes",
			recoded.lost);
	if (*recoded.lost && order->strict)
		return EXIT_FAILED;
	if (order->in_place && strcmp(file, "-"))
		return write_file(order, file, file, &recoded);
	if (!order->out)
		return write_standard(&recoded);
	if (!order->out_is_directory)
		return write_file(order, file, order->out, &recoded);
	if (!path_format(path, sizeof(path), "%s/%.*s%s", order->out, (int)stem(name), name,
		       recoded.text ? ".page" : ".bin")) {
		fprintf(stderr, "%s: expected a shorter name\n", file);
		return EXIT_BAD;
	}
	return write_file(order, file, path, &recoded);
}

/* ---- directories ---- */

static bool make_directory(const char *path)
{
	struct stat status;

	if (!mkdir(path, 0777) || (errno == EEXIST && !stat(path, &status) &&
				   S_ISDIR(status.st_mode)))
		return true;
	fprintf(stderr, "%s: expected to make the directory: %s\n", path, strerror(errno));
	return false;
}

/* Creates the directories of @name below OUT. */
static bool make_directories(const struct convert_order *order, const char *name)
{
	char path[PATH_MAX];

	for (const char *slash = strchr(name, '/'); slash; slash = strchr(slash + 1, '/')) {
		path_format_or_exit(path, sizeof(path), "%s/%.*s", order->out, (int)(slash - name), name);
		if (!make_directory(path))
			return false;
	}
	return true;
}

struct inside {
	struct convert_order *order;
	size_t above; /* bytes of a path before the name below the directory */
	int result;
};

static void convert_inside(const char *path, void *ctx)
{
	struct inside *inside = ctx;
	const char *name = path + inside->above;
	int result;

	if (!inside->order->in_place && !make_directories(inside->order, name))
		result = EXIT_BAD;
	else
		result = convert_file(inside->order, path, name);
	inside->result = worse(inside->result, file_tally_add(&inside->order->tally, result));
}

static int convert_directory(struct convert_order *order, const char *directory)
{
	struct inside inside = { order, strlen(directory) + 1, EXIT_GOOD };
	size_t ignored = 0;
	bool good = program_walk(directory, convert_inside, &inside, &ignored);

	file_list_log_ignored(directory, ignored);
	return good ? inside.result : EXIT_BAD;
}

static bool is_directory(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int convert_path(struct convert_order *order, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (is_directory(path))
		return convert_directory(order, path);
	return file_tally_add(&order->tally, convert_file(order, path, slash ? slash + 1 : path));
}

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

int convert(struct convert_order *order, int count, char **paths)
{
	bool directory = count > 1;
	int status = EXIT_GOOD;

	for (int i = 0; i < count; i++)
		directory |= is_directory(paths[i]);
	if (directory && !order->out && !order->in_place)
		return usage_error("convert", "expected -o DIRECTORY for more than one file");
	order->out_is_directory = order->out && (directory || is_directory(order->out));
	if (order->out_is_directory && !make_directory(order->out))
		return EXIT_BAD;
	if (order->to == RECODE_OTHER && order->out && !order->out_is_directory)
		order->to = ends_in(order->out, ".page") ? RECODE_TEXT :
			     ends_in(order->out, ".bin")  ? RECODE_BYTES :
							     RECODE_OTHER;
	for (int i = 0; i < count; i++)
		status = worse(status, convert_path(order, paths[i]));
	if (order->out_is_directory)
		printf("%zu programs written to %s\n", order->written.count, order->out);
	file_tally_print(&order->tally, "convert");
	return status;
}
