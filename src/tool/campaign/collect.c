/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What the engines found, from their directories to those that are kept. */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/util/shell_word.h"
#include "tool/campaign/target.h"
#include "tool/campaign/log.h"

struct collection {
	struct target *target;
	const struct fuzz_options *options;
	bool settled;
	long now;
};

/* ---- findings ---- */

void target_replay_command(const struct target *target, const struct fuzz_options *options,
			   const char *input, char *command, size_t size)
{
	char names[3][160], path[PATH_MAX + 160];
	FILE *out;

	snprintf(names[0], sizeof(names[0]), "%.100s-replay-%s", target->name, target->flavour);
	snprintf(names[1], sizeof(names[1]), "%.100s", target->name);
	snprintf(names[2], sizeof(names[2]), "afl/%.100s", target->name);
	for (size_t i = 0; i < 3; i++)
		if (i == 2 || engine_has_file(options->bin, names[i])) {
			path_format_or_exit(path, sizeof(path), "%s/%s", options->bin, names[i]);
			break;
		}
	*command = '\0';
	out = fmemopen(command, size, "w");
	if (!out)
		return;
	shell_path_print(out, path);
	putc(' ', out);
	shell_path_print(out, input);
	fclose(out);
}

/* Addresses and numbers differ each time that one thing happens. */
static void without_numbers(const char *reason, char *plain, size_t size)
{
	size_t used = 0;

	for (const char *c = reason; *c && used < size - 1; c++) {
		plain[used++] = isdigit((unsigned char)*c) ? '#' : *c;
		if (isdigit((unsigned char)*c))
			while (isxdigit((unsigned char)c[1]))
				c++;
	}
	plain[used] = '\0';
}

/* Is that reason told for the first time? One that nobody knows always is. */
static bool is_news(struct target *target, const char *reason)
{
	char plain[sizeof(target->reasons[0])];

	if (!*reason)
		return true;
	without_numbers(reason, plain, sizeof(plain));
	for (size_t i = 0; i < target->reasons_told; i++)
		if (!strcmp(target->reasons[i], plain))
			return false;
	if (target->reasons_told < REASONS)
		strcpy(target->reasons[target->reasons_told++], plain);
	return true;
}

/* The process that wrote the file, if it said so. */
static const struct worker *writer_of(const struct target *target, const char *path)
{
	for (size_t i = 0; i < ENGINES; i++)
		for (size_t n = 0; n < GROUP_WORKERS; n++)
			if (!strcmp(target->groups[i].workers[n].written, path))
				return &target->groups[i].workers[n];
	return NULL;
}

/* The end of what the engine printed; the log itself is written anew. */
static void keep_report(const struct target *target, const struct worker *worker, const char *kind,
			const char *hash)
{
	static char text[1 << 16];
	char path[PATH_MAX];
	int fd = open(worker->log, O_RDONLY | O_CLOEXEC);
	ssize_t got;

	if (fd < 0)
		return;
	if (lseek(fd, -(off_t)sizeof(text), SEEK_END) < 0)
		lseek(fd, 0, SEEK_SET);
	got = read(fd, text, sizeof(text));
	close(fd);
	path_format_or_exit(path, sizeof(path), "%s/reports/%s-%s", target->dir, kind, hash);
	if (got > 0)
		store_write(target->findings.beside, path, text, (size_t)got, false);
}

static void log_finding(const struct collection *h, const char *kind, const char *hash,
			 const char *reason)
{
	char path[PATH_MAX], command[TARGET_COMMAND];

	path_format_or_exit(path, sizeof(path), "%s/%s-%s", h->target->findings.path, kind, hash);
	target_replay_command(h->target, h->options, path, command, sizeof(command));
	log_message("FINDING %s, %s%s%s\n  replay: %s", h->target->name, kind, *reason ? ": " : "", reason,
	     command);
}

