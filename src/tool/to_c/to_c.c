/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/to_c/to_c.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "tool/to_c/to_c_parts.h"

rule_set to_c_expected(const struct program *program, const struct rules *rules)
{
	return program->has_expect ? program->expect : rules_verdict(rules)->broken;
}

void c_line(struct c_file *file, const char *format, ...)
{
	va_list args;

	putc('\t', file->body);
	va_start(args, format);
	vfprintf(file->body, format, args);
	va_end(args);
	putc('\n', file->body);
}

const char *c_thread(uint8_t thread)
{
	static const char *const names[PROGRAM_THREADS] = { "main", "T0", "T1", "T2", "T3",
							    "T4",   "T5", "T6", "T7" };

	return names[thread];
}

void c_print_handle(struct c_file *file, char kind, uint8_t handle)
{
	if (file->plan.shared[(unsigned char)kind][handle])
		fprintf(file->body, "seen_%s(&%c%u)", kind == 'p' ? "page" : "map", kind, handle);
	else
		fprintf(file->body, "%c%u", kind, handle);
}

const struct call *c_slice(const struct c_file *file, uint8_t handle)
{
	for (size_t i = 0; i < file->plan.count; i++) {
		const struct call *call = c_call_of(file, i);

		if (file->plan.steps[i].outcome == C_RUNS && call->op == OP_user_slice &&
		    call->handle[0] == handle)
			return call;
	}
	return NULL;
}

bool c_slice_faults(const struct call *call)
{
	return call->has_fault && call->number[1] < call->number[0];
}

/* ---- bytes ---- */

/* From the first byte on: the longest run that is all one value, or the pattern. */
static unsigned int run_of(const uint8_t *bytes, const uint8_t *known, unsigned int len, bool *all)
{
	unsigned int same = 0, pattern = 0;

	while (same < len && known[same] && bytes[same] == bytes[0])
		same++;
	while (pattern < len && known[pattern] &&
	       bytes[pattern] == (uint8_t)(bytes[0] + pattern + pattern / 256))
		pattern++;
	*all = same > pattern;
	return *all ? same : pattern;
}

void c_expect_bytes(struct c_file *file, unsigned int line, uint8_t thread, uint32_t at,
		    unsigned int len)
{
	const struct trace *trace = rules_trace(file->rules);
	const uint8_t *bytes = trace->bytes + at, *known = trace->initialised + at;
	unsigned int run;
	bool all;

	for (unsigned int i = 0; i < len; i += run) {
		run = run_of(bytes + i, known + i, len - i, &all);
		if (!run) {
			run = 1;
			continue;
		}
		c_line(file, "%s(%u, %s_bytes, %u, %u, 0x%x);",
		       all ? "expect_all" : "expect_pattern", line, c_thread(thread), i, run, bytes[i]);
	}
}

/* ---- turns ---- */

static bool takes_turns(const struct c_plan *plan, unsigned int region)
{
	return plan->threads_of[region] & (plan->threads_of[region] - 1u);
}

const struct call *c_call_of(const struct c_file *file, size_t step)
{
	return &file->program->calls[file->plan.steps[step].call];
}

/* The next call from step @i on that takes a turn in @region, or NULL. */
static const struct call *next_turn(const struct c_file *file, size_t i, unsigned int region)
{
	for (; i < file->plan.count && file->plan.steps[i].region <= region; i++)
		if (file->plan.steps[i].region == region &&
		    file->plan.steps[i].outcome != C_SKIPPED &&
		    c_call_of(file, i)->thread != THREAD_MAIN)
			return c_call_of(file, i);
	return NULL;
}

static void write_step(struct c_file *file, size_t i)
{
	const struct c_step *step = &file->plan.steps[i];
	const struct call *call = c_call_of(file, i), *then;
	bool turns = call->thread != THREAD_MAIN && step->outcome != C_SKIPPED &&
		     takes_turns(&file->plan, step->region);

	if (turns)
		c_line(file, "turn(%u);", call->line);
	c_call(file, step);
	then = turns ? next_turn(file, i + 1, step->region) : NULL;
	if (then)
		c_line(file, "next(%u);", then->line);
}

