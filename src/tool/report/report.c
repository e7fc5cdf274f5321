/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The form of a stack frame depends on the tool that prints the report. AddressSanitizer,
 * MemorySanitizer and libFuzzer print "#0 0xPC in FUNCTION FILE:LINE"; ThreadSanitizer prints
 * "#0 FUNCTION FILE:LINE (MODULE+0xOFFSET)". Without symbols all tools print the module and the
 * offset, and no function. The runtimes of gcc print no columns and no build ids.
 */
#include "tool/report/report.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- one line ---- */

/* A line without its end. */
struct line {
	const char *start;
	size_t length;
};

static const char *split_off_line(const char *text, struct line *line)
{
	line->start = text;
	line->length = strcspn(text, "\n");
	return text + line->length + (text[line->length] == '\n');
}

/* Return: the position of @text in the line, or NULL. */
static const char *find_in_line(const struct line *line, const char *text)
{
	return memmem(line->start, line->length, text, strlen(text));
}

static const char *find_line_end(const struct line *line)
{
	return line->start + line->length;
}

static void copy_range(char *to, size_t size, const char *from, const char *end)
{
	snprintf(to, size, "%.*s", (int)(end > from ? end - from : 0), from);
}

/* ---- heads ---- */

/* The beginning of a message of a sanitizer, and the kind of failure that the message means. */
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

/* A part of a message of UndefinedBehaviorSanitizer, and the name of its check in -fsanitize=. */
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
				     "MemorySanitizer", "ThreadSanitizer", "libFuzzer" };

/* The texts that follow the kind in a message: an address, a process, a place or an explanation. */
static const char *const kind_ends[] = { " (", " on ", " in ", ": ", " after " };

static size_t find_kind_length(const char *start, size_t len)
{
	for (size_t i = 0; i < COUNT(kind_ends); i++) {
		const char *end = memmem(start, len, kind_ends[i], strlen(kind_ends[i]));

		if (end)
			len = (size_t)(end - start);
	}
	return len;
}

static void parse_kind(struct report *report, const char *start, size_t len)
{
	for (size_t i = 0; i < COUNT(kind_phrases); i++)
		if (!strncmp(start, kind_phrases[i].text, strlen(kind_phrases[i].text))) {
			strcpy(report->kind, kind_phrases[i].kind);
			return;
		}
	copy_range(report->kind, sizeof(report->kind), start, start + find_kind_length(start, len));
	for (char *c = report->kind; *c; c++)
		if (*c == ' ')
			*c = '-';
}

/* Parses "==1==ERROR: NAME: what", "WARNING: NAME: what" or "==1== ERROR: libFuzzer: what". */
static bool parse_named_head(struct report *report, const struct line *line)
{
	for (size_t i = 0; i < COUNT(tool_names); i++) {
		const char *name = find_in_line(line, tool_names[i]), *what;

		if (!name || name - line->start < 2 || name[-1] != ' ' || name[-2] != ':')
			continue;
		what = name + strlen(tool_names[i]);
		if (line->start + line->length - what < 3 || what[0] != ':' || what[1] != ' ' ||
		    !strncmp(line->start, "SUMMARY:", 8))
			continue;
		snprintf(report->tool, sizeof(report->tool), "%s", tool_names[i]);
		parse_kind(report, what + 2, (size_t)(find_line_end(line) - what) - 2);
		return true;
	}
	return false;
}

/* UndefinedBehaviorSanitizer prints "FILE:LINE" before its message; it prints a stack only on request. */
static void parse_undefined_place(struct report_site *site, const char *start, const char *end)
{
	struct report_frame *frame = &site->frames[0];
	const char *colon = memchr(start, ':', (size_t)(end - start));

	if (!colon)
		return;
	copy_range(frame->file, sizeof(frame->file), start, colon);
	frame->line = (unsigned int)strtoul(colon + 1, NULL, 10);
	site->frame_count = 1;
}

static bool parse_undefined_head(struct report *report, const struct line *line)
{
	const char *says = find_in_line(line, ": runtime error: ");

	if (!says)
		return false;
	strcpy(report->tool, "UndefinedBehaviorSanitizer");
	strcpy(report->kind, "undefined-behavior");
	for (size_t i = 0; i < COUNT(undefined_phrases); i++)
		if (find_in_line(line, undefined_phrases[i].text)) {
			strcpy(report->kind, undefined_phrases[i].kind);
			break;
		}
	report->site_count = 1;
	parse_undefined_place(&report->sites[0], line->start, says);
	return true;
}

