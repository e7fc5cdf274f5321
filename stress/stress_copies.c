/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Several pages have copies of the same pieces, at the same offsets, and threads map several pages
 * at once. A piece belongs to one thread in all copies, its neighbours to others. The scenarios:
 *
 *   twin    copies between two pages at the same offset, by calls and through nested mappings; a
 *           copy of PAGE_SIZE + 1 bytes is -EINVAL (use pattern 10)
 *   nested  copies in steps of 512 bytes by the smallest of three limits, and up to 16 nested
 *           mappings (use pattern 8, R5, R6)
 *   map     mapping churn: one mapping at a time, nested, and in tasks that are switched out and in
 *           (R4, R5, R6); each thread has words of 8 bytes
 *
 * The interleavings to find:
 *
 *   1. A copy that is one byte too long, uses the wrong limit, or has the wrong direction:
 *        A: copy its [13, 26) of x to y         B: write byte 26 of y, reads that of x
 *   2. A copy of the whole page instead of a part: all neighbours get old bytes.
 *   3. Copies in both directions at once between the same pages, by unrelated threads:
 *        A: map x, map y, copy                  B: map y, map x, copy
 *      Neither waits for the other, and neither sees the other's mapping.
 *   4. Two mappings get one address:
 *        A: map x                               B: map y at the same address
 *        A: reads its bytes of x, finds those of y
 *   5. The mapping that ends is another thread's or another depth's:
 *        A: map x, map y                        B: map x
 *        A: unmap y, unmap x                    B: its address is gone, or shows y
 *   6. A slot of a mapping is reused too early: the next mapping shows the previous page.
 *   7. A task resumes with other mappings than it had:
 *        A: map x, switch; map y; switch back: the newest is x again
 *   8. A store through one mapping changes the neighbour's bytes:
 *        A: store 8 bytes at 8                  B: store 8 bytes at 16
 *
 * Hundreds of operations find an injected bug. No bug in the library is known to cause 4. to 7.:
 * run minutes with the alias backend and --delays, and a minute after a change in page_copy().
 */
#include <errno.h>
#include <string.h>

#include "stress/owned.h"

static struct page_task *second_tasks[STRESS_THREADS_MAX];

static unsigned char *map_span(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };

	owned_next_chunk(self, span, &chunk);
	return page_map_local(chunk.page);
}

static void compare_mapped(struct stress_thread *self, struct span span, unsigned char *mapped)
{
	owned_compare_bytes(self, span, mapped + span.file_pos % PAGE_SIZE);
}

/* ---- copies ---- */

/* Return: the length of a copy, which an injected bug changes. */
static size_t choose_copy_length(const struct chunk *chunk)
{
	size_t page_left = PAGE_SIZE - chunk->off;

	if (stress_has_bug("whole"))
		return page_left < STRESS_REGION_SIZE ? page_left : STRESS_REGION_SIZE;
	return owned_choose_write_length(chunk);
}

static void copy_through_mappings(const struct chunk *to, const struct chunk *from)
{
	unsigned char *target = page_map_local(to->page);
	unsigned char *source = page_map_local(from->page);

	memcpy(target + to->off, source + from->off, choose_copy_length(to));
	page_unmap_local(source);
	page_unmap_local(target);
}

/* Copies the span from another copy of its piece, and checks both. */
static void copy_span(struct stress_thread *self, struct span span, bool by_call)
{
	unsigned int copies = current_run.scenario->layout.copies;
	struct chunk to = { 0 }, from = { 0 };
	struct span source = span;

	source.copy_index = (span.copy_index + 1 + stress_pick_number(self, copies - 1)) % copies;
	while (owned_next_chunk(self, source, &from) && owned_next_chunk(self, span, &to)) {
		if (by_call)
			stress_expect(self, "page_copy",
				      page_copy(to.page, to.off, from.page, from.off,
						choose_copy_length(&to)),
				      0);
		else
			copy_through_mappings(&to, &from);
	}
	memcpy(owned_find_expected_bytes(span), owned_find_expected_bytes(source), span.len);
	owned_check_span(self, span);
	owned_check_span(self, source);
}

static void copy_by_call(struct stress_thread *self, struct span span)
{
	copy_span(self, span, true);
}

static void copy_by_mapping(struct stress_thread *self, struct span span)
{
	copy_span(self, span, false);
}

