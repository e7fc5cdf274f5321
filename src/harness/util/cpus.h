/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Finds the CPUs that this process may use, and pins threads to these CPUs. */
#pragma once

#include <sched.h>
#include <stdbool.h>

/* Return: the number of CPUs that this process may use; @max_count if the number is greater or unknown. */
unsigned int cpus_count_available_or_max(unsigned int max_count);

struct pins {
	cpu_set_t allowed_cpus; /* CPUs that the caller of pins_find_cpus() may use */
	unsigned int cpu_count; /* number of allowed CPUs */
};

/* Stores the allowed CPUs. Return: false if the system does not report the allowed CPUs. */
bool pins_find_cpus(struct pins *pins);

/*
 * Pins the calling thread to one allowed CPU: to the first for @cpu_number 0, and so on, modulo the number of
 * allowed CPUs. Return: false if the thread does not run on that CPU.
 */
bool pins_pin_thread(const struct pins *pins, unsigned int cpu_number);

/* Lets the calling thread use all allowed CPUs again. */
void pins_unpin_thread(const struct pins *pins);
