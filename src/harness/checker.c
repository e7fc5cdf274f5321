/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Compares one execution with the rule model, in this order:
 *
 * 1. whether the execution ended with a deadlock;
 * 2. each step: the call, its result, and the initialised bytes that it read;
 * 3. the pages at the end: their bytes and their reference counts;
 * 4. errors that the executor itself found;
 * 5. the races on the library's own data (library_race.h): there is none, unless the program itself races;
 * 6. the reported races: each is a race of the model. On fibers the reports are exactly those that
 *    tsan_shadow.h predicts, in order, if a prediction is possible.
 *
 * On real threads the bytes of a program that races, or whose atomic accesses conflict, are not determined,
 * so only its results are compared. A race of the model that the detector does not report on real threads is
 * no difference. A report without a race of the model is a difference.
 */
#include "harness/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/detect/library_race.h"
#include "harness/detect/tsan.h"
#include "harness/detect/tsan_hooks.h"
#include "harness/library.h"
#include "harness/model/repair.h"

struct checker *checker_new(void)
{
	struct checker *checker = calloc(1, sizeof(*checker));

	if (!checker)
		return NULL;
	checker->rules = rules_new();
	if (checker->rules)
		rules_allow_short_user_copies(checker->rules, library_get()->user_copy_may_stop_early);
	checker->trace = trace_new();
	checker->exec = exec_new();
	checker->tsan_model = tsan_shadow_new();
	if (checker->rules && checker->trace && checker->exec && checker->tsan_model)
		return checker;
	checker_delete(checker);
	return NULL;
}

void checker_delete(struct checker *checker)
{
	if (!checker)
		return;
	rules_delete(checker->rules);
	trace_delete(checker->trace);
	exec_delete(checker->exec);
	tsan_shadow_delete(checker->tsan_model);
	free(checker);
}

/* ---- differences ---- */

bool checker_set_difference(struct checker_report *report, const char *format, ...)
{
	va_list args;

	report->result = CHECKER_DIFFERS;
	va_start(args, format);
	vsnprintf(report->difference_or_miss_text, sizeof(report->difference_or_miss_text), format, args);
	va_end(args);
	return false;
}

static const char *step_result_text(const struct step *step)
{
	return step->was_skipped ? "skipped" : result_name(step->result);
}

/* Returns the bits that differ between @a and @b in any byte, and are set in the same byte of @known. */
static uint8_t BYTES_NO_SANITIZE find_differing_bits(const uint8_t *a, const uint8_t *b, const uint8_t *known,
						     size_t len)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= (uint8_t)((a[i] ^ b[i]) & known[i]);
	return bits;
}

/* Returns the index of the first byte of @got that is neither expected nor allowed by @known, or @len. */
static size_t BYTES_NO_SANITIZE find_first_wrong_byte(const uint8_t *expected, const uint8_t *got,
						      const uint8_t *known, size_t len)
{
	size_t i = 0;

	while (i < len && (known[i] == UNINITIALISED || got[i] == expected[i] ||
			   (known[i] == INITIALISED_OR_ZERO && !got[i])))
		i++;
	return i;
}

/*
 * Compares initialised bytes of the model's trace and of the execution's trace. Return: the index of the
 * first byte that differs, or @len. memcmp() is not used, because ThreadSanitizer would record its reads as
 * accesses of the running fiber.
 */
static size_t find_first_differing_initialised_byte(const struct checker *checker, uint32_t model_offset,
						    uint32_t trace_offset, size_t len)
{
	const struct trace *model = rules_trace(checker->rules);
	const uint8_t *expected = model->bytes + model_offset;
	const uint8_t *known = model->initialised + model_offset, *got = checker->trace->bytes + trace_offset;

	if (!library_get()->user_copy_may_stop_early && !find_differing_bits(expected, got, known, len))
		return len;
	return find_first_wrong_byte(expected, got, known, len);
}

static bool check_read_bytes(const struct checker *checker, const struct step *expected,
			     const struct step *got, uint32_t line, struct checker_report *report)
{
	size_t differing_index;

	if (expected->log_len != got->log_len)
		return checker_set_difference(report, "line %u: expected %u bytes read, got %u", line,
					      expected->log_len, got->log_len);
	differing_index = find_first_differing_initialised_byte(checker, expected->log_offset,
								got->log_offset, expected->log_len);
	return differing_index == expected->log_len ||
	       checker_set_difference(
		       report, "line %u: byte %zu read: expected 0x%02x, got 0x%02x", line, differing_index,
		       rules_trace(checker->rules)->bytes[expected->log_offset + differing_index],
		       checker->trace->bytes[got->log_offset + differing_index]);
}

