/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/cpus.h"

#include <sched.h>

unsigned int cpus_available(unsigned int most)
{
	cpu_set_t set;
	unsigned int count = 1;

	/* It fails where there are more than a set can hold; so many nobody wants. */
	if (sched_getaffinity(0, sizeof(set), &set))
		count = most;
	else if (CPU_COUNT(&set))
		count = (unsigned int)CPU_COUNT(&set);
	return count < most ? count : most;
}
