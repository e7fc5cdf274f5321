/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A temporary directory. A child process removes it at the end, also if this process is killed. */
#ifndef DEV_SCRATCH_H
#define DEV_SCRATCH_H

#include <stdbool.h>
#include <sys/types.h>

struct scratch {
	char *path;	  /* PATH_MAX bytes that are shared with the child */
	pid_t remover;	  /* the child */
	int open_pipe_fd; /* the child removes the directory once no process has it open */
};

/* Makes a directory below TMPDIR, or /tmp. Return: false with errno set. */
bool scratch_open(struct scratch *scratch);

void scratch_close(struct scratch *scratch);

#endif
