/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The quarantine is the free list: a queue, first in first out, from which a frame
 * is taken only while more than ARENA_QUARANTINE wait in it. So
 *
 *   1. a frame is handed out again only after ARENA_QUARANTINE later frees, and
 *   2. frames that never lived are used before the quarantine is cut short: it
 *      never is, an exhausted arena fails instead.
 *
 * Several contiguous frames come from those that never lived, and when these are too
 * few, from a run of dead ones that have each waited that long. The queue is linked,
 * so that they can leave it from the middle.
 *
 * The lock around the queue orders the last owner of a frame before its next one. It
 * is hidden from ThreadSanitizer (sync.h), which would take it for an order between
 * users of different pages (R3); that is told instead when a frame dies and is born.
 */
#include "page/arena.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include "page/map.h"
#include "page/sync.h"

unsigned char *arena_frames;
struct page *arena_pages;
uintptr_t arena_skew;

/* A frame that waits: its neighbours in the queue, and how many died before it. */
struct waiting {
	uint32_t older, newer;
	uint64_t died; /* from 1; 0: does not wait */
};

#define NO_FRAME UINT32_MAX

static struct {
	struct sync_lock lock;
	int file;
	size_t fresh; /* frames [fresh, ARENA_FRAMES) never lived */
	uint32_t oldest, newest;
	size_t count;	/* that wait */
	uint64_t deaths; /* ever */
	struct waiting waiting[ARENA_FRAMES];
} arena = { .lock = SYNC_LOCK_INIT, .file = -1, .oldest = NO_FRAME, .newest = NO_FRAME };

static pthread_once_t arena_once = PTHREAD_ONCE_INIT;
static atomic_bool arena_made;

#define PAGES_SIZE (ARENA_FRAMES * sizeof(struct page))

/* One reservation: the frames, and behind them their struct pages. */
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
	/* Without memory there is nothing to hand out, now and later. */
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
	sync_heap(base, ARENA_SIZE + PAGES_SIZE);
}

bool arena_exists(void)
{
	return atomic_load_explicit(&arena_made, memory_order_relaxed);
}

SYNC_UNCOUNTED int arena_file(void)
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

/* ---- the queue of those that wait ---- */

static void queue_put(uint32_t frame)
{
	struct waiting *w = &arena.waiting[frame];

	*w = (struct waiting){ arena.newest, NO_FRAME, ++arena.deaths };
	if (arena.newest == NO_FRAME)
		arena.oldest = frame;
	else
		arena.waiting[arena.newest].newer = frame;
	arena.newest = frame;
	arena.count++;
}

/* Not the newest: none is taken before others died after it, and of these one still waits. */
static void queue_remove(uint32_t frame)
{
	struct waiting *w = &arena.waiting[frame];

	if (w->older == NO_FRAME)
		arena.oldest = w->newer;
	else
		arena.waiting[w->older].newer = w->newer;
	arena.waiting[w->newer].older = w->older;
	w->died = 0;
	arena.count--;
}

static bool waited_enough(size_t frame)
{
	uint64_t died = arena.waiting[frame].died;

	return died && arena.deaths - died >= ARENA_QUARANTINE;
}

/* ---- taking ---- */

/*
 * The frame behind the newest is poisoned when that one is taken, not all at the
 * start: poisoning the reservation would touch its whole shadow memory.
 */
static bool take_fresh(size_t count, size_t *index)
{
	if (ARENA_FRAMES - arena.fresh < count)
		return false;
	*index = arena.fresh;
	arena.fresh += count;
	if (arena.fresh < ARENA_FRAMES) {
		sync_poison(arena_pages + arena.fresh, sizeof(struct page));
		sync_poison(arena_frames + arena.fresh * PAGE_SIZE, PAGE_SIZE);
	}
	return true;
}

static bool take_oldest(size_t *index)
{
	if (arena.count <= ARENA_QUARANTINE)
		return false;
	*index = arena.oldest;
	queue_remove(arena.oldest);
	return true;
}

static bool take_run(size_t count, size_t *index)
{
	size_t run = 0, end = 0;

	while (run < count && end < arena.fresh)
		run = waited_enough(end++) ? run + 1 : 0;
	if (run < count)
		return false;
	*index = end - count;
	for (size_t i = *index; i < end; i++)
		queue_remove((uint32_t)i);
	return true;
}

static bool take(size_t count, size_t *index)
{
	if (count == 1)
		return take_oldest(index) || take_fresh(1, index);
	return take_fresh(count, index) || take_run(count, index);
}

struct page *arena_take(size_t count)
{
	struct page *page;
	size_t index = 0;
	bool found;

	sync_hidden_begin();
	pthread_once(&arena_once, arena_init);
	sync_lock(&arena.lock);
	found = take(count, &index);
	sync_unlock(&arena.lock);
	page = arena_pages + index;
	sync_hidden_end();
	if (!found)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		sync_born(page + i, sizeof(*page));
		sync_born(arena_address(page + i), PAGE_SIZE);
	}
	return page;
}

void arena_give(struct page *page)
{
	sync_died(arena_address(page), PAGE_SIZE);
	sync_died(page, sizeof(*page));
	sync_hidden_begin();
	sync_lock(&arena.lock);
	queue_put((uint32_t)(page - arena_pages));
	sync_unlock(&arena.lock);
	sync_hidden_end();
}