static bool parse_library_head(struct report *report, const struct line *line)
{
	static const char head[] = "BUG: page: ";
	const char *start = find_in_line(line, head);

	if (!start)
		return false;
	start += strlen(head);
	strcpy(report->tool, "page");
	copy_range(report->kind, sizeof(report->kind), start, start + strcspn(start, ":\n"));
	return true;
}

static bool parse_head(struct report *report, const struct line *line)
{
	if (!parse_library_head(report, line) && !parse_undefined_head(report, line) &&
	    !parse_named_head(report, line))
		return false;
	copy_range(report->line, sizeof(report->line), line->start, find_line_end(line));
	return true;
}

/* ---- frames ---- */

/* Parses "(MODULE+0xOFFSET)" at the end of a frame. Return: the end of the text before it. */
static const char *parse_module(struct report_frame *frame, const char *start, const char *end)
{
	const char *open = end, *plus;

	do {
		while (open > start && *--open != '(')
			;
		if (*open != '(')
			return end;
		plus = memmem(open, (size_t)(end - open), "+0x", 3);
	} while (!plus && open > start);
	if (!plus)
		return end;
	copy_range(frame->module, sizeof(frame->module), open + 1, plus);
	frame->offset = strtoul(plus + 1, NULL, 16);
	return open;
}

/* Parses "FUNCTION FILE:LINE:COLUMN". A path may contain spaces if it begins with a slash. */
static void parse_function(struct report_frame *frame, const char *start, const char *end)
{
	const char *file = memmem(start, (size_t)(end - start), " /", 2), *colon;

	while (end > start && end[-1] == ' ')
		end--;
	if (!file || file >= end)
		file = memrchr(start, ' ', (size_t)(end - start));
	copy_range(frame->function, sizeof(frame->function), start, file ? file : end);
	if (!file)
		return;
	file++;
	colon = memchr(file, ':', (size_t)(end - file));
	copy_range(frame->file, sizeof(frame->file), file, colon ? colon : end);
	if (colon)
		frame->line = (unsigned int)strtoul(colon + 1, NULL, 10);
}

/* Parses the number of a frame, "    #1 ...". Return: the text after it; NULL: the line is no frame. */
static const char *find_frame_text(const struct line *line, unsigned long *frame_number)
{
	const char *start = line->start + strspn(line->start, " ");
	char *number_end;

	if (start == line->start || *start != '#' || !isdigit((unsigned char)start[1]))
		return NULL;
	*frame_number = strtoul(start + 1, &number_end, 10);
	return number_end + (*number_end == ' ');
}

static void parse_frame(struct report_site *site, const char *start, const char *end)
{
	struct report_frame *frame = &site->frames[site->frame_count];
	static const char nothing[] = "<null>";

	if (site->frame_count == REPORT_FRAMES)
		return;
	memset(frame, 0, sizeof(*frame));
	if (!strncmp(start, "0x", 2)) {
		start += strcspn(start, " \n");
		start += strspn(start, " ");
		if (!strncmp(start, "in ", 3))
			start += 3;
	}
	end = parse_module(frame, start, end);
	if (start < end)
		parse_function(frame, start, end);
	if (!strncmp(frame->function, nothing, strlen(nothing)))
		frame->function[0] = '\0';
	if (!strcmp(frame->file, nothing))
		frame->file[0] = '\0';
	site->frame_count++;
}

/* ---- sites ---- */

/* Parses "  Write of size 8 at ..." or "  Previous atomic read of size 1 at ...". */
static bool parse_access_line(const struct line *line, char *access_text, size_t size)
{
	static const char earlier[] = "Previous ";
	const char *start = line->start + strspn(line->start, " "), *end = find_in_line(line, " at ");

	if (start == line->start || !end || !find_in_line(line, " of size "))
		return false;
	if (!strncmp(start, earlier, strlen(earlier)))
		start += strlen(earlier);
	copy_range(access_text, size, start, end);
	*access_text = (char)tolower((unsigned char)*access_text);
	return true;
}

/* Return: the next site of the report, to which later frames belong; NULL: the report has no more sites. */
static struct report_site *begin_site(struct report *report)
{
	if (report->site_count == REPORT_SITES)
		return NULL;
	return &report->sites[report->site_count++];
}

