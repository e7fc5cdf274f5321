/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Where a frame comes from, in this order:
 *
 *   1. one of the thread's own free list, which is a quarantine (free_list.h): a frame is
 *      allocated again only after ARENA_QUARANTINE later frees;
 *   2. a never-allocated frame: the list gets a chunk of them;
 *   3. one of another thread's list. The quarantine is never cut short: an exhausted
 *      arena fails instead.
 *
 * Several contiguous frames come from the never-allocated ones. If these are too few, they
 * come from a run of freed frames that have each waited that long, in any lists.
 *
 * Locks: a list's, or all of them in the order of their addresses; then the arena's. They
 * order the last owner of a frame before its next one. They are hidden from
 * ThreadSanitizer (sync.h), which would take them for an order between users of different
 * pages (R3); it learns of that one when a frame is freed and allocated.
 */
#include "page/arena.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "page/free_list.h"
#include "page/map.h"
#include "page/sync.h"

unsigned char *arena_frames;
struct page *arena_pages;
uintptr_t arena_skew;

static struct {
	struct sync_lock lock;
	int file;
	size_t fresh; /* frames [fresh, ARENA_FRAMES) were never allocated, and are in no list */
} arena = { .lock = SYNC_LOCK_INIT, .file = -1 };

static pthread_once_t arena_once = PTHREAD_ONCE_INIT;
static atomic_bool arena_made;

#define PAGES_SIZE (ARENA_FRAMES * sizeof(struct page))

/* One reservation: the frames, and after them their struct pages. */
static unsigned char *reserve(void)
{
	unsigned char *base = mmap(NULL, ARENA_SIZE + PAGES_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

static bool make_file(unsigned char *base)
{
	void *frames;

	arena.file = memfd_create("libpage", MFD_CLOEXEC);
	if (arena.file < 0 || ftruncate(arena.file, (off_t)ARENA_SIZE))
		return false;
	frames = mmap(base, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena.file,
		      0);
	return frames != MAP_FAILED;
}

static void arena_init(void)
{
	bool file = map_settle();
	unsigned char *base = reserve();

	atomic_store_explicit(&arena_made, true, memory_order_relaxed);
	/* Without memory there is no frame to allocate, now and later. */
	if (!base || (file && !make_file(base))) {
		arena.fresh = ARENA_FRAMES;
		return;
	}
	arena_frames = base;
	arena_pages = (struct page *)(void *)(base + ARENA_SIZE);
	arena_skew = (uintptr_t)arena_frames - (uintptr_t)arena_pages * ARENA_STRIDE;
	if (!map_backend->arena_made()) {
		arena.fresh = ARENA_FRAMES;
		return;
	}
	sync_heap_init(base, ARENA_SIZE + PAGES_SIZE);
}

bool arena_exists(void)
{
	return atomic_load_explicit(&arena_made, memory_order_relaxed);
}

NO_COVERAGE int arena_file(void)
{
	return arena.file;
}

void arena_file_replace(int file)
{
	close(arena.file);
	arena.file = file;
}

size_t arena_used(void)
{
	return arena.fresh;
}

/*
 * A new frame is poisoned when a list gets it, and the frame after it, not all at
 * the start: poisoning the reservation would touch its whole shadow memory. With the
 * lock, or the frame after it might be allocated by then.
 */
static NO_COVERAGE void poison_fresh(size_t first, size_t end)
{
	size_t count = (end < ARENA_FRAMES ? end + 1 : end) - first;

	sync_poison(arena_pages + first, count * sizeof(struct page));
	sync_poison(arena_frames + first * PAGE_SIZE, count * PAGE_SIZE);
}

/* Takes @least to @most never-allocated frames. Return: how many; 0: there are too few. */
static NO_COVERAGE size_t take_fresh(size_t least, size_t most, size_t *first)
{
	size_t count;

	sync_lock(&arena.lock);
	count = ARENA_FRAMES - arena.fresh;
	if (count > most)
		count = most;
	if (count < least)
		count = 0;
	*first = arena.fresh;
	arena.fresh += count;
	if (count)
		poison_fresh(*first, arena.fresh);
	sync_unlock(&arena.lock);
	return count;
}

/* ---- one frame ---- */

/* For a list that has nothing left to give; there may be nothing. With its lock. */
static NO_COVERAGE void refill(struct free_list *list)
{
	size_t count = take_fresh(1, FREE_LIST_CHUNK, &list->fresh);

	list->fresh_end = list->fresh + count;
	free_list_assign(list, list->fresh, count);
}

static bool take_own(struct free_list *list, size_t *frame)
{
	bool found;

	sync_lock(&list->lock);
	found = free_list_take(list, frame);
	if (!found) {
		refill(list);
		found = free_list_take(list, frame);
	}
	sync_unlock(&list->lock);
	return found;
}

/* From any list that has one. It goes back to that list, where the next thread finds it again. */
static bool take_elsewhere(size_t *frame)
{
	bool found = false;

	for (struct free_list *list = free_lists; !found && list < free_lists + FREE_LISTS;
	     list++) {
		sync_lock(&list->lock);
		found = free_list_take(list, frame);
		sync_unlock(&list->lock);
	}
	return found;
}

/* ---- several in a row ---- */

static NO_COVERAGE bool take_run(size_t count, size_t *first)
{
	struct free_list *list;
	size_t end;
	bool found;

	for (list = free_lists; list < free_lists + FREE_LISTS; list++)
		sync_lock(&list->lock);
	sync_lock(&arena.lock);
	end = arena.fresh;
	sync_unlock(&arena.lock);
	found = free_list_take_run(free_list_own(), count, end, first);
	while (list-- > free_lists)
		sync_unlock(&list->lock);
	return found;
}

static NO_COVERAGE bool take_row(size_t count, size_t *first)
{
	if (!take_fresh(count, count, first))
		return take_run(count, first);
	free_list_assign(free_list_own(), *first, count);
	return true;
}

/* ---- both ---- */

static bool take(size_t count, size_t *first)
{
	if (count == 1)
		return take_own(free_list_own(), first) || take_elsewhere(first);
	return take_row(count, first);
}

struct page *arena_take(size_t count)
{
	struct page *page;
	size_t index = 0;
	bool found;

	sync_hidden_begin();
	pthread_once(&arena_once, arena_init);
	found = take(count, &index);
	page = arena_pages + index;
	sync_hidden_end();
	if (!found)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		sync_heap_alloc(page + i, sizeof(*page));
		sync_heap_alloc(arena_address(page + i), PAGE_SIZE);
	}
	return page;
}

void arena_give(struct page *page)
{
	size_t frame = (size_t)(page - arena_pages);
	struct free_list *list;

	sync_heap_free(arena_address(page), PAGE_SIZE);
	sync_heap_free(page, sizeof(*page));
	sync_hidden_begin();
	list = free_list_find(frame);
	sync_lock(&list->lock);
	free_list_put(list, frame);
	sync_unlock(&list->lock);
	sync_hidden_end();
}
