/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_page: measure the time of the page library's calls.
 *
 *   bench_page [BACKEND [REVOKE]]    without arguments: all backends
 *
 * Prints samples of ROUNDS rounds for bench.py. Each backend is measured in its own process.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/figure.h"
#include "page/page.h"

#define ROUNDS       41
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct page *page, *other;
static unsigned char *canonical, *other_canonical, *buffer;
static size_t size;
static size_t opaque_zero; /* an offset that the compiler cannot know */

/* A compiler barrier, so that stores before the call are not optimised away. */
static inline void assume_memory_is_read(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* ---- measured operations ---- */

static bool is_range_in_page(size_t off, size_t len)
{
	return off <= PAGE_SIZE && len <= PAGE_SIZE && off + len <= PAGE_SIZE;
}

/* A baseline: a check and memcpy(). The baseline is not inlined, because the library's calls are not. */
static __attribute__((noinline)) int checked_copy(void *to, const void *from, size_t off, size_t len)
{
	if (!is_range_in_page(off, len))
		return -EINVAL;
	memcpy(to, from, len);
	return 0;
}

static __attribute__((noinline)) int checked_zero(unsigned char *to, size_t off, size_t len)
{
	if (!is_range_in_page(off, len))
		return -EINVAL;
	memset(to + off, 0, len);
	return 0;
}

/* Defines a function NAME that makes CALL. The compiler must not optimise CALL's stores to MEMORY away. */
#define OPERATION(name, memory, call)          \
	static void name(void)                 \
	{                                      \
		call;                          \
		assume_memory_is_read(memory); \
	}

OPERATION(memcpy_out, buffer, checked_copy(buffer, canonical + opaque_zero, opaque_zero, size))
OPERATION(read_raw, buffer, page_read_raw(page, buffer, opaque_zero, size))
OPERATION(memcpy_in, canonical, checked_copy(canonical + opaque_zero, buffer, opaque_zero, size))
OPERATION(write_raw, canonical, page_write_raw(page, buffer, opaque_zero, size))
OPERATION(memset_in, canonical, checked_zero(canonical, opaque_zero, size))
OPERATION(fill_zero, canonical, page_fill_zero(page, opaque_zero, size))
/* page_copy() and its baseline use the same pages, because the place in the cache affects the time. */
OPERATION(memcpy_between, canonical,
	  checked_copy(canonical + opaque_zero, other_canonical, opaque_zero, size))
OPERATION(copy, canonical, page_copy(page, opaque_zero, other, opaque_zero, size))

static int file; /* a page of memory */

static void copy_from_user(void)
{
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(buffer, size));
	if (page_copy_from_user_slice(page, &reader, opaque_zero, size))
		abort();
	assume_memory_is_read(canonical);
}

/* The least that any user copy by a system call costs. */
static void empty_system_call(void)
{
	syscall(SYS_getppid);
}

/* The cheapest system call that copies user memory into a page that is memory of a file. */
static void pwrite_to_file(void)
{
	if (pwrite(file, buffer, size, 0) != (ssize_t)size)
		abort();
}

static void map_and_unmap(struct page *page_to_map, bool must_write_byte)
{
	unsigned char *addr = page_map_local(page_to_map);

	if (must_write_byte)
		addr[8]++;
	assume_memory_is_read(addr);
	page_unmap_local(addr);
}

/* These are more pages than the backend keeps mapped for a task, so each mapping replaces another one. */
static struct page *many_pages[37];
static unsigned int next_index;

static struct page *get_next_page(void)
{
	return many_pages[next_index++ % COUNT(many_pages)];
}

OPERATION(map_unmap, canonical, map_and_unmap(page, false))
OPERATION(map_many, canonical, map_and_unmap(get_next_page(), false))
OPERATION(map_touch_unmap, canonical, map_and_unmap(page, true))
OPERATION(map_touch_many, canonical, map_and_unmap(get_next_page(), true))

