/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/owned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress/tagged.h"

#define OBJECT_MAX 24 /* bytes of a span at a page end */

/* Longer spans are not checked through a mapping. */
#define MAPPED_MAX 64

/* So that the size of a buffer is no multiple of a page. */
#define SPARE_BYTES 7

/* Pieces of OWNED_MIXED that share a cache line. */
#define SMALL_MAX 24

static struct {
	const struct owned_layout *layout;
	struct piece *pieces; /* number N belongs to thread N modulo the number of threads */
	size_t piece_count, page_count; /* page_count: of one copy */
	struct page **pages;            /* of the first copy, then of the next */
	unsigned char *memory;          /* the address for BY_ADDRESS, or NULL */
} owned;

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The injected bug: an access also writes one byte after the piece. */
static bool must_write_one_byte_too_many(void)
{
	return stress_has_bug("range") || stress_has_bug("foreign");
}

/* ---- the file ---- */

static size_t choose_piece_length(size_t pos, uint64_t *random_state)
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
		piece->len = choose_piece_length(pos, &random_state);
		piece->expected_bytes =
			stress_allocate_memory_or_exit(owned.layout->copies, piece->len);
	}
}

static void allocate_pages(size_t file_size)
{
	const struct owned_layout *layout = owned.layout;

	/* One page more, for injected bugs that write beyond the last piece. */
	owned.page_count = file_size / PAGE_SIZE + 1;
	owned.pages = stress_allocate_memory_or_exit(owned.page_count * layout->copies,
						     sizeof(*owned.pages));
	if (layout->alloc_buffer)
		owned.memory = layout->alloc_buffer(file_size + SPARE_BYTES);
	else if (current_run.is_bare)
		owned.memory = stress_allocate_memory_or_exit(owned.page_count, PAGE_SIZE);
	if (layout->alloc_buffer && !owned.memory)
		stress_exit_with_failure("a buffer", errno);
	for (size_t i = 0; !owned.memory && i < owned.page_count * layout->copies; i++)
		owned.pages[i] = stress_alloc_page_or_exit(GFP_KERNEL);
}

static struct span make_span(const struct piece *piece, unsigned int copy_index, size_t skip,
			     size_t len)
{
	/* The injected bug needs the byte after the piece. */
	if (must_write_one_byte_too_many())
		len = piece->len - skip;
	return (struct span){ piece, copy_index, piece->file_pos + skip, len };
}

static enum access_kind get_default_access_kind(void)
{
	return current_run.is_bare ? BY_ADDRESS : BY_CALL;
}

/* Calls @access for each copy of each piece, with its owner. */
static void for_each_piece(void (*access)(struct stress_thread *owner, struct span span,
					  enum access_kind kind))
{
	for (size_t i = 0; i < owned.piece_count; i++)
		for (unsigned int copy = 0; copy < owned.layout->copies; copy++)
			access(&threads[i % current_run.thread_count],
			       make_span(&owned.pieces[i], copy, 0, owned.pieces[i].len),
			       get_default_access_kind());
}

void owned_create(const struct owned_layout *layout)
{
	size_t file_size = PAGE_SIZE;

	owned.layout = layout;
	if (layout->piece_size != OWNED_MIXED)
		file_size =
			layout->piece_size * layout->pieces_per_thread * current_run.thread_count;
	divide_into_pieces(file_size);
	allocate_pages(file_size);
	for_each_piece(owned_write_span_by);
}

void owned_check_all_and_free(void)
{
	for_each_piece(owned_check_span_by);
	for (size_t i = 0; i < owned.piece_count; i++)
		free(owned.pieces[i].expected_bytes);
	for (size_t i = 0; i < owned.page_count * owned.layout->copies; i++)
		page_free(owned.pages[i]);
	if (owned.layout->free_buffer)
		owned.layout->free_buffer(owned.memory);
	else
		free(owned.memory);
	free(owned.pieces);
	free(owned.pages);
}

/* ---- spans ---- */

static const struct piece *find_own_piece(const struct stress_thread *self, size_t own_index)
{
	return &owned.pieces[own_index * current_run.thread_count + self->thread_index];
}