static bool check_steps(const struct checker *checker, const struct program *program, bool must_compare_bytes,
			struct checker_report *report)
{
	const struct trace *model = rules_trace(checker->rules), *seen = checker->trace;

	for (size_t i = 0; i < model->step_count && i < seen->step_count; i++) {
		const struct step *expected = &model->steps[i], *got = &seen->steps[i];
		uint32_t line = program->calls[expected->call].line;

		if (expected->call != got->call)
			return checker_set_difference(report, "expected line %u to run next, got line %u",
						      line, program->calls[got->call].line);
		if (expected->was_skipped != got->was_skipped || expected->result != got->result)
			return checker_set_difference(report, "line %u: expected %s, got %s", line,
						      step_result_text(expected), step_result_text(got));
		if (must_compare_bytes && !check_read_bytes(checker, expected, got, line, report))
			return false;
	}
	return model->step_count == seen->step_count ||
	       checker_set_difference(report, "expected %zu calls to run, got %zu", model->step_count,
				      seen->step_count);
}

static bool check_final_pages(const struct checker *checker, bool must_compare_bytes,
			      struct checker_report *report)
{
	const struct trace *model = rules_trace(checker->rules), *seen = checker->trace;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		uint32_t at = model->pages[i].at, seen_at = seen->pages[i].at;
		size_t byte = TRACE_PAGE;

		if (model->pages[i].live != seen->pages[i].live)
			return checker_set_difference(report, "end: expected p%u %s", i,
						      model->pages[i].live ? "live" :
									     "freed or never allocated");
		if (!model->pages[i].live)
			continue;
		if (model->pages[i].refs != seen->pages[i].refs)
			return checker_set_difference(report, "end: expected %u references of p%u, got %u",
						      model->pages[i].refs, i, seen->pages[i].refs);
		if (must_compare_bytes)
			byte = find_first_differing_initialised_byte(checker, at, seen_at, TRACE_PAGE);
		if (byte < TRACE_PAGE)
			return checker_set_difference(
				report, "end: byte %zu of p%u: expected 0x%02x, got 0x%02x", byte, i,
				model->bytes[at + byte], seen->bytes[seen_at + byte]);
	}
	return true;
}

static bool check_no_executor_error(const struct checker *checker, struct checker_report *report)
{
	const char *error = exec_error_text(checker->exec);

	return !*error || checker_set_difference(report, "%s", error);
}

/*
 * A program that races may free a page while another thread uses it, so that the library's data races too.
 * Such a race is not the library's fault.
 */
static bool check_no_library_race(const struct checker *checker, const struct program *program,
				  struct checker_report *report)
{
	const struct library_race *race = library_race_get();
	const struct call *before, *now;

	if (!race->is_found || rules_access_log(checker->rules)->race_count)
		return true;
	report->has_library_race = true;
	before = &program->calls[race->before.call];
	now = &program->calls[race->now.call];
	return checker_set_difference(report,
				      "line %u: library-race: %s %s data of the page library that %s of line "
				      "%u (%s) %s, and nothing orders the two accesses",
				      now->line, op_table[now->op].name,
				      race->now.is_write ? "writes" : "reads", op_table[before->op].name,
				      before->line, thread_name(before->thread),
				      race->before.is_write ? "wrote" : "read");
}

static const char *race_thread_name(uint8_t thread)
{
	return thread == PROGRAM_THREADS ? "an unknown thread" : thread_name(thread);
}

/* Counts the detector's reports, and checks that each report is about a race of the model. */
static bool count_and_check_race_reports(const struct checker *checker, const struct program *program,
					 bool any_order, struct checker_report *report)
{
	const struct race_reports *race_reports = exec_race_reports(checker->exec);

	report->race_count = race_reports_kept_count(race_reports);
	if (report->race_count)
		report->seen |= RULE_BIT(RULE_data_race);
	for (size_t i = 0; i < report->race_count; i++) {
		const struct race_report *s = &race_reports->kept[i];
		char place[32];

		if (race_report_find_race(s, program, rules_access_log(checker->rules), any_order))
			continue;
		if (s->call == RACE_REPORT_NO_CALL)
			snprintf(place, sizeof(place), "%s", race_thread_name(s->thread));
		else
			snprintf(place, sizeof(place), "line %u", program->calls[s->call].line);
		if (s->page == RACE_REPORT_NO_PAGE)
			return checker_set_difference(report,
						      "%s: library-race with %s, outside of every page",
						      place, race_thread_name(s->earlier_thread));
		return checker_set_difference(
			report, "%s: the model knows no race with %s on p%u bytes %u .. %u", place,
			race_thread_name(s->earlier_thread), s->page, s->from, s->to - 1);
	}
	return true;
}

