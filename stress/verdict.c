/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <unistd.h>

#include "stress/core.h"

/* A run without any operation is a failure, because it tested nothing. */
static bool did_something(const struct stress_run *run, const struct totals *totals)
{
	return totals->all || atomic_load_explicit(&run->signal, memory_order_relaxed);
}

bool stress_print_verdict(const struct stress_run *run)
{
	struct totals totals = statistics_sum(run);
	struct message message = { .used = 0 };
	int sent = atomic_load_explicit(&run->signal, memory_order_relaxed);
	bool good;

	races_add_faults(&message, run);
	good = !message.used && !totals.failures && did_something(run, &totals);
	if (!message.used && races_count(ON_PAGE))
		message_append(&message, "%s: the expected race was reported %lu times\n",
			       run->pattern->name, races_count(ON_PAGE));
	if (sent)
		message_append(&message, "%s: stopped by signal %d before its time\n", run->pattern->name,
			       sent);
	message_append(&message, "%s--- ", run->pattern->name);
	report_add_parameters(&message, run);
	message_append(&message, "End of test: %s\n", good ? "SUCCESS" : "FAILURE");
	message_write(&message, STDOUT_FILENO);
	return good;
}