struct span owned_pick_piece(struct stress_thread *self)
{
	size_t thread_count = current_run.thread_count;
	size_t own_piece_count =
		(owned.piece_count - self->thread_index + thread_count - 1) / thread_count;
	const struct piece *piece = find_own_piece(self, stress_pick_number(self, own_piece_count));

	return make_span(piece, stress_pick_number(self, owned.layout->copies), 0, piece->len);
}

struct span owned_pick_piece_part(struct stress_thread *self)
{
	struct span span = owned_pick_piece(self);
	size_t skip = stress_pick_number(self, span.len);

	return make_span(span.piece, span.copy_index, skip,
			 1 + stress_pick_number(self, span.len - skip));
}

struct span owned_pick_piece_tail(struct stress_thread *self)
{
	struct span span = owned_pick_piece_part(self);

	span.len = span.piece->file_pos + span.piece->len - span.file_pos;
	return span;
}

struct span owned_pick_at_page_end(struct stress_thread *self)
{
	size_t edge_pos = (1 + stress_pick_number(self, owned.page_count - 1)) * PAGE_SIZE;
	size_t own_index = edge_pos / owned.layout->piece_size / current_run.thread_count;
	size_t skip = stress_pick_number(self, OBJECT_MAX);
	const struct piece *piece;

	if (own_index >= owned.layout->pieces_per_thread)
		return owned_pick_piece_part(self);
	piece = find_own_piece(self, own_index);
	if (edge_pos <= piece->file_pos || edge_pos >= piece->file_pos + piece->len)
		skip = stress_pick_number(self, piece->len);
	else
		skip = edge_pos - piece->file_pos > skip ? edge_pos - piece->file_pos - skip : 0;
	return make_span(piece, 0, skip,
			 1 + stress_pick_number(self, min_size(OBJECT_MAX, piece->len - skip)));
}

unsigned char *owned_find_expected_bytes(struct span span)
{
	const struct piece *piece = span.piece;

	return piece->expected_bytes + span.copy_index * piece->len +
	       (span.file_pos - piece->file_pos);
}

/* ---- chunks ---- */

bool owned_next_chunk(struct stress_thread *self, struct span span, struct chunk *chunk)
{
	size_t pos;

	chunk->span_bytes_before += chunk->len;
	chunk->len = 0;
	if (chunk->span_bytes_before == span.len)
		return false;
	pos = span.file_pos + chunk->span_bytes_before;
	chunk->page_index = pos / PAGE_SIZE;
	chunk->page = owned.layout->borrow ?
			      owned.layout->borrow(owned.memory + pos) :
			      owned.pages[span.copy_index * owned.page_count + chunk->page_index];
	chunk->off = pos % PAGE_SIZE;
	chunk->len = min_size(span.len - chunk->span_bytes_before, PAGE_SIZE - chunk->off);
	chunk->expected_bytes = owned_find_expected_bytes(span) + chunk->span_bytes_before;
	stress_record_access(self, span.copy_index * owned.page_count + chunk->page_index,
			     chunk->off, chunk->len, chunk->expected_bytes[0]);
	return true;
}

size_t owned_choose_write_length(const struct chunk *chunk)
{
	return chunk->len + (must_write_one_byte_too_many() && chunk->off + chunk->len < PAGE_SIZE);
}

/* Makes the same checks as the library, for a comparison with it. */
static unsigned char *find_chunk_address(const struct chunk *chunk)
{
	if (chunk->off > PAGE_SIZE || chunk->len > PAGE_SIZE - chunk->off)
		abort();
	return owned.memory + chunk->page_index * PAGE_SIZE + chunk->off;
}

/* Volatile, and one byte at a time, so that the compiler keeps the accesses. */
static void copy_bytes_one_by_one(volatile unsigned char *to, const volatile unsigned char *from,
				  size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] = from[i];
}

