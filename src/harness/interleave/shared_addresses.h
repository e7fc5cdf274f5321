/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Which addresses threads share: two threads access the address between two fork-join points, and one of them
 * writes it. Points at other addresses need no decision, because no thread can observe their order. The
 * addresses are learned while executions run, and stay shared until the next search.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void shared_addresses_begin_search(void);

/* Forgets which threads accessed which address, because what runs from now on happens after it. */
void shared_addresses_begin_section(void);

/* Records an access. Return: whether the address is shared. */
bool shared_addresses_record(uintptr_t addr, uint8_t thread, bool is_write);

/* The address is the address of a spin lock, whose byte is 0 while the lock is free. */
void shared_addresses_set_lock(uintptr_t addr);
bool shared_addresses_is_lock(uintptr_t addr);

/* Return: whether an address became shared since the last call of this function or the begin of the search.
 */
bool shared_addresses_take_learned(void);

/* Return: what shared_addresses_take_learned() would return. */
bool shared_addresses_has_learned(void);
