/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Names stand in a file without a name: a number, offsets, strings. Workers map it to read,
 * so that one which writes wildly does not write there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "harness/program/program_name.h"
#include "tool/replay/replay.h"

struct pile {
	char **names;
	size_t count, room, bytes, left_out;
	bool full;
};

static void pile_up(const char *name, void *ctx)
{
	struct pile *pile = ctx;

	if (pile->count == pile->room) {
		char **more = realloc(pile->names, (2 * pile->room + 64) * sizeof(*more));

		pile->full |= !more;
		if (!more)
			return;
		pile->names = more;
		pile->room = 2 * pile->room + 64;
	}
	pile->names[pile->count] = strdup(name);
	pile->full |= !pile->names[pile->count];
	if (pile->names[pile->count])
		pile->count++;
}

/* A pipe can be read once, and an input is read again whenever something is odd about it. */
static bool pile_path(struct pile *pile, const char *path)
{
	struct stat status;
	bool there = !stat(path, &status);

	if (!there || S_ISDIR(status.st_mode) || S_ISREG(status.st_mode))
		return program_walk(path, pile_up, pile, &pile->left_out);
	fprintf(stderr, "%s: expected a file or a directory: it is neither\n", path);
	return false;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The order of paths is kept where it is the user's; what was named twice runs twice there. */
static void sort(struct pile *pile)
{
	size_t kept = 0;

	if (pile->count)
		qsort(pile->names, pile->count, sizeof(*pile->names), by_name);
	for (size_t i = 0; i < pile->count; i++) {
		if (kept && !strcmp(pile->names[kept - 1], pile->names[i]))
			free(pile->names[i]);
		else
			pile->names[kept++] = pile->names[i];
	}
	pile->count = kept;
}

static int write_pile(const struct pile *pile)
{
	int file = memfd_create("inputs", MFD_CLOEXEC), copy = file < 0 ? -1 : dup(file);
	FILE *out = copy < 0 ? NULL : fdopen(copy, "w");
	uint64_t at = sizeof(uint64_t) * (pile->count + 1), number = pile->count;
	bool good;

	if (!out)
		return -1;
	fwrite(&number, sizeof(number), 1, out);
	for (size_t i = 0; i < pile->count; i++) {
		fwrite(&at, sizeof(at), 1, out);
		at += strlen(pile->names[i]) + 1;
	}
	for (size_t i = 0; i < pile->count; i++)
		fwrite(pile->names[i], strlen(pile->names[i]) + 1, 1, out);
	good = !ferror(out);
	return !fclose(out) && good ? file : -1;
}

struct replay_list *replay_list_open(int file)
{
	struct replay_list *list = calloc(1, sizeof(*list));
	struct stat status;
	uint64_t *words;

	if (!list || fstat(file, &status) || (size_t)status.st_size < sizeof(*words)) {
		free(list);
		return NULL;
	}
	list->size = (size_t)status.st_size;
	words = mmap(NULL, list->size, PROT_READ, MAP_SHARED, file, 0);
	if (words == MAP_FAILED) {
		free(list);
		return NULL;
	}
	list->file = file;
	list->count = (uint32_t)words[0];
	list->at = words + 1;
	list->names = (const char *)words;
	return list;
}

void replay_list_delete(struct replay_list *list)
{
	if (!list)
		return;
	munmap((void *)(uintptr_t)list->names, list->size);
	close(list->file);
	free(list);
}

const char *replay_name(const struct replay_list *list, uint32_t input)
{
	return list->names + list->at[input];
}

struct replay_list *replay_list_new(char **paths, bool as_given, size_t *left_out, bool *good)
{
	struct pile pile = { .count = 0 };
	struct replay_list *list = NULL;
	int file;

	*good = true;
	for (; *paths; paths++)
		*good &= pile_path(&pile, *paths);
	if (!as_given)
		sort(&pile);
	file = pile.full ? -1 : write_pile(&pile);
	if (file >= 0)
		list = replay_list_open(file);
	if (!list)
		fprintf(stderr, "pagetorture replay: expected memory for %zu names, got none\n",
			pile.count);
	*left_out = pile.left_out;
	for (size_t i = 0; i < pile.count; i++)
		free(pile.names[i]);
	free(pile.names);
	return list;
}
