/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Copies what the engines found from their directories to corpus/ and findings/. */
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
#include "tool/util/output.h"

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

/* Addresses and numbers differ between two reports of one failure. */
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

/* Was no finding with that reason logged before? An unknown reason is always new. */
static bool is_new_reason(struct target *target, const char *reason)
{
	char plain[sizeof(target->reasons[0])];

	if (!*reason)
		return true;
	without_numbers(reason, plain, sizeof(plain));
	for (size_t i = 0; i < target->reasons_logged; i++)
		if (!strcmp(target->reasons[i], plain))
			return false;
	if (target->reasons_logged < REASONS)
		strcpy(target->reasons[target->reasons_logged++], plain);
	return true;
}

/* The worker whose log names the file that it wrote; or NULL. */
static const struct worker *writer_of(const struct target *target, const char *path)
{
	for_each_worker(worker, target)
		if (!strcmp(worker->written, path))
			return worker;
	return NULL;
}

/* Copies the end of the engine's log, which the next start replaces. */
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
		file_replace(target->findings.temporary, path, text, (size_t)got, false);
}

static void log_finding(const struct collection *c, const char *kind, const char *hash,
			 const char *reason)
{
	char path[PATH_MAX], command[TARGET_COMMAND];

	path_format_or_exit(path, sizeof(path), "%s/%s-%s", c->target->findings.path, kind, hash);
	target_replay_command(c->target, c->options, path, command, sizeof(command));
	log_message("FINDING %s, %s%s%s\n  replay: %s", c->target->name, kind, *reason ? ": " : "", reason,
	     command);
}

static int keep_finding(const struct collection *c, const char *path, const char *kind,
			const struct corpus_input *input)
{
	const struct worker *writer = writer_of(c->target, path);
	const char *reason = writer ? writer->reason : "";
	char prefix[16];
	int error;

	snprintf(prefix, sizeof(prefix), "%s-", kind);
	error = target_store_input(c->target, &c->target->findings, prefix, input);
	if (error)
		return error;
	if (writer)
		keep_report(c->target, writer, kind, input->hash);
	if (is_new_reason(c->target, reason))
		log_finding(c, kind, input->hash, reason);
	return 0;
}

/* ---- corpus ---- */

static int keep_entry(const struct collection *c, const char *path, const struct corpus_input *input)
{
	struct target *target = c->target;
	int error = target_store_input(target, &target->corpus, "", input);

	if (error)
		return error;
	target->last_find = c->now;
	/* An entry of the queue was there, and the engine may have removed it since. */
	if (strncmp(path, target->queue, strlen(target->queue)))
		target_enqueue(target, input);
	return 0;
}

/* ---- directories ---- */

/* libFuzzer's names end with the hash of the content, which shows whether a file is whole. */
static bool is_named_by_content(const char *path, const char *hash)
{
	size_t len = strlen(path), hash_len = SHA1_TEXT - 1;

	return len > hash_len && !strcmp(path + len - hash_len, hash);
}

static const char sha1_of_nothing[] = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

/* Any other file is whole when it was not written for a second. */
static bool is_old(const char *path)
{
	struct stat status;

	return !stat(path, &status) && status.st_mtime + 1 < time(NULL);
}

/* A finding is logged with its reason, which the engine prints after it wrote the input. */
static bool is_complete(const struct collection *c, const char *path, const char *kind,
			const struct corpus_input *input)
{
	if (c->settled || is_old(path))
		return true;
	return is_named_by_content(path, input->hash) && (!kind || writer_of(c->target, path));
}

/* When no engine runs any more, the file is not tried again. */
static void log_lost(const struct collection *c, const char *path, const char *why)
{
	if (!c->settled)
		return;
	log_message("%s: %s is not kept: %s", c->target->name, path, why);
	c->target->lost++;
}

static void collect_file(const struct collection *c, const char *path, const char *kind)
{
	struct corpus_input input;
	const char *why;
	int error;

	if (name_set_has(&c->target->seen, path))
		return;
	why = corpus_input_read(path, &input);
	/* A file that cannot be read is tried again: an engine may be writing it. */
	if (why) {
		if (kind && (strcmp(why, "empty") || is_named_by_content(path, sha1_of_nothing)))
			log_lost(c, path, why);
		return;
	}
	if (!is_complete(c, path, kind, &input))
		return;
	error = kind ? keep_finding(c, path, kind, &input) : keep_entry(c, path, &input);
	if (!error || error == EEXIST)
		name_set_add(&c->target->seen, path);
	else
		log_lost(c, path, strerror(error));
}

static void collect_directory(const struct collection *c, const char *directory, const struct source *source)
{
	char path[PATH_MAX];
	struct dirent *entry;
	DIR *dir = opendir(directory);

	if (!dir) {
		if (errno != ENOENT && errno != ENOTDIR)
			log_lost(c, directory, strerror(errno));
		return;
	}
	while ((entry = readdir(dir))) {
		if (entry->d_name[0] == '.' ||
		    strncmp(entry->d_name, source->prefix, strlen(source->prefix)))
			continue;
		path_format_or_exit(path, sizeof(path), "%s/%s", directory, entry->d_name);
		collect_file(c, path, source->kind);
	}
	closedir(dir);
}

static void collect_source(const struct collection *c, const struct source *source)
{
	char pattern[PATH_MAX];
	glob_t directories;
	int error;

	path_format_or_exit(pattern, sizeof(pattern), "%s/%s", c->target->dir, source->directory);
	error = glob(pattern, GLOB_NOSORT | GLOB_ERR, NULL, &directories);
	if (error) {
		if (error != GLOB_NOMATCH)
			log_lost(c, pattern, strerror(error == GLOB_NOSPACE ? ENOMEM : EIO));
		return;
	}
	for (size_t i = 0; i < directories.gl_pathc; i++)
		collect_directory(c, directories.gl_pathv[i], source);
	globfree(&directories);
}

void target_collect(struct target *target, const struct fuzz_options *options, bool settled,
		    long now)
{
	const struct collection c = {target, options, settled, now};

	target->lost = 0;
	for (size_t i = 0; i < ENGINES; i++)
		for (const struct source *s = engines[i]->sources; s->directory; s++)
			collect_source(&c, s);
}
