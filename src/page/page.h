/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libpage: pages of memory with the contract of the kernel's Rust `Page`.
 *
 * This header is the whole public interface. Every function names the rule of
 * the page contract that it keeps (doc/rules.md lists them):
 *
 *   R1 bounds        off <= PAGE_SIZE && len <= PAGE_SIZE && off + len <= PAGE_SIZE
 *   R2 bytes         exactly [off, off + len) is touched, never a neighbour
 *   R3 data races    two threads may touch a page in parallel if both read, both are
 *                    atomic, or their bytes are disjoint; otherwise one happens before
 *                    the other
 *   R4 aliases       one page at two addresses is the same memory
 *   R5 mappings      a mapped address is good for PAGE_SIZE bytes, until it is
 *                    unmapped, for the task that mapped it
 *   R6 order         mappings end newest first; a task has at most 16
 *   R7 fresh memory  is uninitialised unless __GFP_ZERO; old contents never show
 *   R8 lifetime      the last page_free() frees the page; all that its owners did
 *                    before their page_free() happens before that
 *   R9 user memory   may be changed or unmapped at any time; reading it is no race, does
 *                    not crash, and reads each byte once
 *   R10 bytewise     atomic on the caller's buffer, a byte at a time; plain on the page
 *   R11 failure      of an allocation is a result; failures can be injected
 *   R12 borrowed     the borrower of a page of a buffer never frees it
 *
 * Errors are 0 or -errno, NULL from allocation. A predicate is a bool.
 *
 * Context: unless a function says otherwise it may be called from any thread at
 * any time, does not sleep, does not allocate and takes no lock that orders two
 * callers (R3).
 *
 * Misuse without an error value (a freed page, an address of another task) ends the
 * process: the library prints a report to standard error and calls abort(). The report
 * is a line that begins with "BUG: page: RULE: ", where RULE is foreign-map,
 * unmap-order, map-overflow, use-after-free, use-after-unmap (the program format's rule
 * names) or borrowed-free. It names the page, the tasks and the call sites. The library
 * reports all misuse that it can detect. Three more words there are no rules:
 * map-failed, environment, system.
 *
 * "Aborts with" below lists these words. If several apply to a call, it reports the
 * first one that it lists.
 */
#ifndef LIBPAGE_PAGE_H
#define LIBPAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_SHIFT 12

/* Mappings that a task may have at a time (R6). */
#define PAGE_TASK_MAPPINGS 16

/* Bytes of a task's name with its end. */
#define PAGE_TASK_NAME 24

/* The C library may have claimed this name; it must then mean the same. */
#ifndef PAGE_SIZE
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif

/*
 * Allocation flags. A valid set has exactly one of the four contexts and any of
 * the modifiers. In the kernel the contexts say how an allocator may search for memory.
 * This one never waits for memory, so they all mean the same.
 */
typedef unsigned int gfp_t;

#define GFP_KERNEL    ((gfp_t)0x01)
#define GFP_ATOMIC    ((gfp_t)0x02)
#define GFP_NOWAIT    ((gfp_t)0x04)
#define GFP_NOIO      ((gfp_t)0x08)
#define __GFP_ZERO    ((gfp_t)0x10) /* the allocating thread writes zeros to all of it */
#define __GFP_HIGHMEM ((gfp_t)0x20) /* accepted: all memory here has an address */
#define __GFP_NOFAIL  ((gfp_t)0x40) /* no injected failure; an exhausted arena still gives NULL */
#define __GFP_NOWARN  ((gfp_t)0x80) /* accepted: failure never prints */

/* One page of PAGE_SIZE bytes and its count of references. */
struct page;

/* An owner of mappings: see "tasks" below. */
struct page_task;

/**
 * page_align() - round an address or length up to a multiple of PAGE_SIZE
 * @addr: any value
 * @aligned: where the result goes; untouched on failure
 *
 * Source: the kernel's `page_align`, which wraps; this one says so.
 * Return: true, or false when the next multiple does not fit in a size_t.
 */
bool page_align(size_t addr, size_t *aligned);

