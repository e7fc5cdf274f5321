/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/model/rules_state.h"
#include "harness/program/pattern.h"

static struct model_map *find_map(struct evaluation *j)
{
	return &j->rules->maps[j->call->handle[0]];
}

void evaluate_kmap_local(struct evaluation *j)
{
	if (!check_page_use(j, find_page(j, 1), 1))
		return;
	*find_map(j) = (struct model_map){ true, j->call->handle[1], j->call->thread };
	j->self->live_maps[j->self->live_map_count++] = j->call->handle[0];
}

static bool check_mapping(struct evaluation *j)
{
	const struct model_map *map = find_map(j);

	if (!map->is_live)
		return break_fatal_rule(j, RULE_use_after_unmap);
	return map->thread == j->call->thread || break_fatal_rule(j, RULE_foreign_map);
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

void evaluate_kunmap_local(struct evaluation *j)
{
	find_other_mappings(j);
	if (!check_mapping(j))
		return;
	if (j->self->live_maps[j->self->live_map_count - 1] != j->call->handle[0]) {
		break_fatal_rule(j, RULE_unmap_order);
		return;
	}
	j->self->live_map_count--;
	find_map(j)->is_live = false;
}

static bool check_mapped_access(struct evaluation *j)
{
	if (!check_mapping(j))
		return false;
	if (!is_in_bounds(j->call->number[0], j->call->number[1]))
		return break_fatal_rule(j, RULE_out_of_bounds);
	return j->rules->pages[find_map(j)->page].ref_count ||
	       break_fatal_rule(j, RULE_use_after_free);
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

void evaluate_load(struct evaluation *j)
{
	const struct call *call = j->call;

	if (!check_mapped_access(j))
		return;
	check_loaded_bytes_initialised(j);
	rules_read(j, find_map(j)->page, call->number[0], call->number[1],
		   call->op == OP_load_atomic ? ATOMIC : READ);
}

void evaluate_store(struct evaluation *j)
{
	const struct call *call = j->call;

	if (check_mapped_access(j))
		pattern_fill(rules_write(j, find_map(j)->page, call->number[0], call->number[1],
					 call->op == OP_store_atomic ? ATOMIC : 0),
			     call->number[1], call->value);
}
