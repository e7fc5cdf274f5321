/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/run/kind.h"

const struct run_kind_info result_kinds[RUN_KINDS] = {
#define KIND(id, name, fails, meaning) { name, meaning, fails },
#include "tool/run/kind.def"
#undef KIND
};
