/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/cpus.h"

#include <sched.h>

unsigned int cpus_count_available(unsigned int most)
{
	cpu_set_t set;
	unsigned int count = 1;

	/* Fails if the system has more CPUs than a set can hold; then @most is available. */
	if (sched_getaffinity(0, sizeof(set), &set))
		count = most;
	else if (CPU_COUNT(&set))
		count = (unsigned int)CPU_COUNT(&set);
	return count < most ? count : most;
}
