#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Proof that race verdicts hang on what they are said to hang on: one thing is taken
# away, in the rule model, in the model of the detector's memory, in what the library
# reports to the detector, or between inputs, and fuzz_race must find a disagreement.
. "$(dirname "$0")/tap.sh"

case " ${FUZZERS?is set by make check} " in
*' fuzz_race '*) ;;
*)
	skip "this compiler has no engine for fuzz_race"
	done_testing
	exit
	;;
esac

# Each goes red in seconds; a minute is for a machine that is busy.
tries='8 60'

# link FILE...: fuzz_race without its mutator, with these in place of what the build has of them
link() {
	# shellcheck disable=SC2086 # words
	$CC -fsanitize=fuzzer $TSAN_FLAGS "$@" "$objects"/fuzz.o "$objects"/fuzz_commands.o "$objects"/fuzz_race.o \
		"$abs_builddir/libharness-fuzz-tsan.a" "$abs_builddir/libpage-fuzz-tsan.a" -lpthread -o fuzz_race
}

# fuzz SECONDS [PAGE]...: from these programs, or from all of corpus/rules.
fuzz() {
	rm -rf corpus seeds
	mkdir corpus seeds
	time=$1
	shift
	[ $# -gt 0 ] || set -- "$abs_srcdir"/corpus/rules/*.page
	for page; do
		"$pagetorture" convert --bytes "$page" >"seeds/$(basename "$page" .page).bin"
	done
	timeout $((time + 30)) ./fuzz_race -max_total_time="$time" -max_len=704 corpus seeds \
		>out 2>&1
}

# What only fresh state settles is counted, and should never happen either.
goes_red() {
	for try in $tries; do
		fuzz "$try" "$@"
		grep -Eq '^ERROR: fuzz_race: |[1-9][0-9]* disagreements that fresh state' out && return 0
	done
	return 1
}

# build FILE SED: the library is instrumented, harness and target are not
build() {
	case $1 in
	src/page/*) flags=$TSAN_FLAGS ;;
	*) flags="-fno-builtin -DBYTES_NO_INTERCEPT" ;;
	esac
	sed "$2" "$abs_srcdir/$1" >changed.c
	# shellcheck disable=SC2086 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O2 -fsanitize=fuzzer-no-link $flags -I"$abs_srcdir/src" -c changed.c &&
		link changed.o
}

# control FILE SED NAME [PAGE]...: FILE is one that no other includes.
control() {
	file=$1 sed=$2 name=$3
	shift 3
	if ! build "$file" "$sed" >out 2>&1; then
		ok 1 "$name: does not build" out
	elif cmp -s "$abs_srcdir/$file" changed.c; then
		ok 1 "$name: the change does not apply any more"
	else
		goes_red "$@"
		ok $? "found: $name" out
	fi
}

objects=$abs_builddir/obj/fuzz-tsan/fuzz
rules=$abs_srcdir/corpus/rules
cd "$scratch" || exit 99
link >out 2>&1 && fuzz 10 && ! grep -Eq '[1-9][0-9]* disagreements that' out
ok $? "with nothing taken away nothing is found" out

# ---- order that the rule model knows ----

control src/harness/model/rules.c 's/^\tacquire(j, &mutex->clock);//' "a lock that acquires nothing"
control src/harness/model/rules.c 's/^\tacquire(j, &semaphore->clock);//' "a wait that acquires nothing"
control src/harness/model/rules.c 's/^\t\tjoin_all(r);/;/' "lines of main that join no thread"
control src/harness/model/rules_page.c 's/^\tacquire(j, &page->freed);//' \
	"a last free that knows of no other owner"
control src/harness/model/rules_page.c 's/if (!--page->refs)/if (!--page->refs \&\& 0)/' \
	"a last free that touches nothing"

# ---- annotations for the detector ----

control src/page/arena.c 's/^\tsync_hidden_\(begin\|end\)();//' "an allocator whose lock orders"
control src/page/arena.c 's/^\t\tsync_heap_alloc(arena_address.*//' \
	"frames whose allocations the detector cannot distinguish" "$rules/tsan-keeps-four-sets-of-bytes.page"
control src/harness/exec/exec_fiber.c 's/^\t\ttsan_release(&semaphore_tokens.*//' \
	"a post that reports no order to the detector"

# ---- what the detector keeps ----

control src/harness/detect/tsan_shadow.c 's/position \/ sizeof(uint64_t) % CELLS/0/' \
	"a full granule that always throws out the first" "$rules/tsan-forgets-a-fifth-set-of-bytes.page"
control src/harness/detect/tsan_shadow.c 's/granule->cells\[0\].state = MARK;//' "granules without marks"
control src/harness/detect/tsan_real.c 's/^\t__tsan_flush_memory();//' "a detector that is never emptied" \
	"$rules/posts-that-nobody-waits-for.page"

done_testing
