/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The model's state, its changes, and the comparison with the library. */
#include "fuzz/api_model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz/api.h"
#include "harness/detect/detector.h"
#include "harness/util/no_coverage.h"
#include "harness/util/number.h"

/* The pages of the slots and of their buffers; a page that outlives its buffer is in a slot. */
#define MODEL_PAGES (API_SLOTS * (1 + 2 * MODEL_BUFFER_END_PAGES) + 1)

#define TOUCHED_MAX 8

struct api_slot api_slots[API_SLOTS];
struct model_task api_tasks[MODEL_TASKS], *api_switched_in = api_tasks;
enum model_hook api_hook;
struct model_task *api_hook_task;

static struct model_page pages[MODEL_PAGES];
static size_t page_entry_count; /* entries from this index on were not used by this input */
static struct model_page *touched[TOUCHED_MAX];
static size_t touched_count;

/* ---- the observer: a task without mappings, for comparisons while the current task has all mappings ---- */

static struct page_task *observer;
static char own_name[PAGE_TASK_NAME]; /* of the thread's own task [P239] */

static struct page_task *return_observer(void)
{
	return observer;
}

static void read_as_observer(struct page *page, void *dst)
{
	page_task_hook_set(return_observer);
	api_expect(!page_read_raw(page, dst, 0, PAGE_SIZE), "page_read_raw of a whole page failed");
	api_set_library_hook();
}

static void check_whole_page(const struct model_page *page)
{
	static unsigned char seen[PAGE_SIZE];

	if (!api_has_free_mappings(1))
		read_as_observer(page->page, seen);
	else
		api_expect(!page_read_raw(page->page, seen, 0, PAGE_SIZE),
			   "page_read_raw of a whole page failed");
	api_check_bytes(page, seen, 0, PAGE_SIZE, "the page");
}

/* ---- the first bytes of freed frames: a new page must not show them (R7) ---- */

#define FREED_FRAMES 1024
#define FREED_BYTES  16

static struct {
	const struct page *page;
	unsigned char bytes[FREED_BYTES];
} freed_frames[FREED_FRAMES];

/* Which frame a new page gets depends on earlier inputs, so these functions have no coverage. */
NO_COVERAGE_BEGIN

static size_t find_freed_frame(const struct page *page)
{
	return ((uintptr_t)page / 32) % FREED_FRAMES;
}

static void store_bytes_of_freed_frame(const struct model_page *page)
{
	size_t i = find_freed_frame(page->page);

	freed_frames[i].page = NULL;
	/* Zeros and unknown bytes do not show whether the frame kept its bytes. */
	for (size_t byte = 0; byte < FREED_BYTES; byte++)
		if (!page->known[byte] || !page->bytes[byte])
			return;
	freed_frames[i].page = page->page;
	memcpy(freed_frames[i].bytes, page->bytes, FREED_BYTES);
}

/* Reads uninitialised bytes, so MemorySanitizer would report the comparison. */
static bool are_bytes_of_earlier_owner(const struct page *page, const unsigned char *seen)
{
	size_t i = find_freed_frame(page);

	if (freed_frames[i].page != page || detector_has_msan())
		return false;
	freed_frames[i].page = NULL;
	return api_are_equal_bytes(seen, freed_frames[i].bytes, FREED_BYTES);
}

NO_COVERAGE_END

static void check_bytes_of_earlier_owner(struct page *page)
{
	static unsigned char seen[FREED_BYTES];

	if (!api_has_free_mappings(1))
		return;
	page_read_raw(page, seen, 0, FREED_BYTES);
	api_expect(!are_bytes_of_earlier_owner(page, seen), "a new page has the bytes of an earlier owner");
}

/* ---- pages ---- */

struct model_page *api_add_page(struct page *page, bool is_zero)
{
	struct model_page *entry = pages;

