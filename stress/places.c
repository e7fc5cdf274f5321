/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "stress/places.h"

#include <stdlib.h>
#include <string.h>

#include "stress/tagged.h"

static struct {
	struct page **pages; /* the copies of the first pageful of places, then of the next */
	uint64_t *tags;      /* of each copy of each place */
	size_t size, count, per_page;
	unsigned int copies, thread_count;
} places;

static size_t count_pages(void)
{
	return (places.count + places.per_page - 1) / places.per_page * places.copies;
}

struct page *places_page(size_t place, unsigned int copy)
{
	return places.pages[place / places.per_page * places.copies + copy];
}

size_t places_offset(size_t place)
{
	return place % places.per_page * places.size;
}

static uint64_t *find_tag(size_t place, unsigned int copy)
{
	return &places.tags[place * places.copies + copy];
}

/* Calls @fn for each copy of each place, with its owner. */
static void for_each_copy(void (*fn)(struct stress_thread *owner, size_t place, unsigned int copy))
{
	for (size_t place = 0; place < places.count; place++)
		for (unsigned int copy = 0; copy < places.copies; copy++)
			fn(stress_get_thread(place % places.thread_count), place, copy);
}

void places_create(const struct stress_run *run, size_t size, unsigned int copies)
{
	places.size = size;
	places.per_page = PAGE_SIZE / size;
	places.count = places.per_page > run->thread_count ? places.per_page : run->thread_count;
	places.copies = copies;
	places.thread_count = run->thread_count;
	places.pages = stress_allocate_memory(count_pages(), sizeof(*places.pages));
	places.tags = stress_allocate_memory(places.count * copies, sizeof(*places.tags));
	for (size_t i = 0; i < count_pages(); i++)
		places.pages[i] = stress_alloc_or_exit(GFP_KERNEL | __GFP_ZERO);
	for_each_copy(places_write);
}

void places_destroy(struct stress_thread *first)
{
	(void)first;
	for_each_copy(places_check);
	for (size_t i = 0; i < count_pages(); i++)
		page_free(places.pages[i]);
	free(places.pages);
	free(places.tags);
}

size_t places_pick(struct stress_thread *self)
{
	size_t own =
		(places.count - self->thread_index + places.thread_count - 1) / places.thread_count;

	return stress_random(self, own) * places.thread_count + self->thread_index;
}

void places_write(struct stress_thread *self, size_t place, unsigned int copy)
{
	unsigned char bytes[PAGE_SIZE];

	*find_tag(place, copy) = tagged_next_tag(self);
	tagged_fill(bytes, *find_tag(place, copy), places_offset(place), places.size);
	stress_write(self, places_page(place, copy), bytes, places_offset(place), places.size);
}

void places_set_copied(size_t place, unsigned int to, unsigned int from)
{
	*find_tag(place, to) = *find_tag(place, from);
}

static bool check_place_bytes(struct stress_thread *self, const unsigned char *bytes, size_t place,
			      unsigned int copy)
{
	return tagged_check(self, "place", bytes, *find_tag(place, copy), places_offset(place),
			    places.size);
}

void places_check(struct stress_thread *self, size_t place, unsigned int copy)
{
	unsigned char bytes[PAGE_SIZE];

	stress_read(self, places_page(place, copy), bytes, places_offset(place), places.size);
	if (!check_place_bytes(self, bytes, place, copy))
		places_write(self, place, copy);
}

void places_check_mapped(struct stress_thread *self, unsigned char *mapped, size_t place,
			 unsigned int copy)
{
	if (!check_place_bytes(self, mapped + places_offset(place), place, copy))
		tagged_fill(mapped + places_offset(place), *find_tag(place, copy),
			    places_offset(place), places.size);
}
