/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Parses the reports that sanitizers, libFuzzer and the page library print: the kind of the failure and
 * its place in src/page.
 *
 * A kind is the usual name of the failure (heap-use-after-free, data-race, timeout ...), or the name of
 * the rule in a report of the page library. A frame is either a function with its file, or an offset in
 * a module whose symbols were not looked up.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define REPORT_FRAMES_MAX 16
#define REPORT_SITES_MAX  2 /* a race report has a site for each of its two accesses */

struct report_frame {
	char function[80];    /* empty: not known */
	char file[200];       /* empty: not known */
	unsigned int line;    /* 0: not known */
	char module[160];     /* empty: not known */
	unsigned long offset; /* of the code in the module */
};

/* A stack of a report: of the failure, or of one of the two accesses of a race. */
struct report_site {
	size_t frame_count;
	struct report_frame frames[REPORT_FRAMES_MAX]; /* the innermost first */
};

struct report {
	char tool[32];  /* which printed the report: AddressSanitizer, libFuzzer, page ... */
	char kind[64];  /* the kind of failure: heap-use-after-free ... */
	char line[200]; /* the first line of the report */
	size_t site_count;
	struct report_site sites[REPORT_SITES_MAX];
};

/*
 * Reads the first report in @text.
 * Return: the text after the report, in which the next report can be searched; NULL if @text has no
 * report, and @report is then empty.
 */
const char *report_parse_first(const char *text, struct report *report);

/*
 * Parses "FILE:LINE:COLUMN" into a frame; @place is cut after the file.
 * Return: whether the place has a line.
 */
bool report_frame_parse_place(struct report_frame *frame, char *place);

/* Return: whether the frame is in the sources of the page library. */
bool report_frame_is_in_library(const struct report_frame *frame);

/*
 * Finds the innermost frame of a site in src/page; page_bug(), which aborts the process, is left out.
 * If no frame is in src/page, the sources of the page library may be elsewhere: then the function finds the
 * innermost frame above the harness. Return: the frame, or NULL if the site has no such frame.
 */
const struct report_frame *report_find_innermost_library_frame(const struct report_site *site);

/*
 * Formats the innermost functions of the page library in a site, at most REPORT_INNERMOST_MAX of them, as
 * "page_copy<page_read_raw". Interceptors above and functions of the harness below are left out. The text
 * is empty if the site has no function of the library.
 */
#define REPORT_INNERMOST_MAX  3
#define REPORT_INNERMOST_TEXT 256
void report_format_library_functions(const struct report_site *site, char text[REPORT_INNERMOST_TEXT]);