	while (entry->page)
		entry++;
	if (entry == pages + page_entry_count)
		page_entry_count++;
	entry->page = page;
	entry->refs = 1;
	entry->addr_in_buffer = NULL;
	entry->next = entry->previous = NULL;
	entry->blocks = 0;
	if (is_zero)
		api_model_fill_zero(entry, 0, PAGE_SIZE);
	else
		memset(entry->known, 0, PAGE_SIZE);
	check_bytes_of_earlier_owner(page);
	return entry;
}

void api_mark_blocks(struct model_page *page, size_t off, size_t len)
{
	if (len)
		page->blocks |= (UINT64_MAX << off / MODEL_BLOCK) &
				(UINT64_MAX >> (63 - (off + len - 1) / MODEL_BLOCK));
}

void api_model_write(struct model_page *page, size_t off, const void *src, size_t len)
{
	memcpy(page->bytes + off, src, len);
	memset(page->known + off, 0xff, len);
	api_mark_blocks(page, off, len);
}

void api_model_fill_zero(struct model_page *page, size_t off, size_t len)
{
	memset(page->bytes + off, 0, len);
	memset(page->known + off, 0xff, len);
	api_mark_blocks(page, off, len);
}

static void remove_page_from_mappings(const struct model_page *page)
{
	for (struct model_task *task = api_tasks; task < api_tasks + MODEL_TASKS; task++)
		for (unsigned int i = 0; i < task->depth; i++)
			if (task->mappings[i].page == page)
				task->mappings[i].page = NULL;
}

/* The page is about to be freed: compares its bytes, and removes the page from the model. */
static void remove_page(struct model_page *page)
{
	check_whole_page(page);
	store_bytes_of_freed_frame(page);
	remove_page_from_mappings(page);
	if (page->next)
		page->next->previous = NULL;
	if (page->previous)
		page->previous->next = NULL;
	for (size_t i = 0; i < touched_count; i++)
		if (touched[i] == page)
			touched[i] = NULL;
	page->page = NULL;
}

void api_put_page(struct model_page *page)
{
	struct page *freed = page->page;

	if (!--page->refs)
		remove_page(page);
	page_free(freed);
}

struct model_page *api_get_or_alloc_page(const struct api_call *call)
{
	struct api_slot *slot = &api_slots[call->slot_index];
	struct page *page;

	if (slot->page)
		return slot->page;
	page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);
	api_expect(page, "page_alloc(GFP_KERNEL | __GFP_NOFAIL) failed");
	slot->page = api_add_page(page, false);
	slot->refs_of_slot = 1;
	if (api_has_free_mappings(1)) {
		const unsigned char *bytes = api_pattern(call->slot_index * 1000u);

		api_expect(!page_write_raw(page, bytes, 0, PAGE_SIZE), "page_write_raw of a page failed");
		api_model_write(slot->page, 0, bytes, PAGE_SIZE);
	}
	return slot->page;
}

void api_empty_page_slot(struct api_slot *slot)
{
	struct model_page *page = slot->page;

	slot->page = NULL;
	for (; page && slot->refs_of_slot; slot->refs_of_slot--)
		api_put_page(page);
}

/* ---- buffers ---- */

/* A slot that borrowed a page without a reference must not use the page after the buffer is freed. */
static void take_page_from_borrowers(const struct model_page *page)
{
	for (struct api_slot *slot = api_slots; slot < api_slots + API_SLOTS; slot++)
		if (slot->page == page && !slot->refs_of_slot)
			slot->page = NULL;
}

static void drop_reference_of_buffer(struct model_page *page)
{
	take_page_from_borrowers(page);
	page->addr_in_buffer = NULL;
	if (!--page->refs)
		remove_page(page);
}

void api_empty_buffer_slot(struct api_slot *slot)
{
	struct model_buffer buffer = slot->buffer;

	if (!buffer.addr)
		return;
	slot->buffer = (struct model_buffer){ 0 };
	for (size_t i = 0; i < MODEL_BUFFER_END_PAGES; i++) {
		if (buffer.first[i])
			drop_reference_of_buffer(buffer.first[i]);
		if (buffer.last[i])
			drop_reference_of_buffer(buffer.last[i]);
	}
	page_buffer_free(buffer.addr);
}

