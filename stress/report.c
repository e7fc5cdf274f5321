/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Builds messages, and prints failures. A failure has a sentence, the command that runs the test again, and
 * the last operations of the threads, if possible also as a page program.
 */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "harness/util/shell_word.h"
#include "stress/core.h"

#define FAILURES_MAX    4  /* maximal number of failures that are printed */
#define THREADS_PRINTED 16 /* maximal number of threads whose last operations are printed */
#define PROGRAM_THREADS 8  /* maximal number of threads of the page program */
#define PROGRAM_PAGES   8  /* number of pages of the page program */

/* ---- messages ---- */

void message_vappend(struct message *message, const char *format, va_list args)
{
	size_t left = sizeof(message->text) - message->text_length;
	int added = vsnprintf(message->text + message->text_length, left, format, args);

	if (added > 0)
		message->text_length += (size_t)added < left ? (size_t)added : left - 1;
}

void message_append(struct message *message, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	message_vappend(message, format, args);
	va_end(args);
}

void message_print_to_stdout(const struct message *message)
{
	size_t written = 0;

	while (written < message->text_length) {
		ssize_t n = write(STDOUT_FILENO, message->text + written, message->text_length - written);

		if (n < 0 && errno != EINTR)
			_exit(EXIT_FAILURE);
		written += n > 0 ? (size_t)n : 0;
	}
}

/* ---- the command ---- */

static char quoted_binary_path[4 * PATH_MAX + 8]; /* path of this binary, quoted for a shell */

/* Stores the path before the run, because no memory may be left when a failure is reported. */
void report_store_binary_path(void)
{
	FILE *out = fmemopen(quoted_binary_path, sizeof(quoted_binary_path), "w");

	if (!out)
		return;
	shell_word_print(out, running_binary_path());
	fclose(out);
}

void report_append_repeat_command(struct message *message)
{
	const char *name = current_run.name;

	message_append(message, "%s:   run again: %s %s", name, quoted_binary_path, name);
	options_append_to_message(message);
	message_append(message, "\n");
}

/* ---- last operations ---- */

/* Return: a record that the thread still has, or NULL. @record_index: 0 is the oldest of these records. */
NO_TSAN static const struct stress_record *find_last_record(const struct stress_thread *thread,
							    uint64_t record_index)
{
	uint64_t count = thread->begun_operation_count;
	uint64_t number = record_index + (count > STRESS_LAST_RECORDS ? count - STRESS_LAST_RECORDS : 0);

	return number < count ? &thread->last_records[number % STRESS_LAST_RECORDS] : NULL;
}

NO_TSAN static void append_last_operations_of_thread(struct message *message,
						     const struct stress_thread *thread)
{
	const struct stress_scenario *scenario = current_run.scenario;
	const struct stress_record *record;

	message_append(message, "%s:   last operations of thread %u, newest last:", current_run.name,
		       thread->thread_index);
	for (uint64_t record_index = 0; (record = find_last_record(thread, record_index)); record_index++) {
		message_append(message, " %s", scenario->operations[record->operation_index].name);
		if (record->page_number)
			message_append(message, " page %u", record->page_number);
		message_append(message, " 0x%zx+%zu(0x%02x)", record->off, record->len, record->byte_value);
	}
	message_append(message, "%s\n", thread->begun_operation_count ? "" : " none");
}

/* ---- a page program ---- */

NO_TSAN static void append_call(struct message *message, unsigned int thread,
				const struct stress_record *record)
{
	const char *call = current_run.scenario->operations[record->operation_index].page_call;

	if (!call || record->page_number >= PROGRAM_PAGES || record->off + record->len > PAGE_SIZE)
		return;
	message_append(message, "T%u: %s(p%u, 0x%zx, 0x%zx", thread, call, record->page_number, record->off,
		       record->len);
	if (call[0] == 'w') /* only calls that write have a seed argument */
		message_append(message, ", 0x%x", record->byte_value);
	message_append(message, ")\n");
}

/* Appends the last operations as a page program that `pagetorture minimize` can reduce. */
NO_TSAN static void append_operations_as_program(struct message *message)
{
	const struct stress_operation *operation = current_run.scenario->operations;
	const struct stress_record *record;

	while (operation->name && !operation->page_call)
		operation++;
	if (!operation->name)
		return;
	message_append(message, "%s:   last operations of the threads as a page program:\npagetorture 1\n",
		       current_run.name);
	for (unsigned int page = 0; page < PROGRAM_PAGES; page++)
		message_append(message, "p%u = alloc_page(GFP_KERNEL | __GFP_ZERO)\n", page);
	for (unsigned int record_index = 0; record_index < STRESS_LAST_RECORDS; record_index++)
		for (unsigned int i = 0; i < current_run.thread_count && i < PROGRAM_THREADS; i++)
			if ((record = find_last_record(&threads[i], record_index)))
				append_call(message, i, record);
	message_append(message, "# end of the page program\n");
}

