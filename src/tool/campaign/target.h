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
#include "tool/util/corpus_directory.h"

/* Most processes of one engine on one target. */
#define ENGINE_WORKERS 64

struct target_engine {
	bool there; /* it can run on the target */
	long used;  /* ms, of all its workers */
};

/* Reasons of findings that were logged; a finding with the same reason again is kept, and counted. */
#define REASONS 32

struct target {
	const char *name;
	const char *flavour;
	enum target_reads reads;
	size_t max_len;
	char dir[3600], queue[3700];
	char dictionary[PATH_MAX]; /* of tokens, as both engines read it; empty: none */
	int lock;
	struct corpus_directory corpus, findings;
	struct name_set seen; /* files of the engines that are kept already */
	struct target_engine engines[ENGINES];
	struct worker workers[ENGINES * ENGINE_WORKERS]; /* those of each engine in a row */
	long used; /* ms */

	size_t corpus_before, findings_before;
	unsigned long coverage; /* the most that an engine saw */
	long last_find;         /* ms */
	char reasons[REASONS][200];
	size_t reasons_logged;

	unsigned int lost; /* files or directories of engines that could not be kept */
	bool paused;
	char plotted[128];                                 /* the figures that were written last */
	long plotted_at;                                   /* ms */
	unsigned long earlier_seconds, earlier_executions; /* of the campaigns before */
};

#define for_each_worker(worker, target)                                     \
	for (__typeof__(&(target)->workers[0]) worker = (target)->workers;  \
	     worker < (target)->workers + ENGINES * ENGINE_WORKERS; worker++)

/* Sets the target up by the table of targets, or by defaults if it is not there. */
void target_init(struct target *target, const char *name, const struct fuzz_options *options);

/* Makes or reads its directories. Return: false if that is impossible; the log has why. */
bool target_open(struct target *target, const struct fuzz_options *options);

/*
 * Copies what is new in the engines' directories. While engines run a file may be incomplete. When
 * none runs (@settled), what cannot be kept is logged and counted as lost.
 */
void target_collect(struct target *target, const struct fuzz_options *options, bool settled,
		    long now);

/* Return: why its directory cannot be written to, or soon cannot; NULL: it can. */
const char *target_cannot_write(const struct target *target);

/* Copies an input to the directory that the engines read, if it is no finding. */
void target_enqueue(struct target *target, const struct corpus_input *input);

/* Adds an input to its corpus or findings; logs once if that fails. Return: as corpus_directory_add(). */
int target_store_input(struct target *target, struct corpus_directory *store, const char *prefix,
		const struct corpus_input *input);

/* Removes a finding from the directory that the engines read: they would end at its start. */
void target_withdraw(const struct target *target, const char *written);

/* The command that shows a finding again. Its two words may be four times as long, quoted. */
#define TARGET_COMMAND (4 * 4 * PATH_MAX)
void target_replay_command(const struct target *target, const struct fuzz_options *options,
			   const char *input, char *command, size_t size);

/* Executions of this run; and with those of earlier runs. */
unsigned long target_executions(const struct target *target, long now);
unsigned long target_all_executions(const struct target *target, long now);

/* Executions a second: of the engines that run now; and the mean of @executions in @ms. */
unsigned long target_rate(const struct target *target);
unsigned long mean_rate(unsigned long executions, long ms);
size_t target_new_findings(const struct target *target);

/* Prints a line on standard output (campaign_progress.c). */
void log_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
