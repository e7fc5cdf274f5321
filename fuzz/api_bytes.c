/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Raw calls of fuzz_api: each accesses exactly its range, and a range that is not good is refused and changes
 * nothing (R1, R2). The ranges have offsets and lengths of all widths.
 */
#include "fuzz/api.h"

#include <errno.h>
#include <string.h>

#include "page/page_kernel.h"

/* Bytes around the caller's buffer, which a call must not write. */
#define GUARD     64
#define UNTOUCHED 0x5c

/* The range of a call: most ranges are good. */
struct range {
	size_t off, len;
};

static struct range derive_range(uint64_t off, uint64_t len)
{
	struct range range = { .off = api_reduce_upper_half(off, PAGE_SIZE) };

	range.len = api_reduce_upper_half(len, range.off <= PAGE_SIZE ? PAGE_SIZE - range.off : 0);
	return range;
}

static void check_result(const struct api_call *call, int ret, bool is_good)
{
	api_expect(ret == (is_good ? 0 : -EINVAL), "%s returned %d, expected %d", api_get_op_name(call->op),
		   ret, is_good ? 0 : -EINVAL);
}

/* ---- reads ---- */

static void check_read(const struct api_call *call, int (*read_bytes)(struct page *, void *, size_t, size_t))
{
	static unsigned char buffer[GUARD + PAGE_SIZE + GUARD], untouched[PAGE_SIZE + GUARD];
	struct range range = derive_range(call->numbers[0], call->numbers[1]);
	struct model_page *page = api_get_or_alloc_page(call);
	size_t len = api_is_good_range(range.off, range.len) ? range.len : 0;

	if (!api_has_free_mappings(1))
		return;
	memset(buffer, UNTOUCHED, sizeof(buffer));
	memset(untouched, UNTOUCHED, sizeof(untouched));
	check_result(call, read_bytes(page->page, buffer + GUARD, range.off, range.len),
		     api_is_good_range(range.off, range.len));
	if (len)
		api_check_bytes(page, buffer + GUARD, range.off, len, "the buffer of a read");
	api_expect(api_are_equal_bytes(buffer, untouched, GUARD) &&
			   api_are_equal_bytes(buffer + GUARD + len, untouched, PAGE_SIZE - len + GUARD),
		   "%s wrote outside of its %zu bytes", api_get_op_name(call->op), len);
	api_touch_page(page);
}

void api_run_read(const struct api_call *call)
{
	check_read(call, page_read_raw);
}

void api_run_read_atomic(const struct api_call *call)
{
	check_read(call, page_read_bytewise_atomic);
}

/* ---- writes ---- */

static void check_write(const struct api_call *call,
			int (*write_bytes)(struct page *, const void *, size_t, size_t))
{
	struct range range = derive_range(call->numbers[0], call->numbers[1]);
	const unsigned char *bytes = api_pattern(call->numbers[2]);
	struct model_page *page = api_get_or_alloc_page(call);
	bool is_good = api_is_good_range(range.off, range.len);

	if (!api_has_free_mappings(1))
		return;
	check_result(call, write_bytes(page->page, bytes, range.off, range.len), is_good);
	if (is_good)
		api_model_write(page, range.off, bytes, range.len);
	api_touch_page(page);
}

void api_run_write(const struct api_call *call)
{
	check_write(call, page_write_raw);
}

void api_run_write_atomic(const struct api_call *call)
{
	check_write(call, page_write_bytewise_atomic);
}

void api_run_fill(const struct api_call *call)
{
	struct range range = derive_range(call->numbers[0], call->numbers[1]);
	struct model_page *page = api_get_or_alloc_page(call);
	bool is_good = api_is_good_range(range.off, range.len);

	if (!api_has_free_mappings(1))
		return;
	check_result(call, page_fill_zero(page->page, range.off, range.len), is_good);
	if (is_good)
		api_model_fill_zero(page, range.off, range.len);
	api_touch_page(page);
}

/* ---- copies from page to page ---- */

/* A byte that is not known in the source is not known in the copy. [P154] */
static void model_copy(struct model_page *dst, size_t dst_off, const struct model_page *src, size_t src_off,
		       size_t len)
{
	memmove(dst->bytes + dst_off, src->bytes + src_off, len);
	memmove(dst->known + dst_off, src->known + src_off, len);
	api_mark_blocks(dst, dst_off, len);
}

