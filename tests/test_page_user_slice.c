/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* Tests user slices (R9): the order of checks, copies up to an unmapped page, changes by other threads. */
#include "tests/page_test.h"

#include <stdatomic.h>
#include <sys/mman.h>

#define USER_SIZE (3 * PAGE_SIZE)
#define OLD_BYTE  0xee

static struct page *page;
static unsigned char *user; /* USER_SIZE bytes before an unmapped page */

static unsigned char get_pattern_byte(size_t i)
{
	return (unsigned char)(i + i / 256 + 1);
}

static void set_up_user_memory_and_page(void)
{
	unsigned char *memory =
		mmap(NULL, USER_SIZE + PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED)
		abort();
	for (size_t i = 0; i < USER_SIZE; i++)
		memory[i] = get_pattern_byte(i);
	if (munmap(memory + USER_SIZE, PAGE_SIZE))
		abort();
	user = memory;
	page = page_alloc(GFP_KERNEL);
}

/* Fills the page with OLD_BYTE, then copies @len bytes of user memory to offset @off of the page. */
static int fill_page_and_copy(struct user_slice_reader *reader, size_t off, size_t len)
{
	unsigned char old_bytes[PAGE_SIZE];

	memset(old_bytes, OLD_BYTE, sizeof(old_bytes));
	page_write_raw(page, old_bytes, 0, PAGE_SIZE);
	return page_copy_from_user_slice(page, reader, off, len);
}

/*
 * Return: whether the range [off, off + len) of the page contains @copied_count bytes of `user` from
 * @user_offset on, then zeros; and whether all other bytes of the page are OLD_BYTE.
 */
static bool page_has_user_bytes(size_t off, size_t len, size_t copied_count, size_t user_offset)
{
	static unsigned char page_bytes[PAGE_SIZE];

	page_read_raw(page, page_bytes, 0, PAGE_SIZE);
	for (size_t i = 0; i < PAGE_SIZE; i++) {
		unsigned char expected = OLD_BYTE;

		if (i >= off && i < off + len)
			expected = i < off + copied_count ? get_pattern_byte(user_offset + i - off) : 0;
		if (page_bytes[i] != expected) {
			printf("# byte %zu: expected %#x, got %#x\n", i, expected, page_bytes[i]);
			return false;
		}
	}
	return true;
}

static void test_copy_of_readable_memory(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user + 100, 2 * PAGE_SIZE);

	/* [P187] [P196] */
	ok(fill_page_and_copy(&reader, 10, 3000) == 0 && page_has_user_bytes(10, 3000, 3000, 100),
	   "a copy writes its range");
	/* [P164] [P188] [P166] */
	ok(user_slice_left(&reader) == 2 * PAGE_SIZE - 3000, "a copy moves the reader");
	ok(fill_page_and_copy(&reader, 0, PAGE_SIZE) == 0 &&
		   page_has_user_bytes(0, PAGE_SIZE, PAGE_SIZE, 3100),
	   "the next copy continues, across two pages of user memory");
	/* [P168] [P169] */
	ok(user_slice_skip(&reader, 90) == 0 && user_slice_skip(&reader, 1007) == -EFAULT &&
		   user_slice_left(&reader) == 1006,
	   "user_slice_skip moves the reader, not beyond the end");
}

static void test_order_of_checks(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user, 10),
				 unmapped = make_user_slice_reader(user + USER_SIZE, 10);
	struct user_slice_reader empty = make_user_slice_reader(NULL, 0);

	/* [P190] [P191] */
	ok(fill_page_and_copy(&reader, 1, PAGE_SIZE) == -EINVAL && page_has_user_bytes(0, 0, 0, 0),
	   "a bad range is EINVAL");
	/* [P192] */
	ok(fill_page_and_copy(&reader, 0, 11) == -EFAULT && page_has_user_bytes(0, 0, 0, 0),
	   "more than is left is EFAULT, and writes nothing");
	/* [P193] */
	ok(page_copy_from_user_slice(page, &unmapped, 0, 0) == 0, "a copy of no bytes never faults");
	/* [P161] */
	ok(page_copy_from_user_slice(page, &empty, 0, 0) == 0 && user_slice_skip(&empty, 0) == 0,
	   "an empty slice may be at NULL");
	ok(fill_page_and_copy(&unmapped, 0, 10) == -EFAULT && page_has_user_bytes(0, 10, 0, 0),
	   "a fault at the first byte");
	ok(user_slice_left(&unmapped) == 10 && user_slice_left(&reader) == 10,
	   "an error does not move the reader");
}

