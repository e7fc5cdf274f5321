/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The form of a stack frame depends on the tool that prints the report. AddressSanitizer,
 * MemorySanitizer and libFuzzer print "#0 0xPC in FUNCTION FILE:LINE"; ThreadSanitizer prints
 * "#0 FUNCTION FILE:LINE (MODULE+0xOFFSET)". Without symbols all tools print the module and the
 * offset instead of a function. The runtimes of gcc print no columns and no build ids.
 */
#include "tool/report/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Lines of a report are truncated to this size. */
#define LINE_SIZE 4096

static bool starts_with(const char *text, const char *prefix)
{
	return !strncmp(text, prefix, strlen(prefix));
}

/* Copies the first line of @text without its newline. Return: the text after the line. */
static const char *copy_first_line(const char *text, char line[LINE_SIZE])
{
	size_t length = strcspn(text, "\n");

	snprintf(line, LINE_SIZE, "%.*s", (int)length, text);
	return text + length + (text[length] == '\n');
}

bool report_frame_parse_place(struct report_frame *frame, char *place)
{
	char *colon = strchr(place, ':');

	if (colon)
		*colon = '\0';
	snprintf(frame->file, sizeof(frame->file), "%s", place);
	frame->line = colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;
	return colon;
}

/* ---- the first line of a report: its tool and the kind of failure ---- */

/* A text in a message of a sanitizer, and the kind of failure that such a message means. */
struct kind_phrase {
	const char *text, *kind;
};

static const struct kind_phrase kind_phrases[] = {
	{ "attempting double-free", "double-free" },
	{ "attempting free on address", "bad-free" },
	{ "deadly signal", "deadly-signal" },
	{ "detected memory leaks", "memory-leak" },
	{ "failed to allocate", "out-of-memory" },
	{ "fuzz target exited", "exit" },
	{ "fuzz target overwrites", "overwrites-input" },
	{ "nested bug", "nested-bug" },
	{ "out of memory", "out-of-memory" },
	{ "out-of-memory", "out-of-memory" },
	{ "requested allocation size", "allocation-size-too-big" },
	{ "timeout", "timeout" },
};

/* A part of a message of UndefinedBehaviorSanitizer, and the -fsanitize= name of the check that prints it. */
static const struct kind_phrase undefined_phrases[] = {
	{ "addition of unsigned offset", "pointer-overflow" },
	{ "applying non-zero offset", "pointer-overflow" },
	{ "applying zero offset", "pointer-overflow" },
	{ "call to function", "function" },
	{ "cannot be represented in type", "signed-integer-overflow" },
	{ "division by zero", "integer-divide-by-zero" },
	{ "execution reached an unreachable", "unreachable" },
	{ "execution reached the end of a value-returning", "return" },
	{ "index ", "bounds" },
	{ "insufficient space for an object", "object-size" },
	{ "is not a valid value for type", "enum" },
	{ "is outside the range of representable", "float-cast-overflow" },
	{ "misaligned address", "alignment" },
	{ "null pointer passed as argument", "nonnull-attribute" },
	{ "null pointer returned", "returns-nonnull-attribute" },
	{ "null pointer", "null" },
	{ "passing zero to", "builtin" },
	{ "pointer index expression", "pointer-overflow" },
	{ "shift", "shift" },
	{ "subtraction of unsigned offset", "pointer-overflow" },
	{ "variable length array bound", "vla-bound" },
};

static const char *const tool_names[] = { "AddressSanitizer", "HWAddressSanitizer", "LeakSanitizer",
					  "MemorySanitizer",  "ThreadSanitizer",    "libFuzzer" };

/* In a message, one of these texts separates the kind of failure from an address, a place or a reason. */
static const char *const kind_ends[] = { " (", " on ", " in ", ": ", " after " };

static const char *find_kind_in_phrases(const struct kind_phrase *phrases, size_t phrase_count,
					const char *message, bool must_be_at_start)
{
	for (size_t i = 0; i < phrase_count; i++)
		if (must_be_at_start ? starts_with(message, phrases[i].text) :
				       strstr(message, phrases[i].text) != NULL)
			return phrases[i].kind;
	return NULL;
}

static void parse_kind(struct report *report, char *message)
{
	const char *kind = find_kind_in_phrases(kind_phrases, COUNT(kind_phrases), message, true);
	char *separator;

	for (size_t i = 0; !kind && i < COUNT(kind_ends); i++)
		if ((separator = strstr(message, kind_ends[i])))
			*separator = '\0';
	snprintf(report->kind, sizeof(report->kind), "%s", kind ? kind : message);
	while ((separator = strchr(report->kind, ' ')))
		*separator = '-';
}

