/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The model of fuzz_api: the state that page.h promises after the calls so far. A call of api.def changes the
 * library and the model, and api_check_state() compares both after each call. The model needs no function of
 * the library to know what is right.
 *
 *   pages     reference count, bytes, and which bytes are known (a new page is uninitialised)
 *   slots     each of the four slots may hold references of a page, a buffer, a task, a reader and a writer
 *   tasks     the thread's own task and those of the slots: mappings, fail_nth, make_it_fail
 *   failures  the attributes that remain (api_fault.c)
 *   user      the bytes of user memory, and which pages of it are accessible (api_user.c)
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/api_call.h"
#include "page/page.h"

/* At each end of a buffer, this many pages are in the model. */
#define MODEL_BUFFER_END_PAGES 4

/* A comparison of a page leaves out the blocks without known bytes. */
#define MODEL_BLOCK (PAGE_SIZE / 64)

struct model_page {
	struct page *page; /* NULL: the entry is unused */
	unsigned int refs;
	unsigned char *addr_in_buffer; /* of a borrowed page: one reference belongs to a buffer; or NULL */
	struct model_page *next, *previous; /* the neighbours in the page's buffer, or NULL */
	uint64_t last_check;                /* the number of the state check that compared the page last */
	unsigned char bytes[PAGE_SIZE];
	unsigned char known[PAGE_SIZE]; /* 0xff: the byte has the value of @bytes; 0: it may have any */
	uint64_t blocks;                /* bit N: block N of the page may have known bytes */
};

struct model_mapping {
	struct model_page *page; /* NULL: the page was freed after it was mapped */
	unsigned char *addr;
};

struct model_task {
	struct page_task *task; /* NULL: there is no task */
	const char *name;       /* or NULL: the name is not compared */
	unsigned int depth, fail_nth;
	bool may_fail; /* the setting of page_task_make_it_fail() */
	bool is_out;   /* switched out */
	struct model_mapping mappings[PAGE_TASK_MAPPINGS];
};

struct model_buffer {
	unsigned char *addr; /* NULL: there is no buffer */
	size_t size;         /* the argument of page_buffer_alloc(), in bytes */
	struct model_page *first[MODEL_BUFFER_END_PAGES], *last[MODEL_BUFFER_END_PAGES];
};

/* A position in user memory; a reader and a writer have the same model. */
struct model_position {
	uintptr_t at;
	size_t left;
};

struct api_slot {
	struct model_page *page;   /* NULL: the slot holds no page */
	unsigned int refs_of_slot; /* references that the slot owns; 0: a borrowed page of a buffer */
	struct model_buffer buffer;
	struct user_slice_reader reader;
	struct user_slice_writer writer;
	struct model_position reader_model, writer_model;
};

/* Task 0 is the thread's own task, task 1 + N is that of slot N. */
#define MODEL_TASKS (1 + API_SLOTS)

enum model_hook { HOOK_NOT_SET, HOOK_KNOWS_NO_TASK, HOOK_RETURNS_TASK };

extern struct api_slot api_slots[API_SLOTS];
extern struct model_task api_tasks[MODEL_TASKS];
extern struct model_task *api_switched_in; /* the task of the last page_task_switch_in() */
extern enum model_hook api_hook;
extern struct model_task *api_hook_task; /* what the hook returns with HOOK_RETURNS_TASK */

/* Prepares tasks and tables once, and calls the library, so it needs all constructors to have run. */
void api_model_init(void);

/* Removes all mappings, tasks, pages and buffers, so that no input affects the next one. */
void api_model_reset(void);

/* ---- comparison ---- */

/*
 * Compares the current task, the depth of each task, reference counts, the ends of each valid mapping,
 * attributes, the reader and the writer of @slot, and all bytes of the pages that the call touched
 * (api_touch_page()). The end of an input compares all readers and writers.
 */
void api_check_state(const struct api_slot *slot);

/* Makes the next api_check_state() compare all bytes of the page, and of its neighbours in its buffer. */
void api_touch_page(struct model_page *page);

/* ---- pages ---- */

/* Adds a page with one reference. @is_zero: its bytes are zero, otherwise they are not known. */
struct model_page *api_add_page(struct page *page, bool is_zero);

/* Drops a reference in the library and in the model. The last one compares the bytes first. */
void api_put_page(struct model_page *page);

/* What a write of the library or of the caller does to the model. The range is good. */
void api_model_write(struct model_page *page, size_t off, const void *src, size_t len);
void api_model_fill_zero(struct model_page *page, size_t off, size_t len);

/* Changes @page->blocks: bytes of the range may be known now. */
void api_mark_blocks(struct model_page *page, size_t off, size_t len);

/* Return: the page of the call's slot. An empty slot gets a page with known bytes. */
struct model_page *api_get_or_alloc_page(const struct api_call *call);

/* Drops the references of the slot. */
void api_empty_page_slot(struct api_slot *slot);

/* Drops the buffer of the slot; pages with another reference stay. */
void api_empty_buffer_slot(struct api_slot *slot);

/* ---- tasks and mappings ---- */

struct model_task *api_current_task(void);

/* Return: whether the current task may have @count more mappings, so that a call cannot overflow. */
bool api_has_free_mappings(unsigned int count);

/* Maps the page, compares the mapping, and adds it to the model. */
void api_map_page(struct model_page *page);

/* The next mapping may have any address: the task of the last unmap is deleted, or the input ends. */
void api_forget_last_unmap(void);

/* Unmaps the newest mapping of the current task, by the byte at @offset, modulo the page size. */
void api_unmap_newest(size_t offset);

/* Adds a mapping that the library made for the current task, and checks its address. */
void api_push_mapping(struct model_page *page, unsigned char *addr);

/* Removes the newest mapping of the current task, which the library removed. */
void api_pop_mapping(void);

/* Return: whether the bytes of the mapping may be accessed now. */
bool api_is_mapping_valid(const struct model_task *task, const struct model_mapping *mapping);

/* True for the backend that gives each mapping an address of its own. */
bool api_is_alias(void);

/* ---- arguments ---- */

/*
 * Return: the argument for a number of an input. Numbers whose last 14 bits are below half of their range are
 * passed unchanged, also huge ones; the others are reduced to at most @max, some of them to exactly @max or
 * @max + 1.
 */
size_t api_reduce_upper_half(uint64_t number, size_t max);

static inline bool api_is_good_range(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE && off + len <= PAGE_SIZE;
}
