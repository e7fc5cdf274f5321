/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SHA-1 (FIPS 180-4), by which the fuzzing engines name inputs. The harness uses SHA-1 to compare contents,
 * not for security.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Size of a hash as text, with the NUL. */
#define SHA1_TEXT 41

/* Writes the hash of @bytes in hexadecimal. */
void sha1_write_hex(const void *bytes, size_t message_size, char text[SHA1_TEXT]);
