/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/shared_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "stress/tagged.h"
#include "stress/message.h"

/* Half of the operations are at this many page ends, so that threads interact. */
#define HOT_EDGES 2

/* The data of one thread; no other thread reads it during the run. */
struct owner {
	_Alignas(STRESS_CACHE_LINE) unsigned char *expected; /* the thread's pieces, one after the
							      * other */
	unsigned char *bytes;				     /* buffer for one piece */
	uint64_t generation;
};

static struct {
	struct page **pages;
	unsigned char *plain; /* --bare: this memory replaces the pages */
	size_t n_pages, piece;
	unsigned int per_thread, threads;
	bool bare;
} file;

static struct owner owners[STRESS_THREADS_MAX];

/* ---- life ---- */

static void *check_allocation(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

void shared_file_create(const struct stress_run *run, size_t piece, unsigned int per_thread)
{
	size_t size = piece * per_thread * run->threads;

	file.piece = piece;
	file.per_thread = per_thread;
	file.threads = run->threads;
	file.bare = run->bare;
	/* One page more, so that a busted pattern can write beyond the last piece. */
	file.n_pages = size / PAGE_SIZE + 1;
	file.pages = check_allocation(calloc(file.n_pages, sizeof(*file.pages)));
	if (file.bare)
		file.plain = check_allocation(calloc(file.n_pages, PAGE_SIZE));
	for (size_t i = 0; i < file.n_pages && !file.bare; i++)
		file.pages[i] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	for (unsigned int i = 0; i < run->threads; i++) {
		owners[i].expected = check_allocation(calloc(per_thread, piece));
		owners[i].bytes = check_allocation(malloc(piece + 1));
	}
}

static void check_all(struct stress_thread *self)
{
	for (unsigned int i = 0; i < file.per_thread; i++)
		shared_file_check(self, (struct span){ (i * (size_t)file.threads + self->index) *
							file.piece,
						file.piece });
}

void shared_file_destroy(struct stress_thread *first)
{
	for (unsigned int i = 0; i < first->run->threads; i++)
		check_all(stress_thread(i));
	for (size_t i = 0; i < file.n_pages; i++)
		page_free(file.pages[i]);
	for (unsigned int i = 0; i < first->run->threads; i++) {
		free(owners[i].expected);
		free(owners[i].bytes);
	}
	free(file.pages);
	free(file.plain);
}

/* ---- whose ---- */

struct span shared_file_pick_piece(struct stress_thread *self)
{
	size_t nth = stress_thread_random(self, file.per_thread) * file.threads + self->index;

	return (struct span){ nth * file.piece, file.piece };
}

struct span shared_file_pick_part(struct stress_thread *self, size_t most)
{
	struct span span = shared_file_pick_piece(self);
	size_t skip = stress_thread_random(self, span.len);
	size_t left = span.len - skip;

	return (struct span){ span.pos + skip,
			      1 + stress_thread_random(self, left < most ? left : most) };
}

/*
 * Returns a span of the own piece that is nearest to the end of a page, across the end if
 * possible.
 */
struct span shared_file_pick_page_end(struct stress_thread *self, size_t most)
{
	size_t edges = stress_thread_random(self, 2) || file.n_pages < HOT_EDGES ? file.n_pages - 1 : HOT_EDGES;
	size_t edge = (1 + stress_thread_random(self, edges)) * PAGE_SIZE;
	size_t nth = edge / file.piece / file.threads * file.threads + self->index;
	size_t pos = nth * file.piece, off = stress_thread_random(self, most);

	if (nth >= (size_t)file.per_thread * file.threads)
		return shared_file_pick_part(self, most);
	if (edge <= pos || edge >= pos + file.piece)
		off = stress_thread_random(self, file.piece);
	else
		off = edge - pos > off ? edge - pos - off : 0;
	if (most > file.piece - off)
		most = file.piece - off;
	return (struct span){ pos + off, 1 + stress_thread_random(self, most) };
}

struct span shared_file_extend_span(struct span span)
{
	size_t end = (span.pos / file.piece + 1) * file.piece;

	return (struct span){ span.pos, end - span.pos + 1 };
}

unsigned char *shared_file_expected(const struct stress_thread *self, size_t pos)
{
	size_t nth = pos / file.piece / file.threads;

	return owners[self->index].expected + nth * file.piece + pos % file.piece;
}

void shared_file_fill_next(struct stress_thread *self, struct span span, unsigned char *to)
{
	struct owner *owner = &owners[self->index];
	size_t own = file.piece - span.pos % file.piece;
	uint64_t tag = tagged_make_tag(self->index, ++owner->generation);

	tagged_fill(to, tag, span.pos, span.len);
	memcpy(shared_file_expected(self, span.pos), to, span.len < own ? span.len : own);
}

/* ---- chunks ---- */

static size_t smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

int shared_file_for_each_chunk(struct stress_thread *self, struct span span, chunk_fn fn, void *ctx)
{
	size_t off = span.pos % PAGE_SIZE, number = span.pos / PAGE_SIZE, done = 0;
	unsigned char *expected = shared_file_expected(self, span.pos);
	int ret = 0;

	while (done < span.len && !ret) {
		size_t len = smaller(span.len - done, PAGE_SIZE - off);
		struct chunk chunk = { file.pages[number], number, off, len, done, expected + done };

		stress_set_op(self, number, off, len, chunk.expected[0]);
		ret = fn(self, &chunk, ctx);
		done += len;
		off = 0;
		number++;
	}
	return ret;
}

/* Returns the address that a program without the library would use. */
static unsigned char *plain(const struct chunk *chunk, size_t off, size_t len)
{
	if (off > PAGE_SIZE || len > PAGE_SIZE || off + len > PAGE_SIZE)
		abort();
	return file.plain + chunk->page_number * PAGE_SIZE + off;
}

void shared_file_write_chunk(struct stress_thread *self, const struct chunk *chunk,
			     const unsigned char *bytes)
{
	if (file.bare)
		memcpy(plain(chunk, chunk->off, chunk->len), bytes, chunk->len);
	else
		stress_expect_ok(self, "page_write_raw",
				 page_write_raw(chunk->page, bytes, chunk->off, chunk->len));
}

static int write_chunk(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	shared_file_write_chunk(self, chunk, (const unsigned char *)ctx + chunk->done);
	return 0;
}

void shared_file_write(struct stress_thread *self, struct span span)
{
	unsigned char *bytes = owners[self->index].bytes;

	shared_file_fill_next(self, span, bytes);
	shared_file_for_each_chunk(self, span, write_chunk, bytes);
}

static int zero_chunk(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	(void)ctx;
	if (file.bare)
		memset(plain(chunk, chunk->off, chunk->len), 0, chunk->len);
	else
		stress_expect_ok(self, "page_fill_zero",
				 page_fill_zero(chunk->page, chunk->off, chunk->len));
	return 0;
}

void shared_file_zero(struct stress_thread *self, struct span span)
{
	size_t own = file.piece - span.pos % file.piece;

	memset(shared_file_expected(self, span.pos), 0, smaller(span.len, own));
	shared_file_for_each_chunk(self, span, zero_chunk, NULL);
}

/* ---- checks ---- */

static int read_chunk(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	unsigned char *to = (unsigned char *)ctx + chunk->done;

	if (file.bare)
		memcpy(to, plain(chunk, chunk->off, chunk->len), chunk->len);
	else
		stress_expect_ok(self, "page_read_raw",
				 page_read_raw(chunk->page, to, chunk->off, chunk->len));
	return 0;
}

static int load_chunk(struct stress_thread *self, const struct chunk *chunk, void *ctx)
{
	unsigned char *to = (unsigned char *)ctx + chunk->done;
	const volatile unsigned char *from;

	(void)self;
	from = page_map_local(chunk->page);
	for (size_t i = 0; i < chunk->len; i++)
		to[i] = from[chunk->off + i];
	page_unmap_local((const void *)from);
	return 0;
}

static void compare(struct stress_thread *self, struct span span, const unsigned char *found)
{
	const unsigned char *expected = shared_file_expected(self, span.pos);
	size_t i = 0;

	if (!memcmp(found, expected, span.len))
		return;
	while (found[i] == expected[i])
		i++;
	stress_fail(self,
		    "foreign byte: page %zu+0x%zx (file 0x%zx), piece [0x%zx, 0x%zx) of thread %u, "
		    "was expected to hold 0x%02x, found 0x%02x",
		    (span.pos + i) / PAGE_SIZE, (span.pos + i) % PAGE_SIZE, span.pos + i,
		    span.pos / file.piece * file.piece, (span.pos / file.piece + 1) * file.piece,
		    self->index, expected[i], found[i]);
	/* Each difference is reported once: from now on the found bytes are expected. */
	memcpy(shared_file_expected(self, span.pos), found, span.len);
}

void shared_file_check(struct stress_thread *self, struct span span)
{
	unsigned char *found = owners[self->index].bytes;
	bool by_pointer = !file.bare && span.len < 64 && stress_thread_random(self, 2);

	shared_file_for_each_chunk(self, span, by_pointer ? load_chunk : read_chunk, found);
	compare(self, span, found);
}

void shared_file_print_state(struct message *message, const struct stress_thread *self)
{
	message_append(message,
		       "%s:   owners: byte POS of the file, POS %% %zu of page POS / %zu, belongs to "
		       "thread POS / %zu %% %u; %zu pages\n",
		       self->run->pattern->name, PAGE_SIZE, PAGE_SIZE, file.piece, file.threads,
		       file.n_pages);
}
