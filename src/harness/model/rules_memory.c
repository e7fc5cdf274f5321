/* SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause */
#include "harness/util/bytes.h"
#include "harness/model/rules_state.h"

void rules_record_access(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			 unsigned int flags)
{
	struct access access = {
		.call = eval->call_index,
		.epoch = eval->self->clock.known_releases[eval->call->thread],
		.thread = eval->call->thread,
		.page = page,
		.write = flags & WRITE,
		.atomic = flags & ATOMIC,
		.from = (uint16_t)off,
		.to = (uint16_t)(off + len),
	};

	if (len)
		access_log_append(eval->rules->access_log, &access, &eval->self->clock);
}

void rules_copy_to_log(struct trace *trace, const struct model_page *page, uint32_t log_offset, uint64_t off,
		       uint64_t len)
{
	bytes_copy(trace->bytes + log_offset, page->bytes + off, len);
	bytes_copy(trace->initialised + log_offset, page->initialised + off, len);
}

void rules_record_read(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len, unsigned int flags)
{
	struct trace *trace = eval->rules->trace;

	rules_record_access(eval, page, off, len, flags);
	eval->step->log_len = (uint16_t)len;
	eval->step->log_offset = trace_reserve_log(trace, len);
	rules_copy_to_log(trace, &eval->rules->pages[page], eval->step->log_offset, off, len);
}

uint8_t *rules_record_write(struct evaluation *eval, uint8_t page, uint64_t off, uint64_t len,
			    unsigned int flags)
{
	struct model_page *written_page = &eval->rules->pages[page];

	rules_record_access(eval, page, off, len, WRITE | flags);
	bytes_fill(written_page->initialised + off, INITIALISED, len);
	return written_page->bytes + off;
}
