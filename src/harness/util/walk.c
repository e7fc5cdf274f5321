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
	bool failed;
};

/* A directory that is being walked, and its parents, to detect a link that leads back to one. */
struct directory {
	const struct directory *in;
	const char *path;
	dev_t device;
	ino_t inode;
};

static void complain(struct walk *walk, const char *path, const char *expected, const char *got)
{
	fprintf(stderr, "%s: expected %s: %s\n", path, expected, got);
	walk->failed = true;
}

static bool leads_back(const struct directory *directory, const struct stat *status)
{
	for (; directory; directory = directory->in)
		if (directory->device == status->st_dev && directory->inode == status->st_ino)
			return true;
	return false;
}

static void walk_directory(struct walk *walk, const struct directory *directory);

static void walk_entry(struct walk *walk, const struct directory *in, const struct dirent *entry)
{
	char path[PATH_MAX];
	struct stat status;

	if (!path_format(path, sizeof(path), "%s/%s", in->path, entry->d_name)) {
		complain(walk, in->path, "names that fit into a path", "too long");
		return;
	}
	/* Usually the directory entry has the type of the file. */
	if (entry->d_type == DT_REG || stat(path, &status) || S_ISREG(status.st_mode))
		walk->fn(path, walk->ctx);
	else if (!S_ISDIR(status.st_mode))
		complain(walk, path, "a file or a directory", "it is neither");
	else if (leads_back(in, &status))
		complain(walk, path, "a directory that ends", "it leads back to one that it is in");
	else
		walk_directory(walk, &(struct directory){ in, path, status.st_dev, status.st_ino });
}

static void walk_directory(struct walk *walk, const struct directory *directory)
{
	struct dirent **entries;
	int count = scandir(directory->path, &entries, NULL, alphasort);

	if (count < 0) {
		complain(walk, directory->path, "a readable directory", strerror(errno));
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
		walk_directory(&walk, &(struct directory){ NULL, path, status.st_dev, status.st_ino });
	else
		fn(path, ctx);
	return !walk.failed;
}
