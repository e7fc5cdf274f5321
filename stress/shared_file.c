/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/shared_file.h"

#include <stdlib.h>
#include <string.h>

#include "stress/tagged.h"

/* Half of the picks at page ends are at so many of them, so that threads interact. */
#define HOT_EDGES 2

/* Shorter spans are read through a mapping half of the time. */
#define MAPPED_MAX 64

/* The data of one thread; no other thread reads it during the run. */
struct owner {
	_Alignas(STRESS_CACHE_LINE) unsigned char *expected; /* of the thread's pieces, in order */
	unsigned char *piece_buffer;                         /* for one piece and one byte */
};

static struct {
	struct page **pages;
	unsigned char *bare_memory; /* --bare: it replaces the pages */
	size_t page_count, piece_size;
	unsigned int per_thread, thread_count;
} file;

static struct owner owners[STRESS_THREADS_MAX];

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Return: the span of the thread's piece number @nth. */
static struct span get_own_piece(const struct stress_thread *self, size_t nth)
{
	return (struct span) { (nth * file.thread_count + self->thread_index) * file.piece_size,
			     file.piece_size };
}

void shared_file_create(const struct stress_run *run, size_t piece_size, unsigned int per_thread)
{
	file.piece_size = piece_size;
	file.per_thread = per_thread;
	file.thread_count = run->thread_count;
	/* One page more, for injected bugs that write beyond the last piece. */
	file.page_count = piece_size * per_thread * run->thread_count / PAGE_SIZE + 1;
	file.pages = stress_allocate_memory(file.page_count, sizeof(*file.pages));
	if (run->bare)
		file.bare_memory = stress_allocate_memory(file.page_count, PAGE_SIZE);
	for (size_t i = 0; i < file.page_count && !run->bare; i++)
		file.pages[i] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	for (unsigned int i = 0; i < run->thread_count; i++) {
		owners[i].expected = stress_allocate_memory(1, per_thread * piece_size + 1);
		owners[i].piece_buffer = stress_allocate_memory(1, piece_size + 1);
	}
}

void shared_file_destroy(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->thread_count; i++) {
		for (unsigned int nth = 0; nth < file.per_thread; nth++)
			shared_file_check(stress_get_thread(i),
					  get_own_piece(stress_get_thread(i), nth));
		free(owners[i].expected);
		free(owners[i].piece_buffer);
	}
	for (size_t i = 0; i < file.page_count; i++)
		page_free(file.pages[i]);
	free(file.pages);
	free(file.bare_memory);
}

/* ---- spans ---- */

struct span shared_file_pick_piece(struct stress_thread *self)
{
	return get_own_piece(self, stress_random(self, file.per_thread));
}

struct span shared_file_pick_part(struct stress_thread *self)
{
	struct span span = shared_file_pick_piece(self);
	size_t skip = stress_random(self, span.len);

	return (struct span) { span.pos + skip, 1 + stress_random(self, span.len - skip) };
}

/*
 * Return: a span of the own piece that is nearest to the end of a page, across the end if
 * possible.
 */
struct span shared_file_pick_page_end(struct stress_thread *self, size_t len_max)
{
	bool any_edge = stress_random(self, 2) || file.page_count < HOT_EDGES;
	size_t edge =
		(1 + stress_random(self, any_edge ? file.page_count - 1 : HOT_EDGES)) * PAGE_SIZE;
	size_t nth = edge / file.piece_size / file.thread_count;
	size_t pos = get_own_piece(self, nth).pos, off = stress_random(self, len_max);

	if (nth >= file.per_thread)
		return shared_file_pick_part(self);
	if (edge <= pos || edge >= pos + file.piece_size)
		off = stress_random(self, file.piece_size);
	else
		off = edge - pos > off ? edge - pos - off : 0;
	return (struct span) { pos + off,
			     1 + stress_random(self, min_size(len_max, file.piece_size - off)) };
}

struct span shared_file_extend_to_piece_end(struct span span)
{
	return (struct span) { span.pos, file.piece_size - span.pos % file.piece_size };
}

/* Return: what an operation writes to instead of @span: with the injected bug one byte too much. */
static struct span choose_span_to_write(const struct stress_thread *self, struct span span)
{
	if (self->run->bug_number != SHARED_FILE_BUG_RANGE)
		return span;
	return (struct span){ span.pos, shared_file_extend_to_piece_end(span).len + 1 };
}

/* Return: the expected bytes at @pos; those of a span are contiguous. */
static unsigned char *find_expected_bytes(const struct stress_thread *self, size_t pos)
{
	size_t nth = pos / file.piece_size / file.thread_count;

	return owners[self->thread_index].expected + nth * file.piece_size + pos % file.piece_size;
}

/* ---- chunks ---- */

