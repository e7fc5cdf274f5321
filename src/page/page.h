/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libpage: pages of memory with the interface rules of the kernel's Rust `Page`.
 *
 * This header is the whole public interface. The comment of each function names the
 * rules that the function keeps (doc/rules.md explains them):
 *
 *   R1 bounds        a range is good if off <= PAGE_SIZE && len <= PAGE_SIZE &&
 *                    off + len <= PAGE_SIZE
 *   R2 bytes         a call accesses exactly the bytes [off, off + len) of its page
 *   R3 data races    two threads may access a page at the same time if both read, both
 *                    are atomic, or their bytes are disjoint; otherwise one access must
 *                    happen before the other
 *   R4 aliases       two mappings of a page show the same memory
 *   R5 mappings      the address of a mapping is valid for PAGE_SIZE bytes, and for the task
 *                    that mapped the page, until the task unmaps the page
 *   R6 order         a task unmaps its newest mapping first, and has at most 16 mappings
 *   R7 fresh memory  a new page is uninitialised unless __GFP_ZERO is set, and never shows
 *                    the bytes of an earlier owner
 *   R8 lifetime      the last page_free() frees the page; what each owner does before its
 *                    own page_free() happens before the last page_free()
 *   R9 user memory   other threads may change and unmap user memory at any time; the
 *                    library reads each byte once, without a data race and without a crash
 *   R10 bytewise     a bytewise call accesses the caller's buffer atomically, one byte at
 *                    a time, and the page plainly
 *   R11 failure      a call returns an error if an allocation fails; tests can inject
 *                    failures
 *   R12 borrowed     the borrower of a page of a buffer never frees the page
 *
 * Return values: a call that returns int returns 0 or a negative errno value. An allocation that
 * fails returns NULL and sets errno. A predicate returns a bool.
 *
 * Context: any thread may call any function at any time, unless the function's comment says
 * otherwise. A call does not sleep, does not allocate memory, and takes no lock that orders two
 * callers (R3). A child of fork() may use the library, also if other threads of its parent were
 * in a call. In the child, these threads' own tasks do not exist.
 *
 * If misuse has no error value (for example, the use of a freed page), the library prints a report
 * on standard error and calls abort(). The report begins with "BUG: page: RULE: " and names
 * the page, the tasks and the call sites. RULE is use-after-free,
 * use-after-unmap, foreign-map, unmap-order, map-overflow (the rule names of page programs)
 * or borrowed-free. Four more values of RULE name no rule: map-failed, environment, system and
 * too-many-references.
 * The library reports all misuse that it can detect.
 *
 * This library is stricter than the kernel:
 *   - invalid flags are the error EINVAL; page_copy() returns -EINVAL;
 *   - an unmap in the wrong order aborts, but the kernel prints a warning once and continues;
 *   - 16 mappings are the maximum in every configuration, in the kernel only with DEBUG_KMAP_LOCAL;
 *   - a copy from user memory copies all bytes before a fault (R9), but the kernel's uaccess.h
 *     also allows fewer bytes.
 *
 * `Aborts with` in a comment lists the reports of a call. If several reports apply, the call
 * prints the first one of the list. `Source` names the corresponding item of the kernel.
 */
#ifndef LIBPAGE_PAGE_H
#define LIBPAGE_PAGE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PAGE_SHIFT 12

/* The maximum number of mappings that a task has at the same time (R6). */
#define PAGE_TASK_MAPPINGS 16

/* The maximum length of a task's name, with its terminating null byte. */
#define PAGE_TASK_NAME 24

/* If the C library defines PAGE_SIZE and PAGE_MASK, both must have the values below. */
#ifndef PAGE_SIZE
#define PAGE_SIZE ((size_t)1 << PAGE_SHIFT)
#endif
#ifndef PAGE_MASK
#define PAGE_MASK (~(PAGE_SIZE - 1))
#endif

/*
 * Allocation flags. A valid set has exactly one of the four contexts (GFP_KERNEL, GFP_ATOMIC,
 * GFP_NOWAIT, GFP_NOIO) and any of the modifiers. In the kernel, the context says how the
 * allocator may wait for memory. This allocator never waits, so all contexts have the same
 * effect.
 */