/* ---- threads ---- */

/* Does main wait for a semaphore at the end of this region, and not for the thread's end? */
static bool posts_done(const struct c_file *file, uint8_t thread, unsigned int region)
{
	return file->options->deterministic || region != file->plan.last_region[thread] ||
	       file->plan.keeps_maps[thread];
}

static void wait_for_go(struct c_file *file, const char *name)
{
	c_line(file, "sem_post(&%s_done);", name);
	c_line(file, file->options->deterministic ? "leave_until(&%s_go);" : "sem_wait(&%s_go);",
	       name);
}

static void write_unmaps(struct c_file *file, uint8_t thread)
{
	uint8_t maps[PROGRAM_MAPS];
	size_t count = c_plan_maps_left(&file->plan, file->program, thread, maps);

	for (size_t i = 0; i < count; i++) {
		fputs("\tpage_unmap_local(", file->body);
		c_print_handle(file, 'k', maps[i]);
		fputs(");\n", file->body);
	}
}

static void write_thread(struct c_file *file, uint8_t thread)
{
	const char *name = c_thread(thread);
	const struct c_plan *plan = &file->plan;
	int region = -1;

	fprintf(file->body, file->options->deterministic ? "\nstatic void %s(void)\n{\n" :
		"\nstatic void *%s(void *unused)\n{\n", name);
	if (!file->options->deterministic)
		c_line(file, "(void)unused;");
	for (size_t i = 0; i < plan->count; i++) {
		if (c_call_of(file, i)->thread != thread)
			continue;
		if (region >= 0 && plan->steps[i].region != region)
			wait_for_go(file, name);
		region = plan->steps[i].region;
		write_step(file, i);
	}
	if (plan->keeps_maps[thread]) {
		wait_for_go(file, name);
		write_unmaps(file, thread);
	}
	if (file->options->deterministic)
		c_line(file, "sem_post(&%s_done);", name);
	else
		c_line(file, "return NULL;");
	fprintf(file->body, "}\n");
}

/* ---- main ---- */

static void start_thread(struct c_file *file, uint8_t thread, unsigned int region)
{
	const char *name = c_thread(thread);

	for (unsigned int r = 0; r < region; r++)
		if (file->plan.threads_of[r] >> thread & 1u) {
			c_line(file, "sem_post(&%s_go);", name);
			return;
		}
	if (file->options->deterministic)
		c_line(file, "start(&%s_fiber, \"%s\", %s);", name, name, name);
	else
		c_line(file, "pthread_create(&%s_thread, NULL, %s, NULL);", name, name);
}

static void wait_for_thread(struct c_file *file, uint8_t thread, bool done)
{
	const char *name = c_thread(thread);

	if (file->options->deterministic)
		c_line(file, "run_until(&%s_done);", name);
	else if (done)
		c_line(file, "sem_wait(&%s_done);", name);
	else
		c_line(file, "pthread_join(%s_thread, NULL);", name);
}

static void write_region(struct c_file *file, unsigned int region)
{
	const struct call *first = next_turn(file, 0, region);
	unsigned int threads = file->plan.threads_of[region];

	if (takes_turns(&file->plan, region) && first)
		c_line(file, "next(%u);", first->line);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			start_thread(file, t, region);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (threads & 1u << t)
			wait_for_thread(file, t, posts_done(file, t, region));
}

static void init_semaphore(struct c_file *file, uint8_t thread, const char *purpose)
{
	char name[16];

	snprintf(name, sizeof(name), "%s_%s", c_thread(thread), purpose);
	if (c_mentions(file->text, name))
		c_line(file, "sem_init(&%s, 0, 0);", name);
}

/* The semaphores that the functions of the threads use. */
static void init_semaphores(struct c_file *file)
{
	fflush(file->body);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++) {
		init_semaphore(file, t, "go");
		init_semaphore(file, t, "done");
	}
}