/**
 * page_alloc() - allocate a page with a reference count of 1
 * @gfp: one context and any modifiers
 *
 * The bytes are uninitialised unless __GFP_ZERO (R7); bytes of an earlier page are never
 * visible. A frame is allocated again only after a quarantine, so that sanitizers can
 * detect the use of a stale pointer. Allocation orders no two threads, except the last
 * owner of a frame before its next owner (R3).
 *
 * Source: `Page::alloc_page`, alloc_pages().
 * Return: the page, owned by the caller, released by page_free(); NULL with errno
 * EINVAL when @gfp has an unknown bit or not exactly one context, with ENOMEM when
 * the arena is exhausted or a failure is injected (R11). Never aborts.
 */
struct page *page_alloc(gfp_t gfp);

/**
 * page_get() - take one more reference
 * @page: a live page
 *
 * Orders nothing. The caller must hold a reference already, or know that another
 * owner holds one for the duration of the call.
 *
 * Source: get_page(). Rule: R8. Aborts with use-after-free on a freed page.
 */
void page_get(struct page *page);

/**
 * page_free() - drop one reference; the last one frees the page
 * @page: a live page of which the caller owns a reference, or NULL (no effect)
 *
 * Has release and acquire order: everything that an owner does before its
 * page_free() happens before every later page_free() of the page (R8). The last
 * free writes the whole page; after it every use of @page is an error.
 *
 * Source: `Drop for Page`, __free_page(). Aborts with use-after-free on a freed page,
 * with borrowed-free when the reference belongs to a buffer (R12).
 */
void page_free(struct page *page);

/**
 * page_ref_count() - the number of references, for tests and reports
 * @page: a page
 *
 * The value may be stale when other threads hold references. Orders nothing.
 * Return: the count; at least 1 for a live page.
 */
unsigned int page_ref_count(const struct page *page);

/**
 * page_nid() - the memory node that the page is on
 * @page: a live page
 *
 * Source: `Page::nid`, page_to_nid().
 * Return: always 0: there is one arena.
 */
int page_nid(const struct page *page);

/* ---- mapping ---- */

/**
 * page_map_backend_set() - choose how pages are mapped
 * @name: "direct": a page is mapped at its own address, which costs nothing; the library
 *        detects misuse of pages. "alias": every mapping has an address of its own, between
 *        inaccessible bytes, which is valid only until the mapping ends; misuse of addresses
 *        is detected too, also in the caller's own loads and stores
 *
 * Before the first page_alloc() or page_buffer_alloc() of the process. Without this call
 * the environment decides, PAGE_MAP=direct or PAGE_MAP=alias; without that, direct.
 *
 * With both backends a child of fork() has pages of its own. With alias their bytes are
 * copied when the process forks.
 *
 * Context: not beside any other call of this library.
 * Return: 0; -EINVAL on another name; -EBUSY when there are pages already.
 */
int page_map_backend_set(const char *name);

/**
 * page_map_backend() - the name of the backend, which is final after the first page
 * Return: a string that is never freed.
 */
const char *page_map_backend(void);

/**
 * page_map_revoke_set() - choose how the alias backend ends the use of an address
 * @name: "poison": AddressSanitizer reports it; "protect": it faults (SIGSEGV); "none":
 *        nothing, but other mappings do not have the address soon
 *
 * Before the first page, as page_map_backend_set(). Without this call the environment
 * decides, PAGE_MAP_REVOKE; without that, poison with AddressSanitizer and protect else.
 * Where addresses have 32 bits there is space for "protect" only.
 *
 * Return: 0; -EINVAL on another name, on "poison" without AddressSanitizer, or without
 * the space; -EBUSY when there are pages already.
 */
int page_map_revoke_set(const char *name);

/**
 * page_map_local() - map a page for the current task
 * @page: a live page
 *
 * The address is valid for PAGE_SIZE bytes, for this task, until page_unmap_local().
 * Accesses through it are the caller's own: R3 holds for them. One page may be mapped
 * any number of times, by one task or many.
 *
 * Source: kmap_local_page(). Rules: R4, R5, R6. Aborts with use-after-free on a freed
 * page, with map-overflow when the task has PAGE_TASK_MAPPINGS mappings, with map-failed
 * when the system has no address for it (alias backend only).
 * Return: the address of byte 0; never NULL.
 */
