/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/input.h"

/* Inputs before it is known how large the book will be. */
struct pile {
	size_t count, room, bytes;
	struct input *inputs;
	bool full;
};

static void *copy_of(const void *from, size_t len)
{
	void *to = malloc(len ? len : 1);

	if (to && len)
		memcpy(to, from, len);
	return to;
}

static void pile_up(const struct input *input, void *ctx)
{
	struct pile *pile = ctx;
	struct input *new;

	if (pile->count == pile->room) {
		new = realloc(pile->inputs, (2 * pile->room + 64) * sizeof(*new));
		pile->full |= !new;
		if (!new)
			return;
		pile->inputs = new;
		pile->room = 2 * pile->room + 64;
	}
	new = &pile->inputs[pile->count++];
	*new = (struct input){ .name = strdup(input->name),
			       .bytes = copy_of(input->bytes, input->size),
			       .size = input->size };
	pile->full |= !new->name || !new->bytes;
	pile->bytes += strlen(input->name) + 1 + input->size;
}

static void pile_release(struct pile *pile)
{
	for (size_t i = 0; i < pile->count; i++) {
		free((void *)(uintptr_t)pile->inputs[i].name);
		free((void *)(uintptr_t)pile->inputs[i].bytes);
	}
	free(pile->inputs);
}

/* ---- places in the book ---- */

static void *place(const struct book *book, size_t at)
{
	return (unsigned char *)(uintptr_t)book + at;
}

const char *book_name(const struct book *book, size_t input)
{
	return place(book, book->slots[input].name);
}

struct answer *book_answer(struct book *book, size_t input, enum asking asking)
{
	return place(book, book->answers + (input * ASKINGS + asking) * answer_size());
}

struct turn *book_turns(struct book *book)
{
	return place(book, book->turns);
}

/* ---- making ---- */

static size_t put(struct book *book, size_t *used, const void *bytes, size_t len)
{
	size_t at = *used;

	if (len)
		memcpy(place(book, at), bytes, len);
	*used += len;
	return at;
}

static void fill(struct book *book, const struct pile *pile, size_t used)
{
	for (size_t i = 0; i < pile->count; i++) {
		const struct input *input = &pile->inputs[i];

		book->slots[i].name = put(book, &used, input->name, strlen(input->name) + 1);
		book->slots[i].bytes = put(book, &used, input->bytes, input->size);
		book->slots[i].len = input->size;
	}
}

static struct book *map(int file, size_t size)
{
	void *book = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	return book == MAP_FAILED ? NULL : book;
}

static struct book *make(const struct pile *pile, int *file)
{
	size_t turns = sizeof(struct book) + pile->count * sizeof(struct slot);
	size_t answers = turns + BOOK_TURNS * pile->count * sizeof(struct turn);
	size_t inputs = answers + ASKINGS * pile->count * answer_size();
	size_t size = inputs + pile->bytes;
	struct book *book;

	*file = memfd_create("book", 0);
	if (*file < 0 || ftruncate(*file, (off_t)size))
		return NULL;
	book = map(*file, size);
	if (!book)
		return NULL;
	book->size = size;
	book->count = pile->count;
	book->turns = turns;
	book->answers = answers;
	fill(book, pile, inputs);
	return book;
}

struct book *book_new(char **paths, int *file)
{
	struct pile pile = { .count = 0 };
	struct book *book = NULL;
	bool good = true;

	for (; *paths; paths++)
		good &= input_each(*paths, pile_up, &pile);
	if (good && !pile.full)
		book = make(&pile, file);
	if (good && !book)
		fprintf(stderr, "expected memory for %zu inputs, got none\n", pile.count);
	pile_release(&pile);
	return book;
}

struct book *book_open(int file)
{
	struct stat status;

	if (fstat(file, &status) || (size_t)status.st_size < sizeof(struct book))
		return NULL;
	return map(file, (size_t)status.st_size);
}

/* ---- turns ---- */

/* The input in memory of just its size, so that reading beyond it is seen. */
void book_take(struct book *book, size_t number)
{
	struct turn turn = book_turns(book)[number];
	struct slot *slot = &book->slots[turn.input];
	uint8_t *bytes = copy_of(place(book, slot->bytes), slot->len);

	book->begun = number;
	slot->answered[turn.asking] = false;
	/* No answer at all: three that are missing would be alike. */
	if (!bytes) {
		fprintf(stderr, "expected memory for an input, got none\n");
		_exit(1);
	}
	answer_take(book_answer(book, turn.input, turn.asking), bytes, slot->len);
	slot->answered[turn.asking] = true;
	free(bytes);
}
