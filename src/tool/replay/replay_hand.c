/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <errno.h>
#include <fcntl.h>
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
#include "tool/kit/flavours.h"
#include "tool/replay/replay.h"
#include "tool/witness/report.h"

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

/* Such variables are lists with colons; the last word counts. */
static void add_option(const char *variable, const char *option)
{
	const char *before = getenv(variable);
	char options[1024];

	snprintf(options, sizeof(options), "%s%s%s", before ? before : "", before ? ":" : "",
		 option);
	setenv(variable, options, 1);
}

static void set_environment(bool alone)
{
	/* What malloc() keeps for later it would count as in use (footprint.h). */
	add_option("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
	/* Names of functions cost more than all the rest; they are for who looks closely. */
	if (alone)
		return;
	add_option("ASAN_OPTIONS", "symbolize=0");
	add_option("MSAN_OPTIONS", "symbolize=0");
	add_option("UBSAN_OPTIONS", "symbolize=0");
}

/* In a process that has only begun. @parent: what it is not to outlive. */
static void become_worker(const struct replay_hand *hand, const struct ends *ends,
			  const struct replay_options *options, const struct replay_list *list,
			  int parent)
{
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int from[] = { nothing, ends->output[1], ends->output[1], list->file, hand->file,
			     ends->go[0], ends->done[1] };
	const int to[] = { STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO, REPLAY_LIST, REPLAY_DESK,
			   REPLAY_GO, REPLAY_DONE };
	char path[600], seconds[24], cpu[24];
	char *argv[16] = { "pagetorture", "replay", "--worker", "--timeout", seconds, "--cpu", cpu,
			   "--executor", options->trial.fibers ?
				 options->trial.threads ? "both" : "fibers" : "threads" };
	unsigned int used = 9;

	snprintf(seconds, sizeof(seconds), "%u", options->trial.seconds);
	snprintf(cpu, sizeof(cpu), "%u", options->trial.cpu);
	if (options->armed)
		argv[used++] = "--misbehave";
	if (program_all_bytes)
		argv[used++] = "--bytes";
	set_environment(hand->alone);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !flavour_find(options->flavour, path, sizeof(path)))
		_exit(127);
	setpgid(0, 0);
	if (place(from, to, sizeof(from) / sizeof(from[0])))
		execv(path, argv);
	_exit(127);
}

static bool make_desk(struct replay_hand *hand)
{
	hand->file = memfd_create("desk", MFD_CLOEXEC);
	if (hand->file < 0 || ftruncate(hand->file, sizeof(*hand->desk)))
		return false;
	hand->desk = mmap(NULL, sizeof(*hand->desk), PROT_READ | PROT_WRITE, MAP_SHARED,
			  hand->file, 0);
	if (hand->desk == MAP_FAILED)
		hand->desk = NULL;
	hand->history = calloc(REPLAY_ERRANDS * REPLAY_ERRAND, sizeof(*hand->history));
	return hand->desk && hand->history;
}

static void release(struct replay_hand *hand)
{
	const int files[] = { hand->go, hand->go_end, hand->done, hand->output, hand->file };

	close_all(files, sizeof(files) / sizeof(files[0]));
	if (hand->desk)
		munmap(hand->desk, sizeof(*hand->desk));
	free(hand->history);
	*hand = (struct replay_hand){ .state = HAND_EMPTY };
}

/* The system refused something: what it gave until then is given back. */
static bool not_started(struct replay_hand *hand, const struct ends *ends)
{
	close_all(ends->go, 2);
	close_all(ends->done, 2);
	close_all(ends->output, 2);
	release(hand);
	return false;
}

bool hand_start(struct replay_hand *hand, const struct replay_options *options,
		const struct replay_list *list)
{
	bool alone = hand->alone;
	int parent = getpid();
	struct ends ends;

	*hand = (struct replay_hand){ .alone = alone, .file = -1, .go = -1,
				      .go_end = -1, .done = -1, .output = -1 };
	if (!make_ends(&ends) || !make_desk(hand))
		return not_started(hand, &ends);
	hand->desk->alone = alone;
	fflush(NULL);
	hand->pid = fork();
	if (hand->pid == 0)
		become_worker(hand, &ends, options, list, parent);
	if (hand->pid < 0)
		return not_started(hand, &ends);
	close(ends.done[1]);
	close(ends.output[1]);
	setpgid(hand->pid, hand->pid);
	hand->go = ends.go[1];
	hand->go_end = ends.go[0];
	hand->done = ends.done[0];
	hand->output = ends.output[0];
	fcntl(hand->done, F_SETFL, O_NONBLOCK);
	fcntl(hand->output, F_SETFL, O_NONBLOCK);
	hand->state = HAND_IDLE;
	return true;
}

/* ---- errands ---- */

static void end_group(const struct replay_hand *hand)
{
	kill(-hand->pid, SIGKILL);
}

static void begin_watch(struct replay_hand *hand)
{
	hand->phase = atomic_load(&hand->desk->phase);
	hand->since = replay_now();
	hand->cpu_since = cpu_of(hand->pid);
}

static void send(struct replay_hand *hand)
{
	const char word = 'g';

	atomic_store(&hand->desk->position, UINT32_MAX);
	hand->killed = REPLAY_good;
	hand->state = HAND_BUSY;
	begin_watch(hand);
	/* One that does not hear of its errand would be waited for until its time is over. */
	if (write(hand->go, &word, 1) != 1)
		end_group(hand);
}