typedef unsigned int gfp_t;

#define GFP_KERNEL    ((gfp_t)0x01)
#define GFP_ATOMIC    ((gfp_t)0x02)
#define GFP_NOWAIT    ((gfp_t)0x04)
#define GFP_NOIO      ((gfp_t)0x08)
#define __GFP_ZERO    ((gfp_t)0x10) /* the calling thread writes zeros to the whole page */
#define __GFP_HIGHMEM ((gfp_t)0x20) /* no effect: each page has an address */
#define __GFP_NOFAIL  ((gfp_t)0x40) /* no injected failure; NULL only if all pages are in use */
#define __GFP_NOWARN  ((gfp_t)0x80) /* no effect: a failed allocation prints nothing */

/* A page of PAGE_SIZE bytes, with a reference count. */
struct page;

/* The owner of mappings: see "tasks" below. */
struct page_task;

/**
 * page_align() - round an address or a length up to a multiple of PAGE_SIZE
 * @addr: any value
 * @aligned: receives the result; unchanged if the call returns false
 *
 * Source: the kernel's `page_align`. The kernel's version wraps on overflow; this version
 * returns false.
 * Return: true, or false if the result does not fit in a size_t.
 */
bool page_align(size_t addr, size_t *aligned);

/**
 * page_alloc() - allocate a page with a reference count of 1
 * @gfp: one context and any modifiers
 *
 * The bytes are uninitialised unless __GFP_ZERO is set (R7). The page never shows the bytes
 * of an earlier owner. The library reuses a page frame only after the free of several other
 * frames. In this quarantine, sanitizers can report an access through a stale pointer.
 * An allocation orders no two threads, except the last owner of a frame before the next
 * owner of the same frame (R3).
 *
 * Source: `Page::alloc_page`, alloc_pages().
 * Return: the page; the caller owns a reference, and drops the reference with page_free(). NULL
 * with errno EINVAL if @gfp has an unknown bit, or not exactly one context. (The kernel's
 * AllocError has no error number; the operator `?` converts AllocError to -ENOMEM.) NULL with
 * errno ENOMEM if all pages are in use, or if a failure is injected (R11). Never aborts.
 */
struct page *page_alloc(gfp_t gfp);

/**
 * page_get() - add a reference to a page
 * @page: an allocated page
 *
 * The caller must own a reference, or another owner must keep its reference during the whole
 * call. The call orders no two threads.
 *
 * Source: get_page(). Rule: R8. Aborts with use-after-free if the page is freed, with
 * too-many-references if the page has UINT_MAX references.
 */
void page_get(struct page *page);

/**
 * page_free() - drop a reference; the last reference frees the page
 * @page: an allocated page of which the caller owns a reference, or NULL (no effect)
 *
 * The call decrements the reference count with acquire and release order. So the actions of an
 * owner before its page_free() happen before every later page_free() of the same page (R8). The
 * last page_free() writes to the whole page. After the last page_free(), every use of @page is an
 * error.
 *
 * Source: `Drop for Page`, __free_page(). Aborts with use-after-free if the page is freed,
 * with borrowed-free if the reference belongs to a buffer (R12).
 */
void page_free(struct page *page);

/**
 * page_ref_count() - return the number of references, for tests and reports
 * @page: a page
 *
 * If other threads own references, the value may be out of date. The call orders no two
 * threads.
 * Return: the number of references; at least 1 for an allocated page.
 */
unsigned int page_ref_count(const struct page *page);

/**
 * page_nid() - return the memory node of a page
 * @page: an allocated page
 *
 * Source: `Page::nid`, page_to_nid(). Aborts with use-after-free if the page is freed.
 * Return: 0, because the library has one memory node.
 */
int page_nid(const struct page *page);

/* ---- mapping ---- */

