/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <dirent.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "stress/core.h"

static void add_thread(struct totals *totals, const struct stress_thread *thread)
{
	unsigned long ops = 0;

	for (unsigned int kind = 0; kind < STRESS_KINDS_MAX; kind++) {
		unsigned long n = atomic_load_explicit(&thread->kinds[kind], memory_order_relaxed);

		totals->kinds[kind] += n;
		ops += n;
	}
	totals->all += ops;
	totals->max = ops > totals->max ? ops : totals->max;
	totals->min = ops < totals->min ? ops : totals->min;
	totals->failures += atomic_load_explicit(&thread->failures, memory_order_relaxed);
	totals->refused += atomic_load_explicit(&thread->refused, memory_order_relaxed);
}

struct totals statistics_sum(const struct stress_run *run)
{
	struct totals totals = { .min = (unsigned long)-1 };

	for (unsigned int i = 0; i < run->threads; i++)
		add_thread(&totals, &threads[i]);
	return totals;
}

unsigned long statistics_rss(void)
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
static unsigned long long cpu_msec(void)
{
	struct rusage used;

	getrusage(RUSAGE_SELF, &used);
	return (unsigned long long)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000 +
	       (unsigned long long)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1000;
}

unsigned int statistics_fds(void)
{
	unsigned int count = 0;
	DIR *fds = opendir("/proc/self/fd");

	while (fds && readdir(fds))
		count++;
	if (fds)
		closedir(fds);
	return count;
}

/* As in the kernel, "???" marks something odd, and "!!!" a failure. */
void statistics_print(const struct stress_run *run, uint64_t msec)
{
	struct totals totals = statistics_sum(run);
	struct message message = { .used = 0 };
	const struct stress_kind *kind = run->pattern->kinds;
	bool unwanted = races_count(ELSEWHERE) || (races_count(ON_PAGE) && !run->pattern->race_regions);

	message_append(&message, "%s: %llu.%03us Total: %lu", run->pattern->name,
		       (unsigned long long)(msec / 1000), (unsigned int)(msec % 1000), totals.all);
	for (unsigned int i = 0; kind[i].name; i++)
		message_append(&message, " %s: %lu", kind[i].name, totals.kinds[i]);
	message_append(&message, " Rate: %llu/s", (unsigned long long)totals.all * 1000 / (msec ? msec : 1));
	message_append(&message, " Max/Min: %lu/%lu%s", totals.max, totals.min,
		       totals.max / 2 > totals.min ? " ???" : "");
	message_append(&message, " Refused: %lu", totals.refused);
	message_append(&message, " Races: %lu on the page, %lu elsewhere%s", races_count(ON_PAGE),
		       races_count(ELSEWHERE), unwanted ? " !!!" : "");
	message_append(&message, " Cpu: %llums", cpu_msec());
	message_append(&message, " Rss: %luK Fds: %u", statistics_rss(), statistics_fds());
	message_append(&message, " Fail: %lu%s\n", totals.failures, totals.failures ? " !!!" : "");
	message_write(&message, STDOUT_FILENO);
}
