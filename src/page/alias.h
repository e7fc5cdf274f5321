/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The alias backend: sets of places where a task's mappings appear.
 *
 *   map_alias.c     the backend: which place a mapping gets, and when it is shown
 *   alias_set.c     address ranges for sets, and the tasks that own them
 *   alias_window.c  cheap places: each shows the whole arena
 *   alias_slot.c    strict places: each shows one page
 *   alias_fork.c    a child of fork() gets memory of its own
 */
#ifndef LIBPAGE_ALIAS_H
#define LIBPAGE_ALIAS_H

#include "page/task.h"

/*
 * More than a task can have mapped, so that an address comes back only after at least
 * as many other mappings as are not in use.
 */
#define ALIAS_PLACES 32

/* The first page holds the set itself, the second guards the first place. */
#define ALIAS_HEAD (2 * PAGE_SIZE)

struct alias_set {
	struct alias_set *next; /* of all sets; never removed */
	bool in_use;
	bool hidden;	   /* its task is switched out */
	uint32_t live;	   /* a bit for each place in use */
	uint32_t made;	   /* a bit for each place that anything was ever mapped at */
	unsigned int next_place; /* the place to try first */
	unsigned int depth;
	uint8_t order[PAGE_TASK_MAPPINGS];	    /* places in use, oldest first */
	const struct page *placed[ALIAS_PLACES]; /* what each place showed last */
};

/* How a page is shown in a place, and hidden. */
struct alias_way {
	size_t stride; /* from place to place, an inaccessible guard page included */

	/* Return: where @page is now, shown, in place @i. */
	void *(*place)(struct alias_set *set, unsigned int i, const struct page *page);
	void (*hide)(void *addr);
	void (*show)(void *addr);

	/* Return: the canonical address of a byte in place @i, which was used; NULL for a guard. */
	void *(*canonical)(const struct alias_set *set, unsigned int i, size_t offset);

	/* After fork(): map again, hidden if it can be, what is mapped in place @i, that was used. */
	void (*again)(struct alias_set *set, unsigned int i);
};

extern const struct alias_way alias_window, alias_slot;

/* The way in use: decided with the backend. */
extern const struct alias_way *alias_way;

static inline unsigned char *alias_place(const struct alias_set *set, unsigned int i)
{
	return (unsigned char *)(uintptr_t)set + ALIAS_HEAD + i * alias_way->stride;
}

/* A set that no task has. Aborts when there is no address space. */
struct alias_set *alias_set_take(void);

/* Its addresses become inaccessible until its next task maps at them. */
void alias_set_give(struct alias_set *set);

/* The set and place that @addr is in; NULL when there is none. */
struct alias_set *alias_set_find(const void *addr, unsigned int *place, size_t *offset);

void alias_each_set(void (*fn)(struct alias_set *set));

/*
 * Maps @len bytes of the arena's file from @page on at @addr, and with it what
 * MemorySanitizer knows of them: the shadow of an alias is the shadow of the page.
 */
void alias_map_file(void *addr, size_t len, const struct page *page, int prot);

/* The same, unseen by a sanitizer, for addresses that it knows already. */
void alias_map_file_again(void *addr, size_t len, const struct page *page, int prot);

/* Files for the sanitizer's shadow. Return: false when there are none to be had. */
bool alias_files_make(void);

/*
 * In a child of fork(): files of its own, with what is in the frames and in the shadow,
 * mapped at the canonical addresses.
 */
void alias_files_copy(void);

/* Prepares for fork(); called once. */
bool alias_fork_prepare(void);

_Noreturn void alias_failed(const char *what);

#endif
