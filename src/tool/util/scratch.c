/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/scratch.h"

#include <errno.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"

/* What the keeper says of its directory. */
struct made {
	int error; /* errno, or 0 */
	char path[PATH_MAX];
};

static void make(struct made *made)
{
	const char *parent = getenv("TMPDIR");

	memset(made, 0, sizeof(*made));
	if (!path_format(made->path, sizeof(made->path), "%s/pagetorture-XXXXXX",
		       parent && *parent ? parent : "/tmp") || !mkdtemp(made->path))
		made->error = errno;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *at)
{
	(void)status;
	(void)kind;
	(void)at;
	remove(path);
	return 0;
}

/* A compiler whose parent was killed may write for a while yet. */
static void remove_all(const char *path)
{
	const struct timespec little = { .tv_nsec = 20000000 };

	for (unsigned int i = 0; i < 250; i++) {
		nftw(path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
		if (access(path, F_OK))
			return;
		nanosleep(&little, NULL);
	}
}

static _Noreturn void keep(int line)
{
	struct made made;
	sigset_t all;
	char none;

	/* What ends the others, by Ctrl-C say, is not for this one. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	/* Whoever reads what this program prints must not wait for the keeper. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	make(&made);
	if (write(line, &made, sizeof(made)) == (ssize_t)sizeof(made))
		(void)!read(line, &none, 1);
	if (!made.error)
		remove_all(made.path);
	_exit(0);
}

static bool hear(struct scratch *scratch)
{
	struct made made = { .error = ECHILD };

	if (recv(scratch->line, &made, sizeof(made), MSG_WAITALL) < (ssize_t)sizeof(made))
		made.error = ECHILD;
	memcpy(scratch->path, made.path, sizeof(made.path));
	errno = made.error;
	return !made.error;
}

bool scratch_open(struct scratch *scratch)
{
	int ends[2], error;

	scratch->path[0] = '\0';
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	fflush(NULL);
	scratch->line = ends[0];
	scratch->keeper = fork();
	if (scratch->keeper == 0) {
		close(ends[0]);
		keep(ends[1]);
	}
	error = errno;
	close(ends[1]);
	errno = error;
	if (scratch->keeper > 0 && hear(scratch))
		return true;
	error = errno;
	scratch_close(scratch);
	errno = error;
	return false;
}

void scratch_close(struct scratch *scratch)
{
	close(scratch->line);
	while (scratch->keeper > 0 && waitpid(scratch->keeper, NULL, 0) < 0 && errno == EINTR)
		;
}
