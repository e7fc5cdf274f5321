/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_CPUS_H
#define HARNESS_CPUS_H

/* Return: the number of CPUs that this process may use, from 1 to @most. */
unsigned int cpus_count_available(unsigned int most);

#endif
