/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libpage: pages of memory with the contract of the kernel's Rust `Page`.
 *
 * This header is the whole public interface. Every function names the rule of
 * the page contract that it keeps (doc/rules.md lists them):
 *
 *   R1 bounds        off <= PAGE_SIZE && len <= PAGE_SIZE && off + len <= PAGE_SIZE
 *   R2 bytes         exactly [off, off + len) is touched, never a neighbour
 *   R3 data races    two threads may touch a page in parallel if both read or if
 *                    their bytes are disjoint; otherwise one happens before the other
 *   R7 fresh memory  is uninitialised unless __GFP_ZERO; old contents never show
 *   R8 lifetime      the last page_free() frees; what an owner did happens before it
 *
 * Errors are 0 or -errno, NULL from allocation. A predicate is a bool.
 *
 * Context: unless a function says otherwise it may be called from any thread at
 * any time, does not sleep, does not allocate and takes no lock that orders two
 * callers (R3).
 *
 * Misuse that has no error value (a dead page, a foreign address) ends in a
 * report on standard error and abort(): a line that begins with
 * "BUG: page: RULE: " where RULE is a rule name of the program format
 * (use-after-free, ...). It is never silent where the library can see it.
 */
#ifndef LIBPAGE_PAGE_H
#define LIBPAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_SHIFT 12

/* The C library may have claimed this name; it must then mean the same. */
#ifndef PAGE_SIZE
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif

/*
 * Allocation flags. A valid set has exactly one of the four contexts and any of
 * the modifiers. The contexts say how an allocator may try to find memory; this
 * one never waits for memory, so they differ in nothing but name.
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
 * The bytes are uninitialised unless __GFP_ZERO (R7); what an earlier owner left
 * never shows. A frame is handed out again only after a quarantine, so that a
 * stale pointer stays visible to the sanitizers. Allocation orders no two
 * threads, but for the hand-over of one frame from its last owner (R3).
 *
 * Source: `Page::alloc_page`, alloc_pages().
 * Return: the page, owned by the caller, released by page_free(); NULL with errno
 * EINVAL when @gfp has an unknown bit or not exactly one context, with ENOMEM when
 * the arena is exhausted. Never aborts.
 */
struct page *page_alloc(gfp_t gfp);

/**
 * page_get() - take one more reference
 * @page: a live page
 *
 * Orders nothing. The caller must hold a reference already, or know that another
 * owner holds one for the duration of the call.
 *
 * Source: get_page(). Rule: R8. Aborts with use-after-free on a dead page.
 */
void page_get(struct page *page);

/**
 * page_free() - drop one reference; the last one frees the page
 * @page: a live page of which the caller owns a reference, or NULL (no effect)
 *
 * Drops with release and acquire order: all that an owner did before its
 * page_free() happens before every later page_free() of the page (R8). The last
 * free writes the whole page; after it every use of @page is an error.
 *
 * Source: `Drop for Page`, __free_page(). Aborts with use-after-free on a dead page.
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

/**
 * page_map_local() - map a page for the calling thread
 * @page: a live page
 *
 * The address is valid for PAGE_SIZE bytes, for this thread, until
 * page_unmap_local(). Accesses through it are the caller's own: R3 holds for them.
 *
 * Source: kmap_local_page(). Aborts with use-after-free on a dead page.
 * Return: the address of byte 0; never NULL.
 */
void *page_map_local(struct page *page);

/**
 * page_unmap_local() - end a mapping of the calling thread
 * @addr: any address inside the mapped page (one past its end names the next page)
 *
 * The page may have died in the meantime.
 *
 * Source: kunmap_local(). Aborts with foreign-map on an address that no page has.
 */
void page_unmap_local(const void *addr);

/** page_mapped_fn - called with the address of byte 0 of a mapped page. */
typedef int (*page_mapped_fn)(void *addr, void *ctx);

/**
 * page_with_mapped() - map a page, call @fn, unmap it
 * @page: a live page
 * @fn: called exactly once, on the calling thread; must not keep the address
 * @ctx: handed to @fn
 *
 * Source: `Page::with_page_mapped`. Aborts with use-after-free on a dead page.
 * Return: what @fn returned.
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
 * @ctx: handed to @fn
 *
 * off == PAGE_SIZE with len == 0 is good: a one-past-the-end pointer.
 *
 * Source: `Page::with_pointer_into_page`. Rules: R1, R3.
 * Return: what @fn returned; -EINVAL when the range is bad: the page is then not
 * looked at, not even when it is dead.
 */
int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx);

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

#ifdef __cplusplus
}
#endif

#endif
