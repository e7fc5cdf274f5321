/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_REWRITTEN_H
#define TOOL_REWRITTEN_H

#include "harness/program/program_bytes.h"
#include "harness/program/program_file.h"
#include "harness/program/program_text.h"
#include "tool/convert/convert.h"

struct rewritten_program {
	bool is_text;
	size_t size;
	char content[TEXT_REWRITE_MAX > PROGRAM_BYTES_MAX ? TEXT_REWRITE_MAX : PROGRAM_BYTES_MAX];
	char lost_parts[200]; /* description of what the new notation cannot hold, or "" */
};

/*
 * Reads @file and rewrites its program in canonical form. The result is read back and compared.
 * Return: false with @error filled.
 */
bool rewrite_program(const char *file, enum notation to, struct rewritten_program *rewritten_program,
		     char error[PROGRAM_FILE_ERROR]);

#endif
