/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The quarantine is the free list: a queue, first in first out, from which a frame
 * is taken only while more than ARENA_QUARANTINE wait in it. So
 *
 *   1. a frame is handed out again only after ARENA_QUARANTINE later frees, and
 *   2. frames that never lived are used before the quarantine is cut short: it
 *      never is, an exhausted arena fails instead.
 *
 * The lock around the queue orders the last owner of a frame before its next one. It
 * is hidden from ThreadSanitizer (sync.h), which would take it for an order between
 * users of different pages (R3); that is told instead when a frame dies and is born.
 */
#include "page/arena.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "page/sync.h"

static struct {
	struct sync_lock lock;
	unsigned char *frames;
	struct page *pages;
	size_t fresh;		       /* frames [fresh, ARENA_FRAMES) never lived */
	size_t head, tail;	       /* of the queue, counted without wrapping */
	uint32_t queue[ARENA_FRAMES]; /* indices of dead frames */
} arena = { .lock = SYNC_LOCK_INIT };

static pthread_once_t arena_once = PTHREAD_ONCE_INIT;

/* One reservation: the frames, and behind them their struct pages. */
#define FRAMES_SIZE (ARENA_FRAMES * PAGE_SIZE)
#define PAGES_SIZE  (ARENA_FRAMES * sizeof(struct page))

static void arena_init(void)
{
	unsigned char *base = mmap(NULL, FRAMES_SIZE + PAGES_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	/* Without memory there is nothing to hand out, now and later. */
	if (base == MAP_FAILED) {
		arena.fresh = ARENA_FRAMES;
		return;
	}
	arena.frames = base;
	arena.pages = (struct page *)(void *)(base + FRAMES_SIZE);
	sync_heap(base, FRAMES_SIZE + PAGES_SIZE);
}

/*
 * The frame behind the newest is poisoned when that one is taken, not all at the
 * start: poisoning the reservation would touch its whole shadow memory.
 */
static size_t take_fresh(void)
{
	size_t index = arena.fresh++;

	if (arena.fresh < ARENA_FRAMES) {
		sync_poison(arena.pages + arena.fresh, sizeof(struct page));
		sync_poison(arena.frames + arena.fresh * PAGE_SIZE, PAGE_SIZE);
	}
	return index;
}

static bool pop(size_t *index)
{
	if (arena.tail - arena.head > ARENA_QUARANTINE) {
		*index = arena.queue[arena.head++ % ARENA_FRAMES];
		return true;
	}
	if (arena.fresh == ARENA_FRAMES)
		return false;
	*index = take_fresh();
	return true;
}

struct page *arena_take(void)
{
	struct page *page;
	size_t index = 0;
	bool found;

	sync_hidden_begin();
	pthread_once(&arena_once, arena_init);
	sync_lock(&arena.lock);
	found = pop(&index);
	sync_unlock(&arena.lock);
	page = arena.pages + index;
	sync_hidden_end();
	if (!found)
		return NULL;
	sync_born(page, sizeof(*page));
	sync_born(arena_address(page), PAGE_SIZE);
	return page;
}

void arena_give(struct page *page)
{
	sync_died(arena_address(page), PAGE_SIZE);
	sync_died(page, sizeof(*page));
	sync_hidden_begin();
	sync_lock(&arena.lock);
	arena.queue[arena.tail++ % ARENA_FRAMES] = (uint32_t)(page - arena.pages);
	sync_unlock(&arena.lock);
	sync_hidden_end();
}

void *arena_address(const struct page *page)
{
	return arena.frames + (size_t)(page - arena.pages) * PAGE_SIZE;
}

bool arena_contains(const void *addr)
{
	return (uintptr_t)addr - (uintptr_t)arena.frames < ARENA_FRAMES * PAGE_SIZE;
}
