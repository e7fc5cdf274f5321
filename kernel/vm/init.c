/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The first process of a guest: loads the module, runs commands one after the other, and ends the guest.
 *
 *   /commands            each command: a program and its arguments, each ended by NUL; a NUL ends a command
 *   /module-parameters   parameters of the module
 *   /settings            lines `PATH VALUE`, which this process writes to files of /proc and /sys; it skips
 *                        a file that the kernel does not have
 *
 * The output of all commands goes to the virtio ports `stdout` and `stderr`, and the largest exit status to
 * `status`.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGUMENTS_MAX 4096
#define TEXT_MAX      (1 << 20)

static _Noreturn void end_guest(void)
{
	fflush(NULL);
	sync();
	reboot(RB_AUTOBOOT);
	_exit(1);
}

/* The host finds the line on the guest's console, because the guest ends without a status. */
static _Noreturn void fail(const char *path, const char *expected)
{
	int console = open("/dev/console", O_WRONLY);

	dprintf(console, "init: %s: expected %s: %s\n", path, expected, strerror(errno));
	end_guest();
}

static void mount_or_fail(const char *type, const char *path)
{
	mkdir(path, 0755);
	if (mount(type, path, type, 0, NULL))
		fail(path, "to mount a file system");
}

/* Return: the content of the file, ended by NUL; @size: gets its size. */
static char *read_file(const char *path, size_t *size)
{
	char *content = malloc(TEXT_MAX);
	int file = open(path, O_RDONLY);
	ssize_t count = 0;

	if (file < 0 || !content)
		fail(path, "a file");
	*size = 0;
	while (*size < TEXT_MAX - 1 && (count = read(file, content + *size, TEXT_MAX - 1 - *size)) > 0)
		*size += (size_t)count;
	if (count < 0)
		fail(path, "a file that can be read");
	close(file);
	content[*size] = '\0';
	return content;
}

/* ---- the kernel ---- */

static void mount_file_systems(void)
{
	mount_or_fail("proc", "/proc");
	mount_or_fail("sysfs", "/sys");
	mount_or_fail("devtmpfs", "/dev");
	mount_or_fail("tmpfs", "/tmp");
	mount("debugfs", "/sys/kernel/debug", "debugfs", 0, NULL);
}

static void load_module(void)
{
	size_t size;
	char *parameters = read_file("/module-parameters", &size);
	int file = open("/pagetorture.ko", O_RDONLY | O_CLOEXEC);

	parameters[strcspn(parameters, "\n")] = '\0';
	if (file < 0 || syscall(SYS_finit_module, file, parameters, 0))
		fail("/pagetorture.ko", "a module that the kernel loads");
	close(file);
	free(parameters);
}

static void write_setting(const char *path, const char *value)
{
	int file = open(path, O_WRONLY | O_CLOEXEC);

	if (file < 0 && errno == ENOENT)
		return;
	if (file < 0 || write(file, value, strlen(value)) < 0)
		fail(path, "a setting that can be written");
	close(file);
}

static void write_settings(void)
{
	size_t size;
	char *settings = read_file("/settings", &size), *next = settings, *line;

	while ((line = strsep(&next, "\n"))) {
		char *path = strsep(&line, " ");

		if (*path && line)
			write_setting(path, line);
	}
	free(settings);
}

/* ---- the ports ---- */

static bool port_has_name(const char *port, const char *name)
{
	char path[300], text[32] = "";
	int file;

	snprintf(path, sizeof(path), "/sys/class/virtio-ports/%s/name", port);
	file = open(path, O_RDONLY);
	if (file < 0)
		return false;
	if (read(file, text, sizeof(text) - 1) < 0)
		text[0] = '\0';
	close(file);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, name);
}

static int open_port(const char *name)
{
	DIR *directory = opendir("/sys/class/virtio-ports");
	struct dirent *entry;
	char path[300];
	int port = -1;

	while (directory && port < 0 && (entry = readdir(directory))) {
		if (!port_has_name(entry->d_name, name))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", entry->d_name);
		port = open(path, O_WRONLY);
	}
	if (port < 0)
		fail(name, "a virtio port of this name");
	closedir(directory);
	return port;
}

/* ---- the command ---- */

static _Noreturn void execute_command(char **arguments)
{
	if (chdir("/programs"))
		fail("/programs", "a directory");
	execv(arguments[0], arguments);
	fail(arguments[0], "a program");
}

static int run_command(char **arguments)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		execute_command(arguments);
	if (pid < 0)
		fail(arguments[0], "a process");
	/* The first process also gets the children of other processes that ended. */
	while (wait(&status) != pid)
		;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* Return: the largest exit status of the commands. */
static int run_commands(void)
{
	static char *arguments[ARGUMENTS_MAX];
	size_t size, count = 0;
	char *commands = read_file("/commands", &size);
	int largest = 0;

	for (char *argument = commands; argument < commands + size; argument += strlen(argument) + 1) {
		if (count == ARGUMENTS_MAX - 1)
			fail("/commands", "fewer arguments");
		arguments[count++] = *argument ? argument : NULL;
		if (!*argument) {
			int status = run_command(arguments);

			largest = status > largest ? status : largest;
			count = 0;
		}
	}
	return largest;
}

int main(void)
{
	int status;

	mount_file_systems();
	load_module();
	write_settings();
	if (dup2(open_port("stdout"), STDOUT_FILENO) < 0 || dup2(open_port("stderr"), STDERR_FILENO) < 0)
		fail("stdout", "a port");
	status = run_commands();
	dprintf(open_port("status"), "%d\n", status);
	end_guest();
}
