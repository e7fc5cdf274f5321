/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Copies standard input to standard output through a page. The program copies a piece of the input to the
 * page as user memory, and clears the rest of the page. Then the program writes the piece from a mapping.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <page.h>

static int write_to_stdout(void *mapped_bytes, void *ctx)
{
	size_t len = *(size_t *)ctx;

	return fwrite(mapped_bytes, 1, len, stdout) == len ? 0 : -EIO;
}

static int copy_to_stdout_through_page(struct page *page, const char *input, size_t len)
{
	struct user_slice_reader reader;
	int ret;

	user_slice_reader_init(&reader, user_slice_new(input, len));
	ret = page_copy_from_user_slice(page, &reader, 0, len);
	if (!ret)
		ret = page_fill_zero(page, len, PAGE_SIZE - len);
	if (!ret)
		ret = page_with_pointer(page, 0, len, write_to_stdout, &len);
	return ret;
}

int main(void)
{
	struct page *page = page_alloc(GFP_KERNEL);
	char input_bytes[PAGE_SIZE];
	int ret = page ? 0 : -errno;
	size_t input_len;

	while (!ret && (input_len = fread(input_bytes, 1, sizeof(input_bytes), stdin)))
		ret = copy_to_stdout_through_page(page, input_bytes, input_len);
	page_free(page);
	if (ret)
		fprintf(stderr, "page_cat: %s\n", strerror(-ret));
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
