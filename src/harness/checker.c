/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * What is compared, in this order: how the run ended; each step with its result and
 * the bytes that it read, where they have a value; the pages at the end and their
 * reference counts; what the executor itself found; the races that were reported: each
 * is one of the model's, and on fibers they are those that the model of the detector's
 * own memory predicts (tsan_shadow.h), in order, byte by byte, if it is known how the
 * library touches them (library.h).
 *
 * A program that races, or in which atomic accesses meet, has no certain bytes on real
 * threads: there only results count.
 * A race that threads do not show is no disagreement either; one that is none is.
 */
#include "harness/checker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "harness/util/bytes.h"
#include "harness/detect/tsan.h"
#include "harness/library.h"
#include "harness/model/repair.h"

struct checker {
	struct rules *rules;
	const struct program *judged;
	struct tsan_shadow *kept;
	struct race_reports predicted;
	struct trace *trace;
	struct exec *exec;
};

struct checker *checker_new(void)
{
	struct checker *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->rules = rules_new();
	c->trace = trace_new();
	c->exec = exec_new();
	c->kept = tsan_shadow_new();
	if (c->rules && c->trace && c->exec && c->kept)
		return c;
	checker_delete(c);
	return NULL;
}

void checker_delete(struct checker *c)
{
	if (!c)
		return;
	rules_delete(c->rules);
	trace_delete(c->trace);
	exec_delete(c->exec);
	tsan_shadow_delete(c->kept);
	free(c);
}

struct exec *checker_exec(struct checker *c)
{
	return c->exec;
}

const struct rules *checker_rules(const struct checker *c)
{
	return c->rules;
}

const struct trace *checker_trace(const struct checker *c)
{
	return c->trace;
}

/* ---- differences ---- */

static bool differ(struct checker_report *report, const char *what, ...)
	__attribute__((format(printf, 2, 3)));

/* Return: false always, so that a comparison can end with it. */
static bool differ(struct checker_report *report, const char *what, ...)
{
	va_list args;

	report->result = CHECKER_DIFFERS;
	va_start(args, what);
	vsnprintf(report->why, sizeof(report->why), what, args);
	va_end(args);
	return false;
}

static const char *outcome(const struct step *step)
{
	return step->skipped ? "skipped" : result_name(step->result);
}

/* Any bit that differs among @len bytes that have a value. */
static uint8_t BYTES_NO_SANITIZE difference(const uint8_t *a, const uint8_t *b,
					    const uint8_t *known, size_t len)
{
	uint8_t bits = 0;

	for (size_t i = 0; i < len; i++)
		bits |= (uint8_t)((a[i] ^ b[i]) & known[i]);
	return bits;
}

/* Not memcmp(): ThreadSanitizer would see an access, and by the wrong thread. */
static bool bytes_match(const struct trace *model, uint32_t at, const struct trace *seen,
			uint32_t seen_at, size_t len, size_t *where)
{
	const uint8_t *expected = model->bytes + at, *known = model->initialised + at;
	const uint8_t *got = seen->bytes + seen_at;

	if (!difference(expected, got, known, len))
		return true;
	for (*where = 0; !difference(expected + *where, got + *where, known + *where, 1);)
		++*where;
	return false;
}

static bool same_bytes(const struct trace *model, const struct step *expected,
		       const struct trace *seen, const struct step *got, uint32_t line,
		       struct checker_report *report)
{
	size_t where;

	if (expected->len != got->len)
		return differ(report, "line %u: expected %u bytes read, got %u", line,
			      expected->len, got->len);
	if (bytes_match(model, expected->at, seen, got->at, expected->len, &where))
		return true;
	return differ(report, "line %u: byte %zu read: expected 0x%02x, got 0x%02x", line, where,
		      model->bytes[expected->at + where], seen->bytes[got->at + where]);
}

static bool same_steps(const struct checker *c, const struct program *program, bool bytes,
		       struct checker_report *report)
{
	const struct trace *model = rules_trace(c->rules), *seen = c->trace;

	for (size_t i = 0; i < model->count && i < seen->count; i++) {
		const struct step *expected = &model->steps[i], *got = &seen->steps[i];
		uint32_t line = program->calls[expected->call].line;

		if (expected->call != got->call)
			return differ(report, "expected line %u to run next, got line %u", line,
				      program->calls[got->call].line);
		if (expected->skipped != got->skipped || expected->result != got->result)
			return differ(report, "line %u: expected %s, got %s", line,
				      outcome(expected), outcome(got));
		if (bytes && !same_bytes(model, expected, seen, got, line, report))
			return false;
	}
	return model->count == seen->count ||
	       differ(report, "expected %zu calls to run, got %zu", model->count, seen->count);
}

