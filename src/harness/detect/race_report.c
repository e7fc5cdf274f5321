/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/race_report.h"

#include "harness/program/trace.h"

void race_reports_clear(struct race_reports *race_reports)
{
	atomic_store_explicit(&race_reports->count, 0, memory_order_relaxed);
}

size_t race_reports_kept_count(const struct race_reports *race_reports)
{
	size_t count = atomic_load_explicit(&race_reports->count, memory_order_relaxed);

	return count < RACE_REPORTS_MAX ? count : RACE_REPORTS_MAX;
}

void race_reports_add(struct race_reports *race_reports, const struct race_report *race_report)
{
	size_t index = atomic_fetch_add_explicit(&race_reports->count, 1, memory_order_relaxed);

	if (index < RACE_REPORTS_MAX)
		race_reports->kept[index] = *race_report;
}

/* Returns whether the call makes an access of the report's kind to the report's bytes. */
static bool makes_access(const struct race_report *report, const struct race_report_access *kind,
			 const struct program *program, const struct access_log *access_log, uint16_t call)
{
	if (kind->op != OP_COUNT && kind->op != program->calls[call].op)
		return false;
	for (size_t i = 0; i < access_log->access_count; i++) {
		const struct access *access = &access_log->accesses[i];

		if (access->call == call && access->page == report->page && access->from < report->to &&
		    report->from < access->to && access->write == kind->is_write &&
		    access->atomic == kind->is_atomic)
			return true;
	}
	return false;
}

/* Returns whether the report can be about a race of @earlier_call with @later_call. */
static bool is_report_of_pair(const struct race_report *report, const struct program *program,
			      const struct access_log *access_log, uint16_t earlier_call, uint16_t later_call)
{
	bool has_later_call = report->call == RACE_REPORT_NO_CALL ?
				      report->thread == program->calls[later_call].thread :
				      report->call == later_call;

	if (report->call == RACE_REPORT_NO_CALL &&
	    (!makes_access(report, &report->accesses[0], program, access_log, later_call) ||
	     !makes_access(report, &report->accesses[1], program, access_log, earlier_call)))
		return false;
	return has_later_call && (report->earlier_thread == program->calls[earlier_call].thread ||
				  report->earlier_thread == PROGRAM_THREADS);
}

const struct race *race_report_find_race(const struct race_report *report, const struct program *program,
					 const struct access_log *access_log, bool any_order)
{
	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		if (race->page != report->page || race->from >= report->to || report->from >= race->to)
			continue;
		if (is_report_of_pair(report, program, access_log, race->first, race->second) ||
		    (any_order && is_report_of_pair(report, program, access_log, race->second, race->first)))
			return race;
	}
	return NULL;
}

/* The contents of one shadow cell of ThreadSanitizer: which bytes a thread accessed, and how. */
struct cell_content {
	uint8_t thread, mask;
	bool write, atomic;
};

uint8_t access_granule_mask(const struct access *access, unsigned int granule_index)
{
	unsigned int start = granule_index * TSAN_GRANULE, end = start + TSAN_GRANULE;
	unsigned int from = access->from > start ? access->from - start : 0;
	unsigned int to = access->to < end ? access->to - start : TSAN_GRANULE;

	if (access->from >= end || access->to <= start)
		return 0;
	return (uint8_t)((0xffu << from) & (0xffu >> (TSAN_GRANULE - to)));
}

/* Appends @cell to @cells unless @cells contains an equal cell. Return: false if @cells has no space. */
static bool add_cell_if_new(struct cell_content cells[TSAN_CELLS], unsigned int *cell_count,
			    struct cell_content cell)
{
	for (unsigned int i = 0; i < *cell_count; i++)
		if (cells[i].thread == cell.thread && cells[i].mask == cell.mask &&
		    cells[i].write == cell.write && cells[i].atomic == cell.atomic)
			return true;
	if (*cell_count == TSAN_CELLS)
		return false;
	cells[(*cell_count)++] = cell;
	return true;
}

/* A library fills a whole page by memset(); ThreadSanitizer records memset() as one access. */
static bool covers_whole_page(const struct access *access)
{
	return !access->from && access->to == TRACE_PAGE;
}

/* Adds the cells of access @a to the bytes @mask of a granule. Return: false if @cells has no space. */
static bool add_cells_of_access(struct cell_content cells[TSAN_CELLS], unsigned int *cell_count,
				const struct access *a, uint8_t mask, enum cells_per_access cells_per_access)
{
	struct cell_content cell = { a->thread, mask, a->write, a->atomic };

	if (cells_per_access == CELLS_ONE || (cells_per_access == CELLS_SPLIT && mask == 0xff) ||
	    covers_whole_page(a))
		return add_cell_if_new(cells, cell_count, cell);
	for (unsigned int i = 0; i < TSAN_GRANULE; i++) {
		cell.mask = (uint8_t)(mask & 1u << i);
		if (cell.mask && !add_cell_if_new(cells, cell_count, cell))
			return false;
	}
	return true;
}

/* Returns whether the first access to the page writes all bytes, as an allocation with __GFP_ZERO does. */
static bool is_first_access_whole_write(const struct access_log *access_log, uint8_t page)
{
	for (size_t i = 0; i < access_log->access_count; i++)
		if (access_log->accesses[i].page == page)
			return access_log->accesses[i].write && covers_whole_page(&access_log->accesses[i]);
	return false;
}

/*
 * Returns whether the cells of the granule have space for all accesses before the race's second call. With
 * CELLS_UNKNOWN the accesses of the second call must fit too, because the library may split an access into
 * parts. The first part of a split access could evict the cell with which a later part races.
 */
static bool granule_holds_accesses_before_race(const struct access_log *access_log, const struct race *race,
					       unsigned int granule_index,
					       enum cells_per_access cells_per_access)
{
	struct cell_content cells[TSAN_CELLS];
	unsigned int cell_count = 0;

	if (cells_per_access == CELLS_UNKNOWN && !is_first_access_whole_write(access_log, race->page))
		cells[cell_count++] = (struct cell_content){ .thread = PROGRAM_THREADS };
	for (size_t i = 0; i < access_log->access_count; i++) {
		const struct access *a = &access_log->accesses[i];
		uint8_t mask = a->page == race->page ? access_granule_mask(a, granule_index) : 0;

		if (a->call == race->second && cells_per_access != CELLS_UNKNOWN)
			return true;
		if (mask && !add_cells_of_access(cells, &cell_count, a, mask, cells_per_access))
			return false;
		if (a->call == race->second)
			return true;
	}
	return true;
}

/*
 * Returns whether each call of the race accesses the page once. If a call accesses the page twice, the range
 * of its race may include bytes that do not race.
 */
static bool range_has_only_racing_bytes(const struct access_log *access_log, const struct race *race)
{
	unsigned int access_count = 0;

	for (size_t i = 0; i < access_log->access_count; i++) {
		const struct access *a = &access_log->accesses[i];

		access_count += a->page == race->page && (a->call == race->first || a->call == race->second);
	}
	return access_count == 2;
}

bool access_log_has_unmissable_race(const struct access_log *access_log, enum cells_per_access cells)
{
	for (size_t i = 0; i < access_log->race_count; i++) {
		const struct race *race = &access_log->races[i];

		if (!range_has_only_racing_bytes(access_log, race))
			continue;
		for (unsigned int g = race->from / TSAN_GRANULE; g <= (race->to - 1u) / TSAN_GRANULE; g++)
			if (granule_holds_accesses_before_race(access_log, race, g, cells))
				return true;
	}
	return false;
}
