/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What a failure leaves behind: the sentence, the pattern's own state, what every thread
 * did last, a page program where calls can say it, and the command that runs it again.
 */
#include <unistd.h>

#include "harness/detect/tsan.h"
#include "stress/core.h"

#define TOLD_MAX     4	/* failures printed in full */
#define THREADS_TOLD 16 /* with their last operations */
#define PROGRAM_THREADS 8
#define PROGRAM_PAGES	8

/* ---- parameters ---- */

void report_add_parameters(struct text *text, const struct stress_run *run)
{
	const char *bug = run->pattern->busted[run->busted].name;
	const struct stress_pressure *p = &run->pressure;

	text_add(text,
		 "threads=%u ops=%llu seconds=%llu seed=0x%llx stat_interval=%llu busted=%s "
		 "tsan=%d backend=%s copy=%s pin=%d delays=%d stutter=%llu fail_alloc=%u "
		 "fail_copy=%u memory=%u forks=%u bare=%d\n",
		 run->threads, (unsigned long long)run->ops, (unsigned long long)run->seconds,
		 (unsigned long long)run->seed, (unsigned long long)run->stat_interval,
		 run->busted ? bug : "0", tsan_present(), run->backend, run->copy, run->pin,
		 run->delays, (unsigned long long)run->stutter, p->fail_alloc, p->fail_copy,
		 p->memory, p->forks, run->bare);
}

static void add_number(struct text *text, const char *option, uint64_t value)
{
	if (value)
		text_add(text, " %s%llu", option, (unsigned long long)value);
}

void report_add_rerun(struct text *text, const struct stress_run *run)
{
	text_add(text, "%s:   run again: %s -t %u", run->pattern->name, run->command,
		 run->threads);
	add_number(text, "-n ", run->ops);
	add_number(text, "-s ", run->seconds);
	text_add(text, " --seed=0x%llx --stat-interval=%llu --backend=%s --copy=%s",
		 (unsigned long long)run->seed, (unsigned long long)run->stat_interval,
		 run->backend, run->copy);
	text_add(text, "%s%s%s", run->pin ? " --pin" : "", run->delays ? " --delays" : "",
		 run->bare ? " --bare" : "");
	add_number(text, "--stutter=", run->stutter);
	add_number(text, "--fail-alloc=", run->pressure.fail_alloc);
	add_number(text, "--fail-copy=", run->pressure.fail_copy);
	add_number(text, "--memory=", run->pressure.memory);
	add_number(text, "--forks=", run->pressure.forks);
	if (run->busted)
		text_add(text, " --busted=%s", run->pattern->busted[run->busted].name);
	text_add(text, "\n");
}

/* ---- last operations ---- */

UNWATCHED static void add_op(struct text *text, const struct stress_kind *kinds,
			     const struct stress_op *op)
{
	text_add(text, " %s", kinds[op->kind].name);
	if (op->page)
		text_add(text, " page %u", op->page);
	text_add(text, " 0x%zx+%zu(0x%02x)", op->off, op->len, op->value);
}

UNWATCHED static void add_last_ops(struct text *text, const struct stress_thread *thread)
{
	uint64_t ops = thread->ops;
	uint64_t first = ops > STRESS_LAST_OPS ? ops - STRESS_LAST_OPS : 0;

	text_add(text, "%s:   last operations of thread %u, newest last:", the_run.pattern->name,
		 thread->index);
	for (uint64_t i = first; i < ops; i++)
		add_op(text, the_run.pattern->kinds, &thread->last[i % STRESS_LAST_OPS]);
	text_add(text, "%s\n", ops ? "" : " none");
}

/* ---- a page program ---- */

UNWATCHED static void add_line(struct text *text, unsigned int thread,
			       const struct stress_op *op)
{
	const char *call = the_run.pattern->kinds[op->kind].call;

	if (!call || op->page >= PROGRAM_PAGES || op->off + op->len > PAGE_SIZE)
		return;
	text_add(text, "T%u: %s(p%u, 0x%zx, 0x%zx", thread, call, op->page, op->off, op->len);
	if (call[0] == 'w') /* the writing calls have a seed */
		text_add(text, ", 0x%x", op->value);
	text_add(text, ")\n");
}

/* Of those remembered, oldest first. */
UNWATCHED static void add_nth(struct text *text, const struct stress_thread *thread,
			      unsigned int nth)
{
	uint64_t ops = thread->ops;
	uint64_t op = nth + (ops > STRESS_LAST_OPS ? ops - STRESS_LAST_OPS : 0);

	if (op < ops)
		add_line(text, thread->index, &thread->last[op % STRESS_LAST_OPS]);
}

/* The first calls that say what the threads did last: to start a reduction with. */
UNWATCHED static void add_program(struct text *text)
{
	const struct stress_kind *kind = the_run.pattern->kinds;
	bool calls = false;

	for (; kind->name; kind++)
		calls |= kind->call != NULL;
	if (!calls)
		return;
	text_add(text, "%s:   what threads did last, as a page program:\npagetorture 1\n",
		 the_run.pattern->name);
	for (unsigned int page = 0; page < PROGRAM_PAGES; page++)
		text_add(text, "p%u = alloc_page(GFP_KERNEL | __GFP_ZERO)\n", page);
	for (unsigned int nth = 0; nth < STRESS_LAST_OPS; nth++)
		for (unsigned int i = 0; i < the_run.threads && i < PROGRAM_THREADS; i++)
			add_nth(text, &threads[i], nth);
	text_add(text, "# end of the page program\n");
}

UNWATCHED void report_add_state(struct text *text, const struct stress_thread *self)
{
	const struct stress_pattern *pattern = the_run.pattern;

	if (pattern->state)
		pattern->state(text, self);
	add_last_ops(text, self);
	for (unsigned int i = 0; i < the_run.threads && i < THREADS_TOLD; i++)
		if (&threads[i] != self)
			add_last_ops(text, &threads[i]);
	add_program(text);
}

/* ---- failures ---- */

void stress_fail(struct stress_thread *self, const char *what, ...)
{
	struct stress_run *run = self->run;
	struct text text = { .used = 0 };
	unsigned int nth;
	va_list args;

	atomic_fetch_add_explicit(&self->failures, 1, memory_order_relaxed);
	if (atomic_load_explicit(&run->told, memory_order_relaxed) >= TOLD_MAX)
		return;
	nth = atomic_fetch_add_explicit(&run->told, 1, memory_order_relaxed);
	if (nth >= TOLD_MAX)
		return;
	text_add(&text, "%s: !!! ", run->pattern->name);
	va_start(args, what);
	text_vadd(&text, what, args);
	va_end(args);
	text_add(&text, "\n");
	report_add_rerun(&text, run);
	if (nth)
		add_last_ops(&text, self);
	else
		report_add_state(&text, self);
	text_put(&text, STDOUT_FILENO);
}

void stress_expect_ok(struct stress_thread *self, const char *call, int error)
{
	stress_expect(self, call, error, 0);
}

void stress_expect(struct stress_thread *self, const char *call, int found, int wanted)
{
	if (found != wanted)
		stress_fail(self, "%s in thread %u: expected %d, found %d", call, self->index,
			    wanted, found);
}

void stress_expect_count(struct stress_thread *self, const char *what, unsigned long found,
			 unsigned long wanted)
{
	if (found != wanted)
		stress_fail(self, "%s: expected %lu, found %lu", what, wanted, found);
}