static bool same_pages(const struct checker *c, bool bytes, struct checker_report *report)
{
	const struct trace *model = rules_trace(c->rules), *seen = c->trace;

	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		size_t where;

		if (model->pages[i].live != seen->pages[i].live)
			return differ(report, "end: expected p%u %s", i,
				      model->pages[i].live ? "live" : "dead or never allocated");
		if (!model->pages[i].live)
			continue;
		if (model->pages[i].refs != seen->pages[i].refs)
			return differ(report, "end: expected %u references of p%u, got %u",
				      model->pages[i].refs, i, seen->pages[i].refs);
		if (bytes && !bytes_match(model, model->pages[i].at, seen, seen->pages[i].at,
					  TRACE_PAGE, &where))
			return differ(report, "end: byte %zu of p%u: expected 0x%02x, got 0x%02x",
				      where, i, model->bytes[model->pages[i].at + where],
				      seen->bytes[seen->pages[i].at + where]);
	}
	return true;
}

static bool no_complaint(const struct checker *c, struct checker_report *report)
{
	const char *complaint = exec_error(c->exec);

	return !*complaint || differ(report, "%s", complaint);
}

static const char *thread_text(uint8_t thread, char text[8])
{
	if (thread == THREAD_MAIN)
		return "main";
	if (thread == PROGRAM_THREADS)
		return "an unknown thread";
	snprintf(text, 8, "T%d", thread - 1);
	return text;
}

/* Every race that the detector reports is one. */
static bool no_false_alarm(const struct checker *c, const struct program *program,
			   bool any_order, struct checker_report *report)
{
	const struct race_reports *race_reports = exec_race_reports(c->exec);

	report->races = race_reports_kept(race_reports);
	if (report->races)
		report->seen |= RULE_BIT(RULE_data_race);
	for (size_t i = 0; i < report->races; i++) {
		const struct race_report *s = &race_reports->kept[i];
		char thread[8];

		if (race_report_is_known_race(s, program, rules_shadow(c->rules), any_order))
			continue;
		if (s->page == RACE_REPORT_NO_PAGE)
			return differ(report, "line %u: a race with %s outside of every page",
				      program->calls[s->call].line,
				      thread_text(s->before, thread));
		return differ(report, "line %u: the model knows no race with %s on p%u bytes %u .. %u",
			      program->calls[s->call].line, thread_text(s->before, thread),
			      s->page, s->from, s->to - 1);
	}
	return true;
}

static bool same_race_report(const struct race_report *a, const struct race_report *b)
{
	return a->call == b->call && a->before == b->before && a->page == b->page &&
	       a->from == b->from && a->to == b->to;
}

/* Return: the first report that is not as predicted, or the number of reports if all are. */
static size_t first_unlike(const struct checker *c, size_t reports)
{
	const struct race_reports *seen = exec_race_reports(c->exec);
	size_t i = 0;

	while (i < race_reports_kept(&c->predicted) && i < reports &&
	       same_race_report(&c->predicted.kept[i], &seen->kept[i]))
		i++;
	return i;
}

static bool is_as_predicted(const struct checker *c, size_t reports)
{
	return race_reports_kept(&c->predicted) == reports && first_unlike(c, reports) == reports;
}

static bool as_predicted(const struct checker *c, const struct program *program,
			 struct checker_report *report)
{
	const struct race_reports *seen = exec_race_reports(c->exec);
	size_t expected = race_reports_kept(&c->predicted), i = first_unlike(c, report->races);

	if (i < expected && i < report->races) {
		const struct race_report *e = &c->predicted.kept[i], *s = &seen->kept[i];

		return differ(report,
			      "report %zu: expected line %u, p%u bytes %u .. %u, got "
			      "line %u, p%u bytes %u .. %u", i + 1,
			      program->calls[e->call].line, e->page, e->from, e->to - 1,
			      program->calls[s->call].line, s->page, s->from, s->to - 1);
	}
	return expected == report->races ||
	       differ(report, "expected %zu reports of a data-race, got %zu", expected,
		      report->races);
}

/* No race was reported, and none had to be. */
static bool beyond(struct checker_report *report, const struct program *program,
		   const struct race *race, enum tsan_miss sight)
{
	report->result = CHECKER_MISS_ALLOWED;
	report->predicted = sight != TSAN_UNKNOWN;
	snprintf(report->why, sizeof(report->why), "the race of lines %u and %u is unseen: %s",
		 program->calls[race->first].line, program->calls[race->second].line,
		 tsan_miss_text(sight));
	return true;
}

/*
 * Is it known what the detector kept? Of a library that may touch bytes in its own ways a
 * prediction that does not come true tells no more than that it does.
 */
