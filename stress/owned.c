/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/owned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress/tagged.h"

/* The greatest length of a span that owned_pick_near_end_or_part() picks near the end of a page. */
#define OBJECT_MAX 24

/* owned_check_span_by_random_kind() reads only spans shorter than MAPPED_MAX through a mapping. */
#define MAPPED_MAX 64

/* A buffer has this many bytes more than the file, so that the buffer's size is no multiple of a page. */
#define SPARE_BYTES 7

/* The greatest length of a piece in the second quarter of an OWNED_MIXED page. */
#define SMALL_MAX 24

static struct {
	const struct owned_layout *layout;
	struct piece *pieces; /* piece N belongs to thread N modulo the number of threads */
	size_t piece_count;
	size_t page_count;     /* number of pages of one copy of the file */
	struct page **pages;   /* of the first copy of the file, then of the next */
	unsigned char *memory; /* the file, if it is in a buffer or in memory for --bare; else NULL */
} owned;

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Return: whether the injected bug is a write that also writes the byte after its piece. */
static bool must_write_one_byte_too_many(void)
{
	return stress_injects_bug("range") || stress_injects_bug("foreign");
}

/* ---- the file ---- */

static size_t choose_piece_length_by_layout(size_t pos, uint64_t *random_state)
{
	size_t fair_share = PAGE_SIZE / 2 / current_run.thread_count, len;

	if (owned.layout->piece_size != OWNED_MIXED)
		return owned.layout->piece_size;
	if (pos < PAGE_SIZE / 4)
		return 1;
	if (pos < PAGE_SIZE / 2)
		len = 1 + random_below(random_state, SMALL_MAX);
	else
		len = 1 + fair_share / 2 + random_below(random_state, fair_share);
	return min_size(len, PAGE_SIZE - pos);
}

static void divide_into_pieces(size_t file_size)
{
	size_t shortest = owned.layout->piece_size == OWNED_MIXED ? 1 : owned.layout->piece_size;
	uint64_t random_state = current_run.seed;
	struct piece *piece;

	owned.pieces = stress_allocate_memory_or_exit(file_size / shortest, sizeof(*owned.pieces));
	for (size_t pos = 0; pos < file_size; pos += piece->len) {
		piece = &owned.pieces[owned.piece_count++];
		piece->file_pos = pos;
		piece->len = choose_piece_length_by_layout(pos, &random_state);
		piece->expected_bytes = stress_allocate_memory_or_exit(owned.layout->copy_count, piece->len);
	}
}

static void allocate_file_pages_or_buffer(size_t file_size)
{
	const struct owned_layout *layout = owned.layout;

	/* The last page has bytes after the last piece, because an injected bug writes to them. */
	owned.page_count = file_size / PAGE_SIZE + 1;
	owned.pages =
		stress_allocate_memory_or_exit(owned.page_count * layout->copy_count, sizeof(*owned.pages));
	if (layout->alloc_buffer)
		owned.memory = layout->alloc_buffer(file_size + SPARE_BYTES);
	else if (current_run.is_bare)
		owned.memory = stress_allocate_memory_or_exit(owned.page_count, PAGE_SIZE);
	if (layout->alloc_buffer && !owned.memory)
		stress_exit_with_failure("a buffer", errno);
	for (size_t i = 0; !owned.memory && i < owned.page_count * layout->copy_count; i++)
		owned.pages[i] = stress_alloc_page_or_exit(GFP_KERNEL);
}

static struct file_span make_span_with_bug(const struct piece *piece, unsigned int copy_index,
					   size_t piece_off, size_t len)
{
	/* The span ends with its piece, so that this bug writes to a byte of another thread. */
	if (must_write_one_byte_too_many())
		len = piece->len - piece_off;
	return (struct file_span){ piece, copy_index, piece->file_pos + piece_off, len };
}

static enum access_kind get_call_or_bare_kind(void)
{
	return current_run.is_bare ? BY_ADDRESS : BY_CALL;
}

/* Calls @access for each copy of each piece. @owner: the thread that owns the piece. */
static void for_each_piece_copy(void (*access)(struct stress_thread *owner, struct file_span span,
					       enum access_kind kind))
{
	for (size_t i = 0; i < owned.piece_count; i++)
		for (unsigned int copy = 0; copy < owned.layout->copy_count; copy++)
			access(&threads[i % current_run.thread_count],
			       make_span_with_bug(&owned.pieces[i], copy, 0, owned.pieces[i].len),
			       get_call_or_bare_kind());
}

void owned_allocate_and_fill_file(const struct owned_layout *layout)
{
	size_t file_size = PAGE_SIZE;

	owned.layout = layout;
	if (layout->piece_size != OWNED_MIXED)
		file_size = layout->piece_size * layout->pieces_per_thread * current_run.thread_count;
	divide_into_pieces(file_size);
	allocate_file_pages_or_buffer(file_size);
	for_each_piece_copy(owned_write_new_bytes);
}

