/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A child process that writes lines. */
#ifndef DEV_LINE_CHILD_H
#define DEV_LINE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/types.h>

struct line_child {
	pid_t pid;
	FILE *output;
};

bool line_child_start(struct line_child *child, const char *program, char **argv);

/*
 * Reads its next line, with the line end. A child that writes nothing for @seconds is killed.
 * Return: false at its end.
 */
bool line_child_read(struct line_child *child, char *line, size_t size, unsigned int seconds);

/*
 * Waits for its end, and kills it if that takes a minute.
 * Return: its exit status; 128 and the signal that ended it; or 255 if it is not known.
 */
int line_child_wait(struct line_child *child);

#endif
