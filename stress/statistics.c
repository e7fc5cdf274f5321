/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stress/core.h"

struct totals {
	unsigned long count_by_operation[STRESS_OPERATIONS_MAX];
	unsigned long operations, fastest_thread_operations,
		slowest_thread_operations; /* of all threads, of one */
	unsigned long failures, refused;
};

static void add_thread_counts(struct totals *totals, const struct stress_thread *thread)
{
	unsigned long operations = 0;

	for (unsigned int i = 0; i < STRESS_OPERATIONS_MAX; i++) {
		unsigned long n =
			atomic_load_explicit(&thread->operation_counts[i], memory_order_relaxed);

		totals->count_by_operation[i] += n;
		operations += n;
	}
	totals->operations += operations;
	if (totals->fastest_thread_operations < operations)
		totals->fastest_thread_operations = operations;
	if (totals->slowest_thread_operations > operations)
		totals->slowest_thread_operations = operations;
	totals->failures += atomic_load_explicit(&thread->failure_count, memory_order_relaxed);
	totals->refused += atomic_load_explicit(&thread->refused_count, memory_order_relaxed);
}

static struct totals add_all_thread_counts(void)
{
	struct totals totals = { .slowest_thread_operations = (unsigned long)-1 };

	for (unsigned int i = 0; i < current_run.thread_count; i++)
		add_thread_counts(&totals, &threads[i]);
	return totals;
}

/* Return: KiB; 0: unknown. */
static unsigned long get_resident_kib(void)
{
	unsigned long size = 0, pages = 0;
	FILE *statm = fopen("/proc/self/statm", "r");

	if (!statm)
		return 0;
	if (fscanf(statm, "%lu %lu", &size, &pages) != 2)
		pages = 0;
	fclose(statm);
	return pages * (unsigned long)sysconf(_SC_PAGESIZE) / 1024;
}

/* CPU time of all threads, user and system. */
static unsigned long long get_cpu_msec(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (unsigned long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	       (unsigned long long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

unsigned int statistics_count_descriptors(void)
{
	unsigned int count = 0;
	DIR *descriptors = opendir("/proc/self/fd");

	while (descriptors && readdir(descriptors))
		count++;
	if (descriptors)
		closedir(descriptors);
	return count;
}

/* As in the kernel, "???" marks something odd, and "!!!" a failure. */
void statistics_print(uint64_t msec)
{
	const struct stress_scenario *scenario = current_run.scenario;
	struct totals totals = add_all_thread_counts();
	struct message message = { .length = 0 };

	message_append(&message, "%s: %llu.%03us Total: %lu", current_run.name,
		       (unsigned long long)(msec / 1000), (unsigned int)(msec % 1000),
		       totals.operations);
	for (unsigned int i = 0; scenario->operations[i].name; i++)
		message_append(&message, " %s: %lu", scenario->operations[i].name,
			       totals.count_by_operation[i]);
	message_append(&message, " Rate: %llu/s Max/Min: %lu/%lu%s",
		       (unsigned long long)totals.operations * 1000 / (msec ? msec : 1),
		       totals.fastest_thread_operations, totals.slowest_thread_operations,
		       totals.fastest_thread_operations / 2 > totals.slowest_thread_operations
			       ? " ???"
			       : "");
	message_append(&message, " Refused: %lu Races: %lu on the page, %lu elsewhere%s",
		       totals.refused, races_count(ON_PAGE), races_count(ELSEWHERE),
		       races_count(ELSEWHERE) ? " !!!" : "");
	message_append(&message, " Cpu: %llums Rss: %luK Fds: %u Fail: %lu%s\n", get_cpu_msec(),
		       get_resident_kib(), statistics_count_descriptors(), totals.failures,
		       totals.failures ? " !!!" : "");
	message_print(&message);
}

/* A run without any operation is a failure, because it tested nothing. */
bool statistics_print_result(void)
{
	const char *name = current_run.name;
	int stop_signal = atomic_load_explicit(&current_run.stop_signal, memory_order_relaxed);
	struct totals totals = add_all_thread_counts();
	struct message message = { .length = 0 };
	bool is_success;

	races_append_faults(&message);
	is_success = !message.length && !totals.failures && (totals.operations || stop_signal);
	if (!message.length && races_count(ON_PAGE))
		message_append(&message, "%s: the expected race was reported %lu times\n", name,
			       races_count(ON_PAGE));
	if (stop_signal)
		message_append(&message, "%s: stopped by signal %d before its time\n", name,
			       stop_signal);
	message_append(&message, "End of test: %s\n", is_success ? "SUCCESS" : "FAILURE");
	message_print(&message);
	return is_success;
}
