/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * read_report: for each report on standard input, prints the tool that made it, its kind, and the functions
 * of the page library. `-m`: instead of functions, prints whether all stack frames have a known module.
 */
#include <stdio.h>
#include <string.h>

#include "tool/report/report.h"

static void print_library_functions_of_sites(const struct report *report)
{
	for (size_t i = 0; i < report->site_count; i++) {
		char top[REPORT_INNERMOST_TEXT];

		report_format_library_functions(&report->sites[i], top);
		printf(" [%s]", top);
	}
}

static void print_if_site_modules_known(const struct report *report)
{
	for (size_t i = 0; i < report->site_count; i++) {
		size_t known = 0;

		for (size_t n = 0; n < report->sites[i].frame_count; n++)
			known += report->sites[i].frames[n].module[0] && report->sites[i].frames[n].offset;
		printf(" %s", known && known == report->sites[i].frame_count ? "all" : "not all");
	}
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	const char *rest = text;
	struct report report;

	text[fread(text, 1, sizeof(text) - 1, stdin)] = '\0';
	while ((rest = report_parse_first(rest, &report))) {
		printf("%s %s", report.tool, report.kind);
		if (argc > 1 && !strcmp(argv[1], "-m"))
			print_if_site_modules_known(&report);
		else
			print_library_functions_of_sites(&report);
		putchar('\n');
	}
	return 0;
}
