/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/base/walk.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/base/path.h"

struct walk {
	walk_fn fn;
	void *ctx;
	bool failed;
};

/* A folder that is being walked, and those that it is in: a link may lead back to one. */
struct folder {
	const struct folder *in;
	const char *path;
	dev_t device;
	ino_t inode;
};

static void complain(struct walk *walk, const char *path, const char *expected, const char *got)
{
	fprintf(stderr, "%s: expected %s: %s\n", path, expected, got);
	walk->failed = true;
}

static bool leads_back(const struct folder *folder, const struct stat *status)
{
	for (; folder; folder = folder->in)
		if (folder->device == status->st_dev && folder->inode == status->st_ino)
			return true;
	return false;
}

static void walk_folder(struct walk *walk, const struct folder *folder);

static void walk_entry(struct walk *walk, const struct folder *in, const struct dirent *entry)
{
	char path[PATH_MAX];
	struct stat status;

	if (!path_make(path, sizeof(path), "%s/%s", in->path, entry->d_name)) {
		complain(walk, in->path, "names that fit into a path", "too long");
		return;
	}
	/* Most are files, and the folder itself says so. */
	if (entry->d_type == DT_REG || stat(path, &status) || S_ISREG(status.st_mode))
		walk->fn(path, walk->ctx);
	else if (!S_ISDIR(status.st_mode))
		complain(walk, path, "a file or a folder", "it is neither");
	else if (leads_back(in, &status))
		complain(walk, path, "a folder that ends", "it leads back to one that it is in");
	else
		walk_folder(walk, &(struct folder){ in, path, status.st_dev, status.st_ino });
}

static void walk_folder(struct walk *walk, const struct folder *folder)
{
	struct dirent **entries;
	int count = scandir(folder->path, &entries, NULL, alphasort);

	if (count < 0) {
		complain(walk, folder->path, "a readable folder", strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			walk_entry(walk, folder, entries[i]);
		free(entries[i]);
	}
	free(entries);
}

bool walk_files(const char *path, walk_fn fn, void *ctx)
{
	struct walk walk = { .fn = fn, .ctx = ctx };
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		walk_folder(&walk, &(struct folder){ NULL, path, status.st_dev, status.st_ino });
	else
		fn(path, ctx);
	return !walk.failed;
}
