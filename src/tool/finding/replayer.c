/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/replayer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/util/path.h"
#include "harness/program/program_bytes.h"
#include "harness/program/program_text.h"
#include "tool/util/environment.h"
#include "tool/util/flavours.h"
#include "tool/util/output.h"
#include "tool/report/symbols.h"

static struct isolated child;

/* ---- the binary ---- */

static bool find(struct replayer *r, const char *format, const char *flavour)
{
	char name[160];

	snprintf(name, sizeof(name), format, r->target->name, flavour);
	return binary_find(name, r->path, sizeof(r->path));
}

bool replayer_find(struct replayer *r, const struct fuzz_target *target, const char *directory,
		   unsigned int seconds)
{
	memset(r, 0, sizeof(*r));
	r->target = target;
	r->seconds = seconds;
	path_make_or_exit(r->directory, sizeof(r->directory), "%s", directory);
	if (find(r, "%s-replay-%s", target->flavour) || find(r, "%s", "") || find(r, "%s-replay", ""))
		return true;
	r->path[0] = '\0';
	return false;
}

const char *replayer_lacks(const struct fuzz_target *target)
{
	static char text[200];

	snprintf(text, sizeof(text), "expected the replayer of %s beside this program (make %s-replay-%s)",
		 target->name, target->name, target->flavour);
	return text;
}

/* ---- running it ---- */

struct command {
	char *argv[4];
	bool symbols;
};

static void execute(void *ctx)
{
	static const char *const names[] = { "ASAN_OPTIONS", "MSAN_OPTIONS", "TSAN_OPTIONS",
					     "UBSAN_OPTIONS" };
	const struct command *command = ctx;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!environment_append(names[i], command->symbols ? "symbolize=1" : "symbolize=0"))
			_exit(127);
	execv(command->argv[0], command->argv);
	_exit(127);
}

static bool run(struct replayer *r, const char *option, const char *file, bool symbols)
{
	struct command command = { .argv = { r->path, (char *)(uintptr_t)(option ? option : file),
					     (char *)(uintptr_t)(option ? file : NULL) },
				   .symbols = symbols };

	return isolate(execute, &command, r->seconds, &child) && child.exit_code != 127;
}

/*
 * Writes the input to a file whose name says how the replayer reads it: crash-* is bytes, as
 * engines leave them; calls may also be text, which begins with a line of its own.
 */
static const char *write_input(const struct replayer *r, const void *bytes, size_t size)
{
	static char path[PATH_MAX];
	static const char head[] = "calls 1\n";
	bool text = r->target->reads == READS_CALLS && size >= strlen(head) &&
		    !memcmp(bytes, head, strlen(head));

	snprintf(path, sizeof(path), "%.4000s/%s", r->directory, text ? "calls" : "crash-input");
	return output_write(path, bytes, size) ? NULL : path;
}

/* ---- what it printed ---- */

/* Text between the line @head and the next "---"; NULL if it is not there. */
static const char *section(const char *head, size_t *size)
{
	const char *at = strstr(child.output, head), *end;

	if (!at)
		return NULL;
	at += strlen(head);
	end = strstr(at, "\n---\n");
	*size = end ? (size_t)(end - at) + 1 : 0;
	return end ? at : NULL;
}

static void read_program(struct replayed *replayed)
{
	struct text_error error;
	size_t size;
	const char *text = section("--- the program as it ran ---\n", &size);

	replayed->ran_known = text && program_from_text(&replayed->ran, text, size, &error);
}

static void read_last_call(struct replayed *replayed)
{
	size_t size;
	const char *text = section("--- the calls as they ran ---\n", &size), *last;

	if (!text || size < 2)
		return;
	last = memrchr(text, '\n', size - 1);
	last = last ? last + 1 : text;
	snprintf(replayed->last_call, sizeof(replayed->last_call), "%.*s",
		 (int)strcspn(last, " \n"), last);
}

static void read_sites(const struct replayer *r, const struct report *report,
		       struct replayed *replayed)
{
	const char *slash = strrchr(r->path, '/');
	char stack[SYMBOLS_STACK] = "";

	for (size_t i = 0; report->site_count && i < report->sites[0].count; i++) {
		const struct report_frame *frame = &report->sites[0].frames[i];
		const char *module = strrchr(frame->module, '/');

		module = module ? module + 1 : frame->module;
		if (slash && !strcmp(module, slash + 1))
			symbols_push(stack, frame->offset);
	}
	symbols_top(r->path, stack, replayed->top);
	symbols_innermost(r->path, stack, &replayed->frame);
}

/* The target's own sentence, if it comes before any report of a sanitizer. */
static bool read_sentence(const struct replayer *r, const char *report, struct replayed *replayed)
{
	char head[80];
	const char *at;

	snprintf(head, sizeof(head), "ERROR: %.60s: ", r->target->name);
	at = strstr(child.output, head);
	if (!at || (report && report < at))
		return false;
	at += strlen(head);
	snprintf(replayed->what, sizeof(replayed->what), "%.*s", (int)strcspn(at, "\n"), at);
	replayed->by_target = true;
	read_program(replayed);
	read_last_call(replayed);
	return true;
}

/* Status 1 and 2 without a word are the replayer's own: an input that it cannot read. */
static bool ended_badly(void)
{
	return child.hung || child.signal || child.exit_code > 2;
}

static void read_output(const struct replayer *r, struct replayed *replayed)
{
	static struct report report;
	bool reported = child.exit_code && report_read(child.output, &report);
	const char *at = reported ? strstr(child.output, report.line) : NULL;

	replayed->failed = true;
	if (read_sentence(r, at, replayed))
		return;
	if (reported) {
		snprintf(replayed->what, sizeof(replayed->what), "%s", report.kind);
		read_sites(r, &report, replayed);
	} else if (child.hung) {
		strcpy(replayed->what, "timeout");
	} else if (ended_badly()) {
		snprintf(replayed->what, sizeof(replayed->what), "%s-%d",
			 child.signal ? "signal" : "exit",
			 child.signal ? child.signal : child.exit_code);
	} else {
		replayed->failed = false;
	}
}

bool replayer_run(struct replayer *r, const void *bytes, size_t size, struct replayed *replayed)
{
	const char *file = write_input(r, bytes, size);

	memset(replayed, 0, sizeof(*replayed));
	if (!file || !run(r, NULL, file, false))
		return false;
	read_output(r, replayed);
	return true;
}

bool replayer_run_program(struct replayer *r, const struct program *program,
			  struct replayed *replayed)
{
	static uint8_t bytes[PROGRAM_BYTES_MAX];

	return replayer_run(r, bytes, program_to_bytes(program, bytes), replayed);
}

const char *replayer_report(struct replayer *r, const char *file)
{
	return run(r, NULL, file, true) ? child.output : "";
}

bool replayer_text(struct replayer *r, const void *bytes, size_t size, char text[ISOLATE_OUTPUT])
{
	struct replayer plain = { .target = r->target, .seconds = r->seconds };
	const char *file = write_input(r, bytes, size);

	if (!find(&plain, "%s-replay-%s", r->target->flavour) && !find(&plain, "%s-replay", ""))
		return false;
	if (!file || !run(&plain, "--text", file, false) || child.exit_code)
		return false;
	strcpy(text, child.output);
	return true;
}
