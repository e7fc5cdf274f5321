/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The library ends misuse by abort(), a stale pointer by SIGSEGV, a sanitizer by a report. In each
 * case the state is printed, then the signal is raised again: a debugger and a core dump show the
 * thread that caused it.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stress/core.h"

/* In the runtime of every sanitizer, but not without one. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const int deadly_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

/* The first thread that crashes prints the state; others wait until it has ended the process. */
#define WAIT_SECONDS 5
static atomic_int first_crashed; /* its thread number in the system; 0: none */

NO_TSAN static bool is_first_crash(void)
{
	const struct timespec wait = { .tv_sec = WAIT_SECONDS };
	int self = (int)syscall(SYS_gettid), first = 0;

	if (atomic_compare_exchange_strong_explicit(&first_crashed, &first, self,
						    memory_order_relaxed, memory_order_relaxed))
		return true;
	if (first != self)
		nanosleep(&wait, NULL);
	return false;
}

NO_TSAN static void print_state(const char *what, int number)
{
	static struct message message;
	const struct stress_thread *self = current_thread ? current_thread : &threads[0];

	if (!is_first_crash())
		return;
	message_append(&message, "%s: !!! thread %s%u: %s %d\n", current_run.name,
		       current_thread ? "" : "main, not ", self->thread_index, what, number);
	report_append_command(&message);
	report_append_state(&message, self);
	message_append(&message, "End of test: FAILURE\n");
	message_print(&message);
	store_relaxed(&current_run.reported_failures, UINT_MAX / 2);
}

static void handle_signal(int number)
{
	print_state("killed by signal", number);
	signal(number, SIG_DFL);
	raise(number);
}

static void handle_sanitizer_death(void)
{
	print_state("ended by a sanitizer; its report is on standard error", 0);
}

void crash_install_handlers(void)
{
	const struct sigaction action = { .sa_handler = handle_signal, .sa_flags = SA_NODEFER };

	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(handle_sanitizer_death);
		sigaction(SIGABRT, &action, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(deadly_signals) / sizeof(deadly_signals[0]); i++)
		sigaction(deadly_signals[i], &action, NULL);
}
