/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The CPUs that this process may use, and threads that are pinned to them in turn. */
#ifndef HARNESS_CPUS_H
#define HARNESS_CPUS_H

#include <sched.h>
#include <stdbool.h>

/* Return: the number of CPUs that this process may use, from 1 to @most. */
unsigned int cpus_count_available(unsigned int most);

struct pins {
	cpu_set_t allowed_cpus; /* CPUs that the caller of pins_init() may use */
	unsigned int cpu_count;
};

/* Return: false if the system does not report the CPUs that the process may use. */
bool pins_init(struct pins *pins);

/* Pins the calling thread to the allowed CPU number @turn, modulo their count. */
bool pins_pin_thread(const struct pins *pins, unsigned int turn);

/* Lets the calling thread use all allowed CPUs again. */
void pins_unpin_thread(const struct pins *pins);

#endif
