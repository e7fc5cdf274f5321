/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The page library ends misuse by abort(), a stale pointer by SIGSEGV, a sanitizer by a
 * report. Whatever kills, the state comes after it, then the signal takes its course: a
 * debugger and a core see the thread that did it.
 */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "stress/core.h"

/* In every sanitizer's runtime, and nowhere else. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const int deadly[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

/* The first to die tells; others that die meanwhile wait for it to take all along. */
#define WAIT_SECONDS 5
static atomic_int teller;

NO_TSAN static bool first_to_tell(void)
{
	const struct timespec wait = { .tv_sec = WAIT_SECONDS };
	int me = (int)syscall(SYS_gettid), before = 0;

	if (atomic_compare_exchange_strong_explicit(&teller, &before, me, memory_order_relaxed,
						    memory_order_relaxed))
		return true;
	if (before != me)
		nanosleep(&wait, NULL);
	return false;
}

NO_TSAN static void tell(const char *what, int number)
{
	static struct message message;
	const struct stress_thread *self = stress_self ? stress_self : &threads[0];

	if (!first_to_tell())
		return;
	message_append(&message, "%s: !!! thread %s%u: %s %d\n", current_run.pattern->name,
		       stress_self ? "" : "main, not ", self->index, what, number);
	report_add_rerun(&message, &current_run);
	report_add_state(&message, self);
	message_append(&message, "End of test: FAILURE\n");
	message_write(&message, STDOUT_FILENO);
	atomic_store_explicit(&current_run.told, UINT_MAX / 2, memory_order_relaxed);
}

static void died(int number)
{
	tell("killed by signal", number);
	signal(number, SIG_DFL);
	raise(number);
}

static void sanitizer_died(void)
{
	tell("ended by a sanitizer; its report is on standard error", 0);
}

void crash_install_handlers(void)
{
	const struct sigaction action = { .sa_handler = died, .sa_flags = SA_NODEFER };

	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(sanitizer_died);
		sigaction(SIGABRT, &action, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
		sigaction(deadly[i], &action, NULL);
}
