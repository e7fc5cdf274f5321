/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The text of a report, as sanitizers, libFuzzer and the page library print them: what
 * kind of failure it is, and where in src/page.
 *
 * Kinds are the field's names (heap-use-after-free, data-race, timeout ...), a rule's name
 * for the library's own report. A frame is either a function with its file, or an offset in
 * a module whose symbols were not looked up.
 */
#ifndef TOOL_REPORT_H
#define TOOL_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#define REPORT_FRAMES 16
#define REPORT_SITES  2 /* a race has two */

struct report_frame {
	char function[80];    /* empty: not known */
	char file[200];	      /* empty: not known */
	unsigned int line;    /* or 0 */
	char module[160];     /* empty: unknown */
	unsigned long offset; /* in the module */
};

struct report_site {
	char access_text[48]; /* of a race: "write of size 8"; else empty */
	size_t frame_count;
	struct report_frame frames[REPORT_FRAMES]; /* the innermost first */
};

struct report {
	char tool[32];	/* who reports: AddressSanitizer ..., libFuzzer, page */
	char kind[64];
	char line[200]; /* the line that says so */
	size_t site_count;
	struct report_site sites[REPORT_SITES];
};

/*
 * Reads the first report in @text.
 * Return: after it, where the next one can be looked for; NULL if there is none, and
 * @report is then empty.
 */
const char *report_parse(const char *text, struct report *report);

/* Is the frame in the page library's sources? */
bool report_frame_is_in_page(const struct report_frame *frame);

/*
 * The innermost frame of a site in src/page, without where the library ends itself. A stack
 * without src/page may be in a page library whose sources are elsewhere: then the innermost
 * frame above the harness. NULL if there is none.
 */
const struct report_frame *report_find_innermost_frame(const struct report_site *site);

/*
 * The innermost functions of a site that lie in the page library, "page_copy<page_read_raw",
 * at most REPORT_TOP of them; interceptors above and the harness below are left out. Empty
 * where there is none.
 */
#define REPORT_TOP	3
#define REPORT_TOP_TEXT 256
void report_format_top_functions(const struct report_site *site, char text[REPORT_TOP_TEXT]);

#endif