struct report_reader {
	struct report *report;
	struct report_site *site; /* the site of the next frames; NULL: frames are ignored */
	bool has_access_line;	  /* each site begins with a line about its access */
	bool has_read_stack;
};

static void process_line(struct report_reader *r, const struct line *line)
{
	unsigned long frame_number;
	char access_text[sizeof(r->site->access_text)];
	const char *frame = find_frame_text(line, &frame_number);

	if (!strcmp(r->report->tool, "ThreadSanitizer") &&
	    parse_access_line(line, access_text, sizeof(access_text))) {
		r->has_access_line = true;
		r->site = begin_site(r->report);
		if (r->site)
			strcpy(r->site->access_text, access_text);
		return;
	}
	if (!frame) {
		if (r->has_access_line && !line->length)
			r->site = NULL;
		return;
	}
	/* Stacks after the first show where memory or threads come from. */
	if (frame_number == 0 && !r->has_access_line) {
		r->site = r->has_read_stack ? NULL : &r->report->sites[0];
		r->has_read_stack = true;
		r->report->site_count = 1;
		r->report->sites[0].frame_count = r->site ? 0 : r->report->sites[0].frame_count;
	}
	if (r->site)
		parse_frame(r->site, frame, find_line_end(line));
}

/*
 * After the library has reported a broken rule it calls abort(). A sanitizer's report on that abort
 * belongs to the same failure, and only that report has the stack.
 */
static bool is_abort_report(const struct report *report, const struct report *next)
{
	static const char *const ends[] = { "ABRT", "deadly-signal" };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (!strcmp(report->tool, "page") && !strcmp(next->kind, ends[i]))
			return true;
	return false;
}

const char *report_parse(const char *text, struct report *report)
{
	struct report_reader reader = { .report = report };
	const char *next;
	struct line line;
	bool has_begun = false;

	memset(report, 0, sizeof(*report));
	for (; *text; text = next) {
		struct report another = { .site_count = 0 };

		next = split_off_line(text, &line);
		if (!has_begun) {
			has_begun = parse_head(report, &line);
			continue;
		}
		if (parse_head(&another, &line) && !is_abort_report(report, &another))
			break;
		process_line(&reader, &line);
	}
	return has_begun ? text : NULL;
}

/* ---- frames of the page library ---- */

bool report_frame_is_in_page(const struct report_frame *frame)
{
	static const char directory[] = "src/page/";
	const char *start = strstr(frame->file, directory);

	return start && (start == frame->file || start[-1] == '/');
}

/* page_bug(), which aborts the process, does not show where the failure is. */
static bool frame_names_place(const struct report_frame *frame)
{
	return report_frame_is_in_page(frame) && frame->function[0] &&
	       strcmp(frame->function, "page_bug");
}

static bool frame_has_path(const struct report_frame *frame, const char *const *paths)
{
	while (*paths && !strstr(frame->file, *paths))
		paths++;
	return *paths;
}

/*
 * Finds the innermost frames of the library: frames in src/page or, if the site has none, frames with
 * a file above the harness. Return: the number of frames found.
 */
static size_t find_library_frames(const struct report_site *site,
				  const struct report_frame *found[REPORT_TOP])
{
	static const char *const harness[] = { "src/harness/", "src/tool/", NULL };
	static const char *const runtimes[] = { "compiler-rt/", "libsanitizer/", "?", NULL };
	bool is_elsewhere = true;
	size_t count = 0;

	for (size_t i = 0; i < site->frame_count; i++)
		is_elsewhere &= !report_frame_is_in_page(&site->frames[i]);
	for (size_t i = 0; i < site->frame_count && count < REPORT_TOP; i++) {
		const struct report_frame *frame = &site->frames[i];

		if (is_elsewhere && frame_has_path(frame, harness))
			break;
		if (is_elsewhere
			    ? *frame->function && *frame->file && !frame_has_path(frame, runtimes)
			    : frame_names_place(frame))
			found[count++] = frame;
	}
	return count;
}

const struct report_frame *report_find_innermost_frame(const struct report_site *site)
{
	const struct report_frame *found[REPORT_TOP];

	return find_library_frames(site, found) ? found[0] : NULL;
}

void report_format_top_functions(const struct report_site *site, char text[REPORT_TOP_TEXT])
{
	const struct report_frame *found[REPORT_TOP];
	size_t count = find_library_frames(site, found), used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++)
		used += (size_t)snprintf(text + used, REPORT_TOP_TEXT - used, "%s%s", i ? "<" : "",
					 found[i]->function);
}
