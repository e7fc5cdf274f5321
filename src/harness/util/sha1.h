/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * SHA-1 (FIPS 180-4), because the engines name what they keep by it. It tells contents
 * apart; nothing here is a secret.
 */
#ifndef HARNESS_SHA1_H
#define HARNESS_SHA1_H

#include <stddef.h>
#include <stdint.h>

/* Room for a hash as text, with its end. */
#define SHA1_TEXT 41

void sha1_text(const void *bytes, size_t size, char text[SHA1_TEXT]);

#endif
