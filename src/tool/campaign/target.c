/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/campaign/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/program/program_bytes.h"
#include "tool/util/output.h"

void target_init(struct target *target, const char *name, const struct fuzz_options *options)
{
	const struct fuzz_target *known = fuzz_target_find(name);

	memset(target, 0, sizeof(*target));
	target->name = name;
	target->flavour = "asan";
	if (known) {
		target->flavour = known->flavour;
		target->reads = known->reads;
	}
	/* A text of that length has as many calls as a program can have. */
	target->max_len = target->reads == READS_TEXT ? 4096 : PROGRAM_BYTES_MAX;
	path_format_or_exit(target->dir, sizeof(target->dir), "%s/%s", options->dir, name);
	path_format_or_exit(target->queue, sizeof(target->queue), "%s/queue", target->dir);
	path_format_or_exit(target->dictionary, sizeof(target->dictionary), "%s/%s.dict",
			  options->seeds, name);
	if (access(target->dictionary, R_OK))
		target->dictionary[0] = '\0';
	for (unsigned int i = 0; i < ENGINES * ENGINE_WORKERS; i++)
		worker_init(&target->workers[i], engines[i / ENGINE_WORKERS], target, options,
			    i % ENGINE_WORKERS);
}

/* ---- trouble ---- */

/* Logs a problem once, and again only when it was over in between or is another. */
int target_store_input(struct target *target, struct corpus_directory *store, const char *prefix,
		const struct corpus_input *input)
{
	int error = corpus_directory_add(store, prefix, input);

	if (error == EEXIST)
		return error;
	if (error && error != store->trouble)
		log_message("%s: cannot write to %s: %s; tries again", target->name, store->path,
		     strerror(error));
	store->trouble = error;
	return error;
}

/* The campaign pauses while less is free: the rest is for findings. */
#define SPARE_BYTES (16UL << 20)
#define SPARE_FILES 256UL

static bool has_room(const char *dir)
{
	struct statvfs fs;

	if (statvfs(dir, &fs))
		return true;
	return fs.f_bavail * fs.f_frsize >= SPARE_BYTES &&
	       (!fs.f_files || fs.f_favail >= SPARE_FILES);
}

static const char *const directories[] = {"",          "corpus", "findings", "queue",
				      "libfuzzer", "afl",    "logs",     "reports"};

#define DIRECTORIES (sizeof(directories) / sizeof(directories[0]))

/*
 * Engines do not notice that they cannot write, and what they find then is lost. So they run only
 * while a file can be written to the same directory, and while there is room.
 */
const char *target_cannot_write(const struct target *target)
{
	static const char page[4096];
	char path[PATH_MAX], probe[PATH_MAX];
	int error;

	if (!has_room(target->dir))
		return "the disk is nearly full";
	for (size_t i = 0; i < DIRECTORIES; i++) {
		path_format_or_exit(path, sizeof(path), "%s/%s", target->dir, directories[i]);
		if (access(path, W_OK | X_OK))
			return strerror(errno);
	}
	path_format_or_exit(path, sizeof(path), "%s/.temporary", target->dir);
	path_format_or_exit(probe, sizeof(probe), "%s/.probe", target->dir);
	error = file_replace(path, probe, page, sizeof(page), false);
	if (!error)
		unlink(probe);
	return error ? strerror(error) : NULL;
}

/* ---- directories ---- */

static bool make_directory(const struct target *target, const char *name)
{
	char path[PATH_MAX];

	path_format_or_exit(path, sizeof(path), "%s%s%s", target->dir, *name ? "/" : "", name);
	if (!mkdir(path, 0777) || errno == EEXIST)
		return true;
	log_message("%s: expected a directory that can be written: %s: %s", target->name, path,
	     strerror(errno));
	return false;
}

/* Two campaigns in one directory would count each other's inputs, and AFL++ refuses it. */
static bool lock(struct target *target)
{
	char path[PATH_MAX];

	path_format_or_exit(path, sizeof(path), "%s/lock", target->dir);
	target->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (target->lock >= 0 && !flock(target->lock, LOCK_EX | LOCK_NB))
		return true;
	if (target->lock >= 0 && errno == EWOULDBLOCK)
		log_message("%s: another campaign runs in %s", target->name, target->dir);
	else
		log_message("%s: expected a directory that can be written: %s: %s", target->name, target->dir,
		     strerror(errno));
	return false;
}

