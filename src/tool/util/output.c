/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/util/path.h"

/* @file: NULL: the file could not be opened. */
static int write_and_close(FILE *file, const void *bytes, size_t size)
{
	int error = 0;

	if (!file)
		return errno;
	if (fwrite(bytes, 1, size, file) < size)
		error = errno;
	if (fclose(file) && !error)
		error = errno;
	return error;
}

/* Writes to a temporary file in the directory of @path, and renames it to @path. */
static int replace_file(const char *path, mode_t mode, const void *bytes, size_t size)
{
	const char *slash = strrchr(path, '/');
	char temporary_path[PATH_MAX];
	int fd, error;

	if (!path_format(temporary_path, sizeof(temporary_path), "%.*s.pagetorture-XXXXXX",
			 slash ? (int)(slash + 1 - path) : 0, path))
		return ENAMETOOLONG;
	fd = mkostemp(temporary_path, O_CLOEXEC);
	if (fd < 0)
		return errno;
	fchmod(fd, mode);
	error = write_and_close(fdopen(fd, "w"), bytes, size);
	if (!error && rename(temporary_path, path))
		error = errno;
	if (error)
		unlink(temporary_path);
	return error;
}

/* Blocks signals that would end the program while the temporary file exists. */
static int replace_file_with_signals_blocked(const char *path, mode_t mode, const void *bytes, size_t size)
{
	sigset_t ending, before;
	int error;

	sigemptyset(&ending);
	sigaddset(&ending, SIGHUP);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	error = replace_file(path, mode, bytes, size);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return error;
}

static mode_t find_default_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

int output_write_or_errno(const char *path, const void *bytes, size_t size)
{
	char real_path[PATH_MAX];
	struct stat status;

	if (stat(path, &status))
		return replace_file_with_signals_blocked(path, find_default_mode(), bytes, size);
	if (S_ISDIR(status.st_mode))
		return EISDIR;
	if (!S_ISREG(status.st_mode))
		return write_and_close(fopen(path, "we"), bytes, size);
	return replace_file_with_signals_blocked(realpath(path, real_path) ? real_path : path,
						 status.st_mode & 0777, bytes, size);
}

bool output_would_replace_file(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode);
}
