/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "tool/report/report.h"
#include "tool/util/environment.h"
#include "tool/util/flavours.h"

/* A process that should die has its own time; the worker needs some to report it. */
#define DYING_SECONDS 2
/* Milliseconds between two checks of a worker. */
#define CHECK_EVERY 20

static long milliseconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return 0;
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long milliseconds_now(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

/* CPU time of the process so far. */
static long cpu_of(int pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : milliseconds(clock);
}

static size_t resident_of(int pid)
{
	char path[64], text[128] = "", *resident;
	int fd;
	ssize_t got;

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

/* The number of the child is the worker's, which may have written any. */
static bool is_child_of(int pid, int parent)
{
	char path[64], text[256] = "", *end;
	int fd, found = 0;
	ssize_t got;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	text[got > 0 ? got : 0] = '\0';
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", &found) == 1 && found == parent;
}

/* ---- starting ---- */

struct ends {
	int go[2], done[2], output[2];
};

static bool make_ends(struct ends *ends)
{
	*ends = (struct ends){ { -1, -1 }, { -1, -1 }, { -1, -1 } };
	return !pipe2(ends->go, O_CLOEXEC) && !pipe2(ends->done, O_CLOEXEC) &&
	       !pipe2(ends->output, O_CLOEXEC);
}

static void close_all(const int files[], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++)
		if (files[i] >= 0)
			close(files[i]);
}

/* Duplicates from[i] as to[i]; a number may be in both. Return: did all work? */
static bool move_descriptors(const int from[], const int to[], unsigned int count)
{
	int aside[8];

	for (unsigned int i = 0; i < count; i++) {
		aside[i] = fcntl(from[i], F_DUPFD, 32);
		if (aside[i] < 0)
			return false;
	}
	for (unsigned int i = 0; i < count; i++) {
		if (dup2(aside[i], to[i]) < 0)
			return false;
		close(aside[i]);
	}
	return true;
}

static bool set_environment(const struct run_worker_options *options)
{
	/* What malloc() keeps for later it would count as in use (footprint.h). */
	return environment_append("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0") &&
	       /* Names of functions cost more than all the rest. */
	       (options->symbols || (environment_append("ASAN_OPTIONS", "symbolize=0") &&
				     environment_append("MSAN_OPTIONS", "symbolize=0") &&
				     environment_append("UBSAN_OPTIONS", "symbolize=0"))) &&
	       (!options->stacks ||
		(environment_append("ASAN_OPTIONS", "handle_abort=1") &&
		 environment_append("MSAN_OPTIONS", "handle_abort=1") &&
		 environment_append("UBSAN_OPTIONS", "print_stacktrace=1")));
}

/* In a child process, before it executes the flavour's binary. @parent: its driver */
static void become_worker(const struct run_worker *worker, const struct ends *ends,
			  const struct run_worker_options *options, int parent)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int from[] = { nothing, ends->output[1], ends->output[1],
			     options->list ? options->list->file : nothing, worker->file,
			     ends->go[0], ends->done[1] };
	const int to[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, WORKER_LIST, WORKER_CONTROL,
			   WORKER_GO, WORKER_DONE };
	char *argv[] = { "pagetorture", "run", "--worker", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!set_environment(options) || getppid() != parent)
		_exit(127);
	setpgid(0, 0);
	if (move_descriptors(from, to, sizeof(from) / sizeof(from[0])))
		execv(options->path, argv);
	_exit(127);
}

static bool make_control(struct run_worker *worker)
{
	worker->file = memfd_create("control", MFD_CLOEXEC);
	if (worker->file < 0 || ftruncate(worker->file, sizeof(*worker->control)))
		return false;
	worker->control = mmap(NULL, sizeof(*worker->control), PROT_READ | PROT_WRITE, MAP_SHARED,
			  worker->file, 0);
	if (worker->control == MAP_FAILED)
		worker->control = NULL;
	return worker->control;
}

static void release(struct run_worker *worker)
{
	const int files[] = { worker->go, worker->go_end, worker->done, worker->output, worker->file };

	close_all(files, sizeof(files) / sizeof(files[0]));
	if (worker->control)
		munmap(worker->control, sizeof(*worker->control));
	*worker = (struct run_worker){ .state = WORKER_EMPTY };
}

/* The system refused something: releases what it gave until then. */
static bool not_started(struct run_worker *worker, const struct ends *ends)
{
	close_all(ends->go, 2);
	close_all(ends->done, 2);
	close_all(ends->output, 2);
	release(worker);
	return false;
}

bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options)
{
	int parent = getpid();
	struct ends ends;

	*worker = (struct run_worker){ .file = -1, .go = -1, .go_end = -1, .done = -1, .output = -1 };
	if (!make_ends(&ends) || !make_control(worker))
		return not_started(worker, &ends);
	worker->control->options = options->execution;
	worker->control->all_bytes = program_all_bytes;
	worker->control->cold = options->cold;
	worker->control->request = options->list ? REQUEST_BATCH : REQUEST_PROGRAM;
	worker->megabytes = options->megabytes;
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0)
		become_worker(worker, &ends, options, parent);
	if (worker->pid < 0)
		return not_started(worker, &ends);
	close(ends.done[1]);
	close(ends.output[1]);
	setpgid(worker->pid, worker->pid);
	worker->go = ends.go[1];
	worker->go_end = ends.go[0];
	worker->done = ends.done[0];
	worker->output = ends.output[0];
	fcntl(worker->done, F_SETFL, O_NONBLOCK);
	fcntl(worker->output, F_SETFL, O_NONBLOCK);
	worker->state = WORKER_IDLE;
	return true;
}

/* ---- batches ---- */

static void end_group(const struct run_worker *worker)
{
	kill(-worker->pid, SIGKILL);
}

static void begin_watch(struct run_worker *worker)
{
	worker->phase = atomic_load(&worker->control->phase);
	worker->since = milliseconds_now();
	worker->cpu_since = cpu_of(worker->pid);
}

static void send_request(struct run_worker *worker, enum worker_request request)
{
	const char word = 'g';

	worker->control->request = request;
	atomic_store(&worker->control->position, UINT32_MAX);
	worker->killed = RUN_good;
	worker->state = WORKER_BUSY;
	begin_watch(worker);
	/* A worker that does not get its request would be waited for until its time is over. */
	if (write(worker->go, &word, 1) != 1)
		end_group(worker);
}

void run_worker_send_batch(struct run_worker *worker, const uint32_t *inputs, uint32_t count)
{
	if (count)
		memcpy(worker->control->inputs, inputs, count * sizeof(*inputs));
	/* No result until there is one. */
	memset(worker->control->results, 0xff, count * sizeof(worker->control->results[0]));
	worker->control->count = count;
	worker->batches++;
	/* In a worker's first batch the time and memory of its start are no input's. */
	worker->resident = worker->batches > 1 ? resident_of(worker->pid) : 0;
	send_request(worker, REQUEST_BATCH);
}

void run_worker_send_measure(struct run_worker *worker)
{
	send_request(worker, REQUEST_MEASURE);
}

void run_worker_send_program(struct run_worker *worker, const struct program *program, bool reports)
{
	worker->control->program_size = (uint32_t)program_to_bytes(program, worker->control->program);
	send_request(worker, reports ? REQUEST_REPORTS : REQUEST_PROGRAM);
}

static void keep_output(struct run_worker *worker)
{
	char more[4096];
	ssize_t got;

	while ((got = read(worker->output, more, sizeof(more))) > 0) {
		size_t room = sizeof(worker->text) - 1 - worker->used;
		size_t len = (size_t)got < room ? (size_t)got : room;

		memcpy(worker->text + worker->used, more, len);
		worker->used += len;
		worker->text[worker->used] = '\0';
	}
}

static void kill_for(struct run_worker *worker, enum result_kind kind)
{
	worker->killed = kind;
	end_group(worker);
}

static bool is_over_memory(const struct run_worker *worker, int pid)
{
	size_t now = resident_of(pid), limit = (size_t)worker->megabytes << 20;

	return now > worker->resident && now - worker->resident > limit;
}

/* Limits count from when the driver saw the input begin. */
void run_worker_watch(struct run_worker *worker, const struct execution_options *limits)
{
	int dying = atomic_load(&worker->control->execution.fatal_pid);
	uint32_t phase = atomic_load(&worker->control->phase) * 2 + (dying != 0);
	long seconds = limits->seconds + (dying ? DYING_SECONDS : 0);

	keep_output(worker);
	if (worker->state != WORKER_BUSY || worker->killed != RUN_good)
		return;
	if (phase != worker->phase) {
		begin_watch(worker);
		worker->phase = phase;
		if (!worker->resident)
			worker->resident = resident_of(worker->pid);
	}
	if (milliseconds_now() - worker->since > seconds * 1000 ||
	    (limits->cpu && cpu_of(worker->pid) - worker->cpu_since > (long)limits->cpu * 1000))
		kill_for(worker, RUN_hang);
	else if (worker->megabytes &&
		 (is_over_memory(worker, worker->pid) ||
		  (dying && is_child_of(dying, worker->pid) && is_over_memory(worker, dying))))
		kill_for(worker, RUN_memory);
}

