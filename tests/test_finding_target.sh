#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `minimize` and `triage` run a finding with the fuzz target that found it, and keep the failure that this target
# reports. This script tests each fuzz target with a bug in the page library that the target finds.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

cd "$scratch" || exit 99
bin=$scratch/bin tool=$scratch/bin/pagetorture

# build_replayer_with_changed_library TARGET FLAVOUR OBJECT...:
# builds the target's replayer with the library of $scratch/src.
build_replayer_with_changed_library() {
	target=$1 flavour=$2
	shift 2
	for object in api_call fuzz fuzz_commands input main_replay "$target" "$@"; do
		echo "$abs_builddir/obj/$flavour/fuzz/$object.o"
	done >"$scratch/objects"
	# shellcheck disable=SC2046,SC2086 # split into words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 $(print_sanitizer_flags "$flavour") $(print_hook_flags "$flavour") -I"$scratch/src" -I"$abs_srcdir/src" \
		"$scratch"/src/page/*.c $(cat "$scratch/objects") ${harness_source-} \
		"$abs_builddir/libharness-$flavour.a" -lpthread \
		-o "$bin/$target-replay$(print_flavour_suffix "$flavour")" >"$scratch/build" 2>&1
}

# write_finding TARGET NAME: stores the program on standard input as the finding NAME of the target.
write_finding() {
	mkdir -p "camp/$1/findings"
	cat >text.page
	"$pagetorture" convert --bytes text.page >"camp/$1/findings/$2"
}

# minimize_finding_expecting TARGET NAME PATTERN: minimizes the finding NAME to the file small, with messages
# in the file err; true if a message matches PATTERN.
minimize_finding_expecting() {
	rm -f small
	run_expecting_status 0 timeout 300 "$tool" minimize -o small "camp/$1/findings/$2" && grep -q "$3" err
}

copy_library_and_change_file raw.c 's/memset(byte_address(page, off), 0, len)/memset(byte_address(page, off), 1, len)/'
for name in zero-missing-when-injected unmap-order-unchecked buffer-one-page-more; do
	(cd "$scratch" && patch -s -p1 <"$abs_srcdir/tests/bugs/patch/$name.patch")
done >build 2>&1 && build_changed_tool plain
ok $? "a library with bugs" build

# ---- without a replayer ----

# The fuzz target removes calls that race (T0, T1) or never run (T3) before it executes the program.
write_finding fuzz_page crash-1 <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
p1 = alloc_page(GFP_NOIO)
T0: write_raw(p1, 0x10, 0x40, 3)
T1: write_raw(p1, 0x20, 0x40, 3)
T2: fill_zero(p0, 0xfc0, 0x40)
T2: read_raw(p0, 0xfc0, 0x20)
T3: wait(s0)
END
cp "$abs_srcdir/corpus/rules/deadlock.page" camp/fuzz_page/findings/sound.page
run_expecting_status 1 "$tool" minimize camp/fuzz_page/findings/sound.page &&
	grep -q 'fuzz_page: expected the replayer of fuzz_page .*make fuzz_page-replay-asan' err &&
	grep -q 'nothing to minimise: all flavours agree with the model' err
ok $? "without its replayer: says so, and a rule that is broken as the model says is no failure" err

# ---- fuzz_page ----

build_replayer_with_changed_library fuzz_page plain
ok $? "fuzz_page-replay" build
expect 1 "a sound program that breaks a rule is no finding of fuzz_page" 'nothing to minimise: fuzz_page reports no failure' \
	"$tool" minimize camp/fuzz_page/findings/sound.page
rm camp/fuzz_page/findings/sound.page
printf '%s\n' 'pagetorture 1' 'main: p0 = alloc_page(GFP_KERNEL)' 'main: fill_zero(p0, 0, 1)' \
	>expected.page
minimize_finding_expecting fuzz_page crash-1 ': fuzz_page: read_raw: byte # read: expected #, got #$\|: fuzz_page: end: byte # of p#: expected #, got #$'
ok $? "fuzz_page: what the target reports, not a race and no deadlock" err
[ "$(grep -c '(' small)" -le 3 ] && ! grep -q 'wait\|write_raw' small && grep -q fill_zero small &&
	"$bin/fuzz_page-replay" small >out 2>&1
[ $? -eq 134 ] && run_expecting_status 1 "$tool" run --flavour plain small
ok $? "its result fails in the target and in run" small
run_expecting_status 0 "$tool" minimize --target fuzz_page -o small text.page && grep -q 'fuzz_page: ' err
ok $? "--target says it where the directory does not" err
run_expecting_status 2 "$tool" minimize --target fuzz_pge text.page && grep -q 'expected --target of fuzz_api, .*, got ' err
ok $? "a target that there is not" err

# ---- fuzz_fault, fuzz_fatal ----

write_finding fuzz_fault crash-1 <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
p1 = alloc_page(GFP_KERNEL)
u0 = user_slice(64, 1)
T1: write_raw(p1, 0, 64, 3)
T2: write_raw(p1, 0, 64, 3)
T0: write_raw(p0, 0, 32, 7)
T0: copy_from_user_slice(p0, u0, 0, 32)
T0: read_raw(p0, 0, 32)
T3: wait(s0)
END
build_replayer_with_changed_library fuzz_fault plain && minimize_finding_expecting fuzz_fault crash-1 ': fuzz_fault: .*byte # .*expected #, got #' &&
	grep -q copy_from_user_slice small && [ "$(grep -c '(' small)" -le 6 ] && ! grep -q 'wait' small
ok $? "fuzz_fault: the injected failure" err
write_finding fuzz_fatal crash-1 <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
p1 = alloc_page(GFP_KERNEL)
T1: write_raw(p1, 0, 64, 3)
T2: write_raw(p1, 0, 64, 3)
T0: k0 = kmap_local(p0)
T0: k1 = kmap_local(p1)
T0: write_raw(p0, 0, 1, 1)
T0: kunmap_local(k0)
END
build_replayer_with_changed_library fuzz_fatal plain && minimize_finding_expecting fuzz_fatal crash-1 ': fuzz_fatal: .*unmap-order' &&
	[ "$(grep -c '(' small)" -le 5 ] && grep -q kunmap_local small
ok $? "fuzz_fatal: the call that had to end the process" err

# ---- fuzz_api ----

mkdir -p camp/fuzz_api/findings camp/fuzz_text/findings
printf '%s\n' 'calls 1' 'align 3' 'alloc 1 1' 'buffer_alloc 2 2 0' 'churn 9' 'buffer_walk 2 1' 'release 1' >calls
api_parts=$(sed -n '/^fuzz_api_parts/,/[a-z]$/s/.*%D%\/\(api_[a-z_]*\)\.c.*/\1/p' "$abs_srcdir/fuzz/local.mk")
# shellcheck disable=SC2086 # split into words
build_replayer_with_changed_library fuzz_api plain $api_parts &&
	"$bin/fuzz_api-replay" --bytes calls >camp/fuzz_api/findings/crash-1
minimize_finding_expecting fuzz_api crash-1 ': fuzz_api: .* at buffer_walk$' && grep -q '^calls 1$' small &&
	[ "$(wc -l <small)" -le 3 ] && tail -n 1 small | grep -q '^buffer_walk'
ok $? "fuzz_api: calls are left out" err
"$bin/fuzz_api-replay" small >out 2>&1
[ $? -eq 134 ]
ok $? "its result fails in the target" small
cp calls camp/fuzz_api/findings/crash-2
minimize_finding_expecting fuzz_api crash-2 ': fuzz_api: .* at buffer_walk$' && [ "$(wc -l <small)" -le 3 ]
ok $? "fuzz_api: the same from text" err
rm camp/fuzz_api/findings/crash-2

# ---- fuzz_text ----

# Changes the parser: it reports an error at the end of the text with a line number after the end.
sed 's/reader.line_number ? reader.line_number : 1/reader.line_number + 9/' "$abs_srcdir/src/harness/program/program_text.c" >text.c
printf '%s\n' '# one' '# two' '' '# three' >camp/fuzz_text/findings/crash-1
harness_source=$scratch/text.c build_replayer_with_changed_library fuzz_text plain &&
	minimize_finding_expecting fuzz_text crash-1 ': fuzz_text: expected an error message of one line with a line number of the text$' &&
	[ "$(wc -c <small)" -eq 1 ]
ok $? "fuzz_text: lines and bytes are left out" err

# ---- fuzz_race ----

if has_flavour_or_skip tsan "fuzz_race"; then
	write_finding fuzz_race crash-1 <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
p1 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: write_raw(p0, 0, 8, 1)
T1: read_raw(p0, 4, 8)
T0: write_raw(p1, 0, 8, 1)
T1: write_raw(p1, 8, 8, 1)
T2: wait(s0)
END
	sed 's/if (unlikely(!page_is_certainly_mappable(page)))/all = 1; &/; s/^#include <string.h>/&\nstatic volatile char all;/' \
		src/page/raw.c >raw.c && mv raw.c src/page/raw.c
	build_changed_tool tsan && build_replayer_with_changed_library fuzz_race tsan &&
		minimize_finding_expecting fuzz_race crash-1 ': fuzz_race: .* library-race with ' &&
		[ "$(grep -c '(' small)" -le 3 ] && "$bin/fuzz_race-replay-tsan" small >out 2>&1
	[ $? -eq 134 ] && [ "$("$pagetorture" check small | sed -n '1s/.*: //p')" != deadlock ]
	ok $? "fuzz_race: the race of the library" err
fi

# ---- fuzz_explore ----

# The target shortens a program of more than 12 calls, and removes the calls that never run or race.
if has_flavour_or_skip tsan "fuzz_explore"; then
	mv src/page earlier-bugs
	cp -r "$abs_srcdir/src/page" src/page
	chmod -R u+w src/page
	write_finding fuzz_explore crash-1 <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
get_page(p0)
T0: read_raw(p0, 0, 8)
T1: read_raw(p0, 8, 8)
T2: wait(s0)
T0: free_page(p0)
T1: free_page(p0)
END
	patch -s -p1 <"$abs_srcdir/tests/bugs/patch/ref-tested-before-the-drop.patch" &&
		build_changed_tool tsan && build_replayer_with_changed_library fuzz_explore tsan
	ok $? "fuzz_explore-replay-tsan" build
	minimize_finding_expecting fuzz_explore crash-1 ': fuzz_explore: all pages are freed, but the library did not free # bytes of them' &&
		[ "$(grep -c '(' small)" -eq 4 ]
	ok $? "fuzz_explore: the frame that is lost in an interleaving" err
	"$bin/fuzz_explore-replay-tsan" small >out 2>&1
	[ $? -eq 134 ] && grep -q '^schedule T' out && awk '/^explore: /{ on = sub(/^explore: /, "") } on; /^END$/{ exit }' out >explore.sh
	ok $? "... with its schedule" out
	sh explore.sh >explored 2>&1
	[ $? -eq 1 ] && grep -q 'T. stops in free_page of line' explored
	ok $? "... and the printed command shows the switch of threads" explored
	expect 0 "triage: the lost frame is one failure" '^fuzz_explore-.*: 1 finding' "$tool" triage --tries 2 -o explored-triage camp/fuzz_explore/findings
	rm -r camp/fuzz_explore
	rm -r src/page
	mv earlier-bugs src/page
fi

# ---- triage ----

# Writes another program, which fails by the same bug.
cat >other.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T2: fill_zero(p0, 0xfc0, 0x40)
T2: read_raw(p0, 0xfc0, 0x20)
free_page(p0)
free_page(p0)
END
"$pagetorture" convert --bytes other.page >camp/fuzz_page/findings/crash-4

cp "$abs_srcdir/corpus/rules/unmap-order.page" camp/fuzz_page/findings/order.page
expect 1 "triage: a sound program is named, exit 1" 'fuzz_page/findings/order.page: does not fail here, in 2 tries' \
	timeout 500 "$tool" triage --flavour plain --tries 2 camp
rm camp/fuzz_page/findings/order.page
expect 0 "triage: all findings of all targets" '' timeout 500 "$tool" triage --flavour plain --tries 2 camp
[ "$(find camp/triage -name 'fuzz_page-*' | wc -l)" -eq 1 ] && grep -q 'crash-4$' camp/triage/fuzz_page-*/summary.txt
ok $? "triage: one bug is one failure" out
for target in fuzz_api fuzz_fatal fuzz_fault fuzz_page fuzz_text; do
	set -- "camp/triage/$target"-*
	[ -s "$1/summary.txt" ] && grep -q "^signature  $target: " "$1/summary.txt" &&
		grep -q "ERROR: $target: " "$1/report.txt"
	ok $? "triage: $target by its own report" "$1/summary.txt"
	# shellcheck disable=SC2016 # the other shell expands it
	run_expecting_status 134 env -i sh -c 'cd / && exec sh "$1"' sh "$scratch/$1/replay.sh" && grep -q "ERROR: $target: " err
	ok $? "triage: $target, its replay.sh" err
done
set -- camp/triage/fuzz_page-*
grep -q '^fuzz_page disagrees with the model$' "$1/explanation.txt" && grep -q 'Seen: .*expected 0x00, got 0x01' "$1/explanation.txt"
ok $? "the explanation shows what the target saw" "$1/explanation.txt"
grep -q 'Expected: clean. Seen by fuzz_page: .*expected 0x00, got 0x01' "$1/reproduce.c"
ok $? "and so does the C file" "$1/reproduce.c"
grep -q '^calls  *[12], of 6$' camp/triage/fuzz_api-*/summary.txt && grep -q '^buffer_walk' camp/triage/fuzz_api-*/minimised.calls
ok $? "calls for people" "$(echo camp/triage/fuzz_api-*/summary.txt)"

# ---- explain and to-c of a program with a disagreement ----

# The program breaks a rule, as the model predicts, and the executions also have another disagreement.
cat >both.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
# a comment, so that line numbers of the file differ from numbers of calls
p1 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: write_raw(p1, 0, 8, 1)
T1: write_raw(p1, 0, 8, 1)
main: fill_zero(p0, 0, 8)
main: read_raw(p0, 0, 8)
END
run_expecting_status 0 "$tool" explain --ascii both.page && ! grep -q disagrees out
ok $? "explain: without --run nothing is executed" out
run_expecting_status 1 "$tool" explain --ascii --run --flavour plain both.page &&
	grep -q '^both.page: data-race; plain disagrees$' out && grep -q '^plain disagrees with the model$' out &&
	grep -q '^  Seen: line 8: byte 0 read: expected 0x00, got 0x01$' out &&
	grep -q '^  Expected at line 8: main: read_raw(p0, 0, 8) -> 0, which races with no other call$' out &&
	grep -q '^! *8 ' out && grep -q '^data-race ' out
ok $? "explain --run: the disagreement comes first, its line is marked" out
sed '/^T[01]/d' both.page >clean.page
run_expecting_status 1 "$tool" explain --ascii --run --flavour plain clean.page && grep -q '^clean: the program breaks no rule' out &&
	! grep -q 'no rule is broken' out
ok $? "explain --run: not a word of a sound program alone" out
run_expecting_status 0 "$pagetorture" explain --ascii --run --flavour plain clean.page && grep -q '^clean: no rule is broken' out
ok $? "explain --run: on a library that is right" out

printf '%s\n' 'pagetorture 1' 'p0 = alloc_page(GFP_KERNEL)' 'read_raw(p0, 4096, 1)' 'fill_zero(p0, 0, 8)' \
	'read_raw(p0, 0, 8)' >c.page
"$tool" to-c --no-run -o c.c c.page
$CC -D_GNU_SOURCE -I"$abs_srcdir/src/page" -o c c.c -I"$scratch/src" "$scratch"/src/page/*.c -lpthread 2>build
run_expecting_status 1 ./c && grep -q '^line 5: not as expected: byte 0: expected 0x00, got 0x01$' err
ok $? "to-c: the program prints the byte that is expected, and the one that it got" err
sed 's/page_fill_zero(p0, 0, 8), 0/page_fill_zero(p0, 0, 8), -EFAULT/' c.c >d.c
$CC -D_GNU_SOURCE -I"$abs_srcdir/src/page" -o d d.c -I"$scratch/src" "$scratch"/src/page/*.c -lpthread 2>build
expect 1 "to-c: and so results" '^line 4: not as expected: page_fill_zero(p0, 0, 8): expected -14, got 0$' ./d

done_testing
