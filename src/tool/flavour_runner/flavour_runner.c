/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* A question is the size of a program as bytes, and these; an answer is a line. */
#include "tool/flavour_runner/flavour_runner.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/program/program_bytes.h"
#include "tool/util/environment.h"

/* Reports are to be quick and to have a stack; what the user wants beside that stays. */
static bool set_environment(void)
{
	return environment_append("ASAN_OPTIONS", "symbolize=0:handle_abort=1") &&
	       environment_append("MSAN_OPTIONS", "symbolize=0:handle_abort=1") &&
	       environment_append("UBSAN_OPTIONS", "symbolize=0:print_stacktrace=1");
}

bool flavour_runners_find(struct flavour_runners *w, const bool *wanted)
{
	bool any = false;

	if (!set_environment())
		return false;
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++) {
		struct flavour_runner *one = &w->of[i];

		memset(one, 0, sizeof(*one));
		one->there = (!wanted || wanted[i]) &&
			     flavour_find(flavour_names[i], one->path, sizeof(one->path));
		any |= one->there;
	}
	return any;
}

void flavour_runners_text(const struct flavour_runners *w, char text[FLAVOURS_TEXT])
{
	bool there[FLAVOURS_MAX];

	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		there[i] = w->of[i].there;
	flavours_text(there, text);
}

static bool start(const struct flavour_runners *w, struct flavour_runner *one)
{
	char seconds[16];
	char *argv[] = { "pagetorture", "run",	   "--runner", "--executor",
			 w->threads ? "both" : "fibers", "--timeout", seconds, NULL };

	snprintf(seconds, sizeof(seconds), "%u", w->seconds);
	return one->flavour.pid > 0 || flavour_talk(&one->flavour, one->path, argv);
}

static void end(struct flavour_runner *one)
{
	if (one->flavour.pid <= 0)
		return;
	close(one->flavour.in);
	flavour_wait(&one->flavour);
	one->flavour.pid = 0;
}

static bool ask(const struct flavour_runners *w, struct flavour_runner *one, const struct program *program,
		struct execution_record *record)
{
	static uint8_t question[sizeof(uint32_t) + PROGRAM_BYTES_MAX];
	uint32_t size = (uint32_t)program_to_bytes(program, question + sizeof(size));
	char line[EXECUTION_RECORD_LINE];

	memcpy(question, &size, sizeof(size));
	/* A program is up to three processes, each with its time, and some to spare. */
	return start(w, one) && flavour_send(&one->flavour, question, sizeof(size) + size) &&
	       flavour_read(&one->flavour, line, sizeof(line), 4 * w->seconds) &&
	       execution_record_read(record, line);
}

void flavour_runner_execute(struct flavour_runners *w, unsigned int flavour, const struct program *program,
		 struct execution_record *record)
{
	struct flavour_runner *one = &w->of[flavour];

	for (unsigned int attempt = 0; attempt < 2; attempt++) {
		one->asked++;
		if (ask(w, one, program, record))
			return;
		end(one);
	}
	execution_record_clear(record);
	record->result = CHECKER_DIFFERS;
	strcpy(record->why, "no answer");
}

/* A runner numbers lines as the plain text of the program has them. */
static unsigned int line_of(const struct program *program, unsigned long line)
{
	return line >= 2 && line - 2 < program->count ? program->calls[line - 2].line :
							(unsigned int)line;
}

static void append_sentence(char text[DISAGREEMENT_TEXT], const struct program *program,
			    const char *from)
{
	static const char word[] = "line ";
	size_t used = strlen(text);

	while (*from && used < DISAGREEMENT_TEXT - 32) {
		char *behind;
		unsigned long line;

		if (strncmp(from, word, strlen(word)) || from[strlen(word)] < '0' ||
		    from[strlen(word)] > '9') {
			text[used++] = *from++;
			continue;
		}
		line = strtoul(from + strlen(word), &behind, 10);
		used += (size_t)snprintf(text + used, 32, "%s%u", word, line_of(program, line));
		from = behind;
	}
	text[used] = '\0';
}

void flavour_runner_disagreement(const struct flavour_runners *w, unsigned int flavour,
			  const struct program *program, const struct execution_record *record,
			  char text[DISAGREEMENT_TEXT])
{
	const struct execution_death *death =
		&record->deaths[record->death_count ? record->death_count - 1 : 0];
	char top[REPORT_TOP_TEXT];

	text[0] = '\0';
	if (*record->why || !record->death_count) {
		append_sentence(text, program, *record->why ? record->why : "no answer");
		return;
	}
	symbols_top(w->of[flavour].path, death->site.stack, top);
	if (death->site.call < program->count)
		snprintf(text, DISAGREEMENT_TEXT, "line %u: ", program->calls[death->site.call].line);
	snprintf(text + strlen(text), DISAGREEMENT_TEXT - strlen(text), "%s ends the process%s%s",
		 death->kind, *top ? ", in " : "", top);
}

void flavour_runners_destroy(struct flavour_runners *w)
{
	for (unsigned int i = 0; i < FLAVOURS_MAX; i++)
		end(&w->of[i]);
}
