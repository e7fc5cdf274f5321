/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Memory for large arrays of which most programs use a small part. The system provides only the used part.
 * malloc() of MemorySanitizer and calloc() of ThreadSanitizer write the whole memory, or shadow memory of the
 * same size: that takes longer than most programs, and makes each fork() of the process slower.
 */
#pragma once

#include <stddef.h>
#include <sys/mman.h>

/* Return: @size zero bytes, which sparse_memory_free() frees; NULL without memory. */
static inline void *sparse_memory_new(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* @memory: NULL, or @size bytes of sparse_memory_new() */
static inline void sparse_memory_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}
