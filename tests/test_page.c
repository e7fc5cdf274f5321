/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests the page library through its header alone, in every flavour. */
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "harness/util/isolate.h"
#include "harness/detect/detector.h"
#include "page/page.h"
#include "tests/page_test.h"

static unsigned char buffer[PAGE_SIZE + 2];

static void test_align(void)
{
	size_t aligned = 7;

	ok(page_align(0, &aligned) && aligned == 0, "0 is aligned");
	ok(page_align(1, &aligned) && aligned == PAGE_SIZE, "1 goes up");
	ok(page_align(PAGE_SIZE, &aligned) && aligned == PAGE_SIZE, "PAGE_SIZE stays");
	ok(page_align(SIZE_MAX - PAGE_SIZE + 1, &aligned) && aligned == SIZE_MAX - PAGE_SIZE + 1,
	   "the last multiple stays");
	aligned = 7;
	ok(!page_align(SIZE_MAX - PAGE_SIZE + 2, &aligned) && aligned == 7,
	   "beyond it there is none, and nothing is written");
}

static void test_flags(void)
{
	static const gfp_t bad[] = { 0, __GFP_ZERO, GFP_KERNEL | GFP_NOIO, GFP_KERNEL | 0x100,
				     GFP_ATOMIC | 0x80000000u };
	static const gfp_t good[] = { GFP_KERNEL, GFP_ATOMIC, GFP_NOWAIT, GFP_NOIO,
				      GFP_KERNEL | __GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL |
					      __GFP_NOWARN };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		errno = 0;
		ok(!page_alloc(bad[i]) && errno == EINVAL, "flags 0x%x are refused", bad[i]);
	}
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct page *page = page_alloc(good[i]);

		ok(page, "flags 0x%x are taken", good[i]);
		page_free(page);
	}
}

static void test_lifetime(void)
{
	struct page *page = page_alloc(GFP_KERNEL);

	ok(page_ref_count(page) == 1 && page_nid(page) == 0, "a page begins with one reference");
	page_get(page);
	ok(page_ref_count(page) == 2, "page_get adds one");
	page_free(page);
	ok(page_ref_count(page) == 1, "page_free drops one");
	page_free(page);
	page_free(NULL);
	ok(true, "page_free(NULL) does nothing");
}

struct range {
	size_t off, len;
	bool good;
};

static const struct range ranges[] = {
	{ 0, 0, true },
	{ 0, PAGE_SIZE, true },
	{ PAGE_SIZE, 0, true },
	{ PAGE_SIZE - 1, 1, true },
	{ PAGE_SIZE, 1, false },
	{ 1, PAGE_SIZE, false },
	{ PAGE_SIZE + 1, 0, false },
	{ 0, PAGE_SIZE + 1, false },
	{ SIZE_MAX, 1, false },
	{ 1, SIZE_MAX, false },
	{ SIZE_MAX, SIZE_MAX, false },
	{ SIZE_MAX - 15, 32, false },
	{ SIZE_UPPER, 1, false },
	{ 0, SIZE_UPPER + 1, false },
	{ SIZE_TOP, 1, false },
	{ SIZE_TOP, SIZE_TOP, false },
};

static unsigned int called;

static int count_call(void *ptr, void *ctx)
{
	(void)ptr;
	(void)ctx;
	called++;
	return 42;
}

static void test_bounds(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		const struct range *r = &ranges[i];
		int expected = r->good ? 0 : -EINVAL;

		called = 0;
		ok(page_read_raw(page, buffer, r->off, r->len) == expected &&
			   page_write_raw(page, buffer, r->off, r->len) == expected &&
			   page_fill_zero(page, r->off, r->len) == expected,
		   "off 0x%zx len 0x%zx is %s", r->off, r->len, r->good ? "good" : "-EINVAL");
		ok(page_with_pointer(page, r->off, r->len, count_call, NULL) ==
				   (r->good ? 42 : -EINVAL) &&
			   called == r->good,
		   "... and its callback is%s called", r->good ? "" : " not");
	}
	page_free(page);
}

static bool all_bytes(const unsigned char *bytes, unsigned char value, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (bytes[i] != value)
			return false;
	return true;
}

/* Writes [off, off + len) and checks every byte of the page. */
static bool touches_exactly(struct page *page, size_t off, size_t len, bool zero)
{
	memset(buffer, 0x11, PAGE_SIZE);
	page_write_raw(page, buffer, 0, PAGE_SIZE);
	memset(buffer, 0x22, len);
	if (zero)
		page_fill_zero(page, off, len);
	else
		page_write_raw(page, buffer, off, len);
	page_read_raw(page, buffer, 0, PAGE_SIZE);
	return all_bytes(buffer, 0x11, off) && all_bytes(buffer + off, zero ? 0 : 0x22, len) &&
	       all_bytes(buffer + off + len, 0x11, PAGE_SIZE - off - len);
}

