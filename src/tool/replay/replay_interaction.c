/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * An input that fails after others and not alone: it is asked again after fewer and fewer of
 * them, each time in a process of its own, until one is left.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "tool/replay/replay.h"

struct context {
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

static bool wait_for(const struct context *context, struct replay_worker *worker, int *status)
{
	for (;;) {
		replay_worker_watch(worker, context->options);
		if (replay_worker_done(worker))
			return true;
		if (replay_worker_gone(worker, status))
			return false;
		replay_worker_wait(worker, 1, 1000);
	}
}

/* Return: did all of them run and none fail, so that more may come? */
static bool ask_some(const struct context *context, struct replay_worker *worker, const uint32_t *inputs,
		     uint32_t count, struct answer *answer)
{
	const struct replay_control *control;
	uint32_t position;
	int status;

	replay_worker_send(worker, inputs, count);
	control = worker->control;
	if (!wait_for(context, worker, &status)) {
		position = atomic_load(&control->position);
		answer->reached = position == count - 1;
		answer->kind = replay_worker_death(worker, status, context->options,
					  replay_name(context->list, inputs[count - 1]), answer->why);
		return false;
	}
	position = atomic_load(&control->position);
	answer->reached = position == count - 1;
	answer->kind = control->results[count - 1].kind;
	answer->digest = control->results[count - 1].digest;
	answer->lost = control->has_lost;
	snprintf(answer->why, sizeof(answer->why), "%.*s", REPLAY_WHY - 1,
		 control->results[count - 1].why);
	return answer->reached && answer->kind < REPLAY_KINDS && !replay_distrusts(answer->kind);
}

/* All @inputs in one new process, in this order. */
static bool ask(struct context *context, const uint32_t *inputs, size_t count, struct answer *answer)
{
	struct replay_worker worker = { .alone = false };
	size_t next = 0;

	*answer = (struct answer){ .reached = false };
	context->column->starts++;
	if (!replay_worker_start(&worker, context->options, context->list)) {
		context->refused = true;
		return false;
	}
	while (next < count) {
		size_t some = count - next < REPLAY_BATCH ? count - next : REPLAY_BATCH;

		worker.control->digests = context->options->orders;
		worker.control->lost = next + some == count;
		if (!ask_some(context, &worker, inputs + next, (uint32_t)some, answer)) {
			answer->reached &= next + some == count;
			break;
		}
		next += some;
		replay_progress(context->options, "who was it?", next, count, 0);
	}
	answer->whole = next == count;
	replay_worker_end(&worker);
	return true;
}

/* ---- who was it? ---- */

/* The affected after @count of the others. */
struct bisection {
	struct context *context;
	uint32_t affected;
	uint64_t digest; /* alone */
	uint32_t *row;	 /* room for all, and the affected */
	char why[REPLAY_WHY];
};

static bool reproduces(struct bisection *bisection, const uint32_t *others, size_t count)
{
	struct answer answer;

	memcpy(bisection->row, others, count * sizeof(*others));
	bisection->row[count] = bisection->affected;
	if (!ask(bisection->context, bisection->row, count + 1, &answer) || !answer.reached)
		return false;
	if (answer.kind < REPLAY_KINDS && !replay_distrusts(answer.kind)) {
		if (!bisection->context->options->orders || answer.digest == bisection->digest)
			return false;
		snprintf(answer.why, sizeof(answer.why), "another outcome than alone");
	}
	memcpy(bisection->why, answer.why, sizeof(bisection->why));
	return true;
}

/* Return: how many are left. */
static size_t bisect(struct bisection *bisection, uint32_t *others, size_t count)
{
	while (count > 1) {
		size_t half = count / 2;

		if (reproduces(bisection, others + half, count - half)) {
			memmove(others, others + half, (count - half) * sizeof(*others));
			count -= half;
		} else if (reproduces(bisection, others, half)) {
			count = half;
		} else {
			break;
		}
	}
	return count;
}

/* Leaves only those whose failure is, or is not, what they do to others. */
static size_t keep(const struct context *context, uint32_t *others, size_t count, bool corrupting)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		enum replay_kind kind = context->column->rows[others[i]].kind;

		if (corrupting ? kind == REPLAY_corrupts : !replay_kinds[kind].fails)
			others[kept++] = others[i];
	}
	return kept;
}

