/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/cpus.h"

bool pins_find_cpus(struct pins *pins)
{
	if (sched_getaffinity(0, sizeof(pins->allowed_cpus), &pins->allowed_cpus))
		return false;
	pins->cpu_count = (unsigned int)CPU_COUNT(&pins->allowed_cpus);
	return pins->cpu_count > 0;
}

unsigned int cpus_count_available_or_max(unsigned int max_count)
{
	struct pins pins;

	/* pins_find_cpus() fails if the system has more CPUs than a cpu_set_t has bits. */
	return pins_find_cpus(&pins) && pins.cpu_count < max_count ? pins.cpu_count : max_count;
}

static int find_allowed_cpu_modulo(const struct pins *pins, unsigned int cpu_number)
{
	unsigned int cpus_to_skip = cpu_number % pins->cpu_count;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &pins->allowed_cpus) || cpus_to_skip--)
		cpu++;
	return cpu;
}

bool pins_pin_thread(const struct pins *pins, unsigned int cpu_number)
{
	int cpu = find_allowed_cpu_modulo(pins, cpu_number);
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return !sched_setaffinity(0, sizeof(one), &one) && sched_getcpu() == cpu;
}

void pins_unpin_thread(const struct pins *pins)
{
	sched_setaffinity(0, sizeof(pins->allowed_cpus), &pins->allowed_cpus);
}
