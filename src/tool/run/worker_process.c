/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/worker_process.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "harness/detect/detector.h"
#include "harness/program/program_file.h"
#include "harness/program/program_name.h"
#include "harness/util/path.h"
#include "tool/report/report.h"
#include "tool/util/clock.h"
#include "tool/util/environment.h"

/* More seconds for a worker whose child runs a fatal call: at the limit, the worker itself ends the child. */
#define FATAL_CHILD_EXTRA_SECONDS 2
/* Milliseconds between two checks of a worker's limits. */
#define CHECK_INTERVAL_MS 20

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Return: the CPU time of process @pid so far; 0 if it cannot be read. */
static int64_t read_cpu_ms_or_0(int pid)
{
	clockid_t clock;

	return clock_getcpuclockid(pid, &clock) ? 0 : clock_read_us(clock) / 1000;
}

/* ---- starting ---- */

static bool set_worker_environment(const struct run_worker_options *options)
{
	static const char *const variables[] = { "ASAN_OPTIONS", "MSAN_OPTIONS", "UBSAN_OPTIONS" };
	/* Disables the thread caches of malloc(): the heap size (footprint.h) would include their memory. */
	bool is_set = environment_append_options_once("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");

	for (size_t i = 0; i < COUNT(variables); i++) {
		/* Reports of batches name no functions: the look-up takes longer than the execution. */
		if (!options->runs_one_input)
			is_set &= environment_append_options_once(variables[i], "symbolize=0");
		if (options->must_print_stacks)
			is_set &= environment_append_options_once(variables[i],
								  "handle_abort=1:print_stacktrace=1");
	}
	return is_set;
}

/* commands_main() has opened the standard descriptors, so the three arguments are larger than 2. */
static bool set_descriptors(int socket, int output, int control)
{
	return dup2(socket, WORKER_SOCKET) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
	       dup2(output, STDERR_FILENO) >= 0 &&
	       (control == WORKER_CONTROL ? fcntl(control, F_SETFD, 0) : dup2(control, WORKER_CONTROL)) >= 0;
}

/* Prepares this child process, and replaces it by the flavour's binary. */
static _Noreturn void exec_worker_binary(const struct run_worker *worker, int socket, int output,
					 int driver_pid)
{
	char *argv[] = { "pagetorture", "run", "--worker", NULL };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	if (set_worker_environment(&worker->options) && getppid() == driver_pid &&
	    set_descriptors(socket, output, worker->control_file))
		execv(worker->options.binary_path, argv);
	_exit(127);
}

static bool create_control_block(struct run_worker *worker)
{
	void *memory;

	worker->control_file = memfd_create("control", MFD_CLOEXEC);
	if (worker->control_file < 0 || ftruncate(worker->control_file, sizeof(*worker->control)))
		return false;
	memory = mmap(NULL, sizeof(*worker->control), PROT_READ | PROT_WRITE, MAP_SHARED,
		      worker->control_file, 0);
	if (memory == MAP_FAILED)
		return false;
	worker->control = memory;
	worker->control->options = worker->options.execution;
	worker->control->inputs_are_bytes = program_all_bytes;
	worker->control->runs_one_input = worker->options.runs_one_input;
	worker->control->request = worker->options.request;
	execution_reset(&worker->control->execution);
	return true;
}

/* @sockets, @pipes: get two pairs of descriptors; the worker uses the second descriptor of each pair. */
static bool start_worker_process(struct run_worker *worker, int sockets[2], int pipes[2])
{
	int driver_pid = getpid();

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) || pipe2(pipes, O_CLOEXEC) ||
	    !create_control_block(worker))
		return false;
	fflush(NULL);
	worker->pid = fork();
	if (worker->pid == 0)
		exec_worker_binary(worker, sockets[1], pipes[1], driver_pid);
	setpgid(worker->pid, worker->pid);
	return worker->pid > 0;
}

static void close_if_open(int descriptor)
{
	if (descriptor >= 0)
		close(descriptor);
}

