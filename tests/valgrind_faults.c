/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `valgrind_faults NAME` makes an error that valgrind's memcheck must find; `valgrind_faults none`
 * makes none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "page/page.h"

static void *volatile leaked;

static int leak_memory(void)
{
	leaked = malloc(24);
	leaked = NULL;
	return 0;
}

static int use_freed_task(void)
{
	struct page_task *task = page_task_new("freed");

	page_task_delete(task);
	page_task_depth(task) ? puts("mapped") : puts("not mapped");
	return 0;
}

static int use_uninitialised_bytes(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	volatile size_t *off = malloc(sizeof(*off));

	page_fill_zero(page, *off, 0);
	page_free(page);
	free((void *)off);
	return 0;
}

static int pass_uninitialised_to_system(void)
{
	volatile int *file = malloc(sizeof(*file));

	syscall(SYS_close, *file);
	free((void *)file);
	return 0;
}

/* Only the child process makes the error; child and parent exit normally. */
static int use_freed_task_in_child(void)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		_exit(use_freed_task());
	return pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static int do_nothing_wrong(void)
{
	page_task_delete(page_task_new("none"));
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} faults[] = {
	{ "freed", use_freed_task },
	{ "freed-in-child", use_freed_task_in_child },
	{ "leak", leak_memory },
	{ "none", do_nothing_wrong },
	{ "system-call", pass_uninitialised_to_system },
	{ "uninitialised", use_uninitialised_bytes },
};

int main(int argc, char **argv)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		if (argc == 2 && !strcmp(faults[i].name, argv[1]))
			return faults[i].run();
	fprintf(stderr, "expected the name of a fault, got '%s'\n", argc > 1 ? argv[1] : "");
	return 2;
}
