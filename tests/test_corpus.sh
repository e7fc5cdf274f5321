#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Every fuzz target runs all inputs of the corpus without an engine, in each of its flavours. A fuzz target
# without a corpus is a failure.
. "$(dirname "$0")/tap.sh"

corpus=$abs_srcdir/corpus

# expect_replay_of_directories_succeeds BINARY DIRECTORY...: the fuzz target runs all inputs of the directories.
expect_replay_of_directories_succeeds() {
	binary=$abs_builddir/$1
	name="$* ${PAGE_MAP-}"
	shift
	if [ ! -x "$binary" ]; then
		skip "$name: this build has no such flavour"
	elif run_expecting_status 69 "$binary" "$@"; then
		skip "$(cat "$scratch/err")"
	else
		[ "$status" -eq 0 ] && grep -q '^[1-9][0-9]* inputs replayed$' "$scratch/out"
		ok $? "${name##*/}: $(tail -n 1 "$scratch/out")" "$scratch/err"
	fi
}

while read -r backend target flavours; do
	PAGE_MAP=$backend
	export PAGE_MAP
	programs="$corpus/rules $corpus/regress $corpus/bugs"
	[ "$target" != fuzz_api ] || programs=
	for flavour in $flavours; do
		# shellcheck disable=SC2086 # split into words
		expect_replay_of_directories_succeeds "$target-replay$(print_flavour_suffix "$flavour")" $programs "$corpus/seed/$target"
	done
done <<END_OF_TABLE
direct fuzz_api plain asan msan
direct fuzz_explore tsan
direct fuzz_fatal plain asan msan
direct fuzz_fault plain asan msan
direct fuzz_page plain asan msan
direct fuzz_race plain tsan
direct fuzz_text plain asan
alias fuzz_api plain
alias fuzz_page asan
alias fuzz_race tsan
END_OF_TABLE
unset PAGE_MAP

# `fuzz_api-replay` converts inputs of fuzz_api to bytes and back without a change.
api=$abs_builddir/fuzz_api-replay
if run_expecting_status 69 "$api" --help; then
	skip "calls as text: $(cat "$scratch/err")"
else
	for calls in "$corpus"/seed/fuzz_api/*.calls; do
		"$api" --bytes "$calls" >"$scratch/calls.bin" &&
			"$api" --text "$scratch/calls.bin" >"$scratch/text.calls" &&
			sed 's/ *#.*//; /^$/d' "$calls" | diff - "$scratch/text.calls" || echo "$calls"
	done >"$scratch/wrong" 2>&1
	ok_if_empty "calls have the same text after conversion to bytes" "$scratch/wrong"
	for wrong in 'frob 1' 'align' 'align 1 2' 'alloc 4 1' 'align 99999' 'align x'; do
		printf 'calls 1\nalign 1\n%s\n' "$wrong" >"$scratch/wrong.calls"
		expect 1 "not a call: $wrong" "wrong.calls:3: expected a call" "$api" "$scratch/wrong.calls"
	done
fi

expect 0 "corpus/regress: model and executions agree" '' "$pagetorture" run "$corpus"/regress/*.page

page=$abs_builddir/fuzz_page-replay
mkdir "$scratch/empty"
expect 1 "an empty directory is a failure" 'at least one' "$page" "$scratch/empty"
expect 1 "a missing directory is a failure" missing "$page" "$scratch/missing"
cp "$corpus/rules/bounds.page" "$scratch/good.page"
printf 'pagetorture 1\nfrob(p0)\n' >"$scratch/bad.page"
expect 1 "a program that cannot be read is a failure" 'bad.page:2' "$page" "$scratch/good.page" "$scratch/bad.page"
grep -q '^1 inputs replayed' "$scratch/out"
ok $? "the others are replayed" "$scratch/out"
expect 2 "no argument is bad usage" '' "$page"

for directory in bugs rules seed regress; do
	grep -q "\`$directory/" "$corpus/README.md" || echo $directory
done >"$scratch/missing"
ok_if_empty "corpus/README.md describes each directory" "$scratch/missing"
for page in "$corpus"/*/*.page "$corpus"/seed/*/*.page; do
	"$pagetorture" convert --text "$page" 2>&1 | cmp -s - "$page" || echo "$page"
done >"$scratch/other"
ok_if_empty "all programs are canonical text" "$scratch/other"

done_testing