static void release_resources(struct run_worker *worker)
{
	if (worker->control)
		munmap(worker->control, sizeof(*worker->control));
	close_if_open(worker->socket);
	close_if_open(worker->output_pipe);
	close_if_open(worker->control_file);
	*worker = (struct run_worker){ .pid = 0 };
}

bool run_worker_start(struct run_worker *worker, const struct run_worker_options *options)
{
	int sockets[2] = { -1, -1 }, pipes[2] = { -1, -1 };
	bool is_started;

	*worker = (struct run_worker){ .control_file = -1, .options = *options };
	is_started = start_worker_process(worker, sockets, pipes);
	close_if_open(sockets[1]);
	close_if_open(pipes[1]);
	worker->socket = sockets[0];
	worker->output_pipe = pipes[0];
	if (!is_started) {
		release_resources(worker);
		return false;
	}
	fcntl(worker->socket, F_SETFL, O_NONBLOCK);
	fcntl(worker->output_pipe, F_SETFL, O_NONBLOCK);
	return true;
}

/* ---- ending ---- */

static void kill_process_group(const struct run_worker *worker)
{
	kill(-worker->pid, SIGKILL);
}

static void wait_for_exit_and_reap(const struct run_worker *worker)
{
	while (waitpid(worker->pid, NULL, 0) < 0 && errno == EINTR)
		;
}

void run_worker_kill_and_release(struct run_worker *worker)
{
	if (worker->pid) {
		kill_process_group(worker);
		wait_for_exit_and_reap(worker);
	}
	if (worker->control)
		release_resources(worker);
}

/* ---- watching ---- */

static void read_output(struct run_worker *worker)
{
	char output_part[4096];
	ssize_t got;

	while ((got = read(worker->output_pipe, output_part, sizeof(output_part))) > 0) {
		size_t room = sizeof(worker->output) - 1 - worker->output_size;
		size_t len = (size_t)got < room ? (size_t)got : room;

		memcpy(worker->output + worker->output_size, output_part, len);
		worker->output_size += len;
		worker->output[worker->output_size] = '\0';
	}
}

static bool exceeds_memory_limit(const struct run_worker *worker, int pid)
{
	size_t limit = (size_t)worker->options.memory_limit_mb << 20;
	size_t now = footprint_read_resident_bytes(pid);

	return now > worker->resident_bytes_at_start && now - worker->resident_bytes_at_start > limit;
}

static void start_position_timer(struct run_worker *worker)
{
	worker->watched_since_ms = clock_read_ms();
	worker->cpu_ms_at_start = read_cpu_ms_or_0(worker->pid);
}

/*
 * @fatal_child_pid: the child that runs a fatal call. A damaged worker may write any number as the pid, so
 * the child's memory counts only if the child is in the worker's process group.
 * Return: the limit that the worker or the child exceeds; RUN_good: none.
 */
static enum result_kind find_exceeded_limit(const struct run_worker *worker, int fatal_child_pid)
{
	const struct execution_options *execution = &worker->options.execution;
	unsigned int limit = worker->options.position_time_limit_seconds;
	unsigned int seconds = (limit ? limit : execution->time_limit_seconds) +
			       (fatal_child_pid ? FATAL_CHILD_EXTRA_SECONDS : 0);

	if (clock_read_ms() - worker->watched_since_ms > seconds * 1000L ||
	    (execution->cpu_limit_seconds &&
	     read_cpu_ms_or_0(worker->pid) - worker->cpu_ms_at_start > execution->cpu_limit_seconds * 1000L))
		return RUN_hang;
	if (worker->options.memory_limit_mb && (exceeds_memory_limit(worker, worker->pid) ||
						(fatal_child_pid && getpgid(fatal_child_pid) == worker->pid &&
						 exceeds_memory_limit(worker, fatal_child_pid))))
		return RUN_memory;
	return RUN_good;
}

