/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/kit/flavours.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/exec/exec.h"
#include "tool/kit/place.h"

const char *const flavour_names[FLAVOURS_MAX] = { "plain", "asan", "tsan", "msan" };

bool binary_find(const char *binary, char *path, size_t size)
{
	static const char *const homes[] = { PKGLIBEXECDIR, BINDIR };
	char folder[512];

	if (place_own(folder, sizeof(folder))) {
		snprintf(path, size, "%s/%s", folder, binary);
		if (!access(path, X_OK))
			return true;
	}
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		place_installed(homes[i], folder, sizeof(folder));
		snprintf(path, size, "%s/%s", folder, binary);
		if (!access(path, X_OK))
			return true;
	}
	return false;
}

bool flavour_find(const char *name, char *path, size_t size)
{
	bool plain = !strcmp(name, "plain");
	char binary[64];

	snprintf(binary, sizeof(binary), "pagetorture%s%s", plain ? "" : "-", plain ? "" : name);
	return binary_find(binary, path, size);
}

/* Asked for in vain is not to pass for something else. */
bool flavour_choose_backend(const char *name)
{
	return exec_choose_backend(name) && !setenv("PAGE_MAP", name, 1);
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

bool flavour_start(struct flavour *flavour, const char *name, char **argv)
{
	char path[600];

	flavour->name = name;
	flavour->pid = 0;
	return flavour_find(name, path, sizeof(path)) && flavour_exec(flavour, path, argv);
}

/* @in: what the child reads as its standard input; negative: the same as we */
static bool start(struct flavour *flavour, const char *path, char **argv, int in)
{
	int ends[2];

	flavour->pid = 0;
	if (pipe2(ends, O_CLOEXEC))
		return false;
	flavour->pid = fork();
	if (flavour->pid == 0) {
		if (in >= 0)
			dup2(in, STDIN_FILENO);
		dup2(ends[1], STDOUT_FILENO);
		execvp(path, argv);
		_exit(127);
	}
	close(ends[1]);
	flavour->out = flavour->pid > 0 ? fdopen(ends[0], "r") : NULL;
	if (flavour->out)
		setvbuf(flavour->out, NULL, _IONBF, 0);
	else
		close(ends[0]);
	return flavour->out;
}

bool flavour_exec(struct flavour *flavour, const char *path, char **argv)
{
	return start(flavour, path, argv, -1);
}

bool flavour_talk(struct flavour *flavour, const char *path, char **argv)
{
	int ends[2];

	flavour->pid = 0;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	flavour->in = ends[1];
	if (!start(flavour, path, argv, ends[0]))
		close(ends[1]);
	close(ends[0]);
	return flavour->pid > 0;
}

bool flavour_send(struct flavour *flavour, const void *bytes, size_t size)
{
	const char *at = bytes;

	while (size) {
		ssize_t done = send(flavour->in, at, size, MSG_NOSIGNAL);

		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			at += done;
			size -= (size_t)done;
		}
	}
	return true;
}

bool flavour_read(struct flavour *flavour, char *line, size_t size, unsigned int seconds)
{
	struct pollfd wait = { .fd = fileno(flavour->out), .events = POLLIN };

	/* The stream is not buffered: what poll() cannot see is not there. */
	if (poll(&wait, 1, (int)seconds * 1000) == 0)
		kill(flavour->pid, SIGKILL);
	return fgets(line, (int)size, flavour->out);
}

int flavour_wait(struct flavour *flavour)
{
	int status = 0;

	fclose(flavour->out);
	while (waitpid(flavour->pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
