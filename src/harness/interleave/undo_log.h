/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Undoes the writes of an execution, so that each execution begins with the same state of the page library.
 * The log stores each 8 bytes before their first write. There is one log, for one execution at a time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

void undo_log_begin(void);

/* Stores the @size bytes at @addr, which are about to be written for the first time or again. */
void undo_log_save(const volatile void *addr, size_t size);

/* Writes all stored bytes back. Return: false if the log was too small, so that some bytes are not restored.
 */
bool undo_log_restore(void);
