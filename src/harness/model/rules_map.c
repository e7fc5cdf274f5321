/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_map *find_map(struct evaluation *j)
{
	return &j->rules->maps[j->call->handle[0]];
}

enum call_outcome evaluate_kmap_local(struct evaluation *j)
{
	enum call_outcome outcome;

	if (!check_page_use(j, find_page(j, 1), 1, &outcome))
		return outcome;
	*find_map(j) = (struct model_map){ true, true, j->call->handle[1], j->call->thread };
	j->self->live_maps[j->self->live_map_count++] = j->call->handle[0];
	return CALL_RAN;
}

static bool check_mapping(struct evaluation *j, enum call_outcome *outcome)
{
	const struct model_map *map = find_map(j);

	if (!map->is_live)
		*outcome = break_fatal_rule(j, RULE_use_after_unmap);
	else if (map->thread != j->call->thread)
		*outcome = break_fatal_rule(j, RULE_foreign_map);
	else
		return true;
	return false;
}

/* Stores which other mappings of the page are live, in case this call breaks a fatal rule. */
static void find_other_mappings(struct evaluation *j)
{
	struct verdict *v = &j->rules->verdict;
	const struct model_thread *self = j->self;
	const struct model_map *maps = j->rules->maps, *named = find_map(j);

	v->newest_maps_same_page =
		self->live_map_count &&
		maps[self->live_maps[self->live_map_count - 1]].page == named->page;
	v->own_thread_maps_same_page = v->any_thread_maps_same_page = false;
	for (unsigned int i = 0; i < PROGRAM_MAPS; i++) {
		if (!maps[i].is_live || maps[i].page != named->page || &maps[i] == named)
			continue;
		v->any_thread_maps_same_page = true;
		v->own_thread_maps_same_page |= maps[i].thread == j->call->thread;
	}
}

enum call_outcome evaluate_kunmap_local(struct evaluation *j)
{
	enum call_outcome outcome;

	find_other_mappings(j);
	if (!check_mapping(j, &outcome))
		return outcome;
	if (j->self->live_maps[j->self->live_map_count - 1] != j->call->handle[0])
		return break_fatal_rule(j, RULE_unmap_order);
	j->self->live_map_count--;
	find_map(j)->is_live = false;
	return CALL_RAN;
}

/* Tests the fatal rules of an access through a mapping, after the conditions of atomic accesses. */
static bool check_mapped_access(struct evaluation *j, enum call_outcome *outcome)
{
	const struct call *call = j->call;

	if (!check_mapping(j, outcome))
		return false;
	if (!is_in_bounds(call->number[0], call->number[1]))
		*outcome = break_fatal_rule(j, RULE_out_of_bounds);
	else if (!j->rules->pages[find_map(j)->page].ref_count)
		*outcome = break_fatal_rule(j, RULE_use_after_free);
	else
		return true;
	return false;
}

static void check_loaded_bytes_initialised(struct evaluation *j)
{
	const struct call *call = j->call;
	const struct model_page *page = &j->rules->pages[find_map(j)->page];
	struct verdict *v = &j->rules->verdict;
	uint64_t from = call->number[0], to = from + call->number[1];

	while (from < to && page->initialised[from])
		from++;
	while (from < to && page->initialised[to - 1])
		to--;
	if (from == to)
		return;
	v->broken |= RULE_BIT(RULE_uninit_use);
	v->uninits[v->uninit_count++] = (struct uninit_use){ j->call_index, find_map(j)->page,
							 (uint16_t)from, (uint16_t)to };
}

static enum call_outcome evaluate_load_of_kind(struct evaluation *j, unsigned int kind)
{
	enum call_outcome outcome;

	if (!check_mapped_access(j, &outcome))
		return outcome;
	check_loaded_bytes_initialised(j);
	rules_read(j, find_map(j)->page, j->call->number[0], j->call->number[1], READ | kind);
	return CALL_RAN;
}

static enum call_outcome evaluate_store_of_kind(struct evaluation *j, unsigned int kind)
{
	const struct call *call = j->call;
	enum call_outcome outcome;

	if (!check_mapped_access(j, &outcome))
		return outcome;
	pattern_fill(rules_write(j, find_map(j)->page, call->number[0], call->number[1], kind),
		     call->number[1], call->value);
	return CALL_RAN;
}

enum call_outcome evaluate_load(struct evaluation *j)
{
	return evaluate_load_of_kind(j, 0);
}

enum call_outcome evaluate_store(struct evaluation *j)
{
	return evaluate_store_of_kind(j, 0);
}

enum call_outcome evaluate_load_atomic(struct evaluation *j)
{
	return call_has_atomic_range(j->call) ? evaluate_load_of_kind(j, ATOMIC) : CALL_SKIPPED;
}

enum call_outcome evaluate_store_atomic(struct evaluation *j)
{
	return call_has_atomic_range(j->call) ? evaluate_store_of_kind(j, ATOMIC) : CALL_SKIPPED;
}
