/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * `pagetorture replay`: many inputs a process, and each as if it were alone.
 *
 *   replay_gate.c      all flavours, one after the other
 *   replay_list.c      inputs, by name, in a file without a name that workers read
 *   replay_worker.c    the half inside of a flavour's binary: takes inputs from its control
 *   replay_worker_process.c      one worker: starting, watching, ending it; what it died of
 *   replay_run.c       one flavour: workers out work
 *   replay_finish.c    what comes back: each failure is seen again alone
 *   replay_orders.c    orders, and what has to stay the same
 *   replay_interaction.c   failures that need others before them: which of them?
 *   replay_report.c    what is told: rows, TAP, JUnit, JSON
 *   replay_sarif.c     the same for code hosts
 *   misbehave.c        inputs that go wrong on purpose
 */
#ifndef TOOL_REPLAY_H
#define TOOL_REPLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "harness/execution.h"
#include "tool/util/results.h"
#include "tool/sarif/replay_kind.h"

/* Is the process spoilt for other inputs? What the library had no part in spoils nothing. */
static inline bool replay_distrusts(enum replay_kind kind)
{
	return replay_kinds[kind].fails && kind != REPLAY_unreadable && kind != REPLAY_claim;
}

/* ---- inputs ---- */

/* Names that begin at offsets of one stretch of memory. */
struct replay_list {
	int file; /* that another process may read it by */
	uint32_t count;
	const uint64_t *at;
	const char *names;
	size_t size;
};

/*
 * Files of all @paths, which NULL ends, sorted (or, @as_given, in the order of the paths),
 * each once. What cannot be read is told on standard error.
 * @left_out: gets the number of files in directories that are no inputs (*.md, *.mk)
 * @good: gets whether all could be read
 * Return: NULL, after saying so, without memory.
 */
struct replay_list *replay_list_new(char **paths, bool as_given, size_t *left_out, bool *good);

/* The list that another process made; NULL if it is none. */
struct replay_list *replay_list_open(int file);
void replay_list_delete(struct replay_list *list);

const char *replay_name(const struct replay_list *list, uint32_t input);

/* ---- worker and driver ---- */

/* Inputs of one batch. */
#define REPLAY_BATCH 512
/* After so many batches a worker is another: detectors keep something of each race. */
#define REPLAY_BATCHES 40
#define REPLAY_WHY 256

struct replay_result {
	uint8_t kind;
	bool recheck; /* the heap is larger than before, or there is a descriptor more */
	uint32_t microseconds;
	uint64_t digest; /* of the outcome, if it was asked for */
	char why[REPLAY_WHY];
};

struct replay_footprint {
	size_t heap, mappings, resident;
	int descriptor;
};

/*
 * What a worker and the driver share. Nothing else of the driver can be reached by a
 * worker that writes wildly, and what stands here is believed only as far as it is checked.
 */
struct replay_control {
	/* From the driver. */
	uint32_t count, inputs[REPLAY_BATCH];
	bool alone;   /* one input, looked at closely */
	bool measure; /* instead of an batch: what the process holds now */
	bool lost;    /* at the end of the batch: is there lost memory? */
	bool digests;
	/* From the worker. */
	_Atomic uint32_t position; /* of the input that began last */
	_Atomic uint32_t phase;	   /* moves on with each input */
	_Atomic bool again;	   /* all inputs have run, and run again: which maps memory? */
	struct execution execution;
	struct replay_footprint footprint;
	bool looks_for_lost; /* it can */
	bool has_lost;
	struct replay_result results[REPLAY_BATCH];
};

/* Descriptors that a worker finds open. */
enum replay_descriptor { REPLAY_LIST = 3, REPLAY_CONTROL, REPLAY_GO, REPLAY_DONE };

/*
 * The worker. @armed: inputs misbehave that ask for it.
 * Return: an exit status.
 */
int replay_worker_run(const struct execution_options *options, bool armed);

/* ---- driving ---- */

/* More jobs than CPUs bring nothing, but the user may know better. */
#define REPLAY_JOBS 64

struct replay_options {
	struct execution_options execution;
	unsigned int jobs;
	unsigned int megabytes; /* that an input may use more than there were before */
	const char *backend;	/* or NULL */
	const char *flavour;	/* that is running */
	bool armed;		/* --misbehave */
	bool orders;		/* all inputs in one process, in two orders */
	bool shuffled;		/* the order is that of the seed */
	uint64_t seed;
	bool as_given;
};

/* What is known of an input in one flavour. */
struct replay_row {
	uint8_t kind;
	bool asked; /* there was an answer, or a death */
	uint32_t microseconds;
	uint64_t digest;
	char *why; /* NULL: nothing to say; else one line */
	char *output; /* what it printed as it failed, or NULL */
	bool paired; /* `other` fails after it (corrupts), or it fails after `other` (state) */
	uint32_t other;
};

void replay_row_set(struct replay_row *row, enum replay_kind kind, const char *why,
		    const char *output);

/* One flavour's replay. */
struct replay_column {
	const char *flavour;
	struct replay_row *rows; /* one an input */
	struct replay_footprint before, after; /* with two orders: after the first and the second */
	char flat[REPLAY_WHY]; /* what is not flat, or "" */
	bool measured;
	double seconds;
	unsigned int starts; /* of workers */
};

/* ---- one worker ---- */

enum replay_worker_state {
	REPLAY_WORKER_EMPTY,
	REPLAY_WORKER_IDLE,
	REPLAY_WORKER_BUSY,
	REPLAY_WORKER_ENDING,
};

#define REPLAY_WORKER_OUTPUT 16384