void owned_check_and_free_file(void)
{
	for_each_piece_copy(owned_check_span_by);
	for (size_t i = 0; i < owned.piece_count; i++)
		free(owned.pieces[i].expected_bytes);
	for (size_t i = 0; i < owned.page_count * owned.layout->copy_count; i++)
		page_free(owned.pages[i]);
	if (owned.layout->free_buffer)
		owned.layout->free_buffer(owned.memory);
	else
		free(owned.memory);
	free(owned.pieces);
	free(owned.pages);
}

/* ---- spans ---- */

/* Return: the piece with index @own_piece_index among the pieces of the thread. */
static const struct piece *get_own_piece(const struct stress_thread *self, size_t own_piece_index)
{
	return &owned.pieces[own_piece_index * current_run.thread_count + self->thread_index];
}

struct file_span owned_pick_piece(struct stress_thread *self)
{
	size_t thread_count = current_run.thread_count;
	size_t own_piece_count = (owned.piece_count - self->thread_index + thread_count - 1) / thread_count;
	const struct piece *piece = get_own_piece(self, stress_pick_number(self, own_piece_count));

	return make_span_with_bug(piece, stress_pick_number(self, owned.layout->copy_count), 0, piece->len);
}

struct file_span owned_pick_piece_part(struct stress_thread *self)
{
	struct file_span span = owned_pick_piece(self);
	size_t piece_off = stress_pick_number(self, span.len);

	return make_span_with_bug(span.piece, span.copy_index, piece_off,
				  1 + stress_pick_number(self, span.len - piece_off));
}

struct file_span owned_pick_piece_tail(struct stress_thread *self)
{
	struct file_span span = owned_pick_piece_part(self);

	span.len = span.piece->file_pos + span.piece->len - span.file_pos;
	return span;
}

struct file_span owned_pick_near_end_or_part(struct stress_thread *self)
{
	size_t page_end_pos = (1 + stress_pick_number(self, owned.page_count - 1)) * PAGE_SIZE;
	size_t own_piece_index = page_end_pos / owned.layout->piece_size / current_run.thread_count;
	size_t bytes_before_end = stress_pick_number(self, OBJECT_MAX), piece_off = 0;
	const struct piece *piece;

	if (own_piece_index >= owned.layout->pieces_per_thread)
		return owned_pick_piece_part(self);
	piece = get_own_piece(self, own_piece_index);
	if (page_end_pos <= piece->file_pos || page_end_pos >= piece->file_pos + piece->len)
		piece_off = stress_pick_number(self, piece->len);
	else if (page_end_pos - piece->file_pos > bytes_before_end)
		piece_off = page_end_pos - piece->file_pos - bytes_before_end;
	return make_span_with_bug(piece, 0, piece_off,
				  1 + stress_pick_number(self, min_size(OBJECT_MAX, piece->len - piece_off)));
}

unsigned char *owned_get_expected_bytes(struct file_span span)
{
	const struct piece *piece = span.piece;

	return piece->expected_bytes + span.copy_index * piece->len + (span.file_pos - piece->file_pos);
}

/* ---- chunks ---- */

bool owned_get_next_chunk_and_record_access(struct stress_thread *self, struct file_span span,
					    struct chunk *chunk)
{
	size_t pos;

	chunk->span_pos += chunk->len;
	chunk->len = 0;
	if (chunk->span_pos == span.len)
		return false;
	pos = span.file_pos + chunk->span_pos;
	chunk->page_index = pos / PAGE_SIZE;
	chunk->page = owned.layout->borrow ?
			      owned.layout->borrow(owned.memory + pos) :
			      owned.pages[span.copy_index * owned.page_count + chunk->page_index];
	chunk->off = pos % PAGE_SIZE;
	chunk->len = min_size(span.len - chunk->span_pos, PAGE_SIZE - chunk->off);
	chunk->expected_bytes = owned_get_expected_bytes(span) + chunk->span_pos;
	stress_record_access(self, span.copy_index * owned.page_count + chunk->page_index, chunk->off,
			     chunk->len, chunk->expected_bytes[0]);
	return true;
}

size_t owned_compute_write_length_with_bug(const struct chunk *chunk)
{
	return chunk->len + (must_write_one_byte_too_many() && chunk->off + chunk->len < PAGE_SIZE);
}

/* Checks the range as the library does, so that a comparison with --bare does not measure the check. */
static unsigned char *check_range_and_get_chunk_address(const struct chunk *chunk)
{
	if (chunk->off > PAGE_SIZE || chunk->len > PAGE_SIZE - chunk->off)
		abort();
	return owned.memory + chunk->page_index * PAGE_SIZE + chunk->off;
}

