/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs as byte strings, for the fuzzing engines. One record of fixed size a call:
 *
 *   byte 0     code of the call (its place in ops.def)
 *   byte 1     thread
 *   byte 2, 3  handles
 *   byte 4     value or flags
 *   byte 5..10 three numbers, 16 bits each, low byte first (number.h)
 *
 * A call takes what its arguments name and nothing else, each field modulo its
 * range, so every byte string is a program:
 *
 *   - codes 0xf0 .. 0xff are reserved: such a record is no call, and takes no place;
 *     other codes from OP_COUNT on stand for themselves modulo 24, for ever;
 *   - a last record that is cut short is left out;
 *   - records after the PROGRAM_CALLS-th call are left out.
 *
 * Encoding is canonical: unused bytes are 0, no alias codes.
 */
#ifndef HARNESS_PROGRAM_BYTES_H
#define HARNESS_PROGRAM_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

#define PROGRAM_RECORD 11
#define PROGRAM_BYTES_MAX (PROGRAM_CALLS * PROGRAM_RECORD)

void program_from_bytes(struct program *program, const uint8_t *bytes, size_t size);

/* Return: the number of bytes written, PROGRAM_RECORD for each call. */
size_t program_to_bytes(const struct program *program, uint8_t bytes[PROGRAM_BYTES_MAX]);

#endif
