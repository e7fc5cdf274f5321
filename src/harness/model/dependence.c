/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/dependence.h"

#include "harness/model/rules_state.h"
#include "harness/util/bytes.h"

/* A call uses at most two pages. */
#define USES_MAX 2

enum page_use_kind {
	USE_NAMES,    /* only needs a filled handle: the range is outside of any page */
	USE_COUNTS,   /* adds a reference: commutes with everything except alloc_page and free_page */
	USE_ACCESSES, /* needs a live page, and reads or writes a range, which may be empty */
	USE_FREES,
	USE_ALLOCATES,
};

struct page_use {
	enum page_use_kind kind;
	uint8_t pages; /* one bit for each page that the call may use */
	bool is_write;
	uint64_t from, to;
};

void dependence_init(struct dependence *dependence, const struct program *program)
{
	bytes_fill(dependence->mapped_pages, 0, sizeof(dependence->mapped_pages));
	for (size_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];

		if (call->op == OP_kmap_local)
			dependence->mapped_pages[call->handle[0]] |= (uint8_t)(1u << call->handle[1]);
	}
}

static struct page_use make_range_use(uint8_t pages, bool is_write, uint64_t off, uint64_t len)
{
	if (!is_in_bounds(off, len))
		return (struct page_use){ USE_NAMES, pages, false, 0, 0 };
	return (struct page_use){ USE_ACCESSES, pages, is_write, off, off + len };
}

/* Stores how the call uses pages. Return: the number of @uses. */
static unsigned int find_page_uses(const struct dependence *dependence, const struct call *call,
				   struct page_use uses[USES_MAX])
{
	uint8_t page = (uint8_t)(1u << call->handle[0] % PROGRAM_PAGES);
	uint64_t first = call->number[0], second = call->number[1], third = call->number[2];

	switch ((enum op)call->op) {
	case OP_alloc_page:
		uses[0] = (struct page_use){ USE_ALLOCATES, page, true, 0, PAGE };
		return 1;
	case OP_get_page:
		uses[0] = (struct page_use){ USE_COUNTS, page, false, 0, 0 };
		return 1;
	case OP_free_page:
		uses[0] = (struct page_use){ USE_FREES, page, true, 0, PAGE };
		return 1;
	case OP_read_raw:
	case OP_read_bytewise_atomic:
		uses[0] = make_range_use(page, false, first, second);
		return 1;
	case OP_write_raw:
	case OP_write_bytewise_atomic:
	case OP_fill_zero:
	case OP_copy_from_user_slice:
		uses[0] = make_range_use(page, true, first, second);
		return 1;
	case OP_copy_page:
		uses[0] = make_range_use(page, true, first, third);
		uses[1] = make_range_use((uint8_t)(1u << call->handle[1]), false, second, third);
		return 2;
	case OP_kmap_local:
		uses[0] = make_range_use((uint8_t)(1u << call->handle[1]), false, 0, 0);
		return 1;
	case OP_load:
	case OP_load_atomic:
	case OP_store:
	case OP_store_atomic:
		uses[0] = make_range_use(dependence->mapped_pages[call->handle[0]],
					 call->op == OP_store || call->op == OP_store_atomic, first, second);
		return 1;
	case OP_fail_nth:
	case OP_kunmap_local:
	case OP_lock:
	case OP_post:
	case OP_skip:
	case OP_unlock:
	case OP_user_slice:
	case OP_user_store:
	case OP_wait:
		return 0;
	default: /* a new call depends on all calls that use pages */
		uses[0] = (struct page_use){ USE_ALLOCATES, UINT8_MAX, true, 0, PAGE };
		return 1;
	}
}

static bool page_uses_are_dependent(const struct page_use *a, const struct page_use *b)
{
	if (!(a->pages & b->pages))
		return false;
	if (a->kind == USE_ALLOCATES || b->kind == USE_ALLOCATES)
		return true;
	if (a->kind == USE_NAMES || b->kind == USE_NAMES)
		return false;
	if (a->kind == USE_FREES || b->kind == USE_FREES)
		return true;
	return (a->is_write || b->is_write) && a->from < b->to && b->from < a->to;
}

static bool any_page_uses_are_dependent(const struct dependence *dependence, const struct call *a,
					const struct call *b)
{
	struct page_use uses_of_a[USES_MAX], uses_of_b[USES_MAX];
	unsigned int count_of_a = find_page_uses(dependence, a, uses_of_a);
	unsigned int count_of_b = find_page_uses(dependence, b, uses_of_b);

	for (unsigned int i = 0; i < count_of_a; i++)
		for (unsigned int j = 0; j < count_of_b; j++)
			if (page_uses_are_dependent(&uses_of_a[i], &uses_of_b[j]))
				return true;
	return false;
}

static bool begins_or_ends_mapping(const struct call *call)
{
	return call->op == OP_kmap_local || call->op == OP_kunmap_local;
}

/* Return: whether the order of two calls that name the same handle of this kind may matter. */
static bool handle_makes_dependent(enum handle_kind kind, const struct call *a, const struct call *b)
{
	switch (kind) {
	case HANDLE_PAGE: /* any_page_uses_are_dependent() decides */
		return false;
	case HANDLE_MAP:
		return begins_or_ends_mapping(a) || begins_or_ends_mapping(b);
	case HANDLE_SEMAPHORE:
		return a->op != OP_post || b->op != OP_post;
	default: /* a slice has a position; a mutex has a holder */
		return true;
	}
}

static bool any_handles_are_dependent(const struct call *a, const struct call *b)
{
	struct call_handle handles_of_a[2], handles_of_b[2];
	unsigned int count_of_a = call_get_handles(a, handles_of_a);
	unsigned int count_of_b = call_get_handles(b, handles_of_b);

	for (unsigned int i = 0; i < count_of_a; i++)
		for (unsigned int j = 0; j < count_of_b; j++)
			if (handles_of_a[i].kind == handles_of_b[j].kind &&
			    handles_of_a[i].index == handles_of_b[j].index &&
			    handle_makes_dependent(handles_of_a[i].kind, a, b))
				return true;
	return false;
}

bool calls_are_dependent(const struct dependence *dependence, const struct call *a, const struct call *b)
{
	return a->thread == b->thread || a->thread == THREAD_MAIN || b->thread == THREAD_MAIN ||
	       any_handles_are_dependent(a, b) || any_page_uses_are_dependent(dependence, a, b);
}

static bool changes_live_page_count(const struct call *call)
{
	return call->op == OP_alloc_page || call->op == OP_free_page;
}

bool calls_are_dependent_with_page_limit(const struct dependence *dependence, const struct call *a,
					 const struct call *b)
{
	return (changes_live_page_count(a) && changes_live_page_count(b)) ||
	       calls_are_dependent(dependence, a, b);
}
