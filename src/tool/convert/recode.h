/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A program file in the other notation, or in its own in canonical form. */
#ifndef TOOL_RECODE_H
#define TOOL_RECODE_H

#include <stdbool.h>
#include <stddef.h>

#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "harness/program/program_text.h"

enum recode_to { RECODE_OTHER, RECODE_SAME, RECODE_TEXT, RECODE_BYTES };

#define RECODE_LOST 200

struct recoded {
	bool text; /* what it is now */
	size_t size;
	char content[TEXT_REWRITE_MAX > PROGRAM_BYTES_MAX ? TEXT_REWRITE_MAX : PROGRAM_BYTES_MAX];
	char lost[RECODE_LOST]; /* what the new notation cannot hold, in words; or "" */
};

/*
 * Reads @file and writes it anew. What comes out is read back, and is the same program.
 * Return: false with @error filled.
 */
bool recode(const char *file, enum recode_to to, struct recoded *recoded,
	    char error[PROGRAM_FILE_ERROR]);

#endif
