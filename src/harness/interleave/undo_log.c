/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleave/undo_log.h"

#include <stdint.h>

#include "harness/util/no_coverage.h"

#define WORDS      4096u
#define TABLE_SIZE (2 * WORDS)

struct saved_word {
	uint64_t *addr;
	uint64_t value;
};

static struct {
	uint32_t execution; /* number of undo_log_begin() calls; entries of older executions are empty */
	size_t count;
	bool is_full;
	struct saved_word words[WORDS];
	struct {
		uint64_t *addr;
		uint32_t execution;
	} table[TABLE_SIZE]; /* the addresses of words[] */
} undo;

/* Addresses differ from process to process, and so does the place of an address in the table. */
NO_COVERAGE_FILE_BEGIN

void undo_log_begin(void)
{
	undo.execution++;
	undo.count = 0;
	undo.is_full = false;
}

/* Adds the address to the table. Return: false if the table has it already. */
static bool add_address(uint64_t *addr)
{
	unsigned int i = (uint32_t)((uintptr_t)addr >> 3) * 2654435761u >> 19;

	for (i %= TABLE_SIZE; undo.table[i].execution == undo.execution; i = (i + 1) % TABLE_SIZE)
		if (undo.table[i].addr == addr)
			return false;
	undo.table[i].addr = addr;
	undo.table[i].execution = undo.execution;
	return true;
}

void undo_log_save(const volatile void *addr, size_t size)
{
	uintptr_t end = (uintptr_t)addr + size;

	for (uintptr_t at = (uintptr_t)addr & ~(uintptr_t)7; at < end; at += 8) {
		uint64_t *word = (uint64_t *)at;

		if (undo.count == WORDS) {
			undo.is_full = true;
			return;
		}
		if (add_address(word))
			undo.words[undo.count++] = (struct saved_word){ word, *word };
	}
}

bool undo_log_restore(void)
{
	while (undo.count) {
		const struct saved_word *word = &undo.words[--undo.count];

		*word->addr = word->value;
	}
	return !undo.is_full;
}

NO_COVERAGE_FILE_END
