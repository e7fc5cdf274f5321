/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Threads on CPUs, one each in turn, out of those that this process may use. */
#ifndef HARNESS_PIN_H
#define HARNESS_PIN_H

#include <sched.h>
#include <stdbool.h>

struct pins {
	cpu_set_t allowed; /* to the thread that asked */
	unsigned int count;
};

/* Return: false if the CPUs cannot be asked for. */
bool pins_init(struct pins *pins);

/* The calling thread runs on CPU number @turn of those, again from the first after the last. */
bool pins_pin_thread(const struct pins *pins, unsigned int turn);

/* The calling thread may run where it could when the pins were found. */
void pins_unpin_thread(const struct pins *pins);

#endif
