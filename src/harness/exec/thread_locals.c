/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/exec/thread_locals.h"

#include <link.h>
#include <stddef.h>

static size_t tls_size_of_module(const struct dl_phdr_info *module)
{
	for (size_t i = 0; i < module->dlpi_phnum; i++)
		if (module->dlpi_phdr[i].p_type == PT_TLS)
			return module->dlpi_phdr[i].p_memsz;
	return 0;
}

static int add_tls_range_of_module(struct dl_phdr_info *module, size_t size, void *ctx)
{
	struct thread_locals *locals = ctx;
	uintptr_t from = (uintptr_t)module->dlpi_tls_data;

	(void)size;
	if (!from || locals->range_count == THREAD_LOCALS_MAX)
		return 0;
	locals->ranges[locals->range_count].from = from;
	locals->ranges[locals->range_count++].to = from + tls_size_of_module(module);
	return 0;
}

void thread_locals_find(struct thread_locals *locals)
{
	locals->range_count = 0;
	dl_iterate_phdr(add_tls_range_of_module, locals);
}

bool thread_locals_contain(const struct thread_locals *locals, uintptr_t addr)
{
	for (unsigned int i = 0; i < locals->range_count; i++)
		if (addr >= locals->ranges[i].from && addr < locals->ranges[i].to)
			return true;
	return false;
}
