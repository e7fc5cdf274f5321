/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Several pages have copies of the same pieces, at the same offsets, and threads map several pages at once. A
 * piece belongs to the same thread in all copies, and neighbouring pieces to other threads. The scenarios:
 *
 *   `twin`    copies between two pages at the same offset, by calls and through nested mappings. A copy of
 *             PAGE_SIZE + 1 bytes must return -EINVAL.
 *   `nested`  copies pieces of 512 bytes through nested mappings, and writes through up to 16 nested mappings
 *             (R5, R6).
 *   `map`     maps and unmaps often: one page at a time, nested, and in tasks that are switched out and in
 *             (R4, R5, R6); each piece is a word of 8 bytes.
 *
 * The errors to find (A and B are threads; x and y are pages):
 *
 *   Error 1: A copy that is one byte too long, uses the wrong limit, or has the wrong
 *     direction [P152] [P157]:
 *        A: copy its [13, 26) of x to y         B: write byte 26 of y, reads that of x.
 *   Error 2: A copy of the whole page instead of a part: the pieces of other threads get old bytes [P2].
 *   Error 3: Unrelated threads copy in both directions at once between the same pages:
 *        A: map x, map y, copy                  B: map y, map x, copy
 *      A and B must not wait for each other, and neither may see the other's mapping [P18].
 *   Error 4: Two mappings get one address [P5] [P90]:
 *        A: map x                               B: map y at the same address
 *        A: reads its bytes of x, finds those of y.
 *   Error 5: An unmap ends the mapping of another thread or of another depth [P95]:
 *        A: map x, map y                        B: map x
 *        A: unmap y, unmap x                    B: its address is invalid, or shows y.
 *   Error 6: The address range of a mapping is reused too early, so the next mapping shows the previous
 *     page [P89].
 *   Error 7: A switched-in task has other mappings than when it was switched out [P251]:
 *        A: map x, switch to task 2, map y, switch back: the newest mapping must be that of x again.
 *   Error 8: A store through one mapping changes bytes of the neighbouring piece:
 *        A: store 8 bytes at 8                  B: store 8 bytes at 16.
 *
 * A few hundred operations detect an injected bug. No known bug of the library causes errors 4 to 7: to
 * search for these errors, run for minutes with the alias backend and --delays. After a change in
 * page_copy(), run for a minute.
 */
#include <errno.h>
#include <string.h>

#include "stress/owned.h"

static struct page_task *second_tasks[STRESS_THREADS_MAX];

/* Maps the page that contains the whole span. Return: the address of the mapped page. */
static unsigned char *map_and_record_span_page(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };

	owned_get_next_chunk_and_record_access(self, span, &chunk);
	return page_map_local(chunk.page);
}

static void check_mapped_span(struct stress_thread *self, struct file_span span, unsigned char *mapped_page)
{
	owned_check_and_accept_bytes(self, span, mapped_page + span.file_pos % PAGE_SIZE);
}

/* ---- copies ---- */

/* Return: the length of the chunk, or more bytes if the injected bug makes copies too long. */
static size_t compute_copy_length_with_bug(const struct chunk *chunk)
{
	size_t page_left = PAGE_SIZE - chunk->off;

	if (stress_injects_bug("whole"))
		return page_left < STRESS_REGION_SIZE ? page_left : STRESS_REGION_SIZE;
	return owned_compute_write_length_with_bug(chunk);
}

static void copy_chunk_through_mappings(const struct chunk *to, const struct chunk *from)
{
	unsigned char *target = page_map_local(to->page);
	unsigned char *source = page_map_local(from->page);

	memcpy(target + to->off, source + from->off, compute_copy_length_with_bug(to));
	page_unmap_local(source);
	page_unmap_local(target);
}

/* Copies bytes from another copy of the piece to the span, and checks the span in both copies. */
static void copy_and_check_span(struct stress_thread *self, struct file_span span, enum access_kind kind)
{
	unsigned int copy_count = current_run.scenario->layout.copy_count;
	struct chunk to = { 0 }, from = { 0 };
	struct file_span source = span;

	source.copy_index = (span.copy_index + 1 + stress_pick_number(self, copy_count - 1)) % copy_count;
	while (owned_get_next_chunk_and_record_access(self, source, &from) &&
	       owned_get_next_chunk_and_record_access(self, span, &to)) {
		if (kind == BY_CALL)
			stress_expect_equal(self, "page_copy",
					    page_copy(to.page, to.off, from.page, from.off,
						      compute_copy_length_with_bug(&to)),
					    0);
		else
			copy_chunk_through_mappings(&to, &from);
	}
	memcpy(owned_get_expected_bytes(span), owned_get_expected_bytes(source), span.len);
	owned_check_span_by_random_kind(self, span);
	owned_check_span_by_random_kind(self, source);
}

