/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Internal to the core; scenarios do not include it.
 *
 *   main.c        main(): a command for each scenario
 *   options.c     the command line             run.c         threads, time
 *   statistics.c  counters, and the result     report.c      messages, failures
 *   races.c       ThreadSanitizer's reports    pressure.c    delays; makes calls fail
 *   copy.c        other ways to copy bytes
 */
#ifndef STRESS_CORE_H
#define STRESS_CORE_H

#include <pthread.h>
#include <stdarg.h>
#include <time.h>

#include "stress/stress.h"

/*
 * For functions that ThreadSanitizer must not instrument. It calls record_race() with its own locks
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

extern _Thread_local struct stress_thread *current_thread; /* NULL: not a thread of a scenario */

/*
 * report.c: a message is built in memory and written by one write(2), so that messages of threads
 * that fail at the same time do not mix. A lock would order the threads, and hide races from
 * ThreadSanitizer.
 */
struct message {
	char text[16384]; /* a string; what is longer is cut */
	size_t text_length;
};

void message_append(struct message *message, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void message_vappend(struct message *message, const char *format, va_list args);

/* Writes the message to standard output. */
void message_print(const struct message *message);

/* options.c: reads the options of current_run. Return: -1, or an exit status. */
int options_read_arguments(int argc, char **argv);

/* Appends the options of this run, including the defaults that were chosen. */
void options_append_to_message(struct message *message);

/* run.c: start_thread() exits if the system refuses a thread. run_scenario() returns a status. */
void start_thread(pthread_t *handle, void *(*main_function)(void *arg), void *arg);
int run_scenario(void);
uint64_t read_clock_msec(clockid_t clock);

/* races.c: an expected race, between stress threads on the page, or any other race. */
enum race_location { ON_PAGE, ELSEWHERE, RACE_LOCATIONS };
void races_install_callback(void);
unsigned long races_get_count(enum race_location location);

/* Return: whether an expected race was not reported yet. */
bool races_are_missing(void);

/* Appends the unexpected races, and the expected races that were not reported. */
void races_append_failures(struct message *message);

/* statistics.c. Return: the number of open descriptors, plus a constant. */
unsigned int statistics_count_descriptors(void);

/* Gets the sizes of the memory of this process in bytes. Return: false if they are unknown. */
bool statistics_get_memory_sizes(unsigned long *address_space_size, unsigned long *resident_size);
void statistics_print_line(uint64_t msec);

/* Prints the last line. Return: whether the run is a success. */
bool statistics_print_result_line(void);

/*
 * report.c: report_store_binary_path() finds the path of this binary. The crash handlers print the
 * state when a signal or a sanitizer ends the process.
 */
void report_install_crash_handlers(void);
void report_store_binary_path(void);
void report_append_repeat_command(struct message *message);

/*
 * pressure.c: pressure_set_failing_calls() makes the percentages of calls fail that the options
 * request, or none. Return: false if the page library cannot make calls fail.
 */
bool pressure_set_failing_calls(bool is_on);
void pressure_start(void);
void pressure_stop(void);
void pressure_delay_thread(struct stress_thread *self);

/* copy.c: Return: false if this build does not have that method. */
bool copy_select_method(const char *method);

#endif
