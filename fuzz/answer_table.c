/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "fuzz/answer_table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz/input.h"

/* Inputs before it is known how large the table will be. */
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

/* ---- places in the table ---- */

static void *place(const struct answer_table *table, size_t at)
{
	return (unsigned char *)(uintptr_t)table + at;
}

const char *answer_table_name(const struct answer_table *table, size_t input)
{
	return place(table, table->slots[input].name);
}

struct answer *answer_table_answer(struct answer_table *table, size_t input, enum asking asking)
{
	return place(table, table->answers + (input * ASKINGS + asking) * answer_size());
}

struct turn *answer_table_turns(struct answer_table *table)
{
	return place(table, table->turns);
}

/* ---- making ---- */

static size_t put(struct answer_table *table, size_t *used, const void *bytes, size_t len)
{
	size_t at = *used;

	if (len)
		memcpy(place(table, at), bytes, len);
	*used += len;
	return at;
}

static void fill(struct answer_table *table, const struct pile *pile, size_t used)
{
	for (size_t i = 0; i < pile->count; i++) {
		const struct input *input = &pile->inputs[i];

		table->slots[i].name = put(table, &used, input->name, strlen(input->name) + 1);
		table->slots[i].bytes = put(table, &used, input->bytes, input->size);
		table->slots[i].len = input->size;
	}
}

static struct answer_table *map(int file, size_t size)
{
	void *table = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	return table == MAP_FAILED ? NULL : table;
}

static struct answer_table *make(const struct pile *pile, int *file)
{
	size_t turns = sizeof(struct answer_table) + pile->count * sizeof(struct slot);
	size_t answers = turns + BOOK_TURNS * pile->count * sizeof(struct turn);
	size_t inputs = answers + ASKINGS * pile->count * answer_size();
	size_t size = inputs + pile->bytes;
	struct answer_table *table;

	*file = memfd_create("table", 0);
	if (*file < 0 || ftruncate(*file, (off_t)size))
		return NULL;
	table = map(*file, size);
	if (!table)
		return NULL;
	table->size = size;
	table->count = pile->count;
	table->turns = turns;
	table->answers = answers;
	fill(table, pile, inputs);
	return table;
}

struct answer_table *answer_table_new(char **paths, int *file)
{
	struct pile pile = { .count = 0 };
	struct answer_table *table = NULL;
	bool good = true;

	for (; *paths; paths++)
		good &= input_each(*paths, pile_up, &pile);
	if (good && !pile.full)
		table = make(&pile, file);
	if (good && !table)
		fprintf(stderr, "expected memory for %zu inputs, got none\n", pile.count);
	pile_release(&pile);
	return table;
}

struct answer_table *answer_table_open(int file)
{
	struct stat status;

	if (fstat(file, &status) || (size_t)status.st_size < sizeof(struct answer_table))
		return NULL;
	return map(file, (size_t)status.st_size);
}

/* ---- turns ---- */

/* The input in memory of just its size, so that reading beyond it is seen. */
void answer_table_take(struct answer_table *table, size_t number)
{
	struct turn turn = answer_table_turns(table)[number];
	struct slot *slot = &table->slots[turn.input];
	uint8_t *bytes = copy_of(place(table, slot->bytes), slot->len);

	table->begun = number;
	slot->answered[turn.asking] = false;
	/* No answer at all: three that are missing would be alike. */
	if (!bytes) {
		fprintf(stderr, "expected memory for an input, got none\n");
		_exit(1);
	}
	answer_take(answer_table_answer(table, turn.input, turn.asking), bytes, slot->len);
	slot->answered[turn.asking] = true;
	free(bytes);
}
