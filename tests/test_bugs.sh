#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The suite of seeded bugs: the program of each bug detects the bug, with the detector that bugs.def names, and
# nothing is detected in the unchanged library. The suite also reports each kind of error in bugs.def and in
# the patches.
. "$(dirname "$0")/tap.sh"

suite=$abs_builddir/tests/bugs/bugs
table=$abs_srcdir/tests/bugs/bugs.def
skip_rest_without_tools patch python3
# The suite reads only the first line of each sanitizer report, so no report needs symbols.
ASAN_OPTIONS=symbolize=0
MSAN_OPTIONS=symbolize=0
export ASAN_OPTIONS MSAN_OPTIONS

# ---- the whole suite ----

"$suite" --column replay,explore,unit-test --results "$scratch/all" --report "$scratch/report.json" \
	>"$scratch/printed" 2>"$scratch/progress"
status=$?
sed -n '/^replay: /,$p' "$scratch/printed" >"$scratch/end"
ok $status "the named detector finds every bug, and none in the unchanged library" "$scratch/end"
report_shows_part_state good bugs "$scratch/report.json"
ok $? "make report reads the results of --report as good" "$scratch/said"
head -n 1 "$scratch/progress" | grep -qxE 'tests/bugs/bugs: [0-9]+ libraries, replay,explore,unit-test, [0-9]+ at a time'
ok $? "the first line says what runs" "$scratch/progress"
bugs=$(grep -c '^BUG' "$table")
shown=$(grep -c '^BUG(' "$table")
inside=$(grep -c '^BUG_INSIDE_CALLS(' "$table")
[ "$shown" -ge 60 ] && [ "$inside" -ge 7 ] && "$suite" --list | grep -q "^$bugs bugs$"
ok $? "there are $bugs, $shown of them with a page program, $inside inside of calls"
grep -q '^the unchanged library: 0 findings$' "$scratch/printed"
ok $? "the unchanged library was tested" "$scratch/printed"
for kind in bounds copying zeroing mapping lifetime user_slice injection concurrency errors; do
	"$suite" --list $kind >"$scratch/list" && [ "$(wc -l <"$scratch/list")" -ge 6 ]
	ok $? "kind $kind: $(tail -n 1 "$scratch/list")"
done
"$suite" --column replay,explore,unit-test --results "$scratch/all" bounds >"$scratch/printed" 2>&1 &&
	[ ! -e "$abs_builddir/tests/bugs/work/bounds-sum-wraps" ]
ok $? "what the results hold is not repeated" "$scratch/printed"

# ---- the library without a sanitizer ----

if has_flavour_or_skip tsan "a missing detector"; then
	# The bugs of the kind bounds have the flavour plain.
	sed -n 's/^BUG("\([^"]*\)", [a-z_]*, R[0-9]*, tsan,.*/\1/p' "$table" >"$scratch/needed"
	needed=$(wc -l <"$scratch/needed")
	others=$(grep -c '^BUG([^,]*, bounds,' "$table")
	# shellcheck disable=SC2046 # split into words
	expect 0 "without tsan exactly the $needed bugs that need it survive" \
		"^replay: killed $others of $((needed + others)) bugs" \
		"$suite" --without tsan --results "$scratch/without" bounds $(cat "$scratch/needed")
	expect 1 "a comparison says so" ", $needed lost$" "$suite" --compare "$scratch/all" "$scratch/without"
fi
expect 0 "nothing changed between a run and itself" ' 0 changed, 0 lost$' \
	"$suite" --compare "$scratch/all" "$scratch/all"

# ---- fuzzing from an empty corpus ----

# expect_row_of_fuzzed_bug PROGRAM BUG PATTERN NAME: the row of BUG in the table must match PATTERN.
# expect_row_of_fuzzed_bug skips the check if this build has no PROGRAM.
expect_row_of_fuzzed_bug() {
	if [ ! -x "$abs_builddir/$1" ]; then
		skip "$4: this build has no $1 (make bugs)"
		return
	fi
	grep -qE "^$2 +$3" "$scratch/table"
	ok $? "$4" "$scratch/table"
}

