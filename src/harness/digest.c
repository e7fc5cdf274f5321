/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/digest.h"

#include "harness/util/bytes.h"

/* The callback of digest_visit() and its context. */
struct visitor {
	digest_fn fn;
	void *ctx;
};

static void visit_part(const struct visitor *t, enum digest_part part, const void *bytes,
		       size_t len)
{
	t->fn(t->ctx, part, bytes, len);
}

static void visit_verdict(const struct visitor *t, const struct verdict *v,
			  const struct checker_report *report)
{
	uint32_t words[] = {
		v->broken,    (uint32_t)v->fatal_call,	(uint32_t)v->uninit_count,
		report->seen, (uint32_t)report->result,
	};

	visit_part(t, DIGEST_VERDICT, words, sizeof(words));
}

/* Visits each field alone, because the padding between two fields is uninitialised. */
static void visit_trace(const struct visitor *t, const struct trace *trace)
{
	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];
		uint32_t words[] = {step->call, step->was_skipped, (uint32_t)step->result,
				    step->log_len};

		visit_part(t, DIGEST_TRACE, words, sizeof(words));
		visit_part(t, DIGEST_TRACE, trace->bytes + step->log_offset, step->log_len);
	}
	for (uint32_t i = 0; i < PROGRAM_PAGES; i++) {
		uint32_t words[] = { i, trace->pages[i].refs };

		if (!trace->pages[i].live)
			continue;
		visit_part(t, DIGEST_TRACE, words, sizeof(words));
		visit_part(t, DIGEST_TRACE, trace->bytes + trace->pages[i].at, TRACE_PAGE);
	}
}

static void visit_races(const struct visitor *t, const struct race_reports *race_reports)
{
	for (size_t i = 0; i < race_reports_kept_count(race_reports); i++) {
		const struct race_report *s = &race_reports->kept[i];
		uint16_t words[] = { s->call, s->earlier_thread, s->page, s->from, s->to };

		visit_part(t, DIGEST_RACES, words, sizeof(words));
	}
}

void digest_visit(struct checker *check, const struct checker_report *report, digest_fn fn,
		  void *ctx)
{
	struct visitor t = { fn, ctx };

	visit_verdict(&t, rules_verdict(checker_rules(check)), report);
	visit_trace(&t, checker_trace(check));
	visit_races(&t, exec_race_reports(checker_exec(check)));
}

/*
 * Uninitialised bytes are hashed too: a library that returns different ones for the same program
 * must be noticed.
 */
#ifdef __clang__
#define FOLDS __attribute__((no_sanitize("memory")))
#else
#define FOLDS
#endif

uint64_t BYTES_NO_SANITIZE FOLDS digest_add(uint64_t digest, const uint8_t *bytes, size_t len)
{
	digest = (digest ^ len) * 0x100000001b3u;
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ bytes[i]) * 0x100000001b3u;
	return digest;
}
