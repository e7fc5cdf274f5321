/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/sarif/replay_kind.h"

const struct replay_kind_info replay_kinds[REPLAY_KINDS] = {
#define KIND(id, name, fails, meaning) { name, meaning, fails },
#include "tool/sarif/replay_kind.def"
#undef KIND
};
