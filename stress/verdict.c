/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <unistd.h>

#include "stress/core.h"

/* No operation at all is a failure too: a test that did nothing found nothing. */
static bool did_something(const struct stress_run *run, const struct totals *totals)
{
	return totals->all || atomic_load_explicit(&run->signal, memory_order_relaxed);
}

bool verdict_say(const struct stress_run *run)
{
	struct totals totals = statistics_sum(run);
	struct text text = { .used = 0 };
	int sent = atomic_load_explicit(&run->signal, memory_order_relaxed);
	bool good;

	races_add_faults(&text, run);
	good = !text.used && !totals.failures && did_something(run, &totals);
	if (!text.used && races_at(ON_PAGE))
		text_add(&text, "%s: the expected race was reported %lu times\n",
			 run->pattern->name, races_at(ON_PAGE));
	if (sent)
		text_add(&text, "%s: stopped by signal %d before its time\n", run->pattern->name,
			 sent);
	text_add(&text, "%s--- ", run->pattern->name);
	report_add_parameters(&text, run);
	text_add(&text, "End of test: %s\n", good ? "SUCCESS" : "FAILURE");
	text_put(&text, STDOUT_FILENO);
	return good;
}
