/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * libpage: pages of memory with the interface rules of the kernel's Rust `Page`.
 *
 * This header is the whole public interface. The comment of each function names the
 * rules that the function keeps (doc/rules.md explains them):
 *
 *   R1 bounds        a range is good if off <= PAGE_SIZE && len <= PAGE_SIZE &&
 *                    off + len <= PAGE_SIZE [P1]
 *   R2 bytes         a call accesses exactly the bytes [off, off + len) of its page [P2]
 *   R3 data races    two threads may access a page at the same time if both read, both
 *                    are atomic, or their bytes are disjoint; otherwise one access must
 *                    happen before the other [P3]
 *   R4 aliases       two mappings of a page show the same memory [P4]
 *   R5 mappings      the address of a mapping is valid for PAGE_SIZE bytes, and for the task
 *                    that mapped the page, until the task unmaps the page [P5]
 *   R6 order         a task unmaps its newest mapping first, and has at most 16 mappings [P6]
 *   R7 fresh memory  a new page is uninitialised unless __GFP_ZERO is set, and never shows
 *                    the bytes of an earlier owner [P7]
 *   R8 lifetime      the last page_free() frees the page; [P8] what each owner does before its
 *                    own page_free() happens before the last page_free() [P9]
 *   R9 user memory   other threads may change and unmap user memory at any time; the
 *                    library reads each byte once, without a data race and without a crash [P10]
 *   R10 bytewise     a bytewise call accesses the caller's buffer atomically, one byte at
 *                    a time, and the page plainly [P11]
 *   R11 failure      a call returns an error if an allocation fails; tests can inject
 *                    failures [P12]
 *   R12 borrowed     the borrower of a page of a buffer never frees the page [P13]
 *
 * A mark such as [P17] is the number of the promise before it. A test cites the number, and a
 * seeded bug breaks the promise (doc/promises.md). A new promise gets the next number, and no
 * number is reused.
 *
 * Return values: a call that returns int returns 0 or a negative errno value. [P14] An allocation
 * that fails returns NULL and sets errno. [P15] A predicate returns a bool.
 *
 * Context: any thread may call any function at any time, unless the function's comment says
 * otherwise. [P16] A call does not sleep, does not allocate memory, [P17] and takes no lock that
 * orders two callers (R3). [P18] A child of fork() may use the library, also if other threads of
 * its parent were in a call. [P19] In the child, these threads' own tasks do not exist. [P20]
 *
 * If misuse has no error value (for example, the use of a freed page), the library prints a report
 * on standard error and calls abort(). [P21] The report begins with "BUG: page: RULE: " and names
 * the page, the tasks and the call sites. [P22] RULE is use-after-free,
 * use-after-unmap, foreign-map, unmap-order, map-overflow (the rule names of page programs)
 * or borrowed-free. Four more values of RULE name no rule: map-failed, environment, system and
 * too-many-references.
 * The library reports all misuse that it can detect.
 *
 * This library is stricter than the kernel:
 *   - invalid flags are the error EINVAL; [P24] page_copy() returns -EINVAL; [P25]
 *   - an unmap in the wrong order aborts, [P26] but the kernel prints a warning once and continues;
 *   - 16 mappings are the maximum in every configuration, [P27] in the kernel only with
 *     DEBUG_KMAP_LOCAL;
 *   - a copy from user memory copies all bytes before a fault (R9), [P28] but the kernel's
 *     uaccess.h also allows fewer bytes.
 *
 * `Aborts with` in a comment lists the reports of a call. If several reports apply, the call
 * prints the first one of the list. [P29] `Source` names the corresponding item of the kernel.
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

/* The maximum length of a task's name, with its terminating null byte. [P30] */
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
 * GFP_NOWAIT, GFP_NOIO) and any of the modifiers. [P32] In the kernel, the context says how the
 * allocator may wait for memory. This allocator never waits, so all contexts have the same
 * effect. [P33]
 */
typedef unsigned int gfp_t;

