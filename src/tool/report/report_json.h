/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#pragma once

#include "tool/report/report.h"
#include "tool/util/json.h"

/* Writes @frame as a JSON object, but nothing if @frame is NULL or not in the sources of the page library. */
static inline void report_write_frame_json_if_in_library(struct json *out, const struct report_frame *frame)
{
	if (!frame || !frame->line || !report_frame_is_in_library(frame))
		return;
	json_begin_object(out, NULL);
	json_text(out, "function", frame->function);
	json_text(out, "file", frame->file);
	json_number(out, "line", frame->line);
	json_end(out);
}
