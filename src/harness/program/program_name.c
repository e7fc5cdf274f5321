/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/program/program_name.h"

#include <string.h>
#include <sys/stat.h>

bool program_all_bytes;

static const char *find_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool has_ending(const char *name, const char *ending)
{
	size_t len = strlen(name), tail = strlen(ending);

	return len > tail && !strcmp(name + len - tail, ending);
}

/* Fuzzing engines use the SHA-1 hash of an input as the name of its file. */
static bool is_hash_name(const char *name)
{
	return strlen(name) == 40 && strspn(name, "0123456789abcdefABCDEF") == 40;
}

bool program_name_is_text(const char *name)
{
	return !program_all_bytes && has_ending(find_base_name(name), ".page");
}

bool program_name_is_bytes(const char *name)
{
	static const char *const prefixes[] = { "crash-", "id:", "leak-", "oom-", "slow-unit-", "timeout-" };
	const char *base = find_base_name(name);

	if (program_all_bytes)
		return true;
	if (program_name_is_text(name))
		return false;
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
		if (!strncmp(base, prefixes[i], strlen(prefixes[i])))
			return true;
	return has_ending(base, ".bin") || is_hash_name(base);
}

bool program_name_is_known(const char *name)
{
	return program_name_is_text(name) || program_name_is_bytes(name);
}

/* The arguments of program_visit_file_or_directory(). */
struct program_visitor {
	walk_fn fn;
	void *ctx;
	size_t *ignored_count;
};

static void visit_program_or_count(const char *name, void *ctx)
{
	const struct program_visitor *filter = ctx;

	if (program_name_is_known(name))
		filter->fn(name, filter->ctx);
	else
		++*filter->ignored_count;
}

bool program_visit_file_or_directory(const char *path, walk_fn fn, void *ctx, size_t *ignored_count)
{
	struct program_visitor filter = { fn, ctx, ignored_count };
	struct stat status;

	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return walk_files(path, visit_program_or_count, &filter);
	return walk_files(path, fn, ctx);
}