/* Copies bytes, of several lengths, from each of the last 130 positions before an unmapped page. */
static void test_copy_before_unmapped_page(void)
{
	static const size_t lens[] = { 1, 2, 7, 8, 63, 64, 65, 500, PAGE_SIZE };
	bool good = true;

	for (size_t distance = 0; distance < 130 && good; distance++) {
		for (size_t l = 0; l < COUNT(lens) && good; l++) {
			size_t from = USER_SIZE - distance, len = lens[l];
			size_t readable = len < distance ? len : distance;
			struct user_slice_reader reader = make_user_slice_reader(user + from, len + 5);
			size_t off = distance * 31 % (PAGE_SIZE - len + 1);
			int expected = readable == len ? 0 : -EFAULT;

			good &= fill_page_and_copy(&reader, off, len) == expected;
			good &= page_has_user_bytes(off, len, readable, from);
			good &= user_slice_left(&reader) == (expected ? len + 5 : 5);
		}
	}
	/* [P28] [P195] */
	ok(good, "before an unmapped page the copy has exactly the readable bytes");
}

static void test_copy_of_unreadable_memory(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user + PAGE_SIZE - 100, 300);

	mprotect(user + PAGE_SIZE, PAGE_SIZE, PROT_NONE);
	ok(fill_page_and_copy(&reader, 4, 300) == -EFAULT &&
		   page_has_user_bytes(4, 300, 100, PAGE_SIZE - 100),
	   "a page that may not be read is a fault");
	mprotect(user + PAGE_SIZE, PAGE_SIZE, PROT_READ | PROT_WRITE);
	reader = make_user_slice_reader((void *)(SIZE_MAX - 10), 5000);
	ok(fill_page_and_copy(&reader, 4, 300) == -EFAULT && page_has_user_bytes(4, 300, 0, 0),
	   "a range that wraps around the end of memory is a fault");
}

static void test_read(void)
{
	static unsigned char large[USER_SIZE + 10], to[80 * 4096], from[80 * 4096];
	struct user_slice_reader reader = make_user_slice_reader(user, sizeof(large));
	bool good = true;

	/* [P174] */
	ok(user_slice_read(&reader, large, sizeof(large) + 1) == -EFAULT && !large[0],
	   "user_slice_read of more than is left is EFAULT, and writes nothing");
	memset(large, OLD_BYTE, sizeof(large));
	ok(user_slice_read(&reader, large, sizeof(large)) == -EFAULT,
	   "user_slice_read of more than is readable is EFAULT");
	for (size_t i = 0; i < sizeof(large); i++)
		good &= large[i] == (i < USER_SIZE ? get_pattern_byte(i) : 0);
	/* [P175] */
	ok(good, "user_slice_read copies the readable bytes, and zeros the others");
	/* [P170] [P171] [P173] */
	ok(user_slice_read(&reader, large, 5) == 0 && user_slice_left(&reader) == sizeof(large) - 5,
	   "user_slice_read moves the reader");
	memset(from, 0x3c, sizeof(from));
	reader = make_user_slice_reader(from + 1, sizeof(from) - 1);
	ok(user_slice_read(&reader, to, sizeof(to) - 1) == 0 && !memcmp(to, from, sizeof(to) - 1),
	   "user_slice_read of more pieces than one system call takes");
}

/* Writes bytes to each of the last 130 positions before an unmapped page. */
static void test_write_before_unmapped_page(void)
{
	unsigned char src[130], zeros[130] = { 0 };
	bool good = true;

	memset(src, OLD_BYTE, sizeof(src));
	for (size_t distance = 0; distance < 130 && good; distance++) {
		unsigned char *to = user + USER_SIZE - distance;
		size_t len = 65, written = len < distance ? len : distance,
		       left = written == len ? 5 : len + 5;
		struct user_slice_writer writer;

		memset(user + USER_SIZE - 130, 0, 130);
		user_slice_writer_init(&writer, user_slice_new(to, len + 5));
		good &= user_slice_write(&writer, src, len) == (written == len ? 0 : -EFAULT);
		good &= user_slice_writer_left(&writer) == left;
		good &= !memcmp(to, src, written) && !memcmp(to + written, zeros, distance - written) &&
			!memcmp(user + USER_SIZE - 130, zeros, 130 - distance);
	}
	/* [P186] */
	ok(good, "before an unmapped page user_slice_write writes exactly the writable bytes");
}

static void test_write(void)
{
	static unsigned char src[80 * 4096], to[80 * 4096];
	struct user_slice_writer writer;

	memset(src, OLD_BYTE, sizeof(src));
	user_slice_writer_init(&writer, user_slice_new(to + 1, sizeof(to) - 1));
	/* [P177] [P185] */
	ok(user_slice_write(&writer, src, sizeof(to)) == -EFAULT && !to[1] && writer.at == to + 1,
	   "user_slice_write of more than is left is EFAULT, and writes nothing");
	/* [P181] [P182] [P184] [P179] */
	ok(user_slice_write(&writer, src, 10) == 0 && user_slice_write(&writer, src, sizeof(to) - 11) == 0 &&
		   !to[0] && !memcmp(to + 1, src, sizeof(to) - 1) && !user_slice_writer_left(&writer),
	   "user_slice_write continues, and writes more pieces than one system call takes");
	mprotect(user, PAGE_SIZE, PROT_READ);
	user_slice_writer_init(&writer, user_slice_new(user, 1));
	ok(user_slice_write(&writer, src, 1) == -EFAULT && user_slice_write(&writer, src, 0) == 0,
	   "a page that may not be written is a fault, a write of no bytes never faults");
	mprotect(user, PAGE_SIZE, PROT_READ | PROT_WRITE);
}

