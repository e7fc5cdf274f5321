/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What all fuzz targets share. */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "harness/check.h"
#include "harness/program.h"

/* Each target defines it. Return: always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Does the target read programs as text? Else as bytes. Each target defines it. */
extern const bool fuzz_reads_text;

/* Made at the first call; a target runs in one thread. */
struct check *fuzz_check(void);
struct rules *fuzz_rules(void);

/*
 * Prints the program, what is wrong with it, and how to see it again; then aborts, so
 * that the engine keeps the input.
 */
_Noreturn void fuzz_finding(const char *target, const struct program *program, const char *why);

#endif
