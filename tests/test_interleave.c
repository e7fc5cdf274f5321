/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Tests the search of interleavings (interleaving_search.h) with random programs that are clean in every
 * order of their calls:
 *
 * 1. strategy_dpor executes exactly one interleaving of each set of equivalent ones that a search of all
 *    interleavings finds. Equivalent interleavings have equal forms, which this test computes by itself from
 *    the recorded decisions. Reductions with a defect show that the comparison can fail.
 * 2. The text of a random interleaving, replayed in another process, gives the same interleaving, and the
 * same results, bytes and pages.
 * 3. No execution of the unmodified library fails.
 *
 * The environment variable INTERLEAVE_PROGRAMS sets the number of programs of the first test, and makes it
 * compare larger ones. INTERLEAVE_REPLAYS sets the number of interleavings of the second test,
 * INTERLEAVE_CLEAN the number of programs of the third one.
 */
#include <limits.h>
#include <string.h>

#include "harness/interleaving_schedule.h"
#include "harness/interleaving_search.h"
#include "harness/model/repair.h"
#include "harness/util/isolate.h"
#include "tests/small_program.h"
#include "tests/tap.h"

#define PROGRAMS       120
#define REPLAYED       200
#define CLEAN          300
#define EXECUTIONS_MAX 1000 /* programs with more interleavings are not compared; 50 times more if asked */
#define FORMS          (1u << 18)
#define SHAPES         4

static struct program program;
static struct interleaving_search_result result;

static unsigned int read_count(const char *variable, unsigned int usual_count)
{
	const char *text = getenv(variable);

	return text ? (unsigned int)atoi(text) : scale_repeat_count(usual_count);
}

static unsigned int get_executions_max(void)
{
	return getenv("INTERLEAVE_PROGRAMS") ? 50 * EXECUTIONS_MAX : EXECUTIONS_MAX;
}

/* Most calls of threads access what the library shares between threads. */
static void make_program(uint64_t seed)
{
	static const enum op ops[] = {
		OP_alloc_page, OP_alloc_page, OP_alloc_page, OP_free_page,
		OP_free_page,  OP_free_page,  OP_get_page,   OP_copy_from_user_slice,
		OP_lock,       OP_unlock,     OP_post,       OP_wait,
	};
	static const struct small_program_kind kind = {
		.calls_of_main =
			"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\nget_page(p0)\nget_page(p0)\n"
			"p1 = alloc_page(GFP_KERNEL)\nget_page(p1)\nget_page(p1)\nu0 = user_slice(64, 1)\n"
			"post(s0)\n",
		.ops = ops,
		.op_count = COUNT(ops),
	};
	unsigned int shape = (unsigned int)(seed % SHAPES);

	make_small_program(&seed, &program, &kind, 2 + shape % 2, 2 + shape / 2);
	set_line_numbers(&program, 1);
	/* The bytes of a new page are those of an earlier execution, except with __GFP_ZERO. */
	for (size_t i = 0; i < program.count; i++)
		if (program.calls[i].op == OP_alloc_page)
			program.calls[i].value |= CALL_GFP_ZERO;
}

/* ---- the form of an interleaving ---- */

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	uint64_t state = hash * 31 + number;

	return random_next(&state);
}

/* Addresses differ between processes, so a point is identified by its number. */
static uint64_t hash_event(const struct decision *event)
{
	uint64_t hash = hash_number(event->chosen, event->number);

	return hash_number(hash, (uint64_t)event->point.kind << 8 | event->point.size);
}

/* Written without points_are_dependent(), which is under test. */
static bool decisions_are_dependent(const struct decision *a, const struct decision *b)
{
	bool both_read = (a->point.kind == POINT_LOAD || a->point.kind == POINT_CHANGE) &&
			 (b->point.kind == POINT_LOAD || b->point.kind == POINT_CHANGE);
	const struct point *first = a->point.addr < b->point.addr ? &a->point : &b->point;
	const struct point *second = first == &a->point ? &b->point : &a->point;

	return a->chosen != b->chosen && !both_read && second->addr - first->addr < first->size;
}