/* Parses "==1==ERROR: TOOL: KIND ...", "WARNING: TOOL: KIND ..." and "==1== ERROR: libFuzzer: KIND ...". */
static bool parse_named_tool_head(struct report *report, char *line)
{
	if (starts_with(line, "SUMMARY:"))
		return false;
	for (size_t i = 0; i < COUNT(tool_names); i++) {
		char name[32], *message;

		snprintf(name, sizeof(name), ": %s: ", tool_names[i]);
		message = strstr(line, name);
		if (!message || !message[strlen(name)])
			continue;
		strcpy(report->tool, tool_names[i]);
		parse_kind(report, message + strlen(name));
		return true;
	}
	return false;
}

/* UndefinedBehaviorSanitizer prints "FILE:LINE" before its message, and no stack by default. */
static bool parse_undefined_behavior_head(struct report *report, char *line)
{
	char *message = strstr(line, ": runtime error: ");
	const char *kind;

	if (!message)
		return false;
	kind = find_kind_in_phrases(undefined_phrases, COUNT(undefined_phrases), message, false);
	strcpy(report->tool, "UndefinedBehaviorSanitizer");
	strcpy(report->kind, kind ? kind : "undefined-behavior");
	*message = '\0';
	report->site_count = 1;
	report->sites[0].frame_count = report_frame_parse_place(&report->sites[0].frames[0], line);
	return true;
}

static bool parse_library_head(struct report *report, char *line)
{
	static const char head[] = "BUG: page: ";
	const char *rule = strstr(line, head);

	if (!rule)
		return false;
	rule += strlen(head);
	strcpy(report->tool, "page");
	snprintf(report->kind, sizeof(report->kind), "%.*s", (int)strcspn(rule, ":"), rule);
	return true;
}

/* Return: whether @line is the first line of a report; if so, sets the tool, kind and line of @report. */
static bool parse_report_head(struct report *report, const char *line)
{
	char line_copy[LINE_SIZE]; /* the parsers overwrite this copy */

	strcpy(line_copy, line);
	if (!parse_library_head(report, line_copy) && !parse_undefined_behavior_head(report, line_copy) &&
	    !parse_named_tool_head(report, line_copy))
		return false;
	snprintf(report->line, sizeof(report->line), "%s", line);
	return true;
}

/* ---- frames ---- */

/* Parses "(MODULE+0xOFFSET)" at the end of a frame's text, and removes that part from the text. */
static void parse_and_cut_off_module(struct report_frame *frame, char *text)
{
	char *open = text + strlen(text), *plus = NULL;

	while (!plus && open > text)
		if (*--open == '(')
			plus = strstr(open, "+0x");
	if (!plus)
		return;
	frame->offset = strtoul(plus + 1, NULL, 16);
	*plus = *open = '\0';
	snprintf(frame->module, sizeof(frame->module), "%s", open + 1);
}

/* Parses "FUNCTION FILE:LINE:COLUMN". A path may contain spaces if it begins with a slash. */
static void parse_function_and_place(struct report_frame *frame, char *text)
{
	size_t length = strlen(text);
	char *place_separator;

	while (length && text[length - 1] == ' ')
		text[--length] = '\0';
	place_separator = strstr(text, " /");
	if (!place_separator)
		place_separator = strrchr(text, ' ');
	if (place_separator) {
		*place_separator = '\0';
		report_frame_parse_place(frame, place_separator + 1);
	}
	snprintf(frame->function, sizeof(frame->function), "%s", text);
}

/* Parses the number of a frame, "    #1 ...". Return: the text after the number; NULL: @line is no frame. */
static char *find_frame_text(char *line, unsigned long *frame_number)
{
	char *start = line + strspn(line, " "), *number_end;

	if (start == line || *start != '#' || !isdigit((unsigned char)start[1]))
		return NULL;
	*frame_number = strtoul(start + 1, &number_end, 10);
	return number_end + (*number_end == ' ');
}

static void parse_and_append_frame(struct report_site *site, char *text)
{
	static const char nothing[] = "<null>";
	struct report_frame *frame = &site->frames[site->frame_count];

	if (site->frame_count == REPORT_FRAMES_MAX)
		return;
	memset(frame, 0, sizeof(*frame));
	if (starts_with(text, "0x")) {
		text += strcspn(text, " ");
		text += strspn(text, " ");
		if (starts_with(text, "in "))
			text += 3;
	}
	parse_and_cut_off_module(frame, text);
	parse_function_and_place(frame, text);
	if (starts_with(frame->function, nothing))
		frame->function[0] = '\0';
	if (!strcmp(frame->file, nothing))
		frame->file[0] = '\0';
	site->frame_count++;
}

/* ---- sites ---- */

/* Matches "  Write of size 8 at ..." and "  Previous atomic read of size 1 at ...". */
static bool is_access_line(const char *line)
{
	return line[0] == ' ' && strstr(line, " of size ") && strstr(line, " at ");
}