/* The program's calls that run and fill a slice, or are about a semaphore. */
static void init_objects(struct c_file *file)
{
	unsigned int semaphores = 0;

	for (size_t i = 0; i < file->plan.count; i++) {
		const struct call *call = c_call_of(file, i);

		if (file->plan.steps[i].outcome == C_SKIPPED)
			continue;
		if (call->op == OP_post || call->op == OP_wait)
			semaphores |= 1u << call->handle[0];
		if (call->op != OP_user_slice || !c_slice_faults(call))
			continue;
		c_line(file, "u%u_bytes = user_memory(%llu);", call->handle[0],
		       (unsigned long long)call->number[1]);
	}
	for (unsigned int s = 0; s < PROGRAM_SEMAPHORES; s++)
		if (semaphores & 1u << s)
			c_line(file, "sem_init(&s%u, 0, 0);", s);
}

/* What pages hold at the end is worth a line if nothing else is wrong with the program. */
static void write_end_of_page(struct c_file *file, unsigned int page)
{
	const struct trace *trace = rules_trace(file->rules);

	if (!(rules_verdict(file->rules)->broken & ~RULE_BIT(RULE_deadlock))) {
		c_line(file, "expect(0, page_ref_count(p%u), %u);", page,
		       trace->pages[page].refs);
		c_line(file, "expect(0, page_read_raw(p%u, main_bytes, 0, PAGE_SIZE), 0);", page);
		c_expect_bytes(file, 0, THREAD_MAIN, trace->pages[page].at, TRACE_PAGE);
	}
	for (unsigned int i = 0; i < trace->pages[page].refs; i++)
		c_line(file, "page_free(p%u);", page);
}

static void write_end(struct c_file *file)
{
	const struct trace *trace = rules_trace(file->rules);

	if (file->plan.fatal)
		return;
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (file->plan.keeps_maps[t]) {
			c_line(file, "sem_post(&%s_go);", c_thread(t));
			wait_for_thread(file, t, false);
		}
	if (rules_verdict(file->rules)->broken & RULE_BIT(RULE_deadlock))
		c_line(file, "fputs(\"deadlock: nothing more can run, as expected\\n\", stderr);");
	write_unmaps(file, THREAD_MAIN);
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++)
		if (trace->pages[i].live)
			write_end_of_page(file, i);
}

static void write_main(struct c_file *file)
{
	unsigned int region = 0;

	fprintf(file->body, "\nint main(void)\n{\n");
	init_objects(file);
	init_semaphores(file);
	for (size_t i = 0; i < file->plan.count; i++) {
		if (c_call_of(file, i)->thread != THREAD_MAIN)
			continue;
		region = file->plan.steps[i].region;
		write_region(file, region);
		write_step(file, i);
		region++;
	}
	write_region(file, region);
	write_end(file);
	c_line(file, "return 0;");
	fprintf(file->body, "}\n");
}

bool c_mentions(const char *text, const char *word)
{
	const char *at = text;

	while ((at = strstr(at, word))) {
		if (at == text || !(isalnum((unsigned char)at[-1]) || at[-1] == '_'))
			return true;
		at++;
	}
	return false;
}

bool to_c(FILE *out, const struct program *program, const struct rules *rules,
	  const struct to_c_options *options)
{
	static struct c_file file;

	memset(&file, 0, sizeof(file));
	file.program = program;
	file.rules = rules;
	file.options = options;
	file.body = open_memstream(&file.text, &file.size);
	if (!file.body)
		return false;
	c_plan_make(&file.plan, program, rules);
	for (uint8_t t = 1; t < PROGRAM_THREADS; t++)
		if (file.plan.threads & 1u << t)
			write_thread(&file, t);
	write_main(&file);
	if (fclose(file.body))
		return false;
	c_head_print(out, &file);
	fputs(file.text, out);
	free(file.text);
	return !ferror(out);
}
