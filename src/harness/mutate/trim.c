/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/mutate/trim.h"

#include <string.h>

unsigned int trim_init(struct trim *trim)
{
	size_t count = trim->best.count;
	unsigned int most = 0;

	trim->chunk = count / 2;
	trim->end = count;
	trim->asked = 0;
	for (size_t chunk = trim->chunk; chunk; chunk /= 2)
		most += (unsigned int)((count + chunk - 1) / chunk);
	return most;
}

bool trim_next(struct trim *trim)
{
	const struct program *best = &trim->best;
	size_t start;

	if (!trim->end) {
		trim->chunk /= 2;
		trim->end = best->count;
	}
	while (trim->chunk && trim->chunk >= best->count)
		trim->chunk /= 2;
	if (!trim->chunk)
		return false;
	start = trim->end > trim->chunk ? trim->end - trim->chunk : 0;
	memcpy(trim->candidate.calls, best->calls, start * sizeof(best->calls[0]));
	memcpy(trim->candidate.calls + start, best->calls + trim->end,
	       (best->count - trim->end) * sizeof(best->calls[0]));
	trim->candidate.count = start + best->count - trim->end;
	trim->asked++;
	return true;
}

void trim_record(struct trim *trim, bool good)
{
	trim->end = trim->end > trim->chunk ? trim->end - trim->chunk : 0;
	if (good) {
		trim->best.count = trim->candidate.count;
		memcpy(trim->best.calls, trim->candidate.calls,
		       trim->candidate.count * sizeof(trim->candidate.calls[0]));
	}
}
