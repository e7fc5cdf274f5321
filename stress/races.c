/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/detect/tsan.h"
#include "stress/core.h"

#define RACES_KEPT   4
#define RACES_ENOUGH 32

static struct {
	atomic_ulong count;
	struct tsan_race kept[RACES_KEPT];
} races[RACE_PLACES];

static atomic_ulong region_races[STRESS_REGIONS];

NO_TSAN static bool is_on_page(const struct tsan_access *access)
{
	return access->addr - current_run.page_address < PAGE_SIZE;
}

NO_TSAN static bool is_by_stress_thread(const struct tsan_access *access)
{
	for (size_t i = 0; i < sizeof(THREAD_PREFIX) - 1; i++)
		if (access->thread[i] != THREAD_PREFIX[i])
			return false;
	return true;
}

/* A stored race is read only after its thread was joined. */
NO_TSAN static void record_race(const struct tsan_race *race, void *ctx)
{
	const struct tsan_access *now = &race->now, *before = &race->before;
	bool on_page = is_on_page(now) && is_on_page(before) && is_by_stress_thread(now) &&
		       is_by_stress_thread(before) && (now->write || before->write);
	enum race_place place = on_page ? ON_PAGE : ELSEWHERE;
	unsigned long nth;

	(void)ctx;
	if (on_page)
		atomic_fetch_add_explicit(
			&region_races[(now->addr - current_run.page_address) / STRESS_REGION_SIZE],
			1, memory_order_relaxed);
	nth = atomic_fetch_add_explicit(&races[place].count, 1, memory_order_relaxed);
	if (nth < RACES_KEPT)
		races[place].kept[nth] = *race;
}

void races_install_callback(void)
{
	tsan_set_race_callback(record_race, NULL);
}

unsigned long races_count(enum race_place place)
{
	return atomic_load_explicit(&races[place].count, memory_order_relaxed);
}

static unsigned long count_races_in_region(size_t region)
{
	return atomic_load_explicit(&region_races[region], memory_order_relaxed);
}

bool stress_has_enough_races(size_t off)
{
	return count_races_in_region(off / STRESS_REGION_SIZE) >= RACES_ENOUGH;
}

/* Return: the name of the first region whose race was not reported, or NULL. */
static const char *find_region_without_race(void)
{
	const char *const *names = current_run.pattern->race_regions;

	if (!tsan_is_present() ||
	    atomic_load_explicit(&current_run.stop_signal, memory_order_relaxed))
		return NULL;
	for (size_t i = 0; names && names[i]; i++)
		if (!count_races_in_region(i))
			return names[i];
	return NULL;
}

bool races_are_missing(void)
{
	return !current_run.bug_number && find_region_without_race();
}

/* ---- messages ---- */

static void append_access(struct message *message, const struct tsan_access *access)
{
	message_append(message, "%s %ss %zu bytes at ",
		       access->thread[0] ? access->thread : "a thread",
		       access->write ? "write" : "read", access->size);
	if (is_on_page(access))
		message_append(message, "page+0x%zx",
			       (size_t)(access->addr - current_run.page_address));
	else
		message_append(message, "0x%llx", (unsigned long long)access->addr);
}

static void append_races(struct message *message, enum race_place place)
{
	unsigned long count = races_count(place);

	for (unsigned long i = 0; i < count && i < RACES_KEPT; i++) {
		message_append(message, "%s:   race: ", current_run.pattern->name);
		append_access(message, &races[place].kept[i].now);
		message_append(message, ", unordered before it ");
		append_access(message, &races[place].kept[i].before);
		message_append(message, "\n");
	}
}

void races_append_faults(struct message *message)
{
	const struct stress_pattern *pattern = current_run.pattern;
	const char *missing = find_region_without_race();
	bool page_may_race = pattern->race_regions;

	if (races_count(ELSEWHERE))
		message_append(message, "%s: !!! ThreadSanitizer reported a race%s\n",
			       pattern->name, pattern->gfp ? " elsewhere than on the page" : "");
	if (!page_may_race && races_count(ON_PAGE))
		message_append(message, "%s: !!! ThreadSanitizer reported a race on the page\n",
			       pattern->name);
	if (missing)
		message_append(message,
			       "%s: !!! expected a race of %s, ThreadSanitizer reported none\n",
			       pattern->name, missing);
	if (!message->length)
		return;
	if (!page_may_race)
		append_races(message, ON_PAGE);
	append_races(message, ELSEWHERE);
	report_append_command(message);
}