/* Hashes the set of pairs of dependent events in a section, with their order: it is all that matters. */
static uint64_t hash_form(const struct interleaving *interleaving)
{
	static uint64_t events[DECISIONS_MAX];
	uint64_t hash = 0;
	size_t section_start = 0;

	for (size_t i = 0; i < interleaving->decision_count; i++) {
		const struct decision *decisions = interleaving->decisions;

		events[i] = hash_event(&decisions[i]);
		if (decisions[i].running == NO_THREAD)
			section_start = i;
		for (size_t j = section_start; j < i; j++)
			if (decisions_are_dependent(&decisions[j], &decisions[i]))
				hash += hash_number(hash_number(events[j], 1), events[i]);
	}
	return hash;
}

/* ---- forms that searches found ---- */

enum search_kind { PLAIN, REDUCED };

static struct {
	struct form {
		uint64_t hash;
		uint32_t program; /* number of the program; entries of other programs are empty */
		uint32_t
			searches[2]; /* for each kind of search, number of the last one that found the form */
	} forms[FORMS];
	uint32_t program, search; /* numbers */
} table;

/* Return: whether the search did not find this form before. */
static bool add_form(uint64_t hash, enum search_kind kind)
{
	size_t i = hash % FORMS;

	while (table.forms[i].program == table.program && table.forms[i].hash != hash)
		i = (i + 1) % FORMS;
	if (table.forms[i].program != table.program)
		table.forms[i] = (struct form){ hash, table.program, { 0 } };
	if (table.forms[i].searches[kind] == table.search)
		return false;
	table.forms[i].searches[kind] = table.search;
	return true;
}

/* ---- a strategy that records what another strategy does ---- */

static struct {
	const struct strategy *inner;
	enum search_kind kind;
	unsigned int execution_count, form_count; /* without redundant executions */
	bool is_finished;
} record;

static void begin_search(void)
{
	record.execution_count = record.form_count = 0;
	record.is_finished = false;
	table.search++;
	record.inner->begin_search();
}

static bool prepare_next(size_t decision_count)
{
	if (!record.inner->is_redundant || !record.inner->is_redundant()) {
		record.execution_count++;
		record.form_count += add_form(hash_form(&result.last), record.kind);
	}
	record.is_finished = !record.inner->prepare_next(decision_count);
	return !record.is_finished;
}

static void search_and_record(const struct strategy *strategy, enum search_kind kind,
			      unsigned int execution_limit)
{
	struct strategy recording = *strategy;
	struct interleaving_request request = {
		.program = &program,
		.execution_limit = execution_limit,
		.only = &recording,
	};

	recording.begin_search = begin_search;
	recording.prepare_next = prepare_next;
	record.inner = strategy;
	record.kind = kind;
	interleaving_search_run(&request, &result);
}

/* ---- completeness ---- */

struct sums {
	unsigned int programs, refused, too_large, failed;
	unsigned int fewer, more, repeated; /* programs */
	unsigned long long plain_executions, plain_forms, reduced_executions, reduced_forms, redundant;
	uint64_t first_wrong_seed;
};

static bool must_skip(struct sums *sums, uint64_t seed)
{
	if (result.verdict == SEARCH_FOUND) {
		printf("# seed %llu: %s\n", (unsigned long long)seed, result.text);
		sums->failed++;
	}
	sums->refused += result.verdict == SEARCH_REFUSED;
	sums->too_large += result.verdict == SEARCH_CLEAN && !record.is_finished;
	return result.verdict != SEARCH_CLEAN || !record.is_finished;
}

/* Searches the program with both searches, and adds the differences to @sums. */
static void search_and_compare(struct sums *sums, uint64_t seed)
{
	unsigned int plain_form_count;
	bool has_differed = sums->fewer || sums->more || sums->repeated;

	table.program++;
	search_and_record(&strategy_bounded, PLAIN, get_executions_max());
	if (must_skip(sums, seed))
		return;
	plain_form_count = record.form_count;
	sums->plain_executions += record.execution_count;
	sums->plain_forms += plain_form_count;
	search_and_record(&strategy_dpor, REDUCED, get_executions_max());
	sums->failed += result.verdict != SEARCH_CLEAN;
	sums->programs++;
	sums->reduced_executions += record.execution_count;
	sums->redundant += result.redundant_count;
	sums->reduced_forms += record.form_count;
	sums->fewer += record.form_count < plain_form_count;
	sums->more += record.form_count > plain_form_count;
	sums->repeated += record.execution_count != record.form_count;
	if (!has_differed)
		sums->first_wrong_seed = seed;
}

