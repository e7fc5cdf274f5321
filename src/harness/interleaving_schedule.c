/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/interleaving_schedule.h"

static bool ran_before_decision(const struct thread_start *start)
{
	return start->position > start->first;
}

static struct deviation make_deviation(uint8_t running, uint8_t next, uint32_t position)
{
	return (struct deviation){ running == NO_THREAD ? THREAD_MAIN : running, next, (uint16_t)position };
}

/* Return: the index after the last thread of the section that begins with starts[@first]. */
static size_t find_end_of_starts(const struct interleaving *interleaving, size_t first)
{
	size_t end = first + 1;

	while (end < interleaving->start_count &&
	       interleaving->starts[end].section == interleaving->starts[first].section)
		end++;
	return end;
}

/* Return: whether a thread ran before the first decision of the section that begins at the line. */
static bool has_starts_before(const struct interleaving *interleaving, uint32_t section)
{
	for (size_t i = 0; i < interleaving->start_count; i++)
		if (interleaving->starts[i].section == section &&
		    ran_before_decision(&interleaving->starts[i]))
			return true;
	return false;
}

/* Return: the thread of the first decision of the section; NO_THREAD if the section has no decision. */
static uint8_t find_first_choice(const struct interleaving *interleaving, uint32_t section)
{
	for (size_t i = 0; i < interleaving->decision_count; i++)
		if (interleaving->decisions[i].running == NO_THREAD &&
		    interleaving->decisions[i].position == section)
			return interleaving->decisions[i].chosen;
	return NO_THREAD;
}

/* A replay makes a decision at each point, also where the threads of starts[@first .. @end) made none. */
static bool append_starts_of_section(const struct interleaving *interleaving, size_t first, size_t end,
				     struct deviations *deviations)
{
	const struct thread_start *starts = interleaving->starts;
	uint8_t running = NO_THREAD, chosen = find_first_choice(interleaving, starts[first].section);
	uint32_t position = starts[first].section;

	for (size_t i = first; i < end; i++) {
		struct deviation deviation = make_deviation(running, starts[i].thread, position);

		if (!ran_before_decision(&starts[i]))
			continue;
		if (i != first && !deviations_append(deviations, deviation))
			return false;
		running = starts[i].thread;
		position = starts[i].position;
	}
	return running == NO_THREAD || chosen == NO_THREAD || chosen == running ||
	       deviations_append(deviations, make_deviation(running, chosen, position));
}

static bool append_starts(const struct interleaving *interleaving, struct deviations *deviations)
{
	for (size_t first = 0, end; first < interleaving->start_count; first = end) {
		end = find_end_of_starts(interleaving, first);
		/* Main runs alone, so its lines need no deviation. */
		if (interleaving->starts[first].thread != THREAD_MAIN &&
		    !append_starts_of_section(interleaving, first, end, deviations))
			return false;
	}
	return true;
}

bool interleaving_get_schedule(const struct interleaving_search_result *result, struct deviations *deviations)
{
	const struct interleaving *last = &result->last;

	deviations_clear(deviations);
	deviations->start = result->start;
	if (last->has_learned && !append_starts(last, deviations))
		return false;
	for (size_t i = 0; i < last->decision_count; i++) {
		const struct decision *decision = &last->decisions[i];
		struct moment moment = { .enabled = decision->enabled, .running = decision->running };
		struct deviation deviation =
			make_deviation(decision->running, decision->chosen, decision->position);

		if (decision->chosen == strategy_default_choice(&moment))
			continue;
		if (decision->running == NO_THREAD && last->has_learned &&
		    has_starts_before(last, decision->position))
			continue;
		if (decision->position > UINT16_MAX || !deviations_append(deviations, deviation))
			return false;
	}
	return true;
}
