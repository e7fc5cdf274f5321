/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests programs whose last call breaks a fatal rule: a use after the last free, an unmap out of order, a
 * 17th mapping. A process that makes the last call must end with a report of the broken rule. Targets that
 * repair programs never make a fatal call, so they cannot notice a missing report.
 *
 * The calls before the last call are repaired. This process executes the program, catches the report of the
 * last call (exec_catch.c), and compares all pages with the model after it. So every input is checked, and
 * the engine sees the coverage of the last call. A child costs as much as a hundred inputs: some inputs get a
 * child, which executes the program again, without catching anything. All inputs get one whose last call must
 * end the process but cannot be caught, until there were many of their kind.
 */
#include "fuzz/fuzz.h"

#include "harness/util/no_coverage.h"
#include "harness/detect/detector.h"
#include "harness/program/program_bytes.h"
#include "harness/execution.h"

const enum fuzz_input_kind fuzz_input_kind = FUZZ_BYTES;

#define MAPPING_COUNTS 17 /* one thread has 0 to 16 mappings */

static const struct execution_options options = {
	.run_count = 1,
	.time_limit_seconds = 5,
	.catches_reports = true,
	.fibers = true,
	.has_engine_handlers = true,
};

/*
 * The reports of child processes need no function names, and looking the names up takes a second. Only the
 * other targets search for uses of a stack frame after a return, which takes a tenth of the time.
 */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "symbolize=0:detect_stack_use_after_return=0";
}

/* The function is not instrumented, because it runs before the counters of a coverage build can be used. */
__attribute__((no_profile_instrument_function)) const char *__msan_default_options(void);
const char *__msan_default_options(void)
{
	return "symbolize=0";
}

static struct execution *execution; /* in memory that children share */

/* The server's children are cheap, and no earlier input affects them. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	fuzz_exit_if_system_call_is_refused();
	execution = isolate_map_shared_or_exit(sizeof(*execution));
	execution_start_server(fuzz_get_checker());
	return 0;
}

static const struct verdict *evaluate_program(const struct program *program)
{
	checker_evaluate(fuzz_get_checker(), program);
	return rules_verdict(fuzz_get_checker()->rules);
}

/* Return: how many mappings the last call's thread has before this call, at most MAPPING_COUNTS - 1. */
static size_t count_mappings_of_last_caller(const struct program *program)
{
	uint8_t thread = program->calls[program->count - 1].thread;
	size_t mapping_count = 0;

	for (size_t i = 0; i + 1 < program->count; i++)
		if (program->calls[i].thread == thread)
			mapping_count += (program->calls[i].op == OP_kmap_local) -
					 (program->calls[i].op == OP_kunmap_local);
	return mapping_count < MAPPING_COUNTS ? mapping_count : MAPPING_COUNTS - 1;
}

/*
 * libFuzzer treats these counters as coverage: one for each broken rule, last call and number of mappings of
 * the last caller.
 */
static uint8_t ending_counters[RULE_COUNT][OP_COUNT][MAPPING_COUNTS]
	__attribute__((section("__libfuzzer_extra_counters"), used));

static void mark_ending_covered(enum rule rule, const struct program *program)
{
	ending_counters[rule][program->calls[program->count - 1].op][count_mappings_of_last_caller(program)] =
		1;
}

NO_COVERAGE_BEGIN

/*
 * The first programs of a kind get a child, and then one in a number. Few are enough if the report was caught
 * and checked already, or if the memory next to the page decides whether the last call ends the process.
 */
#define CHILD_ALWAYS  8
#define CHILD_ONCE_IN 64
#define FEW_ALWAYS    2
#define FEW_ONCE_IN   512
/* One child in 32 is forked from this process, with the state that earlier inputs left. */
#define OWN_CHILD_ONCE_IN 32

static bool needs_few_children(void)
{
	for (size_t i = 0; i < execution->fatal_call_count; i++)
		if (!execution->fatal_calls[i].can_be_caught &&
		    execution->fatal_calls[i].detectable == DETECTABLE_ALWAYS)
			return false;
	return true;
}

static bool count_and_decide_child(const struct program *program, enum rule rule)
{
	static unsigned int counts[RULE_COUNT][OP_COUNT][MAPPING_COUNTS], few_counts[RULE_COUNT][OP_COUNT];
	enum op op = program->calls[program->count - 1].op;
	unsigned int count;

	if (needs_few_children()) {
		count = ++few_counts[rule][op];
		return count <= FEW_ALWAYS || count % FEW_ONCE_IN == 0;
	}
	count = ++counts[rule][op][count_mappings_of_last_caller(program)];
	return count <= CHILD_ALWAYS || count % CHILD_ONCE_IN == 0;
}

