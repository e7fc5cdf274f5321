/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/tsan.h"
#include "stress/core.h"

#define RACES_KEPT   4  /* maximal number of unexpected races that are printed */
#define RACES_ENOUGH 32 /* race reports of a region after which most of its operations are ignored */

static atomic_ulong race_counts[RACE_KINDS];
static struct tsan_race unexpected_races[RACES_KEPT];
static atomic_ulong region_race_counts[STRESS_REGIONS];

NO_TSAN static bool is_on_common_page(const struct tsan_access *access)
{
	return access->addr - current_run.common_page_address < PAGE_SIZE;
}

NO_TSAN static bool is_by_stress_thread(const struct tsan_access *access)
{
	for (size_t i = 0; i < sizeof(THREAD_PREFIX) - 1; i++)
		if (access->thread_name[i] != THREAD_PREFIX[i])
			return false;
	return true;
}

/* The main thread reads the stored races only after it joined all threads, so no lock is needed. */
NO_TSAN static void record_race(const struct tsan_race *race, void *ctx)
{
	const struct tsan_access *now = &race->now, *before = &race->before;
	bool is_expected = current_run.scenario->race_regions && is_on_common_page(now) &&
			   is_on_common_page(before) && is_by_stress_thread(now) &&
			   is_by_stress_thread(before) && (now->write || before->write);
	size_t region = (now->addr - current_run.common_page_address) / STRESS_REGION_SIZE;
	unsigned long race_index = add_relaxed(&race_counts[is_expected ? EXPECTED_RACE : OTHER_RACE], 1);

	(void)ctx;
	if (is_expected)
		add_relaxed(&region_race_counts[region], 1);
	if (!is_expected && race_index < RACES_KEPT)
		unexpected_races[race_index] = *race;
}

void races_install_callback(void)
{
	tsan_set_race_callback(record_race, NULL);
}

unsigned long races_get_count(enum race_kind kind)
{
	return load_relaxed(&race_counts[kind]);
}

bool stress_has_enough_races_in_region(size_t page_off)
{
	return load_relaxed(&region_race_counts[page_off / STRESS_REGION_SIZE]) >= RACES_ENOUGH;
}

/*
 * Return: the name of the first region in which no race was reported. NULL if there is no such region, if a
 * signal stopped the run, or without ThreadSanitizer.
 */
static const char *find_region_without_reported_race(void)
{
	const struct stress_race_region *regions = current_run.scenario->race_regions;

	if (!tsan_is_present() || load_relaxed(&current_run.stop_signal))
		return NULL;
	for (size_t i = 0; regions && regions[i].name; i++)
		if (!load_relaxed(&region_race_counts[i]))
			return regions[i].name;
	return NULL;
}

bool races_is_any_region_unreported(void)
{
	return !current_run.injected_bug && find_region_without_reported_race();
}

static void append_access(struct message *message, const struct tsan_access *access)
{
	bool on_page = is_on_common_page(access);

	message_append(message, "%s %ss %zu bytes at %s0x%llx",
		       access->thread_name[0] ? access->thread_name : "a thread",
		       access->write ? "write" : "read", access->size, on_page ? "page+" : "",
		       (unsigned long long)(access->addr - (on_page ? current_run.common_page_address : 0)));
}

void races_append_failures(struct message *message)
{
	const char *missing_region = find_region_without_reported_race();
	unsigned long count = races_get_count(OTHER_RACE);

	if (count)
		message_append(message, "%s: !!! ThreadSanitizer reported a race%s\n", current_run.name,
			       current_run.scenario->race_regions ? " elsewhere than on the page" : "");
	if (missing_region)
		message_append(message, "%s: !!! expected a race of %s, ThreadSanitizer reported none\n",
			       current_run.name, missing_region);
	if (!message->text_length)
		return;
	for (unsigned long i = 0; i < count && i < RACES_KEPT; i++) {
		message_append(message, "%s:   race: ", current_run.name);
		append_access(message, &unexpected_races[i].now);
		message_append(message, ", unordered before it ");
		append_access(message, &unexpected_races[i].before);
		message_append(message, "\n");
	}
	report_append_repeat_command(message);
}
