/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Creates and replaces the fibers. Without coverage counters, because fuzz_race replaces the fibers after
 * some of its inputs.
 */
#include "harness/detect/tsan.h"
#include "harness/exec/exec_state.h"
#include "harness/util/bytes.h"
#include "harness/util/no_coverage.h"

NO_COVERAGE_FILE_BEGIN

static void create_fibers_except_main(struct exec *exec)
{
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		if (t != THREAD_MAIN)
			exec->fibers[t] = tsan_fiber_new(exec->fiber_names[t]);
}

void exec_create_fibers(struct exec *exec)
{
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++)
		exec->fiber_names[t] = thread_name(t);
	exec->first_fiber = exec->fibers[THREAD_MAIN] = tsan_fiber_self();
	create_fibers_except_main(exec);
}

/* The first fiber belongs to the OS thread, so it is never deleted. */
static void delete_fibers(const struct exec *exec, void *const fibers[PROGRAM_THREADS])
{
	for (unsigned int t = 0; t < PROGRAM_THREADS; t++)
		if (fibers[t] != exec->first_fiber)
			tsan_fiber_delete(fibers[t]);
}

/* At the end of an execution main happens after all threads, so the fibers that main creates do, too. */
void exec_renew_fibers(struct exec *exec)
{
	void *old_fibers[PROGRAM_THREADS];

	bytes_copy(old_fibers, exec->fibers, sizeof(old_fibers));
	exec->fibers[THREAD_MAIN] = tsan_fiber_new(exec->fiber_names[THREAD_MAIN]);
	tsan_fiber_switch(exec->fibers[THREAD_MAIN]);
	create_fibers_except_main(exec);
	delete_fibers(exec, old_fibers);
}

NO_COVERAGE_FILE_END
