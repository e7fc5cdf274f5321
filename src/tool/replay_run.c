/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Who is named, and why nobody else is:
 *
 *   1. A worker tells which input it begins before it begins it, where its death leaves it.
 *   2. An input that fails, and one that ends its worker, spoils the process: the others of
 *      its errand are given to a new one.
 *   3. What failed runs again, alone in a process that ran nothing before. What fails there
 *      is named, by what it does there.
 *   4. What does not is the victim of others: replay_company() looks for who it was.
 *   5. What the heap or the descriptors grew by is a suspicion only, and ends at 3.
 *   6. LeakSanitizer looks after each errand. What it finds is not one of 5, or the errand is
 *      taken apart (replay_find_lost).
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/replay.h"

const struct replay_kind_info replay_kinds[REPLAY_KINDS] = {
#define KIND(id, name, fails, meaning) { name, meaning, fails },
#include "tool/replay.def"
#undef KIND
};

/* Of an item of work: which of two orders it is in. */
#define SECOND	   0x80000000u
#define INPUT(item) ((item) & ~SECOND)

/* A worker that cannot begin is tried so often. */
#define FALSE_STARTS 5

void replay_row_set(struct replay_row *row, enum replay_kind kind, const char *why,
		    const char *output)
{
	row->kind = (uint8_t)kind;
	free(row->why);
	free(row->output);
	row->why = why && *why ? strdup(why) : NULL;
	row->output = output && *output ? strdup(output) : NULL;
}

struct suspect {
	uint32_t input;
	struct replay_puzzle puzzle; /* if it does nothing alone; history NULL: only suspected */
};

struct items {
	uint32_t *item;
	size_t count, room;
};

struct run {
	const struct replay_options *options;
	const struct replay_list *list;
	struct replay_column *column;
	uint32_t *order;
	size_t count, next;
	struct items back;	/* that a worker did not get to */
	struct items unchecked; /* for lost memory, because their worker died */
	struct suspect *suspects;
	size_t suspected, looked, room;
	struct suspect *puzzles;
	size_t puzzled;
	struct replay_hand hands[REPLAY_JOBS];
	struct suspect held[REPLAY_JOBS];    /* what an alone hand looks at */
	struct items errands[REPLAY_JOBS];   /* what a hand has now */
	unsigned int hands_used, false_starts;
	unsigned int measured; /* orders after which was measured */
	uint64_t *digests[2];
	size_t done, failed;
	bool broken;
};

static void *sure(void *memory)
{
	if (memory)
		return memory;
	fprintf(stderr, "pagetorture replay: expected memory, got none\n");
	exit(2);
}

static void add(struct items *items, uint32_t item)
{
	if (items->count == items->room) {
		items->room = 2 * items->room + 64;
		items->item = sure(realloc(items->item, items->room * sizeof(*items->item)));
	}
	items->item[items->count++] = item;
}

/* ---- rows ---- */

static void settle(struct run *run, uint32_t input, enum replay_kind kind, const char *why,
		   const char *output)
{
	struct replay_row *row = &run->column->rows[input];

	run->done++;
	/* In another order it may be good; that makes it no better. */
	if (replay_kinds[row->kind].fails)
		return;
	run->failed += replay_kinds[kind].fails;
	replay_row_set(row, kind, why, output);
}

static void suspect(struct run *run, uint32_t input, struct replay_puzzle *puzzle)
{
	if (run->suspected == run->room) {
		run->room = 2 * run->room + 64;
		run->suspects = sure(realloc(run->suspects, run->room * sizeof(*run->suspects)));
	}
	run->suspects[run->suspected++] = (struct suspect){ input, *puzzle };
}

/* It failed, or ended its worker, after what its worker did before. */
static void suspect_failed(struct run *run, const struct replay_hand *hand, uint32_t position,
			   enum replay_kind kind, const char *why)
{
	struct replay_puzzle puzzle = { .victim = hand->desk->inputs[position],
					.ran = hand->ran + position,
					.kind = (uint8_t)kind };