#define GFP_KERNEL    ((gfp_t)0x01)
#define GFP_ATOMIC    ((gfp_t)0x02)
#define GFP_NOWAIT    ((gfp_t)0x04)
#define GFP_NOIO      ((gfp_t)0x08)
#define __GFP_ZERO    ((gfp_t)0x10) /* the calling thread writes zeros to the whole page [P34] */
#define __GFP_HIGHMEM ((gfp_t)0x20) /* no effect: each page has an address [P35] */
#define __GFP_NOFAIL  ((gfp_t)0x40) /* no injected failure; NULL if all pages are in use [P36] */
#define __GFP_NOWARN  ((gfp_t)0x80) /* no effect: a failed allocation prints nothing [P37] */

/* A page of PAGE_SIZE bytes, with a reference count. */
struct page;

/* The owner of mappings: see "tasks" below. */
struct page_task;

/**
 * page_align() - round an address or a length up to a multiple of PAGE_SIZE [P38]
 * @addr: any value
 * @aligned: receives the result; unchanged if the call returns false [P39]
 *
 * Source: the kernel's `page_align`. The kernel's version wraps on overflow; this version
 * returns false.
 * Return: true, or false if the result does not fit in a size_t. [P40]
 */
bool page_align(size_t addr, size_t *aligned);

/**
 * page_alloc() - allocate a page with a reference count of 1 [P41]
 * @gfp: one context and any modifiers
 *
 * The bytes are uninitialised unless __GFP_ZERO is set (R7). [P42] The page never shows the bytes
 * of an earlier owner. [P43] The library reuses a page frame only after the free of several other
 * frames. [P44] In this quarantine, sanitizers can report an access through a stale pointer. [P45]
 * An allocation orders no two threads, except the last owner of a frame before the next
 * owner of the same frame (R3). [P46]
 *
 * Source: `Page::alloc_page`, alloc_pages().
 * Return: the page; the caller owns a reference, and drops the reference with page_free(). [P47]
 * NULL with errno EINVAL if @gfp has an unknown bit, or not exactly one context. [P48] (The
 * kernel's AllocError has no error number; the operator `?` converts AllocError to -ENOMEM.) NULL
 * with errno ENOMEM if all pages are in use, [P49] or if a failure is injected (R11). [P50] Never
 * aborts. [P51]
 */
struct page *page_alloc(gfp_t gfp);

/**
 * page_get() - add a reference to a page [P52]
 * @page: an allocated page
 *
 * The caller must own a reference, or another owner must keep its reference during the whole
 * call. The call orders no two threads. [P53]
 *
 * Source: get_page(). Rule: R8. Aborts with use-after-free if the page is freed, [P54] with
 * too-many-references if the page has UINT_MAX references. [P55]
 */
void page_get(struct page *page);

/**
 * page_free() - drop a reference; the last reference frees the page [P56]
 * @page: an allocated page of which the caller owns a reference, or NULL (no effect) [P57]
 *
 * The call decrements the reference count with acquire and release order. So the actions of an
 * owner before its page_free() happen before every later page_free() of the same page (R8). [P58]
 * The last page_free() writes to the whole page. [P59] After the last page_free(), every use of
 * @page is an error. [P60]
 *
 * Source: `Drop for Page`, __free_page(). Aborts with use-after-free if the page is freed, [P61]
 * with borrowed-free if the reference belongs to a buffer (R12). [P62]
 */
void page_free(struct page *page);

/**
 * page_ref_count() - return the number of references, for tests and reports
 * @page: a page
 *
 * If other threads own references, the value may be out of date. The call orders no two
 * threads. [P63]
 * Return: the number of references; [P64] at least 1 for an allocated page. [P65]
 */
unsigned int page_ref_count(const struct page *page);

/**
 * page_nid() - return the memory node of a page
 * @page: an allocated page
 *
 * Source: `Page::nid`, page_to_nid(). Aborts with use-after-free if the page is freed. [P66]
 * Return: 0, because the library has one memory node. [P67]
 */
int page_nid(const struct page *page);