/*
 * Copies the bytes from offset 8 of the page to its beginning. The copy overwrites bytes that it has read, so
 * a second read of a byte would give another value.
 */
static void test_reads_once(void)
{
	unsigned char *mapped = page_map_local(page), *canonical = page_canonical(mapped);
	struct user_slice_reader reader = make_user_slice_reader(canonical + 8, 16);
	unsigned char copied_bytes[16];
	bool good = true;

	for (size_t i = 0; i < 24; i++)
		canonical[i] = get_pattern_byte(i);
	ok(page_copy_from_user_slice(page, &reader, 0, 16) == 0, "user memory may be the page");
	page_read_raw(page, copied_bytes, 0, sizeof(copied_bytes));
	for (size_t i = 0; i < sizeof(copied_bytes); i++)
		good &= copied_bytes[i] == get_pattern_byte(i + 8);
	/* [P10] */
	ok(good, "each byte is read once");
	page_unmap_local(mapped);
}

/* ---- another thread changes the memory ---- */

static atomic_bool must_stop;

static void *write_user_memory(void *memory)
{
	for (unsigned int i = 0; !atomic_load_explicit(&must_stop, memory_order_relaxed); i++)
		((unsigned char *)memory)[i % PAGE_SIZE] = (unsigned char)i;
	return NULL;
}

static void *remap_user_memory(void *memory)
{
	while (!atomic_load_explicit(&must_stop, memory_order_relaxed)) {
		mprotect(memory, PAGE_SIZE, PROT_NONE);
		mmap(memory, PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		     0);
	}
	return NULL;
}

static bool page_has_prefix_then_zeros(size_t longest_prefix)
{
	static unsigned char copied_bytes[PAGE_SIZE];
	size_t i = 0;

	page_read_raw(page, copied_bytes, 0, PAGE_SIZE);
	while (i < longest_prefix && copied_bytes[i] == 0x77)
		i++;
	while (i < PAGE_SIZE && !copied_bytes[i])
		i++;
	return i == PAGE_SIZE;
}

static bool copy_of_user_page_succeeds(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user, PAGE_SIZE);

	return page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE) == 0;
}

static bool copy_has_prefix_then_zeros(void)
{
	struct user_slice_reader reader = make_user_slice_reader(user + PAGE_SIZE - 100, PAGE_SIZE);
	int ret = page_copy_from_user_slice(page, &reader, 0, PAGE_SIZE);

	return (ret == 0 || ret == -EFAULT) && user_slice_left(&reader) == (ret ? PAGE_SIZE : 0) &&
	       page_has_prefix_then_zeros(100);
}

static bool succeeds_while_thread_runs(void *(*run)(void *memory), void *memory, bool (*copy_succeeds)(void),
				       unsigned int rounds)
{
	pthread_t thread;
	bool good = true;

	atomic_store(&must_stop, false);
	thread = start_thread_or_abort(run, memory);
	while (rounds--)
		good &= copy_succeeds();
	atomic_store(&must_stop, true);
	pthread_join(thread, NULL);
	return good;
}

static void test_other_threads(void)
{
	/* [P10] */
	ok(succeeds_while_thread_runs(write_user_memory, user, copy_of_user_page_succeeds,
				      scale_repeat_count(2000)),
	   "a copy succeeds while another thread writes the memory");
	memset(user, 0x77, PAGE_SIZE);
	memset(user + PAGE_SIZE, 0, PAGE_SIZE);
	ok(succeeds_while_thread_runs(remap_user_memory, user + PAGE_SIZE, copy_has_prefix_then_zeros,
				      scale_repeat_count(20000)),
	   "a copy has a prefix, then zeros, while another thread unmaps the memory");
}

ACTION(delete_user_memory_and_page, munmap(user, USER_SIZE), page_free(page))

UNIT_TEST_IN_MAP_MODES(test_page_user_slice, set_up_user_memory_and_page, test_copy_of_readable_memory,
		       test_order_of_checks, test_copy_before_unmapped_page, test_copy_of_unreadable_memory,
		       test_read, test_write_before_unmapped_page, test_write, test_reads_once,
		       test_other_threads, delete_user_memory_and_page)
