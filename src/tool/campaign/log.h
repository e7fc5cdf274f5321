/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
/* The voice of a campaign, on standard output: messages, and beneath them one line. */
#ifndef TOOL_LOG_H
#define TOOL_LOG_H

/* A message with its line end, now. */
void log_message(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A line that stands on the terminal until the next one, or until a message. */
void log_status(const char *line);

#endif
