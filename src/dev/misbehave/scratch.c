/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "dev/misbehave/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "harness/util/path.h"

/* The directory may not exist: then rm does nothing. */
static _Noreturn void remove_at_end(const char *path, const int pipe_ends[2])
{
	sigset_t all_signals;
	char unused;

	/* Signals that end the other processes, as from Ctrl-C, must not end this one. */
	sigfillset(&all_signals);
	sigprocmask(SIG_BLOCK, &all_signals, NULL);
	close(pipe_ends[1]);
	/* A process that reads the output of this program must not wait for this one. */
	for (int fd = 0; fd <= STDERR_FILENO; fd++)
		close(fd);
	(void)!read(pipe_ends[0], &unused, 1);
	execlp("rm", "rm", "-rf", "--", path, (char *)NULL);
	_exit(127);
}

bool scratch_open(struct scratch *scratch)
{
	const char *parent = getenv("TMPDIR");
	int pipe_ends[2], error;

	*scratch = (struct scratch){ .path = isolate_map_shared(PATH_MAX) };
	if (!scratch->path || pipe2(pipe_ends, O_CLOEXEC))
		return false;
	fflush(NULL);
	scratch->open_pipe_fd = pipe_ends[1];
	/* The template is complete before the child starts, and mkdtemp() changes it in place. */
	if (!path_format(scratch->path, PATH_MAX, "%s/pagetorture-XXXXXX",
			 parent && *parent ? parent : "/tmp"))
		return false;
	scratch->remover = fork();
	if (scratch->remover == 0)
		remove_at_end(scratch->path, pipe_ends);
	close(pipe_ends[0]);
	if (scratch->remover > 0 && mkdtemp(scratch->path))
		return true;
	error = errno;
	scratch_close(scratch);
	errno = error;
	return false;
}

void scratch_close(struct scratch *scratch)
{
	close(scratch->open_pipe_fd);
	while (scratch->remover > 0 && waitpid(scratch->remover, NULL, 0) < 0 && errno == EINTR)
		;
}