/* ---- mapping ---- */

/**
 * page_map_backend_set() - select how pages are mapped
 * @name: "direct": a mapping has the page's own address, [P68] at no cost; the library detects
 *        misuse of a page. [P69] "alias": each mapping has a separate address between guard
 *        pages. [P70] The address is valid only until the unmap, [P71] so misuse of an address is
 *        detected too, also in the caller's own loads and stores [P72]
 *
 * Call this function before the first page_alloc() or page_buffer_alloc() of the process.
 * Without this call, the environment variable PAGE_MAP selects the backend; [P73] the default
 * backend is "direct". [P74]
 *
 * With both backends, a child of fork() has its own copy of all pages. [P75]
 *
 * Context: no other thread is in a call of this library.
 * Return: 0; [P76] -EINVAL if @name is another name; [P77] -EBUSY if the process has allocated a
 * page. [P78]
 */
int page_map_backend_set(const char *name);

/**
 * page_map_backend() - return the name of the selected backend
 *
 * Return: a string that is never freed. [P79]
 */
const char *page_map_backend(void);

/**
 * page_map_revoke_set() - select how the alias backend makes an unmapped address invalid
 * @name: "poison": AddressSanitizer reports an access; [P80] "protect": an access raises
 *        SIGSEGV; [P81] "none": an access is not detected, but the library does not
 *        reuse the address soon [P82]
 *
 * Call this function before the first page_alloc() or page_buffer_alloc() of the process. Without
 * this call, the environment variable PAGE_MAP_REVOKE selects the method. [P83] The default method
 * is "poison" with AddressSanitizer and "protect" otherwise. [P84] With addresses of 32 bits, only
 * "protect" is available. [P85]
 *
 * Context: no other thread is in a call of this library.
 * Return: 0; [P86] -EINVAL if @name is another name or is not available; [P87] -EBUSY if the
 * process has allocated a page. [P88]
 */
int page_map_revoke_set(const char *name);

/**
 * page_map_local() - map a page for the current task
 * @page: an allocated page
 *
 * The address is valid for PAGE_SIZE bytes and for the current task, until the task calls
 * page_unmap_local(). [P89] R3 applies to the caller's accesses through the address. A page can
 * have several mappings, in one task or in several tasks. [P90]
 *
 * Source: kmap_local_page(). Rules: R4, R5, R6. Aborts with use-after-free if the page is
 * freed, [P91] with map-overflow if the task has PAGE_TASK_MAPPINGS mappings. [P92] With the alias
 * backend, aborts with map-failed if the system has no free address. [P93]
 * Return: the address of byte 0; never NULL. [P94]
 */
void *page_map_local(struct page *page);

/**
 * page_unmap_local() - remove the newest mapping of the current task [P95]
 * @addr: any address of a byte of the mapping; [P96] the address after the last byte is not
 *        valid [P97]
 *
 * The page of the mapping may already be freed. [P98] With the direct backend, all mappings of a
 * page have one address. So the call checks only that the newest mapping is a mapping of that
 * page. [P99]
 *
 * Source: kunmap_local(). Rule: R6. Aborts with
 *   unmap-order      if @addr is in an older mapping of this task; [P100]
 *   foreign-map      if @addr is in a mapping of another task; [P101]
 *   use-after-unmap  if @addr is in a removed mapping; [P102]
 *   foreign-map      if no page was ever mapped at @addr. [P103]
 */
void page_unmap_local(const void *addr);

/**
 * page_canonical() - return the address of a byte that is the same for all mappings of the
 * byte [P104]
 * @addr: an address inside a current or removed mapping, or a canonical address
 *
 * A race detector identifies memory by its address, and two mappings of a page are the same
 * memory (R4). So a tool reports the canonical address of an access to the detector. The
 * calls of this library access pages at their canonical addresses. [P105] Only tools may access
 * memory through the returned address.
 *
 * Return: the canonical address; [P106] @addr itself with the direct backend; [P107] NULL if no
 * page was ever mapped at @addr. [P108]
 */
