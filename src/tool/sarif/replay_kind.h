/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What can be said of an input: by `replay`, and wherever failures are told to code hosts. */
#ifndef TOOL_REPLAY_KIND_H
#define TOOL_REPLAY_KIND_H

#include <stdbool.h>

enum replay_kind {
#define KIND(id, name, fails, meaning) REPLAY_##id,
#include "tool/sarif/replay_kind.def"
#undef KIND
	REPLAY_KINDS
};

struct replay_kind_info {
	const char *name;
	const char *meaning;
	bool fails;
};

extern const struct replay_kind_info replay_kinds[REPLAY_KINDS];

#endif