bool shared_file_next_chunk(struct stress_thread *self, struct span span, struct chunk *chunk)
{
	size_t pos;

	chunk->span_bytes_before += chunk->len;
	chunk->len = 0;
	if (chunk->span_bytes_before == span.len)
		return false;
	pos = span.pos + chunk->span_bytes_before;
	chunk->page_number = pos / PAGE_SIZE;
	chunk->page = file.pages[chunk->page_number];
	chunk->off = pos % PAGE_SIZE;
	chunk->len = min_size(span.len - chunk->span_bytes_before, PAGE_SIZE - chunk->off);
	chunk->expected = find_expected_bytes(self, span.pos) + chunk->span_bytes_before;
	stress_record_range(self, chunk->page_number, chunk->off, chunk->len, chunk->expected[0]);
	return true;
}

/* Return: the bytes of the chunk in the memory of a program without the library. */
static unsigned char *find_bare_bytes(const struct chunk *chunk)
{
	if (chunk->off > PAGE_SIZE || chunk->len > PAGE_SIZE - chunk->off)
		abort();
	return file.bare_memory + chunk->page_number * PAGE_SIZE + chunk->off;
}

void shared_file_write_chunk(struct stress_thread *self, const struct chunk *chunk,
			     const unsigned char *bytes)
{
	if (file.bare_memory)
		memcpy(find_bare_bytes(chunk), bytes, chunk->len);
	else
		stress_write(self, chunk->page, bytes, chunk->off, chunk->len);
}

static void zero_chunk(struct stress_thread *self, const struct chunk *chunk)
{
	if (file.bare_memory)
		memset(find_bare_bytes(chunk), 0, chunk->len);
	else
		stress_zero(self, chunk->page, chunk->off, chunk->len);
}

static void read_chunk(struct stress_thread *self, const struct chunk *chunk, unsigned char *to)
{
	if (file.bare_memory)
		memcpy(to, find_bare_bytes(chunk), chunk->len);
	else
		stress_read(self, chunk->page, to, chunk->off, chunk->len);
}

static void load_chunk(const struct chunk *chunk, unsigned char *to)
{
	const volatile unsigned char *mapped = page_map_local(chunk->page);

	for (size_t i = 0; i < chunk->len; i++)
		to[i] = mapped[chunk->off + i];
	page_unmap_local((const void *)mapped);
}

/* ---- operations ---- */

void shared_file_write(struct stress_thread *self, struct span span)
{
	struct span written = choose_span_to_write(self, span);
	unsigned char *bytes = owners[self->thread_index].piece_buffer;
	struct chunk chunk = { 0 };

	tagged_fill(bytes, tagged_next_tag(self), span.pos, written.len);
	memcpy(find_expected_bytes(self, span.pos), bytes,
	       min_size(written.len, shared_file_extend_to_piece_end(span).len));
	while (shared_file_next_chunk(self, written, &chunk))
		shared_file_write_chunk(self, &chunk, bytes + chunk.span_bytes_before);
	shared_file_check(self, span);
}

void shared_file_zero(struct stress_thread *self, struct span span)
{
	struct span written = choose_span_to_write(self, span);
	struct chunk chunk = { 0 };

	memset(find_expected_bytes(self, span.pos), 0,
	       min_size(written.len, shared_file_extend_to_piece_end(span).len));
	while (shared_file_next_chunk(self, written, &chunk))
		zero_chunk(self, &chunk);
	shared_file_check(self, span);
}

static void compare_with_expected(struct stress_thread *self, struct span span,
				  const unsigned char *found)
{
	unsigned char *expected = find_expected_bytes(self, span.pos);
	size_t pos, i = 0;

	if (!memcmp(found, expected, span.len))
		return;
	while (found[i] == expected[i])
		i++;
	pos = span.pos + i;
	stress_fail(self,
		    "foreign byte: page %zu+0x%zx (byte 0x%zx of the file, whose byte N belongs to "
		    "thread "
		    "N / %zu %% %u), in thread %u: expected 0x%02x, found 0x%02x",
		    pos / PAGE_SIZE, pos % PAGE_SIZE, pos, file.piece_size, file.thread_count,
		    self->thread_index, expected[i], found[i]);
	/* Each difference is reported once: from now on the found bytes are expected. */
	memcpy(expected, found, span.len);
}

void shared_file_check(struct stress_thread *self, struct span span)
{
	unsigned char *found = owners[self->thread_index].piece_buffer;
	bool by_pointer = !file.bare_memory && span.len < MAPPED_MAX && stress_random(self, 2);
	struct chunk chunk = { 0 };

	while (shared_file_next_chunk(self, span, &chunk))
		if (by_pointer)
			load_chunk(&chunk, found + chunk.span_bytes_before);
		else
			read_chunk(self, &chunk, found + chunk.span_bytes_before);
	compare_with_expected(self, span, found);
}

void shared_file_write_part(struct stress_thread *self)
{
	shared_file_write(self, shared_file_pick_part(self));
}

void shared_file_read_part(struct stress_thread *self)
{
	shared_file_check(self, shared_file_pick_part(self));
}