static void log_junk(void *ctx, const char *path, const char *why)
{
	const struct target *target = ctx;

	log_message("%s: skipped, no input: %s: %s", target->name, path, why);
}

/* The name is libFuzzer's. If the input cannot be copied now, the next campaign does it. */
void target_enqueue(struct target *target, const struct corpus_input *input)
{
	char path[PATH_MAX];

	if (corpus_directory_has(&target->findings, input->hash))
		return;
	path_format_or_exit(path, sizeof(path), "%s/%s", target->queue, input->hash);
	name_set_add(&target->seen, path);
	if (access(path, F_OK))
		file_replace(target->corpus.temporary, path, input->bytes, input->size, false);
}

static void enqueue_visited(void *ctx, const struct corpus_input *input)
{
	target_enqueue(ctx, input);
}

static void pass_over(void *ctx, const struct corpus_input *input)
{
	(void)ctx;
	(void)input;
}

static void keep_seed(void *ctx, const struct corpus_input *input)
{
	struct target *target = ctx;

	target_store_input(target, &target->corpus, "", input);
	target_enqueue(target, input);
}

/* Seeds are read as a corpus directory to which no file is added. */
static void read_seeds(struct target *target, const struct fuzz_options *options)
{
	const struct corpus_visitor visitor = {keep_seed, log_junk, target};
	char directory[PATH_MAX];
	struct corpus_directory seeds = {.durable = false};

	path_format_or_exit(directory, sizeof(directory), "%s/%s", options->seeds, target->name);
	if (!access(directory, R_OK | X_OK))
		corpus_directory_open(&seeds, options->seeds, target->name, &visitor);
	free(seeds.known.slots);
}

/* AFL++ does not start without an input. */
static void add_least_seed(struct target *target)
{
	struct corpus_input least = {.bytes = (const uint8_t *)"\n", .size = 1};

	sha1_text(least.bytes, least.size, least.hash);
	keep_seed(target, &least);
}

static bool open_corpora(struct target *target)
{
	const struct corpus_visitor findings = {pass_over, log_junk, target};
	const struct corpus_visitor corpus = {enqueue_visited, log_junk, target};
	int error;

	target->findings.durable = true;
	error = corpus_directory_open(&target->findings, target->dir, "findings", &findings);
	if (!error)
		error = corpus_directory_open(&target->corpus, target->dir, "corpus", &corpus);
	if (error)
		log_message("%s: expected directories that can be read and written: %s: %s", target->name,
		     target->dir, strerror(error));
	return !error;
}

bool target_open(struct target *target, const struct fuzz_options *options)
{
	const char *why;

	for (size_t i = 0; i < DIRECTORIES; i++)
		if (!make_directory(target, directories[i]))
			return false;
	if (!lock(target) || !open_corpora(target))
		return false;
	why = target_cannot_write(target);
	if (why && has_room(target->dir)) {
		log_message("%s: expected a directory that can be written: %s: %s", target->name, target->dir,
		     why);
		return false;
	}
	read_seeds(target, options);
	if (!target->corpus.known.count)
		add_least_seed(target);
	target->corpus_before = target->corpus.known.count;
	target->findings_before = target->findings.known.count;
	return true;
}

void target_withdraw(const struct target *target, const char *written)
{
	const char *hash = strrchr(written, '-');
	char path[PATH_MAX];

	if (!hash || strlen(hash + 1) != SHA1_TEXT - 1)
		return;
	path_format_or_exit(path, sizeof(path), "%s/%s", target->queue, hash + 1);
	unlink(path);
}

/* ---- figures ---- */

unsigned long target_executions(const struct target *target, long now)
{
	unsigned long sum = 0;

	for_each_worker(worker, target)
		sum += worker_executions(worker, now);
	return sum;
}

unsigned long target_all_executions(const struct target *target, long now)
{
	return target->earlier_executions + target_executions(target, now);
}

unsigned long mean_rate(unsigned long executions, long ms)
{
	return ms > 0 ? executions * 1000 / (unsigned long)ms : 0;
}

unsigned long target_rate(const struct target *target)
{
	unsigned long sum = 0;

	for_each_worker(worker, target)
		sum += worker->now.rate;
	return sum;
}

size_t target_new_findings(const struct target *target)
{
	return target->findings.known.count - target->findings_before;
}
