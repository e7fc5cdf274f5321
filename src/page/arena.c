/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The arena allocates a frame from these sources, in this order:
 *
 *   1. the free list of the thread. The list is a quarantine (free_list.h): the list releases a frame
 *      only after ARENA_QUARANTINE later frees;
 *   2. the never-allocated frames: the free list of the thread gets a chunk of these frames;
 *   3. the free lists of other threads. If no frame has completed its quarantine, the allocation fails.
 *
 * Several contiguous frames come from the never-allocated frames. If the never-allocated frames are too few,
 * the arena takes contiguous freed frames that have all completed their quarantine, from any free lists.
 *
 * Lock order: the lock of a list, or the locks of all lists in the order of their addresses; then the lock
 * of the arena. The locks order the last owner of a frame before the next owner of the frame. The locks are
 * hidden from ThreadSanitizer (sync.h), which would otherwise assume an order between users of different
 * pages (R3). The library reports each free and each allocation of a frame to ThreadSanitizer. So
 * ThreadSanitizer does not report the accesses of two owners as a race.
 */
#include "page/arena.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "page/fork.h"
#include "page/free_list.h"
#include "page/map.h"
#include "page/sync.h"

unsigned char *arena_frames;
struct page *arena_pages;
uintptr_t arena_skew;

static struct {
	struct sync_spinlock lock;
	int file;
	size_t fresh; /* frames [fresh, ARENA_FRAMES) were never allocated, and are in no list */
} arena = { .lock = SYNC_LOCK_INIT, .file = -1 };

static pthread_once_t arena_once = PTHREAD_ONCE_INIT;
static atomic_bool arena_made;

#define PAGES_SIZE (ARENA_FRAMES * sizeof(struct page))

