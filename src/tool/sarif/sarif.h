/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Failures as code hosts read them (SARIF 2.1.0): each with its rule, what it is, where it
 * is, and a fingerprint by which the host knows it again.
 *
 * Places are below the root: the nearest directory above the working directory that is a checkout
 * or a source tree of this project, else the working directory. A frame of the library counts
 * only if its source is there. A file that is elsewhere keeps its whole name.
 */
#ifndef TOOL_SARIF_H
#define TOOL_SARIF_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/model/rules.h"
#include "tool/flavour_runner/report.h"

#define SARIF_RELATED 6
#define SARIF_URI     4096 /* of a place; one that is longer is cut */

struct sarif_place {
	char uri[SARIF_URI];
	unsigned int line; /* from 1 */
	char what[160];	   /* in words; "" for the place of the failure itself */
};

struct sarif_result {
	const char *rule; /* its name: one that a program can break, or a kind of replay_kind.def */
	const char *message;
	const char *fingerprint; /* any text that is the same for the same failure */
	struct sarif_place place;
	size_t related_count;
	struct sarif_place related[SARIF_RELATED];
};

struct sarif;

/* @command: who writes. Return: NULL, after saying so, without memory. */
struct sarif *sarif_begin(const char *command);

/* Are there places in the library? Return: false if the frame is none below the root. */
bool sarif_frame(const struct sarif *sarif, const struct report_frame *frame,
		 struct sarif_place *place);

/* @line: 0 if it is not known */
void sarif_file(const struct sarif *sarif, const char *file, unsigned int line,
		struct sarif_place *place);

/* Another place, if there is room. */
void sarif_relate(struct sarif_result *result, const struct sarif_place *place, const char *what);

void sarif_add(struct sarif *sarif, const struct sarif_result *result);

/*
 * Writes @file, whole or not at all, and gives back the memory.
 * Return: false, after saying so, if it cannot be written.
 */
bool sarif_end(struct sarif *sarif, const char *file);

#endif
