/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/report/symbols.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "harness/util/path.h"

/* The most functions of one offset: a function, and the functions that it was inlined into. */
#define INLINED 6

struct symbol {
	char binary_path[PATH_MAX];
	unsigned long binary_offset; /* address of the code in the file */
	size_t frame_count;
	struct report_frame frames[INLINED];
};

static struct symbol *symbol_cache;
static size_t symbol_cache_count;
static bool is_tool_missing;

void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset)
{
	size_t used = strlen(stack);

	if (used + 24 < SYMBOLS_STACK)
		snprintf(stack + used, SYMBOLS_STACK - used, "%s0x%lx", used ? " " : "", offset);
}

bool symbols_tool_is_missing(void)
{
	return is_tool_missing;
}

/* ---- running a symbolizer ---- */

/*
 * Both tools print pairs of lines, a function and FILE:LINE, the innermost function first.
 * Return: whether the tool printed a pair, even a pair without a known function.
 */
static bool parse_symbolizer_output(char *lines, struct symbol *symbol)
{
	char *function, *place;
	bool has_output = false;

	while (symbol->frame_count < INLINED && (function = strsep(&lines, "\n")) && *function &&
	       (place = strsep(&lines, "\n"))) {
		struct report_frame *frame = &symbol->frames[symbol->frame_count];
		char *colon = strchr(place, ':');

		has_output = true;
		if (*function == '?')
			break;
		if (colon)
			*colon = '\0';
		snprintf(frame->function, sizeof(frame->function), "%.70s", function);
		snprintf(frame->file, sizeof(frame->file), "%.190s", place);
		frame->line = colon ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;
		symbol->frame_count++;
	}
	return has_output;
}

static void exec_symbolizer(void *ctx)
{
	char *const *argv = ctx;

	/* The output to parse is standard output alone. */
	if (freopen("/dev/null", "w", stderr))
		execvp(argv[0], argv);
	_exit(127);
}

static bool run_symbolizer(const char *tool, bool is_llvm, struct symbol *symbol)
{
	static struct isolated child;
	char tool_name[PATH_MAX], object_argument[PATH_MAX + 8], offset[32];
	char *llvm_argv[] = {tool_name,       "--inlines", "--functions=linkage",
			     object_argument, offset,      NULL };
	char *gnu_argv[] = { tool_name, "-f", "-i", "-e", object_argument, offset, NULL };

	path_format_or_exit(tool_name, sizeof(tool_name), "%s", tool);
	snprintf(object_argument, sizeof(object_argument), "%s%s", is_llvm ? "--obj=" : "",
		 symbol->binary_path);
	snprintf(offset, sizeof(offset), "0x%lx", symbol->binary_offset);
	return isolate(exec_symbolizer, is_llvm ? llvm_argv : gnu_argv, 30, &child) &&
	       parse_symbolizer_output(child.output, symbol);
}

static void look_up_symbol(struct symbol *symbol)
{
	static const struct {
		const char *tool_name;
		bool is_llvm;
	} tools[] = {
		{ "llvm-symbolizer-19", true },
		{ "llvm-symbolizer", true },
		{ "llvm-symbolizer-14", true },
		{ "addr2line", false },
	};
	const char *user_tool = getenv("ASAN_SYMBOLIZER_PATH");

	if (user_tool && *user_tool && run_symbolizer(user_tool, true, symbol))
		return;
	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (run_symbolizer(tools[i].tool_name, tools[i].is_llvm, symbol))
			return;
	is_tool_missing = true;
}

/* ---- the cache ---- */

static const struct symbol *find_symbol(const char *binary_path, unsigned long offset)
{
	struct symbol *more;

	for (size_t i = 0; i < symbol_cache_count; i++)
		if (symbol_cache[i].binary_offset == offset &&
		    !strcmp(symbol_cache[i].binary_path, binary_path))
			return &symbol_cache[i];
	more = realloc(symbol_cache, (symbol_cache_count + 1) * sizeof(*symbol_cache));
	if (!more)
		return NULL;
	symbol_cache = more;
	memset(&symbol_cache[symbol_cache_count], 0, sizeof(*symbol_cache));
	path_format_or_exit(symbol_cache[symbol_cache_count].binary_path,
			    sizeof(symbol_cache->binary_path), "%s", binary_path);
	symbol_cache[symbol_cache_count].binary_offset = offset;
	look_up_symbol(&symbol_cache[symbol_cache_count]);
	return &symbol_cache[symbol_cache_count++];
}

static void look_up_stack_symbols(const char *binary_path, const char *stack,
				  struct report_site *site)
{
	char *next_offset;

	site->frame_count = 0;
	for (; *stack; stack = next_offset) {
		unsigned long offset = strtoul(stack, &next_offset, 16);
		const struct symbol *symbol = find_symbol(binary_path, offset);

		if (next_offset == stack || !symbol)
			break;
		for (size_t i = 0; i < symbol->frame_count && site->frame_count < REPORT_FRAMES; i++)
			site->frames[site->frame_count++] = symbol->frames[i];
	}
}

void symbols_format_top_functions(const char *binary_path, const char *stack,
				  char text[REPORT_TOP_TEXT])
{
	struct report_site site;

	look_up_stack_symbols(binary_path, stack, &site);
	report_format_top_functions(&site, text);
}

bool symbols_find_innermost_frame(const char *binary_path, const char *stack,
				  struct report_frame *frame)
{
	const struct report_frame *innermost;
	struct report_site site;

	look_up_stack_symbols(binary_path, stack, &site);
	innermost = report_find_innermost_frame(&site);
	if (innermost)
		*frame = *innermost;
	return innermost;
}
