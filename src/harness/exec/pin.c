/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/pin.h"

bool pins_init(struct pins *pins)
{
	if (sched_getaffinity(0, sizeof(pins->allowed), &pins->allowed))
		return false;
	pins->cpu_count = (unsigned int)CPU_COUNT(&pins->allowed);
	return pins->cpu_count > 0;
}

static int pick_cpu(const struct pins *pins, unsigned int turn)
{
	unsigned int left = turn % pins->cpu_count;
	int cpu = 0;

	while (!CPU_ISSET(cpu, &pins->allowed) || left--)
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
	sched_setaffinity(0, sizeof(pins->allowed), &pins->allowed);
}