NO_TSAN static void append_last_operations_and_program(struct message *message,
						       const struct stress_thread *self)
{
	append_last_operations_of_thread(message, self);
	for (unsigned int i = 0; i < current_run.thread_count && i < THREADS_PRINTED; i++)
		if (&threads[i] != self)
			append_last_operations_of_thread(message, &threads[i]);
	append_operations_as_program(message);
}

/* ---- failures ---- */

static atomic_int first_crashed_tid; /* ID of the first thread that crashed; 0: none */

/* After a crash nothing is printed, because the last line of the output must be the end of the test. */
void stress_report_failure(struct stress_thread *self, const char *format, ...)
{
	struct message message = { .text_length = 0 };
	unsigned int failure_index;
	va_list args;

	add_relaxed(&self->failure_count, 1);
	failure_index = add_relaxed(&current_run.reported_failure_count, 1);
	if (failure_index >= FAILURES_MAX)
		return;
	message_append(&message, "%s: !!! ", current_run.name);
	va_start(args, format);
	message_vappend(&message, format, args);
	va_end(args);
	message_append(&message, "\n");
	report_append_repeat_command(&message);
	if (failure_index)
		append_last_operations_of_thread(&message, self);
	else
		append_last_operations_and_program(&message, self);
	if (!atomic_load_explicit(&first_crashed_tid, memory_order_relaxed))
		message_print_to_stdout(&message);
}

void stress_expect_equal(struct stress_thread *self, const char *what, long found, long expected)
{
	if (found != expected)
		stress_report_failure(self, "%s in thread %u: expected %ld, found %ld", what,
				      self->thread_index, expected, found);
}

void stress_read_page(struct stress_thread *self, struct page *page, void *to, size_t off, size_t len)
{
	stress_expect_equal(self, "page_read_raw", page_read_raw(page, to, off, len), 0);
}

void stress_write_page(struct stress_thread *self, struct page *page, const void *from, size_t off,
		       size_t len)
{
	stress_expect_equal(self, "page_write_raw", page_write_raw(page, from, off, len), 0);
}

void stress_zero_page(struct stress_thread *self, struct page *page, size_t off, size_t len)
{
	stress_expect_equal(self, "page_fill_zero", page_fill_zero(page, off, len), 0);
}

size_t stress_count_leading_zero_bytes(struct stress_thread *self, struct page *page, size_t off, size_t len)
{
	unsigned char bytes[PAGE_SIZE];
	size_t zero_count = 0;

	stress_read_page(self, page, bytes, off, len);
	while (zero_count < len && !bytes[zero_count])
		zero_count++;
	return zero_count;
}

/* ---- signals and sanitizers that end the process ---- */

/*
 * The last operations are printed if the library calls abort() at misuse, if an access through an old pointer
 * raises SIGSEGV, or if a sanitizer ends the process. The handler then raises its signal again, so that a
 * debugger and a core dump show the thread that caused the signal.
 */

/* The runtime of every sanitizer has this function; without a sanitizer, its address is NULL. */
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

static const int deadly_signals[] = { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV };

/* The first thread that crashes prints the operations; other crashing threads wait this long for the end. */
#define WAIT_SECONDS 5

/* Return: true for the first crash of the process. A later crash in another thread waits, and gets false. */
NO_TSAN static bool claim_first_crash_or_wait(void)
{
	const struct timespec wait = { .tv_sec = WAIT_SECONDS };
	int self = (int)syscall(SYS_gettid), first = 0;

	if (atomic_compare_exchange_strong_explicit(&first_crashed_tid, &first, self, memory_order_relaxed,
						    memory_order_relaxed))
		return true;
	if (first != self)
		nanosleep(&wait, NULL);
	return false;
}

NO_TSAN static void print_crash_state(const char *cause, int cause_number)
{
	static struct message message;
	const struct stress_thread *self = current_thread ? current_thread : &threads[0];

	if (!claim_first_crash_or_wait())
		return;
	message_append(&message, "%s: !!! thread %s%u: %s %d\n", current_run.name,
		       current_thread ? "" : "main, not ", self->thread_index, cause, cause_number);
	report_append_repeat_command(&message);
	append_last_operations_and_program(&message, self);
	message_append(&message, "End of test: FAILURE\n");
	message_print_to_stdout(&message);
	store_relaxed(&current_run.reported_failure_count, UINT_MAX / 2);
}

static void handle_deadly_signal(int signal_number)
{
	print_crash_state("killed by signal", signal_number);
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void handle_sanitizer_death(void)
{
	print_crash_state("ended by a sanitizer; its report is on standard error", 0);
}

void report_install_crash_handlers(void)
{
	const struct sigaction action = { .sa_handler = handle_deadly_signal, .sa_flags = SA_NODEFER };

	if (__sanitizer_set_death_callback) {
		__sanitizer_set_death_callback(handle_sanitizer_death);
		sigaction(SIGABRT, &action, NULL);
		return;
	}
	for (size_t i = 0; i < sizeof(deadly_signals) / sizeof(deadly_signals[0]); i++)
		sigaction(deadly_signals[i], &action, NULL);
}
