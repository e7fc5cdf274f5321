/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An input that fails after others and not alone: it is asked again after fewer and fewer of
 * them, each time in a process of its own, until one is left.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/replay/replay.h"

struct court {
	const struct replay_options *options;
	const struct replay_list *list;
	struct replay_column *column;
	bool refused; /* a process or memory to ask with, by the system */
};

/* What came of some inputs in a row. */
struct answer {
	bool whole;   /* all of them ran, and none failed before the last */
	bool reached; /* the last one began */
	bool lost;    /* LeakSanitizer found something */
	enum replay_kind kind; /* of the last one */
	uint64_t digest;
	char why[REPLAY_WHY];
};

static bool wait_for(const struct court *court, struct replay_hand *hand, int *status)
{
	for (;;) {
		hand_watch(hand, court->options);
		if (hand_done(hand))
			return true;
		if (hand_gone(hand, status))
			return false;
		hand_wait(hand, 1, 1000);
	}
}

/* Return: did all of them run and none fail, so that more may come? */
static bool ask_some(const struct court *court, struct replay_hand *hand, const uint32_t *inputs,
		     uint32_t count, struct answer *answer)
{
	const struct replay_desk *desk;
	uint32_t position;
	int status;

	hand_go(hand, inputs, count);
	desk = hand->desk;
	if (!wait_for(court, hand, &status)) {
		position = atomic_load(&desk->position);
		answer->reached = position == count - 1;
		answer->kind = hand_death(hand, status, court->options,
					  replay_name(court->list, inputs[count - 1]), answer->why);
		return false;
	}
	position = atomic_load(&desk->position);
	answer->reached = position == count - 1;
	answer->kind = desk->results[count - 1].kind;
	answer->digest = desk->results[count - 1].digest;
	answer->lost = desk->has_lost;
	snprintf(answer->why, sizeof(answer->why), "%.*s", REPLAY_WHY - 1,
		 desk->results[count - 1].why);
	return answer->reached && answer->kind < REPLAY_KINDS && !replay_distrusts(answer->kind);
}

/* All @inputs in one new process, in this order. */
static bool ask(struct court *court, const uint32_t *inputs, size_t count, struct answer *answer)
{
	struct replay_hand hand = { .alone = false };
	size_t next = 0;

	*answer = (struct answer){ .reached = false };
	court->column->starts++;
	if (!hand_start(&hand, court->options, court->list)) {
		court->refused = true;
		return false;
	}
	while (next < count) {
		size_t some = count - next < REPLAY_ERRAND ? count - next : REPLAY_ERRAND;

		hand.desk->digests = court->options->orders;
		hand.desk->lost = next + some == count;
		if (!ask_some(court, &hand, inputs + next, (uint32_t)some, answer)) {
			answer->reached &= next + some == count;
			break;
		}
		next += some;
		replay_progress(court->options, "who was it?", next, count, 0);
	}
	answer->whole = next == count;
	hand_end(&hand);
	return true;
}

/* ---- who was it? ---- */

/* The victim after @count of the others. */
struct scene {
	struct court *court;
	uint32_t victim;
	uint64_t digest; /* alone */
	uint32_t *row;	 /* room for all, and the victim */
	char why[REPLAY_WHY];
};

static bool shows(struct scene *scene, const uint32_t *others, size_t count)
{
	struct answer answer;

	memcpy(scene->row, others, count * sizeof(*others));
	scene->row[count] = scene->victim;
	if (!ask(scene->court, scene->row, count + 1, &answer) || !answer.reached)
		return false;
	if (answer.kind < REPLAY_KINDS && !replay_distrusts(answer.kind)) {
		if (!scene->court->options->orders || answer.digest == scene->digest)
			return false;
		snprintf(answer.why, sizeof(answer.why), "another outcome than alone");
	}
	memcpy(scene->why, answer.why, sizeof(scene->why));
	return true;
}

/* Return: how many are left. */
static size_t narrow(struct scene *scene, uint32_t *others, size_t count)
{
	while (count > 1) {
		size_t half = count / 2;

		if (shows(scene, others + half, count - half)) {
			memmove(others, others + half, (count - half) * sizeof(*others));
			count -= half;
		} else if (shows(scene, others, half)) {
			count = half;
		} else {
			break;
		}
	}
	return count;
}

