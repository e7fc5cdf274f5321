/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Free lists: the frames that are not in use, as several queues that have nothing in common.
 *
 * A thread takes from its own list, and a frame goes back to the list that it came from,
 * whichever thread frees it. So threads that use pages of their own neither wait for each
 * other nor pass each other's cache lines, and a thread whose pages another one frees gets
 * them back. A list is nearly private. It has a lock for threads that free pages of others,
 * and because there may be more threads than lists.
 *
 * A list is a queue, first in first out, which is the quarantine: a frame leaves it only
 * while more than ARENA_QUARANTINE wait after it or with it. Frames never allocated
 * come to it in chunks.
 */
#ifndef LIBPAGE_FREE_LIST_H
#define LIBPAGE_FREE_LIST_H

#include "page/arena.h"
#include "page/sync.h"

#define FREE_LISTS 32

/* Never-allocated frames that a list gets at once: neighbours share cache lines. */
#define FREE_LIST_CHUNK 16

struct free_list {
	_Alignas(128) struct sync_lock lock; /* of everything below; in hidden sections only */
	uint32_t oldest, newest;	     /* frames that wait; undefined while none does */
	size_t count;			     /* of frames that wait */
	uint64_t free_count;		     /* of all frames that were ever freed */
	size_t fresh, fresh_end;	     /* never-allocated frames */
};

extern struct free_list free_lists[FREE_LISTS];

/* Return: the list of the calling thread; other threads may have the same. */
struct free_list *free_list_own(void);

/* Return: the list to which @frame goes back. */
struct free_list *free_list_find(size_t frame);

/*
 * Takes the frame that has waited longest, if it has waited long enough, or else a
 * never-allocated one. The caller holds the lock. Return: false: there is none.
 */
bool free_list_take(struct free_list *list, size_t *frame);

/* Adds a freed frame to its list. The caller holds the lock. */
void free_list_put(struct free_list *list, size_t frame);

/*
 * Takes @count frames in a row below @end, each of which has waited long enough in its own
 * list, and assigns them to @list. The caller holds all locks. Return: false: there are none.
 */
bool free_list_take_run(struct free_list *list, size_t count, size_t end, size_t *frame);

/* Sets the list to which frames go back. */
void free_list_assign(struct free_list *list, size_t frame, size_t count);

#endif
