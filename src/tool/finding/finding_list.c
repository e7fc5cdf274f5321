/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/finding_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "harness/util/walk.h"
#include "harness/program/program_name.h"
#include "tool/util/corpus_input.h"
#include "tool/util/name_set.h"

struct gathering {
	struct finding_list *findings;
	const char *dir, *except;
	bool named; /* only what is named as engines name it */
	struct name_set known;
};

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* The name of the directory of a file, with the slash after it. */
static const char *directory_of(const char *path, const char *name)
{
	const char *directory = name;

	if (directory > path)
		directory--;
	while (directory > path && directory[-1] != '/')
		directory--;
	return directory;
}

static bool is_named(const char *path)
{
	static const char *const prefixes[] = { "crash-", "leak-", "oom-", "timeout-" };
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	const char *directory = directory_of(path, name);

	if (begins(directory, "reports/"))
		return false;
	if (begins(directory, "findings/"))
		return true;
	if (begins(name, "id:"))
		return begins(directory, "crashes") || begins(directory, "hangs");
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (begins(name, prefixes[i]))
			return true;
	return false;
}

static bool is_direct(const char *dir, const char *path)
{
	const char *rest = path + strlen(dir);

	rest += strspn(rest, "/");
	return !strchr(rest, '/');
}

static bool is_below(const char *path, const char *directory)
{
	size_t len = strlen(directory);

	return !strncmp(path, directory, len) && (path[len] == '/' || !path[len]);
}

static void add(struct finding_list *findings, const char *path, const struct corpus_input *input)
{
	struct finding *more = realloc(findings->of, (findings->count + 1) * sizeof(*more));
	char *copy = strdup(path);

	if (!more || !copy) {
		fprintf(stderr, "pagetorture triage: expected memory for a list of findings\n");
		exit(2);
	}
	findings->of = more;
	more[findings->count].path = copy;
	more[findings->count].size = input->size;
	memcpy(more[findings->count++].hash, input->hash, sizeof(input->hash));
}

static void take(const char *path, void *ctx)
{
	struct gathering *g = ctx;
	struct corpus_input input;
	const char *why;

	/* AFL++ leaves a text beside its crashes: README.txt is no program. */
	if (!program_name_is_known(path) || is_below(path, g->except) ||
	    !(g->named ? is_named(path) : is_direct(g->dir, path)))
		return;
	why = corpus_input_read(path, &input);
	if (why) {
		fprintf(stderr, "%s: expected a finding: %s\n", path, why);
		g->findings->unreadable++;
	} else if (name_set_add(&g->known, input.hash)) {
		add(g->findings, path, &input);
	} else {
		g->findings->repeated++;
	}
}

bool finding_list_init(struct finding_list *findings, const char *dir, const char *except)
{
	struct gathering g = { findings, dir, except, .named = true };
	struct stat status;
	bool good;

	memset(findings, 0, sizeof(*findings));
	if (stat(dir, &status) || !S_ISDIR(status.st_mode)) {
		fprintf(stderr, "%s: expected a directory with findings: %s\n", dir,
			strerror(errno ? errno : ENOTDIR));
		return false;
	}
	good = walk_files(dir, take, &g);
	if (!findings->count && !findings->unreadable) {
		g.named = false;
		good &= walk_files(dir, take, &g);
	}
	free(g.known.slots);
	return good;
}

void finding_list_destroy(struct finding_list *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->of[i].path);
	free(findings->of);
}
