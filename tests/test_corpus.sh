#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Every program of the corpus through every fuzz target, in every flavour, without an
# engine; and a corpus that cannot be replayed is a failure.
. "$(dirname "$0")/tap.sh"

corpus=$abs_srcdir/corpus

# replay BINARY DIRECTORY...
replay() {
	binary=$1
	shift
	if [ ! -x "$abs_builddir/$binary" ]; then
		skip "$binary: this build has no such flavour"
		return
	fi
	run_to 0 "$abs_builddir/$binary" "$@"
	if [ "$status" -eq 69 ]; then
		skip "$(cat "$scratch/err")"
		return
	fi
	[ "$status" -eq 0 ] && grep -q '^[1-9][0-9]* inputs replayed$' "$scratch/out"
	ok $? "$binary: $(tail -n 1 "$scratch/out")" "$scratch/err"
}

for binary in fuzz_page-replay fuzz_page-replay-asan fuzz_page-replay-msan \
	fuzz_fatal-replay fuzz_fatal-replay-asan fuzz_fatal-replay-msan \
	fuzz_fault-replay fuzz_fault-replay-asan fuzz_fault-replay-msan \
	fuzz_race-replay fuzz_race-replay-tsan fuzz_text-replay fuzz_text-replay-asan; do
	replay $binary "$corpus/rules" "$corpus/seed/${binary%%-*}" "$corpus/regress" "$corpus/bugs"
done
for binary in fuzz_api-replay fuzz_api-replay-asan fuzz_api-replay-msan; do
	replay $binary "$corpus/seed/fuzz_api"
done
PAGE_MAP="alias"
export PAGE_MAP
replay fuzz_api-replay "$corpus/seed/fuzz_api"
for binary in fuzz_page-replay-asan fuzz_race-replay-tsan; do
	replay $binary "$corpus/rules" "$corpus/seed/${binary%%-*}" "$corpus/regress" "$corpus/bugs"
done
unset PAGE_MAP

# Calls as text and as bytes are the same.
check_calls() {
	for calls in "$corpus"/seed/fuzz_api/*.calls; do
		"$abs_builddir/fuzz_api-replay" --bytes "$calls" >"$scratch/calls.bin" &&
			"$abs_builddir/fuzz_api-replay" --text "$scratch/calls.bin" >"$scratch/text.calls" &&
			sed 's/ *#.*//; /^$/d' "$calls" | diff - "$scratch/text.calls"
	done >"$scratch/out" 2>&1
	[ ! -s "$scratch/out" ]
	ok $? "calls come back from bytes as they were" "$scratch/out"
	for wrong in 'frob 1' 'align' 'align 1 2' 'alloc 4 1' 'align 99999' 'align x'; do
		printf 'calls 1\nalign 1\n%s\n' "$wrong" >"$scratch/wrong.calls"
		run_to 1 "$abs_builddir/fuzz_api-replay" "$scratch/wrong.calls" &&
			grep -q "wrong.calls:3: expected a call" "$scratch/err"
		ok $? "not a call: $wrong" "$scratch/err"
	done
}

if run_to 69 "$abs_builddir/fuzz_api-replay" --help; then
	skip "calls as text: $(cat "$scratch/err")"
else
	check_calls
fi

# The command-line tool on what once failed.
run_to 0 "$pagetorture" run "$corpus"/regress/*.page
ok $? "corpus/regress: model and executions agree" "$scratch/err"

mkdir "$scratch/empty"
run_to 1 "$abs_builddir/fuzz_page-replay" "$scratch/empty" && grep -q 'at least one' "$scratch/err"
ok $? "an empty directory is a failure" "$scratch/err"
run_to 1 "$abs_builddir/fuzz_page-replay" "$scratch/missing" && grep -q missing "$scratch/err"
ok $? "a missing directory is a failure" "$scratch/err"
cp "$corpus/rules/bounds.page" "$scratch/good.page"
printf 'pagetorture 1\nfrob(p0)\n' >"$scratch/bad.page"
run_to 1 "$abs_builddir/fuzz_page-replay" "$scratch/good.page" "$scratch/bad.page" &&
	grep -q 'bad.page:2' "$scratch/err" && grep -q '^1 inputs replayed' "$scratch/out"
ok $? "a program that cannot be read is a failure, the others are replayed" "$scratch/err"
run_to 2 "$abs_builddir/fuzz_page-replay"
ok $? "no argument is bad usage" "$scratch/err"

for directory in bugs rules seed regress; do
	grep -q "\`$directory/" "$corpus/README.md"
	ok $? "corpus/README.md says what $directory is"
done
for page in "$corpus"/*/*.page "$corpus"/seed/*/*.page; do
	"$pagetorture" convert --text "$page" 2>&1 | cmp -s - "$page" || echo "$page"
done >"$scratch/odd"
[ ! -s "$scratch/odd" ]
ok $? "all programs are canonical text" "$scratch/odd"

done_testing
