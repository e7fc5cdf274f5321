/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Declarations for the core, the files below; scenarios do not include this header.
 *
 *   main.c        main(): a command for each scenario
 *   options.c     the command line             run.c         threads, time
 *   statistics.c  counters, and the result     report.c      messages, failures
 *   races.c       ThreadSanitizer's reports    pressure.c    delays, failing calls, memory limit, forks
 *   copy.c        other ways to copy bytes
 */
#pragma once

#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include "stress/stress.h"

/*
 * NO_TSAN marks functions that ThreadSanitizer must not instrument. An instrumented access in record_race()
 * could deadlock, because ThreadSanitizer calls record_race() while it holds its own locks. In functions that
 * read other threads' data for a failure report, ThreadSanitizer would report races. In other builds NO_TSAN
 * is empty, because MemorySanitizer assumes that the result of an uninstrumented function is uninitialised.
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

extern _Thread_local struct stress_thread *current_thread; /* NULL in threads that run no operations */

/*
 * A message is built in memory and written by one write(2), so that messages of threads that fail at the
 * same time do not mix (report.c). A lock for messages would order the threads, and hide races from
 * ThreadSanitizer.
 */
struct message {
	char text[16384]; /* a string; text that does not fit is dropped */
	size_t text_length;
};

void message_append(struct message *message, const char *format, ...) __attribute__((format(printf, 2, 3)));
void message_vappend(struct message *message, const char *format, va_list args);

void message_print_to_stdout(const struct message *message);

/*
 * options.c: stores the options in current_run, and selects the copy method and the backend.
 * Return: -1 if the scenario can run; otherwise the exit status of the process.
 */
int options_parse_and_apply(int argc, char **argv);

/* Appends the options of this run, including those with default values. */
void options_append_to_message(struct message *message);

/* run.c: starts a thread; if the system refuses to start the thread, ends the process. */
void start_thread_or_exit(pthread_t *handle, void *(*main_function)(void *arg), void *arg);

/* Runs current_run.scenario and prints the result. Return: the exit status of the process. */
int run_scenario(void);
uint64_t read_clock_msec(clockid_t clock);

/*
 * races.c: a race is expected if it is on the common page, between two threads that run operations, and the
 * scenario has race regions. A race that is not expected is a failure.
 */
enum race_kind { EXPECTED_RACE, OTHER_RACE, RACE_KINDS };
void races_install_callback(void);
unsigned long races_get_count(enum race_kind kind);

/* Return: whether some race region has no reported race yet; false if a bug is injected. */
bool races_is_any_region_unreported(void);

/* Appends unexpected races, the first region without a reported race, and the command of the run. */
void races_append_failures(struct message *message);

/* statistics.c. Return: the number of open descriptors, plus a constant. */
unsigned int statistics_count_fd_directory_entries(void);

/* Gets two sizes of this process. Return: false if the sizes are unknown; then both are set to 0. */
bool statistics_get_memory_bytes(unsigned long *address_space_bytes, unsigned long *resident_bytes);

/* Prints one line of statistics. @run_msec: the time since the start of the threads. */
void statistics_print_line(uint64_t run_msec);

/* Prints the failures of races.c, then the last line of output. Return: whether the run succeeded. */
bool statistics_print_result(void);

/* report.c: prints the last operations of all threads when a signal or a sanitizer ends the process. */
void report_install_crash_handlers(void);

/* Stores the path of this binary, for report_append_repeat_command(). */
void report_store_binary_path(void);

/* Appends the command that runs the test again with the same options. */
void report_append_repeat_command(struct message *message);

/*
 * pressure.c: makes as many calls fail as --fail-alloc and --fail-copy request; no call if @is_on is false.
 * Return: false if an option requests failures, but the page library cannot make calls fail.
 */
bool pressure_try_switch_failing_calls(bool is_on);

/* Starts the pressure that the options request: failing calls, a memory limit, forks, delays in calls. */
void pressure_start_failures_forks_delays(void);

/* Stops the pressure, and reports a failure if a child process of --forks failed. */
void pressure_stop_and_check_children(void);

/* Delays the calling thread by a time that the seed of the run chooses; most of the times are 0. */
void pressure_delay_thread_at_random(struct stress_thread *self);

/* copy.c: selects the method of --copy. Return: false if this build does not have the method. */
bool copy_select_method_if_available(const char *method_name);
