/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The state of the page library before the first call of an interleaving (exec/exec_start.h). As text:
 *
 *   used        pages were allocated and freed (the default)
 *   first-use   no page was allocated or mapped
 *   kept-N      N pages were allocated and are kept
 *   freed-N     N pages were allocated and then freed
 *   left-N      N more pages can be allocated
 *   after-fork  as kept-1, and then the process was forked
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* The codes are stored in programs, so they are append-only. */
enum start_kind {
	START_USED,
	START_FIRST_USE,
	START_KEPT,
	START_FREED,
	START_LEFT,
	START_AFTER_FORK,
	START_KINDS,
};

struct start_state {
	uint8_t kind;
	uint16_t count; /* N; 0 for a kind without N */
};

#define START_TEXT         24
#define START_MESSAGE_TEXT (START_TEXT + 8)
#define START_STATE_NAMES  "used, first-use, kept-N, freed-N, left-N, after-fork"

void start_state_to_text(struct start_state start, char text[START_TEXT]);

/* Gets the begin of a message: "from kept-15: "; empty if the state is `used`. */
void start_state_to_message_begin(struct start_state start, char text[START_MESSAGE_TEXT]);

/* Parses a text of START_STATE_NAMES. Return: false if @text is no such text, or N is larger than 4096. */
bool start_state_parse(const char *text, struct start_state *start);

/* Return: whether the kind is known, and the number fits the kind. */
bool start_state_is_valid(struct start_state start);

static inline bool start_states_are_equal(struct start_state a, struct start_state b)
{
	return a.kind == b.kind && a.count == b.count;
}

/* Return: whether each execution needs a child process, because the state exists only once in a process. */
static inline bool start_state_needs_fork(struct start_state start)
{
	return start.kind == START_FIRST_USE;
}

/*
 * Return: whether executions are slow: each runs in a child process, or a page library may search all its
 * lists for a page, which takes many locks.
 */
static inline bool start_state_is_slow(struct start_state start)
{
	return start.kind == START_FIRST_USE || start.kind == START_LEFT;
}

/* Gets the state with this index among the states of `--start all`. Return: false if there are fewer states.
 */
bool start_state_get_common(unsigned int index, struct start_state *start);