static void mmap_munmap(void)
{
	void *addr = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assume_memory_is_read(addr);
	munmap(addr, PAGE_SIZE);
}

static void mmap_touch_munmap(void)
{
	unsigned char *addr = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	addr[8]++;
	assume_memory_is_read(addr);
	munmap(addr, PAGE_SIZE);
}

/* ---- measuring ---- */

/* A call of the library, and the baseline with which the time of the call is compared. */
struct compared_call {
	const char *call_name;
	void (*call)(void);
	const char *baseline_name;
	void (*baseline_call)(void);
	const char *aim;  /* threshold of the figure; NULL: the backend's mapping_aim */
	bool is_ratio;    /* the figure is a ratio of times; otherwise a difference in ns */
	size_t only_size; /* compare only copies of this many bytes; 0: of all sizes */
};

static size_t rounds;

static double measure_mean_call_ns(void (*call)(void), unsigned int call_count)
{
	double start = figure_read_seconds(CLOCK_MONOTONIC);

	for (unsigned int i = 0; i < call_count; i++)
		call();
	return (figure_read_seconds(CLOCK_MONOTONIC) - start) * 1e9 / call_count;
}

/* Each round measures both the call and its baseline, so that other load affects both times equally. */
static void compare_and_print_call(const char *title, const struct compared_call *compared, const char *aim)
{
	double values[FIGURE_ROUNDS_MAX];
	unsigned int times = 1;
	char sample_name[128];

	while (measure_mean_call_ns(compared->baseline_call, times) * times < 2e6 && times < 1u << 20)
		times *= 2;
	for (size_t round = 0; round < rounds; round++) {
		double baseline_ns = measure_mean_call_ns(compared->baseline_call, times / 4 + 1);
		double call_ns = measure_mean_call_ns(compared->call, times / 4 + 1);

		values[round] = compared->is_ratio ? call_ns / baseline_ns : call_ns - baseline_ns;
	}
	snprintf(sample_name, sizeof(sample_name), "%s, %s : %s", title, compared->call_name,
		 compared->baseline_name);
	figure_print_sample(sample_name, compared->is_ratio ? "times" : "ns more", aim ? aim : "", values,
			    rounds);
	fflush(stdout);
}

static const struct compared_call copying_calls[] = {
	{ "page_read_raw", read_raw, "check and memcpy", memcpy_out, "<= 5", false, 0 },
	{ "page_write_raw", write_raw, "check and memcpy", memcpy_in, "<= 5", false, 0 },
	{ "page_fill_zero", fill_zero, "check and memset", memset_in, "<= 5", false, 0 },
	{ "page_copy", copy, "check and memcpy", memcpy_between, "<= 5", false, 0 },
	{ "page_copy", copy, "the time of check and memcpy", memcpy_between, "<= 2", true, 64 },
	{ "page_copy", copy, "the time of check and memcpy", memcpy_between, "<= 1.2", true, 4096 },
	{ "page_copy_from_user_slice", copy_from_user, "an empty system call", empty_system_call, "", true,
	  8 },
	{ "page_copy_from_user_slice", copy_from_user, "an empty system call", empty_system_call, "", true,
	  4096 },
	{ "page_copy_from_user_slice", copy_from_user, "pwrite to a file in memory", pwrite_to_file, "<= 3",
	  true, 8 },
	{ "page_copy_from_user_slice", copy_from_user, "pwrite to a file in memory", pwrite_to_file, "<= 3",
	  true, 4096 },
	{ "page_copy_from_user_slice", copy_from_user, "the time of check and memcpy", memcpy_in, "", true,
	  8 },
	{ "page_copy_from_user_slice", copy_from_user, "the time of check and memcpy", memcpy_in, "", true,
	  4096 },
};