void *page_map_local(struct page *page);

/**
 * page_unmap_local() - end the newest mapping of the current task
 * @addr: any address inside the mapped page (one past its end names the next page)
 *
 * The page may have been freed in the meantime.
 *
 * With the direct backend all mappings of a page have one address. So the library only
 * checks that the newest mapping is of that page.
 *
 * Source: kunmap_local(). Rule: R6. Aborts with unmap-order when @addr is in an older
 * mapping of this task, with foreign-map when it is in a mapping of another task, with
 * use-after-unmap when it is in none, with foreign-map when no page was ever mapped
 * there.
 */
void page_unmap_local(const void *addr);

/**
 * page_canonical() - the one address that names a byte in all mappings
 * @addr: an address inside a mapping, live or ended, or a canonical address
 *
 * A tool reports this address to a race detector that knows memory by its address: two
 * mappings of a page are the same memory (R4), and the calls of this library access pages
 * at canonical addresses. Only tools may access them.
 *
 * Return: the canonical address; @addr itself with the direct backend; NULL when no page
 * was ever mapped there.
 */
void *page_canonical(const void *addr);

/** page_mapped_fn - called with the address of byte 0 of a mapped page. */
typedef int (*page_mapped_fn)(void *addr, void *ctx);

/**
 * page_with_mapped() - map a page, call @fn, unmap it
 * @page: a live page
 * @fn: called exactly once, on the calling thread; must not keep the address
 * @ctx: passed to @fn
 *
 * Source: `Page::with_page_mapped`. Rules: R5, R6. Aborts as page_map_local(), and with
 * unmap-order when @fn returns with a live mapping.
 * Return: the result of @fn.
 */
int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx);

/** page_pointer_fn - called with the address of byte `off` of a mapped page. */
typedef int (*page_pointer_fn)(void *ptr, void *ctx);

/**
 * page_with_pointer() - check a range, map the page, call @fn with its first byte
 * @page: a live page
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 * @fn: called exactly once if the range is good, else not at all; may touch
 *      [ptr, ptr + @len) and nothing else
 * @ctx: passed to @fn
 *
 * off == PAGE_SIZE with len == 0 is good: a one-past-the-end pointer.
 *
 * Source: `Page::with_pointer_into_page`. Rules: R1, R3, R5, R6. Aborts as
 * page_with_mapped().
 * Return: the result of @fn; -EINVAL when the range is bad, also if the page is freed.
 */
int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx);

/*
 * ---- raw calls ----
 *
 * Each counts as a mapping for its duration (R6), page_copy() as two. All of them check
 * the range first: a bad range is -EINVAL. On a good range they abort with use-after-free
 * on a freed page, then with map-overflow when the task has no mapping left; also with a
 * length of 0.
 */

/**
 * page_read_raw() - copy bytes out of a page
 * @page: a live page
 * @dst: at least @len bytes, not inside the page
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Uninitialised bytes may be copied; using their value is the caller's error (R7).
 *
 * Source: `Page::read_raw`. Rules: R1, R2, R3 (a plain read of the range).
 * Return: 0; -EINVAL when the range is bad: nothing is touched.
 */
