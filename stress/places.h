/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Places in shared pages: ranges of one size, which belong to the threads in turn, so a place's
 * neighbours belong to other threads. Each place exists in several pages, its copies, at the same
 * offset. Only the owner of a place accesses it (R2, R3). It knows the tag of each copy.
 */
#ifndef STRESS_PLACES_H
#define STRESS_PLACES_H

#include "stress/stress.h"

/* Allocates the pages and writes all places; at least one place belongs to each thread. */
void places_create(const struct stress_run *run, size_t size, unsigned int copies);

/* Checks all places and frees the pages, on one thread, after all others have ended. */
void places_destroy(struct stress_thread *first);

/* Return: the number of one of the thread's places. */
size_t places_pick(struct stress_thread *self);

struct page *places_page(size_t place, unsigned int copy);
size_t places_offset(size_t place);

/* Writes a new tag to one copy of a place. */
void places_write(struct stress_thread *self, size_t place, unsigned int copy);

/* Notes that copy @to of the place now has the bytes of copy @from. */
void places_set_copied(size_t place, unsigned int to, unsigned int from);

/* Reads a copy of a place and checks it; each difference is reported once. */
void places_check(struct stress_thread *self, size_t place, unsigned int copy);

/* The same through a mapping of the page. */
void places_check_mapped(struct stress_thread *self, unsigned char *mapped, size_t place,
			 unsigned int copy);

#endif
