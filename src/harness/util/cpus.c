/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/cpus.h"

bool pins_init(struct pins *pins)
{
	if (sched_getaffinity(0, sizeof(pins->allowed_cpus), &pins->allowed_cpus))
		return false;
	pins->cpu_count = (unsigned int)CPU_COUNT(&pins->allowed_cpus);
	return pins->cpu_count > 0;
}

unsigned int cpus_count_available(unsigned int most)
{
	struct pins pins;

	/* Fails if the system has more CPUs than a set can hold; then @most is available. */
	return pins_init(&pins) && pins.cpu_count < most ? pins.cpu_count : most;
}

static int pick_cpu(const struct pins *pins, unsigned int turn)
{
	unsigned int left = turn % pins->cpu_count;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &pins->allowed_cpus) || left--)
		cpu++;
	return cpu;
}

bool pins_pin_thread(const struct pins *pins, unsigned int turn)
{
	int cpu = pick_cpu(pins, turn);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one) && sched_getcpu() == cpu;
}

void pins_unpin_thread(const struct pins *pins)
{
	sched_setaffinity(0, sizeof(pins->allowed_cpus), &pins->allowed_cpus);
}
