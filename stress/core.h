/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal to the core; patterns do not include it.
 *
 *   stress.c      main(), threads, time        statistics.c  counters, printed regularly
 *   options.c     the command line             report.c      failures, parameters
 *   races.c       ThreadSanitizer's reports    crash.c       signals that end the process
 *   pressure.c    makes calls fail             verdict.c     the result
 *   points.c      delays inside the library    copy_*.c      other ways to copy bytes
 */
#ifndef STRESS_CORE_H
#define STRESS_CORE_H

#include "stress/stress.h"
#include "stress/message.h"

/*
 * For functions that ThreadSanitizer must not instrument. It calls race_seen() with its own locks
 * held, so a recorded access could deadlock. Reading other threads' data for a failure report must
 * not be reported as a race. Only under ThreadSanitizer: for MemorySanitizer the result of an
 * uninstrumented function would be uninitialised.
 */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNDER_TSAN 1
#endif
#elif defined(__SANITIZE_THREAD__)
#define UNDER_TSAN 1
#endif
#if !defined(UNDER_TSAN)
#define NO_TSAN
#elif defined(__has_attribute) && __has_attribute(disable_sanitizer_instrumentation)
#define NO_TSAN __attribute__((disable_sanitizer_instrumentation))
#else
#define NO_TSAN __attribute__((no_sanitize_thread))
#endif

#define THREAD_PREFIX "stress-"

extern struct stress_run current_run;
extern struct stress_thread threads[STRESS_THREADS_MAX];
extern _Thread_local struct stress_thread *stress_self; /* NULL: not a thread of a pattern */

/* Prints "pattern: !!! expected WANTED: ERROR" and exits. */
_Noreturn void stress_exit_failed(const char *wanted, int error);

/* options.c: parses argv; exits with status 2 and one line if it is invalid. */
void options_parse(struct stress_run *run, int argc, char **argv);

/* races.c: a race on the page between stress threads, or any other race. */
enum place { ON_PAGE, ELSEWHERE, PLACES };
void races_start(void);
unsigned long races_count(enum place place);

/* Return: whether an expected race was not reported yet. */
bool races_are_missing(const struct stress_run *run);

void races_add_faults(struct message *message, const struct stress_run *run);

/* statistics.c */
struct totals {
	unsigned long kinds[STRESS_KINDS_MAX];
	unsigned long all, max, min; /* operations: of all threads, of the fastest, of the slowest */
	unsigned long failures, refused;
};
struct totals statistics_sum(const struct stress_run *run);
unsigned long statistics_rss(void); /* KiB; 0: unknown */
unsigned int statistics_fds(void);  /* open descriptors, plus a constant */
void statistics_print(const struct stress_run *run, uint64_t msec);

/* report.c */
void report_add_parameters(struct message *message, const struct stress_run *run);
void report_add_rerun(struct message *message, const struct stress_run *run);
void report_add_state(struct message *message, const struct stress_thread *self);

/* crash.c: prints the state when a signal or a sanitizer ends the process. */
void crash_install_handlers(void);

/* pressure.c */
void pressure_start(struct stress_run *run);
void pressure_stop(struct stress_run *run);

/* points.c: delays inside the library, with --delays. */
void points_start(const struct stress_run *run);
void points_stop(void);
void points_delay(struct stress_thread *self);

/* copy_wrapped.c, copy_none.c: Return false if this build does not have that way. */
bool copy_select(const char *name);

/* verdict.c */
bool stress_print_verdict(const struct stress_run *run);

#endif
