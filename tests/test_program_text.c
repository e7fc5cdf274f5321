/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include <string.h>

#include "harness/program/program_text.h"
#include "tests/random_program.h"
#include "tests/tap.h"

#define HEADER "pagetorture 1\n"

static struct program program;

static const struct bad_text {
	const char *text;
	unsigned int expected_line;
	const char *expected_message; /* a part of the error message */
} bad_texts[] = {
	{ "", 1, "header" },
	{ "# only a comment\n\n", 2, "header" },
	{ "pagetorture 2\n", 1, "version '2'" },
	{ "pagetorture\n", 1, "version ''" },
	{ "pagetorture 1 1\n", 1, "header" },
	{ "main: get_page(p0)\n", 1, "header" },
	{ HEADER "frobnicate(p0)\n", 2, "unknown call 'frobnicate'" },
	{ HEADER "schedule T0.7\n", 2, "T0.7>T1 after 'schedule', got 'T0.7'" },
	{ HEADER "schedule T0.7>main\n", 2, "T0.7>T1" },
	{ HEADER "schedule T8.7>T1\n", 2, "T0.7>T1" },
	{ HEADER "schedule T0.65536>T1\n", 2, "T0.7>T1" },
	{ HEADER "schedule T0.7>T1 T1.2>T0\n", 2, "T0.7>T1" },
	{ HEADER "schedule\n", 2, "got ''" },
	{ HEADER "schedule start=kept\n", 2, "used, first-use, kept-N, freed-N, left-N, after-fork" },
	{ HEADER "schedule start=kept-4097\n", 2, "got 'start=kept-4097'" },
	{ HEADER "schedule start=used-1\n", 2, "got 'start=used-1'" },
	{ HEADER "schedule start=left-1\nschedule start=left-2\n", 3, "one line with 'schedule start='" },
	{ HEADER "get_page(p0)\nschedule start=left-1\n", 3, "before the first call" },
	{ HEADER "get_page(p0)\nschedule T0.7>T1\n", 3, "before the first call" },
	{ HEADER "schedule T0.7>T1\nexpect clean\n", 3, "before 'schedule'" },
	{ HEADER "main: ()\n", 2, "name of a call" },
	{ HEADER "T8: get_page(p0)\n", 2, "thread" },
	{ HEADER "T01: get_page(p0)\n", 2, "thread" },
	{ HEADER "get_page(p8)\n", 2, "p0 .. p7" },
	{ HEADER "get_page(p00)\n", 2, "p0 .. p7" },
	{ HEADER "get_page(m0)\n", 2, "p0 .. p7" },
	{ HEADER "k32 = kmap_local(p0)\n", 2, "k0 .. k31" },
	{ HEADER "get_page(p0\n", 2, "expected ')'" },
	{ HEADER "get_page p0)\n", 2, "expected '('" },
	{ HEADER "get_page(p0) x\n", 2, "end of the line" },
	{ HEADER "get_page(p0, 1)\n", 2, "expected ')'" },
	{ HEADER "read_raw(p0, 1)\n", 2, "expected ','" },
	{ HEADER "read_raw(p0, 1 2)\n", 2, "expected ','" },
	{ HEADER "read_raw(p0, 0, 16384)\n", 2, "outside the domain" },
	{ HEADER "read_raw(p0, 0, 0x100004000)\n", 2, "outside the domain" },
	{ HEADER "read_raw(p0, 0, 18446744073709551616)\n", 2, "expected a number" },
	{ HEADER "read_raw(p0, 0, SIZE_MAX + 1)\n", 2, "SIZE_MAX, got SIZE_MAX + 1" },
	{ HEADER "read_raw(p0, 0, PAGE_SIZE - 4097)\n", 2, "SIZE_MAX, got PAGE_SIZE - 4097" },
	{ HEADER "read_raw(p0, 0, PAGE_SIZE +)\n", 2, "after '+'" },
	{ HEADER "read_raw(p0, 0, 0x)\n", 2, "expected a number" },
	{ HEADER "read_raw(p0, 0, 1a)\n", 2, "expected a number" },
	{ HEADER "read_raw(p0, 0, -1)\n", 2, "expected a number" },
	{ HEADER "write_raw(p0, 0, 1, 256)\n", 2, "value of 0 .. 255" },
	{ HEADER "write_raw(p0, 0, 1, PAGE_SIZE)\n", 2, "value of 0 .. 255" },
	{ HEADER "p0 = alloc_page(0)\n", 2, "gfp flag" },
	{ HEADER "p0 = alloc_page(__GFP_ZERO)\n", 2, "GFP_KERNEL" },
	{ HEADER "p0 = alloc_page(GFP_KERNEL | GFP_NOIO)\n", 2, "second" },
	{ HEADER "p0 = alloc_page(GFP_KERNEL | __GFP_ZERO | __GFP_ZERO)\n", 2, "__GFP_ZERO again" },
	{ HEADER "alloc_page(GFP_KERNEL)\n", 2, "makes a resource" },
	{ HEADER "p0 = get_page(p0)\n", 2, "makes no resource" },
	{ HEADER "= get_page(p0)\n", 2, "resource before '='" },
	{ HEADER "get_page(p0) -> 0\n", 2, "has no result" },
	{ HEADER "read_raw(p0, 0, 1) -> EBUSY\n", 2, "expected a result" },
	{ HEADER "u0 = user_slice(16384, 0)\n", 2, "outside the domain" },
	{ HEADER "u0 = user_slice(SIZE_MAX, 0)\n", 2, "slice size" },
	{ HEADER "expect\n", 2, "a rule (data-race" },
	{ HEADER "expect nonsense\n", 2, "got 'nonsense'" },
	{ HEADER "expect clean data-race\n", 2, "one name" },
	{ HEADER "expect clean\nexpect data-race\n", 3, "got both" },
	{ HEADER "get_page(p0)\nexpect clean\n", 3, "before the first call" },
	{ HEADER "get_page(p0)\r\n", 2, "byte 0x0d" },
	{ HEADER "get_page(p0) # \r\n", 2, "byte 0x0d" },
	{ HEADER "# \xff\n", 2, "UTF-8" },
	{ HEADER "# \xed\xa0\x80\n", 2, "UTF-8" },
	{ HEADER "get_p\xc3\xa4ge(p0)\n", 2, "ASCII" },
};