static void name(const struct bisection *bisection, const uint32_t *others, size_t count)
{
	const struct context *context = bisection->context;
	uint32_t input = count == 1 ? others[0] : bisection->affected;
	struct replay_row *row = &context->column->rows[input];
	char why[2 * REPLAY_WHY];

	if (count == 1)
		snprintf(why, sizeof(why), "after it %.100s: %.250s",
			 replay_name(context->list, bisection->affected), bisection->why);
	else
		snprintf(why, sizeof(why), "after %zu others, the last one %.100s: %.250s", count,
			 replay_name(context->list, others[count - 1]), bisection->why);
	replay_row_set(row, count == 1 ? REPLAY_corrupts : REPLAY_state, why, NULL);
	row->paired = true;
	row->other = count == 1 ? bisection->affected : others[count - 1];
}

/* It failed, and that stays so where nobody could be asked why. */
static void name_unexplained(const struct context *context, const struct replay_unattributed *unattributed)
{
	char why[2 * REPLAY_WHY];

	snprintf(why, sizeof(why), "%s; expected processes and memory to find out after what, got none",
		 unattributed->why);
	replay_row_set(&context->column->rows[unattributed->affected], unattributed->kind, why, NULL);
}

static void name_flaky(const struct context *context, const struct replay_unattributed *unattributed)
{
	char why[2 * REPLAY_WHY];

	snprintf(why, sizeof(why), "%s: %s; not again, alone or after the %zu before it",
		 replay_kinds[unattributed->kind].name, unattributed->why, unattributed->ran);
	replay_row_set(&context->column->rows[unattributed->affected], REPLAY_flaky, why, NULL);
}

/* Is it a affected of one that is named already? */
static bool is_explained(struct bisection *bisection, const struct replay_unattributed *unattributed)
{
	uint32_t *others = malloc((unattributed->ran + 1) * sizeof(*others));
	size_t count;
	bool explained;

	if (!others) {
		bisection->context->refused = true;
		return false;
	}
	memcpy(others, unattributed->history, unattributed->ran * sizeof(*others));
	count = keep(bisection->context, others, unattributed->ran, true);
	explained = count && reproduces(bisection, others, count);
	free(others);
	return explained;
}

void replay_find_interaction(const struct replay_options *options, const struct replay_list *list,
		    struct replay_column *column, const struct replay_unattributed *unattributed)
{
	struct context context = { .options = options, .list = list, .column = column };
	struct bisection bisection = { .context = &context, .affected = unattributed->affected };
	struct answer alone;
	size_t count;

	bisection.row = malloc((unattributed->ran + 1) * sizeof(*bisection.row));
	if (!bisection.row || !ask(&context, &unattributed->affected, 1, &alone)) {
		name_unexplained(&context, unattributed);
		free(bisection.row);
		return;
	}
	bisection.digest = alone.digest;
	if (!is_explained(&bisection, unattributed)) {
		count = keep(&context, unattributed->history, unattributed->ran, false);
		if (count && reproduces(&bisection, unattributed->history, count)) {
			count = bisect(&bisection, unattributed->history, count);
			name(&bisection, unattributed->history, count);
		} else if (context.refused) {
			name_unexplained(&context, unattributed);
		} else {
			name_flaky(&context, unattributed);
		}
	}
	free(bisection.row);
}

/* ---- lost memory ---- */

/* Return: is anybody named? */
static bool find_lost(struct context *context, const uint32_t *inputs, size_t count)
{
	struct answer answer;
	bool known = ask(context, inputs, count, &answer) && answer.whole, found;

	if (known && !answer.lost)
		return false;
	if (count == 1) {
		replay_row_set(&context->column->rows[inputs[0]], REPLAY_leak,
			       known ? "LeakSanitizer finds memory that nothing points to" :
				       "expected a process that says whether it loses memory, got none",
			       NULL);
		return true;
	}
	found = find_lost(context, inputs, count / 2);
	return find_lost(context, inputs + count / 2, count - count / 2) || found;
}

bool replay_find_lost(const struct replay_options *options, const struct replay_list *list,
		      struct replay_column *column, const uint32_t *inputs, size_t count)
{
	struct context context = { .options = options, .list = list, .column = column };

	return find_lost(&context, inputs, count);
}