static bool is_known(struct checker *c, const struct tsan_facts *facts, size_t reports)
{
	return tsan_predictable() &&
	       tsan_shadow_predict(c->kept, rules_shadow(c->rules), facts,
				   exec_is_first_race_only(c->exec), &c->predicted) &&
	       (library_access_pattern_known() || is_as_predicted(c, reports));
}

/* A race is reported, if there is one that the detector cannot miss. */
static bool not_sure_to_be_seen(const struct shadow *shadow, const struct program *program,
				struct checker_report *report)
{
	const struct race *race = shadow->races;
	enum granule_cells cells = !library_access_pattern_known() ? CELLS_UNKNOWN :
				    tsan_splits_granules()    ? CELLS_SPLIT :
								CELLS_ONE;

	return !shadow_race_must_be_reported(shadow, cells) ||
	       differ(report,
		      "line %u: expected a data-race with line %u on p%u to be reported, got none",
		      program->calls[race->second].line, program->calls[race->first].line,
		      race->page);
}

/*
 * Every race that the detector keeps in mind is reported, and no other. Where it cannot
 * be known what it keeps, a race that it cannot miss is.
 */
static bool no_miss(struct checker *c, const struct program *program, struct checker_report *report)
{
	const struct shadow *shadow = rules_shadow(c->rules);
	struct tsan_facts facts = exec_tsan_facts(c->exec);

	if (!tsan_present() || !shadow->race_count)
		return true;
	if (is_known(c, &facts, report->races)) {
		report->predicted = true;
		return as_predicted(c, program, report) &&
		       (report->races ||
			beyond(report, program, shadow->races,
			       tsan_shadow_explain(c->kept, shadow, &facts, shadow->races)));
	}
	return report->races || (not_sure_to_be_seen(shadow, program, report) &&
				 beyond(report, program, shadow->races, TSAN_UNKNOWN));
}

/* ---- executions ---- */

static bool fatal_before_end(const struct verdict *v)
{
	return v->fatal_call != VERDICT_NONE && v->fatal_rule != RULE_deadlock;
}

static bool same_end(const struct verdict *v, enum exec_end end, struct checker_report *report)
{
	bool stuck = v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock;

	if (end == EXEC_STUCK)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (stuck != (end == EXEC_STUCK))
		return differ(report, stuck ? "expected a deadlock, but every line ran" :
					      "expected every line to run, got a deadlock");
	return true;
}

void checker_evaluate(struct checker *c, const struct program *program)
{
	rules_evaluate(c->rules, program);
	c->judged = program;
}

void checker_repair(struct checker *c, struct program *program)
{
	repair(program, c->rules);
	c->judged = program;
}

/* Held against the verdict of another program, anything would agree or differ by chance. */
static void begin(struct checker *c, const struct program *program, struct checker_report *report)
{
	if (c->judged != program) {
		fprintf(stderr, "expected the program that was judged last, got another\n");
		abort();
	}
	*report = (struct checker_report){ .result = CHECKER_AGREES };
	trace_clear(c->trace);
}

enum checker_result checker_run_fibers(struct checker *c, const struct program *program,
				       struct checker_report *report)
{
	const struct verdict *v = rules_verdict(c->rules);
	enum exec_end end;

	begin(c, program, report);
	end = exec_run_fibers(c->exec, program, fatal_before_end(v) ? v->fatal_call : SIZE_MAX,
			      c->trace);
	if (same_end(v, end, report) && same_steps(c, program, true, report) &&
	    same_pages(c, true, report) && no_complaint(c, report) &&
	    no_false_alarm(c, program, false, report))
		no_miss(c, program, report);
	return report->result;
}

enum checker_result checker_run_threads(struct checker *c, const struct program *program,
					struct checker_report *report)
{
	const struct verdict *v = rules_verdict(c->rules);
	bool stuck = v->fatal_call != VERDICT_NONE && v->fatal_rule == RULE_deadlock;
	const struct shadow *shadow = rules_shadow(c->rules);
	bool certain = !shadow->race_count && !shadow->contended;

	begin(c, program, report);
	if (!exec_run_threads(c->exec, program, rules_trace(c->rules), stuck, c->trace)) {
		differ(report, "expected threads, got none");
		return report->result;
	}
	if (stuck)
		report->seen |= RULE_BIT(RULE_deadlock);
	if (same_steps(c, program, certain, report) && same_pages(c, certain, report) &&
	    no_complaint(c, report))
		no_false_alarm(c, program, true, report);
	return report->result;
}

void checker_run_fatal_call(struct checker *c, const struct program *program, size_t call)
{
	trace_clear(c->trace);
	exec_stop_after(c->exec, call);
	exec_run_fibers(c->exec, program, SIZE_MAX, c->trace);
}
