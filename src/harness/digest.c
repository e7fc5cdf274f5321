/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/digest.h"

#include "harness/util/bytes.h"

/* Who listens. */
struct teller {
	digest_fn fn;
	void *ctx;
};

static void tell(const struct teller *t, enum digest_part part, const void *bytes, size_t len)
{
	t->fn(t->ctx, part, bytes, len);
}

static void tell_verdict(const struct teller *t, const struct verdict *v,
			 const struct checker_report *report)
{
	uint32_t words[] = {
		v->broken,    (uint32_t)v->fatal_call,	(uint32_t)v->uninit_count,
		report->seen, (uint32_t)report->result,
	};

	tell(t, DIGEST_VERDICT, words, sizeof(words));
}

/* Field by field: what lies between them has no value. */
static void tell_trace(const struct teller *t, const struct trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		const struct step *step = &trace->steps[i];
		uint32_t words[] = { step->call, step->skipped, (uint32_t)step->result, step->len };

		tell(t, DIGEST_TRACE, words, sizeof(words));
		tell(t, DIGEST_TRACE, trace->bytes + step->at, step->len);
	}
	for (uint32_t i = 0; i < PROGRAM_PAGES; i++) {
		uint32_t words[] = { i, trace->pages[i].refs };

		if (!trace->pages[i].live)
			continue;
		tell(t, DIGEST_TRACE, words, sizeof(words));
		tell(t, DIGEST_TRACE, trace->bytes + trace->pages[i].at, TRACE_PAGE);
	}
}

static void tell_races(const struct teller *t, const struct race_reports *race_reports)
{
	for (size_t i = 0; i < race_reports_kept(race_reports); i++) {
		const struct race_report *s = &race_reports->kept[i];
		uint16_t words[] = { s->call, s->before, s->page, s->from, s->to };

		tell(t, DIGEST_RACES, words, sizeof(words));
	}
}

void digest_visit(struct checker *check, const struct checker_report *report, digest_fn fn,
		  void *ctx)
{
	struct teller t = { fn, ctx };

	tell_verdict(&t, rules_verdict(checker_rules(check)), report);
	tell_trace(&t, checker_trace(check));
	tell_races(&t, exec_race_reports(checker_exec(check)));
}

/*
 * Bytes without a value have one here all the same: a library that gives the same program
 * other ones is told.
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
