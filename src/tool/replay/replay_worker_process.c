/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
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
#include "tool/util/environment.h"
#include "tool/util/flavours.h"
#include "tool/replay/replay.h"
#include "tool/flavour_runner/report.h"

/* A process that should die has its own time; the worker needs some to say so. */
#define DYING_SECONDS 2
/* Milliseconds between two looks at a worker. */
#define LOOK 20

static long milliseconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now))
		return 0;
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

long replay_now(void)
{
	return milliseconds(CLOCK_MONOTONIC);
}

/* Of the process, without asking it. */
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

/* A worker may have written any number where it is to tell of its child. */
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

/* None of the numbers may be where another is to be. Return: is each where it is to be? */
static bool place(const int from[], const int to[], unsigned int count)
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

static bool set_environment(bool alone)
{
	/* What malloc() keeps for later it would count as in use (footprint.h). */
	return environment_append("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0") &&
	       /* Names of functions cost more than the rest; a worker that runs one input has time. */
	       (alone || (environment_append("ASAN_OPTIONS", "symbolize=0") &&
			  environment_append("MSAN_OPTIONS", "symbolize=0") &&
			  environment_append("UBSAN_OPTIONS", "symbolize=0")));
}

/* In a process that has only begun. @parent: what it is not to outlive. */
static void become_worker(const struct replay_worker *worker, const struct ends *ends,
			  const struct replay_options *options, const struct replay_list *list,
			  int parent)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int from[] = { nothing, ends->output[1], ends->output[1], list->file, worker->file,
			     ends->go[0], ends->done[1] };
	const int to[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, REPLAY_LIST, REPLAY_CONTROL,
			   REPLAY_GO, REPLAY_DONE };
	char path[PATH_MAX], seconds[24], cpu[24];
	char *argv[16] = { "pagetorture", "replay", "--worker", "--timeout", seconds, "--cpu", cpu,
			   "--executor", options->execution.fibers ?
				 options->execution.threads ? "both" : "fibers" : "threads" };
	unsigned int used = 9;

	snprintf(seconds, sizeof(seconds), "%u", options->execution.seconds);
	snprintf(cpu, sizeof(cpu), "%u", options->execution.cpu);
	if (options->armed)
		argv[used++] = "--misbehave";
	if (program_all_bytes)
		argv[used++] = "--bytes";
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!set_environment(worker->alone) || getppid() != parent ||
	    !flavour_find(options->flavour, path, sizeof(path)))
		_exit(127);
	setpgid(0, 0);
	if (place(from, to, sizeof(from) / sizeof(from[0])))
		execv(path, argv);
	_exit(127);
}

static bool make_control(struct replay_worker *worker)
{
	worker->file = memfd_create("control", MFD_CLOEXEC);
	if (worker->file < 0 || ftruncate(worker->file, sizeof(*worker->control)))
		return false;
	worker->control = mmap(NULL, sizeof(*worker->control), PROT_READ | PROT_WRITE, MAP_SHARED,
			  worker->file, 0);
	if (worker->control == MAP_FAILED)
		worker->control = NULL;
	worker->history = calloc(REPLAY_BATCHES * REPLAY_BATCH, sizeof(*worker->history));
	return worker->control && worker->history;
}

static void release(struct replay_worker *worker)
{
	const int files[] = { worker->go, worker->go_end, worker->done, worker->output, worker->file };

	close_all(files, sizeof(files) / sizeof(files[0]));
	if (worker->control)
		munmap(worker->control, sizeof(*worker->control));
	free(worker->history);
	*worker = (struct replay_worker){ .state = REPLAY_WORKER_EMPTY };
}

/* The system refused something: what it gave until then is given back. */
static bool not_started(struct replay_worker *worker, const struct ends *ends)
{
	close_all(ends->go, 2);
	close_all(ends->done, 2);
	close_all(ends->output, 2);
	release(worker);
	return false;
}

bool replay_worker_start(struct replay_worker *worker, const struct replay_options *options,
		const struct replay_list *list)
{
	bool alone = worker->alone;
	int parent = getpid();
	struct ends ends;

	*worker = (struct replay_worker){ .alone = alone, .file = -1, .go = -1,
				      .go_end = -1, .done = -1, .output = -1 };
	if (!make_ends(&ends) || !make_control(worker))
		return not_started(worker, &ends);
	worker->control->alone = alone;
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0)
		become_worker(worker, &ends, options, list, parent);
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
	worker->state = REPLAY_WORKER_IDLE;
	return true;
}

/* ---- batches ---- */

static void end_group(const struct replay_worker *worker)
{
	kill(-worker->pid, SIGKILL);
}

static void begin_watch(struct replay_worker *worker)
{
	worker->phase = atomic_load(&worker->control->phase);
	worker->since = replay_now();
	worker->cpu_since = cpu_of(worker->pid);
}

static void send(struct replay_worker *worker)
{
	const char word = 'g';

	atomic_store(&worker->control->position, UINT32_MAX);
	worker->killed = REPLAY_good;
	worker->state = REPLAY_WORKER_BUSY;
	begin_watch(worker);
	/* One that does not hear of its batch would be waited for until its time is over. */
	if (write(worker->go, &word, 1) != 1)
		end_group(worker);
}

