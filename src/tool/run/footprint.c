/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/footprint.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tool/util/usage.h"

/* Of whatever sanitizer is linked. */
size_t __sanitizer_get_current_allocated_bytes(void) __attribute__((weak));
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

size_t footprint_heap(void)
{
	struct mallinfo2 info;

	if (__sanitizer_get_current_allocated_bytes)
		return __sanitizer_get_current_allocated_bytes();
	info = mallinfo2();
	return info.uordblks + info.hblkhd;
}

int footprint_descriptor(void)
{
	int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return FOOTPRINT_NO_DESCRIPTOR;
	close(fd);
	return fd;
}

/* Return: bytes of the file; not by stdio, which would take memory that is being measured. */
static size_t read_some(int fd, char *text, size_t size)
{
	ssize_t got = read(fd, text, size);

	return got > 0 ? (size_t)got : 0;
}

/* What is not counted may grow unseen: a worker that cannot count reports a failure. */
static int open_or_exit(const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);

	if (fd >= 0)
		return fd;
	fprintf(stderr, "expected to read %s: %s\n", name, strerror(errno));
	_exit(EXIT_BAD);
}

size_t footprint_mappings(void)
{
	int fd = open_or_exit("/proc/self/maps");
	size_t lines = 0, got;
	char text[4096];

	while ((got = read_some(fd, text, sizeof(text))))
		for (size_t i = 0; i < got; i++)
			lines += text[i] == '\n';
	close(fd);
	return lines;
}

size_t footprint_resident(void)
{
	int fd = open_or_exit("/proc/self/statm");
	char text[128] = "", *resident;

	text[read_some(fd, text, sizeof(text) - 1)] = '\0';
	close(fd);
	resident = strchr(text, ' ');
	return resident ? strtoul(resident, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

bool footprint_looks_for_lost(void)
{
	return __lsan_do_recoverable_leak_check;
}

bool footprint_lost(void)
{
	return __lsan_do_recoverable_leak_check && __lsan_do_recoverable_leak_check();
}
