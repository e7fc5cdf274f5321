/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/flavours.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/exec/exec.h"
#include "tool/util/installation.h"
#include "tool/util/usage.h"

const char *const flavour_names[FLAVOURS_MAX] = { "plain", "asan", "tsan", "msan" };

bool binary_find(const char *binary, char *path, size_t size)
{
	static const char *const homes[] = { PKGLIBEXECDIR, BINDIR };
	char directory[PATH_MAX];

	if (own_directory(directory, sizeof(directory))) {
		path_format_or_exit(path, size, "%s/%s", directory, binary);
		if (!access(path, X_OK))
			return true;
	}
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		installed_directory(homes[i], directory, sizeof(directory));
		path_format_or_exit(path, size, "%s/%s", directory, binary);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

bool flavour_find(const char *name, char *path, size_t size)
{
	bool plain = !strcmp(name, "plain");
	char binary[64];

	snprintf(binary, sizeof(binary), "%s%s%s", usage_program, plain ? "" : "-", plain ? "" : name);
	return binary_find(binary, path, size);
}

/* Asked for in vain is not to pass for something else. */
bool flavour_choose_backend(const char *name)
{
	return exec_set_backend(name) && !setenv("PAGE_MAP", name, 1);
}

bool flavours_parse(char *list, bool wanted[FLAVOURS_MAX])
{
	char *name;

	memset(wanted, 0, FLAVOURS_MAX * sizeof(*wanted));
	while ((name = strsep(&list, ","))) {
		unsigned int i = 0;

		while (i < FLAVOURS_MAX && strcmp(name, flavour_names[i]))
			i++;
		if (i == FLAVOURS_MAX)
			return false;
		wanted[i] = true;
	}
	return true;
}

/* The plain binary speaks for all flavours, another one for its own. */
void flavours_text(const bool wanted[FLAVOURS_MAX], char text[FLAVOURS_TEXT])
{
	text[0] = '\0';
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		if (wanted[i])
			snprintf(text + strlen(text), FLAVOURS_TEXT - strlen(text), "%s%s",
				 *text ? ", " : "", flavour_names[i]);
}

void flavours_by_default(bool wanted[FLAVOURS_MAX])
{
	bool plain = !strcmp(FLAVOUR, "plain");

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		wanted[i] = plain || !strcmp(FLAVOUR, flavour_names[i]);
}

bool flavour_start_program(struct flavour *flavour, const char *path, char **argv)
{
	int ends[2];
	pid_t pid;

	flavour->pid = 0;
	if (pipe2(ends, O_CLOEXEC))
		return false;
	pid = fork();
	if (pid == 0) {
		if (dup2(ends[1], STDOUT_FILENO) >= 0)
			execvp(path, argv);
		_exit(127);
	}
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return false;
	}
	flavour->pid = pid;
	flavour->out = ends[0];
	return true;
}

/* Milliseconds that a child may take to end. */
#define PATIENCE 60000L

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Waits until there is something to read, or the end of it. Return: false after its time. */
static bool readable(int fd, long end)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	for (;;) {
		long left = end - now_ms();
		int count;

		if (left <= 0)
			return false;
		count = poll(&wait, 1, left < INT_MAX ? (int)left : INT_MAX);
		if (count > 0)
			return true;
		if (count < 0 && errno != EINTR)
			return false;
	}
}

bool flavour_read(struct flavour *flavour, char *line, size_t size, unsigned int seconds)
{
	long end = now_ms() + seconds * 1000L;
	size_t used = 0;
	ssize_t got;

	/* Byte by byte: what comes after the line is for the next call. */
	do {
		if (!readable(flavour->out, end))
			kill(flavour->pid, SIGKILL);
		got = read(flavour->out, line + used, 1);
		used += got > 0;
	} while ((got > 0 && line[used - 1] != '\n' && used < size - 1) ||
		 (got < 0 && errno == EINTR));
	line[used] = '\0';
	return used;
}

int flavour_wait(struct flavour *flavour)
{
	const struct timespec little = { .tv_nsec = 1000000 };
	long end = now_ms() + PATIENCE;
	int status = 0;
	pid_t got;

	close(flavour->out);
	while ((got = waitpid(flavour->pid, &status, WNOHANG)) == 0 && now_ms() < end)
		nanosleep(&little, NULL);
	if (got != flavour->pid) {
		kill(flavour->pid, SIGKILL);
		while ((got = waitpid(flavour->pid, &status, 0)) < 0 && errno == EINTR)
			;
	}
	if (got < 0)
		return 255;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
