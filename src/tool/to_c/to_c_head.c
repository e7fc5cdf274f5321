/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* What stands above the functions: the comment, what is included, the objects. */
#include <string.h>

#include "harness/program/program_text.h"
#include "tool/to_c/to_c_parts.h"

/* Text in a comment: nothing in it may end the comment. */
static void put_comment(FILE *out, const char *text)
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

/* With the numbers of its lines, by which the checks name them. */
static void put_program(FILE *out, const struct program *program)
{
	char text[TEXT_CALL_MAX];

	for (size_t i = 0; i < program->count; i++) {
		call_to_text(&program->calls[i], text);
		fprintf(out, " * %5u  %s\n", program->calls[i].line, text);
	}
}

static void put_comments(FILE *out, const struct c_file *file)
{
	char names[RULE_SET_TEXT], title[512];
	const char *slash = strrchr(file->options->name, '/');

	rule_set_text(to_c_expected(file->program, file->rules), " ", names);
	snprintf(title, sizeof(title), "%.300s: %s\n\n",
		 slash ? slash + 1 : file->options->name, names);
	fputs("/*\n", out);
	put_comment(out, title);
	put_comment(out, file->options->note);
	put_comment(out, *file->options->note ? "\nThe page program that it is made from:\n\n" :
						"The page program that it is made from:\n\n");
	put_program(out, file->program);
	fputs(" */\n", out);
}

static bool uses_op(const struct c_file *file, enum op op)
{
	for (size_t i = 0; i < file->plan.count; i++)
		if (file->plan.steps[i].fate != C_SKIPPED && c_call_of(file, i)->op == op)
			return true;
	return false;
}

static void put_includes(FILE *out, const struct c_file *file)
{
	bool threads = file->plan.threads, fibers = threads && file->options->deterministic;
	bool locks = uses_op(file, OP_lock);
	bool semaphores = threads || uses_op(file, OP_post) || uses_op(file, OP_wait);

	fprintf(out, "#include <errno.h>\n%s%s%s#include <stdint.h>\n#include <stdio.h>\n"
		"#include <stdlib.h>\n#include <string.h>\n%s%s#include <unistd.h>\n\n"
		"#include <page.h>\n",
		threads || locks ? "#include <pthread.h>\n" : "",
		threads && !fibers ? "#include <sched.h>\n" : "",
		semaphores ? "#include <semaphore.h>\n" : "",
		file->used[C_USER_MEMORY] ? "#include <sys/mman.h>\n" : "",
		fibers ? "#include <ucontext.h>\n" : "");
}

/* Each object that a call that runs, or ends the program, names. */
static void put_object(FILE *out, const struct c_file *file, char kind, unsigned int handle)
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
		fprintf(out, "static struct user_slice_reader u%u;\n", handle);
		for (size_t i = 0; i < file->plan.count; i++) {
			const struct call *call = c_call_of(file, i);

			if (call->op != OP_user_slice || call->handle[0] != handle ||
			    file->plan.steps[i].fate != C_RUNS)
				continue;
			if (c_slice_faults(call))
				fprintf(out, "static unsigned char *u%u_bytes;\n", handle);
			else
				fprintf(out, "static unsigned char u%u_bytes[%llu];\n", handle,
					(unsigned long long)call->number[0] + !call->number[0]);
		}
	}
}

static void note_objects(const struct call *call, bool named[128][PROGRAM_MAPS])
{
	unsigned int handles = 0;

	for (const char *kind = op_table[call->op].args; *kind; kind++)
		if (op_handle_count(*kind))
			named[*kind | 0x20][call->handle[handles++]] = true;
}

static void put_objects(FILE *out, const struct c_file *file)
{
	static bool named[128][PROGRAM_MAPS];

	memset(named, 0, sizeof(named));
	for (size_t i = 0; i < file->plan.count; i++)
		if (file->plan.steps[i].fate != C_SKIPPED)
			note_objects(c_call_of(file, i), named);
	putc('\n', out);
	for (const char *kind = "pkums"; *kind; kind++)
		for (unsigned int h = 0; h < op_handle_count(*kind); h++)
			if (named[(unsigned char)*kind][h])
				put_object(out, file, *kind, h);
	for (uint8_t t = 0; t < PROGRAM_THREADS; t++) {
		bool used = file->plan.threads & 1u << t;
		const char *name = c_thread(t);

		if (file->bytes & 1u << t)
			fprintf(out, "static unsigned char %s_bytes[PAGE_SIZE];\n", name);
		if (used && !file->options->deterministic)
			fprintf(out, "static pthread_t %s_thread;\n", name);
		if (used && c_has_go(file, t))
			fprintf(out, "static sem_t %s_go;\n", name);
		if (used && c_has_done(file, t))
			fprintf(out, "static sem_t %s_done;\n", name);
	}
}

static void put_fibers(FILE *out, const struct c_file *file)
{
	if (!file->options->deterministic || !file->plan.threads)
		return;
	putc('\n', out);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (file->plan.threads & 1u << t)
			fprintf(out, "static struct fiber %s_fiber;\n", c_thread(t));
}

void c_head(FILE *out, const struct c_file *file)
{
	put_comments(out, file);
	put_includes(out, file);
	put_objects(out, file);
	c_helpers_print(out, file->used, file->options->deterministic);
	put_fibers(out, file);
}