/**
 * page_map_backend_set() - select how pages are mapped
 * @name: "direct": a mapping has the page's own address, at no cost; the library detects
 *        misuse of a page. "alias": each mapping has a separate address between guard pages.
 *        The address is valid only until the unmap, so misuse of an address is detected too,
 *        also in the caller's own loads and stores
 *
 * Call this function before the first page_alloc() or page_buffer_alloc() of the process.
 * Without this call, the environment variable PAGE_MAP selects the backend; the default backend
 * is "direct".
 *
 * With both backends, a child of fork() has its own copy of all pages.
 *
 * Context: no other thread is in a call of this library.
 * Return: 0; -EINVAL if @name is another name; -EBUSY if the process has allocated a page.
 */
int page_map_backend_set(const char *name);

/**
 * page_map_backend() - return the name of the selected backend
 *
 * Return: a string that is never freed.
 */
const char *page_map_backend(void);

/**
 * page_map_revoke_set() - select how the alias backend makes an unmapped address invalid
 * @name: "poison": AddressSanitizer reports an access; "protect": an access raises SIGSEGV;
 *        "none": an access is not detected, but the library does not reuse the address soon
 *
 * Call this function before the first page_alloc() or page_buffer_alloc() of the process. Without
 * this call, the environment variable PAGE_MAP_REVOKE selects the method. The default method is
 * "poison" with AddressSanitizer and "protect" otherwise. With addresses of 32 bits, only
 * "protect" is available.
 *
 * Context: no other thread is in a call of this library.
 * Return: 0; -EINVAL if @name is another name or is not available; -EBUSY if the process has
 * allocated a page.
 */
int page_map_revoke_set(const char *name);

/**
 * page_map_local() - map a page for the current task
 * @page: an allocated page
 *
 * The address is valid for PAGE_SIZE bytes and for the current task, until the task calls
 * page_unmap_local(). R3 applies to the caller's accesses through the address. A page can have
 * several mappings, in one task or in several tasks.
 *
 * Source: kmap_local_page(). Rules: R4, R5, R6. Aborts with use-after-free if the page is
 * freed, with map-overflow if the task has PAGE_TASK_MAPPINGS mappings. With the alias backend,
 * aborts with map-failed if the system has no free address.
 * Return: the address of byte 0; never NULL.
 */
void *page_map_local(struct page *page);

/**
 * page_unmap_local() - remove the newest mapping of the current task
 * @addr: any address of a byte of the mapping; the address after the last byte is not valid
 *
 * The page of the mapping may already be freed. With the direct backend, all mappings of a page
 * have one address. So the call checks only that the newest mapping is a mapping of that page.
 *
 * Source: kunmap_local(). Rule: R6. Aborts with
 *   unmap-order      if @addr is in an older mapping of this task;
 *   foreign-map      if @addr is in a mapping of another task;
 *   use-after-unmap  if @addr is in a removed mapping;
 *   foreign-map      if no page was ever mapped at @addr.
 */
void page_unmap_local(const void *addr);

/**
 * page_canonical() - return the address of a byte that is the same for all mappings of the byte
 * @addr: an address inside a current or removed mapping, or a canonical address
 *
 * A race detector identifies memory by its address, and two mappings of a page are the same
 * memory (R4). So a tool reports the canonical address of an access to the detector. The
 * calls of this library access pages at their canonical addresses. Only tools may access
 * memory through the returned address.
 *
 * Return: the canonical address; @addr itself with the direct backend; NULL if no page was
 * ever mapped at @addr.
 */
void *page_canonical(const void *addr);

/** page_mapped_fn - function that gets the address of byte 0 of a mapped page. */
typedef int (*page_mapped_fn)(void *addr, void *ctx);

/**
 * page_with_mapped() - map a page, call @fn, unmap the page
 * @page: an allocated page
 * @fn: called exactly once, on the calling thread; must not keep the address
 * @ctx: passed to @fn
 *
 * Source: `Page::with_page_mapped`. Rules: R5, R6. Aborts like page_map_local(), and with
 * unmap-order if @fn returns without removing a mapping that it made.
 * Return: the return value of @fn.
 */
int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx);

/** page_pointer_fn - function that gets the address of byte `off` of a mapped page. */
typedef int (*page_pointer_fn)(void *ptr, void *ctx);

