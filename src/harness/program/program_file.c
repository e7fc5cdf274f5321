/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/program/program_bytes.h"
#include "harness/program/program_name.h"
#include "harness/program/program_text.h"

/* The error message for a file without the header; the file may be a byte string with a wrong name. */
#define NO_PROGRAM "expected the header 'pagetorture 1', or the name of a byte string: " PROGRAM_BYTE_NAMES

static char *read_all_bytes(int fd, size_t *size)
{
	size_t capacity = 1 << 14;
	char *content = malloc(capacity);

	*size = 0;
	while (content) {
		ssize_t got = read(fd, content + *size, capacity - *size);

		if (got == 0)
			return content;
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			break;
		*size += (size_t)got;
		if (*size > PROGRAM_FILE_MAX) {
			errno = EFBIG;
			break;
		}
		if (*size == capacity) {
			char *more = realloc(content, capacity *= 2);

			if (!more)
				break;
			content = more;
		}
	}
	free(content);
	return NULL;
}

/* Returns a static copy of the name for a one-line message, with each control character as `?`. */
static const char *make_printable_name(const char *name)
{
	static char text[PATH_MAX];

	snprintf(text, sizeof(text), "%s", name);
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < ' ')
			*c = '?';
	return text;
}

char *program_file_read_or_stdin(const char *name, size_t *size, char error[PROGRAM_FILE_ERROR])
{
	bool standard = !strcmp(name, "-");
	int fd = standard ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);
	struct stat status;
	char *content = NULL;

	if (fd >= 0 && !fstat(fd, &status) && S_ISDIR(status.st_mode))
		errno = EISDIR;
	else if (fd >= 0)
		content = read_all_bytes(fd, size);
	if (!content)
		snprintf(error, PROGRAM_FILE_ERROR, "%s: expected a readable program file: %s",
			 make_printable_name(name), strerror(errno));
	if (fd >= 0 && !standard)
		close(fd);
	return content;
}

bool program_file_parse(const char *name, const char *content, size_t size, struct program *program,
			char error[PROGRAM_FILE_ERROR])
{
	struct text_error text_error;

	if (program_name_is_bytes(name)) {
		program_from_bytes(program, (const uint8_t *)content, size);
		return true;
	}
	if (program_from_text(program, content, size, &text_error))
		return true;
	snprintf(error, PROGRAM_FILE_ERROR, "%s:%u: %s", make_printable_name(name), text_error.line_number,
		 text_error.no_header && !program_name_is_text(name) ? NO_PROGRAM : text_error.message);
	return false;
}

bool program_file_read_and_parse(const char *name, struct program *program, char error[PROGRAM_FILE_ERROR])
{
	size_t content_size;
	char *content = program_file_read_or_stdin(name, &content_size, error);
	bool is_parsed = content && program_file_parse(name, content, content_size, program, error);

	free(content);
	return is_parsed;
}
