/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A library for LD_PRELOAD that makes one call of a C library function fail, or this call and all later ones.
 *
 *   REFUSE=NAME:N    the N-th call of NAME fails; NAME:N+: that call and all later calls fail
 *   REFUSE_ALL=1     also in programs that the first program starts; each counts its own calls
 *   REFUSE_USED=FILE gets a line with the function's name for each refused call
 *
 * A child of fork() continues the count of its parent.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define NAMES(X)                                                                                        \
	X(calloc, ENOMEM)                                                                               \
	X(fork, EAGAIN)                                                                                 \
	X(malloc, ENOMEM)                                                                               \
	X(memfd_create, EMFILE)                                                                         \
	X(mmap, ENOMEM) X(open, EMFILE) X(opendir, EMFILE) X(open_memstream, ENOMEM) X(pipe2, EMFILE)   \
		X(poll, ENOMEM) X(process_vm_readv, EPERM) X(pthread_create, EAGAIN) X(realloc, ENOMEM) \
			X(send, EPIPE) X(socketpair, EMFILE) X(waitpid, ECHILD) X(write, ENOSPC)

enum refusable_function {
#define NAME(name, error) F_##name,
	NAMES(NAME)
#undef NAME
		FUNCTIONS
};

static const struct {
	const char *name;
	int error;
} functions[FUNCTIONS] = {
#define NAME(name, error) { #name, error },
	NAMES(NAME)
#undef NAME
};

/* The function whose calls fail; FUNCTIONS if there is none. */
static enum refusable_function refused_function = FUNCTIONS;
static unsigned long first_refused_call;
static bool refuses_later_calls;
static atomic_ulong call_count;
static char used_path[4096];

static void __attribute__((constructor)) read_environment(void)
{
	const char *text = getenv("REFUSE"), *colon = text ? strchr(text, ':') : NULL;
	const char *file = getenv("REFUSE_USED");
	char *end_of_number;

	if (!colon)
		return;
	for (unsigned int i = 0; i < FUNCTIONS; i++)
		if (strlen(functions[i].name) == (size_t)(colon - text) &&
		    !memcmp(functions[i].name, text, (size_t)(colon - text)))
			refused_function = i;
	if (refused_function == FUNCTIONS)
		abort();
	first_refused_call = strtoul(colon + 1, &end_of_number, 10);
	refuses_later_calls = *end_of_number == '+';
	if (file)
		strncpy(used_path, file, sizeof(used_path) - 1);
	if (!getenv("REFUSE_ALL"))
		unsetenv("LD_PRELOAD");
}

static void record_refusal(enum refusable_function function)
{
	const char *name = functions[function].name;
	int record_fd;

	if (!*used_path)
		return;
	record_fd = (int)syscall(SYS_openat, AT_FDCWD, used_path, O_WRONLY | O_APPEND | O_CREAT, 0666);
	syscall(SYS_write, record_fd, name, strlen(name));
	syscall(SYS_write, record_fd, "\n", (size_t)1);
	syscall(SYS_close, record_fd);
}

static bool count_and_refuse_call(enum refusable_function function)
{
	unsigned long call_number;

	if (function != refused_function)
		return false;
	call_number = atomic_fetch_add(&call_count, 1) + 1;
	if (call_number != first_refused_call && (call_number < first_refused_call || !refuses_later_calls))
		return false;
	record_refusal(function);
	errno = functions[function].error;
	return true;
}

/* WRAP_ALLOCATOR(name, (parameters), (arguments)): uses no dlsym(), because dlsym() itself allocates. */
#define WRAP_ALLOCATOR(name, parameters, arguments)                                      \
	void *__libc_##name parameters;                                                  \
	void *name parameters                                                            \
	{                                                                                \
		return count_and_refuse_call(F_##name) ? NULL : __libc_##name arguments; \
	}

WRAP_ALLOCATOR(malloc, (size_t size), (size))
WRAP_ALLOCATOR(calloc, (size_t count, size_t size), (count, size))
WRAP_ALLOCATOR(realloc, (void *memory, size_t size), (memory, size))

/* Declares the variable `real`, which points to the C library's function. */
#define FIND_REAL(name)                  \
	static __typeof__(&(name)) real; \
	if (!real)                       \
	*(void **)&real = dlsym(RTLD_NEXT, #name)

/* WRAP(result type, name, result if refused, (parameters), (arguments)): replaces the function @name. */
#define WRAP(type, name, failure, parameters, arguments)                           \
	type name parameters                                                       \
	{                                                                          \
		FIND_REAL(name);                                                   \
		return count_and_refuse_call(F_##name) ? failure : real arguments; \
	}

struct __dirstream;
struct __dirstream *opendir(const char *path);
struct _IO_FILE;
struct _IO_FILE *open_memstream(char **text, size_t *size);

WRAP(pid_t, fork, -1, (void), ())
WRAP(int, memfd_create, -1, (const char *name, unsigned int flags), (name, flags))
WRAP(void *, mmap, MAP_FAILED, (void *addr, size_t len, int prot, int flags, int fd, off_t off),
     (addr, len, prot, flags, fd, off))
WRAP(struct __dirstream *, opendir, NULL, (const char *path), (path))
WRAP(struct _IO_FILE *, open_memstream, NULL, (char **text, size_t *size), (text, size))
WRAP(int, pipe2, -1, (int ends[2], int flags), (ends, flags))
WRAP(int, poll, -1, (struct pollfd * files, nfds_t count, int timeout), (files, count, timeout))
WRAP(ssize_t, process_vm_readv, -1,
     (pid_t pid, const struct iovec *to, unsigned long to_count, const struct iovec *from,
      unsigned long from_count, unsigned long flags),
     (pid, to, to_count, from, from_count, flags))
WRAP(int, pthread_create, EAGAIN,
     (pthread_t * thread, const pthread_attr_t *attr, void *(*run)(void *), void *arg),
     (thread, attr, run, arg))
WRAP(ssize_t, send, -1, (int socket, const void *bytes, size_t size, int flags), (socket, bytes, size, flags))
WRAP(int, socketpair, -1, (int domain, int type, int protocol, int ends[2]), (domain, type, protocol, ends))
WRAP(pid_t, waitpid, -1, (pid_t pid, int *status, int options), (pid, status, options))
WRAP(ssize_t, write, -1, (int file, const void *bytes, size_t size), (file, bytes, size))

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	FIND_REAL(open);

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, int) : 0;
	va_end(args);
	return count_and_refuse_call(F_open) ? -1 : real(path, flags, mode);
}
