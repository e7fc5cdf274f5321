/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "tool/finding/replayer.h"

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "harness/program/program_text.h"
#include "tool/util/capture.h"
#include "tool/util/flavours.h"
#include "tool/report/symbols.h"

static struct isolated child;

/* ---- the binary ---- */

static bool find(struct replayer *r, const char *format, const char *flavour)
{
	char name[160];

	snprintf(name, sizeof(name), format, r->target->name, flavour);
	return binary_find(name, r->path, sizeof(r->path));
}

bool replayer_find(struct replayer *r, const struct fuzz_target *target, unsigned int seconds)
{
	memset(r, 0, sizeof(*r));
	r->target = target;
	r->seconds = seconds;
	if (find(r, "%s-replay-%s", target->flavour) || find(r, "%s", "") || find(r, "%s-replay", ""))
		return true;
	r->path[0] = '\0';
	return false;
}

/* ---- running it ---- */

static bool run(const struct replayer *r, const char *file, const char *options)
{
	char *argv[] = { (char *)(uintptr_t)r->path, "--from-bytes", (char *)(uintptr_t)file, NULL };

	return capture_output(r->path, argv, options, r->seconds, &child);
}

/* A file without a name. Return: a descriptor that the child inherits; negative: there is none. */
static int open_input(const struct test_input *input)
{
	size_t size;
	const uint8_t *bytes = test_input_bytes(input, &size);
	int file = memfd_create("input", 0);

	if (file >= 0 && write(file, bytes, size) != (ssize_t)size) {
		close(file);
		return -1;
	}
	return file;
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

bool replayer_run(const struct replayer *r, const struct test_input *input,
		  struct replayed *replayed)
{
	int file = open_input(input);
	char name[32];
	bool ran;

	memset(replayed, 0, sizeof(*replayed));
	if (file < 0)
		return false;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", file);
	ran = run(r, name, "symbolize=0");
	close(file);
	if (ran)
		read_output(r, replayed);
	return ran;
}

const char *replayer_report(const struct replayer *r, const char *file)
{
	return run(r, file, "symbolize=1") ? child.output : "";
}
