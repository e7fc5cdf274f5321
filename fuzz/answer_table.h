/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What processes of one program share, in a file without a name: inputs for all to
 * read, a list of turns, and a place for the answer of each input at each asking.
 */
#ifndef FUZZ_ANSWER_TABLE_H
#define FUZZ_ANSWER_TABLE_H

#include "fuzz/answer.h"

enum asking {
	AMONG_OTHERS,	/* after those before it */
	IN_OTHER_ORDER, /* after all, and after those that chance put before it */
	ALONE,
	ONCE_MORE, /* to find out what it was that changed an answer */
	ASKINGS
};

struct turn {
	uint32_t input, asking;
};

struct answer_table {
	size_t size, count; /* of the file; of inputs */
	size_t turns, answers; /* where they are */
	size_t begun; /* turn that began last, in any process */
	struct slot {
		size_t name, bytes, len;
		bool answered[ASKINGS];
	} slots[];
};

/*
 * A table of all inputs at @paths, which NULL ends. What cannot be read is told.
 * @file: gets a descriptor by which a child process opens it
 * Return: NULL if anything could not be read, or without memory.
 */
struct answer_table *answer_table_new(char **paths, int *file);

/* The table that another process made; NULL if it is none. */
struct answer_table *answer_table_open(int file);

const char *answer_table_name(const struct answer_table *table, size_t input);
struct answer *answer_table_answer(struct answer_table *table, size_t input, enum asking asking);

/* Room for BOOK_TURNS times as many turns as there are inputs. */
#define BOOK_TURNS 6
struct turn *answer_table_turns(struct answer_table *table);

/* Takes turn number @turn in this process. */
void answer_table_take(struct answer_table *table, size_t turn);

#endif
