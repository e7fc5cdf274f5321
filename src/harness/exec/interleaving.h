/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The third executor: one interleaving of a program's calls, with switches of threads inside of calls. */
#pragma once

#include "harness/exec/exec.h"
#include "harness/interleave/strategy.h"

enum interleaving_end {
	INTERLEAVING_DONE,         /* every line ran */
	INTERLEAVING_DEADLOCK,     /* no thread can go on */
	INTERLEAVING_LIVELOCK,     /* the threads made too many decisions or points, and have not ended */
	INTERLEAVING_DOES_NOT_FIT, /* a decision of the strategy is not possible */
	INTERLEAVING_NOT_UNDONE,   /* every line ran, but the undo log cannot restore the library's data */
};

/* The choice of the thread that runs next. */
struct decision {
	uint8_t chosen, running; /* running: the thread that ran before; NO_THREAD: a section begins */
	uint16_t enabled;
	uint32_t position;     /* as in struct deviation (deviations.h) */
	uint16_t call;         /* index of the call of the chosen thread */
	uint32_t number;       /* of the point, among the points of the chosen thread */
	struct point point;    /* the point that the chosen thread makes */
	uint16_t stopped_call; /* the call in which the running thread is stopped, and before which kind of
				  point */
	uint8_t stopped_kind;
};

/* What a thread ran before the first decision of a section. */
struct thread_start {
	uint8_t thread;
	uint32_t section;         /* as the position of a decision at the begin of the section */
	uint32_t first, position; /* of its first point, and of the point before which it stopped; UINT32_MAX:
				     it did not stop */
};

/*
 * What happened. After each decision all members are valid, so that a parent process can read them.
 * @has_learned: an address turned out to be shared, so threads ran past points that need decisions. Then the
 * order matters in which threads ran before the first decision of a section.
 */
struct interleaving {
	enum interleaving_end end;
	bool has_learned;
	uint64_t point_hash; /* of all points in their order, to compare two executions of one process */
	size_t start_count;
	struct thread_start starts[PROGRAM_CALLS];
	size_t decision_count;
	struct decision decisions[DECISIONS_MAX];
};

/*
 * Sets *@is_reached if the accesses of the page library reach the hooks (tsan_hooks.h). The library must be
 * an archive that is compiled with -fsanitize=thread. The function allocates and frees a page. If @must_exit,
 * the process exits with status 0 at the first access, so that a lock that is never released does not matter.
 */
void exec_find_out_whether_library_reaches_hooks(bool *is_reached, bool must_exit);

/*
 * Runs one interleaving, under ThreadSanitizer and with the backend `direct` only. No call of the program may
 * be fatal. The caller has called scheduler_map_stacks(). After INTERLEAVING_DONE the library's data is as
 * before, as far as undo_log.h restores it; after another end the process must not use the library any more.
 * @trace: gets the step of call i as steps[i], whatever the order was, and the pages at the end.
 */
enum interleaving_end exec_run_interleaved(struct exec *exec, const struct program *program,
					   const struct strategy *strategy, struct trace *trace,
					   struct interleaving *result);
