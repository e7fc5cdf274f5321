/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Reports differ by who prints them: AddressSanitizer, MemorySanitizer and libFuzzer say
 * "#0 0xPC in FUNCTION FILE:LINE", ThreadSanitizer "#0 FUNCTION FILE:LINE (MODULE+0xOFFSET)"
 * and the others so too, without a function, where symbols were not looked up. gcc's runtimes
 * leave columns and build ids away.
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
	const char *at;
	size_t len;
};

static const char *next_line(const char *text, struct line *line)
{
	line->at = text;
	line->len = strcspn(text, "\n");
	return text + line->len + (text[line->len] == '\n');
}

/* Return: the position of @what in the line, or NULL. */
static const char *find(const struct line *line, const char *what)
{
	return memmem(line->at, line->len, what, strlen(what));
}

static const char *line_end(const struct line *line)
{
	return line->at + line->len;
}

static void copy(char *to, size_t size, const char *from, const char *end)
{
	snprintf(to, size, "%.*s", (int)(end > from ? end - from : 0), from);
}

/* ---- heads ---- */

/* Words that are no kind yet, by their beginning, and the kind that they mean. */
struct phrase {
	const char *says, *kind;
};

static const struct phrase phrases[] = {
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

/* UndefinedBehaviorSanitizer's, by a part of the message, as -fsanitize= names the check. */
static const struct phrase undefined[] = {
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

static const char *const names[] = { "AddressSanitizer", "HWAddressSanitizer", "LeakSanitizer",
				     "MemorySanitizer", "ThreadSanitizer", "libFuzzer" };

/* What ends a kind: the address, the process, the place, or an explanation. */
static const char *const kind_ends[] = { " (", " on ", " in ", ": ", " after " };

static size_t kind_length(const char *at, size_t len)
{
	for (size_t i = 0; i < COUNT(kind_ends); i++) {
		const char *end = memmem(at, len, kind_ends[i], strlen(kind_ends[i]));

		if (end)
			len = (size_t)(end - at);
	}
	return len;
}

static void take_kind(struct report *report, const char *at, size_t len)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (!strncmp(at, phrases[i].says, strlen(phrases[i].says))) {
			strcpy(report->kind, phrases[i].kind);
			return;
		}
	copy(report->kind, sizeof(report->kind), at, at + kind_length(at, len));
	for (char *c = report->kind; *c; c++)
		if (*c == ' ')
			*c = '-';
}

/* "==1==ERROR: NAME: what", "WARNING: NAME: what", "==1== ERROR: libFuzzer: what". */
static bool is_named_head(struct report *report, const struct line *line)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		const char *name = find(line, names[i]), *what;

		if (!name || name - line->at < 2 || name[-1] != ' ' || name[-2] != ':')
			continue;
		what = name + strlen(names[i]);
		if (line->at + line->len - what < 3 || what[0] != ':' || what[1] != ' ' ||
		    !strncmp(line->at, "SUMMARY:", 8))
			continue;
		snprintf(report->tool, sizeof(report->tool), "%s", names[i]);
		take_kind(report, what + 2, (size_t)(line_end(line) - what) - 2);
		return true;
	}
	return false;
}

/* The place comes before the message, and is in a stack only if a stack was requested. */
static void take_place(struct report_site *site, const char *at, const char *end)
{
	struct report_frame *frame = &site->frames[0];
	const char *colon = memchr(at, ':', (size_t)(end - at));

	if (!colon)
		return;
	copy(frame->file, sizeof(frame->file), at, colon);
	frame->line = (unsigned int)strtoul(colon + 1, NULL, 10);
	site->count = 1;
}

static bool is_undefined_head(struct report *report, const struct line *line)
{
	const char *says = find(line, ": runtime error: ");

	if (!says)
		return false;
	strcpy(report->tool, "UndefinedBehaviorSanitizer");
	strcpy(report->kind, "undefined-behavior");
	for (size_t i = 0; i < COUNT(undefined); i++)
		if (find(line, undefined[i].says)) {
			strcpy(report->kind, undefined[i].kind);
			break;
		}
	report->site_count = 1;
	take_place(&report->sites[0], line->at, says);
	return true;
}