/*
 * Runs the program with its last call in a child process, if count_and_decide_child() allows a process.
 * Aborts with a finding if the execution with or without the last call differs from the model.
 */
static void maybe_check_program_in_child(struct checker *checker, const struct program *program,
					 enum rule rule)
{
	static unsigned int child_count;

	if (execution->fibers.result != CHECKER_DIFFERS && count_and_decide_child(program, rule)) {
		struct execution_options child_options = options;

		child_options.catches_reports = false;
		child_options.forks_from_server = ++child_count % OWN_CHILD_ONCE_IN != 0;
		execution_run_fatal_calls(execution, checker, program, &child_options);
	}
	if (execution->fibers.result == CHECKER_DIFFERS)
		fuzz_abort_with_finding("fuzz_fatal", program, execution->fibers.difference_or_miss_text);
}

NO_COVERAGE_END

/*
 * Return: the first call that must end the process, or VERDICT_NONE. Under MemorySanitizer, a use of
 * uninitialised bytes must end the process too. @rule gets the rule that the returned call breaks.
 */
static size_t find_fatal_call(const struct verdict *verdict, enum rule *rule)
{
	if (verdict->uninit_use_count && detector_has_msan()) {
		*rule = RULE_uninit_use;
		return verdict->uninit_uses[0].call;
	}
	if (verdict->fatal_call == VERDICT_NONE || verdict->fatal_rule == RULE_deadlock)
		return VERDICT_NONE;
	*rule = verdict->fatal_rule;
	return verdict->fatal_call;
}

/*
 * Appends mappings of @thread to @program, until only @free_mapping_count more mappings are possible. The
 * order of checks in a call that maps pages itself is visible only if not all of its mappings fit.
 */
static void fill_mappings_and_repair(struct program *program, uint8_t thread, unsigned int free_mapping_count)
{
	uint32_t used = 0;

	for (size_t i = 0; i < program->count; i++)
		if (program->calls[i].op == OP_kmap_local)
			used |= 1u << program->calls[i].handle[0];
	for (uint8_t map = 0; map < PROGRAM_MAPS && program->count < PROGRAM_CALLS - 1; map++)
		if (!(used & 1u << map))
			program->calls[program->count++] = (struct call){
				.op = OP_kmap_local,
				.thread = thread,
				.handle = { map, map % PROGRAM_PAGES },
				.expected_result = RESULT_NONE,
			};
	checker_repair_and_evaluate(fuzz_get_checker(), program);
	while (free_mapping_count-- && program->count &&
	       program->calls[program->count - 1].op == OP_kmap_local)
		program->count--;
}

/*
 * Cuts @program after its first fatal call and repairs the calls before the fatal call. With
 * @must_fill_mappings, adds mappings before the fatal call, until its thread can make only 0 or 1 more. @rule
 * gets the rule that the fatal call breaks. Return: true if the last call of the repaired program breaks
 * @rule, and the program breaks no other rule; then the program is the one that the checker evaluated last.
 */
static bool reduce_to_single_fatal_call(struct program *program, enum rule *rule, bool must_fill_mappings)
{
	const struct verdict *verdict = evaluate_program(program);
	size_t at = find_fatal_call(verdict, rule);
	struct call last;

	if (at == VERDICT_NONE)
		return false;
	last = program->calls[at];
	program->count = at;
	if (verdict->broken != RULE_BIT(*rule))
		checker_repair_and_evaluate(fuzz_get_checker(), program);
	if (must_fill_mappings)
		fill_mappings_and_repair(program, last.thread, program->count % 2);
	program->calls[program->count++] = last;
	program_update_lines(program);
	verdict = evaluate_program(program);
	return find_fatal_call(verdict, rule) == program->count - 1 && verdict->broken == RULE_BIT(*rule);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct program program;
	enum rule rule = RULE_COUNT;

	fuzz_set_input(data, size);
	fuzz_get_checker();
	program_from_bytes(&program, data, size);
	if (!reduce_to_single_fatal_call(&program, &rule, size / PROGRAM_RECORD % 4 == 0))
		return 0;
	mark_ending_covered(rule, &program);
	execution_reset(execution);
	execution_run(execution, fuzz_get_checker(), &program, &options);
	fuzz_report_outcome(&execution->fibers);
	fuzz_count_calls_of_last_program("fuzz_fatal");
	maybe_check_program_in_child(fuzz_get_checker(), &program, rule);
	return 0;
}
