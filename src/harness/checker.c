/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Compares one execution with the rule model, in this order:
 *
 * 1. how the execution ended;
 * 2. each step: the call, its result, and the initialised bytes that it read;
 * 3. the pages at the end: their bytes and their reference counts;
 * 4. errors that the executor itself found;
 * 5. the reported races: each is a race of the model. On fibers the reports are exactly those that
 *    tsan_shadow.h predicts, in order, if the library's accesses are known (library.h).
 *
 * On real threads the bytes of a program that races, or whose atomic accesses conflict, are not
 * determined, so only its results are compared. A race that real threads do not report is allowed.
 * A report without a race of the model is a difference.
 */
#include "harness/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/library.h"
#include "harness/model/repair.h"

struct checker *checker_new(void)
{
	struct checker *checker = calloc(1, sizeof(*checker));

	if (!checker)
		return NULL;
	checker->rules = rules_new();
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

bool checker_set_difference(struct checker_report *report, const char *what, ...)
{
	va_list args;

	report->result = CHECKER_DIFFERS;
	va_start(args, what);
	vsnprintf(report->difference_text, sizeof(report->difference_text), what, args);
	va_end(args);
	return false;
}

static const char *step_text(const struct step *step)
{
	return step->was_skipped ? "skipped" : result_name(step->result);
}

/* Returns the bits that differ among @len bytes; uninitialised bytes do not count. */
static uint8_t BYTES_NO_SANITIZE differing_bits(const uint8_t *a, const uint8_t *b,
						const uint8_t *known, size_t len)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= (uint8_t)((a[i] ^ b[i]) & known[i]);
	return bits;
}

/*
 * Return: the index of the first byte that differs, or @len. memcmp() is not used: ThreadSanitizer
 * would record its reads, and for the wrong thread.
 */
static size_t find_differing_byte(const struct checker *checker, uint32_t model_offset,
				  uint32_t seen_offset, size_t len)
{
	const struct trace *model = rules_trace(checker->rules);
	const uint8_t *expected = model->bytes + model_offset;
	const uint8_t *known = model->initialised + model_offset,
		      *got = checker->trace->bytes + seen_offset;
	size_t i = 0;

	if (!differing_bits(expected, got, known, len))
		return len;
	while (!differing_bits(expected + i, got + i, known + i, 1))
		i++;
	return i;
}

static bool has_expected_bytes(const struct checker *checker, const struct step *expected,
			       const struct step *got, uint32_t line, struct checker_report *report)
{
	size_t i;

	if (expected->log_len != got->log_len)
		return checker_set_difference(report, "line %u: expected %u bytes read, got %u",
					      line, expected->log_len, got->log_len);
	i = find_differing_byte(checker, expected->log_offset, got->log_offset, expected->log_len);
	return i == expected->log_len ||
	       checker_set_difference(report, "line %u: byte %zu read: expected 0x%02x, got 0x%02x",
				      line, i,
				      rules_trace(checker->rules)->bytes[expected->log_offset + i],
				      checker->trace->bytes[got->log_offset + i]);
}

static bool has_expected_steps(const struct checker *checker, const struct program *program,
			       bool bytes, struct checker_report *report)
{
	const struct trace *model = rules_trace(checker->rules), *seen = checker->trace;

	for (size_t i = 0; i < model->step_count && i < seen->step_count; i++) {
		const struct step *expected = &model->steps[i], *got = &seen->steps[i];
		uint32_t line = program->calls[expected->call].line;

		if (expected->call != got->call)
			return checker_set_difference(
				report, "expected line %u to run next, got line %u", line,
				program->calls[got->call].line);
		if (expected->was_skipped != got->was_skipped || expected->result != got->result)
			return checker_set_difference(report, "line %u: expected %s, got %s", line,
					      step_text(expected), step_text(got));
		if (bytes && !has_expected_bytes(checker, expected, got, line, report))
			return false;
	}
	return model->step_count == seen->step_count ||
	       checker_set_difference(report, "expected %zu calls to run, got %zu",
				      model->step_count, seen->step_count);
}

static bool has_expected_pages(const struct checker *checker, bool bytes,
			       struct checker_report *report)
{
	const struct trace *model = rules_trace(checker->rules), *seen = checker->trace;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		uint32_t at = model->pages[i].at, seen_at = seen->pages[i].at;
		size_t byte = TRACE_PAGE;

