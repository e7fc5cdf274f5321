/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/corpus_directory.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "tool/util/output.h"

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

static const char *read_open(int fd, struct corpus_input *input)
{
	static uint8_t bytes[CORPUS_INPUT_MAX + 1];
	ssize_t size = read_fully(fd, bytes, sizeof(bytes));

	if (size < 0)
		return strerror(errno);
	if (size == 0)
		return "empty";
	if ((size_t)size > CORPUS_INPUT_MAX)
		return "larger than 1 MiB";
	input->bytes = bytes;
	input->size = (size_t)size;
	sha1_text(bytes, input->size, input->hash);
	return NULL;
}

const char *corpus_input_read(const char *path, struct corpus_input *input)
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

static void visit(struct corpus_directory *dir, const char *name, const struct corpus_visitor *visitor)
{
	char path[PATH_MAX];
	struct corpus_input input;
	const char *why;

	path_format_or_exit(path, sizeof(path), "%s/%s", dir->path, name);
	why = corpus_input_read(path, &input);
	if (why) {
		visitor->junk(visitor->ctx, path, why);
		return;
	}
	name_set_add(&dir->known, input.hash);
	visitor->input(visitor->ctx, &input);
}

int corpus_directory_open(struct corpus_directory *dir, const char *parent, const char *name,
	       const struct corpus_visitor *visitor)
{
	struct dirent **entries;
	int count;

	if (!path_format(dir->path, sizeof(dir->path), "%s/%s", parent, name) ||
	    !path_format(dir->temporary, sizeof(dir->temporary), "%s/.temporary", parent))
		return ENAMETOOLONG;
	if (mkdir(dir->path, 0777) && errno != EEXIST)
		return errno;
	count = scandir(dir->path, &entries, NULL, alphasort);
	if (count < 0)
		return errno;
	for (int i = 0; i < count; i++) {
		if (entries[i]->d_name[0] != '.')
			visit(dir, entries[i]->d_name, visitor);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

bool corpus_directory_has(const struct corpus_directory *dir, const char *hash)
{
	return name_set_has(&dir->known, hash);
}

int corpus_directory_add(struct corpus_directory *dir, const char *prefix, const struct corpus_input *input)
{
	char path[PATH_MAX];
	int error;

	if (corpus_directory_has(dir, input->hash))
		return EEXIST;
	if (!path_format(path, sizeof(path), "%s/%s%s", dir->path, prefix, input->hash))
		return ENAMETOOLONG;
	error = file_replace(dir->temporary, path, input->bytes, input->size, dir->durable);
	if (!error)
		name_set_add(&dir->known, input->hash);
	return error;
}
