/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The failure of an input of a fuzz target, as the target's own replayer reports it. */
#include <stdio.h>
#include <string.h>

#include "tool/finding/signature.h"

/* The call that the sentence is about, by its line of the program that ran; NO_SITE: none. */
static size_t call_of(const struct replayed *replayed)
{
	unsigned int line;

	if (!replayed->ran_known || sscanf(replayed->what, "line %u", &line) != 1 || line < 2 ||
	    line - 2 >= replayed->ran.count)
		return NO_SITE;
	return line - 2;
}

/* A word for the name of a directory. */
static void name_site(struct signature *s, const struct replayer *r, const struct replayed *replayed,
		      size_t call)
{
	const char *word = call != NO_SITE ? op_table[replayed->ran.calls[call].op].name :
			   *replayed->last_call ? replayed->last_call :
			   replayed->by_target ? "finding" : replayed->what;

	snprintf(s->site, sizeof(s->site), "%.60s-%.120s", r->target->name, word);
	for (char *c = s->site; *c; c++)
		if (*c == '/' || *c == ' ')
			*c = '-';
}

static void set_signature(struct signature *s, const struct replayer *r,
			   const struct replayed *replayed)
{
	static const struct program none;
	size_t call = call_of(replayed);

	memset(s, 0, sizeof(*s));
	s->fatal = OP_COUNT;
	if (!replayed->failed)
		return;
	s->failed = s->differs = true;
	s->target = r->target;
	snprintf(s->who, sizeof(s->who), "%s", r->target->name);
	snprintf(s->seen, sizeof(s->seen), "%s%s%s", replayed->what, *replayed->top ? ", in " : "",
		 replayed->top);
	snprintf(s->text, sizeof(s->text), "%s: ", r->target->name);
	signature_append_plain(s, replayed->ran_known ? &replayed->ran : &none, replayed->what);
	if (*replayed->last_call || *replayed->top) {
		size_t used = strlen(s->text);

		snprintf(s->text + used, sizeof(s->text) - used, " at %s%s%s%s", replayed->last_call,
			 *replayed->top ? "[" : "", replayed->top, *replayed->top ? "]" : "");
	}
	name_site(s, r, replayed, call);
	if (call == NO_SITE && !replayed->frame.file[0])
		return;
	s->place_count = 1;
	s->places[0].call = call;
	s->places[0].frame = replayed->frame;
}

bool program_that_ran(struct oracle *oracle, const struct test_input *input, struct program *ran)
{
	static struct replayed replayed;

	if (!oracle->replayer || !replayer_run(oracle->replayer, input, &replayed) || !replayed.ran_known)
		return false;
	*ran = replayed.ran;
	return true;
}

void signature_of_input(struct signature *s, struct oracle *oracle, const struct test_input *input,
			const bool *flavours)
{
	static struct replayed replayed;

	if (!oracle->replayer) {
		signature_make(s, oracle, &input->program, flavours);
		return;
	}
	memset(s, 0, sizeof(*s));
	oracle->executed++;
	if (replayer_run(oracle->replayer, input, &replayed))
		set_signature(s, oracle->replayer, &replayed);
}