/**
 * page_with_pointer() - check a range, map the page, call @fn with the first byte, unmap
 * @page: an allocated page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 * @fn: called exactly once if the range is good, otherwise not called; may access only the
 *      bytes [ptr, ptr + @len)
 * @ctx: passed to @fn
 *
 * The range with @off == PAGE_SIZE and @len == 0 is good; @fn gets the address after the last
 * byte.
 *
 * Source: `Page::with_pointer_into_page`. Rules: R1, R3, R5, R6. Aborts like
 * page_with_mapped().
 * Return: the return value of @fn; -EINVAL if the range is not good. If the range is not good,
 * the call does not access @page, so the page may be freed.
 */
int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx);

/*
 * ---- raw calls ----
 *
 * A raw call maps its page while the call runs (R6); page_copy() maps two pages. A raw call first
 * checks the range. If the range is not good, the call returns -EINVAL and accesses nothing. A
 * raw call then checks the page, also if the length is 0. The call aborts with use-after-free if
 * the page is freed, with map-overflow if the task has no free mapping.
 */

/**
 * page_read_raw() - copy bytes from a page
 * @page: an allocated page
 * @dst: at least @len bytes outside of the page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The range may contain uninitialised bytes, but the caller must not use the values of
 * uninitialised bytes (R7).
 *
 * Source: `Page::read_raw`. Rules: R1, R2, R3 (a plain read of the range).
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing.
 */