static void test_bad_texts(void)
{
	for (size_t i = 0; i < sizeof(bad_texts) / sizeof(bad_texts[0]); i++) {
		const struct bad_text *bad = &bad_texts[i];
		struct text_error error = { .line_number = 0 };
		bool read = program_from_text(&program, bad->text, strlen(bad->text), &error);

		if (!ok(!read && error.line_number == bad->expected_line &&
				strstr(error.message, bad->expected_message),
			"bad text %zu: line %u says %s", i, bad->expected_line, bad->expected_message))
			printf("# got line %u: %s\n", error.line_number, error.message);
	}
}

static bool parse_text_or_print_error(const char *text)
{
	struct text_error error = { .line_number = 0 };
	bool good = program_from_text(&program, text, strlen(text), &error);

	if (!good)
		printf("# line %u: %s\n", error.line_number, error.message);
	return good;
}

static bool has_canonical_text(const char *text, const char *canonical)
{
	static char out[TEXT_PROGRAM_MAX];

	if (!parse_text_or_print_error(text))
		return false;
	program_to_text(&program, out);
	if (strcmp(out, canonical))
		printf("# got: %s\n", out);
	return !strcmp(out, canonical);
}

static void test_good_texts(void)
{
	ok(has_canonical_text("\n# c\n \tpagetorture\t1 # x\n", HEADER),
	   "spaces and comments around the header");
	ok(has_canonical_text(HEADER "get_page(p0)", HEADER "main: get_page(p0)\n"),
	   "the last line may lack its end");
	ok(has_canonical_text(HEADER "T7 :read_raw( p1 ,0X10,\t007 )->EINVAL#c",
			      HEADER "T7: read_raw(p1, 0x10, 7) -> EINVAL\n"),
	   "spaces around any token");
	ok(has_canonical_text(HEADER "read_raw(p0, PAGE_SIZE - 1, SIZE_MAX)",
			      HEADER "main: read_raw(p0, 0xfff, SIZE_MAX-0)\n"),
	   "names with a sum");
	ok(has_canonical_text(HEADER "write_raw(p0, 4096, 4294967296, 16)",
			      HEADER "main: write_raw(p0, PAGE_SIZE, 0x100000000, 0x10)\n"),
	   "canonical numbers and values");
	ok(has_canonical_text(HEADER "p0=alloc_page(__GFP_NOFAIL|GFP_NOIO|__GFP_ZERO)",
			      HEADER "main: p0 = alloc_page(GFP_NOIO | __GFP_ZERO | __GFP_NOFAIL)\n"),
	   "flags in the order of the table");
	ok(has_canonical_text(HEADER "expect use-after-free\nexpect data-race\nexpect data-race\n",
			      HEADER "expect data-race\nexpect use-after-free\n"),
	   "expectations sorted, once each");
	ok(has_canonical_text(HEADER "expect clean\n", HEADER "expect clean\n"), "expect clean stays");
	ok(has_canonical_text(HEADER "u3 = user_slice(0, 0, 0)\nu2 = user_slice(1, 2)\n",
			      HEADER "main: u3 = user_slice(0, 0x0, 0)\nmain: u2 = user_slice(1, 0x2)\n"),
	   "fault only if given");
	ok(parse_text_or_print_error(HEADER "# \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\n"),
	   "comments hold any UTF-8");
}

