/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/util/path.h"

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

int file_write(const char *path, const void *bytes, size_t size, bool durable)
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

/* The name of a file is on the disk when its directory is. */
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

int file_replace(const char *temporary, const char *path, const void *bytes, size_t size, bool durable)
{
	int error = file_write(temporary, bytes, size, durable);

	if (!error && rename(temporary, path))
		error = errno;
	if (error)
		unlink(temporary);
	else if (durable)
		error = sync_directory_of(path);
	return error;
}

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int replace(const char *path, mode_t mode, const void *bytes, size_t size)
{
	const char *slash = strrchr(path, '/');
	char temporary[PATH_MAX];
	int fd;

	if (!path_format(temporary, sizeof(temporary), "%.*s.pagetorture-XXXXXX",
		       slash ? (int)(slash + 1 - path) : 0, path))
		return ENAMETOOLONG;
	fd = mkostemp(temporary, O_CLOEXEC);
	if (fd < 0)
		return errno;
	fchmod(fd, mode);
	close(fd);
	return file_replace(temporary, path, bytes, size, false);
}

/* A signal that ends the program waits until the temporary file is gone. */
static int replace_at_once(const char *path, mode_t mode, const void *bytes, size_t size)
{
	sigset_t ending, before;
	int error;

	sigemptyset(&ending);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	error = replace(path, mode, bytes, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

int output_write(const char *path, const void *bytes, size_t size)
{
	char real[PATH_MAX];
	struct stat status;

	if (stat(path, &status))
		return replace_at_once(path, usual_mode(), bytes, size);
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (!S_ISREG(status.st_mode))
		return file_write(path, bytes, size, false);
	return replace_at_once(realpath(path, real) ? real : path, status.st_mode & 0777, bytes,
			       size);
}

bool output_loses(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode);
}
