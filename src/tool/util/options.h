/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The options of a command, as a table: all commands read their line in the same way, and
 * say in the same words what they expected.
 *
 * A row says where its option goes, and thereby whether it takes a value. --help and -h are
 * in every table already.
 */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>

#include "harness/execution.h"
#include "tool/util/fuzz_target.h"

/* Most rows of a table. */
#define OPTIONS_MAX 32

/* Reads @value, which may be taken apart. Return: is it one that can be? */
typedef bool (*option_fn)(char *value, void *into);

/* One of flag, pick, text, number and read is there. */
struct option_row {
	const char *name; /* NULL: it has a letter alone */
	char letter;	  /* 0: it has a name alone */
	bool is_value_optional;	  /* the value, which is NULL then: --add[=TREE] */
	bool *flag;	  /* no value: set */
	int *pick, value; /* no value: one of several that exclude each other */
	const char **text;
	unsigned int *number, least, most;
	option_fn read;
	void *into;
	const char *expected; /* what read() wants, for people */
	const char *values;   /* in place of @expected: all values, "a, b, c"; bash completes them */
};

#define OPTION_FLAG(name_, flag_) { .name = (name_), .flag = (flag_) }
#define OPTION_PICK(name_, pick_, value_) { .name = (name_), .pick = (pick_), .value = (value_) }
#define OPTION_TEXT(name_, text_) { .name = (name_), .text = (text_) }
#define OPTION_NUMBER(name_, number_, least_, most_) \
	{ .name = (name_), .number = (number_), .least = (least_), .most = (most_) }
#define OPTION_READ(name_, read_, into_, expected_) \
	{ .name = (name_), .read = (read_), .into = (into_), .expected = (expected_) }
#define OPTION_CHOICE(name_, read_, into_, values_) \
	{ .name = (name_), .read = (read_), .into = (into_), .values = (values_) }
#define OPTION_END { .name = NULL }

/*
 * Reads options up to the end, by getopt_long(): `optind` is then the first argument.
 * `COMMAND --values --NAME`, which the help does not show, prints the values of an option for the
 * completion of bash, one on a line.
 * @rows: OPTION_END ends them
 * Return: -1 to go on; or an exit status, after the help or a line on standard error.
 */
int options_parse(const char *command, const char *help, const struct option_row *rows, int argc,
		 char **argv);

/* ---- rows of several commands ---- */

/* --backend; options_set_backend() chooses it. */
struct option_row option_backend(const char **backend);

/* --bytes: all files are byte strings (program_name.h). */
struct option_row option_bytes(void);

/* --flavour F,... into FLAVOURS_MAX flags. */
struct option_row option_flavour(bool *wanted);

/* --target NAME of fuzz/targets.def, into a pointer that is NULL without it. */
struct option_row option_target(const struct fuzz_target **target);

/* --executor fibers, threads or both. */
struct option_row option_executor(struct execution_options *options);

/* --executor fibers or both. */
struct option_row option_threads(bool *threads);

/* --timeout, in seconds. */
struct option_row option_timeout(unsigned int *seconds);

/*
 * What --backend said, if that is not NULL, is what the library does from here on.
 * Return: -1, or an exit status after saying that it cannot.
 */
int options_set_backend(const char *command, const char *backend);

#endif