/* Kills the worker if it exceeds a limit. Time counts from when the driver sees a new position. */
static void enforce_limits(struct run_worker *worker)
{
	int fatal_child_pid = atomic_load(&worker->control->execution.fatal_pid);
	uint32_t position = atomic_load(&worker->control->position);

	if (worker->exceeded_limit != RUN_good)
		return;
	if (position != worker->watched_position || (fatal_child_pid != 0) != worker->is_watching_child) {
		start_position_timer(worker);
		worker->watched_position = position;
		worker->is_watching_child = fatal_child_pid;
		if (!worker->resident_bytes_at_start)
			worker->resident_bytes_at_start = footprint_read_resident_bytes(worker->pid);
	}
	worker->exceeded_limit = find_exceeded_limit(worker, fatal_child_pid);
	if (worker->exceeded_limit != RUN_good)
		kill_process_group(worker);
}

/* Return: whether the worker has ended; if so, sets worker->wait_status and kills the worker's children. */
static bool reap_worker_if_ended(struct run_worker *worker)
{
	pid_t got = waitpid(worker->pid, &worker->wait_status, WNOHANG);

	if (got == 0 || (got < 0 && errno == EINTR))
		return false;
	kill_process_group(worker);
	/* If waitpid() fails, the worker counts as killed. */
	if (got < 0) {
		wait_for_exit_and_reap(worker);
		worker->wait_status = SIGKILL;
	}
	worker->pid = 0;
	return true;
}

static void wait_for_worker_event(const struct run_worker *worker)
{
	const struct timespec pause = { .tv_nsec = CHECK_INTERVAL_MS * 1000000 };
	struct pollfd files[] = { { .fd = worker->socket, .events = POLLIN },
				  { .fd = worker->output_pipe, .events = POLLIN } };

	/* If poll() fails, the driver sleeps for CHECK_INTERVAL_MS. */
	if (poll(files, COUNT(files), CHECK_INTERVAL_MS) < 0)
		nanosleep(&pause, NULL);
}

/* Return: false if the worker ended before it replied. */
static bool wait_for_reply(struct run_worker *worker)
{
	char reply_byte;

	for (;;) {
		bool has_replied;

		enforce_limits(worker);
		has_replied = read(worker->socket, &reply_byte, 1) == 1;
		if (has_replied || reap_worker_if_ended(worker)) {
			read_output(worker);
			return has_replied;
		}
		read_output(worker);
		if (worker->options.report_progress)
			worker->options.report_progress(worker, worker->options.progress_context);
		wait_for_worker_event(worker);
	}
}

static bool send_request_and_wait(struct run_worker *worker, enum worker_request request)
{
	const char word = 'g';

	worker->control->request = request;
	atomic_store(&worker->control->position, NO_POSITION);
	worker->watched_position = NO_POSITION;
	worker->is_watching_child = false;
	worker->exceeded_limit = RUN_good;
	worker->output_size = 0;
	worker->output[0] = '\0';
	start_position_timer(worker);
	/* Kills a worker that did not get the request: the worker would wait until the time limit. */
	if (send(worker->socket, &word, 1, MSG_NOSIGNAL) != 1)
		kill_process_group(worker);
	return wait_for_reply(worker);
}

bool run_worker_send_batch_and_wait(struct run_worker *worker, const struct file_list *inputs,
				    const uint32_t *batch_inputs, uint32_t count)
{
	struct control_block *control = worker->control;

	/* A path that is too long becomes empty: the worker finds an unreadable input. */
	for (uint32_t i = 0; i < count; i++)
		path_format(control->input_paths[i], PATH_MAX, "%s", inputs->names[batch_inputs[i]]);
	/* Makes all results invalid until the worker writes them. */
	memset(control->results, 0xff, count * sizeof(control->results[0]));
	control->input_count = count;
	worker->inputs = inputs;
	worker->batch_inputs = batch_inputs;
	worker->batch_size = count;
	/* For the first batch, enforce_limits() measures the memory later, when the worker has started. */
	worker->resident_bytes_at_start =
		worker->sent_batch_count++ ? footprint_read_resident_bytes(worker->pid) : 0;
	return send_request_and_wait(worker, REQUEST_BATCH);
}

