/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Calls of fuzz_api for pages: allocation flags, references, reuse of frames. */
#include "fuzz/api.h"

#include <errno.h>

#include "harness/library.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"

#define CONTEXTS  (GFP_KERNEL | GFP_ATOMIC | GFP_NOWAIT | GFP_NOIO)
#define MODIFIERS (__GFP_ZERO | __GFP_HIGHMEM | __GFP_NOFAIL | __GFP_NOWARN)

/* One call `churn` in 32 allocates up to CHURN_MOST pages, far more than the library's quarantine holds. */
#define CHURN_MOST 200
#define CHURN_FEW  8

void api_run_align(const struct api_call *call)
{
	size_t addr = (size_t)call->numbers[0], over = addr % PAGE_SIZE, aligned = 77;
	bool fits = !over || addr - over <= SIZE_MAX - PAGE_SIZE;
	size_t expected = !fits ? 77 : over ? addr - over + PAGE_SIZE : addr;

	api_expect(page_align(addr, &aligned) == fits && aligned == expected,
		   "page_align(%#zx) gave %#zx, expected %s %#zx", addr, aligned,
		   fits ? "true and" : "false and still", expected);
}

/* ---- allocation ---- */

static bool is_valid_gfp(gfp_t gfp)
{
	return !(gfp & ~(CONTEXTS | MODIFIERS)) && __builtin_popcount(gfp & CONTEXTS) == 1;
}

/* Half of the small numbers select known flags only, because few random values are valid flags. */
static gfp_t derive_gfp_flags(uint64_t number)
{
	return number < NUMBER_SPAN / 2 ? number & (CONTEXTS | MODIFIERS) : (gfp_t)number;
}

static void expect_refused_flags(gfp_t gfp)
{
	int wanted_error = library_get()->bad_flags_error;

	errno = 0;
	api_expect(!page_alloc(gfp) && (!wanted_error || errno == wanted_error),
		   "page_alloc(%#x) failed with %d, expected an error %d", gfp, errno, wanted_error);
}

void api_run_alloc(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	gfp_t gfp = derive_gfp_flags(call->numbers[0]);
	struct page *page;

	if (!is_valid_gfp(gfp)) {
		expect_refused_flags(gfp);
		return;
	}
	errno = 0;
	page = page_alloc(gfp);
	api_expect(page || errno == ENOMEM, "page_alloc(%#x) failed with %d", gfp, errno);
	api_check_predicted_failure(PAGE_FAULT_ALLOC, gfp, 0, !page);
	if (!page)
		return;
	api_expect(!page_nid(page), "a page is on node %d", page_nid(page));
	api_empty_page_slot(slot);
	slot->page = api_add_page(page, gfp & __GFP_ZERO);
	slot->refs_of_slot = 1;
	api_touch_page(slot->page);
}

/* ---- references ---- */

/*
 * Counts of references have limits at 8 and at 16 bits. A loop of that length is slow, so it is rare.
 * Mutators often choose small numbers and -1, so these numbers have no long loop.
 */
static unsigned int derive_reference_count(uint64_t number)
{
	unsigned int kind = (unsigned int)(number % 1024);

	if (kind == 700)
		return 65536 + 2;
	return kind > 700 && kind <= 720 ? 300 : 1 + kind % 4;
}

NO_COVERAGE_BEGIN

static void get_many(struct page *page, unsigned int count)
{
	for (; count; count--)
		page_get(page);
}

static void free_many(struct page *page, unsigned int count)
{
	for (; count; count--)
		page_free(page);
}

NO_COVERAGE_END

void api_run_get(const struct api_call *call)
{
	unsigned int count = derive_reference_count(call->numbers[0]);
	struct model_page *page = api_get_or_alloc_page(call);

	get_many(page->page, count);
	page->refs += count;
	/* More than a few are dropped at once, so that the end of an input is fast. */
	if (count > 4) {
		api_expect(page_ref_count(page->page) == page->refs, "a page has %u references, expected %u",
			   page_ref_count(page->page), page->refs);
		free_many(page->page, count - 1);
		page->refs -= count - 1;
		count = 1;
	}
	api_slots[call->slot_index].refs_of_slot += count;
}

/* Drops one reference of the slot. Without any, the slot has a borrowed page, and forgets it. */
void api_run_put(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	struct model_page *page = slot->page;

	page_free(NULL); /* [P57] */
	if (!page)
		return;
	if (slot->refs_of_slot <= 1)
		slot->page = NULL;
	if (!slot->refs_of_slot)
		return;
	slot->refs_of_slot--;
	if (page->refs > 1)
		api_touch_page(page);
	api_put_page(page);
}

/* Gives a reference of the slot's page to another slot. */
void api_run_share(const struct api_call *call)
{
	struct model_page *page = api_get_or_alloc_page(call);
	struct api_slot *other = &api_slots[call->numbers[0] % API_SLOTS];

	page_get(page->page);
	page->refs++;
	api_empty_page_slot(other);
	/* The other slot may be the slot itself: it dropped its references, and has the new one. */
	other->page = page;
	other->refs_of_slot = 1;
	api_touch_page(page);
}

void api_run_release(const struct api_call *call)
{
	api_empty_page_slot(&api_slots[call->slot_index]);
}

/* ---- frames ---- */

void api_run_churn(const struct api_call *call)
{
	uint64_t number = call->numbers[0];
	const struct page *last = NULL;

	for (uint64_t n = number % 32 == 31 ? number % CHURN_MOST : number % CHURN_FEW; n; n--) {
		struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);

		api_expect(page, "no frame is left, although all but a few frames were freed");
		/* [P44] */
		api_expect(page != last, "the frame of the page that was freed last is used again");
		last = page;
		page_free(page);
	}
}
