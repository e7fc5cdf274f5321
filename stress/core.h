/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What the parts of the core know of each other. Patterns do not include it.
 *
 *   stress.c      main(), threads, time        statistics.c  what is printed as time goes
 *   options.c     the command line             report.c      a failure, the parameters
 *   races.c       what ThreadSanitizer says    crash.c       a failure that kills
 *   pressure.c    what makes calls fail        verdict.c     the end
 *   points.c      delays inside the library    copy_*.c      other ways to copy bytes
 */
#ifndef STRESS_CORE_H
#define STRESS_CORE_H

#include "stress/stress.h"
#include "stress/message.h"

/*
 * ThreadSanitizer calls race_seen() with its own locks held: an access that it
 * watches, or an atomic that it handles, could wait there for itself. And who looks at
 * other threads to report a failure is no race to be told. Only there: to
 * MemorySanitizer a function that it does not see hands on what is uninitialised.
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
extern _Thread_local struct stress_thread *stress_self; /* NULL: no thread of a pattern */

/* "pattern: !!! expected WANTED: why", then the end. */
_Noreturn void stress_exit_failed(const char *wanted, int error);

/* options.c: what argv says, or exit(2) with one line. */
void options_parse(struct stress_run *run, int argc, char **argv);

/* races.c: races on the page between stress threads, or not so. */
enum place { ON_PAGE, ELSEWHERE, PLACES };
void races_start(void);
unsigned long races_count(enum place place);

/* Is a race still to be seen, with nothing planted that hides it? */
bool races_are_missing(const struct stress_run *run);

void races_add_faults(struct message *message, const struct stress_run *run);

/* statistics.c */
struct totals {
	unsigned long kinds[STRESS_KINDS_MAX];
	unsigned long all, max, min; /* operations: of all threads, of one */
	unsigned long failures, refused;
};
struct totals statistics_sum(const struct stress_run *run);
unsigned long statistics_rss(void); /* KiB; 0: not known */
unsigned int statistics_fds(void);  /* open descriptors, always the same too many */
void statistics_print(const struct stress_run *run, uint64_t msec);

/* report.c */
void report_add_parameters(struct message *message, const struct stress_run *run);
void report_add_rerun(struct message *message, const struct stress_run *run);
void report_add_state(struct message *message, const struct stress_thread *self);

/* crash.c: a signal, or a sanitizer that ends the process, leaves the state behind. */
void crash_install_handlers(void);

/* pressure.c */
void pressure_start(struct stress_run *run);
void pressure_stop(struct stress_run *run);

/* points.c: delays in the library, when they are asked for. */
void points_start(const struct stress_run *run);
void points_stop(void);
void points_delay(struct stress_thread *self);

/* copy_wrapped.c, copy_none.c: Return false if there is no such way in this build. */
bool copy_select(const char *name);

/* verdict.c */
bool stress_print_verdict(const struct stress_run *run);

#endif