static const struct compared_call mapping_calls[] = {
	{ "map and unmap", map_unmap, "mmap and munmap", mmap_munmap, NULL, true, 0 },
	{ "map and unmap of 37 pages", map_many, "mmap and munmap", mmap_munmap, NULL, true, 0 },
	{ "map, touch and unmap", map_touch_unmap, "mmap, touch and munmap", mmap_touch_munmap, NULL, true,
	  0 },
	{ "map, touch and unmap of 37 pages", map_touch_many, "mmap, touch and munmap", mmap_touch_munmap,
	  NULL, true, 0 },
};

static void measure_and_print_copying_calls(void)
{
	static const size_t sizes[] = { 8, 64, 512, 4096 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		char size_title[32];

		size = sizes[i];
		snprintf(size_title, sizeof(size_title), "%zu bytes", size);
		for (size_t n = 0; n < COUNT(copying_calls); n++)
			if (!copying_calls[n].only_size || copying_calls[n].only_size == size)
				compare_and_print_call(size_title, &copying_calls[n], copying_calls[n].aim);
	}
}

static unsigned char *map_to_find_canonical_address(struct page *page_to_map)
{
	void *addr = page_map_local(page_to_map);
	unsigned char *at = page_canonical(addr);

	page_unmap_local(addr);
	return at;
}

static void allocate_pages_and_buffer(void)
{
	page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_ZERO);
	for (size_t i = 0; i < COUNT(many_pages); i++)
		many_pages[i] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	canonical = map_to_find_canonical_address(page);
	other_canonical = map_to_find_canonical_address(other);
	__asm__ volatile("" : "+m"(opaque_zero));
	buffer = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	file = memfd_create("bench", 0);
	if (!buffer || file < 0 || ftruncate(file, (off_t)PAGE_SIZE))
		abort();
	memset(buffer, 1, PAGE_SIZE);
}

/* @mapping_aim: the threshold for backends that map without a system call, otherwise NULL. */
static const struct backend_mode {
	const char *backend, *revoke, *mapping_aim;
} backend_modes[] = {
	{ "direct", NULL, "<= 0.1" },
	{ "alias", "poison", "<= 0.1" },
	{ "alias", "protect", NULL },
	{ "alias", "none", NULL },
};

static void measure_and_print_backend(const struct backend_mode *backend_mode)
{
	char backend_title[32];

	snprintf(backend_title, sizeof(backend_title), "%s%s%s", backend_mode->backend,
		 backend_mode->revoke ? ", " : "", backend_mode->revoke ? backend_mode->revoke : "");
	if (page_map_backend_set(backend_mode->backend) ||
	    (backend_mode->revoke && page_map_revoke_set(backend_mode->revoke))) {
		printf("{\"name\": \"%s\", \"skipped\": \"not in this build\"}\n", backend_title);
		return;
	}
	allocate_pages_and_buffer();
	if (!backend_mode->revoke)
		measure_and_print_copying_calls();
	for (size_t i = 0; i < COUNT(mapping_calls); i++)
		compare_and_print_call(backend_title, &mapping_calls[i], backend_mode->mapping_aim);
}

static bool is_selected_by_arguments(const struct backend_mode *backend_mode, int argc, char **argv)
{
	return (argc < 2 || !strcmp(argv[1], backend_mode->backend)) &&
	       (argc < 3 || (backend_mode->revoke && !strcmp(argv[2], backend_mode->revoke)));
}

int main(int argc, char **argv)
{
	int status = 0, selected_count = 0;

	rounds = figure_read_round_count(ROUNDS);
	for (size_t i = 0; i < COUNT(backend_modes) && !status; i++) {
		if (!is_selected_by_arguments(&backend_modes[i], argc, argv))
			continue;
		selected_count++;
		fflush(stdout);
		if (fork() == 0) {
			measure_and_print_backend(&backend_modes[i]);
			fflush(stdout);
			_exit(0);
		}
		wait(&status);
	}
	if (!selected_count)
		fprintf(stderr, "bench_page: expected BACKEND and REVOKE of direct, alias poison, "
				"alias protect, alias none\n");
	return selected_count ? status != 0 : 2;
}