/* Return: whether a text of @line_count lines is parsed, if the last line has @last_line_length bytes. */
static bool is_text_of_lines_parsed(unsigned int line_count, size_t last_line_length)
{
	size_t size = 14 + line_count + last_line_length;
	char *text = malloc(size), *at = text;
	struct text_error error;
	bool good;

	at = stpcpy(at, HEADER);
	for (unsigned int i = 2; i < line_count; i++)
		*at++ = '\n';
	*at++ = '#';
	memset(at, 'x', last_line_length - 1);
	at += last_line_length - 1;
	good = program_from_text(&program, text, (size_t)(at - text), &error);
	free(text);
	return good;
}

static void test_limits_of_lines(void)
{
	ok(is_text_of_lines_parsed(1024, 256), "1,024 lines of 256 bytes are read");
	ok(!is_text_of_lines_parsed(1025, 1), "1,025 lines are not");
	ok(!is_text_of_lines_parsed(2, 257), "a line of 257 bytes is not");
}

static void test_rewrite_as_canonical(void)
{
	static char out[TEXT_REWRITE_MAX];
	static const char text[] = "# top\n\npagetorture 1 # x\n  # in\nexpect data-race\n"
				   "get_page(p0) # gone\n\n# end";
	struct text_error error;
	size_t used = program_rewrite_as_canonical(text, sizeof(text) - 1, out, &error);

	ok(used == strlen(out) && !strcmp(out, "# top\npagetorture 1\n  # in\nexpect data-race\n"
					       "main: get_page(p0)\n# end\n"),
	   "rewriting keeps comment lines, drops empty lines and trailing comments");
}

static bool text_round_trips(uint64_t seed)
{
	static char text[TEXT_PROGRAM_MAX], again[TEXT_PROGRAM_MAX];
	static struct program before;
	struct text_error error;
	size_t size;

	make_random_program(&seed, &before, 60);
	size = program_to_text(&before, text);
	if (!program_from_text(&program, text, size, &error))
		return false;
	program_to_text(&program, again);
	return program_calls_equal(&before, &program) && program_valid(&program) && !strcmp(text, again);
}

static void test_schedule_lines(void)
{
	static const char canonical[] = HEADER "expect clean\n"
					       "schedule start=kept-15\n"
					       "schedule main.2>T1\n"
					       "schedule T0.7>T1\n"
					       "schedule T7.65535>T0\n"
					       "main: get_page(p0)\n";
	static const char given[] = HEADER "expect clean\n"
					   "schedule  start=kept-15 # a comment\n"
					   "  schedule  main.2>T1 # a comment\n"
					   "schedule T0.007>T1\n"
					   "schedule\tT7.65535>T0\n"
					   "get_page(p0)\n";
	static char text[TEXT_PROGRAM_MAX], rewritten[TEXT_REWRITE_MAX];
	struct text_error error;
	bool is_parsed = program_from_text(&program, given, strlen(given), &error);
	size_t size;

	ok(is_parsed && program.schedule.count == 3 && program.schedule.items[0].running == THREAD_MAIN &&
		   program.schedule.items[2].running == 8 && program.schedule.items[2].next == 1 &&
		   program.schedule.items[2].position == 65535 && program.calls[0].line == 7 &&
		   program.schedule.start.kind == START_KEPT && program.schedule.start.count == 15,
	   "schedule lines are deviations, in their order");
	size = program_to_text(&program, text);
	ok(size == strlen(canonical) && !strcmp(text, canonical), "they are written in canonical form");
	size = program_rewrite_as_canonical(given, strlen(given), rewritten, &error);
	ok(size == strlen(canonical) && !memcmp(rewritten, canonical, size),
	   "and rewritten in canonical form");
	program_update_lines(&program);
	ok(program.calls[0].line == 6, "the lines of calls are counted after them");
}

UNIT_TEST(test_program_text)
{
	test_schedule_lines();
	test_bad_texts();
	test_good_texts();
	test_limits_of_lines();
	test_rewrite_as_canonical();
	check_seeds(3000, text_round_trips, "text and back is the same program and text");
}