void owned_write_chunk(struct stress_thread *self, const struct chunk *chunk, enum access_kind kind,
		       const unsigned char *bytes)
{
	size_t len = owned_choose_write_length(chunk);

	if (kind == BY_CALL) {
		stress_write_page(self, chunk->page, bytes, chunk->off, len);
	} else if (kind == BY_ADDRESS) {
		memcpy(find_chunk_address(chunk), bytes, len);
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
		memcpy(to, find_chunk_address(chunk), chunk->len);
	} else {
		unsigned char *mapped = page_map_local(chunk->page);

		copy_bytes_one_by_one(to, mapped + chunk->off, chunk->len);
		page_unmap_local(mapped);
	}
}

/* ---- operations ---- */

/* Chooses the next bytes of the span, and one more for an injected bug. */
static void choose_new_bytes(struct stress_thread *self, struct span span, unsigned char *bytes)
{
	tagged_fill_bytes(bytes, tagged_next_tag(self), span.file_pos, span.len + 1);
	memcpy(owned_find_expected_bytes(span), bytes, span.len);
}

void owned_write_span_by(struct stress_thread *self, struct span span, enum access_kind kind)
{
	unsigned char bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	choose_new_bytes(self, span, bytes);
	while (owned_next_chunk(self, span, &chunk))
		owned_write_chunk(self, &chunk, kind, bytes + chunk.span_bytes_before);
}

void owned_write_to_mapping(struct stress_thread *self, struct span span, unsigned char *mapped)
{
	unsigned char bytes[OWNED_PIECE_MAX + 1];
	struct chunk chunk = { 0 };

	choose_new_bytes(self, span, bytes);
	if (owned_next_chunk(self, span, &chunk))
		copy_bytes_one_by_one(mapped + chunk.off, bytes, owned_choose_write_length(&chunk));
}

void owned_compare_bytes(struct stress_thread *self, struct span span, const unsigned char *found)
{
	unsigned char *expected = owned_find_expected_bytes(span);
	unsigned int thread = self->thread_index, thread_count = current_run.thread_count;
	size_t pos, i = 0;

	if (!memcmp(found, expected, span.len))
		return;
	while (found[i] == expected[i])
		i++;
	pos = span.file_pos + i;
	stress_fail(
		self,
		"foreign byte: page %zu+0x%zx of copy %u: expected 0x%02x, found 0x%02x; bytes "
		"0x%zx to 0x%zx of the file belong to thread %u, those before to %u, those after "
		"to %u",
		pos / PAGE_SIZE, pos % PAGE_SIZE, span.copy_index, expected[i], found[i],
		span.piece->file_pos, span.piece->file_pos + span.piece->len - 1, thread,
		(thread + thread_count - 1) % thread_count, (thread + 1) % thread_count);
	/* Each difference is reported once: from now on the found bytes are expected. */
	memcpy(expected, found, span.len);
}

void owned_check_span_by(struct stress_thread *self, struct span span, enum access_kind kind)
{
	unsigned char found[OWNED_PIECE_MAX];
	struct chunk chunk = { 0 };

	while (owned_next_chunk(self, span, &chunk))
		read_chunk(self, &chunk, kind, found + chunk.span_bytes_before);
	owned_compare_bytes(self, span, found);
}

void owned_check_span(struct stress_thread *self, struct span span)
{
	enum access_kind kind = get_default_access_kind();

	if (!current_run.is_bare && span.len < MAPPED_MAX && stress_pick_number(self, 2))
		kind = BY_MAPPING;
	else if (owned.layout->borrow && stress_pick_number(self, 2))
		kind = BY_ADDRESS;
	owned_check_span_by(self, span, kind);
}

void owned_write_span(struct stress_thread *self, struct span span)
{
	owned_write_span_by(self, span, get_default_access_kind());
	owned_check_span(self, span);
}

void owned_zero_span(struct stress_thread *self, struct span span)
{
	struct chunk chunk = { 0 };

	memset(owned_find_expected_bytes(span), 0, span.len);
	while (owned_next_chunk(self, span, &chunk))
		stress_zero_page(self, chunk.page, chunk.off, owned_choose_write_length(&chunk));
	owned_check_span(self, span);
}
