/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The switches of threads in an interleaving that deviate from the default: in which call a thread stops,
 * before which access, and which thread goes on.
 */
#pragma once

#include "harness/exec/interleaving.h"
#include "tool/util/json.h"

struct thread_switch {
	uint8_t thread;       /* the thread that stops; NO_THREAD: a section begins, so no thread runs yet */
	uint8_t next;         /* the thread that goes on */
	uint8_t stopped_kind; /* the kind of the point before which @thread stops (enum point_kind) */
	bool has_ended;       /* @thread does not stop: its calls have ended */
	uint16_t call, next_call; /* indices of the calls of @thread and @next */
};

struct switches {
	size_t count;
	struct thread_switch items[DECISIONS_MAX];
};

void switches_find(const struct interleaving *interleaving, struct switches *switches);

/* Prints a line for each switch. */
void switches_print(const struct program *program, const struct switches *switches);

/* Writes the member `switches` of a JSON object (doc/explore.md). */
void switches_write_json(struct json *json, const struct program *program, const struct switches *switches);
