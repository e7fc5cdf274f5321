/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef HARNESS_PROCESSORS_H
#define HARNESS_PROCESSORS_H

/* Return: how many processors this process may use, of which @most are wanted; at least 1. */
unsigned int processors(unsigned int most);

#endif
