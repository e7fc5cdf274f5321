/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A library for LD_PRELOAD: the system refuses one call of a C library function.
 *
 *   REFUSE=NAME:N    the N-th call of NAME fails; NAME:N+: that call and all later ones
 *   REFUSE_ALL=1     also in programs that the first one starts; each has its own count
 *   REFUSE_USED=FILE gets a line for each refused call
 *
 * A process that is created by fork() continues its parent's count.
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

#define NAMES(X)                                                                          \
	X(calloc, ENOMEM) X(fork, EAGAIN) X(malloc, ENOMEM) X(memfd_create, EMFILE)        \
	X(mmap, ENOMEM) X(open, EMFILE) X(opendir, EMFILE) X(open_memstream, ENOMEM)       \
	X(pipe2, EMFILE) X(poll, ENOMEM) X(process_vm_readv, EPERM) X(pthread_create, EAGAIN) \
	X(realloc, ENOMEM) X(send, EPIPE) X(socketpair, EMFILE) X(waitpid, ECHILD) X(write, ENOSPC)

enum function {
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

/* The refused function; FUNCTIONS: none. */
static enum function refused = FUNCTIONS;
static unsigned long first;
static bool all_later;
static atomic_ulong calls;
static char used[4096];

static void __attribute__((constructor)) read_environment(void)
{
	const char *text = getenv("REFUSE"), *colon = text ? strchr(text, ':') : NULL;
	const char *file = getenv("REFUSE_USED");
	char *end;

	if (!colon)
		return;
	for (unsigned int i = 0; i < FUNCTIONS; i++)
		if (strlen(functions[i].name) == (size_t)(colon - text) &&
		    !memcmp(functions[i].name, text, (size_t)(colon - text)))
			refused = i;
	if (refused == FUNCTIONS)
		abort();
	first = strtoul(colon + 1, &end, 10);
	all_later = *end == '+';
	if (file)
		strncpy(used, file, sizeof(used) - 1);
	if (!getenv("REFUSE_ALL"))
		unsetenv("LD_PRELOAD");
}

static void note_use(enum function function)
{
	const char *name = functions[function].name;
	int file;

	if (!*used)
		return;
	file = (int)syscall(SYS_openat, AT_FDCWD, used, O_WRONLY | O_APPEND | O_CREAT, 0666);
	syscall(SYS_write, file, name, strlen(name));
	syscall(SYS_write, file, "\n", (size_t)1);
	syscall(SYS_close, file);
}

static bool is_refused(enum function function)
{
	unsigned long call;

	if (function != refused)
		return false;
	call = atomic_fetch_add(&calls, 1) + 1;
	if (call != first && (call < first || !all_later))
		return false;
	note_use(function);
	errno = functions[function].error;
	return true;
}

/* Finds the C library's function once. */
#define REAL(name)                                            \
	static __typeof__(&(name)) real;                      \
	if (!real)                                            \
		*(void **)&real = dlsym(RTLD_NEXT, #name)

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *memory, size_t size);

void *malloc(size_t size)
{
	return is_refused(F_malloc) ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return is_refused(F_calloc) ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
	return is_refused(F_realloc) ? NULL : __libc_realloc(memory, size);
}

pid_t fork(void)
{
	REAL(fork);
	return is_refused(F_fork) ? -1 : real();
}

int memfd_create(const char *name, unsigned int flags)
{
	REAL(memfd_create);
	return is_refused(F_memfd_create) ? -1 : real(name, flags);
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t off)
{
	REAL(mmap);
	return is_refused(F_mmap) ? MAP_FAILED : real(addr, len, prot, flags, fd, off);
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;
	REAL(open);

	va_start(args, flags);
	mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(args, int) : 0;
	va_end(args);
	return is_refused(F_open) ? -1 : real(path, flags, mode);
}

struct __dirstream;
struct __dirstream *opendir(const char *path);
struct __dirstream *opendir(const char *path)
{
	REAL(opendir);
	return is_refused(F_opendir) ? NULL : real(path);
}

struct _IO_FILE;
struct _IO_FILE *open_memstream(char **text, size_t *size);
struct _IO_FILE *open_memstream(char **text, size_t *size)
{
	REAL(open_memstream);
	return is_refused(F_open_memstream) ? NULL : real(text, size);
}

int pipe2(int ends[2], int flags)
{
	REAL(pipe2);
	return is_refused(F_pipe2) ? -1 : real(ends, flags);
}

int poll(struct pollfd *files, nfds_t count, int most)
{
	REAL(poll);
	return is_refused(F_poll) ? -1 : real(files, count, most);
}

ssize_t process_vm_readv(pid_t pid, const struct iovec *to, unsigned long to_count,
			 const struct iovec *from, unsigned long from_count, unsigned long flags)
{
	REAL(process_vm_readv);
	return is_refused(F_process_vm_readv) ? -1 : real(pid, to, to_count, from, from_count, flags);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
	REAL(pthread_create);
	return is_refused(F_pthread_create) ? EAGAIN : real(thread, attr, fn, arg);
}

ssize_t send(int socket, const void *bytes, size_t size, int flags)
{
	REAL(send);
	return is_refused(F_send) ? -1 : real(socket, bytes, size, flags);
}

int socketpair(int domain, int type, int protocol, int ends[2])
{
	REAL(socketpair);
	return is_refused(F_socketpair) ? -1 : real(domain, type, protocol, ends);
}

pid_t waitpid(pid_t pid, int *status, int options)
{
	REAL(waitpid);
	return is_refused(F_waitpid) ? -1 : real(pid, status, options);
}

ssize_t write(int file, const void *bytes, size_t size)
{
	REAL(write);
	return is_refused(F_write) ? -1 : real(file, bytes, size);
}
