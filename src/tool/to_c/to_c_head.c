/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A generated file above its functions: the comment, headers, objects and helpers. */
#include <stdlib.h>
#include <string.h>

#include "harness/program/program_text.h"
#include "tool/to_c/to_c_parts.h"

/* Text in a comment: nothing in it may end the comment. */
static void print_comment(FILE *out, const char *text)
{
	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		fputs(len ? " * " : " *", out);
		for (size_t i = 0; i < len; i++) {
			if (i && line[i] == '/' && line[i - 1] == '*')
				putc(' ', out);
			putc(line[i], out);
		}
		putc('\n', out);
		line += len + (line[len] == '\n');
	}
}

/* With the numbers of lines, which the checks print. */
static void print_program(FILE *out, const struct program *program)
{
	char text[TEXT_CALL_MAX];

	for (size_t i = 0; i < program->count; i++) {
		call_to_text(&program->calls[i], text);
		fprintf(out, " * %5u  %s\n", program->calls[i].line, text);
	}
}

static void print_comments(FILE *out, const struct c_file *file)
{
	char names[RULE_SET_TEXT], title[512];
	const char *slash = strrchr(file->options->name, '/');

	rule_set_text(to_c_expected(file->program, file->rules), " ", names);
	snprintf(title, sizeof(title), "%.300s: %s\n\n",
		 slash ? slash + 1 : file->options->name, names);
	fputs("/*\n", out);
	print_comment(out, title);
	print_comment(out, file->options->note);
	print_comment(out, *file->options->note ? "\nThe page program that it is made from:\n\n" :
						"The page program that it is made from:\n\n");
	print_program(out, file->program);
	fputs(" */\n", out);
}

/* The headers that a file needs if it has the word. */
static const struct {
	const char *name, *word; /* NULL: always */
} headers[] = {
	{ "errno.h", NULL },	    { "pthread.h", "pthread_" }, { "sched.h", "sched_yield" },
	{ "semaphore.h", "sem_" },  { "stdint.h", NULL },	 { "stdio.h", NULL },
	{ "stdlib.h", NULL },	    { "string.h", NULL },	 { "sys/mman.h", "mmap(" },
	{ "ucontext.h", "ucontext_t" }, { "unistd.h", NULL },
};

static void print_includes(FILE *out, const char *declarations, const char *body)
{
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		if (!headers[i].word || c_mentions(declarations, headers[i].word) ||
		    c_mentions(body, headers[i].word))
			fprintf(out, "#include <%s>\n", headers[i].name);
	fputs("\n#include <page.h>\n", out);
}

static void print_slice(FILE *out, const struct c_file *file, unsigned int handle)
{
	const struct call *slice = c_slice(file, (uint8_t)handle);

	fprintf(out, "static struct user_slice_reader u%u;\n", handle);
	if (slice && c_slice_faults(slice))
		fprintf(out, "static unsigned char *u%u_bytes;\n", handle);
	else if (slice)
		fprintf(out, "static unsigned char u%u_bytes[%llu];\n", handle,
			(unsigned long long)slice->number[0] + !slice->number[0]);
}

static void print_object(FILE *out, const struct c_file *file, char kind, unsigned int handle)
{
	switch (kind) {
	case 'p':
		fprintf(out, "static struct page *p%u;\n", handle);
		break;
	case 'k':
		fprintf(out, "static unsigned char *k%u;\n", handle);
		break;
	case 'm':
		fprintf(out, "static pthread_mutex_t m%u = PTHREAD_MUTEX_INITIALIZER;\n", handle);
		break;
	case 's':
		fprintf(out, "static sem_t s%u;\n", handle);
		break;
	default:
		print_slice(out, file, handle);
	}
}

/* Is the object named in the body? "p1" is not in "p12" nor in "pp1". */
static bool is_used(const struct c_file *file, char kind, unsigned int handle)
{
	static const char *const ends[] = { ",", ")", ";", " ", "_bytes" };
	char name[24];

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		snprintf(name, sizeof(name), "%c%u%s", kind, handle, ends[i]);
		if (c_mentions(file->text, name))
			return true;
	}
	return false;
}

/* Prints @declaration with the thread's name in it if the body has the name with @suffix. */
static void print_of_thread(FILE *out, const struct c_file *file, uint8_t thread, const char *suffix,
			    const char *type, const char *bound)
{
	char name[24];

	snprintf(name, sizeof(name), "%s_%s", c_thread(thread), suffix);
	if (c_mentions(file->text, name))
		fprintf(out, "static %s %s%s;\n", type, name, bound);
}

static void print_objects(FILE *out, const struct c_file *file)
{
	putc('\n', out);
	for (const char *kind = "pkums"; *kind; kind++)
		for (unsigned int h = 0; h < op_handle_count(*kind); h++)
			if (is_used(file, *kind, h))
				print_object(out, file, *kind, h);
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		print_of_thread(out, file, t, "bytes", "unsigned char", "[PAGE_SIZE]");
		print_of_thread(out, file, t, "thread", "pthread_t", "");
		print_of_thread(out, file, t, "go", "sem_t", "");
		print_of_thread(out, file, t, "done", "sem_t", "");
	}
}

static void print_declarations(FILE *out, const struct c_file *file)
{
	print_objects(out, file);
	c_helpers_print(out, file->text, file->options->deterministic);
	if (c_mentions(file->text, "start("))
		putc('\n', out);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		print_of_thread(out, file, t, "fiber", "struct fiber", "");
}

void c_head_print(FILE *out, const struct c_file *file)
{
	char *declarations = NULL;
	size_t size;
	FILE *memory = open_memstream(&declarations, &size);

	print_comments(out, file);
	if (!memory)
		return;
	print_declarations(memory, file);
	if (!fclose(memory)) {
		print_includes(out, declarations, file->text);
		fputs(declarations, out);
	}
	free(declarations);
}