		if (model->pages[i].live != seen->pages[i].live)
			return checker_set_difference(
				report, "end: expected p%u %s", i,
				model->pages[i].live ? "live" : "freed or never allocated");
		if (!model->pages[i].live)
			continue;
		if (model->pages[i].refs != seen->pages[i].refs)
			return checker_set_difference(
				report, "end: expected %u references of p%u, got %u",
				model->pages[i].refs, i, seen->pages[i].refs);
		if (bytes)
			byte = find_differing_byte(checker, at, seen_at, TRACE_PAGE);
		if (byte < TRACE_PAGE)
			return checker_set_difference(
				report, "end: byte %zu of p%u: expected 0x%02x, got 0x%02x", byte,
				i, model->bytes[at + byte], seen->bytes[seen_at + byte]);
	}
	return true;
}

static bool has_no_error(const struct checker *checker, struct checker_report *report)
{
	const char *error = exec_error(checker->exec);

	return !*error || checker_set_difference(report, "%s", error);
}

/* Each race that the detector reports is a race of the model. */
static bool has_no_false_report(const struct checker *checker, const struct program *program,
				bool any_order, struct checker_report *report)
{
	const struct race_reports *race_reports = exec_race_reports(checker->exec);

	report->race_count = race_reports_kept_count(race_reports);
	if (report->race_count)
		report->seen |= RULE_BIT(RULE_data_race);
	for (size_t i = 0; i < report->race_count; i++) {
		const struct race_report *s = &race_reports->kept[i];
		const char *thread = s->earlier_thread == PROGRAM_THREADS ? "an unknown thread" :
								    thread_name(s->earlier_thread);

		if (race_report_find_race(s, program, rules_shadow(checker->rules), any_order))
			continue;
		if (s->page == RACE_REPORT_NO_PAGE)
			return checker_set_difference(
				report, "line %u: a race with %s outside of every page",
				program->calls[s->call].line, thread);
		return checker_set_difference(
			report, "line %u: the model knows no race with %s on p%u bytes %u .. %u",
			program->calls[s->call].line, thread, s->page, s->from, s->to - 1);
	}
	return true;
}

static bool is_same_race_report(const struct race_report *a, const struct race_report *b)
{
	return a->call == b->call && a->earlier_thread == b->earlier_thread && a->page == b->page &&
	       a->from == b->from && a->to == b->to;
}

/* Return: the index of the first report that differs from the prediction, or @report_count. */
static size_t find_first_misprediction(const struct checker *checker, size_t report_count)
{
	const struct race_reports *seen = exec_race_reports(checker->exec);
	size_t i = 0;

	while (i < race_reports_kept_count(&checker->predicted_reports) && i < report_count &&
	       is_same_race_report(&checker->predicted_reports.kept[i], &seen->kept[i]))
		i++;
	return i;
}

static bool reports_match_prediction(const struct checker *checker, size_t report_count)
{
	return race_reports_kept_count(&checker->predicted_reports) == report_count &&
	       find_first_misprediction(checker, report_count) == report_count;
}

static bool has_predicted_reports(const struct checker *checker, const struct program *program,
			 struct checker_report *report)
{
	const struct race_reports *seen = exec_race_reports(checker->exec);
	size_t expected = race_reports_kept_count(&checker->predicted_reports),
	       i = find_first_misprediction(checker, report->race_count);

	if (i < expected && i < report->race_count) {
		const struct race_report *e = &checker->predicted_reports.kept[i],
					 *s = &seen->kept[i];

		return checker_set_difference(report,
				      "report %zu: expected line %u, p%u bytes %u .. %u, got "
				      "line %u, p%u bytes %u .. %u", i + 1,
				      program->calls[e->call].line, e->page, e->from, e->to - 1,
				      program->calls[s->call].line, s->page, s->from, s->to - 1);
	}
	return expected == report->race_count ||
	       checker_set_difference(report, "expected %zu reports of a data-race, got %zu",
				      expected, report->race_count);
}

/* The detector reported no race of the program, and may miss them all. */
static bool allow_miss(struct checker_report *report, const struct program *program,
		       const struct race *race)
{
	report->result = CHECKER_MISS_ALLOWED;
	snprintf(report->difference_text, sizeof(report->difference_text),
		 "the race of lines %u and %u is unseen: %s", program->calls[race->first].line,
		 program->calls[race->second].line,
		 report->reports_were_predicted ?
			 "later accesses to the same 8 bytes took the older one's cell" :
			 "what the detector kept is not known");
	return true;
}

/*
 * Returns whether the prediction of the reports can be trusted. An external library may access
 * bytes in another way, so there a prediction counts only if it comes true.
 */
static bool prediction_is_valid(struct checker *checker, const struct tsan_facts *facts,
				size_t report_count)
{
	return tsan_is_predictable() &&
	       tsan_shadow_predict(checker->tsan_model, rules_shadow(checker->rules), facts,
				   exec_options(checker->exec)->first_race_only,
				   &checker->predicted_reports) &&
	       (library_get()->has_known_access_pattern ||
		reports_match_prediction(checker, report_count));
}

