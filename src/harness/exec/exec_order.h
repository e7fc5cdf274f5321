/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The order of threads that a program defines, for executors that run all threads on one OS thread. Each
 * function reports it to two detectors: ThreadSanitizer for pages, and library_race.h for the library's
 * data. ThreadSanitizer's running fiber must be the fiber of the thread.
 */
#pragma once

#include "harness/program/program.h"

/* An unlock or post releases, a lock or wait acquires. @executor is not used (exec_state.h, sync_call). */
void exec_order_record_sync_call(void *executor, const struct call *call);

/* Before main's next line: each thread releases to main, then main acquires. */
void exec_order_release_to_main(uint8_t thread);
void exec_order_acquire_as_main(void);

/* After main's line: main releases to all threads, then each thread acquires. */
void exec_order_release_as_main(void);
void exec_order_acquire_from_main(uint8_t thread);