void replay_worker_send(struct replay_worker *worker, const uint32_t *inputs, uint32_t count)
{
	if (count)
		memcpy(worker->control->inputs, inputs, count * sizeof(*inputs));
	/* No result until there is one. */
	memset(worker->control->results, 0xff, count * sizeof(worker->control->results[0]));
	worker->control->count = count;
	worker->control->measure = false;
	worker->batches++;
	/* In a worker's first batch the time of its making is no input's. */
	worker->resident = worker->batches > 1 ? resident_of(worker->pid) : 0;
	send(worker);
}

void replay_worker_measure(struct replay_worker *worker)
{
	worker->control->measure = true;
	send(worker);
}

static void keep_output(struct replay_worker *worker)
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

static void kill_for(struct replay_worker *worker, enum replay_kind kind)
{
	worker->killed = kind;
	end_group(worker);
}

static bool is_over_memory(const struct replay_worker *worker, const struct replay_options *options, int pid)
{
	size_t now = resident_of(pid), limit = (size_t)options->megabytes << 20;

	return now > worker->resident && now - worker->resident > limit;
}

/* The input that runs has its limits since it began, as far as was seen. */
void replay_worker_watch(struct replay_worker *worker, const struct replay_options *options)
{
	int dying = atomic_load(&worker->control->execution.fatal_pid);
	uint32_t phase = atomic_load(&worker->control->phase) * 2 + (dying != 0);
	long seconds = options->execution.seconds + (dying ? DYING_SECONDS : 0);

	keep_output(worker);
	if (worker->state != REPLAY_WORKER_BUSY || worker->killed != REPLAY_good)
		return;
	if (phase != worker->phase) {
		begin_watch(worker);
		worker->phase = phase;
		if (!worker->resident)
			worker->resident = resident_of(worker->pid);
	}
	if (replay_now() - worker->since > seconds * 1000 ||
	    (options->execution.cpu &&
	     cpu_of(worker->pid) - worker->cpu_since > (long)options->execution.cpu * 1000))
		kill_for(worker, REPLAY_hang);
	else if (is_over_memory(worker, options, worker->pid) ||
		 (dying && is_child_of(dying, worker->pid) && is_over_memory(worker, options, dying)))
		kill_for(worker, REPLAY_memory);
}

bool replay_worker_done(const struct replay_worker *worker)
{
	char word;

	return read(worker->done, &word, 1) == 1;
}

static void wait_for_end(const struct replay_worker *worker)
{
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool replay_worker_gone(struct replay_worker *worker, int *status)
{
	pid_t got = waitpid(worker->pid, status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	keep_output(worker);
	end_group(worker);
	/* If the kernel does not tell how it ended, that was no good end. */
	if (got < 0) {
		wait_for_end(worker);
		*status = SIGKILL;
	}
	return true;
}

void replay_worker_clear(struct replay_worker *worker)
{
	release(worker);
}

void replay_worker_end(struct replay_worker *worker)
{
	if (worker->state == REPLAY_WORKER_EMPTY)
		return;
	end_group(worker);
	wait_for_end(worker);
	release(worker);
}

void replay_worker_wait(struct replay_worker *workers, unsigned int count, long most)
{
	struct pollfd ends[4 * REPLAY_JOBS];
	unsigned int used = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (workers[i].state == REPLAY_WORKER_EMPTY)
			continue;
		ends[used++] = (struct pollfd){ .fd = workers[i].done, .events = POLLIN };
		ends[used++] = (struct pollfd){ .fd = workers[i].output, .events = POLLIN };
	}
	most = most < LOOK ? most : LOOK;
	/* Where poll() is refused, workers are looked at as often. */
	if (poll(ends, used, (int)most) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = most * 1000000 }, NULL);
}

/* ---- deaths ---- */

static const char *line_of_death(const struct replay_worker *worker, const char *name)
{
	static struct program program;
	static char error[PROGRAM_FILE_ERROR];

	if (!name || !program_file_load(name, &program, error))
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

static enum replay_kind say_death(char why[REPLAY_WHY], enum replay_kind kind, const char *where,
				  const char *what, const char *report)
{
	snprintf(why, REPLAY_WHY, "%s%s%s%s%.150s", where, *where ? ": " : "", what,
		 *report ? ": " : "", report);
	return kind;
}

static enum replay_kind say_limit(const struct replay_worker *worker,
				  const struct replay_options *options, const char *where,
				  char why[REPLAY_WHY])
{
	char what[80];

	if (worker->killed == REPLAY_memory)
		snprintf(what, sizeof(what), "more than %u MB", options->megabytes);
	else
		snprintf(what, sizeof(what), "still running after %u s, or %u s of CPU time",
			 options->execution.seconds, options->execution.cpu);
	return say_death(why, worker->killed, where, what, "");
}

enum replay_kind replay_worker_death(const struct replay_worker *worker, int status,
			    const struct replay_options *options, const char *name,
			    char why[REPLAY_WHY])
{
	const char *where = line_of_death(worker, name);
	char report[200], what[80];

	report_text(worker->text, report, sizeof(report));
	if (worker->killed != REPLAY_good)
		return say_limit(worker, options, where, why);
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "died of signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(status));
	if (strstr(worker->text, "stack-overflow"))
		return say_death(why, REPLAY_stack_overflow, where, what, report);
	if (WIFEXITED(status) && !*report && !detector_find_fault(worker->text))
		return say_death(why, REPLAY_exit, where, what, "");
	return say_death(why, REPLAY_crash, where, what, report);
}
