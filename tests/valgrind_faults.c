/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Errors that memcheck must find, one for each argument: mostly errors in using the library. The
 * library itself leaks nothing, because its list contains all tasks.
 */
#include "tests/tap.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page/page.h"

static void *volatile lost;

static void leak(void)
{
	lost = malloc(24);
	lost = NULL;
}

static void freed(void)
{
	struct page_task *task = page_task_new("freed");

	page_task_delete(task);
	page_task_depth(task) ? puts("mapped") : puts("not mapped");
}

static void uninitialised(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	volatile size_t *off = malloc(sizeof(*off));

	page_fill_zero(page, *off, 0);
	page_free(page);
	free((void *)off);
}

/* In a child that exits normally. */
static int freed_in_child(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		freed();
		_exit(0);
	}
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ?
		       WEXITSTATUS(status) : 1;
}

static void none(void)
{
	page_task_delete(page_task_new("none"));
}

static const struct {
	const char *name;
	void (*fn)(void);
} faults[] = { { "freed", freed },
	       { "leak", leak },
	       { "none", none },
	       { "uninitialised", uninitialised } };

int main(int argc, char **argv)
{
	const char *name = argc == 2 ? argv[1] : "";

	if (!strcmp(name, "freed-in-child"))
		return freed_in_child();
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		if (strcmp(faults[i].name, name) != 0)
			continue;
		faults[i].fn();
		return 0;
	}
	fprintf(stderr, "expected the name of a fault, got '%s'\n", name);
	return 2;
}