	puzzle.history = sure(malloc((puzzle.ran + 1) * sizeof(*puzzle.history)));
	memcpy(puzzle.history, hand->history, hand->ran * sizeof(*puzzle.history));
	memcpy(puzzle.history + hand->ran, hand->desk->inputs, position * sizeof(*puzzle.history));
	snprintf(puzzle.why, sizeof(puzzle.why), "%s", why);
	suspect(run, puzzle.victim, &puzzle);
}

static void take_result(struct run *run, const struct replay_hand *hand, uint32_t position,
			uint32_t item)
{
	const struct replay_result *result = &hand->desk->results[position];
	uint32_t input = INPUT(item);
	char why[REPLAY_WHY];

	snprintf(why, sizeof(why), "%.*s", REPLAY_WHY - 1, result->why);
	run->column->rows[input].microseconds = result->microseconds;
	if (run->digests[0])
		run->digests[item != input][input] = result->digest;
	if (result->kind >= REPLAY_KINDS)
		suspect_failed(run, hand, position, REPLAY_crash, "it spoilt what its worker tells");
	else if (replay_distrusts(result->kind))
		suspect_failed(run, hand, position, result->kind, why);
	else if (result->suspect)
		suspect(run, input, &(struct replay_puzzle){ .victim = input, .kind = result->kind });
	else
		settle(run, input, result->kind, why, NULL);
}

/* ---- errands ---- */

static bool replace_hand(struct run *run, unsigned int number, bool alone)
{
	struct replay_hand *hand = &run->hands[number];

	hand_end(hand);
	hand->alone = alone;
	run->column->starts++;
	if (hand_start(hand, run->options, run->list))
		return true;
	run->broken = true;
	return false;
}

static bool in_orders(const struct run *run)
{
	return run->options->orders;
}

/* How many items there are until the end, or until another order begins. */
static size_t stretch(const struct run *run)
{
	size_t half = run->count / 2;

	return (in_orders(run) && run->next < half ? half : run->count) - run->next;
}

/* What failed in one order has had its say. */
static void add_unless_named(struct run *run, struct items *errand, uint32_t item)
{
	if (replay_kinds[run->column->rows[INPUT(item)].kind].fails)
		run->done++;
	else
		add(errand, item);
}

/* Items that were given back go first. */
static bool gather(struct run *run, struct items *errand)
{
	size_t left = stretch(run), end = run->next + left, most = REPLAY_ERRAND;

	errand->count = 0;
	while (run->back.count && errand->count < most)
		add_unless_named(run, errand, run->back.item[--run->back.count]);
	if (errand->count)
		return true;
	/* At the end small errands, so that all workers have some. */
	if (!in_orders(run) && left < most * run->options->jobs * 2)
		most = left / run->options->jobs / 2 + 1;
	while (errand->count < most && run->next < end)
		add_unless_named(run, errand, run->order[run->next++]);
	return errand->count;
}

/* With two orders there may be more than there is room for: the oldest are forgotten. */
static void remember(struct replay_hand *hand, uint32_t count)
{
	const size_t most = REPLAY_ERRANDS * REPLAY_ERRAND;

	if (hand->ran + count > most) {
		hand->ran -= most / 2;
		memmove(hand->history, hand->history + most / 2,
			hand->ran * sizeof(*hand->history));
	}
	memcpy(hand->history + hand->ran, hand->desk->inputs, count * sizeof(*hand->history));
	hand->ran += count;
}

static void give_back(struct run *run, const struct items *errand, size_t from)
{
	for (size_t i = errand->count; i > from; i--)
		add(&run->back, errand->item[i - 1]);
}

static void leave_unchecked(struct run *run, const struct replay_hand *hand,
			    const struct items *errand, size_t count)
{
	if (!hand->desk->looks_for_lost)
		return;
	for (size_t i = 0; i < count && i < errand->count; i++)
		add(&run->unchecked, INPUT(errand->item[i]));
}

