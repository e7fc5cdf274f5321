/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Free lists: the frames that are not in use, as several queues that have nothing in common.
 *
 * A thread takes from its own list, and a frame goes back to the list that it came from,
 * whoever frees it. So threads that use pages of their own neither wait for each other
 * nor pass each other's cache lines, and one that allocates what another one frees gets
 * it back. A list is as good as private: it is locked all the same, for those who free
 * what others took, and for threads beyond the number of lists.
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

/* Frames that never lived, which a list gets at once: neighbours share cache lines. */
#define FREE_LIST_CHUNK 16

struct free_list {
	_Alignas(128) struct sync_lock lock; /* of all below; taken in hidden sections */
	uint32_t oldest, newest;	     /* that wait; meaningless while none does */
	size_t count;			     /* that wait */
	uint64_t deaths;		     /* ever */
	size_t fresh, fresh_end;	     /* never lived */
};

extern struct free_list free_lists[FREE_LISTS];

/* The calling thread's; one of two threads may be the other's too. */
struct free_list *free_list_own(void);

/* The one to which @frame goes back. */
struct free_list *free_list_home(size_t frame);

/*
 * The frame that has waited longest, if it has waited long enough, or else one that never
 * lived; @list is its home from now on. With its lock. Return: false: it has neither.
 */
bool free_list_take(struct free_list *list, size_t *frame);

/* @frame died; @list is its home. With its lock. */
void free_list_put(struct free_list *list, size_t frame);

/*
 * @count frames in a row, all below @end, each of which has waited long enough in its own
 * list; @home is theirs from now on. With the locks of all lists. Return: false: none.
 */
bool free_list_take_run(struct free_list *home, size_t count, size_t end, size_t *frame);

/* Sets the home of frames that are taken without ever having been in a list. */
void free_list_adopt(struct free_list *home, size_t frame, size_t count);

#endif
