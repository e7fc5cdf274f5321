/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

#include "stress/core.h"

/* Sums over all threads, and the number of operations of the fastest and of the slowest thread. */
struct totals {
	unsigned long operation_counts[STRESS_OPERATIONS_MAX];
	unsigned long all_operations, fastest_thread_operations, slowest_thread_operations;
	unsigned long failures, refused_calls;
};

/* Adds the thread's operation counts to the totals. Return: the number of operations of the thread. */
static unsigned long add_operation_counts(struct totals *totals, const struct stress_thread *thread)
{
	unsigned long operations = 0;

	for (unsigned int i = 0; i < STRESS_OPERATIONS_MAX; i++) {
		unsigned long count = load_relaxed(&thread->operation_counts[i]);

		totals->operation_counts[i] += count;
		operations += count;
	}
	return operations;
}

static struct totals compute_run_totals(void)
{
	struct totals totals = { .slowest_thread_operations = (unsigned long)-1 };

	for (unsigned int i = 0; i < current_run.thread_count; i++) {
		unsigned long operations = add_operation_counts(&totals, &threads[i]);

		totals.all_operations += operations;
		if (totals.fastest_thread_operations < operations)
			totals.fastest_thread_operations = operations;
		if (totals.slowest_thread_operations > operations)
			totals.slowest_thread_operations = operations;
		totals.failures += load_relaxed(&threads[i].failure_count);
		totals.refused_calls += load_relaxed(&threads[i].refused_count);
	}
	return totals;
}

bool statistics_get_memory_bytes(unsigned long *address_space_bytes, unsigned long *resident_bytes)
{
	const unsigned long page_size = (unsigned long)sysconf(_SC_PAGESIZE);
	FILE *statm = fopen("/proc/self/statm", "r");
	bool is_known = statm && fscanf(statm, "%lu %lu", address_space_bytes, resident_bytes) == 2;

	if (statm)
		fclose(statm);
	*address_space_bytes = is_known ? *address_space_bytes * page_size : 0;
	*resident_bytes = is_known ? *resident_bytes * page_size : 0;
	return is_known;
}

unsigned int statistics_count_fd_directory_entries(void)
{
	unsigned int count = 0;
	DIR *descriptors = opendir("/proc/self/fd");

	while (descriptors && readdir(descriptors))
		count++;
	if (descriptors)
		closedir(descriptors);
	return count;
}

/* Marks suspicious numbers by "???" and failures by "!!!", as the kernel's torture tests do. */
void statistics_print_line(uint64_t run_msec)
{
	const struct stress_scenario *scenario = current_run.scenario;
	struct totals totals = compute_run_totals();
	struct message message = { .text_length = 0 };
	unsigned long address_space_bytes, resident_bytes;

	statistics_get_memory_bytes(&address_space_bytes, &resident_bytes);
	message_append(&message, "%s: %llu.%03us Total: %lu", current_run.name,
		       (unsigned long long)(run_msec / 1000), (unsigned int)(run_msec % 1000),
		       totals.all_operations);
	for (unsigned int i = 0; scenario->operations[i].name; i++)
		message_append(&message, " %s: %lu", scenario->operations[i].name,
			       totals.operation_counts[i]);
	message_append(&message, " Rate: %llu/s Max/Min: %lu/%lu%s",
		       (unsigned long long)totals.all_operations * 1000 / (run_msec ? run_msec : 1),
		       totals.fastest_thread_operations, totals.slowest_thread_operations,
		       totals.fastest_thread_operations / 2 > totals.slowest_thread_operations ? " ???" : "");
	message_append(&message, " Refused: %lu Races: %lu on the page, %lu elsewhere%s",
		       totals.refused_calls, races_get_count(EXPECTED_RACE), races_get_count(OTHER_RACE),
		       races_get_count(OTHER_RACE) ? " !!!" : "");
	message_append(&message, " Cpu: %llums Rss: %luK Fds: %u Fail: %lu%s\n",
		       (unsigned long long)read_clock_msec(CLOCK_PROCESS_CPUTIME_ID), resident_bytes / 1024,
		       statistics_count_fd_directory_entries(), totals.failures,
		       totals.failures ? " !!!" : "");
	message_print_to_stdout(&message);
}

/* A run without any operation is a failure unless a signal stopped it, because it tested nothing. */
bool statistics_print_result(void)
{
	const char *name = current_run.name;
	int stop_signal = load_relaxed(&current_run.stop_signal);
	struct totals totals = compute_run_totals();
	struct message message = { .text_length = 0 };
	bool is_success;

	races_append_failures(&message);
	is_success = !message.text_length && !totals.failures && (totals.all_operations || stop_signal);
	if (!message.text_length && races_get_count(EXPECTED_RACE))
		message_append(&message, "%s: the expected race was reported %lu times\n", name,
			       races_get_count(EXPECTED_RACE));
	if (stop_signal)
		message_append(&message, "%s: stopped by signal %d before its time\n", name, stop_signal);
	message_append(&message, "End of test: %s\n", is_success ? "SUCCESS" : "FAILURE");
	message_print_to_stdout(&message);
	return is_success;
}