/* LeakSanitizer found something that may be of any input of the errand. */
static void take_apart(struct run *run, unsigned int number)
{
	leave_unchecked(run, &run->hands[number], &run->errands[number],
			run->errands[number].count);
	hand_end(&run->hands[number]);
}

static void finish_errand(struct run *run, unsigned int number)
{
	struct replay_hand *hand = &run->hands[number];
	struct items *errand = &run->errands[number];
	uint32_t last = atomic_load(&hand->desk->position);

	hand->state = HAND_IDLE;
	for (uint32_t i = 0; i <= last && i < errand->count; i++) {
		take_result(run, hand, i, errand->item[i]);
		if (hand->desk->results[i].kind < REPLAY_KINDS &&
		    !replay_distrusts(hand->desk->results[i].kind))
			continue;
		give_back(run, errand, i + 1);
		leave_unchecked(run, hand, errand, i);
		hand_end(hand);
		return;
	}
	remember(hand, (uint32_t)errand->count);
	if (hand->desk->has_lost)
		take_apart(run, number);
}

static void finish_dead_errand(struct run *run, unsigned int number, int status)
{
	struct replay_hand *hand = &run->hands[number];
	struct items *errand = &run->errands[number];
	uint32_t last = atomic_load(&hand->desk->position);
	char why[REPLAY_WHY];

	if (last >= errand->count) {
		run->broken |= ++run->false_starts > FALSE_STARTS;
		give_back(run, errand, 0);
		hand_clear(hand);
		return;
	}
	for (uint32_t i = 0; i < last; i++)
		take_result(run, hand, i, errand->item[i]);
	suspect_failed(run, hand, last,
		       hand_death(hand, status, run->options,
				  replay_name(run->list, hand->desk->inputs[last]), why),
		       why);
	give_back(run, errand, last + 1);
	leave_unchecked(run, hand, errand, last);
	hand_clear(hand);
}

/* ---- alone ---- */

static void puzzle_over(struct run *run, const struct suspect *held)
{
	run->puzzles = sure(realloc(run->puzzles, (run->puzzled + 1) * sizeof(*run->puzzles)));
	run->puzzles[run->puzzled++] = *held;
}

static void acquit(struct run *run, struct suspect *held, const struct replay_result *result)
{
	if (held->puzzle.history)
		puzzle_over(run, held);
	settle(run, held->input, result->kind, result->why, NULL);
}

static void finish_alone(struct run *run, unsigned int number)
{
	struct replay_hand *hand = &run->hands[number];
	struct suspect *held = &run->held[number];
	const struct replay_result *result = &hand->desk->results[0];

	if (result->kind >= REPLAY_KINDS) {
		settle(run, held->input, REPLAY_crash, "it spoilt what its worker tells", hand->text);
	} else if (replay_kinds[result->kind].fails) {
		settle(run, held->input, result->kind, result->why, hand->text);
	} else {
		acquit(run, held, result);
		held->puzzle.history = NULL;
	}
	free(held->puzzle.history);
	hand_end(hand);
}

static void finish_dead_alone(struct run *run, unsigned int number, int status)
{
	struct replay_hand *hand = &run->hands[number];
	struct suspect *held = &run->held[number];
	char why[REPLAY_WHY];
	enum replay_kind kind = hand_death(hand, status, run->options,
					   replay_name(run->list, held->input), why);

	settle(run, held->input, kind, why, hand->text);
	free(held->puzzle.history);
	hand_clear(hand);
}

/* ---- hands ---- */

static void begin_alone(struct run *run, unsigned int number)
{
	run->held[number] = run->suspects[run->looked++];
	if (!replace_hand(run, number, true))
		return;
	run->hands[number].desk->digests = in_orders(run);
	run->hands[number].alone = true;
	hand_go(&run->hands[number], &run->held[number].input, 1);
}

