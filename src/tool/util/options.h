/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * Parses the options of a command from a table, so that all commands accept and report options in the same
 * way.
 *
 * A row describes one option and has the variable that the option sets. The type of the variable decides
 * whether the option takes a value. Every command also accepts --help and -h, without a row.
 */
#pragma once

#include <stdbool.h>

#include "harness/execution.h"
#include "tool/util/fuzz_target.h"
#include "tool/util/script.h"

/* The most rows of a table. */
#define OPTIONS_MAX 32

/* The largest time limit in seconds. */
#define SECONDS_MAX 1000000

/* A function that parses @value, and may overwrite @value, into @into. Return: whether @value is valid. */
typedef bool (*option_fn)(char *value, void *into);

/* Each row sets exactly one of the members flag, pick, text, number, read and script. */
struct option_row {
	const char *name;       /* NULL: the option has only a letter */
	char letter;            /* 0: the option has only a name */
	bool is_value_optional; /* as in --add[=TREE] */
	bool *flag;             /* the option has no value, and sets *@flag to true */
	int *pick, value;       /* the option has no value, and sets *@pick to @value */
	const char **text;      /* gets the value of the option */
	unsigned int *number, least, most;
	option_fn read;                /* parses the value of the option */
	void *into;                    /* the variable that @read sets */
	struct script_command *script; /* gets the word NAME=VALUE; @most or @values restricts VALUE */
	bool is_script_flag;           /* with @script: the option has no value */
	const char *expected;          /* description of a valid value, for messages */
	const char *values;            /* all valid values, "a, b, c"; bash completes them */
	bool is_list;                  /* the value is a list of some of @values, as in "a,c" */
};

#define OPTION_FLAG(name_, flag_)                \
	{                                        \
		.name = (name_), .flag = (flag_) \
	}
#define OPTION_PICK(name_, pick_, value_)                           \
	{                                                           \
		.name = (name_), .pick = (pick_), .value = (value_) \
	}
#define OPTION_TEXT(name_, text_)                \
	{                                        \
		.name = (name_), .text = (text_) \
	}
#define OPTION_NUMBER(name_, number_, least_, most_)                                     \
	{                                                                                \
		.name = (name_), .number = (number_), .least = (least_), .most = (most_) \
	}
#define OPTION_READ(name_, read_, into_, expected_)                                        \
	{                                                                                  \
		.name = (name_), .read = (read_), .into = (into_), .expected = (expected_) \
	}
#define OPTION_CHOICE(name_, read_, into_, values_)                                    \
	{                                                                              \
		.name = (name_), .read = (read_), .into = (into_), .values = (values_) \
	}
#define OPTION_SCRIPT(name_, script_)                \
	{                                            \
		.name = (name_), .script = (script_) \
	}
#define OPTION_SCRIPT_FLAG(name_, script_)                                   \
	{                                                                    \
		.name = (name_), .script = (script_), .is_script_flag = true \
	}
#define OPTION_SCRIPT_NUMBER(name_, script_, least_, most_)                              \
	{                                                                                \
		.name = (name_), .script = (script_), .least = (least_), .most = (most_) \
	}
#define OPTION_SCRIPT_CHOICE(name_, script_, values_)                     \
	{                                                                 \
		.name = (name_), .script = (script_), .values = (values_) \
	}
#define OPTION_END           \
	{                    \
		.name = NULL \
	}

/*
 * Parses all options with getopt_long(); afterwards `optind` is the index of the first argument.
 * `COMMAND --values --NAME`, which the help does not show, prints the values of an option for the
 * completion of bash, one on a line.
 * @rows: the table, which ends with OPTION_END.
 * Return: -1: the command continues. Other: an exit status, after the help or an error message.
 */
int options_parse_or_return_status(const char *command, const char *help, const struct option_row *rows,
				   int argc, char **argv);

/* ---- rows for options that several commands have ---- */

/* The row of --backend, which has no effect until options_check_library_and_set_backend() is called. */
struct option_row option_backend(void);

/* The row of --flavour F,..., which sets the FLAVOURS_MAX elements of @wanted. */
struct option_row option_flavour(bool *wanted);

/*
 * Checks that the page library has all required calls. Then sets the library's backend, also for child
 * processes: the value of --backend, or else of the environment variable PAGE_MAP.
 * Return: -1: the command continues. Other: an exit status, after an error message.
 */
int options_check_library_and_set_backend(const char *command);
