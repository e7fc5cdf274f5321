/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/*
 * The fuzzing engines that a campaign can start, as a table: how each is started, where
 * it leaves what it found, how its figures are read. A new one is one file and one line.
 */
#ifndef TOOL_ENGINE_H
#define TOOL_ENGINE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct worker;
struct target;

/* What the user asked for. */
struct fuzz_options {
	const char *bin;      /* where the fuzz binaries are */
	const char *dir;      /* the directory of the campaign */
	const char *seeds;    /* a directory of inputs for each target; may be missing */
	unsigned int jobs;    /* processes at a time */
	unsigned int time;    /* seconds; 0: until stopped */
	unsigned int report;  /* seconds between two lines of the log */
	unsigned int seed;
	bool collect; /* only import inputs of engines that were killed; start none */
	bool until_finding;
};

/* A command line: program and arguments. */
struct command_line {
	char *argv[80]; /* ends with NULL */
	size_t count;
};

/* Ends this program if there is no memory or no room. */
void command_append(struct command_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void command_destroy(struct command_line *line);

/* Where an engine writes inputs: a pattern below the target's directory, and how their names begin. */
struct source {
	const char *directory;
	const char *prefix;
	const char *kind; /* of finding; NULL: an entry of the corpus */
};

/* Figures of one process of an engine since its start. */
struct figures {
	unsigned long executions;
	unsigned long coverage; /* edges, in the engine's own count */
	unsigned long rate;     /* executions a second; made of the first */
};

struct engine {
	const char *name;
	unsigned int roles; /* processes with different settings; each target needs all of them */
	const struct source *sources; /* up to one without a directory */

	/* Return: what is missing to run it on the target, or NULL. */
	const char *(*lack)(const struct fuzz_options *options, const struct target *target);
	/* Names the role of the process with this number. */
	void (*name_role)(unsigned int number, char *name, size_t size);
	void (*command)(const struct worker *worker, struct command_line *line);
	/* Before it starts, and now and then: reads statistics that it keeps in files. */
	void (*read_figures)(struct worker *worker);
	/* A line that it printed. */
	void (*read_line)(struct worker *worker, const char *line);
};

#define ENGINES 2

/* In the order in which they get a target. */
extern const struct engine *const engines[ENGINES];

extern const struct engine engine_libfuzzer, engine_afl;

/* Is there an executable file @directory/@name? */
bool engine_has_file(const char *directory, const char *name);

#endif
