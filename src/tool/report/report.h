/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Parses the reports that sanitizers, libFuzzer and the page library print: the kind of the failure and its
 * place in src/page.
 *
 * A kind is the usual name of the failure (heap-use-after-free, data-race, timeout ...), or the name of the
 * rule in a report of the page library. A frame is either a function with its file, or, without symbols, an
 * offset in a module.
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
	unsigned long offset; /* offset of the code in the module */
};

/* A stack of a report: of the failure, or of one of the two accesses of a race. */
struct report_site {
	size_t frame_count;
	struct report_frame frames[REPORT_FRAMES_MAX]; /* the innermost first */
};

struct report {
	char tool[32];  /* the tool that printed the report: AddressSanitizer, libFuzzer, page ... */
	char kind[64];  /* the kind of failure: heap-use-after-free ... */
	char line[200]; /* the first line of the report */
	size_t site_count;
	struct report_site sites[REPORT_SITES_MAX];
};

/*
 * Parses the first report in @text into @report.
 * Return: the text after the report, which may have another report. NULL: @text has no report, and @report is
 * empty.
 */
const char *report_parse_first(const char *text, struct report *report);

/*
 * Parses @place, "FILE:LINE:COLUMN", into @frame, and truncates @place after FILE.
 * Return: whether @place has a line number.
 */
bool report_frame_parse_place(struct report_frame *frame, char *place);

/* Return: whether the frame is in the sources of the page library. */
bool report_frame_is_in_library(const struct report_frame *frame);

/*
 * Finds the innermost frame of @site in src/page, except page_bug(), which only aborts the process. The
 * sources of the page library may be elsewhere: without a frame in src/page, finds the innermost frame with a
 * known file that the harness called. Return: the frame, or NULL if @site has no frame of either kind.
 */
const struct report_frame *report_find_innermost_library_frame(const struct report_site *site);

/*
 * Formats the innermost functions of the page library in @site, at most REPORT_INNERMOST_MAX functions, as
 * "page_copy<page_read_raw". Interceptors of a sanitizer and functions of the harness are left out. The text
 * is empty if @site has no function of the library.
 */
#define REPORT_INNERMOST_MAX  3
#define REPORT_INNERMOST_TEXT 256
void report_format_library_functions(const struct report_site *site, char text[REPORT_INNERMOST_TEXT]);