/* ---- tasks and mappings ---- */

struct model_task *api_current_task(void)
{
	return api_hook == HOOK_RETURNS_TASK ? api_hook_task : api_switched_in;
}

bool api_has_free_mappings(unsigned int count)
{
	return api_current_task()->depth + count <= PAGE_TASK_MAPPINGS;
}

static bool is_alias;

bool api_is_alias(void)
{
	return is_alias;
}

bool api_is_mapping_valid(const struct model_task *task, const struct model_mapping *mapping)
{
	return mapping->page && !(task->is_out && api_is_alias());
}

/* The distance of two addresses is different in each process. */
NO_COVERAGE_BEGIN

/* With `alias`, an address belongs to one mapping, and has guard pages. With `direct`, to one page. */
static void check_address_of_mapping(const struct model_page *page, const unsigned char *addr,
				     const struct model_mapping *other)
{
	uintptr_t a = (uintptr_t)addr, b = (uintptr_t)other->addr, distance = a > b ? a - b : b - a;

	if (api_is_alias())
		api_expect(distance >= 2 * PAGE_SIZE, "two mappings are %zu bytes apart", (size_t)distance);
	else if (other->page)
		api_expect((distance == 0) == (other->page == page),
			   "a page is mapped at %p, another mapping of %s is at %p", (const void *)addr,
			   other->page == page ? "the page" : "another page", (void *)other->addr);
}

NO_COVERAGE_END

static void check_addresses_of_all_mappings(const struct model_page *page, const unsigned char *addr)
{
	for (const struct model_task *task = api_tasks; task < api_tasks + MODEL_TASKS; task++)
		for (unsigned int i = 0; i < task->depth; i++)
			check_address_of_mapping(page, addr, &task->mappings[i]);
}

/* [P107] [P214] [P221] */
static void check_canonical_address(const struct model_page *page, unsigned char *addr)
{
	unsigned char *canonical = page_canonical(addr);

	api_expect(canonical, "a mapping has no canonical address");
	api_expect((canonical == addr) == !api_is_alias(), "the canonical address of %p is %p", (void *)addr,
		   (void *)canonical);
	api_expect((unsigned char *)page_canonical(addr + 5) == canonical + 5 &&
			   page_canonical(canonical + 5) == canonical + 5,
		   "byte 5 of a mapping has another canonical address than byte 5 of the page");
	api_expect(page_borrow(canonical + 5) == (page->addr_in_buffer ? page->page : NULL),
		   "page_borrow returned a wrong page for byte 5 of a page");
}

void api_push_mapping(struct model_page *page, unsigned char *addr)
{
	struct model_task *task = api_current_task();

	api_expect(addr, "a page is mapped at NULL");
	check_addresses_of_all_mappings(page, addr);
	check_canonical_address(page, addr);
	task->mappings[task->depth++] = (struct model_mapping){ page, addr };
}

void api_pop_mapping(void)
{
	struct model_task *task = api_current_task();

	task->mappings[--task->depth] = (struct model_mapping){ 0 };
}

/* ---- comparison ---- */

void api_touch_page(struct model_page *page)
{
	if (touched_count < TOUCHED_MAX)
		touched[touched_count++] = page;
}

static uint64_t state_check_count;

/* A page of a buffer may be touched, and the neighbour of touched pages. */
static void check_page_once(struct model_page *page)
{
	if (!page || page->last_check == state_check_count)
		return;
	page->last_check = state_check_count;
	check_whole_page(page);
}

static void check_touched_pages(void)
{
	state_check_count++;
	for (size_t i = 0; i < touched_count; i++) {
		if (!touched[i])
			continue;
		check_page_once(touched[i]);
		check_page_once(touched[i]->next);
		check_page_once(touched[i]->previous);
	}
	touched_count = 0;
}

static void check_reference_counts(void)
{
	for (const struct model_page *page = pages; page < pages + page_entry_count; page++)
		if (page->page)
			api_expect(page_ref_count(page->page) == page->refs,
				   "a page has %u references, expected %u", page_ref_count(page->page),
				   page->refs);
}