if succeeds_or_skip "this build has no fuzz_page (make fuzzers)" test -x "$abs_builddir/fuzz_page"; then
	expect 0 "bugs are fuzzed, and the unchanged library has no finding" . \
		"$suite" --column fuzz-empty --trials 2 --time 2 --results "$scratch/fuzz" copy-tail-missed \
		unmap-order-unchecked annotation-fresh-missing align-wraps ref-count-wraps scrub-one-more
	cp "$scratch/out" "$scratch/table"
	expect_row_of_fuzzed_bug fuzz_page copy-tail-missed 'bytes 2/2 ' "a bug is found, twice"
	expect_row_of_fuzzed_bug fuzz_fatal-plain unmap-order-unchecked '.* 2/2 ' "a misuse that does not end the process is found"
	expect_row_of_fuzzed_bug fuzz_api-plain align-wraps '.* 2/2 ' "a bug that no page program can show is found"
	expect_row_of_fuzzed_bug fuzz_api-plain scrub-one-more 'contract 2/2 ' "a wrong byte of another page is found"
	expect_row_of_fuzzed_bug fuzz_fatal-msan annotation-fresh-missing 'alive 2/2 ' "a bug that only MemorySanitizer sees is found"
	if succeeds_or_skip "this build cannot count what is reached" test -n "$LLVM_COV"; then
		expect_row_of_fuzzed_bug fuzz_api-plain ref-count-wraps 'reached, not triggered$' \
			"a bug that needs 2^32 references is reached, and not found"
	fi
fi

# ---- errors in the files of the suite ----

# $wrong is a source directory with only three bugs, and with a script that runs the suite on this directory.
wrong=$scratch/wrong
names="bounds-one-too-far zero-ignored align-wraps"
mkdir -p "$wrong/tests/bugs/patch" "$wrong/corpus/bugs" "$wrong/src/dev" "$wrong/report"
cp "$abs_srcdir"/tests/*.[ch] "$abs_srcdir"/tests/*.py "$wrong/tests"
cp -r "$abs_srcdir/src/page" "$abs_srcdir/src/harness" "$abs_srcdir/src/tool" "$wrong/src"
cp "$abs_srcdir"/tests/bugs/*.py "$wrong/tests/bugs"
cp "$abs_srcdir/report/keep.py" "$wrong/report"
cp "$abs_srcdir/src/dev/command_line.py" "$wrong/src/dev"
sed "s|^export LIBRARY_SOURCE=.*|export LIBRARY_SOURCE='$wrong'|" "$suite" >"$scratch/suite"
entry=$wrong/tests/bugs/bugs.def
patch=$wrong/tests/bugs/patch/bounds-one-too-far.patch
program=$wrong/corpus/bugs/bounds-one-too-far.page

# reset_suite_of_three_bugs: undoes all changes of the directory with three bugs, and removes results.
reset_suite_of_three_bugs() {
	for name in $names; do
		cp "$abs_srcdir/tests/bugs/patch/$name.patch" "$wrong/tests/bugs/patch"
		cp "$abs_srcdir/corpus/bugs/$name.page" "$wrong/corpus/bugs" 2>/dev/null
		awk -v name="(\"$name\"," 'index($0, name) { on = 1 } on; /\)$/ { on = 0 }' "$table"
	done >"$entry"
	cp "$abs_srcdir/src/page/range.h" "$wrong/src/page"
	chmod -R u+w "$wrong"
	rm -f "$scratch/results" "$scratch/report.json"
}

# expect_suite_result_and_restore STATUS NAME PATTERN: the suite must end with STATUS for the changed
# directory $wrong, and print PATTERN; then undoes the changes.
expect_suite_result_and_restore() {
	expect "$@" sh "$scratch/suite" --column replay,explore,unit-test --results "$scratch/results" \
		--report "$scratch/report.json"
	[ "$1" -ne 1 ] || report_shows_part_state failed bugs "$scratch/report.json" || ok 1 "$2: in the report" "$scratch/said"
	reset_suite_of_three_bugs
}

reset_suite_of_three_bugs
expect_suite_result_and_restore 0 "a small suite is good" '^as expected$'
sed -i 's/plain, direct, bytes/plain, direct, asan/' "$entry"
expect_suite_result_and_restore 1 "another detector finds the bug" '^zero-ignored: expected asan to find it, got bytes'
sed -i 's/plain, direct, test/plain, direct, hang/' "$entry"
expect_suite_result_and_restore 1 "another detector than the named one fails in a unit test" '^align-wraps: expected hang to find it, got test'
sed -i 's/len <= PAGE_SIZE - off + 1;$/len <= PAGE_SIZE - off + 0;/' "$patch"
expect_suite_result_and_restore 1 "a patch without a bug survives" '^bounds-one-too-far: survived replay'
sed -i 's/len <= PAGE_SIZE - off;/len <= PAGE_SIZE - (off);/' "$wrong/src/page/range.h"
expect_suite_result_and_restore 1 "a patch that does not apply" 'bounds-one-too-far.patch: does not apply any more'
lines=$(sed -n 's/^@@ .* +[0-9]*,\([0-9]*\) @@.*/\1/p' "$patch")
sed -i "s/^+.*off + 1;$/&\n+\tint unused;/; s/^\(@@ .* +[0-9]*\),[0-9]* @@/\1,$((lines + 1)) @@/" "$patch"
expect_suite_result_and_restore 1 "a patch that does not compile without warnings" 'does not compile'
cp "$program" "$wrong/corpus/bugs/zero-ignored.page"
sed -i 's/^main: write_raw.*/main: read_raw(p0, 0, 1) -> EINVAL/' "$program"
expect_suite_result_and_restore 1 "a program whose expectations do not hold" '^clean, plain, direct: replay: expected no finding'
rm "$wrong/corpus/bugs/zero-ignored.page"
expect_suite_result_and_restore 2 "a program that is missing" '^tests/bugs/bugs: zero-ignored: expected .*zero-ignored.page$'
touch "$wrong/tests/bugs/patch/unlisted.patch"
expect_suite_result_and_restore 2 "a patch that bugs.def does not list" 'unlisted: has a patch or a program, and no line'
rm "$wrong/tests/bugs/patch/unlisted.patch"
sed -i 's/, direct, bytes/, sideways, bytes/' "$entry"
expect_suite_result_and_restore 2 "a word that bugs.def does not know" \
	"bugs.def:[0-9]*: zero-ignored: expected a backend of direct, alias, got sideways"
