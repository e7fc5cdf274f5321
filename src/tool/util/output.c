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
#include "tool/util/store.h"

static mode_t usual_mode(void)
{
	mode_t mask = umask(0);

	umask(mask);
	return 0666 & ~mask;
}

static int replace(const char *path, mode_t mode, const void *bytes, size_t size)
{
	const char *slash = strrchr(path, '/');
	char beside[PATH_MAX];
	int fd;

	if (!path_format(beside, sizeof(beside), "%.*s.pagetorture-XXXXXX",
		       slash ? (int)(slash + 1 - path) : 0, path))
		return ENAMETOOLONG;
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return errno;
	fchmod(fd, mode);
	close(fd);
	return store_write(beside, path, bytes, size, false);
}

/* Nothing stays behind of a program that is told to end: it does so when this is over. */
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
		return store_write_into(path, bytes, size, false);
	return replace_at_once(realpath(path, real) ? real : path, status.st_mode & 0777, bytes,
			       size);
}

bool output_loses(const char *path)
{
	struct stat status;

	return !stat(path, &status) && S_ISREG(status.st_mode);
}