static void check_ends_of_mapping(const struct model_mapping *mapping)
{
	api_check_bytes(mapping->page, mapping->addr, 0, 1, "a mapping");
	api_check_bytes(mapping->page, mapping->addr + PAGE_SIZE - 1, PAGE_SIZE - 1, 1, "a mapping");
}

static void check_tasks(void)
{
	struct model_task *current = api_current_task();

	api_expect(page_task_current() == current->task, "the current task is %s, expected %s",
		   page_task_name(page_task_current()), page_task_name(current->task));
	for (const struct model_task *task = api_tasks; task < api_tasks + MODEL_TASKS; task++) {
		if (!task->task)
			continue;
		api_expect(page_task_depth(task->task) == task->depth, "a task has %u mappings, expected %u",
			   page_task_depth(task->task), task->depth);
		api_expect(!task->name || api_are_equal_texts(page_task_name(task->task), task->name),
			   "the name of a task is %s, expected %s", page_task_name(task->task), task->name);
		for (unsigned int i = 0; i < task->depth; i++)
			if (api_is_mapping_valid(task, &task->mappings[i]))
				check_ends_of_mapping(&task->mappings[i]);
	}
}

static void check_positions(const struct api_slot *slot)
{
	api_expect(user_slice_left(&slot->reader) == slot->reader_model.left,
		   "a reader has %zu bytes left, expected %zu", user_slice_left(&slot->reader),
		   slot->reader_model.left);
	api_expect(user_slice_writer_left(&slot->writer) == slot->writer_model.left,
		   "a writer has %zu bytes left, expected %zu", user_slice_writer_left(&slot->writer),
		   slot->writer_model.left);
}

void api_check_state(const struct api_slot *slot)
{
	check_tasks();
	check_reference_counts();
	check_touched_pages();
	check_positions(slot);
	api_check_attributes();
}

/* ---- the start and the end of an input ---- */

void api_model_init(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_NOFAIL);

	api_init_pattern();
	is_alias = !strcmp(page_map_backend(), "alias");
	page_task_switch_in(NULL);
	observer = page_task_new("observer");
	if (!page || !observer)
		abort();
	api_tasks[0].task = page_task_current();
	snprintf(own_name, sizeof(own_name), "thread %ld", (long)syscall(SYS_gettid));
	api_tasks[0].name = own_name;
	/* Each task maps a page once, so that the library has reserved addresses for as many tasks. */
	for (int i = 1; i < MODEL_TASKS; i++) {
		api_tasks[i].task = page_task_new("");
		if (!api_tasks[i].task)
			abort();
		page_task_switch_in(api_tasks[i].task);
		page_unmap_local(page_map_local(page));
	}
	page_task_switch_in(NULL);
	page_unmap_local(page_map_local(page));
	for (int i = 1; i < MODEL_TASKS; i++) {
		page_task_delete(api_tasks[i].task);
		api_tasks[i].task = NULL;
	}
	page_free(page);
}

void api_model_reset(void)
{
	/* Each page is compared when its last reference is dropped. */
	api_delete_all_tasks();
	for (struct api_slot *slot = api_slots; slot < api_slots + API_SLOTS; slot++)
		api_empty_page_slot(slot);
	for (struct api_slot *slot = api_slots; slot < api_slots + API_SLOTS; slot++) {
		check_positions(slot);
		api_empty_buffer_slot(slot);
		*slot = (struct api_slot){ 0 };
	}
	touched_count = page_entry_count = 0;
	api_reset_user_memory();
	api_reset_failure_injection();
}

/* ---- arguments ---- */

size_t api_reduce_upper_half(uint64_t number, size_t max)
{
	uint64_t last = number_pack(number) % NUMBER_SPAN;

	if (last < NUMBER_SPAN / 2)
		return (size_t)number;
	return last % 8 == 7 ? max + last / 8 % 2 : last % (max + 1);
}