static bool is_library_head(struct report *report, const struct line *line)
{
	static const char head[] = "BUG: page: ";
	const char *at = find(line, head);

	if (!at)
		return false;
	at += strlen(head);
	strcpy(report->tool, "page");
	copy(report->kind, sizeof(report->kind), at, at + strcspn(at, ":\n"));
	return true;
}

static bool is_head(struct report *report, const struct line *line)
{
	if (!is_library_head(report, line) && !is_undefined_head(report, line) &&
	    !is_named_head(report, line))
		return false;
	copy(report->line, sizeof(report->line), line->at, line_end(line));
	return true;
}

/* ---- frames ---- */

/* "(MODULE+0xOFFSET)", and a build id after it, off the end of the frame. */
static const char *take_module(struct report_frame *frame, const char *at, const char *end)
{
	const char *open = end, *plus;

	do {
		while (open > at && *--open != '(')
			;
		if (*open != '(')
			return end;
		plus = memmem(open, (size_t)(end - open), "+0x", 3);
	} while (!plus && open > at);
	if (!plus)
		return end;
	copy(frame->module, sizeof(frame->module), open + 1, plus);
	frame->offset = strtoul(plus + 1, NULL, 16);
	return open;
}

/* "FUNCTION FILE:LINE:COLUMN": a path may contain spaces if it begins with a slash. */
static void take_function(struct report_frame *frame, const char *at, const char *end)
{
	const char *file = memmem(at, (size_t)(end - at), " /", 2), *colon;

	while (end > at && end[-1] == ' ')
		end--;
	if (!file || file >= end)
		file = memrchr(at, ' ', (size_t)(end - at));
	copy(frame->function, sizeof(frame->function), at, file ? file : end);
	if (!file)
		return;
	file++;
	colon = memchr(file, ':', (size_t)(end - file));
	copy(frame->file, sizeof(frame->file), file, colon ? colon : end);
	if (colon)
		frame->line = (unsigned int)strtoul(colon + 1, NULL, 10);
}

/* "    #1 ...". Return: the text after the number; NULL if it is no frame. */
static const char *frame_text(const struct line *line, unsigned long *number)
{
	const char *at = line->at + strspn(line->at, " ");
	char *after;

	if (at == line->at || *at != '#' || !isdigit((unsigned char)at[1]))
		return NULL;
	*number = strtoul(at + 1, &after, 10);
	return after + (*after == ' ');
}

static void take_frame(struct report_site *site, const char *at, const char *end)
{
	struct report_frame *frame = &site->frames[site->count];
	static const char nothing[] = "<null>";

	if (site->count == REPORT_FRAMES)
		return;
	memset(frame, 0, sizeof(*frame));
	if (!strncmp(at, "0x", 2)) {
		at += strcspn(at, " \n");
		at += strspn(at, " ");
		if (!strncmp(at, "in ", 3))
			at += 3;
	}
	end = take_module(frame, at, end);
	if (at < end)
		take_function(frame, at, end);
	if (!strncmp(frame->function, nothing, strlen(nothing)))
		frame->function[0] = '\0';
	if (!strcmp(frame->file, nothing))
		frame->file[0] = '\0';
	site->count++;
}

/* ---- sites ---- */

/* "  Write of size 8 at ...", "  Previous atomic read of size 1 at ...". */
static bool is_access(const struct line *line, char *what, size_t size)
{
	static const char earlier[] = "Previous ";
	const char *at = line->at + strspn(line->at, " "), *end = find(line, " at ");

	if (at == line->at || !end || !find(line, " of size "))
		return false;
	if (!strncmp(at, earlier, strlen(earlier)))
		at += strlen(earlier);
	copy(what, size, at, end);
	*what = (char)tolower((unsigned char)*what);
	return true;
}

