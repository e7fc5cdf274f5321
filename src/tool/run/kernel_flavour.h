/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Flavours of `run` whose page calls run in the kernel of a guest: kernel-stock and others. The script
 * kernel/vm/main.py starts guests, which run this program.
 */
#pragma once

#include <stdbool.h>

/* The names of these flavours; kernel/vm/kernels.py has the kernels. */
#define KERNEL_FLAVOUR_NAMES "kernel-stock, kernel-mapped, kernel-race, kernel-freed"

/* Return: whether the value of an option --flavour begins with "kernel-". */
bool kernel_flavour_is_wanted(int argc, char **argv);

/*
 * Replaces this process by the script. Returns only if the script cannot be started: EXIT_BAD, after a line
 * on standard error.
 */
int kernel_flavour_exec_script(int argc, char **argv);
