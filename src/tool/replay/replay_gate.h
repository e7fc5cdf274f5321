/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A corpus before all flavours, one after the other. */
#ifndef TOOL_REPLAY_GATE_H
#define TOOL_REPLAY_GATE_H

#include <stdbool.h>

#include "tool/util/flavours.h"
#include "tool/replay/replay.h"

struct replay_gate {
	struct replay_options options;
	enum replay_format format;
	const char *junit, *sarif; /* or NULL */
	struct results results;
	bool wanted[FLAVOURS_MAX];
	const char *flavours[FLAVOURS_MAX]; /* that there are */
	unsigned int count;
};

/* Fills @flavours with those of @wanted that there are; the others are skipped, by name. */
void replay_gate_find_flavours(struct replay_gate *gate);

/* @paths: files and directories, which NULL ends. Return: an exit status. */
int replay_gate_run(struct replay_gate *gate, char **paths);

#endif
