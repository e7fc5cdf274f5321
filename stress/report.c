/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Prints a failure: the sentence, the last operations of the threads, a page program if calls can
 * express them, and the command that runs the test again.
 */
#include <limits.h>
#include <stdio.h>

#include "harness/util/shell_word.h"
#include "stress/core.h"

#define FAILURES_MAX    4  /* printed in full */
#define THREADS_PRINTED 16 /* with their last operations */
#define PROGRAM_THREADS 8
#define PROGRAM_PAGES   8

/* ---- the command ---- */

static char binary_word[4 * PATH_MAX + 8]; /* this binary's path, quoted for a shell */

/* Before the run, because a failure may be reported when memory is exhausted. */
void report_store_binary_path(void)
{
	FILE *out = fmemopen(binary_word, sizeof(binary_word), "w");

	if (!out)
		return;
	shell_word_print(out, shell_binary_path());
	fclose(out);
}

void report_append_command(struct message *message)
{
	const char *name = current_run.name;

	message_append(message, "%s:   run again: %s %s", name, binary_word, name);
	options_append(message);
	message_append(message, "\n");
}

/* ---- last operations ---- */

/* Return: the record of the thread's last operations that is number @nth, oldest first; or NULL. */
NO_TSAN static const struct stress_record *find_record(const struct stress_thread *thread,
						       uint64_t record_index)
{
	uint64_t count = thread->operation_count;
	uint64_t number =
		record_index + (count > STRESS_LAST_RECORDS ? count - STRESS_LAST_RECORDS : 0);

	return number < count ? &thread->last_records[number % STRESS_LAST_RECORDS] : NULL;
}

NO_TSAN static void append_last_operations(struct message *message,
					   const struct stress_thread *thread)
{
	const struct stress_scenario *scenario = current_run.scenario;
	const struct stress_record *record;

	message_append(message, "%s:   last operations of thread %u, newest last:", current_run.name,
		       thread->thread_index);
	for (uint64_t record_index = 0; (record = find_record(thread, record_index));
	     record_index++) {
		message_append(message, " %s", scenario->operations[record->operation].name);
		if (record->page)
			message_append(message, " page %u", record->page);
		message_append(message, " 0x%zx+%zu(0x%02x)", record->off, record->len,
			       record->byte_value);
	}
	message_append(message, "%s\n", thread->operation_count ? "" : " none");
}

/* ---- a page program ---- */

NO_TSAN static void append_call(struct message *message, unsigned int thread,
				const struct stress_record *record)
{
	const char *call = current_run.scenario->operations[record->operation].page_call;

	if (!call || record->page >= PROGRAM_PAGES || record->off + record->len > PAGE_SIZE)
		return;
	message_append(message, "T%u: %s(p%u, 0x%zx, 0x%zx", thread, call, record->page,
		       record->off, record->len);
	if (call[0] == 'w') /* write calls have a seed */
		message_append(message, ", 0x%x", record->byte_value);
	message_append(message, ")\n");
}

static bool has_page_calls(const struct stress_operation *operations)
{
	while (operations->name && !operations->page_call)
		operations++;
	return operations->name;
}

/* Appends a page program with the last operations, as input for a minimisation. */
NO_TSAN static void append_program(struct message *message)
{
	const struct stress_record *record;

	if (!has_page_calls(current_run.scenario->operations))
		return;
	message_append(message,
		       "%s:   last operations of the threads as a page program:\npagetorture 1\n",
		       current_run.name);
	for (unsigned int page = 0; page < PROGRAM_PAGES; page++)
		message_append(message, "p%u = alloc_page(GFP_KERNEL | __GFP_ZERO)\n", page);
	for (unsigned int record_index = 0; record_index < STRESS_LAST_RECORDS; record_index++)
		for (unsigned int i = 0; i < current_run.thread_count && i < PROGRAM_THREADS; i++)
			if ((record = find_record(&threads[i], record_index)))
				append_call(message, i, record);
	message_append(message, "# end of the page program\n");
}

NO_TSAN void report_append_state(struct message *message, const struct stress_thread *self)
{
	append_last_operations(message, self);
	for (unsigned int i = 0; i < current_run.thread_count && i < THREADS_PRINTED; i++)
		if (&threads[i] != self)
			append_last_operations(message, &threads[i]);
	append_program(message);
}

/* ---- failures ---- */

void stress_fail(struct stress_thread *self, const char *what, ...)
{
	struct message message = { .length = 0 };
	unsigned int failure_number;
	va_list args;

	add_relaxed(&self->failure_count, 1);
	failure_number = add_relaxed(&current_run.reported_failures, 1);
	if (failure_number >= FAILURES_MAX)
		return;
	message_append(&message, "%s: !!! ", current_run.name);
	va_start(args, what);
	message_vappend(&message, what, args);
	va_end(args);
	message_append(&message, "\n");
	report_append_command(&message);
	if (failure_number)
		append_last_operations(&message, self);
	else
		report_append_state(&message, self);
	message_print(&message);
}

void stress_expect(struct stress_thread *self, const char *what, long found, long expected)
{
	if (found != expected)
		stress_fail(self, "%s in thread %u: expected %ld, found %ld", what,
			    self->thread_index, expected, found);
}

void stress_read(struct stress_thread *self, struct page *page, void *to, size_t off, size_t len)
{
	stress_expect(self, "page_read_raw", page_read_raw(page, to, off, len), 0);
}

void stress_write(struct stress_thread *self, struct page *page, const void *from, size_t off,
		  size_t len)
{
	stress_expect(self, "page_write_raw", page_write_raw(page, from, off, len), 0);
}

void stress_zero(struct stress_thread *self, struct page *page, size_t off, size_t len)
{
	stress_expect(self, "page_fill_zero", page_fill_zero(page, off, len), 0);
}

size_t stress_count_zeros(struct stress_thread *self, struct page *page, size_t off, size_t len)
{
	unsigned char bytes[PAGE_SIZE];
	size_t zeros = 0;

	stress_read(self, page, bytes, off, len);
	while (zeros < len && !bytes[zeros])
		zeros++;
	return zeros;
}