static bool is_same_race_report(const struct race_report *a, const struct race_report *b)
{
	return a->call == b->call && a->earlier_thread == b->earlier_thread && a->page == b->page &&
	       a->from == b->from && a->to == b->to;
}

/* Return: the index of the first report that differs from the prediction, or @observed_report_count. */
static size_t find_first_misprediction(const struct checker *checker, size_t observed_report_count)
{
	const struct race_reports *seen = exec_race_reports(checker->exec);
	size_t i = 0;

	while (i < race_reports_kept_count(&checker->predicted_reports) && i < observed_report_count &&
	       is_same_race_report(&checker->predicted_reports.kept[i], &seen->kept[i]))
		i++;
	return i;
}

static bool are_reports_as_predicted(const struct checker *checker, size_t observed_report_count)
{
	return race_reports_kept_count(&checker->predicted_reports) == observed_report_count &&
	       find_first_misprediction(checker, observed_report_count) == observed_report_count;
}

static bool check_predicted_reports(const struct checker *checker, const struct program *program,
				    struct checker_report *report)
{
	const struct race_reports *seen = exec_race_reports(checker->exec);
	size_t expected = race_reports_kept_count(&checker->predicted_reports),
	       i = find_first_misprediction(checker, report->race_count);

	if (i < expected && i < report->race_count) {
		const struct race_report *e = &checker->predicted_reports.kept[i], *s = &seen->kept[i];

		return checker_set_difference(report,
					      "report %zu: expected line %u, p%u bytes %u .. %u, got "
					      "line %u, p%u bytes %u .. %u",
					      i + 1, program->calls[e->call].line, e->page, e->from,
					      e->to - 1, program->calls[s->call].line, s->page, s->from,
					      s->to - 1);
	}
	return expected == report->race_count ||
	       checker_set_difference(report, "expected %zu reports of a data-race, got %zu", expected,
				      report->race_count);
}

/* Sets the result for a program whose races the detector missed, but may miss. Return: true. */
static bool accept_missed_race(struct checker_report *report, const struct program *program,
			       const struct race *race)
{
	report->result = CHECKER_MISS_ALLOWED;
	snprintf(report->difference_or_miss_text, sizeof(report->difference_or_miss_text),
		 "the race of lines %u and %u is unseen: %s", program->calls[race->first].line,
		 program->calls[race->second].line,
		 report->reports_are_predictable ?
			 "later accesses to the same 8 bytes took the older one's cell" :
			 "what the detector kept is not known");
	return true;
}

/*
 * Returns whether the prediction is reliable. Without a known access pattern of the library, a prediction is
 * reliable only if it is right.
 */
static bool predict_reports_reliably(struct checker *checker, const struct tsan_facts *facts,
				     size_t observed_report_count)
{
	return tsan_log_is_readable() &&
	       tsan_shadow_predict(checker->tsan_model, rules_access_log(checker->rules), facts,
				   exec_options(checker->exec)->first_race_only,
				   &checker->predicted_reports) &&
	       (library_get()->has_known_access_pattern ||
		are_reports_as_predicted(checker, observed_report_count));
}

/* If the detector reported no race, the model must have no race that the detector cannot miss. */
static bool check_no_unmissable_race(const struct access_log *access_log, const struct program *program,
				     struct checker_report *report)
{
	const struct race *race = access_log->races;
	enum cells_per_access cells = !library_get()->has_known_access_pattern ? CELLS_UNKNOWN :
				      tsan_stores_cell_per_byte()              ? CELLS_SPLIT :
										 CELLS_ONE;

	return !access_log_has_unmissable_race(access_log, cells) ||
	       checker_set_difference(
		       report, "line %u: expected a data-race with line %u on p%u to be reported, got none",
		       program->calls[race->second].line, program->calls[race->first].line, race->page);
}

/*
 * The detector must report exactly the predicted races. If no prediction is possible, the detector must
 * report a race if the model has a race that the detector cannot miss.
 */
static bool predict_and_check_race_reports(struct checker *checker, const struct program *program,
					   struct checker_report *report)
{
	const struct access_log *access_log = rules_access_log(checker->rules);
	struct tsan_facts facts = exec_tsan_facts(checker->exec);

