/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Searches the interleavings of a program in the page library, with switches of threads inside of calls, and
 * checks each execution:
 *
 * 1. no race on page bytes (ThreadSanitizer), and none on the library's own data (library_race.h);
 * 2. no deadlock and no livelock;
 * 3. no two live pages have the same page frame, and no frame is lost: the library frees what it allocated,
 * as far as it reports to ThreadSanitizer (sync_mark_allocated() of src/page/sync.h);
 * 4. results, bytes and pages at the end are those of some order of the calls (outcome.h). If only N pages
 * are left at the start, then N allocations succeed, and no more than N pages are live.
 *
 * A report of the library or a crash ends the process. So the caller runs the search in a child process, and
 * reads the result, which is in shared memory, whatever happens to the child.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "harness/exec/interleaving.h"
#include "harness/program/deviations.h"

#define SEARCH_TEXT 400

enum interleaving_search_verdict {
	SEARCH_CRASHED, /* the process ended during the search */
	SEARCH_CLEAN,   /* no execution failed */
	SEARCH_FOUND,   /* the last execution failed */
	SEARCH_REFUSED, /* the program or the library cannot be explored */
};

struct interleaving_request {
	const struct program *program;
	uint64_t execution_limit; /* of each strategy; at least 1 */
	uint64_t seed;            /* of the strategies that choose at random */
	uint64_t order_limit;     /* a program with more orders of its calls is refused; 0: such a program is
				     explored without check 4 */
	const struct strategy *only; /* the only strategy; NULL: dpor, then others if dpor is not complete */
	const struct deviations *deviations; /* the interleaving to run; NULL: search */
	struct start_state start; /* of the library; all searches of a process have the same start state */
	bool must_fork;           /* run each execution in a child process */
	void (*handle_execution)(const struct interleaving *execution); /* gets each execution; or NULL */
};

struct interleaving_search_result {
	enum interleaving_search_verdict verdict;
	char text[SEARCH_TEXT]; /* what failed, or why the program cannot be explored */
	bool is_complete;       /* all interleavings that can have different outcomes were executed */
	bool has_forked;        /* each execution ran in a child process */
	bool needs_fork;        /* SEARCH_REFUSED, but a search with must_fork in a new process will do */
	bool has_unchecked_outcomes; /* the model has too many outcomes, so check 4 was not made */
	uint32_t outcome_count;      /* number of different outcomes that the model allows */
	uint64_t execution_count;    /* of all strategies */
	uint64_t redundant_count;    /* executions that were equivalent to earlier ones */
	unsigned int
		restart_count;    /* searches that began again, because an address turned out to be shared */
	struct start_state start; /* of the library */
	char strategy_name[16];   /* of the last execution */
	struct interleaving last; /* the last execution */
	/* The two accesses of a race: return addresses of the later and of the earlier one; 0: no race. */
	uintptr_t race_callers[2];
};

/*
 * Explores the program. The function may end the process. Before the first search, the process has not used
 * the page library. Unless @request->start is `used` and @request->must_fork is false, @result is in shared
 * memory.
 *
 * Each execution begins with the same state of the library: its writes are undone (undo_log.h), or it runs in
 * a child process. A search without child processes executes the default interleaving three times. If the
 * three executions differ, or a call used free(), the writes cannot be undone: the search ends with
 * needs_fork.
 */
void interleaving_search_run(const struct interleaving_request *request,
			     struct interleaving_search_result *result);

/* Return: the trace of the last execution of this process (interleaving.h); NULL before the first one. */
const struct trace *interleaving_search_get_trace(void);
