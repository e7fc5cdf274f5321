/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * A file that the user named for what comes out. It is written under a name that nobody else
 * has and then renamed: it is there whole, or as it was before.
 */
#ifndef TOOL_OUTPUT_H
#define TOOL_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A link stays one: what it leads to is written. So do pipes and devices, which are written
 * through. Return: 0 or errno.
 */
int output_write(const char *path, const void *bytes, size_t size);

/* Is that a file that holds something, so that writing it loses what it held? */
bool output_loses(const char *path);

#endif
