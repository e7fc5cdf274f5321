/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Programs as byte strings, for the fuzzing engines. Each call is a record of 11 bytes:
 *
 *   byte 0     code of the call (its position in ops.def, from 0)
 *   byte 1     thread
 *   byte 2, 3  handles
 *   byte 4     value or flags
 *   byte 5..10 three numbers, 16 bits each, low byte first (number.h)
 *
 * Decoding uses only the fields of the call's arguments, each modulo its range, so every byte string is a
 * program:
 *
 * - Before the first call, a record 0xf0 with the bytes `SCHED\n` from byte 5 on is a deviation of the
 * schedule: running thread, next thread, position with the low byte first (deviations.h).
 * - Codes 0xf0 to 0xff are reserved: any other record with a reserved code is ignored. Other codes from
 * OP_COUNT on are reduced modulo 24, in all later versions too.
 * - An incomplete last record is ignored.
 * - Records after PROGRAM_CALLS calls are ignored.
 *
 * program_to_bytes() writes the canonical form: unused bytes are 0, and codes are below OP_COUNT.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/program/program.h"

#define PROGRAM_RECORD    11
#define PROGRAM_BYTES_MAX ((1 + DEVIATIONS_MAX + PROGRAM_CALLS) * PROGRAM_RECORD)

void program_from_bytes(struct program *program, const uint8_t *bytes, size_t size);

/* Return: the number of bytes written, PROGRAM_RECORD for each deviation of the schedule and for each call.
 */
size_t program_to_bytes(const struct program *program, uint8_t bytes[PROGRAM_BYTES_MAX]);
