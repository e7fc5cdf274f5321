/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/util/options.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/exec/exec.h"
#include "harness/library.h"
#include "tool/util/flavours.h"
#include "tool/util/similar.h"
#include "tool/util/usage.h"

/* For a long option, getopt_long() returns FIRST_ROW + the index of the row, which is never a letter. */
#define FIRST_ROW 256

/* The option table in the form that getopt_long() reads. */
struct getopt_tables {
	struct option long_options[OPTIONS_MAX + 2];
	char short_options[2 * OPTIONS_MAX + 3];
};

static bool is_option_row(const struct option_row *row)
{
	return row->name || row->letter;
}

static int find_argument_kind(const struct option_row *row)
{
	return row->flag || row->pick || row->is_script_flag ? no_argument :
	       row->is_value_optional                        ? optional_argument :
							       required_argument;
}

static void build_getopt_tables(struct getopt_tables *tables, const struct option_row *rows)
{
	struct option *name = tables->long_options;
	char *letter = tables->short_options;

	*letter++ = ':'; /* getopt_long() then returns ':' for a missing value */
	*letter++ = 'h';
	*name++ = (struct option){ "help", no_argument, NULL, 'h' };
	for (int i = 0; i < OPTIONS_MAX && is_option_row(&rows[i]); i++) {
		int value = find_argument_kind(&rows[i]);

		if (rows[i].name)
			*name++ = (struct option){ rows[i].name, value, NULL, FIRST_ROW + i };
		if (!rows[i].letter)
			continue;
		*letter++ = rows[i].letter;
		if (value != no_argument)
			*letter++ = ':';
	}
	*name = (struct option){ NULL, 0, NULL, 0 };
	*letter = '\0';
}

/* Return: the row of the option that getopt_long() returned. */
static const struct option_row *find_option_row(const struct option_row *rows, int option_code)
{
	if (option_code >= FIRST_ROW)
		return &rows[option_code - FIRST_ROW];
	while (rows->letter != option_code)
		rows++;
	return rows;
}

/* Return: whether each name in @list, as "a,c", is one of @values, as "a, b, c". */
static bool has_only_values(const char *list, const char *values)
{
	for (size_t length;; list += length + 1) {
		const char *value = values;

		length = strcspn(list, ",");
		while (*value && (strncmp(value, list, length) || strcspn(value, ",") != length))
			value += strcspn(value, " ") + (strchr(value, ' ') != NULL);
		if (!*value || !list[length])
			return *value;
	}
}

/* Appends the word NAME=VALUE to the script's command line, or NAME= without a value. */
static bool append_to_script_command(const struct option_row *row, const char *value)
{
	unsigned int number; /* not used: only its range is checked */

	if (row->values && (!has_only_values(value, row->values) || (!row->is_list && strchr(value, ','))))
		return false;
	if (row->most && !parse_number(value, row->least, row->most, &number))
		return false;
	script_append(row->script, "%s=%s", row->name, value ? value : "");
	return true;
}

static bool set_option_variable(const struct option_row *row, char *value)
{
	if (row->flag)
		return *row->flag = true;
	if (row->number)
		return parse_number(value, row->least, row->most, row->number);
	if (row->read)
		return row->read(value, row->into);
	if (row->script)
		return append_to_script_command(row, value);
	if (row->pick)
		*row->pick = row->value;
	else
		*row->text = value;
	return !row->is_list || has_only_values(value, row->values);
}

/* Formats a hint at the most similar option in the help. Internal options are not in the help. */
static void format_suggestion(const struct option_row *rows, const char *help, const char *given,
			      char text[SIMILAR_TEXT])
{
	char name[64];
	struct similar similar;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(given, "="), given);
	similar_init(&similar, name);
	similar_add_known_name(&similar, "help");
	for (; is_option_row(rows); rows++) {
		char option[64];

		snprintf(option, sizeof(option), "--%s", rows->name ? rows->name : "");
		if (rows->name && strstr(help, option))
			similar_add_known_name(&similar, rows->name);
	}
	similar_format_hint(&similar, "--", "", text);
}

