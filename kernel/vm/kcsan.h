/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* KCSAN, the race detector of the kernel: its reports in the kernel's log, and its settings. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct kcsan_access {
	uint64_t addr, size;
	int pid;       /* of the kernel thread; -1: unknown */
	uint8_t op;    /* enum op of the call; OP_COUNT: unknown */
	bool is_write; /* false: a read */
	bool is_atomic;
};

/* A race that KCSAN has reported. */
struct kcsan_race {
	struct kcsan_access accesses[2];
};

/* Parses a line of the kernel's log. The caller passes all lines in their order. */
void kcsan_parse_line(const char *line);

/* Return: false if there is no further race since the last call; @race: gets the oldest one. */
bool kcsan_take_race(struct kcsan_race *race);

/*
 * Sets other settings than those of the last call. KCSAN watches one in skip_watch accesses for udelay_task
 * microseconds; no setting sees all races. The module repeats each call in its place.
 */
void kcsan_set_next_settings(void);
