/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/exec/exec.h"
#include "tool/util/usage.h"

const struct footprint_part_name_and_kind footprint_parts[FOOTPRINT_PARTS] = {
	[FOOTPRINT_HEAP] = { "bytes of the heap", RUN_leak },
	[FOOTPRINT_DESCRIPTORS] = { "descriptors", RUN_descriptor },
	[FOOTPRINT_MAPPINGS] = { "mappings", RUN_mapping },
	[FOOTPRINT_RESIDENT] = { "resident bytes", RUN_leak },
};

/* Functions of sanitizers. A function is NULL if its sanitizer is not linked. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static const char maps_path[] = "/proc/self/maps";

/* ---- measuring ---- */

static size_t count_heap_bytes(void)
{
	struct mallinfo2 info;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

static size_t find_lowest_free_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return FOOTPRINT_NO_DESCRIPTOR;
	close(fd);
	return (size_t)fd;
}

/* A worker that cannot measure its footprint must not report success. */
static _Noreturn void exit_because_unreadable(const char *file)
{
	fprintf(stderr, "expected to read %s: %s\n", file, strerror(errno));
	_exit(EXIT_BAD);
}

/* One line of /proc/self/maps. */
struct mapping {
	unsigned long from, to, inode; /* inode 0: the mapping has no file */
	char permissions[5];
};

/* Return: whether @mapping begins where @before ends, has the same permissions, and neither has a file. */
static bool continues_mapping(const struct mapping *mapping, const struct mapping *before)
{
	return mapping->from == before->to && !mapping->inode && !before->inode &&
	       !strcmp(mapping->permissions, before->permissions);
}

/* State of a reader that counts the lines of /proc/self/maps. */
struct mapping_counter {
	size_t count, line_size;
	char line[128];        /* the line that is being read; the rest of a longer line is left out */
	struct mapping before; /* the mapping of the line before */
};

static void count_mapping_of_line(struct mapping_counter *counter)
{
	struct mapping mapping;

	counter->line[counter->line_size] = '\0';
	counter->line_size = 0;
	if (sscanf(counter->line, "%lx-%lx %4s %*x %*s %lu", &mapping.from, &mapping.to, mapping.permissions,
		   &mapping.inode) != 4)
		exit_because_unreadable(maps_path);
	counter->count += !continues_mapping(&mapping, &counter->before);
	counter->before = mapping;
}

/* This function does not open a file of stdio, because buffers of stdio would change the measured heap. */
size_t footprint_count_mappings(void)
{
	struct mapping_counter counter = { 0 };
	int fd = open(maps_path, O_RDONLY | O_CLOEXEC);
	char file_part[4096];
	ssize_t got;

	if (fd < 0)
		exit_because_unreadable(maps_path);
	while ((got = read(fd, file_part, sizeof(file_part))) > 0)
		for (ssize_t i = 0; i < got; i++)
			if (file_part[i] == '\n')
				count_mapping_of_line(&counter);
			else if (counter.line_size < sizeof(counter.line) - 1)
				counter.line[counter.line_size++] = file_part[i];
	close(fd);
	return counter.count;
}

size_t footprint_read_resident_bytes(int pid)
{
	char path[64], text[128] = "", *resident;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/statm", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	resident = strchr(text, ' ');
	return resident ? strtoul(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

void footprint_measure_heap_and_descriptors(struct footprint *footprint)
{
	footprint->amounts[FOOTPRINT_HEAP] = count_heap_bytes();
	footprint->amounts[FOOTPRINT_DESCRIPTORS] = find_lowest_free_descriptor();
}

void footprint_measure(struct footprint *footprint)
{
	footprint_measure_heap_and_descriptors(footprint);
	footprint->amounts[FOOTPRINT_MAPPINGS] = footprint_count_mappings();
	footprint->amounts[FOOTPRINT_RESIDENT] = footprint_read_resident_bytes(getpid());
	if (!footprint->amounts[FOOTPRINT_RESIDENT])
		exit_because_unreadable("/proc/self/statm");
}

/* ---- allowances ---- */

/*
 * How much a process may grow although no input leaks. Sanitizers keep freed memory for a while, and map
 * memory of their own. ThreadSanitizer keeps each report until the process ends.
 */
struct allowed_growth {
	const char *flavour;
	size_t resident_megabytes, resident_kilobytes_per_input, mapping_count;
};

static const struct allowed_growth allowed_growth[] = {
	{ "asan", 264, 0, 8 },
	{ "msan", 8, 0, 8 },
	{ "plain", 2, 0, 0 },
	{ "tsan", 16, 16, 8 },
};

/* A backend other than `direct` creates addresses for mappings one by one, and at most this many. */
#define BACKEND_ADDRESSES_MAX 64

size_t footprint_get_allowed_growth(const char *flavour, enum footprint_part part, size_t rerun_input_count)
{
	unsigned int i = 0;

	while (strcmp(allowed_growth[i].flavour, flavour))
		i++;
	switch (part) {
	case FOOTPRINT_MAPPINGS:
		return allowed_growth[i].mapping_count +
		       (strcmp(exec_backend_name(), "direct") ? BACKEND_ADDRESSES_MAX : 0);
	case FOOTPRINT_RESIDENT:
		return (allowed_growth[i].resident_megabytes << 20) +
		       rerun_input_count * (allowed_growth[i].resident_kilobytes_per_input << 10);
	default:
		return 0;
	}
}

/* ---- lost memory ---- */

bool footprint_has_leak_sanitizer(void)
{
	return __lsan_do_recoverable_leak_check;
}

bool footprint_run_leak_check(void)
{
	return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check();
}
