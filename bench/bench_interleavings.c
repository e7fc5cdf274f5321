/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * bench_interleavings: counts the different interleavings in executions of a program on real threads, under
 * ThreadSanitizer and with delays before the calls.
 *
 *   bench_interleavings FILE EXECUTIONS
 *
 * Two interleavings are equal if all pairs of dependent accesses of the library have the same order. The
 * hooks of tsan_hooks.h record each access just before the access itself. So the record of two accesses at
 * nearly the same time may have the wrong order, and the count may be too high. Prints one line of JSON.
 */
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/figure.h"
#include "harness/checker.h"
#include "harness/detect/tsan_hooks.h"
#include "harness/program/program_file.h"
#include "harness/util/random.h"

#define EVENTS_MAX 4096
#define FORMS_SIZE (1u << 20)

struct event {
	uint8_t thread, kind;
	uint32_t number; /* among the events of the thread */
	uintptr_t addr;
	size_t size;
};

static struct event events[EVENTS_MAX];
static atomic_uint event_count;
static uint64_t forms[FORMS_SIZE]; /* a hash table; 0: no form */
static const struct program *running_program;
static _Thread_local uint8_t own_thread = NO_THREAD;
static _Thread_local uint32_t own_event_count;

static void set_thread_of_call(size_t call)
{
	own_thread = running_program->calls[call].thread;
}

static bool is_point(enum tsan_hook hook)
{
	return hook == HOOK_ATOMIC_LOAD || hook == HOOK_ATOMIC_STORE || hook == HOOK_ATOMIC_UPDATE ||
	       hook == HOOK_LOCK;
}

static void record(enum tsan_hook hook, const volatile void *addr, size_t size)
{
	unsigned int i;

	if (!is_point(hook) || own_thread == NO_THREAD || own_thread == THREAD_MAIN)
		return;
	i = atomic_fetch_add_explicit(&event_count, 1, memory_order_relaxed);
	if (i < EVENTS_MAX)
		events[i] =
			(struct event){ own_thread, (uint8_t)hook, own_event_count++, (uintptr_t)addr, size };
}

static bool are_dependent(const struct event *a, const struct event *b)
{
	bool both_read = a->kind == HOOK_ATOMIC_LOAD && b->kind == HOOK_ATOMIC_LOAD;

	return a->thread != b->thread && !both_read && a->addr < b->addr + b->size &&
	       b->addr < a->addr + a->size;
}

static uint64_t hash_pair(const struct event *first, const struct event *second)
{
	uint64_t state = (uint64_t)first->thread << 40 | (uint64_t)first->number << 8 | second->thread;

	state = random_next(&state) + second->number;
	return random_next(&state);
}

static uint64_t hash_execution(void)
{
	uint64_t hash = 1;

	for (unsigned int i = 0; i < event_count && i < EVENTS_MAX; i++)
		for (unsigned int j = 0; j < i; j++)
			if (are_dependent(&events[j], &events[i]))
				hash += hash_pair(&events[j], &events[i]);
	return hash ? hash : 1;
}

/* Return: whether the form is new. */
static bool add_form(uint64_t form)
{
	size_t i = form % FORMS_SIZE;

	while (forms[i] && forms[i] != form)
		i = (i + 1) % FORMS_SIZE;
	if (forms[i] == form)
		return false;
	forms[i] = form;
	return true;
}

static unsigned int run_and_count_forms(struct checker *checker, const struct program *program,
					unsigned int execution_count)
{
	struct exec_options *options = exec_options(checker->exec);
	struct checker_report report;
	unsigned int form_count = 0;

	running_program = program;
	options->call_hook = set_thread_of_call;
	options->timing.has_delays = true;
	checker_evaluate(checker, program);
	for (unsigned int i = 0; i < execution_count; i++) {
		options->timing.run_number = i;
		event_count = 0;
		tsan_hooks_set_observer(record);
		checker_run_and_compare_threads(checker, program, &report);
		tsan_hooks_set_observer(NULL);
		if (report.result == CHECKER_DIFFERS) {
			fprintf(stderr, "bench_interleavings: %s\n", report.difference_or_miss_text);
			exit(1);
		}
		form_count += add_form(hash_execution());
	}
	return form_count;
}

int main(int argc, char **argv)
{
	static struct program program;
	struct checker *checker = checker_new();
	char error[PROGRAM_FILE_ERROR];
	unsigned int execution_count = argc == 3 ? (unsigned int)strtoul(argv[2], NULL, 10) : 0, form_count;
	double start;

	if (!execution_count || execution_count > FORMS_SIZE / 2 || !checker) {
		fprintf(stderr, "usage: bench_interleavings FILE EXECUTIONS (1 to %u)\n", FORMS_SIZE / 2);
		return 2;
	}
	if (!program_file_read_and_parse(argv[1], &program, error)) {
		fprintf(stderr, "%s\n", error);
		return 2;
	}
	start = figure_read_seconds(CLOCK_MONOTONIC);
	form_count = run_and_count_forms(checker, &program, execution_count);
	printf("{\"executions\": %u, \"different\": %u, \"seconds\": %.6f}\n", execution_count, form_count,
	       figure_read_seconds(CLOCK_MONOTONIC) - start);
	checker_delete(checker);
	return 0;
}