static struct sums compare_programs(unsigned int count)
{
	struct sums sums = { 0 };

	for (uint64_t seed = 0; sums.programs < count && !sums.failed; seed++) {
		make_program(seed);
		search_and_compare(&sums, seed);
	}
	return sums;
}

static void test_completeness(void)
{
	unsigned int count = read_count("INTERLEAVE_PROGRAMS", PROGRAMS);
	struct sums sums = compare_programs(count);
	bool is_good;

	printf("# %u programs: %llu interleavings of %llu forms; reduced to %llu of %llu forms, and %llu "
	       "redundant ones\n",
	       sums.programs, sums.plain_executions, sums.plain_forms, sums.reduced_executions,
	       sums.reduced_forms, sums.redundant);
	printf("# skipped: %u programs that break a rule in some order, %u with more than %u interleavings\n",
	       sums.refused, sums.too_large, get_executions_max());
	ok(sums.programs == count && !sums.failed, "%u programs are compared, and no execution fails", count);
	is_good = ok(!sums.fewer, "the reduced search finds every form");
	is_good &= ok(!sums.more, "it finds no other form");
	is_good &= ok(!sums.repeated, "it executes each form once");
	if (!is_good)
		printf("# %u programs with fewer forms, %u with more, %u repeated; the first has seed %llu\n",
		       sums.fewer, sums.more, sums.repeated, (unsigned long long)sums.first_wrong_seed);
}

#define TWO_PAGES                                                                              \
	"p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\np1 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n" \
	"get_page(p1)\nget_page(p1)\n"

/* A defect of the reduction, and a program of which this defect misses forms. */
static void expect_missed_form(enum dpor_defect defect, const char *calls, const char *name)
{
	struct sums good = { 0 }, bad = { 0 };

	parse_calls_or_exit(&program, calls);
	search_and_compare(&good, 0);
	strategy_dpor_set_defect(defect);
	search_and_compare(&bad, 0);
	strategy_dpor_set_defect(DPOR_NO_DEFECT);
	if (!ok(good.programs && !good.fewer && bad.fewer, "%s: %llu of %llu forms are found", name,
		bad.reduced_forms, bad.plain_forms))
		printf("# without the defect: %llu forms\n", good.reduced_forms);
}

static void test_defects(void)
{
	expect_missed_form(DPOR_LAST_RACE_ONLY,
			   TWO_PAGES "T0: free_page(p1)\nT1: p2 = alloc_page(GFP_KERNEL | __GFP_NOFAIL)\n"
				     "T2: get_page(p1)\nT0: get_page(p2)\nT2: get_page(p2)\n",
			   "a reduction with the last race of an event only");
	expect_missed_form(DPOR_LATER_THREAD,
			   TWO_PAGES "T0: free_page(p1)\nT1: wait(s1)\nT2: post(s1)\nT1: free_page(p1)\n"
				     "T2: post(s1)\n",
			   "a reduction without initial threads");
	expect_missed_form(DPOR_SLEEPS_FOREVER,
			   TWO_PAGES "T0: free_page(p1)\nT1: free_page(p1)\nT2: free_page(p1)\n",
			   "a reduction in which threads sleep forever");
}

/* ---- replay ---- */

/* What two child processes did: the first one chose at random, the second one replayed the text. */
static struct replay {
	struct interleaving_request request;
	struct interleaving_search_result results[2];
	uint64_t trace_hashes[2];
	struct deviations deviations, replayed_deviations;
	char text[DEVIATIONS_TEXT];
	bool is_learning; /* an address turned out to be shared in the random execution */
} * replay;