struct replay_worker {
	enum replay_worker_state state;
	int pid;
	int go, done, output;	/* ends of pipes */
	int go_end;		/* the worker's: writing to one that died is no SIGPIPE */
	int file;		/* of the control */
	struct replay_control *control;
	unsigned int batches;	/* that it got */
	uint32_t *history;	/* inputs that it began, in order */
	size_t ran;
	bool alone;
	/* Watching. */
	uint32_t phase;
	long since;		/* ms: when the phase began, as far as was seen */
	long cpu_since;		/* ms of CPU time then */
	size_t resident;	/* bytes, when the batch began */
	enum replay_kind killed; /* for what the driver ended it; REPLAY_good: it did not */
	/* What it printed: its end. */
	char text[REPLAY_WORKER_OUTPUT];
	size_t used;
};

/* Return: false without processes or memory. */
bool replay_worker_start(struct replay_worker *worker, const struct replay_options *options,
		const struct replay_list *list);

/* Hands it an batch of @count inputs. */
void replay_worker_send(struct replay_worker *worker, const uint32_t *inputs, uint32_t count);

/* Reads what it prints, and ends it when an input uses more than it may. */
void replay_worker_watch(struct replay_worker *worker, const struct replay_options *options);

/* Instead of an batch: the process is to say what it holds. */
void replay_worker_measure(struct replay_worker *worker);

/* Until one of them has something to say, or @most milliseconds. */
void replay_worker_wait(struct replay_worker *workers, unsigned int count, long most);

/* Did it finish its batch? */
bool replay_worker_done(const struct replay_worker *worker);

/* Is the process gone? Then @status is as of waitpid(). */
bool replay_worker_gone(struct replay_worker *worker, int *status);

/* Ends it, however it feels about that. */
void replay_worker_end(struct replay_worker *worker);

/* Gives back what a worker had whose process is gone. */
void replay_worker_clear(struct replay_worker *worker);

/* What a process that is gone died of. @why: one line */
enum replay_kind replay_worker_death(const struct replay_worker *worker, int status,
			    const struct replay_options *options, const char *name,
			    char why[REPLAY_WHY]);

/* Milliseconds, from whenever. */
long replay_now(void);

/* ---- one flavour ---- */

/* Marks an item of the second order. */
#define REPLAY_SECOND 0x80000000u

/*
 * Fills @order, which has room for all inputs twice: sorted; or shuffled; or, with two
 * orders, sorted and then backwards or shuffled.
 * Return: how many items that are.
 */
size_t replay_order(const struct replay_options *options, uint32_t inputs, uint32_t *order);

/* Says in the column what the second order left behind and the first did not. */
void replay_check_flat(struct replay_column *column, size_t inputs);

/*
 * Return: false if workers could not be started, or did not begin. What was not run is then no
 * good input, and what failed has failed.
 */
bool replay_run(const struct replay_options *options, const struct replay_list *list,
		struct replay_column *column);

/* A failure that was not there alone. */
struct replay_unattributed {
	uint32_t affected;
	uint32_t *history; /* what began before it in its process */
	size_t ran;
	uint8_t kind; /* as it was seen first */
	char why[REPLAY_WHY];
};

/* Who did it? The answer goes to the rows. */
void replay_find_interaction(const struct replay_options *options, const struct replay_list *list,
		    struct replay_column *column, const struct replay_unattributed *unattributed);

/*
 * One of @inputs loses memory: which? Only LeakSanitizer knows that there is one.
 * Return: is one named? One that nobody can be asked about is.
 */
bool replay_find_lost(const struct replay_options *options, const struct replay_list *list,
		      struct replay_column *column, const uint32_t *inputs, size_t count);

/* ---- telling ---- */

enum replay_format { REPLAY_ROWS, REPLAY_TAP, REPLAY_JSON };

void replay_progress(const struct replay_options *options, const char *name, size_t done,
		     size_t count, size_t failed);
void replay_progress_end(void);

/* The command that shows a failure again; until the next one is asked for. */
const char *replay_command(const struct replay_options *options, const struct replay_list *list,
			   const struct replay_column *column, uint32_t input);

/* How many inputs failed. */
size_t replay_failed(const struct replay_list *list, const struct replay_column *column);

/* A flavour that is not there. */
void replay_tap_skip(const char *flavour);

/* One flavour, when it is done. */
void replay_print(const struct replay_options *options, const struct replay_list *list,
		  const struct replay_column *column, enum replay_format format);

/* All that was printed, at the end. */
void replay_print_end(const struct replay_list *list, const struct replay_column *columns,
		      unsigned int count, enum replay_format format);

/* Return: false, after saying so, if @file cannot be written. */
bool replay_junit(const char *file, const struct replay_options *options,
		  const struct replay_list *list, const struct replay_column *columns,
		  unsigned int count);

/* The failures for code hosts. Return: false, after saying so, if @file cannot be written. */
bool replay_sarif(const char *file, const struct replay_options *options,
		  const struct replay_list *list, const struct replay_column *columns,
		  unsigned int count);

/* Sums and failures as a file. Return: is it written? */
bool replay_write_results(struct results *results, const struct replay_options *options,
			  const struct replay_list *list, const struct replay_column *columns,
			  unsigned int count, bool good);

/* ---- self-test ---- */

/* Each way to misbehave is called by its name, and nothing else is. Return: exit status. */
int replay_self_test(const struct replay_options *options, const char *const *flavours,
		     unsigned int count);

/* Room for the rows of @count inputs. NULL without memory. */
struct replay_row *replay_rows_new(size_t count);
void replay_rows_delete(struct replay_row *rows, size_t count);

#endif