void hand_go(struct replay_hand *hand, const uint32_t *inputs, uint32_t count)
{
	if (count)
		memcpy(hand->desk->inputs, inputs, count * sizeof(*inputs));
	/* No result until there is one. */
	memset(hand->desk->results, 0xff, count * sizeof(hand->desk->results[0]));
	hand->desk->count = count;
	hand->desk->measure = false;
	hand->errands++;
	/* In a worker's first errand the time of its making is no input's. */
	hand->resident = hand->errands > 1 ? resident_of(hand->pid) : 0;
	send(hand);
}

void hand_measure(struct replay_hand *hand)
{
	hand->desk->measure = true;
	send(hand);
}

static void keep_output(struct replay_hand *hand)
{
	char more[4096];
	ssize_t got;

	while ((got = read(hand->output, more, sizeof(more))) > 0) {
		size_t room = sizeof(hand->text) - 1 - hand->used;
		size_t len = (size_t)got < room ? (size_t)got : room;

		memcpy(hand->text + hand->used, more, len);
		hand->used += len;
		hand->text[hand->used] = '\0';
	}
}

static void kill_for(struct replay_hand *hand, enum replay_kind kind)
{
	hand->killed = kind;
	end_group(hand);
}

static bool is_fat(const struct replay_hand *hand, const struct replay_options *options, int pid)
{
	size_t now = resident_of(pid), limit = (size_t)options->megabytes << 20;

	return now > hand->resident && now - hand->resident > limit;
}

/* The input that runs has its limits since it began, as far as was seen. */
void hand_watch(struct replay_hand *hand, const struct replay_options *options)
{
	int dying = atomic_load(&hand->desk->trial.dying);
	uint32_t phase = atomic_load(&hand->desk->phase) * 2 + (dying != 0);
	long seconds = options->trial.seconds + (dying ? DYING_SECONDS : 0);

	keep_output(hand);
	if (hand->state != HAND_BUSY || hand->killed != REPLAY_good)
		return;
	if (phase != hand->phase) {
		begin_watch(hand);
		hand->phase = phase;
		if (!hand->resident)
			hand->resident = resident_of(hand->pid);
	}
	if (replay_now() - hand->since > seconds * 1000 ||
	    (options->trial.cpu &&
	     cpu_of(hand->pid) - hand->cpu_since > (long)options->trial.cpu * 1000))
		kill_for(hand, REPLAY_hang);
	else if (is_fat(hand, options, hand->pid) ||
		 (dying && is_child_of(dying, hand->pid) && is_fat(hand, options, dying)))
		kill_for(hand, REPLAY_memory);
}

bool hand_done(const struct replay_hand *hand)
{
	char word;

	return read(hand->done, &word, 1) == 1;
}

static void wait_for_end(const struct replay_hand *hand)
{
	while (waitpid(hand->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool hand_gone(struct replay_hand *hand, int *status)
{
	pid_t got = waitpid(hand->pid, status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	keep_output(hand);
	end_group(hand);
	/* If the kernel does not tell how it ended, that was no good end. */
	if (got < 0) {
		wait_for_end(hand);
		*status = SIGKILL;
	}
	return true;
}

void hand_clear(struct replay_hand *hand)
{
	release(hand);
}

void hand_end(struct replay_hand *hand)
{
	if (hand->state == HAND_EMPTY)
		return;
	end_group(hand);
	wait_for_end(hand);
	release(hand);
}

void hand_wait(struct replay_hand *hands, unsigned int count, long most)
{
	struct pollfd ends[4 * REPLAY_JOBS];
	unsigned int used = 0;

	for (unsigned int i = 0; i < count; i++) {
		if (hands[i].state == HAND_EMPTY)
			continue;
		ends[used++] = (struct pollfd){ .fd = hands[i].done, .events = POLLIN };
		ends[used++] = (struct pollfd){ .fd = hands[i].output, .events = POLLIN };
	}
	most = most < LOOK ? most : LOOK;
	/* Where poll() is refused, hands are looked at as often. */
	if (poll(ends, used, (int)most) < 0)
		nanosleep(&(struct timespec){ .tv_nsec = most * 1000000 }, NULL);
}

/* ---- deaths ---- */

static const char *line_of_death(const struct replay_hand *hand, const char *name)
{
	static struct program program;
	static char error[PROGRAM_FILE_ERROR];

	if (!name || !program_file_load(name, &program, error))
		return "";
	return trial_where(&hand->desk->trial, &program);
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

static enum replay_kind say_limit(const struct replay_hand *hand,
				  const struct replay_options *options, const char *where,
				  char why[REPLAY_WHY])
{
	char what[80];

	if (hand->killed == REPLAY_memory)
		snprintf(what, sizeof(what), "more than %u MB", options->megabytes);
	else
		snprintf(what, sizeof(what), "still running after %u s, or %u s of the processor",
			 options->trial.seconds, options->trial.cpu);
	return say_death(why, hand->killed, where, what, "");
}

enum replay_kind hand_death(const struct replay_hand *hand, int status,
			    const struct replay_options *options, const char *name,
			    char why[REPLAY_WHY])
{
	const char *where = line_of_death(hand, name);
	char report[200], what[80];

	report_text(hand->text, report, sizeof(report));
	if (hand->killed != REPLAY_good)
		return say_limit(hand, options, where, why);
	if (WIFSIGNALED(status))
		snprintf(what, sizeof(what), "died of signal %d (%s)", WTERMSIG(status),
			 strsignal(WTERMSIG(status)));
	else
		snprintf(what, sizeof(what), "ended with status %d", WEXITSTATUS(status));
	if (strstr(hand->text, "stack-overflow"))
		return say_death(why, REPLAY_stack_overflow, where, what, report);
	if (WIFEXITED(status) && !*report && !detector_fault(hand->text))
		return say_death(why, REPLAY_exit, where, what, "");
	return say_death(why, REPLAY_crash, where, what, report);
}
