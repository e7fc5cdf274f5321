/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/digest.h"

#include "harness/util/bytes.h"

/* Copies fields into arrays, because padding between fields is uninitialised. */
static void visit_trace_parts(const struct trace *trace, digest_fn fn, void *ctx)
{
	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];
		uint32_t words[] = { step->call, step->was_skipped, (uint32_t)step->result, step->log_len };

		fn(ctx, DIGEST_TRACE, words, sizeof(words));
		fn(ctx, DIGEST_TRACE, trace->bytes + step->log_offset, step->log_len);
	}
	for (uint32_t i = 0; i < PROGRAM_PAGES; i++) {
		uint32_t words[] = { i, trace->pages[i].refs };

		if (!trace->pages[i].live)
			continue;
		fn(ctx, DIGEST_TRACE, words, sizeof(words));
		fn(ctx, DIGEST_TRACE, trace->bytes + trace->pages[i].at, TRACE_PAGE);
	}
}

void digest_visit_parts(struct checker *checker, const struct checker_report *report, digest_fn fn, void *ctx)
{
	const struct verdict *v = rules_verdict(checker->rules);
	const struct race_reports *races = exec_race_reports(checker->exec);
	uint32_t verdict_words[] = {
		v->broken,    (uint32_t)v->fatal_call,  (uint32_t)v->uninit_use_count,
		report->seen, (uint32_t)report->result,
	};

	fn(ctx, DIGEST_VERDICT, verdict_words, sizeof(verdict_words));
	visit_trace_parts(checker->trace, fn, ctx);
	for (size_t i = 0; i < race_reports_kept_count(races); i++) {
		const struct race_report *race = &races->kept[i];
		uint16_t words[] = { race->call, race->earlier_thread, race->page, race->from, race->to };

		fn(ctx, DIGEST_RACES, words, sizeof(words));
	}
}

/*
 * digest_add() hashes uninitialised bytes too, without a report by MemorySanitizer: a library that returns
 * different bytes for the same program must be noticed.
 */
#ifdef __clang__
#define HASHES_UNINITIALISED __attribute__((no_sanitize("memory")))
#else
#define HASHES_UNINITIALISED
#endif

uint64_t BYTES_NO_SANITIZE HASHES_UNINITIALISED digest_add(uint64_t digest, const uint8_t *bytes, size_t len)
{
	digest = (digest ^ len) * 0x100000001b3u;
	for (size_t i = 0; i < len; i++)
		digest = (digest ^ bytes[i]) * 0x100000001b3u;
	return digest;
}
