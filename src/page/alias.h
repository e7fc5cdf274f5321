/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The alias backend. A task has a set of places; each mapping of the task has the address of
 * one place.
 *
 *   map_alias.c     the backend: selects the place of a mapping, and shows or hides the place
 *   alias_set.c     reserves the address ranges of sets, and assigns sets to tasks
 *   alias_window.c  one kind of place: maps the whole arena in each place; fast
 *   alias_slot.c    the other kind of place: maps one page in each place; strict
 *   alias_fork.c    gives a child of fork() its own copy of the pages
 */
#pragma once

#include "page/task.h"

/*
 * The number of places of a set. A set has more places than a task has mappings, so that the backend
 * reuses an address only after it used all other free places.
 */
#define ALIAS_PLACES 32

/* The first page of a set holds struct alias_set, the second page is a guard page. */
#define ALIAS_HEAD (2 * PAGE_SIZE)

struct alias_set {
	struct alias_set *next;                      /* in the list of all sets; never removed */
	bool is_in_use;                              /* a task owns the set */
	bool is_hidden;                              /* the task of the set is switched out */
	uint32_t live_places;                        /* one bit for each place in use */
	uint32_t used_places;                        /* one bit for each place that was ever used */
	unsigned int next_place;                     /* the place to try first for the next mapping */
	unsigned int live_count;                     /* number of places in use */
	uint8_t place_order[PAGE_TASK_MAPPINGS];     /* places in use, oldest mapping first */
	const struct page *last_pages[ALIAS_PLACES]; /* the page that was last mapped in each place */
};

/* A kind of place: functions that map a page at a place, hide the place and show the place again. */
struct alias_place_kind {
	size_t stride; /* bytes from one place to the next, with a guard page */

	/* Maps @page at place @i, and shows the place. Return: the address of byte 0 of the mapping. */
	void *(*map_and_show)(struct alias_set *set, unsigned int i, const struct page *page);
	void (*hide)(void *addr);
	void (*show)(void *addr);

	/* Return: the canonical address of a byte in the used place @i; NULL for a guard page. */
	void *(*canonical)(const struct alias_set *set, unsigned int i, size_t offset);

	/* In a child of fork(): maps the used place @i again, from the new file. A slot is then hidden. */
	void (*remap)(struct alias_set *set, unsigned int i);
};

extern const struct alias_place_kind alias_window, alias_slot;

/* The kind of place in use. map_alias.c selects the kind when the library creates the arena. */
extern const struct alias_place_kind *alias_place_kind;

static inline unsigned char *alias_place_address(const struct alias_set *set, unsigned int i)
{
	return (unsigned char *)(uintptr_t)set + ALIAS_HEAD + i * alias_place_kind->stride;
}

/* Takes and releases the lock of the sets. The caller is in a hidden section (sync.h). */
void alias_sets_lock(void);
void alias_sets_unlock(void);

/* Return: a set that no other task uses. Aborts if the address space has no room for a new set. */
struct alias_set *alias_set_acquire_or_abort(void);

/* Makes all addresses of @set inaccessible. Another task may get @set afterwards. */
void alias_set_unmap_and_release(struct alias_set *set);

/* Return: the set that contains @addr, or NULL. Sets @place, and @offset from the start of the place. */
struct alias_set *alias_set_find(const void *addr, unsigned int *place, size_t *offset);

/* Calls @fn for each set without the lock of the sets: only for a child of fork(), which has one thread. */
void alias_for_each_set_unlocked(void (*fn)(struct alias_set *set));

/*
 * Maps @len bytes of the arena's file, beginning with @page, at @addr. The function also maps
 * MemorySanitizer's shadow of these bytes, so that a page and its alias share one shadow.
 */
void alias_map_file_and_shadow(void *addr, size_t len, const struct page *page, int prot);

/* Like alias_map_file_and_shadow(), but the sanitizer does not observe the call, and keeps its old state. */
void alias_remap_file_and_shadow(void *addr, size_t len, const struct page *page, int prot);

/* Maps new files as MemorySanitizer's shadow of the arena. Return: false if no file can be created. */
bool alias_create_msan_shadow_files(void);

/*
 * Runs in a child of fork(): copies the frames and their shadow to new files, and maps the new files at the
 * addresses of the old files.
 */
void alias_copy_files_in_child(void);

/* From now on, fork() gives a child its own copy of the files. Called once, while the arena is created. */
void alias_copy_files_at_fork(void);

/*
 * The handlers of fork() (fork.c) call these functions: before fork(), in the parent and in the child.
 * Without files, the functions do nothing. No lock of the library is taken.
 */
void alias_prepare_fork(void);
void alias_wait_for_child_copy(void);
void alias_copy_and_remap_files_in_child(void);

/* Reports that @failed_action failed with errno, and aborts. */
_Noreturn void alias_abort_with_errno(const char *failed_action);
