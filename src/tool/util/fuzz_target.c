/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/fuzz_target.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct fuzz_target targets[] = {
#define TARGET(name, flavour, reads, what) { #name, flavour, READS_##reads },
#include "fuzz/targets.def"
};

#define TARGET(name, ...) ", " #name
const char *const fuzz_target_names = &(
#include "fuzz/targets.def"
	)[2];

#define TARGETS (sizeof(targets) / sizeof(targets[0]))

const struct fuzz_target *fuzz_target_get(size_t target_index)
{
	return target_index < TARGETS ? &targets[target_index] : NULL;
}

const struct fuzz_target *fuzz_target_find(const char *name)
{
	for (size_t i = 0; i < TARGETS; i++)
		if (!strcmp(targets[i].name, name))
			return &targets[i];
	return NULL;
}

static bool is_findings_directory(const char *directory)
{
	return !strcmp(directory, "findings") || !strcmp(directory, "libfuzzer") || !strcmp(directory, "afl");
}

const struct fuzz_target *fuzz_target_find_by_path(const char *path)
{
	char absolute[PATH_MAX], *rest = absolute, *name;
	const struct fuzz_target *previous_target = NULL, *finding_target = NULL;

	if (!realpath(path, absolute))
		return NULL;
	while ((name = strsep(&rest, "/"))) {
		if (previous_target && rest && is_findings_directory(name))
			finding_target = previous_target;
		previous_target = fuzz_target_find(name);
	}
	return finding_target;
}
