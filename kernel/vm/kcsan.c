/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "kernel/vm/kcsan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/op.h"
#include "kernel/vm/device.h"

/*
 * The lines of a report of KCSAN:
 *
 *	BUG: KCSAN: data-race in FUNCTION / FUNCTION
 *	write to 0xADDRESS of SIZE bytes by task PID on cpu NUMBER:
 *	 FUNCTION+0xOFFSET/0xSIZE [MODULE]    (one line for each function of the stack, innermost first)
 *
 *	read to 0xADDRESS of SIZE bytes by task PID on cpu NUMBER:
 *	 FUNCTION+0xOFFSET/0xSIZE [MODULE]
 *
 *	Reported by Kernel Concurrency Sanitizer on:
 *
 * The word `(marked)` follows `write` or `read` of an atomic access. A function of module/page_calls.c, of
 * which each has the name of its call, is in each stack.
 */
#define RACES_MAX 256

static struct {
	struct kcsan_race races[RACES_MAX];
	unsigned int count, taken;
	struct kcsan_race current;
	unsigned int access_count; /* valid elements of current.accesses; 0: no report has begun */
	bool is_in_report;
} kcsan;

/* Protects kcsan. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void parse_access(const char *line)
{
	const char *place = strstr(line, " to 0x");
	unsigned long long addr, size;
	struct kcsan_access *access;
	int pid = -1;

	if (!place || kcsan.access_count == 2 ||
	    sscanf(place, " to 0x%llx of %llu bytes by", &addr, &size) != 2)
		return;
	sscanf(place, " to 0x%*x of %*u bytes by task %d", &pid);
	access = &kcsan.current.accesses[kcsan.access_count++];
	access->addr = addr;
	access->size = size;
	access->pid = pid;
	access->op = OP_COUNT;
	access->is_write = strstr(line, "write");
	access->is_atomic = strstr(line, "(marked");
}

/* Return: the op of the page call with this name, or OP_COUNT. */
static enum op find_op(const char *name, size_t length)
{
	static const struct {
		const char *name;
		enum op op;
	} calls[] = {
#define DEVICE_CALL(id, repeatable, op) { #id, op },
		DEVICE_CALLS
#undef DEVICE_CALL
	};

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (strlen(calls[i].name) == length && !strncmp(calls[i].name, name, length))
			return calls[i].op;
	return OP_COUNT;
}

/* The innermost page call of the stack is the call that made the access. */
static void parse_function(const char *line)
{
	static const char prefix[] = " page_call_";
	const char *function = strstr(line, prefix);
	struct kcsan_access *access = &kcsan.current.accesses[kcsan.access_count - 1];

	if (!function || access->op != OP_COUNT)
		return;
	function += strlen(prefix);
	access->op = (uint8_t)find_op(function, strcspn(function, "+"));
}

static void parse_line_locked(const char *line)
{
	if (strstr(line, "BUG: KCSAN: ")) {
		kcsan.is_in_report = true;
		kcsan.access_count = 0;
	} else if (kcsan.is_in_report && strstr(line, "Reported by Kernel Concurrency Sanitizer")) {
		if (kcsan.access_count == 2 && kcsan.count < RACES_MAX)
			kcsan.races[kcsan.count++] = kcsan.current;
		kcsan.is_in_report = false;
	} else if (kcsan.is_in_report) {
		parse_access(line);
		if (kcsan.access_count)
			parse_function(line);
	}
}

void kcsan_parse_line(const char *line)
{
	pthread_mutex_lock(&lock);
	parse_line_locked(line);
	pthread_mutex_unlock(&lock);
}

bool kcsan_take_race(struct kcsan_race *race)
{
	bool has_race;

	pthread_mutex_lock(&lock);
	has_race = kcsan.taken < kcsan.count;
	if (has_race)
		*race = kcsan.races[kcsan.taken++];
	else
		kcsan.taken = kcsan.count = 0;
	pthread_mutex_unlock(&lock);
	return has_race;
}

/* ---- settings ---- */

static void write_parameter(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 || write(file, value, strlen(value)) < 0)
		fprintf(stderr, "%s: expected to write %s: %s\n", path, value, strerror(errno));
	close(file);
}

void kcsan_set_next_settings(void)
{
	static const struct {
		const char *skip_watch, *udelay_task, *repeat;
	} settings[] = { { "1", "80", "60" }, { "3", "300", "20" }, { "2", "150", "40" } };
	static unsigned int next;

	write_parameter("/sys/module/kcsan/parameters/skip_watch", settings[next].skip_watch);
	write_parameter("/sys/module/kcsan/parameters/udelay_task", settings[next].udelay_task);
	write_parameter("/sys/module/pagetorture/parameters/repeat", settings[next].repeat);
	next = (next + 1) % (sizeof(settings) / sizeof(settings[0]));
}
