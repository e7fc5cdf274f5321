/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The library's reports of misuse (R6): the call, the pages, and their owners. */
#include "tests/page_test.h"

#include <signal.h>

#include "page/report.h"
#include "page/sync.h"

static struct page *pages[2];
static struct page_task *tasks[2];
static unsigned char byte;

/* Is the report one line that contains @rule and each of the @parts? */
static void says(const char *name, void (*fn)(void), const char *rule, const char *const parts[])
{
	struct child_result outcome = in_child(fn);
	char begin[64];
	bool good;

	snprintf(begin, sizeof(begin), "BUG: page: %s: ", rule);
	good = WIFSIGNALED(outcome.status) && WTERMSIG(outcome.status) == SIGABRT &&
	       !strncmp(outcome.stderr_text, begin, strlen(begin)) &&
	       strchr(outcome.stderr_text, '\n') == outcome.stderr_text + strlen(outcome.stderr_text) - 1;
	for (int i = 0; parts[i]; i++)
		good &= strstr(outcome.stderr_text, parts[i]) != NULL;
	/* AddressSanitizer detects a freed page first, and its report has no page name. */
	if (SYNC_POISONS && !strcmp(rule, "use-after-free"))
		good = strstr(outcome.stderr_text, "use-after-poison") != NULL;
	if (!ok(good, "%s: %s", mode_name, name))
		printf("# %s\n", outcome.stderr_text);
}

/* Formats a part of a report with a page or an address; valid for the next four calls. */
static const char *with(const char *format, const void *pointer)
{
	static char texts[4][160];
	static unsigned int next;
	char *text = texts[next++ % COUNT(texts)];

	snprintf(text, sizeof(texts[0]), format, pointer);
	return text;
}

#define SAYS(name, fn, rule, ...) says(name, fn, rule, (const char *const[]){ __VA_ARGS__, NULL })

static void wrong_order(void)
{
	void *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_map_local(pages[1]);
	page_unmap_local(addr);
}

static void overflow(void)
{
	page_task_switch_in(tasks[0]);
	for (int i = 0; i < PAGE_TASK_MAPPINGS; i++)
		page_map_local(pages[1]);
	page_map_local(pages[0]);
}

static void foreign(void)
{
	void *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[0]);
	page_task_switch_in(tasks[1]);
	page_map_local(pages[1]);
	page_unmap_local(addr);
}

static void twice(void)
{
	void *addr;

	page_task_switch_in(tasks[0]);
	addr = page_map_local(pages[1]);
	page_unmap_local(addr);
	page_unmap_local(addr);
}

static void stranger(void)
{
	page_task_switch_in(tasks[0]);
	page_unmap_local(&byte);
}

static void freed_read(void)
{
	page_task_switch_in(tasks[0]);
	page_free(pages[0]);
	page_read_raw(pages[0], &byte, 0, 1);
}

static void freed_copy(void)
{
	page_task_switch_in(tasks[0]);
	page_free(pages[1]);
	page_copy(pages[0], 0, pages[1], 0, 1);
}

static unsigned char *buffer;

static void borrowed(void)
{
	page_task_switch_in(tasks[0]);
	page_free(page_borrow(buffer));
}

static void no_buffer(void)
{
	page_task_switch_in(tasks[0]);
	page_buffer_size(&byte);
}

static void inside_a_buffer(void)
{
	page_task_switch_in(tasks[0]);
	page_buffer_free(buffer + PAGE_SIZE);
}

static void test_mappings(void)
{
	SAYS("an older mapping", wrong_order, "unmap-order",
	     with("page_unmap_local of page %p at 0x", pages[0]), " by alpha at 0x",
	     with(", but page %p was mapped later at 0x", pages[1]));
	SAYS("a 17th", overflow, "map-overflow",
	     with("page_map_local of page %p by alpha at 0x", pages[0]),
	     with("it has 16 of 16 mappings, the newest of page %p, mapped at 0x", pages[1]));
	SAYS("another task's", foreign, "foreign-map",
	     with("page_unmap_local of page %p at 0x", pages[0]), " by beta at 0x",
	     ": mapped by alpha at 0x");
	SAYS("one that ended", twice, "use-after-unmap", "page_unmap_local of 0x",
	     with(", page %p, by alpha at 0x", pages[1]));
	SAYS("none at all", stranger, "foreign-map",
	     with("page_unmap_local of %p by alpha at 0x", &byte));
}

static void test_pages(void)
{
	SAYS("a dead page", freed_read, "use-after-free",
	     with("page_read_raw of the dead page %p by alpha at 0x", pages[0]));
	SAYS("a dead source", freed_copy, "use-after-free",
	     with("page_copy of the dead page %p by alpha at 0x", pages[1]));
	SAYS("a borrowed page", borrowed, "borrowed-free",
	     with("page_free of the borrowed page %p by alpha at 0x", page_borrow(buffer)));
	SAYS("no buffer", no_buffer, "foreign-map",
	     with("page_buffer_size of %p by alpha at 0x", &byte));
	SAYS("not where a buffer begins", inside_a_buffer, "foreign-map",
	     with("page_buffer_free of %p by alpha at 0x", buffer + PAGE_SIZE));
}

static void long_words(void)
{
	char words[1000];

	memset(words, 'x', sizeof(words));
	words[sizeof(words) - 1] = '\0';
	page_bug("long", "%s", words);
}

/* A report that is too long is cut, and still ends with a newline: 512 bytes including the NUL. */
static void test_long(void)
{
	struct child_result outcome = in_child(long_words);
	size_t len = strlen(outcome.stderr_text);

	ok(len == 511 && outcome.stderr_text[510] == '\n' && outcome.stderr_text[509] == 'x',
	   "%s: a line that is too long is cut (%zu)", mode_name, len);
}

static void checks(void)
{
	for (size_t i = 0; i < COUNT(pages); i++)
		pages[i] = page_alloc(GFP_KERNEL | __GFP_ZERO);
	buffer = page_buffer_alloc(3 * PAGE_SIZE);
	tasks[0] = page_task_new("alpha");
	tasks[1] = page_task_new("beta");
	test_mappings();
	test_pages();
	test_long();
	page_task_delete(tasks[0]);
	page_task_delete(tasks[1]);
	page_buffer_free(buffer);
	for (size_t i = 0; i < COUNT(pages); i++)
		page_free(pages[i]);
}

UNIT_TEST(test_page_report)
{
	run_in_map_modes(checks);
}
