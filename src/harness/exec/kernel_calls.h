/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What executors need besides page.h if the page calls run in the kernel of a guest: accesses to mapped
 * bytes, whose addresses are addresses of the kernel, and the races that the kernel's detector reports.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "harness/detect/race_report.h"

struct page;
struct page_task;

/* A race that the kernel's detector has reported, between two tasks of page.h. */
struct kernel_race {
	struct {
		uintptr_t addr; /* in the mapping of a page */
		size_t size;
		const struct page_task *task; /* NULL: unknown */
		struct race_report_access kind;
	} accesses[2];
};

/* @addr: an address in a mapping; for atomic accesses a multiple of @size, which is 1, 2, 4 or 8 */
struct kernel_calls {
	void (*read)(const void *addr, void *buffer, size_t len);
	void (*write)(void *addr, const void *buffer, size_t len);
	uint64_t (*read_atomic)(const void *addr, size_t size);
	void (*write_atomic)(void *addr, size_t size, uint64_t value);
	/*
	 * Reports to the kernel's detector that the calling thread accesses all bytes of the page, if the page has
	 * one reference. A free of the page waits for calls of other threads, so only an access before these
	 * waits can meet a call that races with the free.
	 */
	void (*check_free)(const struct page *page);
	/* Calls @fn for each race that the kernel has reported since the last call. */
	void (*visit_new_races)(void (*fn)(const struct kernel_race *race, void *ctx), void *ctx);
};

/* Only programs of guests define this function (kernel/vm/guest_page.c); its address is NULL in others. */
const struct kernel_calls *kernel_calls_of_guest(void) __attribute__((weak));

/* Return: NULL if a page library makes the calls in this process. */
static inline const struct kernel_calls *kernel_calls_get(void)
{
	return kernel_calls_of_guest ? kernel_calls_of_guest() : NULL;
}