sed -i 's/^BUG("zero-ignored",/BUG("zero-ignored"/' "$entry"
expect_suite_result_and_restore 2 "an entry that cannot be read" 'bugs.def:[0-9]*: expected an entry in the form'

# ---- wrong arguments, and statistics ----

expect_error "an unknown bug" no-such-bug "$suite" no-such-bug
expect_error "a misspelt option: the right one is named" \
	'^tests/bugs/bugs: unknown option --colunm; did you mean --column? (see tests/bugs/bugs --help)$' \
	"$suite" --colunm replay
for arguments in --frob '--time x' '--jobs 0' '--compare one' '--without plain' '--column replay,guessing'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "usage: $arguments" "${arguments%% *}\|${arguments##*,}" "$suite" $arguments
done
for arguments in --list --help; do
	expect_error "a full disk under $arguments" 'No space left' sh -c "'$suite' $arguments >/dev/full"
done
for content in 'my own notes' '["mine"]' '{"version": "of mine"}'; do
	echo "$content" >"$scratch/mine"
	expect_error "--results with another file: $content" 'mine:1: expected a result of an earlier run' \
		"$suite" --results "$scratch/mine" --column matrix bounds-one-too-far
	[ "$(cat "$scratch/mine")" = "$content" ]
	ok $? "... and the file stays"
done
expect_error "--results that cannot be written" "$scratch/mine" \
	"$suite" --results "$scratch/mine/results" --column matrix bounds-one-too-far
expect_error "a comparison with a missing file" missing "$suite" --compare "$scratch/all" "$scratch/missing"
expect 0 "--help has examples" '^Examples:' "$suite" --help

# For the samples 1..10 and 11..20, the normal approximation of Mann and Whitney's p is 0.000183.
PYTHONPATH=$abs_srcdir/tests/bugs:$abs_srcdir/tests python3 -B - >"$scratch/figures" 2>&1 <<'END_OF_PYTHON'
import math
from table import compute_a12, compute_mann_whitney_p
low, high = list(range(1, 11)), list(range(11, 21))
assert compute_a12(low, high) == 1 and compute_a12(high, low) == 0 and compute_a12(low, low) == 0.5
assert abs(compute_mann_whitney_p(low, high) - 0.000183) < 5e-7, compute_mann_whitney_p(low, high)
assert compute_mann_whitney_p([math.inf] * 10, [math.inf] * 10) == 1
assert compute_mann_whitney_p(low, [math.inf] * 10) < 0.001
assert compute_mann_whitney_p([1, 3, 5, 7], [2, 4, 6, 8]) > 0.5
END_OF_PYTHON
ok $? "A12 and Mann-Whitney have their known values" "$scratch/figures"

done_testing
