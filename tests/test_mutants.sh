#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Proof that the harness sees: the library is broken on purpose, one way at a time, and
# `run` on corpus/rules must disagree, in the flavour that is meant to find it.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

# run_on FLAVOUR: is there a disagreement that is none without the mutation?
run_on() {
	"$scratch/bin/pagetorture$(suffix_of "$1")" run --flavour "$1" "$abs_srcdir"/corpus/rules/*.page \
		>"$scratch/out" 2>"$scratch/err"
	[ $? -eq 1 ] && grep -q "$1: " "$scratch/err"
}

# mutant FLAVOUR FILE SED NAME
mutant() {
	if ! has_flavour "$1"; then
		skip "$4: this build has no $1 flavour"
		return
	fi
	if ! mutate "$2" "$3" && [ -n "$3" ]; then
		ok 1 "$4: the mutation does not apply any more"
		return
	fi
	rm -rf "${scratch:?}/bin"
	if ! build_mutant "$1"; then
		ok 1 "$4: does not build" "$scratch/build"
		return
	fi
	if [ -n "$3" ]; then
		run_on "$1"
		ok $? "$1 finds: $4" "$scratch/out"
	else
		! run_on "$1"
		ok $? "$1: $4" "$scratch/err"
	fi
}


# ---- bounds and bytes ----

mutant plain raw.c '' "the library as it is agrees"
mutant plain range.h 's/len <= PAGE_SIZE - off;/len <= PAGE_SIZE - off + 1;/' "bounds one too far"
mutant plain range.h 's/len <= PAGE_SIZE - off;/len < PAGE_SIZE - off;/' "bounds one too near"
mutant plain range.h 's/off <= PAGE_SIZE && //' "a difference that wraps"
mutant plain range.h 's/off <= PAGE_SIZE && len <= PAGE_SIZE - off/off + len <= PAGE_SIZE/' "a sum that wraps"
mutant plain range.h 's/range_good(size_t off, size_t len)/range_good(unsigned off, unsigned len)/' \
	"numbers cut to 32 bits"
mutant plain raw.c 's/memset(byte(page, off), 0, len)/memset(byte(page, off), 0, len \/ 2)/' \
	"half zeroed"
mutant plain raw.c 's/memset(byte(page, off), 0, len)/memset(byte(page, off), 0, len + 1)/' \
	"one byte too much zeroed"
mutant plain raw.c 's/memcpy(byte(page, off), src, len)/memcpy(byte(page, off), src, len \& ~7ul)/' \
	"a tail that is not written"
mutant plain raw.c 's/memcpy(dst, byte(page, off), len)/memcpy(dst, byte(page, 0), len)/' \
	"read from byte 0"
mutant plain raw.c 's/memcpy(dst, byte(page, off), len)/memcpy(dst, byte(page, off), len + 1)/' \
	"one byte too much read"
mutant msan raw.c 's/memcpy(dst, byte(page, off), len)/memcpy(dst, byte(page, off), len \& ~1ul)/' \
	"a last byte that is not read"
mutant plain raw.c 's/if (dst == src \&\& overlap/if (0 \&\& overlap/' "an overlapping copy let through"
mutant plain raw.c 's/memcpy(byte(dst, dst_off), byte(src, src_off), len)/memcpy(byte(dst, src_off), byte(src, dst_off), len)/' \
	"offsets of a copy mixed up"
mutant plain raw.c 's/to + i, between\[i\]/to + i, between[0]/' "a bytewise read of one byte only"
mutant plain page.c 's/memset(arena_address(page), 0, PAGE_SIZE)/(void)0/' "__GFP_ZERO ignored"

# ---- lifetime and order ----

mutant plain page.c 's/fetch_add_explicit(&page->refs, 1/fetch_add_explicit(\&page->refs, 2/' \
	"a reference counted twice"
mutant plain live.h 's/if (unlikely(!atomic_load.*/if (0)/' "dead pages not noticed"
mutant tsan page.c 's/memory_order_acq_rel/memory_order_relaxed/' "a drop without order"
mutant tsan page.c 's/memset(arena_address(page), PAGE_POISON, PAGE_SIZE)/(void)0/' \
	"a last free that writes nothing"
mutant tsan arena.c 's/^\tsync_hidden_\(begin\|end\)();//' "an allocator lock that orders"
mutant tsan raw.c 's/memcpy(byte(page, off), src, len)/{ memcpy(byte(page, off), src, len); if (len \&\& off + len < PAGE_SIZE) { volatile unsigned char *n = byte(page, off + len); *n = *n; } }/' \
	"a neighbour's byte written back"

mutant tsan raw.c 's/if (unlikely(!page_maps_easily(page)))/{ static struct sync_lock l = SYNC_LOCK_INIT; sync_lock(\&l); sync_unlock(\&l); } &/' \
	"a lock in raw calls that orders"
mutant tsan page.c 's/PAGE_POISON, PAGE_SIZE)/PAGE_POISON, PAGE_SIZE - 1)/' \
	"a last free that leaves out the last byte"
mutant tsan raw.c 's/memcpy(byte(page, off), src, len)/if (memcmp(byte(page, off), src, len)) memcpy(byte(page, off), src, len)/' \
	"a write only where something differs"
mutant plain raw.c 's/if (unlikely(!page_maps_easily(page)))/if (len \&\& unlikely(!page_maps_easily(page)))/' \
	"a dead page let through for no bytes"

# ---- mappings ----

mutant plain task.h 's/return task->depth < PAGE_TASK_MAPPINGS/return task->depth < PAGE_TASK_MAPPINGS - 1/' \
	"one mapping too few"
mutant plain live.h 's/more >= PAGE_TASK_MAPPINGS/more > PAGE_TASK_MAPPINGS/' "one mapping too many"
mutant plain raw.c 's/page_must_map_at(src, 1/page_must_map_at(src, 0/' "a copy that counts one mapping"
mutant plain raw.c 's/page_must_map_at(dst, 0, site);/page_must_map_at(src, 1, site); page_must_map_at(dst, 0, site);/' \
	"a copy that looks at its source first"
mutant plain task.h 's/if (unlikely((uintptr_t)addr - (uintptr_t)newest >= PAGE_SIZE))/if (0)/' \
	"an order that nobody checks"

# ---- user memory and failures ----

mutant plain user_slice.c 's/memset(to + done, 0, len - done)/(void)0/' "a rest that is not zeroed"
mutant plain user_slice.c 's/size_t done = user_copy(to, reader->at, len);/size_t done = user_copy(to, reader->at, len); if (done \&\& done < len) done--;/' \
	"a prefix one byte short"
mutant plain user_slice.c 's/if (!copy_or_zero(to, reader, len))/if (!copy_or_zero(to, reader, len) \&\& (move_on(reader, len), 1))/' \
	"a reader that moves on a fault"
mutant plain user_slice.c 's/reader->left -= len/reader->left -= len \/ 2/' "a wrong remainder"
mutant plain user_slice.c 's/if (len > reader->left)$/if (len >= reader->left)/' "the last byte out of reach"
mutant plain fault.c 's/return --task->fail_nth/return task->fail_nth--/' "one failure too late"
mutant plain fault.c 's/(__GFP_NOFAIL | GET(ignore_gfp))/GET(ignore_gfp)/' "__GFP_NOFAIL fails"

done_testing
