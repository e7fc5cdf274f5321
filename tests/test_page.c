/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests allocation, references and fresh memory (R7, R8), and page_align(). */
#include "harness/library.h"
#include "tests/page_test.h"

static const struct {
	size_t value, aligned_size; /* the initial 7 remains if page_align() fails */
} alignments[] = {
	{ 0, 0 },
	{ 1, PAGE_SIZE },
	{ PAGE_SIZE, PAGE_SIZE },
	{ SIZE_MAX - PAGE_SIZE + 1, SIZE_MAX - PAGE_SIZE + 1 },
	{ SIZE_MAX - PAGE_SIZE + 2, 7 },
};

static void test_align(void)
{
	for (size_t i = 0; i < COUNT(alignments); i++) {
		size_t aligned_size = 7;
		bool fits = page_align(alignments[i].value, &aligned_size);

		/* [P38] [P39] [P40] */
		ok(fits == (alignments[i].aligned_size != 7) && aligned_size == alignments[i].aligned_size,
		   "page_align of 0x%zx", alignments[i].value);
	}
}

static void test_sizes(void)
{
	ok(PAGE_SIZE == 4096 && PAGE_MASK == ~(size_t)4095 && PAGE_SHIFT == 12, "a page has 4096 bytes");
}

static const struct {
	gfp_t flags;
	bool flags_are_valid;
} flag_sets[] = {
	{ GFP_KERNEL, true },
	{ GFP_ATOMIC, true },
	{ GFP_NOWAIT, true },
	{ GFP_NOIO, true },
	{ GFP_KERNEL | __GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL | __GFP_NOWARN, true },
	{ 0, false },
	{ __GFP_ZERO, false },
	{ GFP_KERNEL | GFP_NOIO, false },
	{ GFP_KERNEL | GFP_ATOMIC, false },
	{ GFP_KERNEL | 0x100, false },
	{ GFP_KERNEL | 0x1000, false },
	{ GFP_ATOMIC | 0x80000000u, false },
};

/* EINVAL for bad flags is a rule of src/page; another page library may set another errno. */
static bool is_bad_flags_error(int error)
{
	int expected_error = library_get()->bad_flags_error;

	return expected_error ? error == expected_error : error != 0;
}

static void test_gfp_flags(void)
{
	for (size_t i = 0; i < COUNT(flag_sets); i++) {
		struct page *page;

		errno = 0;
		page = page_alloc(flag_sets[i].flags);
		/* [P24] [P32] [P33] [P35] [P37] [P48] */
		ok(flag_sets[i].flags_are_valid ? page != NULL : !page && is_bad_flags_error(errno),
		   "page_alloc(0x%x) is %s", flag_sets[i].flags,
		   flag_sets[i].flags_are_valid ? "a page" : "an error");
		page_free(page);
	}
}

static void test_references(void)
{
	struct page *page = alloc_zeroed_page();

	/* [P41] [P64] [P65] [P67] */
	ok(page_ref_count(page) == 1 && page_nid(page) == 0, "a new page has one reference, on node 0");
	page_get(page);
	/* [P52] */
	ok(page_ref_count(page) == 2, "page_get adds a reference");
	page_free(page);
	/* [P56] [P47] */
	ok(page_ref_count(page) == 1, "page_free drops a reference");
	page_free(page);
	page_free(NULL);
	/* [P57] */
	ok(true, "page_free(NULL) does nothing");
}

/* MemorySanitizer's function is needed because test_fresh_memory() reads uninitialised bytes on purpose. */
void __msan_unpoison(const volatile void *addr, size_t len) __attribute__((weak));

/* Tests R7 (fresh memory), also if the frame of a freed page is reused. */
static void test_fresh_memory(void)
{
	static const char secret[] = "bytes of the previous owner", zeros[PAGE_SIZE];
	static const size_t offsets[] = { 0, 64, 2000, PAGE_SIZE - sizeof(secret) };
	static char bytes[PAGE_SIZE];
	bool shows_secret = false, is_zero = true;

	for (unsigned int round = 0; round < 1000; round++) {
		struct page *page = page_alloc(round % 2 ? GFP_KERNEL : GFP_KERNEL | __GFP_ZERO);

		page_read_raw(page, bytes, 0, PAGE_SIZE);
		if (__msan_unpoison)
			__msan_unpoison(bytes, PAGE_SIZE);
		shows_secret |= memmem(bytes, PAGE_SIZE, secret, sizeof(secret)) != NULL;
		is_zero &= round % 2 || !memcmp(bytes, zeros, PAGE_SIZE);
		for (size_t i = 0; i < COUNT(offsets); i++)
			page_write_raw(page, secret, offsets[i], sizeof(secret));
		page_free(page);
	}
	/* [P7] [P43] */
	ok(!shows_secret, "a new page never shows the bytes of a freed one");
	/* [P34] [P42] */
	ok(is_zero, "a page that is allocated with __GFP_ZERO is zero");
}

UNIT_TEST_IN_MAP_MODES(test_page, test_sizes, test_align, test_gfp_flags, test_references, test_fresh_memory)
