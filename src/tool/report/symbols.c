/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/report/symbols.h"

#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/isolate.h"
#include "harness/util/path.h"

/* The most functions at one offset: a function, and the functions into which it was inlined. */
#define INLINED_FUNCTIONS_MAX 6

struct symbol {
	struct symbol *older_symbol; /* the next entry of the list of cached symbols */
	char binary_path[PATH_MAX];
	unsigned long binary_offset; /* offset of the code in the binary */
	size_t frame_count;          /* number of functions: one, and those into which it was inlined */
	struct report_frame frames[INLINED_FUNCTIONS_MAX];
};

static struct symbol *newest_symbol; /* the head of the list of cached symbols */
static bool is_symbolizer_missing;

void symbols_append_offset(char stack[SYMBOLS_STACK], unsigned long offset)
{
	size_t used = strlen(stack);

	if (used + 24 < SYMBOLS_STACK)
		snprintf(stack + used, SYMBOLS_STACK - used, "%s0x%lx", used ? " " : "", offset);
}

/* Gets the load address of this binary, which is the same in its child processes. */
static int get_load_address(struct dl_phdr_info *info, size_t size, void *ctx)
{
	(void)size;
	*(uintptr_t *)ctx = info->dlpi_addr;
	return 1; /* ends the iteration: the first module is this binary */
}

void symbols_append_return_address(char stack[SYMBOLS_STACK], uintptr_t return_address)
{
	uintptr_t base = 0;

	dl_iterate_phdr(get_load_address, &base);
	symbols_append_offset(stack, return_address - base - 1);
}

bool symbols_symbolizer_is_missing(void)
{
	return is_symbolizer_missing;
}

/* ---- running a symbolizer ---- */

/*
 * llvm-symbolizer and addr2line print a pair of lines for each function, the innermost function first: its
 * name, and FILE:LINE. Return: whether the tool printed a pair, even for an unknown function.
 */
static bool parse_symbolizer_output_if_any(char *lines, struct symbol *symbol)
{
	char *function, *place;
	bool has_output = false;

	while (symbol->frame_count < INLINED_FUNCTIONS_MAX && (function = strsep(&lines, "\n")) &&
	       *function && (place = strsep(&lines, "\n"))) {
		struct report_frame *frame = &symbol->frames[symbol->frame_count];

		has_output = true;
		if (*function == '?')
			break;
		snprintf(frame->function, sizeof(frame->function), "%.70s", function);
		report_frame_parse_place(frame, place);
		symbol->frame_count++;
	}
	return has_output;
}

static void exec_symbolizer_in_child(void *argv_pointer)
{
	char *const *argv = argv_pointer;

	/* isolate_call() would mix messages on standard error with the output that is parsed. */
	if (freopen("/dev/null", "w", stderr))
		execvp(argv[0], argv);
	_exit(127);
}

/* llvm-symbolizer accepts the options of addr2line, too. */
static bool run_symbolizer_and_parse_output(const char *symbolizer, struct symbol *symbol)
{
	static struct isolated child;
	char tool_name[PATH_MAX], offset[32];
	char *argv[] = { tool_name, "-f", "-i", "-e", symbol->binary_path, offset, NULL };

	path_format_or_exit(tool_name, sizeof(tool_name), "%s", symbolizer);
	snprintf(offset, sizeof(offset), "0x%lx", symbol->binary_offset);
	return isolate_call(exec_symbolizer_in_child, argv, 30, &child) &&
	       parse_symbolizer_output_if_any(child.output, symbol);
}

static void look_up_symbol_by_any_tool(struct symbol *symbol)
{
	const char *user_tool = getenv("ASAN_SYMBOLIZER_PATH");
	const char *const tools[] = { user_tool && *user_tool ? user_tool : "llvm-symbolizer-19",
				      "llvm-symbolizer-19", "llvm-symbolizer", "llvm-symbolizer-14",
				      "addr2line" };

	for (size_t i = 0; i < sizeof(tools) / sizeof(tools[0]); i++)
		if (run_symbolizer_and_parse_output(tools[i], symbol))
			return;
	is_symbolizer_missing = true;
}

/* ---- the cache ---- */

static const struct symbol *find_or_look_up_symbol(const char *binary_path, unsigned long offset)
{
	struct symbol *symbol;

	for (symbol = newest_symbol; symbol; symbol = symbol->older_symbol)
		if (symbol->binary_offset == offset && !strcmp(symbol->binary_path, binary_path))
			return symbol;
	symbol = calloc(1, sizeof(*symbol));
	if (!symbol)
		return NULL;
	path_format_or_exit(symbol->binary_path, sizeof(symbol->binary_path), "%s", binary_path);
	symbol->binary_offset = offset;
	look_up_symbol_by_any_tool(symbol);
	symbol->older_symbol = newest_symbol;
	newest_symbol = symbol;
	return symbol;
}

static void look_up_stack_symbols(const char *binary_path, const char *stack, struct report_site *site)
{
	char *next_offset;

	site->frame_count = 0;
	for (; *stack; stack = next_offset) {
		unsigned long offset = strtoul(stack, &next_offset, 16);
		const struct symbol *symbol = find_or_look_up_symbol(binary_path, offset);

		if (next_offset == stack || !symbol)
			break;
		for (size_t i = 0; i < symbol->frame_count && site->frame_count < REPORT_FRAMES_MAX; i++)
			site->frames[site->frame_count++] = symbol->frames[i];
	}
}

void symbols_format_library_functions(const char *binary_path, const char *stack,
				      char text[REPORT_INNERMOST_TEXT])
{
	struct report_site site;

	look_up_stack_symbols(binary_path, stack, &site);
	report_format_library_functions(&site, text);
}

bool symbols_find_innermost_library_frame(const char *binary_path, const char *stack,
					  struct report_frame *frame)
{
	const struct report_frame *innermost;
	struct report_site site;

	look_up_stack_symbols(binary_path, stack, &site);
	innermost = report_find_innermost_library_frame(&site);
	if (innermost)
		*frame = *innermost;
	return innermost;
}
