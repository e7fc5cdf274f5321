/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/store.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/util/path.h"

static ssize_t read_fully(int fd, uint8_t *bytes, size_t size)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = read(fd, bytes + used, size - used);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		used += (size_t)got;
	}
	return (ssize_t)used;
}

static const char *kind_of_junk(mode_t mode)
{
	switch (mode & S_IFMT) {
	case S_IFDIR:
		return "a directory";
	case S_IFSOCK:
		return "a socket";
	case S_IFIFO:
		return "a pipe";
	default:
		return "a device";
	}
}

static const char *read_open(int fd, struct store_input *input)
{
	static uint8_t bytes[STORE_INPUT_MAX + 1];
	ssize_t size = read_fully(fd, bytes, sizeof(bytes));

	if (size < 0)
		return strerror(errno);
	if (size == 0)
		return "empty";
	if ((size_t)size > STORE_INPUT_MAX)
		return "larger than 1 MiB";
	input->bytes = bytes;
	input->size = (size_t)size;
	sha1_text(bytes, input->size, input->hash);
	return NULL;
}

const char *store_read(const char *path, struct store_input *input)
{
	struct stat status;
	const char *why;
	int fd;

	if (stat(path, &status))
		return strerror(errno);
	if (!S_ISREG(status.st_mode))
		return kind_of_junk(status.st_mode);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return strerror(errno);
	why = read_open(fd, input);
	close(fd);
	return why;
}

static void visit(struct store *store, const char *name, const struct store_visitor *visitor)
{
	char path[PATH_MAX];
	struct store_input input;
	const char *why;

	path_format_or_exit(path, sizeof(path), "%s/%s", store->path, name);
	why = store_read(path, &input);
	if (why) {
		visitor->junk(visitor->ctx, path, why);
		return;
	}
	name_set_add(&store->known, input.hash);
	visitor->input(visitor->ctx, &input);
}

int store_open(struct store *store, const char *parent, const char *name,
	       const struct store_visitor *visitor)
{
	struct dirent **entries;
	int count;

	if (!path_format(store->path, sizeof(store->path), "%s/%s", parent, name) ||
	    !path_format(store->beside, sizeof(store->beside), "%s/.beside", parent))
		return ENAMETOOLONG;
	if (mkdir(store->path, 0777) && errno != EEXIST)
		return errno;
	count = scandir(store->path, &entries, NULL, alphasort);
	if (count < 0)
		return errno;
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			visit(store, entries[i]->d_name, visitor);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

bool store_has(const struct store *store, const char *hash)
{
	return name_set_has(&store->known, hash);
}

static int write_fully(int fd, const uint8_t *bytes, size_t size)
{
	while (size) {
		ssize_t done = write(fd, bytes, size);

		if (done < 0 && errno != EINTR)
			return errno;
		if (done > 0) {
			bytes += done;
			size -= (size_t)done;
		}
	}
	return 0;
}

int store_write_into(const char *path, const void *bytes, size_t size, bool durable)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
	int error;

	if (fd < 0)
		return errno;
	error = write_fully(fd, bytes, size);
	if (!error && durable && fsync(fd))
		error = errno;
	if (close(fd) && !error)
		error = errno;
	return error;
}

/* A name is on the disk when its directory is. */
static int sync_directory_of(const char *path)
{
	char copy[PATH_MAX];
	int fd, error;

	if (!path_format(copy, sizeof(copy), "%s", path))
		return ENAMETOOLONG;
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno;
	error = fsync(fd) ? errno : 0;
	close(fd);
	return error;
}

int store_write(const char *beside, const char *path, const void *bytes, size_t size, bool durable)
{
	int error = store_write_into(beside, bytes, size, durable);

	if (!error && rename(beside, path))
		error = errno;
	if (error)
		unlink(beside);
	else if (durable)
		error = sync_directory_of(path);
	return error;
}

int store_add(struct store *store, const char *prefix, const struct store_input *input)
{
	char path[PATH_MAX];
	int error;

	if (store_has(store, input->hash))
		return EEXIST;
	if (!path_format(path, sizeof(path), "%s/%s%s", store->path, prefix, input->hash))
		return ENAMETOOLONG;
	error = store_write(store->beside, path, input->bytes, input->size, store->durable);
	if (!error)
		name_set_add(&store->known, input->hash);
	return error;
}