static void check_too_long_copies_fail(struct stress_thread *self, struct file_span span)
{
	struct chunk to = { 0 }, from = { 0 };
	struct file_span other_copy = span;

	other_copy.copy_index = !span.copy_index;
	owned_get_next_chunk_and_record_access(self, other_copy, &from);
	owned_get_next_chunk_and_record_access(self, span, &to);
	stress_expect_equal(self, "page_copy(PAGE_SIZE + 1)",
			    page_copy(to.page, 0, from.page, 0, PAGE_SIZE + 1), -EINVAL);
	stress_expect_equal(self, "page_copy(1, PAGE_SIZE)", page_copy(to.page, 1, from.page, 1, PAGE_SIZE),
			    -EINVAL);
	owned_check_span_by_random_kind(self, span);
}

/* ---- mappings ---- */

static void write_and_check_through_one_mapping(struct stress_thread *self, struct file_span span)
{
	unsigned char *mapped_page = map_and_record_span_page(self, span);

	check_mapped_span(self, span, mapped_page);
	owned_write_new_bytes_to_mapping(self, span, mapped_page);
	check_mapped_span(self, span, mapped_page);
	if (stress_injects_bug("leak") && !stress_pick_number(self, 16))
		return;
	page_unmap_local(mapped_page);
}

static void write_and_check_through_nested_mappings(struct stress_thread *self)
{
	unsigned int depth = 1 + stress_pick_number(self, PAGE_TASK_MAPPINGS);
	unsigned char *mapped_pages[PAGE_TASK_MAPPINGS];
	struct file_span spans[PAGE_TASK_MAPPINGS];

	for (unsigned int i = 0; i < depth; i++) {
		spans[i] = owned_pick_piece(self);
		mapped_pages[i] = map_and_record_span_page(self, spans[i]);
		check_mapped_span(self, spans[i], mapped_pages[i]);
		owned_write_new_bytes_to_mapping(self, spans[i], mapped_pages[i]);
	}
	for (unsigned int i = 0; i < depth; i++)
		check_mapped_span(self, spans[i], mapped_pages[i]);
	if (stress_injects_bug("order") && depth > 1)
		page_unmap_local(mapped_pages[0]);
	while (depth--)
		page_unmap_local(mapped_pages[depth]);
}

static void create_second_task(struct stress_thread *self)
{
	second_tasks[self->thread_index] = page_task_new("second");
	if (!second_tasks[self->thread_index])
		stress_exit_with_failure("a task", errno);
}

static void delete_second_task(struct stress_thread *self)
{
	stress_expect_equal(self, "mappings that a task did not end",
			    page_task_delete(second_tasks[self->thread_index]), 0);
}

/* @from, @to: a task; NULL: the thread's own task. */
static void switch_task(struct page_task *from, struct page_task *to)
{
	page_task_switch_out(from);
	page_task_switch_in(to);
}

/* Maps a page in each of two tasks, and checks each mapping while the other task is switched out. */
static void check_mappings_of_two_tasks(struct stress_thread *self, struct file_span span)
{
	struct page_task *second_task = second_tasks[self->thread_index];
	unsigned char *own_mapping = map_and_record_span_page(self, span), *other_mapping;
	struct file_span other_span = owned_pick_piece(self);

	switch_task(NULL, second_task);
	other_mapping = map_and_record_span_page(self, other_span);
	owned_write_new_bytes_to_mapping(self, other_span, other_mapping);
	switch_task(second_task, NULL);
	check_mapped_span(self, span, own_mapping);
	page_unmap_local(own_mapping);
	switch_task(NULL, second_task);
	check_mapped_span(self, other_span, other_mapping);
	page_unmap_local(other_mapping);
	switch_task(second_task, NULL);
}

const struct stress_scenario stress_twin = {
	.layout = { .piece_size = 13, .pieces_per_thread = 64, .copy_count = 2 },
	.operations = {
		{ "write", 2, .pick = owned_pick_piece, .access = owned_write_and_check_span },
		{ "copy", 3, .pick = owned_pick_piece, .access_by = copy_and_check_span, .kind = BY_CALL },
		{ "nested", 3, .pick = owned_pick_piece, .access_by = copy_and_check_span,
		  .kind = BY_MAPPING },
		{ "too-long", 1, .pick = owned_pick_piece, .access = check_too_long_copies_fail },
	},
};

const struct stress_scenario stress_nested = {
	.layout = { .piece_size = 512, .pieces_per_thread = 2, .copy_count = PAGE_TASK_MAPPINGS },
	.operations = {
		{ "write", 2, .pick = owned_pick_piece, .access = owned_write_and_check_span },
		{ "copy", 3, .pick = owned_pick_piece, .access_by = copy_and_check_span,
		  .kind = BY_MAPPING },
		{ "nest", 2, .run = write_and_check_through_nested_mappings },
	},
};

const struct stress_scenario stress_map = {
	.layout = { .piece_size = sizeof(uint64_t), .pieces_per_thread = 16, .copy_count = 8 },
	.operations = {
		{ "alone", 6, .pick = owned_pick_piece, .access = write_and_check_through_one_mapping },
		{ "deep", 2, .run = write_and_check_through_nested_mappings },
		{ "leave", 1, .pick = owned_pick_piece, .access = check_mappings_of_two_tasks },
	},
	.prepare_thread = create_second_task,
	.finish_thread = delete_second_task,
};