/* Leaves only those whose failure is, or is not, what they do to others. */
static size_t keep(const struct court *court, uint32_t *others, size_t count, bool corrupting)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		enum replay_kind kind = court->column->rows[others[i]].kind;

		if (corrupting ? kind == REPLAY_corrupts : !replay_kinds[kind].fails)
			others[kept++] = others[i];
	}
	return kept;
}

static void name(const struct scene *scene, const uint32_t *others, size_t count)
{
	const struct court *court = scene->court;
	uint32_t input = count == 1 ? others[0] : scene->victim;
	struct replay_row *row = &court->column->rows[input];
	char why[2 * REPLAY_WHY];

	if (count == 1)
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 replay_name(court->list, scene->victim), scene->why);
	else
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 replay_name(court->list, others[count - 1]), scene->why);
	replay_row_set(row, count == 1 ? REPLAY_corrupts : REPLAY_state, why, NULL);
	row->paired = true;
	row->other = count == 1 ? scene->victim : others[count - 1];
}

/* It failed, and that stays so where nobody could be asked why. */
static void name_unexplained(const struct court *court, const struct replay_puzzle *puzzle)
{
	char why[2 * REPLAY_WHY];

	snprintf(why, sizeof(why), "%s; expected processes and memory to find out after what, got none",
		 puzzle->why);
	replay_row_set(&court->column->rows[puzzle->victim], puzzle->kind, why, NULL);
}

static void name_flaky(const struct court *court, const struct replay_puzzle *puzzle)
{
	char why[2 * REPLAY_WHY];

	snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
		 replay_kinds[puzzle->kind].name, puzzle->why, puzzle->ran);
	replay_row_set(&court->column->rows[puzzle->victim], REPLAY_flaky, why, NULL);
}

/* Is it a victim of one that is named already? */
static bool is_explained(struct scene *scene, const struct replay_puzzle *puzzle)
{
	uint32_t *others = malloc((puzzle->ran + 1) * sizeof(*others));
	size_t count;
	bool explained;

	if (!others) {
		scene->court->refused = true;
		return false;
	}
	memcpy(others, puzzle->history, puzzle->ran * sizeof(*others));
	count = keep(scene->court, others, puzzle->ran, true);
	explained = count && shows(scene, others, count);
	free(others);
	return explained;
}

void replay_company(const struct replay_options *options, const struct replay_list *list,
		    struct replay_column *column, const struct replay_puzzle *puzzle)
{
	struct court court = { .options = options, .list = list, .column = column };
	struct scene scene = { .court = &court, .victim = puzzle->victim };
	struct answer alone;
	size_t count;

	scene.row = malloc((puzzle->ran + 1) * sizeof(*scene.row));
	if (!scene.row || !ask(&court, &puzzle->victim, 1, &alone)) {
		name_unexplained(&court, puzzle);
		free(scene.row);
		return;
	}
	scene.digest = alone.digest;
	if (!is_explained(&scene, puzzle)) {
		count = keep(&court, puzzle->history, puzzle->ran, false);
		if (count && shows(&scene, puzzle->history, count)) {
			count = narrow(&scene, puzzle->history, count);
			name(&scene, puzzle->history, count);
		} else if (court.refused) {
			name_unexplained(&court, puzzle);
		} else {
			name_flaky(&court, puzzle);
		}
	}
	free(scene.row);
}

/* ---- lost memory ---- */

/* Return: is anybody named? */
static bool find_lost(struct court *court, const uint32_t *inputs, size_t count)
{
	struct answer answer;
	bool known = ask(court, inputs, count, &answer) && answer.whole, found;

	if (known && !answer.lost)
		return false;
	if (count == 1) {
		replay_row_set(&court->column->rows[inputs[0]], REPLAY_leak,
			       known ? "LeakSanitizer finds memory that nothing points to" :
				       "expected a process that says whether it loses memory, got none",
			       NULL);
		return true;
	}
	found = find_lost(court, inputs, count / 2);
	return find_lost(court, inputs + count / 2, count - count / 2) || found;
}

bool replay_find_lost(const struct replay_options *options, const struct replay_list *list,
		      struct replay_column *column, const uint32_t *inputs, size_t count)
{
	struct court court = { .options = options, .list = list, .column = column };

	return find_lost(&court, inputs, count);
}
