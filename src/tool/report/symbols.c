/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/report/symbols.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "harness/util/path.h"

/* The functions of one offset: a function, and those that it was inlined into. */
#define INLINED 6

struct symbol {
	char binary[PATH_MAX];
	unsigned long offset;
	size_t count;
	struct report_frame frames[INLINED];
};

static struct symbol *known;
static size_t known_count;
static bool missing;

void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset)
{
	size_t used = strlen(stack);

	if (used + 24 < SYMBOLS_STACK)
		snprintf(stack + used, SYMBOLS_STACK - used, "%s0x%lx", used ? " " : "", offset);
}

bool symbols_tool_is_missing(void)
{
	return missing;
}

/* ---- asking ---- */

/*
 * Both tools answer in pairs of lines, function and FILE:LINE, the innermost first.
 * Return: did it answer at all, be it that nothing is known?
 */
static bool read_answer(char *lines, struct symbol *symbol)
{
	char *function, *place;
	bool answered = false;

	while (symbol->count < INLINED && (function = strsep(&lines, "\n")) && *function &&
	       (place = strsep(&lines, "\n"))) {
		struct report_frame *frame = &symbol->frames[symbol->count];
		char *colon = strchr(place, ':');

		answered = true;
		if (*function == '?')
			break;
		if (colon)
			*colon = '\0';
		snprintf(frame->function, sizeof(frame->function), "%.70s", function);
		snprintf(frame->file, sizeof(frame->file), "%.190s", place);
		frame->line = colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;
		symbol->count++;
	}
	return answered;
}

static void execute_tool(void *ctx)
{
	char *const *argv = ctx;

	/* Only standard output is the answer. */
	if (freopen("/dev/null", "w", stderr))
		execvp(argv[0], argv);
	_exit(127);
}

static bool ask(const char *tool, bool llvm, struct symbol *symbol)
{
	static struct isolated child;
	char name[PATH_MAX], where[PATH_MAX + 8], offset[32];
	char *llvm_argv[] = { name, "--inlines", "--functions=linkage", where, offset, NULL };
	char *gnu_argv[] = { name, "-f", "-i", "-e", where, offset, NULL };

	path_format_or_exit(name, sizeof(name), "%s", tool);
	snprintf(where, sizeof(where), "%s%s", llvm ? "--obj=" : "", symbol->binary);
	snprintf(offset, sizeof(offset), "0x%lx", symbol->offset);
	return isolate(execute_tool, llvm ? llvm_argv : gnu_argv, 30, &child) &&
	       read_answer(child.output, symbol);
}

static void look_up(struct symbol *symbol)
{
	static const struct {
		const char *name;
		bool llvm;
	} tools[] = {
		{ "llvm-symbolizer-19", true },
		{ "llvm-symbolizer", true },
		{ "llvm-symbolizer-14", true },
		{ "addr2line", false },
	};
	const char *wanted = getenv("ASAN_SYMBOLIZER_PATH");

	if (wanted && *wanted && ask(wanted, true, symbol))
		return;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (ask(tools[i].name, tools[i].llvm, symbol))
			return;
	missing = true;
}

/* ---- remembering ---- */

static const struct symbol *find(const char *binary, unsigned long offset)
{
	struct symbol *more;

	for (size_t i = 0; i < known_count; i++)
		if (known[i].offset == offset && !strcmp(known[i].binary, binary))
			return &known[i];
	more = realloc(known, (known_count + 1) * sizeof(*known));
	if (!more)
		return NULL;
	known = more;
	memset(&known[known_count], 0, sizeof(*known));
	path_format_or_exit(known[known_count].binary, sizeof(known->binary), "%s", binary);
	known[known_count].offset = offset;
	look_up(&known[known_count]);
	return &known[known_count++];
}

static void look_up_stack(const char *binary, const char *stack, struct report_site *site)
{
	char *rest;

	site->count = 0;
	for (; *stack; stack = rest) {
		unsigned long offset = strtoul(stack, &rest, 16);
		const struct symbol *symbol = find(binary, offset);

		if (rest == stack || !symbol)
			break;
		for (size_t i = 0; i < symbol->count && site->count < REPORT_FRAMES; i++)
			site->frames[site->count++] = symbol->frames[i];
	}
}

void symbols_format_top_functions(const char *binary, const char *stack, char text[REPORT_TOP_TEXT])
{
	struct report_site site;

	look_up_stack(binary, stack, &site);
	report_format_top_functions(&site, text);
}

bool symbols_find_innermost_frame(const char *binary, const char *stack, struct report_frame *frame)
{
	const struct report_frame *innermost;
	struct report_site site;

	look_up_stack(binary, stack, &site);
	innermost = report_find_innermost_frame(&site);
	if (innermost)
		*frame = *innermost;
	return innermost;
}