int page_read_raw(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_raw() - copy bytes to a page
 * @page: an allocated page
 * @src: at least @len bytes outside of the page; the call reads each byte once
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::write_raw`. Rules: R1, R2, R3 (a plain write of the range).
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing.
 */
int page_write_raw(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_fill_zero() - write zeros to a page
 * @page: an allocated page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::fill_zero_raw`. Rules: R1, R2, R3 (a plain write of the range).
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing.
 */
int page_fill_zero(struct page *page, size_t off, size_t len);

/**
 * page_read_bytewise_atomic() - copy bytes from a page with atomic writes to the buffer
 * @page: an allocated page
 * @dst: at least @len bytes outside of the page; other threads may access these bytes atomically
 *       at the same time
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The call writes @dst with relaxed atomic stores of one byte each, and reads the page plainly.
 * The call needs PAGE_SIZE bytes of stack.
 *
 * Source: `Page::read_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing.
 */
int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_bytewise_atomic() - copy bytes to a page with atomic reads of the buffer
 * @page: an allocated page
 * @src: at least @len bytes outside of the page; the call reads each byte once
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The call reads @src with relaxed atomic loads of one byte each, and writes the page plainly.
 * The call needs PAGE_SIZE bytes of stack.
 *
 * Source: `Page::write_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing.
 */
int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_copy() - copy bytes from page to page
 * @dst: an allocated page, the destination
 * @dst_off: first byte of the destination, 0 to PAGE_SIZE
 * @src: an allocated page, the source; may be the same page as @dst
 * @src_off: first byte of the source, 0 to PAGE_SIZE
 * @len: number of bytes, from 0 to PAGE_SIZE minus the greater offset
 *
 * The copy of an uninitialised byte is uninitialised (R7). The call maps both pages, the
 * destination first.
 *
 * Source: memcpy_page(). Rules: R1, R2, R3 (a plain read and a plain write).
 * Return: 0; -EINVAL if a range is not good, or if the ranges overlap in one page: the call
 * accesses nothing. The kernel's memcpy_page() checks no range.
 */
int page_copy(struct page *dst, size_t dst_off, struct page *src, size_t src_off, size_t len);

/*
 * ---- user memory ----
 *
 * User memory is memory of this process that other threads may write and unmap at any time
 * (R9). A fault is an attempt to access a byte that is not accessible at that moment.
 *
 * The library accesses user memory with system calls: process_vm_readv() and process_vm_writev()
 * on its own process. The system may forbid these system calls, for example by the seccomp filter
 * of a container. The library then prints a report and ends the process: a forbidden system call
 * is not a fault.
 */

/* A range of user memory, which may be inaccessible. */
struct user_slice {
	const void *ptr;
	size_t len;
};

/* A position in a user slice, for one thread at a time. Copies of a reader read the same bytes. */
struct user_slice_reader {
	const void *at;
	size_t left;
};

/**
 * user_slice_new() - describe a range of user memory
 * @ptr: any address
 * @len: number of bytes
 *
 * The call accesses no byte of the range. Source: `UserSlice::new`.
 * Return: the slice, by value.
 */
struct user_slice user_slice_new(const void *ptr, size_t len);

/**
 * user_slice_reader_init() - set a reader to the first byte of a slice
 * @reader: memory of the caller; needs no destroy function
 * @slice: copied
 *
 * Source: `UserSlice::reader`.
 */
void user_slice_reader_init(struct user_slice_reader *reader, struct user_slice slice);

/**
 * user_slice_left() - return the number of bytes from the reader's position to the end
 * @reader: a reader
 *
 * The bytes may be unreadable. Source: `UserSliceReader::len`.
 */
size_t user_slice_left(const struct user_slice_reader *reader);

/**
 * user_slice_skip() - advance a reader without reading
 * @reader: advances by @len bytes if the call returns 0
 * @len: number of bytes
 *
 * Source: `UserSliceReader::skip`. Rule: R9.
 * Return: 0; -EFAULT if fewer than @len bytes remain: the reader does not advance.
 */
int user_slice_skip(struct user_slice_reader *reader, size_t len);

/**
 * user_slice_read() - copy user memory to memory of the caller
 * @reader: advances by @len bytes if the call returns 0
 * @dst: at least @len bytes
 * @len: number of bytes
 *
 * The call is no failure point (R11). Source: `UserSliceReader::read_raw`. Rule: R9.
 * Return:
 *   0        all bytes are copied;
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing;
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the other bytes are zero.
 */
int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len);

/* A position in a user slice, for one thread at a time. Copies of a writer write the same bytes. */
struct user_slice_writer {
	void *at;
	size_t left;
};

/**
 * user_slice_writer_init() - set a writer to the first byte of a slice
 * @writer: memory of the caller; needs no destroy function
 * @slice: copied
 *
 * Source: `UserSlice::writer`.
 */
void user_slice_writer_init(struct user_slice_writer *writer, struct user_slice slice);

/**
 * user_slice_writer_left() - return the number of bytes from the writer's position to the end
 * @writer: a writer
 *
 * The bytes may be read-only or unmapped. Source: `UserSliceWriter::len`.
 */
size_t user_slice_writer_left(const struct user_slice_writer *writer);

/**
 * user_slice_write() - copy memory of the caller to user memory
 * @writer: advances by @len bytes if the call returns 0
 * @src: at least @len bytes, initialised
 * @len: number of bytes
 *
 * The call is no failure point (R11). Source: `UserSliceWriter::write_slice`. Rule: R9.
 * Return:
 *   0        all bytes are copied;
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing;
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the others keep their values.
 */
int user_slice_write(struct user_slice_writer *writer, const void *src, size_t len);

/**
 * page_copy_from_user_slice() - copy user memory to a page
 * @page: an allocated page
 * @reader: advances by @len bytes if the call returns 0
 * @off: first byte in the page, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::copy_from_user_slice_raw`. Rules: R1, R2, R3 (a plain write of the whole
 * range if the call accesses any byte of it), R9, R11.
 * Return: the first of these that applies:
 *   -EINVAL  the range is not good: the call accesses nothing;
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing;
 *   0        @len is 0: the call accesses nothing, but uses up an injected failure (R11);
 *   -EFAULT  a failure is injected: the whole range is zero;
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the other bytes are zero;
 *   0        all bytes are copied.
 */
int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off, size_t len);

/*
 * ---- buffers of several pages ----
 */

/**
 * page_buffer_alloc() - allocate contiguous pages
 * @n_bytes: at least 1; need not be a multiple of PAGE_SIZE
 *
 * The bytes are uninitialised (R7). The buffer owns one reference of each of its pages. The
 * caller may use all bytes of the last page. The call is a failure point like an allocation
 * with GFP_KERNEL of 2^order pages, for the smallest order that holds @n_bytes (R11).
 *
 * Source: `VVec`, vmalloc().
 * Return: the address, a multiple of PAGE_SIZE; the caller owns the buffer and releases the buffer
 * with page_buffer_free(). NULL with errno EINVAL if @n_bytes is 0. NULL with errno ENOMEM if there
 * are not enough contiguous free pages, or if a failure is injected.
 */
