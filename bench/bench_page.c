/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_page: what the page library's calls cost.
 *
 * Each figure is the median of ROUNDS rounds, in nanoseconds, with the quarter and three
 * quarter points as spread. What is compared takes turns within a round: the machine's
 * mood changes both alike. Each way of mapping runs in a process of its own.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "page/page.h"

#define ROUNDS 41
#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static struct page *page, *other;
static unsigned char *home, *other_home, *buffer, *user;
static size_t size;
static size_t zero; /* an offset that the compiler must not know */

/* The compiler must believe that somebody looks at all memory. */
static inline void used(const void *p)
{
	__asm__ volatile("" : : "r"(p) : "memory");
}

/* ---- what is measured ---- */

/* As a caller would write it without a library: not inlined, as the library's are not. */
static __attribute__((noinline)) int checked_copy_out(unsigned char *from, void *dst, size_t off,
						      size_t len)
{
	if (off > PAGE_SIZE || len > PAGE_SIZE || off + len > PAGE_SIZE)
		return -EINVAL;
	memcpy(dst, from + off, len);
	return 0;
}

static __attribute__((noinline)) int checked_copy_in(unsigned char *to, const void *src, size_t off,
						     size_t len)
{
	if (off > PAGE_SIZE || len > PAGE_SIZE || off + len > PAGE_SIZE)
		return -EINVAL;
	memcpy(to + off, src, len);
	return 0;
}

static __attribute__((noinline)) int checked_zero(unsigned char *to, size_t off, size_t len)
{
	if (off > PAGE_SIZE || len > PAGE_SIZE || off + len > PAGE_SIZE)
		return -EINVAL;
	memset(to + off, 0, len);
	return 0;
}

static void memcpy_out(void)
{
	checked_copy_out(home, buffer, zero, size);
	used(buffer);
}

static void read_raw(void)
{
	page_read_raw(page, buffer, zero, size);
	used(buffer);
}

static void memcpy_in(void)
{
	checked_copy_in(home, buffer, zero, size);
	used(home);
}

static void write_raw(void)
{
	page_write_raw(page, buffer, zero, size);
	used(home);
}

static void memset_in(void)
{
	checked_zero(home, zero, size);
	used(home);
}

static void fill_zero(void)
{
	page_fill_zero(page, zero, size);
	used(home);
}

/* Between the same pages: where they lie in cache lines and sets is part of the cost. */
static void memcpy_between(void)
{
	checked_copy_in(home, other_home, zero, size);
	used(home);
}

static void copy(void)
{
	page_copy(page, zero, other, zero, size);
	used(home);
}

static void read_bytewise(void)
{
	page_read_bytewise_atomic(page, buffer, zero, size);
	used(buffer);
}

static void map_unmap(void)
{
	void *addr = page_map_local(page);

	used(addr);
	page_unmap_local(addr);
}

/* More pages than a task has places: each mapping finds another page in its place. */
static struct page *many[37];
static unsigned int turn;

static void map_many(void)
{
	void *addr = page_map_local(many[turn++ % COUNT(many)]);

	used(addr);
	page_unmap_local(addr);
}

static void map_touch_many(void)
{
	unsigned char *addr = page_map_local(many[turn++ % COUNT(many)]);

	addr[8]++;
	used(addr);
	page_unmap_local(addr);
}

static void map_touch_unmap(void)
{
	unsigned char *addr = page_map_local(page);

	addr[8]++;
	used(addr);
	page_unmap_local(addr);
}

static void mmap_munmap(void)
{
	void *addr = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);

	used(addr);
	munmap(addr, PAGE_SIZE);
}

static int file;

static void mmap_munmap_shared(void)
{
	void *addr = mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	used(addr);
	munmap(addr, PAGE_SIZE);
}

static void mmap_touch_munmap(void)
{
	unsigned char *addr =
		mmap(NULL, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);

	addr[8]++;
	used(addr);
	munmap(addr, PAGE_SIZE);
}

static struct page_task *tasks[2];

static void switch_tasks(void)
{
	page_task_switch_out(tasks[0]);
	page_task_switch_in(tasks[1]);
	page_task_switch_out(tasks[1]);
	page_task_switch_in(tasks[0]);
}

static void user_copy(void)
{
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(user, size));
	page_copy_from_user_slice(page, &reader, zero, size);
	used(home);
}

static void alloc_free(void)
{
	struct page *mine = page_alloc(GFP_KERNEL);

	used(mine);
	page_free(mine);
}

/* ---- measuring ---- */

struct subject {
	const char *name;
	void (*fn)(void);
	double ns[ROUNDS];
};

static double now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double run(void (*fn)(void), unsigned int times)
{
	double start = now();

	for (unsigned int i = 0; i < times; i++)
		fn();
	return (now() - start) / times;
}

static int compare(const void *left, const void *right)
{
	double a = *(const double *)left, b = *(const double *)right;

	return (a > b) - (a < b);
}

static double median(double *ns)
{
	double sorted[ROUNDS];

	memcpy(sorted, ns, sizeof(sorted));
	qsort(sorted, ROUNDS, sizeof(*sorted), compare);
	memcpy(ns, sorted, sizeof(sorted));
	return sorted[ROUNDS / 2];
}

