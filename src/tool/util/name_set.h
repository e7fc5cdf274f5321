/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A set of names that only grows: 64 bits of the hash of each. */
#ifndef TOOL_NAME_SET_H
#define TOOL_NAME_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct name_set {
	uint64_t *slots; /* 0: free */
	size_t room, count;
};

bool name_set_has(const struct name_set *set, const char *name);

/* Return: false if it was there. Ends the program if there is no memory for it. */
bool name_set_add(struct name_set *set, const char *name);

#endif