static void copy_beyond_page_end(struct stress_thread *self, struct span span)
{
	struct chunk to = { 0 }, from = { 0 };
	struct span other_copy = span;

	other_copy.copy_index = !span.copy_index;
	owned_next_chunk(self, other_copy, &from);
	owned_next_chunk(self, span, &to);
	stress_expect(self, "page_copy(PAGE_SIZE + 1)",
		      page_copy(to.page, 0, from.page, 0, PAGE_SIZE + 1), -EINVAL);
	stress_expect(self, "page_copy(1, PAGE_SIZE)",
		      page_copy(to.page, 1, from.page, 1, PAGE_SIZE), -EINVAL);
	owned_check_span(self, span);
}

/* ---- mappings ---- */

static void map_one_page(struct stress_thread *self, struct span span)
{
	unsigned char *mapped = map_span(self, span);

	compare_mapped(self, span, mapped);
	owned_write_to_mapping(self, span, mapped);
	compare_mapped(self, span, mapped);
	if (stress_has_bug("leak") && !stress_pick_number(self, 16))
		return;
	page_unmap_local(mapped);
}

static void map_nested(struct stress_thread *self)
{
	unsigned int depth = 1 + stress_pick_number(self, PAGE_TASK_MAPPINGS);
	unsigned char *mapped[PAGE_TASK_MAPPINGS];
	struct span spans[PAGE_TASK_MAPPINGS];

	for (unsigned int i = 0; i < depth; i++) {
		spans[i] = owned_pick_piece(self);
		mapped[i] = map_span(self, spans[i]);
		compare_mapped(self, spans[i], mapped[i]);
		owned_write_to_mapping(self, spans[i], mapped[i]);
	}
	for (unsigned int i = 0; i < depth; i++)
		compare_mapped(self, spans[i], mapped[i]);
	if (stress_has_bug("order") && depth > 1)
		page_unmap_local(mapped[0]);
	while (depth--)
		page_unmap_local(mapped[depth]);
}

static void create_second_task(struct stress_thread *self)
{
	second_tasks[self->thread_index] = page_task_new("second");
	if (!second_tasks[self->thread_index])
		stress_exit_with_failure("a task", errno);
}

static void delete_second_task(struct stress_thread *self)
{
	stress_expect(self, "mappings that a task did not end",
		      page_task_delete(second_tasks[self->thread_index]), 0);
}

/* NULL is the thread's own task. */
static void switch_task(struct page_task *from, struct page_task *to)
{
	page_task_switch_out(from);
	page_task_switch_in(to);
}

/* Each of two tasks has a mapping that the other one does not see. */
static void map_in_tasks(struct stress_thread *self, struct span span)
{
	struct page_task *second_task = second_tasks[self->thread_index];
	unsigned char *own_mapping = map_span(self, span), *other_mapping;
	struct span other_span = owned_pick_piece(self);

	switch_task(NULL, second_task);
	other_mapping = map_span(self, other_span);
	owned_write_to_mapping(self, other_span, other_mapping);
	switch_task(second_task, NULL);
	compare_mapped(self, span, own_mapping);
	page_unmap_local(own_mapping);
	switch_task(NULL, second_task);
	compare_mapped(self, other_span, other_mapping);
	page_unmap_local(other_mapping);
	switch_task(second_task, NULL);
}

const struct stress_scenario stress_twin = {
	.layout = { .piece_size = 13, .pieces_per_thread = 64, .copies = 2 },
	.operations = {
		{ "write", 2, .pick = owned_pick_piece, .access = owned_write_span },
		{ "copy", 3, .pick = owned_pick_piece, .access = copy_by_call },
		{ "nested", 3, .pick = owned_pick_piece, .access = copy_by_mapping },
		{ "too-long", 1, .pick = owned_pick_piece, .access = copy_beyond_page_end },
	},
};

const struct stress_scenario stress_nested = {
	.layout = { .piece_size = 512, .pieces_per_thread = 2, .copies = PAGE_TASK_MAPPINGS },
	.operations = {
		{ "write", 2, .pick = owned_pick_piece, .access = owned_write_span },
		{ "copy", 3, .pick = owned_pick_piece, .access = copy_by_mapping },
		{ "nest", 2, .run = map_nested },
	},
};

const struct stress_scenario stress_map = {
	.layout = { .piece_size = sizeof(uint64_t), .pieces_per_thread = 16, .copies = 8 },
	.operations = {
		{ "alone", 6, .pick = owned_pick_piece, .access = map_one_page },
		{ "deep", 2, .run = map_nested },
		{ "leave", 1, .pick = owned_pick_piece, .access = map_in_tasks },
	},
	.prepare_thread = create_second_task,
	.finish_thread = delete_second_task,
};