bool run_worker_done(const struct run_worker *worker)
{
	char word;

	return read(worker->done, &word, 1) == 1;
}

static void wait_for_end(const struct run_worker *worker)
{
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool run_worker_gone(struct run_worker *worker, int *status)
{
	pid_t got = waitpid(worker->pid, status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	keep_output(worker);
	end_group(worker);
	/* If the kernel does not report how it ended, it failed. */
	if (got < 0) {
		wait_for_end(worker);
		*status = SIGKILL;
	}
	return true;
}

void run_worker_release(struct run_worker *worker)
{
	release(worker);
}

void run_worker_end(struct run_worker *worker)
{
	if (worker->state == WORKER_EMPTY)
		return;
	end_group(worker);
	wait_for_end(worker);
	release(worker);
}

bool run_worker_finish_request(struct run_worker *worker, const struct execution_options *limits,
			       int *status)
{
	for (;;) {
		run_worker_watch(worker, limits);
		if (run_worker_done(worker)) {
			worker->state = WORKER_IDLE;
			keep_output(worker);
			return true;
		}
		if (run_worker_gone(worker, status))
			return false;
		run_worker_wait(worker, 1, 1000);
	}
}

void run_worker_wait(struct run_worker *workers, unsigned int count, long most)
{
	struct pollfd ends[2 * WORKERS_MAX];
	unsigned int used = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (workers[i].state == WORKER_EMPTY)
			continue;
		ends[used++] = (struct pollfd){ .fd = workers[i].done, .events = POLLIN };
		ends[used++] = (struct pollfd){ .fd = workers[i].output, .events = POLLIN };
	}
	most = most < CHECK_EVERY ? most : CHECK_EVERY;
	/* Where poll() is refused, workers are checked as often. */
	if (poll(ends, used, (int)most) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = most * 1000000 }, NULL);
}

/* ---- deaths ---- */

static const char *line_of_death(const struct run_worker *worker, const char *path)
{
	static struct program program;
	static char error[PROGRAM_FILE_ERROR];

	if (!path || !program_file_load(path, &program, error))
		return "";
	return execution_line_text(&worker->control->execution, &program);
}

/* A sanitizer's report by its kind and its place, or the line that says anything. */
static void report_text(const char *output, char *text, size_t size)
{
	static struct report report;
	char top[REPORT_TOP_TEXT] = "";

	text[0] = '\0';
	if (!report_read(output, &report)) {
		snprintf(text, size, "%.*s", (int)strcspn(output, "\n"), output);
		return;
	}
	if (report.site_count)
		report_top(&report.sites[0], top);
	snprintf(text, size, "%s: %s%s%s", report.tool, report.kind, *top ? " in " : "", top);
}

static enum result_kind set_death(char why[RUN_WHY], enum result_kind kind, const char *where,
				  const char *what, const char *report)
{
	snprintf(why, RUN_WHY, "%s%s%s%s%.150s", where, *where ? ": " : "", what,
		 *report ? ": " : "", report);
	return kind;
}

static enum result_kind set_limit(const struct run_worker *worker,
				  const struct execution_options *limits,
			       const char *where, char why[RUN_WHY])
{
	char what[80];

	if (worker->killed == RUN_memory)
		snprintf(what, sizeof(what), "more than %u MB", worker->megabytes);
	else if (limits->cpu)
		snprintf(what, sizeof(what), "still running after %u s, or %u s of CPU time",
			 limits->seconds, limits->cpu);
	else
		snprintf(what, sizeof(what), "still running after %u s", limits->seconds);
	return set_death(why, worker->killed, where, what, "");
}

enum result_kind run_worker_death(const struct run_worker *worker, int status,
			    const struct execution_options *limits, const char *path,
			    char why[RUN_WHY])
{
	const char *where = line_of_death(worker, path);
	char report[200], what[80];

	report_text(worker->text, report, sizeof(report));
	if (worker->killed != RUN_good)
		return set_limit(worker, limits, where, why);
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "died of signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(status));
	if (strstr(worker->text, "stack-overflow"))
		return set_death(why, RUN_stack_overflow, where, what, report);
	if (WIFEXITED(status) && !*report && !detector_find_fault(worker->text))
		return set_death(why, RUN_exit, where, what, "");
	return set_death(why, RUN_crash, where, what, report);
}