void *page_canonical(const void *addr);

/** page_mapped_fn - function that gets the address of byte 0 of a mapped page. */
typedef int (*page_mapped_fn)(void *addr, void *ctx);

/**
 * page_with_mapped() - map a page, call @fn, unmap the page [P109]
 * @page: an allocated page
 * @fn: called exactly once, on the calling thread; [P110] must not keep the address
 * @ctx: passed to @fn [P111]
 *
 * Source: `Page::with_page_mapped`. Rules: R5, R6. Aborts like page_map_local(), [P112] and with
 * unmap-order if @fn returns without removing a mapping that it made. [P113]
 * Return: the return value of @fn. [P114]
 */
int page_with_mapped(struct page *page, page_mapped_fn fn, void *ctx);

/** page_pointer_fn - function that gets the address of byte `off` of a mapped page. */
typedef int (*page_pointer_fn)(void *ptr, void *ctx);

/**
 * page_with_pointer() - check a range, map the page, call @fn with the first byte, unmap [P115]
 * @page: an allocated page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 * @fn: called exactly once if the range is good, [P116] otherwise not called; [P117] may access
 *      only the bytes [ptr, ptr + @len)
 * @ctx: passed to @fn [P118]
 *
 * The range with @off == PAGE_SIZE and @len == 0 is good; @fn gets the address after the last
 * byte. [P119]
 *
 * Source: `Page::with_pointer_into_page`. Rules: R1, R3, R5, R6. Aborts like
 * page_with_mapped(). [P120]
 * Return: the return value of @fn; [P121] -EINVAL if the range is not good. If the range is not
 * good, the call does not access @page, so the page may be freed. [P122]
 */
int page_with_pointer(struct page *page, size_t off, size_t len, page_pointer_fn fn, void *ctx);

/*
 * ---- raw calls ----
 *
 * A raw call maps its page while the call runs (R6); [P123] page_copy() maps two pages. [P124] A
 * raw call first checks the range. [P125] If the range is not good, the call returns -EINVAL and
 * accesses nothing. [P126] A raw call then checks the page, also if the length is 0. [P127] The
 * call aborts with use-after-free if the page is freed, [P128] with map-overflow if the task has no
 * free mapping. [P129]
 */

/**
 * page_read_raw() - copy bytes from a page [P130]
 * @page: an allocated page
 * @dst: at least @len bytes outside of the page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The range may contain uninitialised bytes, [P131] but the caller must not use the values of
 * uninitialised bytes (R7).
 *
 * Source: `Page::read_raw`. Rules: R1, R2, R3 (a plain read of the range). [P132]
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing. [P133]
 */
