/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page/alias.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "page/report.h"

/* The list of all sets, used or free. */
static struct {
	struct sync_spinlock lock;
	_Atomic(struct alias_set *) first;
} sets = { .lock = SYNC_LOCK_INIT };

static int shadow_files[SYNC_SHADOWS + 1];

void alias_abort_with_errno(const char *failed_action)
{
	const char *limit = errno == ENOMEM ? " (is vm.max_map_count too small?)" : "";

	page_bug("map-failed", "%s: %s%s", failed_action, strerror(errno), limit);
}

static inline size_t find_set_size(void)
{
	return ALIAS_HEAD + ALIAS_PLACES * alias_place_kind->stride;
}

static void map_inaccessible_or_abort(void *addr, size_t len, int map_fixed_or_0)
{
	if (mmap(addr, len, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | map_fixed_or_0, -1, 0) ==
	    MAP_FAILED)
		alias_abort_with_errno("mmap of addresses for mappings");
}

NO_COVERAGE void alias_sets_lock(void)
{
	sync_spin_lock(&sets.lock);
}

NO_COVERAGE void alias_sets_unlock(void)
{
	sync_spin_unlock(&sets.lock);
}

/* The caller is in a hidden section (sync.h), and holds the lock of `sets`. */
static struct alias_set *add_new_set_or_abort(void)
{
	struct alias_set *set =
		mmap(NULL, find_set_size(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (set == MAP_FAILED || mprotect(set, PAGE_SIZE, PROT_READ | PROT_WRITE))
		alias_abort_with_errno("mmap of addresses for mappings");
	set->next = sets.first;
	atomic_store_explicit(&sets.first, set, memory_order_release);
	return set;
}

struct alias_set *alias_set_acquire_or_abort(void)
{
	struct alias_set *set;

	sync_hidden_begin();
	alias_sets_lock();
	set = sets.first;
	while (set && set->is_in_use)
		set = set->next;
	if (!set)
		set = add_new_set_or_abort();
	set->is_in_use = true;
	alias_sets_unlock();
	sync_hidden_end();
	return set;
}

void alias_set_unmap_and_release(struct alias_set *set)
{
	sync_hidden_begin();
	map_inaccessible_or_abort((unsigned char *)set + PAGE_SIZE, find_set_size() - PAGE_SIZE, MAP_FIXED);
	set->live_places = set->used_places = set->next_place = set->live_count = 0;
	set->is_hidden = false;
	memset(set->last_pages, 0, sizeof(set->last_pages));
	alias_sets_lock();
	set->is_in_use = false;
	alias_sets_unlock();
	sync_hidden_end();
}

NO_SANITIZE_THREAD struct alias_set *alias_set_find(const void *addr, unsigned int *place, size_t *offset)
{
	struct alias_set *set = atomic_load_explicit(&sets.first, memory_order_acquire);
	size_t offset_after_head;

	while (set && (uintptr_t)addr - (uintptr_t)set >= find_set_size())
		set = set->next;
	if (!set || (uintptr_t)addr - (uintptr_t)set < ALIAS_HEAD)
		return NULL;
	offset_after_head = (uintptr_t)addr - (uintptr_t)set - ALIAS_HEAD;
	*place = (unsigned int)(offset_after_head / alias_place_kind->stride);
	*offset = offset_after_head % alias_place_kind->stride;
	return set;
}

void alias_for_each_set_unlocked(void (*fn)(struct alias_set *set))
{
	for (struct alias_set *set = sets.first; set; set = set->next)
		fn(set);
}

/* ---- files ---- */

/* A sanitizer does not observe the system call, so the sanitizer keeps its state of the addresses. */
static NO_COVERAGE void map_by_system_call(void *addr, size_t len, int file, size_t offset, int prot)
{
	if (syscall(SYNC_SYS_MMAP, addr, len, prot, MAP_SHARED | MAP_FIXED, file,
		    offset / SYNC_SYS_MMAP_UNIT) == -1)
		alias_abort_with_errno("mmap of a page");
}

static inline size_t find_file_offset(const struct page *page)
{
	return (size_t)(page - arena_pages) * PAGE_SIZE;
}

/* Uses system calls, because MemorySanitizer's wrapper of mmap() refuses to map the shadow. */
static NO_COVERAGE void map_shared_shadow(void *addr, size_t len, const struct page *page)
{
	for (int i = 0; i < SYNC_SHADOWS; i++)
		map_by_system_call(sync_msan_shadow_address(addr, i), len, shadow_files[i],
				   find_file_offset(page), PROT_READ | PROT_WRITE);
}

NO_COVERAGE void alias_map_file_and_shadow(void *addr, size_t len, const struct page *page, int prot)
{
	if (mmap(addr, len, prot, MAP_SHARED | MAP_FIXED, arena_get_file_descriptor(),
		 (off_t)find_file_offset(page)) == MAP_FAILED)
		alias_abort_with_errno("mmap of a page");
	map_shared_shadow(addr, len, page);
}

void alias_remap_file_and_shadow(void *addr, size_t len, const struct page *page, int prot)
{
	map_by_system_call(addr, len, arena_get_file_descriptor(), find_file_offset(page), prot);
	map_shared_shadow(addr, len, page);
}

bool alias_create_msan_shadow_files(void)
{
	for (int i = 0; i < SYNC_SHADOWS; i++) {
		shadow_files[i] = memfd_create("libpage-shadow", MFD_CLOEXEC);
		if (shadow_files[i] < 0 || ftruncate(shadow_files[i], (off_t)ARENA_SIZE))
			return false;
	}
	map_shared_shadow(arena_frames, ARENA_SIZE, arena_pages);
	return true;
}

/* ---- after fork() ---- */

/* Uses the system call, because a sanitizer's wrapper of pwrite() would report poisoned frames. */
static int copy_to_memfd_or_abort(const char *from, size_t len)
{
	int file = memfd_create("libpage", MFD_CLOEXEC);
	size_t done = 0;

	if (file < 0 || ftruncate(file, (off_t)ARENA_SIZE))
		alias_abort_with_errno("memfd_create");
	while (done < len) {
		/* Some CPUs pass the offset in two registers; the last 0 is the high half of the offset. */
		long copied = syscall(SYS_pwrite64, file, from + done, len - done, done, 0);

		if (copied <= 0)
			alias_abort_with_errno("copy of the pages");
		done += (size_t)copied;
	}
	return file;
}

void alias_copy_files_in_child(void)
{
	size_t used = arena_count_frames_given_out() * PAGE_SIZE;
	int file = copy_to_memfd_or_abort((const char *)arena_frames, used);

	for (int i = 0; i < SYNC_SHADOWS; i++) {
		int shadow = copy_to_memfd_or_abort(sync_msan_shadow_address(arena_frames, i), used);

		close(shadow_files[i]);
		shadow_files[i] = shadow;
	}
	arena_close_and_replace_file(file);
	alias_remap_file_and_shadow(arena_frames, ARENA_SIZE, arena_pages, PROT_READ | PROT_WRITE);
}
