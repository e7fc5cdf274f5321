/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The queue of a free list is a doubly linked list, so that contiguous frames can leave the queue from its
 * middle. The newest ARENA_QUARANTINE frames of a list never leave its queue. So
 * remove_older_frame_from_list() never removes the newest frame.
 */
#include "page/free_list.h"

/* A frame in a queue: the neighbours of the frame, and the number of its free among all frees of the list. */
struct waiting_frame {
	uint32_t older, newer;
	uint64_t free_number; /* 0: not in a queue */
};

#define NO_FRAME UINT32_MAX

struct free_list free_lists[FREE_LISTS];

static struct waiting_frame waiting[ARENA_FRAMES];
static uint8_t list_indices[ARENA_FRAMES]; /* for each frame: the index of its list */

static _Thread_local struct free_list *own __attribute__((tls_model("initial-exec")));
static atomic_uint threads; /* number of threads that got a list */

/* Consecutive new threads, such as the threads of one test, get different lists. */
NO_COVERAGE struct free_list *free_list_own(void)
{
	if (unlikely(!own))
		own = &free_lists[atomic_fetch_add_explicit(&threads, 1, memory_order_relaxed) % FREE_LISTS];
	return own;
}

struct free_list *free_list_find_by_frame(size_t frame)
{
	return &free_lists[list_indices[frame]];
}

NO_COVERAGE void free_list_set_list_of_frames(struct free_list *list, size_t frame, size_t count)
{
	for (size_t i = frame; i < frame + count; i++)
		list_indices[i] = (uint8_t)(list - free_lists);
}

void free_list_append(struct free_list *list, size_t frame)
{
	waiting[frame] = (struct waiting_frame){ list->newest, NO_FRAME, ++list->free_count };
	if (list->count++) {
		waiting[list->newest].newer = (uint32_t)frame;
	} else {
		waiting[frame].older = NO_FRAME;
		list->oldest = (uint32_t)frame;
	}
	list->newest = (uint32_t)frame;
}

static void remove_older_frame_from_list(struct free_list *list, size_t frame)
{
	struct waiting_frame *w = &waiting[frame];

	if (w->older == NO_FRAME)
		list->oldest = w->newer;
	else
		waiting[w->older].newer = w->newer;
	waiting[w->newer].older = w->older;
	w->free_number = 0;
	list->count--;
}

static bool take_oldest_frame_after_quarantine(struct free_list *list, size_t *frame)
{
	if (list->count <= ARENA_QUARANTINE)
		return false;
	*frame = list->oldest;
	remove_older_frame_from_list(list, list->oldest);
	return true;
}

static bool take_one_never_allocated_frame(struct free_list *list, size_t *frame)
{
	if (list->fresh == list->fresh_end)
		return false;
	*frame = list->fresh++;
	return true;
}

bool free_list_take_frame(struct free_list *list, size_t *frame)
{
	return take_oldest_frame_after_quarantine(list, frame) || take_one_never_allocated_frame(list, frame);
}

static NO_COVERAGE bool is_quarantine_over(size_t frame)
{
	uint64_t free_number = waiting[frame].free_number;

	return free_number && free_list_find_by_frame(frame)->free_count - free_number >= ARENA_QUARANTINE;
}

NO_COVERAGE bool free_lists_take_run(struct free_list *list, size_t count, size_t end, size_t *frame)
{
	size_t run = 0, next = 0;

	while (run < count && next < end)
		run = is_quarantine_over(next++) ? run + 1 : 0;
	if (run < count)
		return false;
	*frame = next - count;
	for (size_t i = *frame; i < next; i++)
		remove_older_frame_from_list(free_list_find_by_frame(i), i);
	free_list_set_list_of_frames(list, *frame, count);
	return true;
}