static uint64_t hash_bytes(uint64_t hash, const struct trace *trace, uint32_t at, size_t len)
{
	for (size_t i = 0; i < len; i++)
		hash = hash_number(hash, trace->bytes[at + i]);
	return hash;
}

static uint64_t hash_trace(const struct trace *trace)
{
	uint64_t hash = trace->step_count;

	for (size_t i = 0; i < trace->step_count; i++) {
		const struct step *step = &trace->steps[i];

		hash = hash_number(hash, (uint64_t)step->result << 1 | step->was_skipped);
		hash = hash_bytes(hash_number(hash, step->log_len), trace, step->log_offset, step->log_len);
	}
	for (unsigned int i = 0; i < PROGRAM_PAGES; i++) {
		hash = hash_number(hash, trace->pages[i].live ? 1u + trace->pages[i].refs : 0);
		if (trace->pages[i].live)
			hash = hash_bytes(hash, trace, trace->pages[i].at, TRACE_PAGE);
	}
	return hash;
}

static bool note_that_execution_has_learned_nothing(size_t decision_count)
{
	replay->is_learning = false;
	return record.inner->prepare_next(decision_count);
}

static void note_new_execution(void)
{
	replay->is_learning = true;
	record.inner->begin_execution();
}

static void execute_at_random(void *unused)
{
	struct strategy recording = *replay->request.only;

	(void)unused;
	record.inner = replay->request.only;
	recording.begin_execution = note_new_execution;
	recording.prepare_next = note_that_execution_has_learned_nothing;
	replay->request.only = &recording;
	interleaving_search_run(&replay->request, &replay->results[0]);
	if (interleaving_search_get_trace())
		replay->trace_hashes[0] = hash_trace(interleaving_search_get_trace());
}

static void execute_deviations(void *unused)
{
	struct interleaving_request request = {
		.program = replay->request.program,
		.execution_limit = 1,
		.deviations = &replay->deviations,
	};

	(void)unused;
	interleaving_search_run(&request, &replay->results[1]);
	replay->trace_hashes[1] = hash_trace(interleaving_search_get_trace());
}

static bool run_child(void (*fn)(void *), const char *name)
{
	static struct isolated child;

	if (isolate_call(fn, NULL, 60, &child) && !child.exit_code)
		return true;
	printf("# the %s ended with %d (signal %d): %s\n", name, child.exit_code, child.signal, child.output);
	return false;
}

/* In a long replay, the executor records only decisions that switch. */
static bool has_all_decisions(const struct interleaving *replayed)
{
	return replayed->decision_count < DECISIONS_MAX / 2;
}

/* Return: whether the replay made the decisions of the random execution, and others in which threads go on.
 */
static bool decisions_match(const struct interleaving *random, const struct interleaving *replayed)
{
	size_t at = 0;

	for (size_t i = 0; i < replayed->decision_count && at < random->decision_count; i++) {
		const struct decision *a = &random->decisions[at], *b = &replayed->decisions[i];

		at += a->chosen == b->chosen && a->number == b->number && a->point.kind == b->point.kind;
	}
	return at == random->decision_count &&
	       (replay->is_learning || hash_form(random) == hash_form(replayed));
}

static const char *find_difference(void)
{
	const struct interleaving *replayed = &replay->results[1].last;

	if (!interleaving_get_schedule(&replay->results[1], &replay->replayed_deviations))
		return "the replay has too many deviations";
	if (replay->results[1].verdict != SEARCH_CLEAN)
		return replay->results[1].text;
	if (has_all_decisions(replayed) && !decisions_match(&replay->results[0].last, replayed))
		return "the decisions differ";
	if (replay->trace_hashes[0] != replay->trace_hashes[1])
		return "the results, bytes or pages differ";
	/* The text of an execution that learned has also switches that are the default. */
	if (!replay->is_learning &&
	    (replay->deviations.count != replay->replayed_deviations.count ||
	     memcmp(replay->deviations.items, replay->replayed_deviations.items,
		    replay->deviations.count * sizeof(replay->deviations.items[0])) != 0))
		return "the deviations differ";
	return NULL;
}

