/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* User slices: order of checks, exact prefixes before unmapped pages, races. */
#include "tests/page_test.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/mman.h>

static struct page *page;
static unsigned char *user; /* USER_PAGES pages, followed by one that is unmapped */

#define USER_PAGES 3
#define OLD	   0xee

static unsigned char pattern(size_t i)
{
	return (unsigned char)(i + i / 256 + 1);
}

static unsigned char *user_map(size_t there)
{
	unsigned char *at = mmap(NULL, (USER_PAGES + 1) * PAGE_SIZE, PROT_READ | PROT_WRITE,
				 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		abort();
	for (size_t i = 0; i < there; i++)
		at[i] = pattern(i);
	if (munmap(at + USER_PAGES * PAGE_SIZE, PAGE_SIZE))
		abort();
	return at;
}

static void page_is_old(void)
{
	unsigned char all[PAGE_SIZE];

	memset(all, OLD, sizeof(all));
	page_write_raw(page, all, 0, PAGE_SIZE);
}

/* Is [off, off + good) user memory from @from on, then zeros up to @len, and the rest unchanged? */
static bool page_holds(size_t off, size_t len, size_t good, size_t from)
{
	static unsigned char all[PAGE_SIZE];

	page_read_raw(page, all, 0, PAGE_SIZE);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		unsigned char want = OLD;

		if (i >= off && i < off + len)
			want = i < off + good ? pattern(from + i - off) : 0;
		if (all[i] != want) {
			printf("# byte %zu: %#x, expected %#x\n", i, all[i], want);
			return false;
		}
	}
	return true;
}

static struct user_slice_reader reader_at(size_t from, size_t len)
{
	struct user_slice_reader reader;

	user_slice_reader_init(&reader, user_slice_new(user + from, len));
	return reader;
}

static void test_good(void)
{
	struct user_slice_reader reader = reader_at(100, 2 * PAGE_SIZE);

	page_is_old();
	ok(page_copy_from_user_slice(page, &reader, 10, 3000) == 0 &&
		   page_holds(10, 3000, 3000, 100),
	   "%s: a copy", mode_name);
	ok(user_slice_left(&reader) == 2 * PAGE_SIZE - 3000, "%s: the reader moved on", mode_name);
	page_is_old();
	ok(page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE) == 0 &&
		   page_holds(0, PAGE_SIZE, PAGE_SIZE, 3100),
	   "%s: the next, over a page's end", mode_name);
	ok(user_slice_skip(&reader, 90) == 0 && user_slice_skip(&reader, 1007) == -EFAULT &&
		   user_slice_left(&reader) == 1006,
	   "%s: skip", mode_name);
}

static void test_order(void)
{
	struct user_slice_reader reader = reader_at(0, 10);
	struct user_slice_reader gone = reader_at(USER_PAGES * PAGE_SIZE, 10);
	struct user_slice_reader empty;

	page_is_old();
	ok(page_copy_from_user_slice(page, &reader, 1, PAGE_SIZE) == -EINVAL, "%s: bounds",
	   mode_name);
	ok(page_copy_from_user_slice(page, &reader, 0, 11) == -EFAULT && page_holds(0, 0, 0, 0),
	   "%s: more than is left touches nothing", mode_name);
	ok(page_copy_from_user_slice(page, &gone, 0, 0) == 0, "%s: nothing never faults", mode_name);
	user_slice_reader_init(&empty, user_slice_new(NULL, 0));
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && user_slice_skip(&empty, 0) == 0,
	   "%s: an empty slice may be at NULL", mode_name);
	ok(page_copy_from_user_slice(page, &gone, 0, 10) == -EFAULT && page_holds(0, 10, 0, 0),
	   "%s: a fault at the first byte", mode_name);
	ok(user_slice_left(&gone) == 10, "%s: the reader stays", mode_name);
	ok(user_slice_left(&reader) == 10, "%s: so does the other", mode_name);
}

/* Each distance from the end of readable memory, each alignment, and lengths around it. */
static void test_prefix(void)
{
	static const size_t lens[] = { 1, 2, 7, 8, 63, 64, 65, 500, PAGE_SIZE };
	bool good = true;

	for (size_t before = 0; before < 130 && good; before++) {
		for (size_t l = 0; l < COUNT(lens) && good; l++) {
			size_t from = USER_PAGES * PAGE_SIZE - before, len = lens[l];
			size_t have = len < before ? len : before;
			struct user_slice_reader reader = reader_at(from, len + 5);
			size_t off = before * 31 % (PAGE_SIZE - len + 1);
			int want = have == len ? 0 : -EFAULT;

			page_is_old();
			good &= page_copy_from_user_slice(page, &reader, off, len) == want;
			good &= page_holds(off, len, have, from);
			good &= user_slice_left(&reader) == (want ? len + 5 : 5);
		}
	}
	ok(good, "%s: exact prefixes before an unmapped page", mode_name);
}