static void check_copy(const struct api_call *call, struct model_page *dst, struct model_page *src)
{
	size_t dst_off = api_reduce_upper_half(call->numbers[0], PAGE_SIZE);
	size_t src_off = api_reduce_upper_half(call->numbers[1], PAGE_SIZE);
	size_t greater = dst_off > src_off ? dst_off : src_off;
	size_t len = api_reduce_upper_half(call->numbers[2], greater <= PAGE_SIZE ? PAGE_SIZE - greater : 0);
	bool is_good = api_is_good_range(dst_off, len) && api_is_good_range(src_off, len);

	if (!api_has_free_mappings(2))
		return;
	if (is_good && dst == src)
		is_good = dst_off + len <= src_off || src_off + len <= dst_off;
	check_result(call, page_copy(dst->page, dst_off, src->page, src_off, len), is_good);
	if (is_good)
		model_copy(dst, dst_off, src, src_off, len);
	api_touch_page(dst);
	api_touch_page(src);
}

/* Copies from the page of the next slot. */
void api_run_copy(const struct api_call *call)
{
	struct api_call next = { .slot_index = (uint8_t)((call->slot_index + 1) % API_SLOTS) };

	check_copy(call, api_get_or_alloc_page(call), api_get_or_alloc_page(&next));
}

void api_run_copy_within(const struct api_call *call)
{
	struct model_page *page = api_get_or_alloc_page(call);

	check_copy(call, page, page);
}

/* ---- page_kernel.h; its calls end the process if the range is not good ---- */

/* [P38] [P296] */
static void check_kernel_align(uint64_t number)
{
	size_t addr = (size_t)number;

	api_expect(PAGE_ALIGN(addr) == ((addr + PAGE_SIZE - 1) & PAGE_MASK), "PAGE_ALIGN(%#zx) is %#zx", addr,
		   PAGE_ALIGN(addr));
	api_expect(offset_in_page(addr) == addr % PAGE_SIZE, "offset_in_page(%#zx) is %#zx", addr,
		   offset_in_page(addr));
}

/* [P298] [P299] */
static void check_kernel_segments(struct model_page *page, struct range range, uint64_t number)
{
	unsigned int from = (unsigned int)range.off, to = (unsigned int)(range.off + range.len);
	unsigned int second = to + (unsigned int)(number % (PAGE_SIZE - to + 1));

	zero_user_segments(page->page, from, to, second, second);
	api_model_fill_zero(page, from, to - from);
	zero_user_segments(page->page, to, from, second, PAGE_SIZE);
	if (second < PAGE_SIZE)
		api_model_fill_zero(page, second, PAGE_SIZE - second);
}

static void check_kernel_call(struct model_page *page, struct range range, uint64_t number)
{
	static unsigned char bytes[PAGE_SIZE];

	switch (number % 8) {
	case 0:
		memset_page(page->page, range.off, (int)number, range.len);
		memset(bytes, (int)number, range.len);
		api_model_write(page, range.off, bytes, range.len);
		break;
	case 1:
		check_kernel_segments(page, range, number);
		break;
	case 2:
		memcpy_to_page(page->page, range.off, (const char *)api_pattern(number), range.len);
		api_model_write(page, range.off, api_pattern(number), range.len);
		break;
	case 3:
		memcpy_from_page((char *)bytes, page->page, range.off, range.len);
		api_check_bytes(page, bytes, range.off, range.len, "memcpy_from_page");
		break;
	case 4:
		zero_user(page->page, (unsigned int)range.off, (unsigned int)range.len);
		api_model_fill_zero(page, range.off, range.len);
		break;
	case 5:
		clear_highpage(page->page);
		api_model_fill_zero(page, 0, PAGE_SIZE);
		break;
	case 6:
		memzero_page(page->page, range.off, range.len);
		api_model_fill_zero(page, range.off, range.len);
		break;
	default:
		get_page(page->page);
		api_expect((unsigned int)page_count(page->page) == page->refs + 1 && !page_to_nid(page->page),
			   "page_count() is %d, expected %u", page_count(page->page), page->refs + 1);
		put_page(page->page);
		break;
	}
}

void api_run_kernel(const struct api_call *call)
{
	size_t off = call->numbers[0] % (PAGE_SIZE + 1);
	struct range range = { off, call->numbers[1] % (PAGE_SIZE - off + 1) };
	struct model_page *page = api_get_or_alloc_page(call);

	check_kernel_align(call->numbers[0]);
	if (!api_has_free_mappings(1))
		return;
	check_kernel_call(page, range, call->numbers[2]);
	api_touch_page(page);
}
