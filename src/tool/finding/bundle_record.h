/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_BUNDLE_RECORD_H
#define TOOL_BUNDLE_RECORD_H

#include "tool/finding/bundle.h"
#include "tool/util/results.h"

/* Writes the failure as a record of the results (doc/replay.md). */
void bundle_write_record(struct results *results, const struct bundle *bundle,
			 struct oracle *oracle);

#endif
