/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * One fuzz target of a campaign, and its directory:
 *
 *   corpus/     kept for ever: all that an engine found worth keeping, and what users put there
 *   findings/   kept for ever: what broke the target
 *   reports/    what the engine printed at a finding
 *   queue/      what the engines read: libFuzzer writes here, and removes what it can replace
 *   libfuzzer/  its findings, as it wrote them
 *   afl/        AFL++'s directory of instances
 *   logs/       output of the engines
 *   plot.tsv    figures over time
 *
 * Engines write to directories of their own. What is new there is copied to those that are
 * kept, so an engine can do no harm to them; a campaign that begins copies first what the
 * one before had no time for.
 */
#ifndef TOOL_TARGET_H
#define TOOL_TARGET_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "tool/campaign/engine.h"
#include "tool/campaign/worker.h"
#include "tool/util/fuzz_target.h"
#include "tool/util/name_set.h"
#include "tool/util/store.h"

/* Processes of one engine on one target. */
#define GROUP_WORKERS 64

struct worker_group {
	const struct engine *engine;
	bool there;
	struct worker workers[GROUP_WORKERS];
	long used; /* ms */
};

/* Reasons of findings that were told; the same one again is kept, and counted. */
#define REASONS 32

struct target {
	const char *name;
	const char *flavour;
	enum target_reads reads;
	size_t max_len;
	char dir[3600], queue[3700];
	char dictionary[PATH_MAX]; /* of tokens, as both engines read it; empty: none */
	int lock;
	struct store corpus, findings;
	struct name_set taken; /* files of the engines that need no second look */
	struct worker_group groups[ENGINES];
	long used; /* ms */

	size_t corpus_before, findings_before;
	unsigned long coverage; /* the most that an engine saw */
	long last_find;         /* ms */
	char reasons[REASONS][200];
	size_t reasons_told;

	unsigned int lost; /* files or directories of engines that could not be kept, at the end */
	bool paused;
	char plotted[128];                                 /* the figures that were written last */
	long plotted_at;                                   /* ms */
	unsigned long earlier_seconds, earlier_executions; /* of the campaigns before */
};

/* The table of targets, sorted; @number counts from 0. Return: false behind the last one. */
bool target_known(size_t number, const char **name);

/* Knows the target's place in the table, or makes something up for one that is not there. */
void target_init(struct target *target, const char *name, const struct fuzz_options *options);

/* Makes or reads its directories. Return: false if that is impossible, which has been told. */
bool target_open(struct target *target, const struct fuzz_options *options);

/*
 * Copies what is new in the engines' directories. A file may still be on its way unless no
 * engine runs: it is @settled, and what cannot be kept then is told and counted as lost.
 */
void target_collect(struct target *target, const struct fuzz_options *options, bool settled,
		    long now);

/* Its directory cannot be written to, or soon will not: why; else NULL. */
const char *target_cannot_write(const struct target *target);

/* Hands an input to the engines, if it is no finding. */
void target_hand_out(struct target *target, const struct store_input *input);

/* Adds to one of its stores; says so once if that fails. Return: as store_add(). */
int target_keep(struct target *target, struct store *store, const char *prefix,
		const struct store_input *input);

/* A finding must not be what every engine begins with. */
void target_withdraw(const struct target *target, const char *written);

/* The command that shows a finding again. Its two words may be four times as long, quoted. */
#define TARGET_COMMAND (4 * 4 * PATH_MAX)
void target_replay_command(const struct target *target, const struct fuzz_options *options,
			   const char *input, char *command, size_t size);

/* Of this run; and with those of the runs before. */
unsigned long target_executions(const struct target *target, long now);
unsigned long target_all_executions(const struct target *target, long now);

/* Executions a second: of the engines that run now; and the mean of @executions in @ms. */
unsigned long target_rate(const struct target *target);
unsigned long mean_rate(unsigned long executions, long ms);
size_t target_new_findings(const struct target *target);

#endif