	if (!tsan_is_present() || !access_log->race_count)
		return true;
	report->reports_are_predictable = predict_reports_reliably(checker, &facts, report->race_count);
	if (report->reports_are_predictable && !check_predicted_reports(checker, program, report))
		return false;
	if (report->race_count)
		return true;
	return (report->reports_are_predictable || check_no_unmissable_race(access_log, program, report)) &&
	       accept_missed_race(report, program, access_log->races);
}

/* ---- executions ---- */

static bool must_deadlock(const struct verdict *v)
{
	return v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock;
}

static bool record_and_check_deadlock(const struct verdict *v, enum exec_end end,
				      struct checker_report *report)
{
	if (end == EXEC_DEADLOCKED)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (must_deadlock(v) != (end == EXEC_DEADLOCKED))
		return checker_set_difference(report, must_deadlock(v) ?
							      "expected a deadlock, but every line ran" :
							      "expected every line to run, got a deadlock");
	return true;
}

void checker_evaluate(struct checker *checker, const struct program *program)
{
	rules_evaluate(checker->rules, program);
	checker->evaluated_program = program;
}

void checker_repair_and_evaluate(struct checker *checker, struct program *program)
{
	repair_program_until_clean(program, checker->rules);
	checker->evaluated_program = program;
}

/* Clears report and trace. Aborts if @program is not the program that the model evaluated last. */
static void require_evaluated_and_clear_results(struct checker *checker, const struct program *program,
						struct checker_report *report)
{
	if (checker->evaluated_program != program) {
		fprintf(stderr, "expected the program that was evaluated last, got another program\n");
		abort();
	}
	*report = (struct checker_report){ .result = CHECKER_AGREES };
	trace_clear(checker->trace);
}

/* If the program does not race, ThreadSanitizer gets only the blocks of pages that several threads access. */
static void limit_detector_to_shared_blocks(const struct access_log *access_log,
					    const struct program *program)
{
	tsan_hooks_set_page_blocks(access_log->race_count ?
					   TSAN_HOOKS_ALL_BLOCKS :
					   access_log_find_shared_blocks(access_log, program));
}

enum checker_result checker_run_and_compare_fibers(struct checker *checker, const struct program *program,
						   struct checker_report *report)
{
	const struct verdict *v = rules_verdict(checker->rules);
	enum exec_end end;

	require_evaluated_and_clear_results(checker, program, report);
	limit_detector_to_shared_blocks(rules_access_log(checker->rules), program);
	end = exec_run_fibers(checker->exec, program, must_deadlock(v) ? SIZE_MAX : v->fatal_call,
			      checker->trace);
	tsan_hooks_set_page_blocks(TSAN_HOOKS_ALL_BLOCKS);
	if (end == EXEC_STOPPED_AFTER)
		return report->result;
	if (record_and_check_deadlock(v, end, report) && check_steps(checker, program, true, report) &&
	    check_final_pages(checker, true, report) && check_no_executor_error(checker, report))
		report->differs_in_races = !check_no_library_race(checker, program, report) ||
					   !count_and_check_race_reports(checker, program, false, report) ||
					   !predict_and_check_race_reports(checker, program, report);
	return report->result;
}

enum checker_result checker_run_and_compare_threads(struct checker *checker, const struct program *program,
						    struct checker_report *report)
{
	const struct verdict *v = rules_verdict(checker->rules);
	bool deadlocks = must_deadlock(v);
	const struct access_log *access_log = rules_access_log(checker->rules);
	bool bytes_are_determined = !access_log->race_count && !access_log->has_contended_atomics;

	require_evaluated_and_clear_results(checker, program, report);
	if (!exec_create_and_run_threads(checker->exec, program, rules_trace(checker->rules), deadlocks,
					 checker->trace)) {
		checker_set_difference(report, "expected threads, got none");
		return report->result;
	}
	if (deadlocks)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (check_steps(checker, program, bytes_are_determined, report) &&
	    check_final_pages(checker, bytes_are_determined, report) &&
	    check_no_executor_error(checker, report))
		count_and_check_race_reports(checker, program, true, report);
	return report->result;
}

void checker_run_up_to_fatal_call(struct checker *checker, const struct program *program, size_t call)
{
	trace_clear(checker->trace);
	exec_options(checker->exec)->stop_after_call = call;
	exec_run_fibers(checker->exec, program, SIZE_MAX, checker->trace);
}
