/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/convert/convert.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tool/kit/output.h"
#include "tool/kit/usage.h"

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

static int write_file(struct convert_order *order, const char *file, const char *path,
		      const struct recoded *recoded)
{
	int error;

	if (output_loses(path) && !order->force && !is_same(path, recoded)) {
		fprintf(stderr, "%s: refused: %s is there and holds something else (--force)\n",
			file, path);
		return EXIT_FAILED;
	}
	error = output_write(path, recoded->content, recoded->size);
	if (error) {
		fprintf(stderr, "%s: expected to write it: %s\n", path, strerror(error));
		return EXIT_BAD;
	}
	order->written++;
	return EXIT_GOOD;
}

static int write_standard(const struct recoded *recoded)
{
	fwrite(recoded->content, 1, recoded->size, stdout);
	if (!ferror(stdout) && !fflush(stdout))
		return EXIT_GOOD;
	fprintf(stderr, "expected to write standard output: %s\n", strerror(errno));
	return EXIT_BAD;
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
	if (!order->out)
		return write_standard(&recoded);
	if (!order->out_is_folder)
		return write_file(order, file, order->out, &recoded);
	if (snprintf(path, sizeof(path), "%s/%.*s%s", order->out, (int)stem(name), name,
		     recoded.text ? ".page" : ".bin") >= (int)sizeof(path)) {
		fprintf(stderr, "%s: expected a shorter name\n", file);
		return EXIT_BAD;
	}
	return write_file(order, file, path, &recoded);
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

static int not_hidden(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* @into: the folder in OUT that takes what is in @folder; "" for OUT itself */
static int convert_folder(struct convert_order *order, const char *folder, const char *into)
{
	struct dirent **entries;
	int count = scandir(folder, &entries, not_hidden, alphasort), result = EXIT_GOOD;
	char path[PATH_MAX], inside[PATH_MAX];
	struct stat status;

	if (count < 0) {
		fprintf(stderr, "%s: expected a readable folder: %s\n", folder, strerror(errno));
		return EXIT_BAD;
	}
	snprintf(path, sizeof(path), "%s/%s", order->out, into);
	if (!make_folder(path))
		result = EXIT_BAD;
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;

		if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= PATH_MAX ||
		    snprintf(inside, sizeof(inside), "%s%s%s", into, *into ? "/" : "", name) >=
			    PATH_MAX || stat(path, &status))
			result = worse(result, convert_file(order, path, name)); /* it says why not */
		else if (S_ISDIR(status.st_mode))
			result = worse(result, convert_folder(order, path, inside));
		else if (is_program(path, name))
			result = worse(result, convert_file(order, path, inside));
		free(entries[i]);
	}
	free(entries);
	return result;
}

static bool is_folder(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISDIR(status.st_mode);
}

static int convert_path(struct convert_order *order, const char *path)
{
	const char *slash = strrchr(path, '/');

	if (is_folder(path))
		return convert_folder(order, path, "");
	return convert_file(order, path, slash ? slash + 1 : path);
}

static bool ends_in(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

int convert(struct convert_order *order, int count, char **paths)
{
	bool folder = count > 1;
	int status = EXIT_GOOD;

	for (int i = 0; i < count; i++)
		folder |= is_folder(paths[i]);
	if (folder && !order->out)
		return usage_error("convert", "expected -o FOLDER for more than one file");
	order->out_is_folder = order->out && (folder || is_folder(order->out));
	if (order->out_is_folder && !make_folder(order->out))
		return EXIT_BAD;
	if (order->to == RECODE_OTHER && order->out && !order->out_is_folder)
		order->to = ends_in(order->out, ".page") ? RECODE_TEXT :
			     ends_in(order->out, ".bin")  ? RECODE_BYTES :
							     RECODE_OTHER;
	for (int i = 0; i < count; i++)
		status = worse(status, convert_path(order, paths[i]));
	if (order->out_is_folder)
		printf("%zu programs written to %s\n", order->written, order->out);
	return status;
}
