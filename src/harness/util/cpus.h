/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_CPUS_H
#define HARNESS_CPUS_H

/* Return: how many CPUs this process may use, of which @most are wanted; at least 1. */
unsigned int cpus_available(unsigned int most);

#endif
