/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The voice of a campaign, on standard output: messages, and beneath them one line. */
#ifndef TOOL_TELL_H
#define TOOL_TELL_H

/* A message with its line end, now. */
void tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that stands on the terminal until the next one, or until a message. */
void tell_for_now(const char *line);

#endif