void *page_buffer_alloc(size_t n_bytes);

/**
 * page_buffer_free() - drop the buffer's references of its pages
 * @buffer: from page_buffer_alloc(), or NULL (no effect)
 *
 * A page with another reference stays allocated until that reference is dropped (R12).
 *
 * Aborts with use-after-free if the buffer is freed, with foreign-map if no buffer begins at
 * @buffer.
 */
void page_buffer_free(void *buffer);

/**
 * page_buffer_size() - return the size that the caller of page_buffer_alloc() requested
 * @buffer: from page_buffer_alloc()
 *
 * Aborts like page_buffer_free().
 */
size_t page_buffer_size(const void *buffer);

/**
 * page_borrow() - return the page that contains a byte of a buffer
 * @addr: any address
 *
 * The buffer keeps its reference of the page, and the borrower must not drop it. The borrower
 * may use the page until the buffer is freed. A borrower that calls page_get() may use the page
 * until the matching page_free() (R12). The borrower may map the page; the page then has two
 * addresses: in the buffer and in the mapping.
 *
 * Source: `BorrowPage`, vmalloc_to_page(). Aborts with use-after-free if the page is freed.
 * Return: the page; NULL if @addr is in no buffer.
 */
struct page *page_borrow(const void *addr);

/**
 * page_buffer_next() - iterate over the pages of a buffer
 * @buffer: from page_buffer_alloc()
 * @page: NULL for the first page, otherwise the result of the previous call
 *
 * Source: `VmallocPageIter`. Aborts like page_buffer_free().
 * Return: the next page, borrowed; NULL after the last page.
 */
struct page *page_buffer_next(const void *buffer, const struct page *page);

/*
 * ---- tasks ----
 *
 * A task owns mappings, and page_fail_nth() counts the calls of one task. A program whose
 * threads are pthreads does not need the functions of this section: each pthread has its own task.
 *
 * A program that runs several threads of its own (fibers) on one pthread creates a task for each
 * fiber. The scheduler of the program calls page_task_switch_out() for the task that stops and
 * page_task_switch_in() for the task that continues. Instead, a program that can identify the
 * running task can install a hook with page_task_hook_set(). A task runs on one pthread at a time.
 * If a task moves to another pthread, the scheduler must synchronise the two pthreads.
 */

/**
 * page_task_new() - create a task without mappings
 * @name: for reports; the library keeps the first PAGE_TASK_NAME - 1 bytes
 *
 * Return: the task; the caller owns the task and releases the task with page_task_delete(). NULL
 * if the system has no memory for a new task.
 */
struct page_task *page_task_new(const char *name);

/**
 * page_task_delete() - remove a task and its mappings
 * @task: a task that runs on no other pthread, or NULL (no effect)
 *
 * The library removes the newest mapping first, which breaks no rule. When a pthread ends, the
 * library removes the pthread's own task and its mappings in the same way.
 *
 * Return: the number of removed mappings; more than 0 is a leak of the caller.
 */
unsigned int page_task_delete(struct page_task *task);

/** page_task_name() - return the name for reports, which is valid until the task is deleted. */
const char *page_task_name(const struct page_task *task);

/** page_task_depth() - return the number of mappings that a task has now. */
unsigned int page_task_depth(const struct page_task *task);

/**
 * page_task_current() - return the task of the caller
 *
 * Return: the first of these that exists: the task that the hook returns; the task of the last
 * page_task_switch_in() on this pthread; the pthread's own task, which has the name
 * "thread TID". Never NULL.
 */
struct page_task *page_task_current(void);

/** page_task_current_fn - hook that returns the running task, or NULL if the hook knows no task. */
typedef struct page_task *(*page_task_current_fn)(void);

/**
 * page_task_hook_set() - install a hook that returns the current task
 * @hook: the library calls @hook from any thread, in every call that may map a page. @hook must
 *        be fast and must not call this library. NULL removes the hook
 */
void page_task_hook_set(page_task_current_fn hook);

