/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/isolate_server.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

/* The request and the reply, in shared memory. A byte in the socket says that one of them is ready. */
struct exchange {
	void (*fn)(void *ctx);
	void *ctx;
	unsigned int seconds;
	bool has_succeeded;
	struct isolated result;
};

static struct {
	struct exchange *exchange; /* NULL: there is no server */
	int socket;
	pid_t pid, client_pid;
} server;

static bool receive_byte(int socket)
{
	ssize_t size;
	char byte;

	while ((size = recv(socket, &byte, 1, 0)) < 0 && errno == EINTR)
		;
	return size == 1;
}

/* If the other process has ended, the function returns false, and no signal ends this process. */
static bool send_byte(int socket)
{
	return send(socket, "", 1, MSG_NOSIGNAL) == 1;
}

/* A terminal or timeout(1) sends these signals to the whole group. The server ends with its client. */
static const int group_signals[] = { SIGINT, SIGTERM, SIGHUP };

static void set_group_signals(void (*handler)(int signal))
{
	for (size_t i = 0; i < sizeof(group_signals) / sizeof(*group_signals); i++)
		signal(group_signals[i], handler);
}

static void call_requested_function(void *exchange)
{
	const struct exchange *request = exchange;

	set_group_signals(SIG_DFL);
	request->fn(request->ctx);
}

static _Noreturn void serve_until_client_ends(struct exchange *exchange, int socket)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	set_group_signals(SIG_IGN);
	while (receive_byte(socket)) {
		exchange->has_succeeded =
			isolate_call(call_requested_function, exchange, exchange->seconds, &exchange->result);
		if (!send_byte(socket))
			break;
	}
	_exit(0);
}

/* The CPU time of the server and its children counts as that of this process only if this process waits. */
static void wait_for_server_at_exit(void)
{
	if (getpid() != server.client_pid)
		return;
	close(server.socket);
	while (waitpid(server.pid, NULL, 0) < 0 && errno == EINTR)
		;
}

bool isolate_server_start(void)
{
	struct exchange *exchange = isolate_map_shared(sizeof(*exchange));
	int ends[2];
	pid_t pid;

	if (!exchange || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
		return false;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		/* Otherwise, the server would not see that its client has ended. */
		close(ends[1]);
		serve_until_client_ends(exchange, ends[0]);
	}
	close(ends[0]);
	if (pid < 0) {
		close(ends[1]);
		return false;
	}
	server.exchange = exchange;
	server.socket = ends[1];
	server.pid = pid;
	server.client_pid = getpid();
	atexit(wait_for_server_at_exit);
	return true;
}

static void copy_result(struct isolated *to, const struct isolated *from)
{
	to->has_timed_out = from->has_timed_out;
	to->has_returned = from->has_returned;
	to->exit_code = from->exit_code;
	to->signal = from->signal;
	strcpy(to->output, from->output);
}

bool isolate_call_in_server(void (*fn)(void *ctx), void *ctx, unsigned int seconds, struct isolated *result)
{
	struct exchange *exchange = server.exchange;

	if (!exchange)
		return isolate_call(fn, ctx, seconds, result);
	exchange->fn = fn;
	exchange->ctx = ctx;
	exchange->seconds = seconds;
	if (!send_byte(server.socket) || !receive_byte(server.socket))
		return false;
	copy_result(result, &exchange->result);
	return exchange->has_succeeded;
}

NO_COVERAGE_END