/* If the detector cannot miss some race of the program, it must have reported a race. */
static bool may_miss_all_races(const struct shadow *shadow, const struct program *program,
			       struct checker_report *report)
{
	const struct race *race = shadow->races;
	enum granule_cells cells = !library_get()->has_known_access_pattern ? CELLS_UNKNOWN :
				    tsan_splits_granules()    ? CELLS_SPLIT :
								CELLS_ONE;

	return !shadow_race_must_be_reported(shadow, cells) ||
	       checker_set_difference(
		       report,
		       "line %u: expected a data-race with line %u on p%u to be reported, got none",
		       program->calls[race->second].line, program->calls[race->first].line,
		       race->page);
}

/*
 * The detector reports exactly the predicted races. Where no prediction is possible, it must
 * report a race that it cannot miss.
 */
static bool has_no_missed_race(struct checker *checker, const struct program *program,
			       struct checker_report *report)
{
	const struct shadow *shadow = rules_shadow(checker->rules);
	struct tsan_facts facts = exec_tsan_facts(checker->exec);

	if (!tsan_is_present() || !shadow->race_count)
		return true;
	report->reports_were_predicted = prediction_is_valid(checker, &facts, report->race_count);
	if (report->reports_were_predicted && !has_predicted_reports(checker, program, report))
		return false;
	if (report->race_count)
		return true;
	return (report->reports_were_predicted || may_miss_all_races(shadow, program, report)) &&
	       allow_miss(report, program, shadow->races);
}

/* ---- executions ---- */

static bool ends_with_fatal_call(const struct verdict *v)
{
	return v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock;
}

static bool has_expected_end(const struct verdict *v, enum exec_end end,
			     struct checker_report *report)
{
	bool stuck = v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock;

	if (end == EXEC_STUCK)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (stuck != (end == EXEC_STUCK))
		return checker_set_difference(report,
					      stuck ? "expected a deadlock, but every line ran"
						    : "expected every line to run, got a deadlock");
	return true;
}

void checker_evaluate(struct checker *checker, const struct program *program)
{
	rules_evaluate(checker->rules, program);
	checker->evaluated_program = program;
}

void checker_repair(struct checker *checker, struct program *program)
{
	repair_program(program, checker->rules);
	checker->evaluated_program = program;
}

/* The verdict of another program would make the comparison meaningless. */
static void reset_report_and_trace(struct checker *checker, const struct program *program,
				   struct checker_report *report)
{
	if (checker->evaluated_program != program) {
		fprintf(stderr, "expected the program that was judged last, got another\n");
		abort();
	}
	*report = (struct checker_report){ .result = CHECKER_AGREES };
	trace_clear(checker->trace);
}

enum checker_result checker_run_fibers(struct checker *checker, const struct program *program,
				       struct checker_report *report)
{
	const struct verdict *v = rules_verdict(checker->rules);
	enum exec_end end;

	reset_report_and_trace(checker, program, report);
	end = exec_run_fibers(checker->exec, program,
			      ends_with_fatal_call(v) ? v->fatal_call : SIZE_MAX, checker->trace);
	if (has_expected_end(v, end, report) &&
	    has_expected_steps(checker, program, true, report) &&
	    has_expected_pages(checker, true, report) && has_no_error(checker, report) &&
	    has_no_false_report(checker, program, false, report))
		has_no_missed_race(checker, program, report);
	return report->result;
}

enum checker_result checker_run_threads(struct checker *checker, const struct program *program,
					struct checker_report *report)
{
	const struct verdict *v = rules_verdict(checker->rules);
	bool stuck = v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock;
	const struct shadow *shadow = rules_shadow(checker->rules);
	bool certain = !shadow->race_count && !shadow->has_contended_atomics;

	reset_report_and_trace(checker, program, report);
	if (!exec_run_threads(checker->exec, program, rules_trace(checker->rules), stuck,
			      checker->trace)) {
		checker_set_difference(report, "expected threads, got none");
		return report->result;
	}
	if (stuck)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (has_expected_steps(checker, program, certain, report) &&
	    has_expected_pages(checker, certain, report) && has_no_error(checker, report))
		has_no_false_report(checker, program, true, report);
	return report->result;
}

void checker_run_fatal_call(struct checker *checker, const struct program *program, size_t call)
{
	trace_clear(checker->trace);
	exec_options(checker->exec)->last_call = call;
	exec_run_fibers(checker->exec, program, SIZE_MAX, checker->trace);
}