/* Return: the new site; NULL if the report already has REPORT_SITES_MAX sites. */
static struct report_site *append_site(struct report *report)
{
	if (report->site_count == REPORT_SITES_MAX)
		return NULL;
	return &report->sites[report->site_count++];
}

struct report_reader {
	struct report *report;
	struct report_site *site;   /* gets the next frames; NULL: the next frames are ignored */
	bool has_access_line;       /* race report: a line about an access begins each site */
	bool has_begun_first_stack; /* a frame #0 was read; later stacks are ignored */
};

static void process_report_line(struct report_reader *reader, char *line)
{
	struct report *report = reader->report;
	unsigned long frame_number;
	char *frame = find_frame_text(line, &frame_number);

	if (!strcmp(report->tool, "ThreadSanitizer") && is_access_line(line)) {
		reader->has_access_line = true;
		reader->site = append_site(report);
		return;
	}
	if (!frame) {
		if (reader->has_access_line && !*line)
			reader->site = NULL;
		return;
	}
	/* The first stack shows the failure; later stacks show an allocation or the creation of a thread. */
	if (frame_number == 0 && !reader->has_access_line) {
		reader->site = reader->has_begun_first_stack ? NULL : &report->sites[0];
		reader->has_begun_first_stack = true;
		report->site_count = 1;
		if (reader->site)
			reader->site->frame_count = 0;
	}
	if (reader->site)
		parse_and_append_frame(reader->site, frame);
}

/*
 * The library reports a broken rule and then calls abort(). A sanitizer's report about this abort() belongs
 * to the same failure as the library's report, and only the sanitizer's report has a stack.
 */
static bool next_report_has_same_failure(const struct report *report, const struct report *next_report)
{
	return !strcmp(report->tool, "page") &&
	       (!strcmp(next_report->kind, "ABRT") || !strcmp(next_report->kind, "deadly-signal"));
}

const char *report_parse_first(const char *text, struct report *report)
{
	struct report_reader reader = { .report = report };
	const char *next_line;
	bool has_begun = false;

	memset(report, 0, sizeof(*report));
	for (; *text; text = next_line) {
		char line[LINE_SIZE];
		struct report next_report = { .site_count = 0 };

		next_line = copy_first_line(text, line);
		if (!has_begun)
			has_begun = parse_report_head(report, line);
		else if (!parse_report_head(&next_report, line) ||
			 next_report_has_same_failure(report, &next_report))
			process_report_line(&reader, line);
		else
			break;
	}
	return has_begun ? text : NULL;
}

/* ---- frames of the page library ---- */

bool report_frame_is_in_library(const struct report_frame *frame)
{
	static const char directory[] = "src/page/";
	const char *start = strstr(frame->file, directory);

	return start && (start == frame->file || start[-1] == '/');
}

/* page_bug() only aborts the process: the failure is in the caller of page_bug(). */
static bool is_library_frame_except_page_bug(const struct report_frame *frame)
{
	return report_frame_is_in_library(frame) && frame->function[0] && strcmp(frame->function, "page_bug");
}

static bool frame_file_contains_any(const struct report_frame *frame, const char *const *path_parts)
{
	while (*path_parts && !strstr(frame->file, *path_parts))
		path_parts++;
	return *path_parts;
}

/*
 * Finds the innermost frames of the page library: frames in src/page, or else frames with a known file that
 * the harness called. Return: the number of frames found.
 */
static size_t find_innermost_library_frames(const struct report_site *site,
					    const struct report_frame *found[REPORT_INNERMOST_MAX])
{
	static const char *const harness[] = { "src/harness/", "src/tool/", NULL };
	static const char *const runtimes[] = { "compiler-rt/", "libsanitizer/", "?", NULL };
	bool has_no_library_frame = true;
	size_t count = 0;

	for (size_t i = 0; i < site->frame_count; i++)
		has_no_library_frame &= !report_frame_is_in_library(&site->frames[i]);
	for (size_t i = 0; i < site->frame_count && count < REPORT_INNERMOST_MAX; i++) {
		const struct report_frame *frame = &site->frames[i];

		if (has_no_library_frame && frame_file_contains_any(frame, harness))
			break;
		if (has_no_library_frame ?
			    *frame->function && *frame->file && !frame_file_contains_any(frame, runtimes) :
			    is_library_frame_except_page_bug(frame))
			found[count++] = frame;
	}
	return count;
}

const struct report_frame *report_find_innermost_library_frame(const struct report_site *site)
{
	const struct report_frame *found[REPORT_INNERMOST_MAX];

	return find_innermost_library_frames(site, found) ? found[0] : NULL;
}

void report_format_library_functions(const struct report_site *site, char text[REPORT_INNERMOST_TEXT])
{
	const struct report_frame *found[REPORT_INNERMOST_MAX];
	size_t count = find_innermost_library_frames(site, found), used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, REPORT_INNERMOST_TEXT - used, "%s%s", i ? "<" : "",
					 found[i]->function);
}