struct replay_sums {
	unsigned int schedules, learning, refused, too_long, deviations, differences;
};

/* The seed selects a program, a strategy, and how many executions precede the one that is replayed. */
static void execute_and_replay(uint64_t seed, struct replay_sums *sums)
{
	const char *difference;

	make_program(seed);
	replay->request = (struct interleaving_request){
		.program = &program,
		.execution_limit = 1 + seed / SHAPES % 5,
		.seed = seed,
		.only = seed % 3 ? &strategy_random : &strategy_pct,
	};
	if (!run_child(execute_at_random, "random execution")) {
		sums->differences++;
		return;
	}
	if (replay->results[0].verdict != SEARCH_CLEAN) {
		sums->refused++;
		sums->differences += replay->results[0].verdict == SEARCH_FOUND;
		return;
	}
	if (!interleaving_get_schedule(&replay->results[0], &replay->deviations)) {
		sums->too_long++;
		return;
	}
	deviations_to_text(&replay->deviations, replay->text);
	sums->schedules++;
	sums->learning += replay->is_learning;
	sums->deviations += replay->deviations.count;
	if (!deviations_parse(replay->text, &replay->deviations))
		difference = "the text cannot be parsed";
	else if (!run_child(execute_deviations, "replay"))
		difference = "the replay ended";
	else
		difference = find_difference();
	if (!difference)
		return;
	if (sums->differences++ < 10)
		printf("# seed %llu, schedule %s: %s\n", (unsigned long long)seed, replay->text, difference);
}

static void test_replay(void)
{
	unsigned int count = read_count("INTERLEAVE_REPLAYS", REPLAYED);
	struct replay_sums sums = { 0 };

	replay = isolate_map_shared(sizeof(*replay));
	if (!replay)
		exit(99);
	for (uint64_t seed = 0; sums.schedules < count; seed++)
		execute_and_replay(seed, &sums);
	printf("# %u schedules with %u deviations; %u of them learned a shared address; skipped: %u programs "
	       "that break a rule in some order, %u schedules that are too long\n",
	       sums.schedules, sums.deviations, sums.learning, sums.refused, sums.too_long);
	ok(!sums.differences, "%u random interleavings are replayed by their text, %u of them differ",
	   sums.schedules, sums.differences);
}

/* ---- no false alarm ---- */

/* Every third program has more calls and threads, all ops, and lines of main between the others. */
static void make_program_of_any_kind(uint64_t seed, struct rules *rules)
{
	if (seed % 3) {
		make_program(seed / 3);
		return;
	}
	make_interacting_program(&seed, &program, 20, OP_COUNT);
	repair_program_until_clean(&program, rules);
	set_line_numbers(&program, 1);
}

static void test_false_alarms(void)
{
	unsigned int count = read_count("INTERLEAVE_CLEAN", CLEAN), clean = 0, complete = 0, refused = 0;
	unsigned long long execution_count = 0;
	struct rules *rules = rules_new();
	struct interleaving_request request = { .program = &program, .execution_limit = 200 };

	if (!rules)
		exit(99);
	for (request.seed = 0; clean < count; request.seed++) {
		make_program_of_any_kind(request.seed, rules);
		interleaving_search_run(&request, &result);
		if (result.verdict == SEARCH_FOUND ||
		    (result.verdict == SEARCH_REFUSED && !strstr(result.text, "one order breaks")))
			break;
		clean += result.verdict == SEARCH_CLEAN;
		refused += result.verdict == SEARCH_REFUSED;
		complete += result.is_complete;
		execution_count += result.execution_count;
	}
	printf("# %u clean programs, %u of them with each interleaving: %llu executions; skipped: %u "
	       "programs "
	       "that break a rule in some order\n",
	       clean, complete, execution_count, refused);
	if (!ok(clean == count, "no execution of %u clean programs fails", count))
		printf("# seed %llu: %s\n", (unsigned long long)request.seed, result.text);
	rules_delete(rules);
}

UNIT_TEST(test_interleave)
{
	strategy_bounded_set_limit(UINT_MAX);
	test_replay();
	test_completeness();
	test_defects();
	test_false_alarms();
}