static void begin_errand(struct run *run, unsigned int number)
{
	struct replay_hand *hand = &run->hands[number];
	struct items *errand = &run->errands[number];
	uint32_t inputs[REPLAY_ERRAND];

	if ((hand->state == HAND_EMPTY || (hand->errands == REPLAY_ERRANDS && !in_orders(run))) &&
	    !replace_hand(run, number, false)) {
		give_back(run, errand, 0);
		return;
	}
	for (size_t i = 0; i < errand->count; i++)
		inputs[i] = INPUT(errand->item[i]);
	hand->desk->digests = in_orders(run);
	hand->desk->lost = true;
	hand_go(hand, inputs, (uint32_t)errand->count);
}

/* After each of two orders the process says what it holds, if it is the only one. */
static bool begin_measure(struct run *run, unsigned int number)
{
	size_t half = run->count / 2;

	if (!in_orders(run) || run->back.count || run->measured == 2 ||
	    run->next != (run->measured ? run->count : half))
		return false;
	if (run->hands[number].state == HAND_EMPTY) {
		run->measured++;
		return false;
	}
	run->errands[number].count = 0;
	hand_measure(&run->hands[number]);
	return true;
}

static void finish_measure(struct run *run, unsigned int number)
{
	struct replay_hand *hand = &run->hands[number];

	*(run->measured ? &run->column->after : &run->column->before) = hand->desk->footprint;
	run->measured++;
	/* Both times it has to be the same process. */
	run->column->measured = run->measured == 2 && run->column->starts == 1;
	hand->state = HAND_IDLE;
}

/* With two orders the first hand is the process that they are about. */
static bool takes_errands(const struct run *run, unsigned int number)
{
	return !in_orders(run) || number == 0;
}

static bool takes_suspects(const struct run *run, unsigned int number)
{
	return !in_orders(run) || number > 0;
}

static void begin(struct run *run, unsigned int number)
{
	if (takes_suspects(run, number) && run->looked < run->suspected) {
		begin_alone(run, number);
		return;
	}
	if (!takes_errands(run, number) || begin_measure(run, number))
		return;
	if (gather(run, &run->errands[number]))
		begin_errand(run, number);
	else
		hand_end(&run->hands[number]);
}

static void look_at(struct run *run, unsigned int number)
{
	struct replay_hand *hand = &run->hands[number];
	int status;

	if (hand->state != HAND_BUSY)
		return;
	hand_watch(hand, run->options);
	if (hand_done(hand)) {
		if (hand->alone)
			finish_alone(run, number);
		else if (hand->desk->measure)
			finish_measure(run, number);
		else
			finish_errand(run, number);
	} else if (hand_gone(hand, &status)) {
		if (hand->alone)
			finish_dead_alone(run, number, status);
		else
			finish_dead_errand(run, number, status);
	}
}

static bool any_work(const struct run *run)
{
	return run->next < run->count || run->back.count || run->looked < run->suspected ||
	       (in_orders(run) && run->measured < 2);
}

static bool any_busy(const struct run *run)
{
	for (unsigned int i = 0; i < run->hands_used; i++)
		if (run->hands[i].state == HAND_BUSY)
			return true;
	return false;
}

static const char *what_runs(const struct run *run)
{
	for (unsigned int i = 0; i < run->hands_used; i++) {
		const struct replay_hand *hand = &run->hands[i];
		uint32_t position;

		if (hand->state != HAND_BUSY || hand->desk->measure)
			continue;
		position = atomic_load(&hand->desk->position);
		if (position < hand->desk->count && hand->desk->count <= REPLAY_ERRAND &&
		    hand->desk->inputs[position] < run->list->count)
			return replay_name(run->list, hand->desk->inputs[position]);
	}
	return "";
}

