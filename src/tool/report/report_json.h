/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#ifndef TOOL_REPORT_JSON_H
#define TOOL_REPORT_JSON_H

#include "tool/report/report.h"
#include "tool/util/json.h"

/* Writes a place in the library's sources as an object; nothing if @frame is NULL or has no line. */
void report_write_frame_json(struct json *out, const struct report_frame *frame);

#endif
