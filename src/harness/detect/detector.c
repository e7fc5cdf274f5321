/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/detector.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

static const char library_bug[] = "BUG: page: ";
static const char poison_report[] = "AddressSanitizer: use-after-poison";

/*
 * Texts that begin a report, each with the rule that the report says is broken. A report of the page library
 * (library_bug) names its rule itself. RULE_COUNT after a text of a sanitizer means that the report belongs
 * to no rule. In an output with several of these texts, the text that is first in the table counts.
 */
static const struct {
	const char *text;
	enum rule rule;
} report_texts[] = {
	{ "AddressSanitizer: heap-use-after-free", RULE_use_after_free },
	{ poison_report, RULE_use_after_free },
	{ "MemorySanitizer: use-of-uninitialized-value", RULE_uninit_use },
	{ library_bug, RULE_COUNT },
	{ "Sanitizer: ", RULE_COUNT },
	{ "runtime error: ", RULE_COUNT },
};

static void copy_line_at(const char *position, const char *output, char *report_line, size_t size)
{
	while (position > output && position[-1] != '\n')
		position--;
	snprintf(report_line, size, "%.*s", (int)strcspn(position, "\n"), position);
}

/* As strstr(), whose arguments libFuzzer would add to its dictionary. */
static const char *find_text(const char *output, const char *text)
{
	for (; *output; output++) {
		size_t len = 0;

		while (text[len] && output[len] == text[len])
			len++;
		if (!text[len])
			return output;
	}
	return NULL;
}

/* As rule_find(), which counts coverage. Only some inputs of a fuzzer get a child whose report is searched.
 */
static enum rule find_rule_without_coverage(const char *name, size_t len)
{
	enum rule rule = 0;

	while (rule < RULE_COUNT &&
	       (strlen(rule_table[rule].name) != len || find_text(name, rule_table[rule].name) != name))
		rule++;
	return rule;
}

enum rule detector_find_rule(const char *output, char *report_line, size_t size)
{
	report_line[0] = '\0';
	for (size_t i = 0; i < sizeof(report_texts) / sizeof(report_texts[0]); i++) {
		const char *position = find_text(output, report_texts[i].text), *name;

		if (!position)
			continue;
		copy_line_at(position, output, report_line, size);
		name = position + strlen(report_texts[i].text);
		return report_texts[i].text == library_bug ?
			       find_rule_without_coverage(name, strcspn(name, ":\n")) :
			       report_texts[i].rule;
	}
	return RULE_COUNT;
}

/* Texts before the address in a sanitizer's report or in the line that print_fault_and_exit() prints. */
static const char *const fault_prefixes[] = { " on address ", " on unknown address ", "fault at address " };

uintptr_t detector_find_fault_address(const char *output)
{
	for (size_t i = 0; i < sizeof(fault_prefixes) / sizeof(fault_prefixes[0]); i++) {
		const char *position = strstr(output, fault_prefixes[i]);

		if (position)
			return (uintptr_t)strtoull(position + strlen(fault_prefixes[i]), NULL, 16);
	}
	return 0;
}

/* The lowest address of this thread's stack, also in a child of fork(); 0: not yet asked for, or unknown. */
static _Thread_local uintptr_t lowest_stack_address;
/* A fault less than this many bytes from lowest_stack_address is reported as a stack overflow. */
#define STACK_NEAR ((uintptr_t)1 << 20)

void detector_find_own_stack(void)
{
	pthread_attr_t attr;
	size_t ignored_stack_size;
	void *lowest_address;

	if (lowest_stack_address || pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &lowest_address, &ignored_stack_size))
		lowest_stack_address = (uintptr_t)lowest_address;
	pthread_attr_destroy(&attr);
}

static bool is_near_lowest_stack_address(uintptr_t address)
{
	return lowest_stack_address && address + STACK_NEAR > lowest_stack_address &&
	       address < lowest_stack_address + STACK_NEAR;
}

static void print_fault_and_exit(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	char fault_message[80];
	int len = snprintf(fault_message, sizeof(fault_message), "%sfault at address 0x%llx\n",
			   is_near_lowest_stack_address(address) ? "stack-overflow: " : "",
			   (unsigned long long)address);

	(void)context;
	if (write(STDERR_FILENO, fault_message, (size_t)len) < len)
		_exit(127);
	_exit(128 + signal);
}

/* Functions of sanitizer runtimes; in a build without the sanitizer their addresses are NULL. */
void __asan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));
void __tsan_init(void) __attribute__((weak));
void *__asan_region_is_poisoned(void *addr, size_t len) __attribute__((weak));
void __asan_poison_memory_region(void const volatile *addr, size_t len) __attribute__((weak));
void __asan_unpoison_memory_region(void const volatile *addr, size_t len) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
void *__asan_get_report_address(void) __attribute__((weak));
const char *__asan_get_report_description(void) __attribute__((weak));
void __asan_on_error(void);

bool detector_has_asan(void)
{
	return __asan_init;
}

bool detector_has_msan(void)
{
	return __msan_init;
}

bool detector_has_tsan(void)
{
	return __tsan_init;
}

/* Calls by their names would look as if AddressSanitizer's compiler pass had made them (doc/oss-fuzz.md). */
static void *(*volatile find_poisoned_byte)(void *addr, size_t len) = __asan_region_is_poisoned;
static void *(*volatile get_report_address)(void) = __asan_get_report_address;
static const char *(*volatile get_report_description)(void) = __asan_get_report_description;

bool detector_is_poisoned(const void *addr, size_t len)
{
	return detector_has_asan() && len && find_poisoned_byte((void *)(uintptr_t)addr, len);
}

void detector_set_poisoned(const void *addr, size_t len, bool is_poisoned)
{
	if (detector_has_asan())
		(is_poisoned ? __asan_poison_memory_region : __asan_unpoison_memory_region)(addr, len);
}

const char *detector_poison_report_text(void)
{
	return poison_report;
}

static bool must_shorten_reports;

void detector_shorten_reports(void)
{
	must_shorten_reports = true;
}

/* AddressSanitizer calls the function when it has found an error, before it prints the report. */
void __asan_on_error(void)
{
	char line[160];
	int len;

	if (!must_shorten_reports)
		return;
	len = snprintf(line, sizeof(line), "ERROR: AddressSanitizer: %s on address %p\n",
		       get_report_description(), get_report_address());
	_exit(write(STDERR_FILENO, line, (size_t)len) < len ? 127 : 1);
}

void detector_hide_child_death_from_engine(void)
{
	static const int death_signals[] = { SIGABRT, SIGALRM, SIGFPE, SIGILL, SIGTRAP };

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(NULL);
	for (size_t i = 0; i < sizeof(death_signals) / sizeof(death_signals[0]); i++)
		signal(death_signals[i], SIG_DFL);
}

/* The signal handler has its own stack, because the fault may be an overflow of the thread's stack. */
void detector_make_faults_print_and_exit(void)
{
	static char handler_stack[1 << 16];
	stack_t stack = { .ss_sp = handler_stack, .ss_size = sizeof(handler_stack) };
	struct sigaction action = { .sa_sigaction = print_fault_and_exit,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	detector_find_own_stack();
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

NO_COVERAGE_END