static int take_finding(const struct collection *h, const char *path, const char *kind,
			const struct store_input *input)
{
	const struct worker *writer = writer_of(h->target, path);
	const char *reason = writer ? writer->reason : "";
	char prefix[16];
	int error;

	snprintf(prefix, sizeof(prefix), "%s-", kind);
	error = target_keep(h->target, &h->target->findings, prefix, input);
	if (error)
		return error;
	if (writer)
		keep_report(h->target, writer, kind, input->hash);
	if (is_news(h->target, reason))
		log_finding(h, kind, input->hash, reason);
	return 0;
}

/* ---- corpus ---- */

static int take_entry(const struct collection *h, const char *path, const struct store_input *input)
{
	struct target *target = h->target;
	int error = target_keep(target, &target->corpus, "", input);

	if (error)
		return error;
	target->last_find = h->now;
	/* What comes from the queue was handed out, and may have been removed since. */
	if (strncmp(path, target->queue, strlen(target->queue)))
		target_hand_out(target, input);
	return 0;
}

/* ---- directories ---- */

/* libFuzzer's names end with the hash of the content: such a file shows whether it is whole. */
static bool is_named_by_content(const char *path, const char *hash)
{
	size_t len = strlen(path), hash_len = SHA1_TEXT - 1;

	return len > hash_len && !strcmp(path + len - hash_len, hash);
}

static const char sha1_of_nothing[] = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/* Another one is whole when nobody wrote to it for a second. */
static bool is_old(const char *path)
{
	struct stat status;

	return !stat(path, &status) && status.st_mtime + 1 < time(NULL);
}

/* A finding is told with its reason, which the engine prints after the input is written. */
static bool is_complete(const struct collection *h, const char *path, const char *kind,
			const struct store_input *input)
{
	if (h->settled || is_old(path))
		return true;
	return is_named_by_content(path, input->hash) && (!kind || writer_of(h->target, path));
}

/* When no engine runs any more, nobody comes back to it. */
static void lose(const struct collection *h, const char *path, const char *why)
{
	if (!h->settled)
		return;
	log_message("%s: %s is not kept: %s", h->target->name, path, why);
	h->target->lost++;
}

static void take_file(const struct collection *h, const char *path, const char *kind)
{
	struct store_input input;
	const char *why;
	int error;

	if (name_set_has(&h->target->taken, path))
		return;
	why = store_read(path, &input);
	/* What cannot be read is not taken for seen: it may be on its way. */
	if (why) {
		if (kind && (strcmp(why, "empty") || is_named_by_content(path, sha1_of_nothing)))
			lose(h, path, why);
		return;
	}
	if (!is_complete(h, path, kind, &input))
		return;
	error = kind ? take_finding(h, path, kind, &input) : take_entry(h, path, &input);
	if (!error || error == EEXIST)
		name_set_add(&h->target->taken, path);
	else
		lose(h, path, strerror(error));
}

static void take_directory(const struct collection *h, const char *directory, const struct source *source)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(directory);

	if (!dir) {
		if (errno != ENOENT && errno != ENOTDIR)
			lose(h, directory, strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    strncmp(entry->d_name, source->prefix, strlen(source->prefix)))
			continue;
		path_format_or_exit(path, sizeof(path), "%s/%s", directory, entry->d_name);
		take_file(h, path, source->kind);
	}
	closedir(dir);
}

static void take_source(const struct collection *h, const struct source *source)
{
	char pattern[PATH_MAX];
	glob_t directories;
	int error;

	path_format_or_exit(pattern, sizeof(pattern), "%s/%s", h->target->dir, source->directory);
	error = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &directories);
	if (error) {
		if (error != GLOB_NOMATCH)
			lose(h, pattern, strerror(error == GLOB_NOSPACE ? ENOMEM : EIO));
		return;
	}
	for (size_t i = 0; i < directories.gl_pathc; i++)
		take_directory(h, directories.gl_pathv[i], source);
	globfree(&directories);
}

void target_collect(struct target *target, const struct fuzz_options *options, bool settled,
		    long now)
{
	const struct collection h = {target, options, settled, now};

	target->lost = 0;
	for (size_t i = 0; i < ENGINES; i++)
		for (const struct source *s = engines[i]->sources; s->directory; s++)
			take_source(&h, s);
}
