/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/detector.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/no_coverage.h"

NO_COVERAGE_BEGIN

static const char library_bug[] = "BUG: page: ";

/*
 * Texts that begin a report, and the rule that the report means. RULE_COUNT: the library's report
 * names its rule, the others have none. The first text in this table that is found counts.
 */
static const struct {
	const char *text;
	enum rule rule;
} reports[] = {
	{ "AddressSanitizer: heap-use-after-free", RULE_use_after_free },
	{ "AddressSanitizer: use-after-poison", RULE_use_after_free },
	{ "MemorySanitizer: use-of-uninitialized-value", RULE_uninit_use },
	{ library_bug, RULE_COUNT },
	{ "Sanitizer: ", RULE_COUNT },
	{ "runtime error: ", RULE_COUNT },
};

static void copy_line_around(const char *at, const char *output, char *line, size_t size)
{
	while (at > output && at[-1] != '\n')
		at--;
	snprintf(line, size, "%.*s", (int)strcspn(at, "\n"), at);
}

enum rule detector_find_rule(const char *output, char *line, size_t size)
{
	line[0] = '\0';
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		const char *at = strstr(output, reports[i].text), *name;

		if (!at)
			continue;
		copy_line_around(at, output, line, size);
		name = at + strlen(reports[i].text);
		return reports[i].text == library_bug ? rule_find(name, strcspn(name, ":\n")) :
							reports[i].rule;
	}
	return RULE_COUNT;
}

/* The text before the address in a report of a sanitizer, or in our own. */
static const char *const faults[] = { " on address ", " on unknown address ", "fault at address " };

uintptr_t detector_find_fault(const char *output)
{
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		const char *at = strstr(output, faults[i]);

		if (at)
			return (uintptr_t)strtoull(at + strlen(faults[i]), NULL, 16);
	}
	return 0;
}

/* The end of the stack of the thread that called detector_report_faults(). */
static uintptr_t stack_end;
#define STACK_NEAR ((uintptr_t)1 << 20)

static void find_stack_end(void)
{
	pthread_attr_t attr;
	size_t stack_size;
	void *end;

	if (pthread_getattr_np(pthread_self(), &attr))
		return;
	if (!pthread_attr_getstack(&attr, &end, &stack_size))
		stack_end = (uintptr_t)end;
	pthread_attr_destroy(&attr);
}

static bool is_stack_overflow(uintptr_t address)
{
	return stack_end && address + STACK_NEAR > stack_end && address < stack_end + STACK_NEAR;
}

static void print_fault(int signal, siginfo_t *info, void *context)
{
	uintptr_t address = (uintptr_t)info->si_addr;
	char fault_message[80];
	int len = snprintf(fault_message, sizeof(fault_message), "%sfault at address 0x%llx\n",
			   is_stack_overflow(address) ? "stack-overflow: " : "",
			   (unsigned long long)address);

	(void)context;
	if (write(STDERR_FILENO, fault_message, (size_t)len) < len)
		_exit(127);
	_exit(128 + signal);
}

/* Functions of the sanitizers; weak, because no build has all of them. */
void __asan_init(void) __attribute__((weak));
void __msan_init(void) __attribute__((weak));
void __sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));

bool detector_has_asan(void)
{
	return __asan_init;
}

bool detector_has_msan(void)
{
	return __msan_init;
}

void detector_disable_engine_handlers(void)
{
	static const int deaths[] = { SIGABRT, SIGALRM, SIGFPE, SIGILL, SIGTRAP };

	if (__sanitizer_set_death_callback)
		__sanitizer_set_death_callback(NULL);
	for (size_t i = 0; i < sizeof(deaths) / sizeof(deaths[0]); i++)
		signal(deaths[i], SIG_DFL);
}

/* The handler gets its own stack, because the fault may be a stack overflow. */
void detector_report_faults(void)
{
	static char room[1 << 16];
	stack_t stack = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction action = { .sa_sigaction = print_fault,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };

	find_stack_end();
	sigaltstack(&stack, NULL);
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
}

NO_COVERAGE_END