int page_read_raw(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_raw() - copy bytes into a page
 * @page: a live page
 * @src: at least @len bytes, not inside the page; each byte is read once
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Source: `Page::write_raw`. Rules: R1, R2, R3 (a plain write of the range).
 * Return: 0; -EINVAL when the range is bad: nothing is touched.
 */
int page_write_raw(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_fill_zero() - write zeros into a page
 * @page: a live page
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Source: `Page::fill_zero_raw`. Rules: R1, R2, R3 (a plain write of the range).
 * Return: 0; -EINVAL when the range is bad: nothing is touched.
 */
int page_fill_zero(struct page *page, size_t off, size_t len);

/**
 * page_read_bytewise_atomic() - copy bytes out of a page, with atomic writes to the buffer
 * @page: a live page
 * @dst: at least @len bytes, not inside the page; other threads may access them
 *       atomically at the same time
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Atomic and relaxed on @dst, one byte at a time; a plain read of the page. Uses up to
 * PAGE_SIZE bytes of stack.
 *
 * Source: `Page::read_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL when the range is bad: nothing is touched.
 */
int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_bytewise_atomic() - copy bytes into a page, with atomic reads of the buffer
 * @page: a live page
 * @src: at least @len bytes, not inside the page; each byte is read once
 * @off: first byte, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Atomic and relaxed on @src, one byte at a time; a plain write of the page. Uses up to
 * PAGE_SIZE bytes of stack.
 *
 * Source: `Page::write_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL when the range is bad: nothing is touched.
 */
int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_copy() - copy bytes from page to page
 * @dst: a live page
 * @dst_off: first byte there, 0 .. PAGE_SIZE
 * @src: a live page, maybe the same one
 * @src_off: first byte there, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - the greater offset
 *
 * Uninitialised bytes stay uninitialised (R7). The call counts as two mappings: it checks
 * the destination first, then the source.
 *
 * Source: memcpy_page(). Rules: R1, R2, R3 (a plain read and a plain write).
 * Return: 0; -EINVAL when a range is bad, or when both are of one page and overlap:
 * nothing is touched.
 */
int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len);

/*
 * ---- user memory ----
 *
 * Memory of this process that other threads may write and unmap at any moment (R9). A
 * fault is a page that cannot be read at that moment.
 *
 * Reading makes a system call (process_vm_readv of this process). If the system refuses
 * the call, as a container's seccomp filter may, the process ends with a report.
 */

/* A range of user memory, not checked. */
struct user_slice {
	const void *ptr;
	size_t len;
};

/* A position in a slice. One thread at a time; a copy of it reads the same bytes again. */
struct user_slice_reader {
	const void *at;
	size_t left;
};

/**
 * user_slice_new() - describe a range of user memory
 * @ptr: any address
 * @len: bytes
 *
 * Accesses no memory. Source: `UserSlice::new`.
 * Return: the slice, by value.
 */
struct user_slice user_slice_new(const void *ptr, size_t len);

/**
 * user_slice_reader_init() - a reader at the first byte
 * @reader: the caller's; need not be destroyed
 * @slice: copied
 *
 * Source: `UserSlice::reader`.
 */
void user_slice_reader_init(struct user_slice_reader *reader, struct user_slice slice);

/**
 * user_slice_left() - bytes from the reader's position to the end of its slice
 * @reader: a reader
 *
 * They need not be readable. Source: `UserSliceReader::len`.
 */
size_t user_slice_left(const struct user_slice_reader *reader);

/**
 * user_slice_skip() - advance without reading
 * @reader: advances by @len bytes, or stays
 * @len: bytes
 *
 * Source: `UserSliceReader::skip`. Rule: R9.
 * Return: 0; -EFAULT when fewer bytes are left: the reader stays.
 */
int user_slice_skip(struct user_slice_reader *reader, size_t len);

/**
 * user_slice_read() - copy user memory to the caller's memory
 * @reader: advances by @len bytes on success, or stays
 * @dst: at least @len bytes
 * @len: bytes
 *
 * No injectable point. Source: `UserSliceReader::read_raw`. Rule: R9.
 * Return: 0; -EFAULT when fewer bytes are left: nothing is touched; -EFAULT after a
 * fault at byte j: the first j bytes are copied, the others are zero.
 */
int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len);

/**
 * page_copy_from_user_slice() - copy user memory into a page
 * @page: a live page
 * @reader: advances by @len bytes on success, or stays
 * @off: first byte in the page, 0 .. PAGE_SIZE
 * @len: bytes, 0 .. PAGE_SIZE - @off
 *
 * Source: `Page::copy_from_user_slice_raw`. Rules: R1, R2, R3 (a plain write of the
 * range whenever any of it is touched), R9, R11.
 * Return, in the order of the checks:
 *   -EINVAL  the range is bad: nothing is touched;
 *   -EFAULT  fewer bytes are left: nothing is touched;
 *   0        @len is 0: nothing is touched, but an injected failure is used up (R11);
 *   -EFAULT  a failure is injected: all of the range is zero;
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the others are zero;
 *   0        all is copied.
 */
int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off,
			      size_t len);

/*
 * ---- buffers of several pages ----
 */

/**
 * page_buffer_alloc() - contiguous memory made of pages
 * @n_bytes: at least 1; need not be a multiple of PAGE_SIZE
 *
 * The bytes are uninitialised (R7). The buffer owns one reference of each of its pages;
 * all of the last page may be used. An injectable point, as an allocation of GFP_KERNEL
 * of the order that is large enough.
 *
 * Source: `VVec`, vmalloc().
 * Return: the address, owned by the caller, released by page_buffer_free(), a multiple
 * of PAGE_SIZE; NULL with errno EINVAL when @n_bytes is 0, ENOMEM when that many
 * contiguous frames are not free or a failure is injected.
 */
void *page_buffer_alloc(size_t n_bytes);

/**
 * page_buffer_free() - drop the buffer's references of its pages
 * @buffer: from page_buffer_alloc(), or NULL (no effect)
 *
 * A page with another reference stays live until page_free() (R12).
 *
 * Aborts with use-after-free when the buffer is freed already, with foreign-map when no
 * buffer begins at @buffer.
 */
void page_buffer_free(void *buffer);

/**
 * page_buffer_size() - the size that was passed to page_buffer_alloc()
 * @buffer: from page_buffer_alloc()
 *
 * Aborts as page_buffer_free().
 */
size_t page_buffer_size(const void *buffer);

/**
 * page_borrow() - the page that contains a byte of a buffer
 * @addr: any address
 *
 * The buffer owns the page: the borrower does not free it. It may use the page as long as
 * the buffer is live, or after a page_get() until its own page_free() (R12). The page may
 * be mapped, and then has two addresses.
 *
 * Source: `BorrowPage`, vmalloc_to_page(). Aborts with use-after-free when the page is
 * freed.
 * Return: the page; NULL when @addr is in no buffer.
 */
struct page *page_borrow(const void *addr);

/**
 * page_buffer_next() - the pages of a buffer, one after the other
 * @buffer: from page_buffer_alloc()
 * @page: NULL for the first page, else what the last call returned
 *
 * Source: `VmallocPageIter`. Aborts as page_buffer_free().
 * Return: the next page, borrowed; NULL after the last.
 */
struct page *page_buffer_next(const void *buffer, const struct page *page);

/*
 * ---- tasks ----
 *
 * A task owns mappings, and has a count for fail_nth. A program whose threads are pthreads
 * needs none of these calls: each thread has a task of its own.
 *
 * A program that runs several threads of its own on one pthread creates a task for each.
 * Its scheduler calls page_task_switch_out() for the task that stops and
 * page_task_switch_in() for the one that continues, on any pthread; or it installs a hook
 * that returns the current task. A task runs on one pthread at a time; the scheduler must
 * order its moves from one pthread to another.
 */

/**
 * page_task_new() - a task without mappings
 * @name: for reports; cut to PAGE_TASK_NAME - 1 bytes
 *
 * Return: the task, owned by the caller, released by page_task_delete(); NULL when there
 * is no memory.
 */
struct page_task *page_task_new(const char *name);

/**
 * page_task_delete() - end a task
 * @task: not running on another pthread; or NULL (no effect)
 *
 * Ends all of its mappings, newest first: that breaks no rule. The same happens to the
 * task of a pthread when the pthread ends.
 *
 * Return: the number of these mappings; not 0 means that the caller leaked some.
 */
unsigned int page_task_delete(struct page_task *task);

/** page_task_name() - the name for reports, valid until the task is deleted. */
const char *page_task_name(const struct page_task *task);

/** page_task_depth() - the number of mappings that a task has now. */
unsigned int page_task_depth(const struct page_task *task);

/**
 * page_task_current() - the task of the caller
 *
 * This is the task that the hook returns; else the task that page_task_switch_in() was
 * called with last on this pthread; else the pthread's own task, named "thread TID".
 * Return: never NULL.
 */
struct page_task *page_task_current(void);

/** page_task_current_fn - returns the current task, or NULL if it knows none. */
typedef struct page_task *(*page_task_current_fn)(void);

/**
 * page_task_hook_set() - let the program determine the current task
 * @hook: called in every call that maps or may map, from any thread; must be quick and
 *        must not call this library. NULL: removes the hook
 */
void page_task_hook_set(page_task_current_fn hook);

/**
 * page_task_switch_out() - a task stops running on this pthread
 * @task: a task; NULL: the pthread's own
 *
 * With the alias backend its mappings are hidden: touching them is an error until it
 * is switched in again. With direct nothing is hidden. The cost is proportional to the
 * number of mappings that the task has.
 */
void page_task_switch_out(struct page_task *task);

/**
 * page_task_switch_in() - a task continues on this pthread
 * @task: a task that is not running; NULL: the pthread's own
 *
 * It has its mappings again, except those of pages that were freed in the meantime. It is
 * the current task from here on.
 */
void page_task_switch_in(struct page_task *task);

/*
 * ---- faults ----
 *
 * Two points can be made to fail (R11): an allocation, by page_alloc() or
 * page_buffer_alloc(), unless __GFP_NOFAIL; and page_copy_from_user_slice() that has
 * passed its checks of bounds and length. A copy of 0 bytes uses up a failure too, but
 * returns 0.
 *
 * As in the kernel, fail_nth alone decides while it counts; else the attributes decide, in
 * the order of the struct's comment. The fields that exempt calls do so before anything is
 * counted.
 */

/**
 * page_fail_nth() - make the n-th point from now on fail, once, in the current task
 * @n: from 1; 0: none
 *
 * This reaches all error paths of an operation: n = 1, 2, 3 and so on, until it succeeds
 * and page_fail_nth(0) does not return 0.
 *
 * Source: /proc/self/fail-nth.
 * Return: the rest of the number before this call: 0 after a failure, or if it was not
 * set.
 */
unsigned int page_fail_nth(unsigned int n);

enum page_fault_point { PAGE_FAULT_ALLOC, PAGE_FAULT_USERCOPY, PAGE_FAULT_POINTS };

/*
 * A point fails if, in this order: probability is not 0; task_filter lets the task
 * through; times is not 0; space is used up; the interval is complete; a random number is
 * below probability.
 */
struct page_fault_attr {
	unsigned int probability; /* percent, 0 .. 100; 0: off */
	unsigned int interval;	  /* only every interval-th call; 0 and 1: every call */
	int times;		  /* failures left; -1: no limit */
	unsigned int space;	  /* pages (copies, for user memory) that succeed first */
	unsigned int min_order;	  /* exempt: allocations of a smaller order */
	bool task_filter;	  /* only tasks of page_task_make_it_fail(true) */
	gfp_t ignore_gfp;	  /* exempt: allocations with any of these bits */
	unsigned long long seed;  /* of the random numbers */
};

/* Off; the other values are the kernel's defaults: each call, one failure. */
#define PAGE_FAULT_ATTR_INIT { 0, 1, 1, 0, 0, false, 0, 0 }

/**
 * page_fault_attr_set() - inject failures at a point, in all tasks
 * @point: the failure point
 * @attr: copied
 *
 * Source: fail_page_alloc, fail_usercopy.
 * Return: 0; -EINVAL on an unknown point, a probability above 100, times below -1.
 */
int page_fault_attr_set(enum page_fault_point point, const struct page_fault_attr *attr);

/**
 * page_fault_attr_get() - the current attributes of a point
 * @point: the failure point
 * @attr: the result: times and space count down, seed is that of the next random number
 *
 * Return: 0; -EINVAL on an unknown point.
 */
int page_fault_attr_get(enum page_fault_point point, struct page_fault_attr *attr);

/**
 * page_task_make_it_fail() - let the task filter pass failures to the current task
 * @on: true: failures are injected; false, as for a new task: they are not
 *
 * Source: /proc/self/make-it-fail. Return: the earlier value.
 */
bool page_task_make_it_fail(bool on);

#ifdef __cplusplus
}
#endif

#endif
