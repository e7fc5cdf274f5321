/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The line: RESULT, then the two sites of the race, then deaths as KIND and site, then why;
 * fields end with a tab, a site is "CALL STACK", the call counts from 0, "-" stands for none.
 */
#include "tool/flavour_runner/execution_record.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void execution_record_clear(struct execution_record *t)
{
	memset(t, 0, sizeof(*t));
	t->race[0].call = t->race[1].call = NO_SITE;
	for (size_t i = 0; i < EXECUTION_DEATHS; i++)
		t->deaths[i].site.call = NO_SITE;
}

static size_t write_site(char *line, size_t room, const struct execution_site *site)
{
	if (site->call == NO_SITE)
		return (size_t)snprintf(line, room, "- %s\t", site->stack);
	return (size_t)snprintf(line, room, "%zu %s\t", site->call, site->stack);
}

void execution_record_write(const struct execution_record *t, char line[EXECUTION_RECORD_LINE])
{
	size_t used = (size_t)snprintf(line, EXECUTION_RECORD_LINE, "%d\t", t->result);

	for (size_t i = 0; i < 2; i++)
		used += write_site(line + used, EXECUTION_RECORD_LINE - used, &t->race[i]);
	for (size_t i = 0; i < EXECUTION_DEATHS; i++) {
		used += (size_t)snprintf(line + used, EXECUTION_RECORD_LINE - used, "%s\t",
					 i < t->death_count ? t->deaths[i].kind : "-");
		used += write_site(line + used, EXECUTION_RECORD_LINE - used, &t->deaths[i].site);
	}
	snprintf(line + used, EXECUTION_RECORD_LINE - used, "%s\n", t->why);
}

/* Return: false if there is no field any more. */
static bool take(const char **line, char *field, size_t size)
{
	size_t len = strcspn(*line, "\t\n");

	if (!(*line)[len] || len >= size)
		return false;
	memcpy(field, *line, len);
	field[len] = '\0';
	*line += len + 1;
	return true;
}

static bool take_site(const char **line, struct execution_site *site)
{
	char field[SYMBOLS_STACK + 32], *rest;

	if (!take(line, field, sizeof(field)))
		return false;
	site->call = strtoul(field, &rest, 10);
	if (*field == '-') {
		site->call = NO_SITE;
		rest = field + 1;
	}
	snprintf(site->stack, sizeof(site->stack), "%s", rest + (*rest == ' '));
	return rest != field;
}

static bool take_death(const char **line, struct execution_record *t, size_t i)
{
	struct execution_death *death = &t->deaths[i];

	if (!take(line, death->kind, sizeof(death->kind)) || !take_site(line, &death->site))
		return false;
	if (strcmp(death->kind, "-"))
		t->death_count = i + 1;
	return true;
}

bool execution_record_read(struct execution_record *t, const char *line)
{
	char field[16];

	execution_record_clear(t);
	if (!take(&line, field, sizeof(field)) || *field < '0' + CHECKER_AGREES ||
	    *field > '0' + CHECKER_DIFFERS)
		return false;
	t->result = (enum checker_result)(*field - '0');
	for (size_t i = 0; i < 2; i++)
		if (!take_site(&line, &t->race[i]))
			return false;
	for (size_t i = 0; i < EXECUTION_DEATHS; i++)
		if (!take_death(&line, t, i))
			return false;
	return take(&line, t->why, sizeof(t->why));
}