static void test_bytes(void)
{
	static const size_t lens[] = { 0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 63, 64, 65, 511, 4080 };
	struct page *page = page_alloc(GFP_KERNEL);
	bool exact = true;

	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (size_t off = 0; off < 16; off++)
			exact &= touches_exactly(page, off, lens[i], false) &&
				 touches_exactly(page, off, lens[i], true);
	ok(exact, "writing and zeroing touch the range and no byte beside it");
	memset(buffer, 0x33, sizeof(buffer));
	page_fill_zero(page, 0, PAGE_SIZE);
	page_read_raw(page, buffer + 1, 10, 100);
	ok(buffer[0] == 0x33 && all_bytes(buffer + 1, 0, 100) && buffer[101] == 0x33,
	   "reading fills the buffer and no byte beside it");
	page_free(page);
}

static int byte_at(void *ptr, void *ctx)
{
	*(void **)ctx = ptr;
	return *(unsigned char *)ptr;
}

static void test_mapping(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	unsigned char *addr, seven = 7;
	void *seen;

	page_write_raw(page, &seven, 100, 1);
	addr = page_map_local(page);
	ok(addr[100] == 7, "a mapping shows the page");
	addr[101] = 8;
	page_unmap_local(addr + 4095);
	page_read_raw(page, buffer, 101, 1);
	ok(buffer[0] == 8, "and writes to it");
	ok(page_with_mapped(page, byte_at, &seen) == 0, "with_mapped hands out byte 0");
	ok(page_with_pointer(page, 100, 1, byte_at, &seen) == 7, "with_pointer the first byte");
	page_free(page);
}

/* A function of MemorySanitizer, if it is present: the checks below read uninitialised bytes. */
void __msan_unpoison(const volatile void *addr, size_t len) __attribute__((weak));

/* R7: a previous owner's bytes are never visible, also if the frame is reused. */
static void test_fresh(void)
{
	static const char secret[] = "what the last owner knew";
	bool shows = false, zero = true;

	for (unsigned int round = 0; round < 1000; round++) {
		struct page *page = page_alloc(round % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);

		page_read_raw(page, buffer, 0, PAGE_SIZE);
		if (__msan_unpoison)
			__msan_unpoison(buffer, PAGE_SIZE);
		shows |= memmem(buffer, PAGE_SIZE, secret, sizeof(secret)) != NULL;
		zero &= round % 2 || all_bytes(buffer, 0, PAGE_SIZE);
		page_write_raw(page, secret, 64, sizeof(secret));
		page_free(page);
	}
	ok(!shows, "what the last owner of a frame wrote never shows");
	ok(zero, "a zeroed page is zero, whatever the frame held");
}

/* ---- misuse: the process must die of the named rule ---- */

static void use_freed(void *ctx)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);

	page_free(page);
	switch (*(const int *)ctx) {
	case 0:
		page_get(page);
		break;
	case 1:
		page_free(page);
		break;
	case 2:
		page_read_raw(page, buffer, 0, 8);
		break;
	case 3:
		page_write_raw(page, buffer, PAGE_SIZE, 0);
		break;
	case 4:
		page_map_local(page);
		break;
	default:
		page_nid(page);
	}
}

static void unmap_nothing(void *ctx)
{
	page_unmap_local(ctx);
}

static void aborts_by(enum rule rule, void (*fn)(void *ctx), void *ctx, const char *name)
{
	static struct isolated child;
	char line[200];
	bool isolated = isolate(fn, ctx, 60, &child);

	if (!ok(isolated && !child.hung && (child.signal || child.exit_code) &&
			detector_find_rule(child.output, line, sizeof(line)) == rule,
		"%s: %s", rule_name(rule), name))
		printf("# signal %d, exit status %d: %s\n", child.signal, child.exit_code, line);
}

static void test_misuse(void)
{
	static const char *const names[] = { "page_get", "page_free", "page_read_raw",
					     "page_write_raw of nothing", "page_map_local",
					     "page_nid" };

	for (int i = 0; i < 6; i++)
		aborts_by(RULE_use_after_free, use_freed, &i, names[i]);
	aborts_by(RULE_foreign_map, unmap_nothing, buffer, "page_unmap_local of no page");
}

static void test_freed_bounds(void)
{
	struct page *page = page_alloc(GFP_KERNEL);

	page_free(page);
	ok(page_read_raw(page, buffer, PAGE_SIZE, 1) == -EINVAL,
	   "bad bounds of a dead page are -EINVAL: it is not looked at");
}

UNIT_TEST(test_page)
{
	test_align();
	test_flags();
	test_lifetime();
	test_bounds();
	test_bytes();
	test_mapping();
	test_fresh();
	test_misuse();
	test_freed_bounds();
}
