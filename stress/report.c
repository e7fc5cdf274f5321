/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints a failure: the sentence, the pattern's state, the last operations of the threads, a page
 * program if calls can express them, and the command that runs the test again.
 */
#include <unistd.h>

#include "harness/detect/tsan.h"
#include "stress/core.h"

#define REPORTS_MAX     4	/* failures printed in full */
#define THREADS_SHOWN 16 /* threads whose last operations are printed */
#define PROGRAM_THREADS 8
#define PROGRAM_PAGES	8

/* ---- parameters ---- */

void report_add_parameters(struct message *message, const struct stress_run *run)
{
	const char *bug = run->pattern->busted[run->busted].name;
	const struct stress_pressure *p = &run->pressure;

	message_append(message,
		       "threads=%u ops=%llu seconds=%llu seed=0x%llx stat_interval=%llu busted=%s "
		       "tsan=%d backend=%s copy=%s pin=%d delays=%d stutter=%llu fail_alloc=%u "
		       "fail_copy=%u memory=%u forks=%u bare=%d\n",
		       run->threads, (unsigned long long)run->ops, (unsigned long long)run->seconds,
		       (unsigned long long)run->seed, (unsigned long long)run->stat_interval,
		       run->busted ? bug : "0", tsan_present(), run->backend, run->copy, run->pin,
		       run->delays, (unsigned long long)run->stutter, p->fail_alloc, p->fail_copy,
		       p->memory, p->forks, run->bare);
}

static void add_number(struct message *message, const char *option, uint64_t value)
{
	if (value)
		message_append(message, " %s%llu", option, (unsigned long long)value);
}

void report_add_rerun(struct message *message, const struct stress_run *run)
{
	message_append(message, "%s:   run again: %s -t %u", run->pattern->name, run->command,
		       run->threads);
	add_number(message, "-n ", run->ops);
	add_number(message, "-s ", run->seconds);
	message_append(message, " --seed=0x%llx --stat-interval=%llu --backend=%s --copy=%s",
		       (unsigned long long)run->seed, (unsigned long long)run->stat_interval,
		       run->backend, run->copy);
	message_append(message, "%s%s%s", run->pin ? " --pin" : "", run->delays ? " --delays" : "",
		       run->bare ? " --bare" : "");
	add_number(message, "--stutter=", run->stutter);
	add_number(message, "--fail-alloc=", run->pressure.fail_alloc);
	add_number(message, "--fail-copy=", run->pressure.fail_copy);
	add_number(message, "--memory=", run->pressure.memory);
	add_number(message, "--forks=", run->pressure.forks);
	if (run->busted)
		message_append(message, " --busted=%s", run->pattern->busted[run->busted].name);
	message_append(message, "\n");
}

/* ---- last operations ---- */

NO_TSAN static void add_op(struct message *message, const struct stress_kind *kinds,
			   const struct stress_op *op)
{
	message_append(message, " %s", kinds[op->kind].name);
	if (op->page)
		message_append(message, " page %u", op->page);
	message_append(message, " 0x%zx+%zu(0x%02x)", op->off, op->len, op->value);
}

NO_TSAN static void add_last_ops(struct message *message, const struct stress_thread *thread)
{
	uint64_t ops = thread->ops;
	uint64_t first = ops > STRESS_LAST_OPS ? ops - STRESS_LAST_OPS : 0;

	message_append(message, "%s:   last operations of thread %u, newest last:", current_run.pattern->name,
		       thread->index);
	for (uint64_t i = first; i < ops; i++)
		add_op(message, current_run.pattern->kinds, &thread->last[i % STRESS_LAST_OPS]);
	message_append(message, "%s\n", ops ? "" : " none");
}

/* ---- a page program ---- */

NO_TSAN static void add_line(struct message *message, unsigned int thread,
			     const struct stress_op *op)
{
	const char *call = current_run.pattern->kinds[op->kind].call;

	if (!call || op->page >= PROGRAM_PAGES || op->off + op->len > PAGE_SIZE)
		return;
	message_append(message, "T%u: %s(p%u, 0x%zx, 0x%zx", thread, call, op->page, op->off, op->len);
	if (call[0] == 'w') /* write calls have a seed */
		message_append(message, ", 0x%x", op->value);
	message_append(message, ")\n");
}

/* Adds the n-th of the thread's last operations, oldest first. */
NO_TSAN static void add_nth(struct message *message, const struct stress_thread *thread,
			    unsigned int nth)
{
	uint64_t ops = thread->ops;
	uint64_t op = nth + (ops > STRESS_LAST_OPS ? ops - STRESS_LAST_OPS : 0);

	if (op < ops)
		add_line(message, thread->index, &thread->last[op % STRESS_LAST_OPS]);
}

/* Adds a page program with the last operations, as input for a minimisation. */
NO_TSAN static void add_program(struct message *message)
{
	const struct stress_kind *kind = current_run.pattern->kinds;
	bool calls = false;

	for (; kind->name; kind++)
		calls |= kind->call != NULL;
	if (!calls)
		return;
	message_append(message, "%s:   what threads did last, as a page program:\npagetorture 1\n",
		       current_run.pattern->name);
	for (unsigned int page = 0; page < PROGRAM_PAGES; page++)
		message_append(message, "p%u = alloc_page(GFP_KERNEL | __GFP_ZERO)\n", page);
	for (unsigned int nth = 0; nth < STRESS_LAST_OPS; nth++)
		for (unsigned int i = 0; i < current_run.threads && i < PROGRAM_THREADS; i++)
			add_nth(message, &threads[i], nth);
	message_append(message, "# end of the page program\n");
}

NO_TSAN void report_add_state(struct message *message, const struct stress_thread *self)
{
	const struct stress_pattern *pattern = current_run.pattern;

	if (pattern->state)
		pattern->state(message, self);
	add_last_ops(message, self);
	for (unsigned int i = 0; i < current_run.threads && i < THREADS_SHOWN; i++)
		if (&threads[i] != self)
			add_last_ops(message, &threads[i]);
	add_program(message);
}

/* ---- failures ---- */

void stress_fail(struct stress_thread *self, const char *what, ...)
{
	struct stress_run *run = self->run;
	struct message message = { .used = 0 };
	unsigned int nth;
	va_list args;

	atomic_fetch_add_explicit(&self->failures, 1, memory_order_relaxed);
	if (atomic_load_explicit(&run->reported, memory_order_relaxed) >= REPORTS_MAX)
		return;
	nth = atomic_fetch_add_explicit(&run->reported, 1, memory_order_relaxed);
	if (nth >= REPORTS_MAX)
		return;
	message_append(&message, "%s: !!! ", run->pattern->name);
	va_start(args, what);
	message_vappend(&message, what, args);
	va_end(args);
	message_append(&message, "\n");
	report_add_rerun(&message, run);
	if (nth)
		add_last_ops(&message, self);
	else
		report_add_state(&message, self);
	message_write(&message, STDOUT_FILENO);
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
