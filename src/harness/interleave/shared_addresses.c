/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleave/shared_addresses.h"

#include <stddef.h>

#include "harness/util/isolate.h"
#include "harness/util/no_coverage.h"

/* Room for each byte of all pages of a program. In a full table, the hash of addresses would matter. */
#define TABLE_BITS 16
#define TABLE_SIZE (1u << TABLE_BITS)
#define PROBES     64u

/* An address that was accessed, with a bit for each thread that read or wrote it in the section. */
struct entry {
	uintptr_t addr;
	uint32_t search; /* number of the search; entries of earlier searches are empty */
	uint32_t section;
	uint16_t readers, writers;
	bool is_shared, is_lock;
};

/* In shared memory, because an execution may run in a child process. */
static struct addresses {
	struct entry entries[TABLE_SIZE];
	uint32_t search;
	uint32_t section; /* number of sections in all executions */
	bool has_learned;
} * addresses;

/* Addresses differ from process to process, and so does the place of an address in the table. */
NO_COVERAGE_FILE_BEGIN

void shared_addresses_begin_search(void)
{
	if (!addresses)
		addresses = isolate_map_shared_or_exit(sizeof(*addresses));
	addresses->search++;
	addresses->has_learned = false;
}

void shared_addresses_begin_section(void)
{
	addresses->section++;
}

/* Return: NULL if this part of the table is full. */
static struct entry *find_or_add(uintptr_t addr)
{
	unsigned int index = (uint32_t)addr * 2654435761u >> (32 - TABLE_BITS);

	for (unsigned int i = 0; i < PROBES; i++) {
		struct entry *entry = &addresses->entries[(index + i) % TABLE_SIZE];

		if (entry->search != addresses->search)
			*entry = (struct entry){ .addr = addr, .search = addresses->search };
		if (entry->addr == addr)
			return entry;
	}
	return NULL;
}

bool shared_addresses_record(uintptr_t addr, uint8_t thread, bool is_write)
{
	struct entry *entry = find_or_add(addr);
	uint16_t threads;

	if (!entry)
		return true;
	if (entry->section != addresses->section) {
		entry->section = addresses->section;
		entry->readers = entry->writers = 0;
	}
	if (is_write)
		entry->writers |= (uint16_t)(1u << thread);
	else
		entry->readers |= (uint16_t)(1u << thread);
	threads = entry->readers | entry->writers;
	if (!entry->is_shared && entry->writers && threads & (threads - 1))
		entry->is_shared = addresses->has_learned = true;
	return entry->is_shared;
}

void shared_addresses_set_lock(uintptr_t addr)
{
	struct entry *entry = find_or_add(addr);

	if (entry)
		entry->is_lock = true;
}

bool shared_addresses_is_lock(uintptr_t addr)
{
	const struct entry *entry = find_or_add(addr);

	return entry && entry->is_lock;
}

bool shared_addresses_take_learned(void)
{
	bool has_learned = addresses->has_learned;

	addresses->has_learned = false;
	return has_learned;
}

bool shared_addresses_has_learned(void)
{
	return addresses->has_learned;
}

NO_COVERAGE_FILE_END