/**
 * page_task_switch_out() - stop a task on this pthread
 * @task: a task; NULL: the pthread's own task
 *
 * With the alias backend, the mappings of the task are invalid until page_task_switch_in(). With
 * the direct backend, the mappings remain valid. The run time of page_task_switch_out() is
 * proportional to the number of mappings of the task.
 */
void page_task_switch_out(struct page_task *task);

/**
 * page_task_switch_in() - continue a task on this pthread
 * @task: a task that does not run; NULL: the pthread's own task
 *
 * The task becomes the current task. The mappings of the task become valid again, except
 * mappings of pages that were freed in the meantime.
 */
void page_task_switch_in(struct page_task *task);

/*
 * ---- injected failures ----
 *
 * Tests can make two kinds of failure points fail (R11): an allocation by page_alloc() or
 * page_buffer_alloc() without __GFP_NOFAIL, and a page_copy_from_user_slice() with good bounds
 * and length. A copy of 0 bytes is a failure point too: the copy uses up the failure and returns 0.
 *
 * As in the kernel, while the count of page_fail_nth() is not 0, only this count decides which
 * call fails. While the count is 0, the attributes (struct page_fault_attr) decide. A call that
 * the attributes min_order or ignore_gfp exempt is not counted at all.
 */

/**
 * page_fail_nth() - make the n-th next failure point of the current task fail, once
 * @n: from 1; 0 cancels
 *
 * To test all error paths of an operation, run the operation with n = 1, 2, 3 and so on. Stop
 * when page_fail_nth(0), called after the operation, returns a value other than 0.
 *
 * Source: /proc/self/fail-nth.
 * Return: what remains of the previous count; 0 if the previous count already made a call fail, or
 * if no count was set.
 */
unsigned int page_fail_nth(unsigned int n);

enum page_fault_point { PAGE_FAULT_ALLOC, PAGE_FAULT_USERCOPY, PAGE_FAULT_POINTS };

/*
 * A failure point fails if all conditions below hold. The library tests the conditions in this
 * order: probability is not 0; the task passes task_filter; times is not 0; space is not larger
 * than the number of pages of the call (1 for a copy); interval divides the number of the call;
 * a random number from 0 to 99 is below probability.
 */
struct page_fault_attr {
	unsigned int probability; /* percent, 0 to 100; 0: off */
	unsigned int interval;    /* only each interval-th call can fail; 0 and 1: each call */
	int times;                /* number of failures that remain; -1: no limit */
	unsigned int space;       /* a call of fewer pages (a copy: 1) succeeds, reduces space */
	unsigned int min_order;   /* allocations of a smaller order never fail */
	bool task_filter;         /* only tasks with page_task_make_it_fail(true) can fail */
	gfp_t ignore_gfp;         /* allocations with any of these bits never fail */
	unsigned long long seed;  /* seed of the random number generator */
};

/* probability is 0: injection is off. interval and times are 1, the defaults of the kernel. */
/* clang-format off */
#define PAGE_FAULT_ATTR_INIT { 0, 1, 1, 0, 0, false, 0, 0 }
/* clang-format on */

/**
 * page_fault_attr_set() - set the attributes of a kind of failure point, for all tasks
 * @point: the kind of failure point
 * @attr: copied
 *
 * Source: fail_page_alloc, fail_usercopy.
 * Return: 0; -EINVAL if the kind is unknown, probability is above 100, or times is below -1.
 */
int page_fault_attr_set(enum page_fault_point point, const struct page_fault_attr *attr);

/**
 * page_fault_attr_get() - return the current attributes of a kind of failure point
 * @point: the kind of failure point
 * @attr: receives the attributes: times and space have the values that remain, seed is the current
 *        state of the random number generator
 *
 * Return: 0; -EINVAL if the kind is unknown.
 */
int page_fault_attr_get(enum page_fault_point point, struct page_fault_attr *attr);

/**
 * page_task_make_it_fail() - set whether the current task passes task_filter
 * @on: true: the task passes; a new task does not pass
 *
 * Source: /proc/self/make-it-fail.
 * Return: the previous setting.
 */
bool page_task_make_it_fail(bool on);

#ifdef __cplusplus
}
#endif

#endif
