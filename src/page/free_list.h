/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Free lists: several independent queues of the frames that are not in use.
 *
 * A thread allocates from its own list. A freed frame returns to the list that the frame came from, whichever
 * thread frees the frame. So threads that use only their own pages share neither a lock nor a cache line.
 * Each list has a lock, because other threads free frames of the list. Threads also share lists if there are
 * more threads than lists.
 *
 * A list is a first-in first-out queue, and serves as the quarantine: a frame leaves the list only while more
 * than ARENA_QUARANTINE frames are in the list. A list gets never-allocated frames in chunks.
 */
#pragma once

#include "page/arena.h"
#include "page/sync.h"

#define FREE_LISTS 32

/* A list gets this number of adjacent frames at once, because adjacent struct pages share cache lines. */
#define FREE_LIST_CHUNK 16

struct free_list {
	_Alignas(128) struct sync_spinlock lock; /* protects all fields */
	uint32_t oldest, newest;                 /* frames of the queue; undefined if count is 0 */
	size_t count;                            /* number of frames in the queue */
	uint64_t free_count;                     /* number of frees to this list since its creation */
	size_t fresh, fresh_end;                 /* frames [fresh, fresh_end) were never allocated */
};

extern struct free_list free_lists[FREE_LISTS];

/* Return: the list of the calling thread. Several threads may share a list. */
struct free_list *free_list_own(void);

/* Return: the list to which @frame returns when it is freed. */
struct free_list *free_list_find_by_frame(size_t frame);

/*
 * Takes the oldest frame of @list if its quarantine is over, otherwise a never-allocated frame.
 * The caller holds the lock of @list. Return: false if @list has no such frame.
 */
bool free_list_take_frame(struct free_list *list, size_t *frame);

/* Appends the freed @frame to its @list. The caller holds the lock of @list. */
void free_list_append(struct free_list *list, size_t frame);

/*
 * Takes @count contiguous frames below @end whose quarantine in their own lists is over. A later free
 * returns the frames to @list. The caller holds the locks of all lists.
 * Return: false if no such frames exist.
 */
bool free_lists_take_run(struct free_list *list, size_t count, size_t end, size_t *frame);

/* Assigns @count frames, beginning with @frame, to @list: a later free returns the frames to @list. */
void free_list_set_list_of_frames(struct free_list *list, size_t frame, size_t count);
