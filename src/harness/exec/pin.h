/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Pins threads to the CPUs that the process may use, in turn. */
#ifndef HARNESS_PIN_H
#define HARNESS_PIN_H

#include <sched.h>
#include <stdbool.h>

struct pins {
	cpu_set_t allowed; /* CPUs that the caller of pins_init() may use */
	unsigned int cpu_count;
};

/*
 * Gets the CPUs that the process may use. Return: false if the system does not report these CPUs.
 */
bool pins_init(struct pins *pins);

/* Pins the calling thread to the allowed CPU number @turn, modulo their count. */
bool pins_pin_thread(const struct pins *pins, unsigned int turn);

/* Lets the calling thread use all allowed CPUs again. */
void pins_unpin_thread(const struct pins *pins);

#endif
