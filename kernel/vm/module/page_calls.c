/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "page_calls.h"

#include <linux/highmem.h>
#include <linux/kcsan-checks.h>
#include <linux/mm.h>
#include <linux/page_ref.h>
#include <linux/string.h>
#include <linux/uaccess.h>

enum kernel_bug page_calls_bug;

#ifdef CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP
/*
 * Without CONFIG_HIGHMEM, the headers of x86-64 define kmap_local_page() as page_address(), also with
 * CONFIG_DEBUG_KMAP_LOCAL_FORCE_MAP. So these functions call the mapping code of mm/highmem.c, which has no
 * flush of the TLB for x86-64. A CPU may still have the entry of an earlier mapping at the same address, of
 * this thread or of another one, so these functions flush the entry.
 */
void page_call_flush(const void *addr)
{
	asm volatile("invlpg (%0)" : : "r"(addr) : "memory");
}

void *page_call_map(struct page *page)
{
	void *addr = __kmap_local_page_prot(page, PAGE_KERNEL);

	page_call_flush(addr);
	return addr;
}

void page_call_unmap(const void *addr)
{
	preempt_disable();
	kunmap_local_indexed(addr);
	page_call_flush(addr);
	preempt_enable();
}
#else
void page_call_flush(const void *addr)
{
}

void *page_call_map(struct page *page)
{
	return kmap_local_page(page);
}

void page_call_unmap(const void *addr)
{
	kunmap_local(addr);
}
#endif

void page_call_get(struct page *page)
{
	if (page_calls_bug != KERNEL_BUG_reference)
		get_page(page);
}

noinline void page_call_check_free(struct page *page)
{
	if (page_ref_count(page) == 1)
		kcsan_check_write(page_address(page), PAGE_SIZE);
}

static bool is_in_page(size_t offset, size_t length)
{
	if (page_calls_bug == KERNEL_BUG_bounds)
		return offset + length <= PAGE_SIZE;
	return offset <= PAGE_SIZE && length <= PAGE_SIZE - offset;
}

static bool ranges_overlap(size_t a, size_t b, size_t length)
{
	return a < b + length && b < a + length;
}

noinline int page_call_read_raw(struct page *page, void *target, size_t offset, size_t length)
{
	char *addr;

	if (!is_in_page(offset, length))
		return -EINVAL;
	addr = page_call_map(page);
	memcpy(target, addr + offset, length);
	page_call_unmap(addr);
	return 0;
}

noinline int page_call_write_raw(struct page *page, const void *source, size_t offset, size_t length)
{
	char *addr;

	if (!is_in_page(offset, length))
		return -EINVAL;
	addr = page_call_map(page);
	memcpy(addr + offset, source, length);
	if (page_calls_bug != KERNEL_BUG_unmap)
		page_call_unmap(addr);
	return 0;
}

noinline int page_call_fill_zero(struct page *page, size_t offset, size_t length)
{
	char *addr;

	if (!is_in_page(offset, length))
		return -EINVAL;
	if (page_calls_bug == KERNEL_BUG_memset && length)
		length--;
	while (page_calls_bug == KERNEL_BUG_hang && length == PAGE_SIZE)
		cpu_relax();
	if (page_calls_bug == KERNEL_BUG_panic && length == PAGE_SIZE)
		panic("pagetorture: an inserted bug");
	addr = page_call_map(page);
	memset(addr + offset, 0, length);
	page_call_unmap(addr);
	return 0;
}

noinline int page_call_read_bytewise(struct page *page, u8 *target, size_t offset, size_t length)
{
	u8 *addr;

	if (!is_in_page(offset, length))
		return -EINVAL;
	addr = page_call_map(page);
	for (size_t i = 0; i < length; i++)
		WRITE_ONCE(target[i], addr[offset + i]);
	page_call_unmap(addr);
	return 0;
}

noinline int page_call_write_bytewise(struct page *page, const u8 *source, size_t offset, size_t length)
{
	u8 *addr;

	if (!is_in_page(offset, length))
		return -EINVAL;
	addr = page_call_map(page);
	for (size_t i = 0; i < length; i++)
		addr[offset + i] = READ_ONCE(source[i]);
	page_call_unmap(addr);
	return 0;
}

noinline int page_call_copy(struct page *target, size_t target_offset, struct page *source,
			    size_t source_offset, size_t length)
{
	char *target_addr, *source_addr;

	if (!is_in_page(target_offset, length) || !is_in_page(source_offset, length))
		return -EINVAL;
	if (target == source && ranges_overlap(target_offset, source_offset, length))
		return -EINVAL;
	target_addr = page_call_map(target);
	source_addr = page_call_map(source);
	memcpy(target_addr + target_offset, source_addr + source_offset, length);
	page_call_unmap(source_addr);
	page_call_unmap(target_addr);
	return 0;
}

/* Return: 0 or -EFAULT. copy_from_user() sets the bytes to zero that it cannot read. */
static int copy_user_bytes(char *addr, const void __user *user, size_t length)
{
	size_t missing = copy_from_user(addr, user, length);

	if (missing && missing < length && page_calls_bug == KERNEL_BUG_prefix)
		addr[length - missing - 1] = 0;
	return missing ? -EFAULT : 0;
}

noinline int page_call_copy_from_user(struct page *page, const void __user *user, size_t left, size_t offset,
				      size_t length)
{
	char *addr;
	int result = -EFAULT;

	if (!is_in_page(offset, length))
		return -EINVAL;
	addr = page_call_map(page);
	if (length <= left)
		result = copy_user_bytes(addr + offset, user, length);
	page_call_unmap(addr);
	return result;
}

noinline void page_call_load(void *target, const void *addr, size_t length)
{
	memcpy(target, addr, length);
}

noinline void page_call_store(void *addr, const void *source, size_t length)
{
	memcpy(addr, source, length);
}

noinline u64 page_call_load_atomic(const void *addr, size_t size)
{
	switch (size) {
	case 1:
		return READ_ONCE(*(const u8 *)addr);
	case 2:
		return READ_ONCE(*(const u16 *)addr);
	case 4:
		return READ_ONCE(*(const u32 *)addr);
	default:
		return READ_ONCE(*(const u64 *)addr);
	}
}

noinline void page_call_store_atomic(void *addr, u64 value, size_t size)
{
	switch (size) {
	case 1:
		WRITE_ONCE(*(u8 *)addr, value);
		break;
	case 2:
		WRITE_ONCE(*(u16 *)addr, value);
		break;
	case 4:
		WRITE_ONCE(*(u32 *)addr, value);
		break;
	default:
		WRITE_ONCE(*(u64 *)addr, value);
	}
}
