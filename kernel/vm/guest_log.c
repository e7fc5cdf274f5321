/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "kernel/vm/guest_log.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "kernel/vm/kcsan.h"

static int log_file = -1;

void guest_log_open(void)
{
	log_file = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log_file < 0 || lseek(log_file, 0, SEEK_END) < 0) {
		fprintf(stderr, "/dev/kmsg: expected the kernel's log: %s\n", strerror(errno));
		_exit(2);
	}
}

void guest_log_write_program_name(const char *path)
{
	int file = open("/dev/kmsg", O_WRONLY | O_CLOEXEC);
	char line[GUEST_LOG_LINE];
	int length = snprintf(line, sizeof(line), "<4>pagetorture: program %.120s\n", path);

	if (write(file, line, (size_t)length) != length)
		fprintf(stderr, "/dev/kmsg: expected to write a line: %s\n", strerror(errno));
	close(file);
}

/* Texts that are in the first line of each kind of report. */
static bool is_report(const char *line)
{
	static const char *const texts[] = { "BUG: ",          "WARNING: ",    "Oops: ",
					     "kernel BUG at ", "Kernel panic", "INFO: task " };

	if (strstr(line, "BUG: KCSAN: "))
		return false;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strstr(line, texts[i]))
			return true;
	return false;
}

static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;

/* ---- the log ---- */

/* A record of the log is `PREFIX;TEXT`, one record for each read(). */
static bool read_records(char report[GUEST_LOG_LINE])
{
	char record[1024];
	bool is_found = false;
	ssize_t size;

	while ((size = read(log_file, record, sizeof(record) - 1)) > 0 || (size < 0 && errno == EPIPE)) {
		const char *text;

		if (size <= 0)
			continue;
		record[size] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		kcsan_parse_line(text);
		if (is_found || !is_report(text))
			continue;
		is_found = true;
		snprintf(report, GUEST_LOG_LINE, "%.*s", (int)strcspn(text + 1, "\n"), text + 1);
	}
	return is_found;
}

bool guest_log_find_report(char report[GUEST_LOG_LINE])
{
	bool is_found;

	pthread_mutex_lock(&log_lock);
	is_found = read_records(report);
	pthread_mutex_unlock(&log_lock);
	return is_found;
}