/* Reports an option that getopt_long() did not accept. `optopt` is the option's code, or 0 if unknown. */
static int report_bad_option(const char *command, const char *help, const struct option_row *rows,
			     int option_code, char **argv)
{
	const char *given = argv[optind - 1];
	char hint[SIMILAR_TEXT];

	if (option_code == ':')
		return usage_error(command, "expected a value after %s", argv[optind - 1]);
	if (optopt >= FIRST_ROW || optopt == 'h')
		return usage_error(command, "expected no value, got %s", argv[optind - 1]);
	if (optopt)
		return usage_error(command, "unknown option -%c", optopt);
	format_suggestion(rows, help, given + strspn(given, "-"), hint);
	return usage_error(command, "unknown option %s%s", given, hint);
}

static int report_bad_value(const char *command, const struct option_row *row, const char *value)
{
	char name[64], expected[160];

	if (row->name)
		snprintf(name, sizeof(name), "--%s", row->name);
	else
		snprintf(name, sizeof(name), "-%c", row->letter);
	if (row->most)
		snprintf(expected, sizeof(expected), "%u .. %u", row->least, row->most);
	else
		snprintf(expected, sizeof(expected), "%s%s", row->values ? "of " : "",
			 row->values ? row->values : row->expected);
	return usage_error(command, "expected %s %s, got '%s'", name, expected, value);
}

/* Prints the valid values of the option @given, "--NAME", one on a line; nothing if there is no list. */
static int print_option_values(const struct option_row *rows, const char *given)
{
	for (; is_option_row(rows); rows++) {
		const char *value = rows->values;

		if (!value || strncmp(given, "--", 2) || strcmp(given + 2, rows->name))
			continue;
		for (; *value; value += strcspn(value, ", "), value += strspn(value, ", "))
			printf("%.*s\n", (int)strcspn(value, ", "), value);
	}
	return EXIT_GOOD;
}

int options_parse_or_return_status(const char *command, const char *help, const struct option_row *rows,
				   int argc, char **argv)
{
	struct getopt_tables getopt_tables;
	int option_code;

	if (argc == 3 && !strcmp(argv[1], "--values"))
		return print_option_values(rows, argv[2]);
	build_getopt_tables(&getopt_tables, rows);
	while ((option_code = getopt_long(argc, argv, getopt_tables.short_options, getopt_tables.long_options,
					  NULL)) != -1) {
		const struct option_row *row;
		char given[128]; /* copy of the value, which the parser may overwrite */

		if (option_code == 'h') {
			fputs(help, stdout);
			return EXIT_GOOD;
		}
		if (option_code == ':' || option_code == '?')
			return report_bad_option(command, help, rows, option_code, argv);
		row = find_option_row(rows, option_code);
		snprintf(given, sizeof(given), "%s", optarg ? optarg : "");
		if (!set_option_variable(row, optarg))
			return report_bad_value(command, row, given);
	}
	return -1;
}

/* ---- rows of several commands ---- */

static const char *wanted_backend;

struct option_row option_backend(void)
{
	return (struct option_row){ .name = "backend", .text = &wanted_backend, .values = "direct, alias" };
}

struct option_row option_flavour(bool *wanted)
{
	return (struct option_row)OPTION_CHOICE("flavour", flavours_parse, wanted, FLAVOUR_NAMES);
}

int options_check_library_and_set_backend(const char *command)
{
	const char *missing_calls = library_describe_refused_system_call();
	const char *backend = wanted_backend ? wanted_backend : getenv("PAGE_MAP");

	if (missing_calls)
		return usage_error(command, "%s", missing_calls);
	/* Child processes read the backend from the environment variable PAGE_MAP. */
	if (!backend || (exec_set_backend(backend) && !setenv("PAGE_MAP", backend, 1)))
		return -1;
	return usage_error(command, "expected a backend that the page library has, got '%s'", backend);
}