/* The pointers are volatile, so that the compiler makes one access for each byte. */
static void copy_bytes_one_by_one(volatile unsigned char *to, const volatile unsigned char *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

void owned_write_chunk_with_bug(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
				const unsigned char *bytes)
{
	size_t len = owned_compute_write_length_with_bug(chunk);

	if (kind == BY_CALL) {
		stress_write_page(self, chunk->page, bytes, chunk->off, len);
	} else if (kind == BY_ADDRESS) {
		memcpy(check_range_and_get_chunk_address(chunk), bytes, len);
	} else {
		unsigned char *mapped = page_map_local(chunk->page);

		copy_bytes_one_by_one(mapped + chunk->off, bytes, len);
		page_unmap_local(mapped);
	}
}

static void read_chunk(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
		       unsigned char *to)
{
	if (kind == BY_CALL) {
		stress_read_page(self, chunk->page, to, chunk->off, chunk->len);
	} else if (kind == BY_ADDRESS) {
		memcpy(to, check_range_and_get_chunk_address(chunk), chunk->len);
	} else {
		unsigned char *mapped = page_map_local(chunk->page);

		copy_bytes_one_by_one(to, mapped + chunk->off, chunk->len);
		page_unmap_local(mapped);
	}
}

/* ---- operations ---- */

/* Makes new bytes for the span, plus one for an injected bug, and stores them as the expected bytes. */
static void make_new_expected_bytes(struct stress_thread *self, struct file_span span,
				    unsigned char *new_bytes)
{
	tagged_fill_bytes(new_bytes, tagged_make_next_tag(self), span.file_pos, span.len + 1);
	memcpy(owned_get_expected_bytes(span), new_bytes, span.len);
}

void owned_write_new_bytes(struct stress_thread *self, struct file_span span, enum access_kind kind)
{
	unsigned char new_bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	make_new_expected_bytes(self, span, new_bytes);
	while (owned_get_next_chunk_and_record_access(self, span, &chunk))
		owned_write_chunk_with_bug(self, &chunk, kind, new_bytes + chunk.span_pos);
}

void owned_write_new_bytes_to_mapping(struct stress_thread *self, struct file_span span,
				      unsigned char *mapped_page)
{
	unsigned char new_bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	make_new_expected_bytes(self, span, new_bytes);
	if (owned_get_next_chunk_and_record_access(self, span, &chunk))
		copy_bytes_one_by_one(mapped_page + chunk.off, new_bytes,
				      owned_compute_write_length_with_bug(&chunk));
}

void owned_check_and_accept_bytes(struct stress_thread *self, struct file_span span,
				  const unsigned char *found_bytes)
{
	unsigned char *expected = owned_get_expected_bytes(span);
	unsigned int thread = self->thread_index, thread_count = current_run.thread_count;
	size_t pos, i = 0;

	if (!memcmp(found_bytes, expected, span.len))
		return;
	while (found_bytes[i] == expected[i])
		i++;
	pos = span.file_pos + i;
	stress_report_failure(
		self,
		"foreign byte: page %zu+0x%zx of copy %u: expected 0x%02x, found 0x%02x; bytes "
		"0x%zx to 0x%zx of the file belong to thread %u, those before to %u, those after "
		"to %u",
		pos / PAGE_SIZE, pos % PAGE_SIZE, span.copy_index, expected[i], found_bytes[i],
		span.piece->file_pos, span.piece->file_pos + span.piece->len - 1, thread,
		(thread + thread_count - 1) % thread_count, (thread + 1) % thread_count);
	memcpy(expected, found_bytes, span.len);
}

void owned_check_span_by(struct stress_thread *self, struct file_span span, enum access_kind kind)
{
	unsigned char found_bytes[OWNED_PIECE_MAX];
	struct chunk chunk = { 0 };

	while (owned_get_next_chunk_and_record_access(self, span, &chunk))
		read_chunk(self, &chunk, kind, found_bytes + chunk.span_pos);
	owned_check_and_accept_bytes(self, span, found_bytes);
}

void owned_check_span_by_random_kind(struct stress_thread *self, struct file_span span)
{
	enum access_kind kind = get_call_or_bare_kind();

	if (!current_run.is_bare && span.len < MAPPED_MAX && stress_pick_number(self, 2))
		kind = BY_MAPPING;
	else if (owned.layout->borrow && stress_pick_number(self, 2))
		kind = BY_ADDRESS;
	owned_check_span_by(self, span, kind);
}

void owned_write_by_kind_and_check(struct stress_thread *self, struct file_span span, enum access_kind kind)
{
	owned_write_new_bytes(self, span, kind);
	owned_check_span_by_random_kind(self, span);
}

void owned_write_and_check_span(struct stress_thread *self, struct file_span span)
{
	owned_write_by_kind_and_check(self, span, get_call_or_bare_kind());
}

void owned_zero_and_check_span(struct stress_thread *self, struct file_span span)
{
	struct chunk chunk = { 0 };

	memset(owned_get_expected_bytes(span), 0, span.len);
	while (owned_get_next_chunk_and_record_access(self, span, &chunk))
		stress_zero_page(self, chunk.page, chunk.off, owned_compute_write_length_with_bug(&chunk));
	owned_check_span_by_random_kind(self, span);
}