/* Reserves address space for the frames, followed by the struct pages of the frames. */
static unsigned char *reserve_addresses(void)
{
	unsigned char *base = mmap(NULL, ARENA_SIZE + PAGES_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return base == MAP_FAILED ? NULL : base;
}

static bool create_frames_file(unsigned char *base)
{
	void *frames;

	arena.file = memfd_create("libpage", MFD_CLOEXEC);
	if (arena.file < 0 || ftruncate(arena.file, (off_t)ARENA_SIZE))
		return false;
	frames = mmap(base, ARENA_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, arena.file, 0);
	return frames != MAP_FAILED;
}

static void arena_init(void)
{
	bool file = map_select_backend_needs_file();
	unsigned char *base = reserve_addresses();

	atomic_store_explicit(&arena_made, true, memory_order_relaxed);
	/* If the address space or the file is missing, every allocation fails. */
	if (!base || (file && !create_frames_file(base))) {
		arena.fresh = ARENA_FRAMES;
		return;
	}
	arena_frames = base;
	arena_pages = (struct page *)(void *)(base + ARENA_SIZE);
	arena_skew = (uintptr_t)arena_frames - (uintptr_t)arena_pages * ARENA_STRIDE;
	if (!fork_install_handlers() || !map_backend->arena_made()) {
		arena.fresh = ARENA_FRAMES;
		return;
	}
	sync_register_heap_with_tsan(base, ARENA_SIZE + PAGES_SIZE);
}

NO_COVERAGE void arena_wait_until_created(void)
{
	if (arena_creation_has_begun())
		pthread_once(&arena_once, arena_init);
}

bool arena_creation_has_begun(void)
{
	return atomic_load_explicit(&arena_made, memory_order_relaxed);
}

NO_COVERAGE int arena_get_file_descriptor(void)
{
	return arena.file;
}

void arena_close_and_replace_file(int file)
{
	close(arena.file);
	arena.file = file;
}

size_t arena_count_frames_given_out(void)
{
	return arena.fresh;
}

/*
 * Poisons the frames from @first to @end, although a list gets only the frames before @end. Poisoning all
 * frames at the start would write the whole shadow memory of the arena. The caller holds the lock of the
 * arena, because otherwise another thread might already have allocated frame @end.
 */
static NO_COVERAGE void poison_frames_of_chunk(size_t first, size_t end)
{
	size_t count = (end < ARENA_FRAMES ? end + 1 : end) - first;

	sync_poison(arena_pages + first, count * sizeof(struct page));
	sync_poison(arena_frames + first * PAGE_SIZE, count * PAGE_SIZE);
}

/* Takes @least to @most never-allocated frames. Return: the number of frames; 0 if too few are left. */
static NO_COVERAGE size_t take_never_allocated_frames(size_t least, size_t most, size_t *first)
{
	size_t count;

	sync_spin_lock(&arena.lock);
	count = ARENA_FRAMES - arena.fresh;
	if (count > most)
		count = most;
	if (count < least)
		count = 0;
	*first = arena.fresh;
	arena.fresh += count;
	if (count)
		poison_frames_of_chunk(*first, arena.fresh);
	sync_spin_unlock(&arena.lock);
	return count;
}

/* ---- one frame ---- */

/* Moves a chunk of never-allocated frames, if any are left, to @list. The caller holds the lock of @list. */
static NO_COVERAGE void refill_list(struct free_list *list)
{
	size_t count = take_never_allocated_frames(1, FREE_LIST_CHUNK, &list->fresh);

	list->fresh_end = list->fresh + count;
	free_list_set_list_of_frames(list, list->fresh, count);
}

static bool take_from_own_list_or_refill(struct free_list *list, size_t *frame)
{
	bool is_found;

	sync_spin_lock(&list->lock);
	is_found = free_list_take_frame(list, frame);
	if (!is_found) {
		refill_list(list);
		is_found = free_list_take_frame(list, frame);
	}
	sync_spin_unlock(&list->lock);
	return is_found;
}

/* Takes a frame from any list. A later free returns the frame to the list that the frame came from. */
static bool take_from_any_list(size_t *frame)
{
	bool is_found = false;

	for (struct free_list *list = free_lists; !is_found && list < free_lists + FREE_LISTS; list++) {
		sync_spin_lock(&list->lock);
		is_found = free_list_take_frame(list, frame);
		sync_spin_unlock(&list->lock);
	}
	return is_found;
}

/* ---- contiguous frames ---- */

NO_COVERAGE void arena_lock(void)
{
	for (struct free_list *list = free_lists; list < free_lists + FREE_LISTS; list++)
		sync_spin_lock(&list->lock);
	sync_spin_lock(&arena.lock);
}

NO_COVERAGE void arena_unlock(void)
{
	sync_spin_unlock(&arena.lock);
	for (struct free_list *list = free_lists + FREE_LISTS; list-- > free_lists;)
		sync_spin_unlock(&list->lock);
}

static NO_COVERAGE bool take_run_of_freed_frames(size_t count, size_t *first)
{
	bool is_found;

	arena_lock();
	is_found = free_lists_take_run(free_list_own(), count, arena.fresh, first);
	arena_unlock();
	return is_found;
}

static NO_COVERAGE bool take_contiguous_frames(size_t count, size_t *first)
{
	if (!take_never_allocated_frames(count, count, first))
		return take_run_of_freed_frames(count, first);
	free_list_set_list_of_frames(free_list_own(), *first, count);
	return true;
}

/* ---- any number of frames ---- */

static bool alloc_frames(size_t count, size_t *first)
{
	if (count == 1)
		return take_from_own_list_or_refill(free_list_own(), first) || take_from_any_list(first);
	return take_contiguous_frames(count, first);
}

struct page *arena_alloc_frames(size_t count)
{
	struct page *page;
	size_t index = 0;
	bool is_found;

	sync_hidden_begin();
	pthread_once(&arena_once, arena_init);
	is_found = alloc_frames(count, &index);
	page = arena_pages + index;
	sync_hidden_end();
	if (!is_found)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		sync_mark_allocated(page + i, sizeof(*page));
		sync_mark_allocated(arena_address(page + i), PAGE_SIZE);
	}
	return page;
}

void arena_free_frame(struct page *page)
{
	size_t frame = (size_t)(page - arena_pages);
	struct free_list *list;

	sync_mark_freed(arena_address(page), PAGE_SIZE);
	sync_mark_freed(page, sizeof(*page));
	sync_hidden_begin();
	list = free_list_find_by_frame(frame);
	sync_spin_lock(&list->lock);
	free_list_append(list, frame);
	sync_spin_unlock(&list->lock);
	sync_hidden_end();
}