int page_read_raw(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_raw() - copy bytes to a page [P134]
 * @page: an allocated page
 * @src: at least @len bytes outside of the page; the call reads each byte once [P135]
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::write_raw`. Rules: R1, R2, R3 (a plain write of the range). [P136]
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing. [P137]
 */
int page_write_raw(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_fill_zero() - write zeros to a page [P138]
 * @page: an allocated page
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::fill_zero_raw`. Rules: R1, R2, R3 (a plain write of the range). [P139]
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing. [P140]
 */
int page_fill_zero(struct page *page, size_t off, size_t len);

/**
 * page_read_bytewise_atomic() - copy bytes from a page with atomic writes to the buffer [P141]
 * @page: an allocated page
 * @dst: at least @len bytes outside of the page; other threads may access these bytes atomically
 *       at the same time
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The call writes @dst with relaxed atomic stores of one byte each, [P142] and reads the page
 * plainly. [P143] The call needs PAGE_SIZE bytes of stack. [P144]
 *
 * Source: `Page::read_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing. [P145]
 */
int page_read_bytewise_atomic(struct page *page, void *dst, size_t off, size_t len);

/**
 * page_write_bytewise_atomic() - copy bytes to a page with atomic reads of the buffer [P146]
 * @page: an allocated page
 * @src: at least @len bytes outside of the page; the call reads each byte once [P147]
 * @off: first byte, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * The call reads @src with relaxed atomic loads of one byte each, [P148] and writes the page
 * plainly. [P149] The call needs PAGE_SIZE bytes of stack. [P150]
 *
 * Source: `Page::write_bytewise_atomic`. Rules: R1, R2, R3, R10.
 * Return: 0; -EINVAL if the range is not good: the call accesses nothing. [P151]
 */
int page_write_bytewise_atomic(struct page *page, const void *src, size_t off, size_t len);

/**
 * page_copy() - copy bytes from page to page [P152]
 * @dst: an allocated page, the destination
 * @dst_off: first byte of the destination, 0 to PAGE_SIZE
 * @src: an allocated page, the source; may be the same page as @dst [P153]
 * @src_off: first byte of the source, 0 to PAGE_SIZE
 * @len: number of bytes, from 0 to PAGE_SIZE minus the greater offset
 *
 * The copy of an uninitialised byte is uninitialised (R7). [P154] The call maps both pages, the
 * destination first. [P155]
 *
 * Source: memcpy_page(). Rules: R1, R2, R3 (a plain read and a plain write). [P156]
 * Return: 0; -EINVAL if a range is not good, [P157] or if the ranges overlap in one page: the call
 * accesses nothing. [P158] The kernel's memcpy_page() checks no range.
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
 * is not a fault. [P159]
 */

/* A range of user memory, which may be inaccessible. */
struct user_slice {
	const void *ptr;
	size_t len;
};

/*
 * A position in a user slice, for one thread at a time. Copies of a reader read the same
 * bytes. [P160]
 */
struct user_slice_reader {
	const void *at;
	size_t left;
};

/**
 * user_slice_new() - describe a range of user memory
 * @ptr: any address [P161]
 * @len: number of bytes
 *
 * The call accesses no byte of the range. [P162] Source: `UserSlice::new`.
 * Return: the slice, by value. [P163]
 */
struct user_slice user_slice_new(const void *ptr, size_t len);

/**
 * user_slice_reader_init() - set a reader to the first byte of a slice [P164]
 * @reader: memory of the caller; needs no destroy function
 * @slice: copied
 *
 * Source: `UserSlice::reader`.
 */
void user_slice_reader_init(struct user_slice_reader *reader, struct user_slice slice);

/**
 * user_slice_left() - return the number of bytes from the reader's position to the end [P166]
 * @reader: a reader
 *
 * The bytes may be unreadable. [P167] Source: `UserSliceReader::len`.
 */
size_t user_slice_left(const struct user_slice_reader *reader);

/**
 * user_slice_skip() - advance a reader without reading
 * @reader: advances by @len bytes if the call returns 0 [P168]
 * @len: number of bytes
 *
 * Source: `UserSliceReader::skip`. Rule: R9.
 * Return: 0; -EFAULT if fewer than @len bytes remain: the reader does not advance. [P169]
 */
int user_slice_skip(struct user_slice_reader *reader, size_t len);

/**
 * user_slice_read() - copy user memory to memory of the caller [P170]
 * @reader: advances by @len bytes if the call returns 0 [P171]
 * @dst: at least @len bytes
 * @len: number of bytes
 *
 * The call is no failure point (R11). [P172] Source: `UserSliceReader::read_raw`. Rule: R9.
 * Return:
 *   0        all bytes are copied; [P173]
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing; [P174]
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the other bytes are zero. [P175]
 */
int user_slice_read(struct user_slice_reader *reader, void *dst, size_t len);

/*
 * A position in a user slice, for one thread at a time. Copies of a writer write the same
 * bytes. [P176]
 */
struct user_slice_writer {
	void *at;
	size_t left;
};

/**
 * user_slice_writer_init() - set a writer to the first byte of a slice [P177]
 * @writer: memory of the caller; needs no destroy function
 * @slice: copied
 *
 * Source: `UserSlice::writer`.
 */
void user_slice_writer_init(struct user_slice_writer *writer, struct user_slice slice);

/**
 * user_slice_writer_left() - return the number of bytes from the writer's position to the
 * end [P179]
 * @writer: a writer
 *
 * The bytes may be read-only or unmapped. [P180] Source: `UserSliceWriter::len`.
 */
size_t user_slice_writer_left(const struct user_slice_writer *writer);

/**
 * user_slice_write() - copy memory of the caller to user memory [P181]
 * @writer: advances by @len bytes if the call returns 0 [P182]
 * @src: at least @len bytes, initialised
 * @len: number of bytes
 *
 * The call is no failure point (R11). [P183] Source: `UserSliceWriter::write_slice`. Rule: R9.
 * Return:
 *   0        all bytes are copied; [P184]
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing; [P185]
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the others keep their values. [P186]
 */
int user_slice_write(struct user_slice_writer *writer, const void *src, size_t len);

/**
 * page_copy_from_user_slice() - copy user memory to a page [P187]
 * @page: an allocated page
 * @reader: advances by @len bytes if the call returns 0 [P188]
 * @off: first byte in the page, 0 to PAGE_SIZE
 * @len: number of bytes, 0 to PAGE_SIZE - @off
 *
 * Source: `Page::copy_from_user_slice_raw`. Rules: R1, R2, R3 (a plain write of the whole
 * range if the call accesses any byte of it), [P189] R9, R11.
 * Return: the first of these that applies: [P190]
 *   -EINVAL  the range is not good: the call accesses nothing; [P191]
 *   -EFAULT  fewer than @len bytes remain: the call accesses nothing; [P192]
 *   0        @len is 0: the call accesses nothing, but uses up an injected failure (R11); [P193]
 *   -EFAULT  a failure is injected: the whole range is zero; [P194]
 *   -EFAULT  a fault at byte j: the first j bytes are copied, the other bytes are zero; [P195]
 *   0        all bytes are copied. [P196]
 */
int page_copy_from_user_slice(struct page *page, struct user_slice_reader *reader, size_t off, size_t len);

/*
 * ---- buffers of several pages ----
 */

/**
 * page_buffer_alloc() - allocate contiguous pages [P197]
 * @n_bytes: at least 1; need not be a multiple of PAGE_SIZE [P198]
 *
 * The bytes are uninitialised (R7). [P199] The buffer owns one reference of each of its
 * pages. [P200] The caller may use all bytes of the last page. [P201] The call is a failure point
 * like an allocation with GFP_KERNEL of 2^order pages, for the smallest order that holds @n_bytes
 * (R11). [P202]
 *
 * Source: `VVec`, vmalloc().
 * Return: the address, a multiple of PAGE_SIZE; [P203] the caller owns the buffer and releases the
 * buffer with page_buffer_free(). NULL with errno EINVAL if @n_bytes is 0. [P204] NULL with errno
 * ENOMEM if there are not enough contiguous free pages, [P205] or if a failure is injected. [P206]
 */
void *page_buffer_alloc(size_t n_bytes);

/**
 * page_buffer_free() - drop the buffer's references of its pages [P207]
 * @buffer: from page_buffer_alloc(), or NULL (no effect) [P208]
 *
 * A page with another reference stays allocated until that reference is dropped (R12). [P209]
 *
 * Aborts with use-after-free if the buffer is freed, [P210] with foreign-map if no buffer begins at
 * @buffer. [P211]
 */
void page_buffer_free(void *buffer);

/**
 * page_buffer_size() - return the size that the caller of page_buffer_alloc() requested [P212]
 * @buffer: from page_buffer_alloc()
 *
 * Aborts like page_buffer_free(). [P213]
 */
size_t page_buffer_size(const void *buffer);

/**
 * page_borrow() - return the page that contains a byte of a buffer [P214]
 * @addr: any address [P215]
 *
 * The buffer keeps its reference of the page, [P216] and the borrower must not drop it. The
 * borrower may use the page until the buffer is freed. [P217] A borrower that calls page_get() may
 * use the page until the matching page_free() (R12). [P218] The borrower may map the page; the page
 * then has two addresses: in the buffer and in the mapping. [P219]
 *
 * Source: `BorrowPage`, vmalloc_to_page(). Aborts with use-after-free if the page is freed. [P220]
 * Return: the page; NULL if @addr is in no buffer. [P221]
 */
struct page *page_borrow(const void *addr);

/**
 * page_buffer_next() - iterate over the pages of a buffer [P222]
 * @buffer: from page_buffer_alloc()
 * @page: NULL for the first page, otherwise the result of the previous call
 *
 * Source: `VmallocPageIter`. Aborts like page_buffer_free(). [P223]
 * Return: the next page, borrowed; [P224] NULL after the last page. [P225]
 */
struct page *page_buffer_next(const void *buffer, const struct page *page);

/*
 * ---- tasks ----
 *
 * A task owns mappings, and page_fail_nth() counts the calls of one task. A program whose
 * threads are pthreads does not need the functions of this section: each pthread has its own
 * task. [P226]
 *
 * A program that runs several threads of its own (fibers) on one pthread creates a task for each
 * fiber. The scheduler of the program calls page_task_switch_out() for the task that stops and
 * page_task_switch_in() for the task that continues. Instead, a program that can identify the
 * running task can install a hook with page_task_hook_set(). A task runs on one pthread at a time.
 * If a task moves to another pthread, the scheduler must synchronise the two pthreads.
 */

/**
 * page_task_new() - create a task without mappings [P227]
 * @name: for reports; the library keeps the first PAGE_TASK_NAME - 1 bytes [P228]
 *
 * Return: the task; the caller owns the task and releases the task with page_task_delete(). NULL
 * if the system has no memory for a new task. [P229]
 */
struct page_task *page_task_new(const char *name);

/**
 * page_task_delete() - remove a task and its mappings [P230]
 * @task: a task that runs on no other pthread, or NULL (no effect) [P231]
 *
 * The library removes the newest mapping first, which breaks no rule. [P232] When a pthread ends,
 * the library removes the pthread's own task and its mappings in the same way. [P233]
 *
 * Return: the number of removed mappings; [P234] more than 0 is a leak of the caller.
 */
unsigned int page_task_delete(struct page_task *task);

/** page_task_name() - return the name for reports, valid until the task is deleted. [P235] */
const char *page_task_name(const struct page_task *task);

/** page_task_depth() - return the number of mappings that a task has now. [P236] */
unsigned int page_task_depth(const struct page_task *task);

/**
 * page_task_current() - return the task of the caller
 *
 * Return: the first of these that exists: the task that the hook returns; [P237] the task of the
 * last page_task_switch_in() on this pthread; [P238] the pthread's own task, which has the name
 * "thread TID". [P239] Never NULL. [P240]
 */
struct page_task *page_task_current(void);

/** page_task_current_fn - hook that returns the running task; NULL: it knows no task. [P241] */
typedef struct page_task *(*page_task_current_fn)(void);

/**
 * page_task_hook_set() - install a hook that returns the current task
 * @hook: the library calls @hook from any thread, in every call that may map a page. [P242] @hook
 *        must be fast and must not call this library. NULL removes the hook [P243]
 */
void page_task_hook_set(page_task_current_fn hook);

/**
 * page_task_switch_out() - stop a task on this pthread [P244]
 * @task: a task; NULL: the pthread's own task [P245]
 *
 * With the alias backend, the mappings of the task are invalid until page_task_switch_in(). [P246]
 * With the direct backend, the mappings remain valid. [P247] The run time of page_task_switch_out()
 * is proportional to the number of mappings of the task. [P248]
 */
void page_task_switch_out(struct page_task *task);

/**
 * page_task_switch_in() - continue a task on this pthread
 * @task: a task that does not run; NULL: the pthread's own task [P249]
 *
 * The task becomes the current task. [P250] The mappings of the task become valid again, [P251]
 * except mappings of pages that were freed in the meantime. [P252]
 */
void page_task_switch_in(struct page_task *task);

/*
 * ---- injected failures ----
 *
 * Tests can make two kinds of failure points fail (R11): an allocation by page_alloc() or
 * page_buffer_alloc() without __GFP_NOFAIL, [P253] and a page_copy_from_user_slice() with good
 * bounds and length. [P254] A copy of 0 bytes is a failure point too: the copy uses up the failure
 * and returns 0. [P255]
 *
 * As in the kernel, while the count of page_fail_nth() is not 0, only this count decides which
 * call fails. [P256] While the count is 0, the attributes (struct page_fault_attr) decide. [P257] A
 * call that the attributes min_order or ignore_gfp exempt is not counted at all. [P258]
 */

/**
 * page_fail_nth() - make the n-th next failure point of the current task fail, once [P259]
 * @n: from 1; 0 cancels [P260]
 *
 * To test all error paths of an operation, run the operation with n = 1, 2, 3 and so on. Stop
 * when page_fail_nth(0), called after the operation, returns a value other than 0. [P261]
 *
 * Source: /proc/self/fail-nth.
 * Return: what remains of the previous count; [P262] 0 if the previous count already made a call
 * fail, or if no count was set. [P263]
 */
unsigned int page_fail_nth(unsigned int n);

enum page_fault_point { PAGE_FAULT_ALLOC, PAGE_FAULT_USERCOPY, PAGE_FAULT_POINTS };

/*
 * A failure point fails if all conditions below hold. [P264] The library tests the conditions in
 * this order: [P265] probability is not 0; [P266] the task passes task_filter; [P267] times is not
 * 0; [P268] space is not larger than the number of pages of the call (1 for a copy); [P269]
 * interval divides the number of the call; [P270] a random number from 0 to 99 is below
 * probability. [P271]
 */
struct page_fault_attr {
	unsigned int probability; /* percent, 0 to 100; 0: off [P272] */
	unsigned int interval;    /* only each interval-th call can fail; 0 and 1: each call [P273] */
	int times;                /* number of failures that remain; -1: no limit [P274] */
	unsigned int space;       /* a call of fewer pages (a copy: 1) succeeds, reduces space [P275] */
	unsigned int min_order;   /* allocations of a smaller order never fail [P276] */
	bool task_filter;         /* only tasks with page_task_make_it_fail(true) can fail [P277] */
	gfp_t ignore_gfp;         /* allocations with any of these bits never fail [P278] */
	unsigned long long seed;  /* seed of the random number generator [P279] */
};

/*
 * probability is 0: injection is off. [P280] interval and times are 1, the defaults of the
 * kernel. [P281]
 */
/* clang-format off */
#define PAGE_FAULT_ATTR_INIT { 0, 1, 1, 0, 0, false, 0, 0 }
/* clang-format on */

/**
 * page_fault_attr_set() - set the attributes of a kind of failure point, for all tasks [P282]
 * @point: the kind of failure point
 * @attr: copied [P283]
 *
 * Source: fail_page_alloc, fail_usercopy.
 * Return: 0; [P284] -EINVAL if the kind is unknown, [P285] probability is above 100, [P286] or
 * times is below -1. [P287]
 */
int page_fault_attr_set(enum page_fault_point point, const struct page_fault_attr *attr);

/**
 * page_fault_attr_get() - return the current attributes of a kind of failure point [P288]
 * @point: the kind of failure point
 * @attr: receives the attributes: times and space have the values that remain, [P289] seed is the
 *        current state of the random number generator [P290]
 *
 * Return: 0; -EINVAL if the kind is unknown. [P291]
 */
int page_fault_attr_get(enum page_fault_point point, struct page_fault_attr *attr);

/**
 * page_task_make_it_fail() - set whether the current task passes task_filter
 * @on: true: the task passes; a new task does not pass [P292]
 *
 * Source: /proc/self/make-it-fail.
 * Return: the previous setting. [P293]
 */
bool page_task_make_it_fail(bool on);

#ifdef __cplusplus
}
#endif

#endif