static void test_protected(void)
{
	struct user_slice_reader reader = reader_at(PAGE_SIZE - 100, 300);

	page_is_old();
	mprotect(user + PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	ok(page_copy_from_user_slice(page, &reader, 4, 300) == -EFAULT &&
		   page_holds(4, 300, 100, PAGE_SIZE - 100),
	   "%s: a page that may not be read", mode_name);
	mprotect(user + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
	user_slice_reader_init(&reader, user_slice_new((void *)(SIZE_MAX - 10), 5000));
	page_is_old();
	ok(page_copy_from_user_slice(page, &reader, 4, 300) == -EFAULT && page_holds(4, 300, 0, 0),
	   "%s: an address that wraps", mode_name);
}

static void test_read(void)
{
	static unsigned char large[USER_PAGES * PAGE_SIZE + 10];
	struct user_slice_reader reader = reader_at(0, sizeof(large));
	bool good = true;

	ok(user_slice_read(&reader, large, sizeof(large) + 1) == -EFAULT && !large[0],
	   "%s: read of more than is left", mode_name);
	memset(large, OLD, sizeof(large));
	ok(user_slice_read(&reader, large, sizeof(large)) == -EFAULT,
	   "%s: read of more than is there", mode_name);
	for (size_t i = 0; i < sizeof(large); i++)
		good &= large[i] == (i < USER_PAGES * PAGE_SIZE ? pattern(i) : 0);
	ok(good, "%s: what is there, then zeros", mode_name);
	ok(user_slice_read(&reader, large, 5) == 0 && user_slice_left(&reader) == sizeof(large) - 5,
	   "%s: read moves on", mode_name);
}

static unsigned char here[4 * 4096] __attribute__((aligned(4096)));

static void test_large(void)
{
	static unsigned char to[80 * 4096], from[80 * 4096];
	struct user_slice_reader reader;

	memset(from, 0x3c, sizeof(from));
	user_slice_reader_init(&reader, user_slice_new(from + 1, sizeof(from) - 1));
	ok(user_slice_read(&reader, to, sizeof(to) - 1) == 0 && !memcmp(to, from, sizeof(to) - 1),
	   "%s: more pieces than one call takes", mode_name);
}

/* ---- others write, and take the memory away ---- */

static atomic_bool stop;

static void *write_user(void *arg)
{
	unsigned char *at = arg;

	for (unsigned int i = 0; !atomic_load_explicit(&stop, memory_order_relaxed); i++)
		at[i % PAGE_SIZE] = (unsigned char)i;
	return NULL;
}

static void *remap_user(void *arg)
{
	unsigned char *at = arg;

	while (!atomic_load_explicit(&stop, memory_order_relaxed)) {
		mprotect(at, PAGE_SIZE, PROT_NONE);
		mmap(at, PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	}
	return NULL;
}

static bool prefix_then_zeros(size_t at_most)
{
	static unsigned char all[PAGE_SIZE];
	size_t i = 0;

	page_read_raw(page, all, 0, PAGE_SIZE);
	while (i < at_most && all[i] == 0x77)
		i++;
	while (i < PAGE_SIZE && !all[i])
		i++;
	return i == PAGE_SIZE;
}

static void test_writer(void)
{
	struct user_slice_reader reader;
	pthread_t thread;
	bool good = true;

	atomic_store(&stop, false);
	if (pthread_create(&thread, NULL, write_user, here))
		abort();
	for (unsigned int i = share(2000); i; i--) {
		user_slice_reader_init(&reader, user_slice_new(here, PAGE_SIZE));
		good &= page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE) == 0;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	ok(good, "%s: another thread writes meanwhile", mode_name);
}

static void test_remapper(void)
{
	unsigned int faults = 0, copies = 0;
	bool good = true;
	pthread_t thread;

	memset(user, 0x77, PAGE_SIZE);
	memset(user + PAGE_SIZE, 0, PAGE_SIZE);
	atomic_store(&stop, false);
	if (pthread_create(&thread, NULL, remap_user, user + PAGE_SIZE))
		abort();
	for (unsigned int i = share(20000); i; i--) {
		struct user_slice_reader reader = reader_at(PAGE_SIZE - 100, PAGE_SIZE);
		int ret = page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE);

		good &= ret == 0 || ret == -EFAULT;
		good &= user_slice_left(&reader) == (ret ? PAGE_SIZE : 0);
		good &= prefix_then_zeros(100);
		faults += ret == -EFAULT;
		copies += ret == 0;
	}
	atomic_store(&stop, true);
	pthread_join(thread, NULL);
	ok(good, "%s: another thread unmaps meanwhile", mode_name);
	printf("# %u faults, %u copies\n", faults, copies);
}

/*
 * The user memory is the page itself at a higher offset: a byte that is read twice has the value
 * that the first read made the copy write.
 */
static void test_once(void)
{
	unsigned char *mapped = page_map_local(page), *home = page_canonical(mapped);
	struct user_slice_reader reader;
	unsigned char all[16];
	bool good = true;

	for (size_t i = 0; i < 24; i++)
		home[i] = pattern(i);
	user_slice_reader_init(&reader, user_slice_new(home + 8, 16));
	ok(page_copy_from_user_slice(page, &reader, 0, 16) == 0, "%s: user memory is the page",
	   mode_name);
	page_read_raw(page, all, 0, sizeof(all));
	for (size_t i = 0; i < sizeof(all); i++)
		good &= all[i] == pattern(i + 8);
	ok(good, "%s: each byte is read once", mode_name);
	page_unmap_local(mapped);
}

static void checks(void)
{
	page = page_alloc(GFP_KERNEL);
	user = user_map(USER_PAGES * PAGE_SIZE);
	test_good();
	test_order();
	test_prefix();
	test_protected();
	test_read();
	test_once();
	test_large();
	test_writer();
	test_remapper();
	munmap(user, USER_PAGES * PAGE_SIZE);
	page_free(page);
}

UNIT_TEST(test_page_user_slice)
{
	run_in_map_modes(checks);
}