/* Which site the frames to come belong to; NULL: to none that is of interest. */
static struct report_site *site_begin(struct report *report)
{
	if (report->site_count == REPORT_SITES)
		return NULL;
	return &report->sites[report->site_count++];
}

struct reader {
	struct report *report;
	struct report_site *site; /* that frames go to, or NULL */
	bool has_access_line;		  /* sites begin with their access */
	bool stack;		  /* there was one */
};

static void read_line(struct reader *r, const struct line *line)
{
	unsigned long number;
	char what[sizeof(r->site->what)];
	const char *frame = frame_text(line, &number);

	if (!strcmp(r->report->tool, "ThreadSanitizer") && is_access(line, what, sizeof(what))) {
		r->has_access_line = true;
		r->site = site_begin(r->report);
		if (r->site)
			strcpy(r->site->what, what);
		return;
	}
	if (!frame) {
		if (r->has_access_line && !line->len)
			r->site = NULL;
		return;
	}
	/* Stacks after the first show where memory or threads come from. */
	if (number == 0 && !r->has_access_line) {
		r->site = r->stack ? NULL : &r->report->sites[0];
		r->stack = true;
		r->report->site_count = 1;
		r->report->sites[0].count = r->site ? 0 : r->report->sites[0].count;
	}
	if (r->site)
		take_frame(r->site, frame, line_end(line));
}

/*
 * The library reports and then aborts; what is said of the abort is the same failure, and
 * has the stack.
 */
static bool is_aftermath(const struct report *report, const struct report *next)
{
	static const char *const ends[] = { "ABRT", "deadly-signal" };

	for (size_t i = 0; i < COUNT(ends); i++)
		if (!strcmp(report->tool, "page") && !strcmp(next->kind, ends[i]))
			return true;
	return false;
}

const char *report_parse(const char *text, struct report *report)
{
	struct reader reader = { .report = report };
	const char *next;
	struct line line;
	bool has_begun = false;

	memset(report, 0, sizeof(*report));
	for (; *text; text = next) {
		struct report another = { .site_count = 0 };

		next = next_line(text, &line);
		if (!has_begun) {
			has_begun = is_head(report, &line);
			continue;
		}
		if (is_head(&another, &line) && !is_aftermath(report, &another))
			break;
		read_line(&reader, &line);
	}
	return has_begun ? text : NULL;
}

/* ---- what of it lies in the page library ---- */

bool report_frame_is_in_page(const struct report_frame *frame)
{
	static const char directory[] = "src/page/";
	const char *at = strstr(frame->file, directory);

	return at && (at == frame->file || at[-1] == '/');
}

/* Where the library ends itself says nothing of why. */
static bool says_where(const struct report_frame *frame)
{
	return report_frame_is_in_page(frame) && frame->function[0] &&
	       strcmp(frame->function, "page_bug");
}

static bool has_path(const struct report_frame *frame, const char *const *paths)
{
	while (*paths && !strstr(frame->file, *paths))
		paths++;
	return *paths;
}

/*
 * Finds the innermost frames of the library: all of them are in src/page, or, if there are none,
 * those above the harness that have a file. Return: how many.
 */
static size_t find_library_frames(const struct report_site *site,
				  const struct report_frame *found[REPORT_TOP])
{
	static const char *const harness[] = { "src/harness/", "src/tool/", NULL };
	static const char *const runtimes[] = { "compiler-rt/", "libsanitizer/", "?", NULL };
	bool is_elsewhere = true;
	size_t count = 0;

	for (size_t i = 0; i < site->count; i++)
		is_elsewhere &= !report_frame_is_in_page(&site->frames[i]);
	for (size_t i = 0; i < site->count && count < REPORT_TOP; i++) {
		const struct report_frame *frame = &site->frames[i];

		if (is_elsewhere && has_path(frame, harness))
			break;
		if (is_elsewhere ? *frame->function && *frame->file && !has_path(frame, runtimes) :
				   says_where(frame))
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