/* The first is what the others are compared with, round by round. */
static void measure(const char *title, struct subject *subjects, size_t count)
{
	double ratio[ROUNDS], more[ROUNDS];
	unsigned int times = 1;

	while (run(subjects[0].fn, times) * times < 2e6 && times < 1u << 20)
		times *= 2;
	for (unsigned int round = 0; round < ROUNDS; round++)
		for (size_t i = 0; i < count; i++)
			subjects[i].ns[round] = run(subjects[i].fn, times / 4 + 1);
	for (size_t i = count; i-- > 0;) {
		for (unsigned int r = 0; r < ROUNDS; r++) {
			ratio[r] = subjects[i].ns[r] / subjects[0].ns[r];
			more[r] = subjects[i].ns[r] - subjects[0].ns[r];
		}
		median(ratio);
		median(more);
		median(subjects[i].ns);
		printf("%-26s %-24s %8.1f [%8.1f %8.1f]", title, subjects[i].name,
		       subjects[i].ns[ROUNDS / 2], subjects[i].ns[ROUNDS / 4],
		       subjects[i].ns[3 * ROUNDS / 4]);
		printf(i ? " %+8.1f ns  x %.4f\n" : "\n", more[ROUNDS / 2], ratio[ROUNDS / 2]);
	}
}

#define MEASURE(title, ...)                                                        \
	do {                                                                       \
		struct subject subjects[] = { __VA_ARGS__ };                       \
		measure(title, subjects, COUNT(subjects));                         \
	} while (0)

static void bench_raw(void)
{
	static const size_t sizes[] = { 8, 64, 512, 4096 };

	for (size_t i = 0; i < COUNT(sizes); i++) {
		char title[32];

		size = sizes[i];
		snprintf(title, sizeof(title), "%zu bytes", size);
		MEASURE(title, { .name = "check + memcpy", .fn = memcpy_out },
			{ .name = "page_read_raw", .fn = read_raw });
		MEASURE(title, { .name = "check + memcpy", .fn = memcpy_in },
			{ .name = "page_write_raw", .fn = write_raw });
		MEASURE(title, { .name = "check + memset", .fn = memset_in },
			{ .name = "page_fill_zero", .fn = fill_zero });
		MEASURE(title, { .name = "check + memcpy, pages", .fn = memcpy_between },
			{ .name = "page_copy", .fn = copy });
		MEASURE(title, { .name = "check + memcpy", .fn = memcpy_in },
			{ .name = "page_read_bytewise_atomic", .fn = read_bytewise },
			{ .name = "page_copy_from_user_slice", .fn = user_copy });
	}
	MEASURE("lifetime", { .name = "alloc + free", .fn = alloc_free });
}

static void bench_map(const char *title)
{
	MEASURE(title, { .name = "mmap + munmap", .fn = mmap_munmap },
		{ .name = "the same, of a file", .fn = mmap_munmap_shared },
		{ .name = "map + unmap", .fn = map_unmap },
		{ .name = "the same, 37 pages", .fn = map_many });
	MEASURE(title, { .name = "mmap + touch + munmap", .fn = mmap_touch_munmap },
		{ .name = "map + touch + unmap", .fn = map_touch_unmap },
		{ .name = "the same, 37 pages", .fn = map_touch_many });
}

static void bench_switch(const char *title)
{
	tasks[0] = page_task_new("T0");
	tasks[1] = page_task_new("T1");
	page_task_switch_in(tasks[0]);
	for (unsigned int mapped = 0; mapped <= 4; mapped += 2) {
		char name[40];

		snprintf(name, sizeof(name), "there and back, %u mapped", mapped);
		MEASURE(title, { .name = name, .fn = switch_tasks });
		page_map_local(page);
		page_map_local(page);
	}
	page_task_delete(tasks[0]);
	page_task_delete(tasks[1]);
}

static unsigned char *home_of(struct page *of)
{
	void *addr = page_map_local(of);
	unsigned char *at = page_home(addr);

	page_unmap_local(addr);
	return at;
}

static void prepare(void)
{
	page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	other = page_alloc(GFP_KERNEL | __GFP_ZERO);
	for (size_t i = 0; i < COUNT(many); i++)
		many[i] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	home = home_of(page);
	other_home = home_of(other);
	__asm__ volatile("" : "+m"(zero));
	buffer = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	user = aligned_alloc(PAGE_SIZE, PAGE_SIZE);
	file = memfd_create("bench", 0);
	if (!buffer || !user || file < 0 || ftruncate(file, (off_t)PAGE_SIZE))
		abort();
	memset(buffer, 1, PAGE_SIZE);
	memset(user, 2, PAGE_SIZE);
}

static void bench_way(const char *backend, const char *revoke)
{
	char title[32];

	snprintf(title, sizeof(title), "%s%s%s", backend, revoke ? ", " : "", revoke ? revoke : "");
	if (page_map_backend_set(backend) || (revoke && page_map_revoke_set(revoke))) {
		printf("%-26s not in this build\n", title);
		return;
	}
	prepare();
	if (!revoke)
		bench_raw();
	bench_map(title);
	bench_switch(title);
}

int main(void)
{
	static const char *const ways[][2] = {
		{ "direct", NULL },
		{ "alias", "poison" },
		{ "alias", "protect" },
		{ "alias", "none" },
	};
	int status = 0;

	printf("%-26s %-24s %8s [%8s %8s]\n", "", "nanoseconds", "median", "1/4", "3/4");
	for (size_t i = 0; i < COUNT(ways) && !status; i++) {
		fflush(stdout);
		if (fork() == 0) {
			bench_way(ways[i][0], ways[i][1]);
			fflush(stdout);
			_exit(0);
		}
		wait(&status);
	}
	return status != 0;
}
