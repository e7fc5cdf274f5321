/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/corpus_input.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