static void run_all(struct run *run)
{
	do {
		for (unsigned int i = 0; i < run->hands_used; i++) {
			look_at(run, i);
			if (run->hands[i].state != HAND_BUSY && !run->broken)
				begin(run, i);
		}
		replay_progress(run->options, what_runs(run), run->done, run->count, run->failed);
		if (any_busy(run))
			hand_wait(run->hands, run->hands_used, 1000);
	} while ((any_busy(run) || any_work(run)) && !run->broken);
}

/* ---- all of it ---- */

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static void shuffle(uint32_t *items, size_t count, uint64_t state)
{
	for (size_t i = count; i > 1; i--) {
		size_t other = next_random(&state) % i;
		uint32_t item = items[i - 1];

		items[i - 1] = items[other];
		items[other] = item;
	}
}

/* Sorted; and backwards or shuffled as the second order, or shuffled as the only one. */
static void plan(struct run *run)
{
	uint32_t inputs = run->list->count;
	uint32_t *second;

	run->count = in_orders(run) ? 2 * (size_t)inputs : inputs;
	run->order = sure(calloc(run->count, sizeof(*run->order)));
	for (uint32_t i = 0; i < inputs; i++)
		run->order[i] = i;
	second = run->order;
	if (in_orders(run)) {
		second += inputs;
		for (uint32_t i = 0; i < inputs; i++)
			second[i] = (inputs - 1 - i) | SECOND;
		for (unsigned int i = 0; i < 2; i++)
			run->digests[i] = sure(calloc(inputs, sizeof(uint64_t)));
	}
	if (run->options->shuffled)
		shuffle(second, inputs, run->options->seed);
}

/* Answers that differ from order to order: who of those before it made the difference? */
static void add_order_puzzles(struct run *run)
{
	for (size_t i = 0; in_orders(run) && i < run->count; i++) {
		uint32_t input = INPUT(run->order[i]);
		struct suspect held = { .input = input };

		if (run->order[i] == input || replay_kinds[run->column->rows[input].kind].fails ||
		    run->digests[0][input] == run->digests[1][input])
			continue;
		held.puzzle = (struct replay_puzzle){
			.victim = input,
			.kind = REPLAY_state,
			.why = "another outcome in another order",
			.history = sure(malloc(run->count * sizeof(uint32_t))),
		};
		for (size_t k = 0; k < i; k++)
			held.puzzle.history[held.puzzle.ran++] = INPUT(run->order[k]);
		puzzle_over(run, &held);
	}
}

/* Those that are named already would be found again. */
static size_t without_named(const struct run *run, uint32_t *inputs, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++)
		if (!replay_kinds[run->column->rows[inputs[i]].kind].fails)
			inputs[kept++] = inputs[i];
	return kept;
}

static void solve(struct run *run)
{
	add_order_puzzles(run);
	for (size_t i = 0; i < run->puzzled; i++) {
		struct replay_puzzle *puzzle = &run->puzzles[i].puzzle;

		replay_company(run->options, run->list, run->column, puzzle);
		free(puzzle->history);
	}
	run->unchecked.count = without_named(run, run->unchecked.item, run->unchecked.count);
	if (run->unchecked.count)
		replay_find_lost(run->options, run->list, run->column, run->unchecked.item,
				 run->unchecked.count);
}

static void release(struct run *run)
{
	for (unsigned int i = 0; i < run->hands_used; i++) {
		hand_end(&run->hands[i]);
		free(run->errands[i].item);
	}
	free(run->order);
	free(run->back.item);
	free(run->unchecked.item);
	free(run->suspects);
	free(run->puzzles);
	free(run->digests[0]);
	free(run->digests[1]);
}

bool replay_run(const struct replay_options *options, const struct replay_list *list,
		struct replay_column *column)
{
	static struct run run;
	long started = replay_now();

	run = (struct run){ .options = options, .list = list, .column = column };
	run.hands_used = options->orders ? 2 : options->jobs;
	plan(&run);
	run_all(&run);
	if (!run.broken)
		solve(&run);
	replay_progress_end();
	column->seconds = (double)(replay_now() - started) / 1000;
	release(&run);
	return !run.broken;
}
