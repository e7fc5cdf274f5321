/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"

void rules_record_access(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			 unsigned int kind)
{
	struct access access = {
		.call = eval->call_index,
		.epoch = eval->self->clock.epochs[eval->call->thread],
		.thread = eval->call->thread,
		.page = page,
		.write = kind & WRITE,
		.atomic = kind & ATOMIC,
		.from = (uint16_t)off,
		.to = (uint16_t)(off + len),
	};

	if (len)
		shadow_record_access(&eval->rules->shadow, &access, &eval->self->clock);
}

void rules_append_log(struct trace *trace, const struct model_page *page, uint32_t at,
		     uint64_t off, uint64_t len)
{
	bytes_copy(trace->bytes + at, page->bytes + off, len);
	bytes_copy(trace->initialised + at, page->initialised + off, len);
}

void rules_read(struct evaluation *eval, uint8_t handle, uint64_t off, uint64_t len,
		      unsigned int kind)
{
	struct trace *trace = eval->rules->trace;

	rules_record_access(eval, handle, off, len, kind);
	eval->step->log_len = (uint16_t)len;
	eval->step->log_offset = trace_reserve_log(trace, len);
	rules_append_log(trace, &eval->rules->pages[handle], eval->step->log_offset, off, len);
}

uint8_t *rules_write(struct evaluation *eval, uint8_t handle, uint64_t off, uint64_t len,
			   unsigned int kind)
{
	struct model_page *page = &eval->rules->pages[handle];

	rules_record_access(eval, handle, off, len, WRITE | kind);
	bytes_fill(page->initialised + off, INITIALISED, len);
	return page->bytes + off;
}