void run_worker_read_result(const struct run_worker *worker, uint32_t position,
			    struct result_with_reason *result)
{
	static const struct result_with_reason no_result = { .result.kind = RUN_crash,
							     .why = "the worker returned no result" };

	*result = worker->control->results[position];
	result->why[RESULT_WHY_SIZE - 1] = '\0';
	result->result.rules_seen_on_fibers &= RULE_BIT(RULE_COUNT) - 1;
	result->result.rules_seen_on_threads &= RULE_BIT(RULE_COUNT) - 1;
	if (result->result.kind >= RUN_KINDS)
		*result = no_result;
}

bool run_worker_send_program_and_wait(struct run_worker *worker, const struct program *program,
				      enum worker_request request)
{
	worker->control->program = *program;
	return send_request_and_wait(worker, request);
}

/* ---- deaths ---- */

const char *run_worker_find_running_path(const struct run_worker *worker)
{
	uint32_t position = atomic_load(&worker->control->position);
	uint32_t count = worker->batch_size;

	if (!count)
		return NULL;
	return worker->inputs->names[worker->batch_inputs[position == NO_POSITION ? 0 : position % count]];
}

static const char *format_program_line_of_death(const struct run_worker *worker)
{
	static struct program program;
	static char error[PROGRAM_FILE_ERROR];
	const char *path = run_worker_find_running_path(worker);

	if (!path || !program_file_read_and_parse(path, &program, error))
		return "";
	return execution_last_started_line_text(&worker->control->execution, &program);
}

/* Describes a sanitizer's report by its kind and functions, or else copies the first line of output. */
static void describe_report_or_first_line(const char *output, char *text, size_t size)
{
	static struct report report;
	char innermost_functions[REPORT_INNERMOST_TEXT] = "";

	if (!report_parse_first(output, &report)) {
		snprintf(text, size, "%.*s", (int)strcspn(output, "\n"), output);
		return;
	}
	if (report.site_count)
		report_format_library_functions(&report.sites[0], innermost_functions);
	snprintf(text, size, "%s: %s%s%s", report.tool, report.kind, *innermost_functions ? " in " : "",
		 innermost_functions);
}

/* Describes how the worker's process ended, or the limit that the worker exceeded. */
static void describe_process_end(const struct run_worker *worker, char *text, size_t size)
{
	const struct execution_options *limits = &worker->options.execution;
	int status = worker->wait_status;

	if (worker->exceeded_limit == RUN_memory)
		snprintf(text, size, "more than %u MB", worker->options.memory_limit_mb);
	else if (worker->exceeded_limit == RUN_hang && limits->cpu_limit_seconds)
		snprintf(text, size, "still running after %u s, or %u s of CPU time",
			 limits->time_limit_seconds, limits->cpu_limit_seconds);
	else if (worker->exceeded_limit == RUN_hang)
		snprintf(text, size, "still running after %u s", limits->time_limit_seconds);
	else if (WIFSIGNALED(status))
		snprintf(text, size, "died of signal %d (%s)", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, size, "ended with status %d", WEXITSTATUS(status));
}

static enum result_kind find_kind_of_death(const struct run_worker *worker, const char *report)
{
	if (worker->exceeded_limit != RUN_good)
		return worker->exceeded_limit;
	if (strstr(worker->output, "stack-overflow"))
		return RUN_stack_overflow;
	return WIFEXITED(worker->wait_status) && !*report && !detector_find_fault_address(worker->output) ?
		       RUN_exit :
		       RUN_crash;
}

enum result_kind run_worker_describe_death(const struct run_worker *worker, char why[RESULT_WHY_SIZE])
{
	const char *where = format_program_line_of_death(worker);
	char report[200] = "", end[80];

	if (worker->exceeded_limit == RUN_good)
		describe_report_or_first_line(worker->output, report, sizeof(report));
	describe_process_end(worker, end, sizeof(end));
	snprintf(why, RESULT_WHY_SIZE, "%s%s%s%s%.150s", where, *where ? ": " : "", end, *report ? ": " : "",
		 report);
	return find_kind_of_death(worker, report);
}
