/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/walk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/path.h"

struct walk {
	walk_fn fn;
	void *ctx;
	bool has_failed; /* an error was printed */
};

/* A directory in the walk, and its parents. The walk would never end if it followed a link to a parent. */
struct walked_directory {
	const struct walked_directory *parent;
	const char *path;
	dev_t device;
	ino_t inode;
};

static void report_walk_error(struct walk *walk, const char *path, const char *expected, const char *got)
{
	fprintf(stderr, "%s: expected %s: %s\n", path, expected, got);
	walk->has_failed = true;
}

static bool is_directory_or_ancestor(const struct walked_directory *directory, const struct stat *status)
{
	for (; directory; directory = directory->parent)
		if (directory->device == status->st_dev && directory->inode == status->st_ino)
			return true;
	return false;
}

static void walk_directory(struct walk *walk, const struct walked_directory *directory);

static void walk_entry(struct walk *walk, const struct walked_directory *parent, const struct dirent *entry)
{
	char path[PATH_MAX];
	struct stat status;

	if (!path_format(path, sizeof(path), "%s/%s", parent->path, entry->d_name)) {
		report_walk_error(walk, parent->path, "names that fit into a path", "too long");
		return;
	}
	/* stat() is rarely needed, because the directory entry usually has the type of the file. */
	if (entry->d_type == DT_REG || stat(path, &status) || S_ISREG(status.st_mode))
		walk->fn(path, walk->ctx);
	else if (!S_ISDIR(status.st_mode))
		report_walk_error(walk, path, "a file or a directory", "it is neither");
	else if (is_directory_or_ancestor(parent, &status))
		report_walk_error(walk, path, "a directory that does not contain itself",
				  "the link leads back to a parent directory");
	else
		walk_directory(walk,
			       &(struct walked_directory){ parent, path, status.st_dev, status.st_ino });
}

static void walk_directory(struct walk *walk, const struct walked_directory *directory)
{
	struct dirent **entries;
	int count = scandir(directory->path, &entries, NULL, alphasort);

	if (count < 0) {
		report_walk_error(walk, directory->path, "a readable directory", strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			walk_entry(walk, directory, entries[i]);
		free(entries[i]);
	}
	free(entries);
}

bool walk_files(const char *path, walk_fn fn, void *ctx)
{
	struct walk walk = { .fn = fn, .ctx = ctx };
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		walk_directory(&walk, &(struct walked_directory){ NULL, path, status.st_dev, status.st_ino });
	else
		fn(path, ctx);
	return !walk.has_failed;
}
