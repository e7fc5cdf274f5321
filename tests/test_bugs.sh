#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Proof that the harness sees: every seeded bug of the bank is killed by the program kept for
# it, by the detector that bugs.def names, and the library as it is by none. And proof that
# the suite checks this: each kind of error in a wrong suite is reported.
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/report_state.sh
. "$(dirname "$0")/report_state.sh"

bank=$abs_builddir/tests/bugs/bank

for tool in patch python3; do
	if ! command -v $tool >/dev/null; then
		skip "no $tool"
		done_testing
		exit
	fi
done

# ---- the whole suite ----

"$bank" --column replay,elsewhere --results "$scratch/all.json" \
	--report "$scratch/report.json" >"$scratch/all" 2>"$scratch/progress"
status=$?
sed -n '/^replay: /,$p' "$scratch/all" >"$scratch/end"
ok $status "the named detector finds every bug, and none in the unchanged library" "$scratch/end"
report_says good bugs "$scratch/report.json"
ok $? "make report reads the results of --report as good" "$scratch/said"
head -n 1 "$scratch/progress" | grep -qxE 'tests/bugs/bank: [0-9]+ libraries, replay,elsewhere, [0-9]+ at a time'
ok $? "what is going to happen is said at once" "$scratch/progress"
bugs=$(grep -c '^BUG' "$abs_srcdir/tests/bugs/bugs.def")
shown=$(grep -c '^BUG(' "$abs_srcdir/tests/bugs/bugs.def")
[ "$shown" -ge 60 ] && "$bank" --list | grep -q "^$bugs bugs$"
ok $? "there are $bugs, $shown of them with a page program"
grep -q '^the unchanged library: 0 findings$' "$scratch/all"
ok $? "the unchanged library was tested" "$scratch/all"
for kind in bounds copying zeroing mapping lifetime user_slice injection concurrency errors; do
	"$bank" --list $kind >"$scratch/list" && [ "$(wc -l <"$scratch/list")" -ge 6 ]
	ok $? "kind $kind: $(tail -n 1 "$scratch/list")"
done
"$bank" --column replay,elsewhere --results "$scratch/all.json" \
	>"$scratch/again" 2>&1 && [ ! -e "$abs_builddir/tests/bugs/work/bounds-sum-wraps" ]
ok $? "what the results hold is not done again" "$scratch/again"

# ---- a detector that is missing ----

missing=tsan
if has_flavour $missing; then
	"$bank" --without $missing --results "$scratch/without.json" \
		>"$scratch/without" 2>"$scratch/progress"
	ok $? "without $missing exactly the bugs that need it survive" "$scratch/without"
	needed=$(grep -c "^BUG([^,]*, [a-z_]*, R[0-9]*, $missing," "$abs_srcdir/tests/bugs/bugs.def")
	grep -q "^replay: killed $((shown - needed)) of $shown bugs" "$scratch/without"
	ok $? "they are $needed" "$scratch/without"
	run_to 1 "$bank" --compare "$scratch/all.json" "$scratch/without.json" &&
		grep -q ", $needed lost$" "$scratch/out"
	ok $? "and a comparison says so" "$scratch/out"
else
	skip "this build has no $missing flavour"
fi
run_to 0 "$bank" --compare "$scratch/all.json" "$scratch/all.json" &&
	grep -q ' 0 changed, 0 lost$' "$scratch/out"
ok $? "nothing changed between a run and itself" "$scratch/out"

# ---- fuzzing, from nothing ----

# row BUG: its row of the table.
row() {
	sed -n "s/^$1  *//p" "$scratch/out"
}

if [ -x "$abs_builddir/fuzz_page" ]; then
	run_to 0 "$bank" --column fuzz-empty --trials 2 --time 2 \
		--results "$scratch/fuzz.json" copy-tail-missed unmap-order-unchecked \
		annotation-fresh-missing align-wraps allocator-drops-its-lock
	ok $? "bugs are fuzzed, and the unchanged library has no finding" "$scratch/out"
	row copy-tail-missed | grep -q '^bytes 2/2 '
	ok $? "one is found, twice" "$scratch/out"
	if [ -x "$abs_builddir/fuzz_fatal-plain" ]; then
		row unmap-order-unchecked | grep -q ' 2/2 '
		ok $? "so is one that lets misuse live" "$scratch/out"
	else
		skip "one that lets misuse live: this build has no fuzz_fatal-plain (make bugs)"
	fi
	if [ -x "$abs_builddir/fuzz_api-plain" ]; then
		row align-wraps | grep -q ' 2/2 '
		ok $? "and one that no page program can show" "$scratch/out"
	else
		skip "one that no page program can show: this build has no fuzz_api-plain (make bugs)"
	fi
	if [ -x "$abs_builddir/fuzz_fatal-msan" ]; then
		row annotation-fresh-missing | grep -q '^alive 2/2 '
		ok $? "and one that only MemorySanitizer can see" "$scratch/out"
	else
		skip "one that only MemorySanitizer can see: this build has no fuzz_fatal-msan (make bugs)"
	fi
	if [ -z "$LLVM_COV" ]; then
		skip "this build cannot count what is reached"
	elif [ -x "$abs_builddir/fuzz_api-plain" ]; then
		row allocator-drops-its-lock | grep -q '^reached, not triggered$'
		ok $? "one is reached, but two threads would have to meet there" "$scratch/out"
	fi
else
	skip "this build has no fuzz_page (make fuzzers)"
fi

# ---- banks that are wrong ----

# A source directory with three bugs, and the script that takes it for the source.
wrong=$scratch/wrong
names="bounds-one-too-far zero-ignored align-wraps"
mkdir -p "$wrong/tests/bugs/patch" "$wrong/corpus/bugs" "$wrong/src"
cp -r "$abs_srcdir/src/page" "$wrong/src/page"
cp "$abs_srcdir"/tests/*.[ch] "$abs_srcdir/tests/library_build.py" "$wrong/tests"
cp -r "$abs_srcdir/src/harness" "$abs_srcdir/src/tool" "$wrong/src"
cp "$abs_srcdir"/tests/bugs/*.py "$wrong/tests/bugs"
mkdir "$wrong/report"
cp "$abs_srcdir/report/keep.py" "$wrong/report"
chmod -R u+w "$wrong"
sed -e "s|^LIBRARY_SOURCE=.*|LIBRARY_SOURCE='$wrong'|" "$bank" >"$scratch/bank"

# fresh: the three as they are.
fresh() {
	: >"$wrong/tests/bugs/bugs.def"
	for name in $names; do
		cp "$abs_srcdir/tests/bugs/patch/$name.patch" "$wrong/tests/bugs/patch"
		cp "$abs_srcdir/corpus/bugs/$name.page" "$wrong/corpus/bugs" 2>/dev/null
		awk -v name="(\"$name\"," 'index($0, name) { on = 1 } on; /\)$/ { on = 0 }' \
			"$abs_srcdir/tests/bugs/bugs.def" >>"$wrong/tests/bugs/bugs.def"
	done
	chmod -R u+w "$wrong"
	rm -f "$scratch/wrong.json"
}

# says STATUS WORDS NAME
says() {
	rm -f "$scratch/report.json"
	run_to "$1" sh "$scratch/bank" --column replay,elsewhere --results "$scratch/wrong.json" \
		--report "$scratch/report.json"
	cat "$scratch/err" >>"$scratch/out"
	[ "$status" -eq "$1" ] && grep -q "$2" "$scratch/out" &&
		{ [ "$status" -ne 1 ] || report_says failed bugs "$scratch/report.json"; }
	ok $? "$3" "$scratch/out"
	fresh
}

fresh
says 0 '^as expected$' "a small bank is good"
sed -i 's/plain, direct, bytes/plain, direct, asan/' "$wrong/tests/bugs/bugs.def"
says 1 '^zero-ignored: expected asan to find it, got bytes' "killed by another detector"
sed -i 's/plain, direct, test/plain, direct, hang/' "$wrong/tests/bugs/bugs.def"
says 1 '^align-wraps: expected hang to find it, got test' "elsewhere, too"
sed -i 's/len <= PAGE_SIZE - off + 1;$/len <= PAGE_SIZE - off + 0;/' \
	"$wrong/tests/bugs/patch/bounds-one-too-far.patch"
says 1 '^bounds-one-too-far: survived replay' "a bug that is none survives"
sed -i 's/len <= PAGE_SIZE - off;/len <= PAGE_SIZE - (off);/' "$wrong/src/page/range.h"
says 1 'bounds-one-too-far.patch: does not apply any more' "a patch that does not apply"
cp "$abs_srcdir/src/page/range.h" "$wrong/src/page/range.h"
sed -i 's/^+.*off + 1;$/&\n+\tint unused;/; s/^@@ -8,6 +8,6/@@ -8,6 +8,7/' \
	"$wrong/tests/bugs/patch/bounds-one-too-far.patch"
sed -i 's/^@@ -\([0-9]*\),\([0-9]*\) +\([0-9]*\),[0-9]* @@/@@ -\1,\2 +\3,'"$(($(sed -n \
	's/^@@ -[0-9]*,\([0-9]*\) .*/\1/p' "$wrong/tests/bugs/patch/bounds-one-too-far.patch") + 1))"' @@/' \
	"$wrong/tests/bugs/patch/bounds-one-too-far.patch"
says 1 'does not compile' "a patch that does not compile without warnings"
cp "$wrong/corpus/bugs/bounds-one-too-far.page" "$wrong/corpus/bugs/zero-ignored.page"
sed -i 's/^main: write_raw.*/main: read_raw(p0, 0, 1) -> EINVAL/' \
	"$wrong/corpus/bugs/bounds-one-too-far.page"
says 1 '^clean, plain, direct: replay: expected no finding' "a program whose claims do not hold"
rm "$wrong/corpus/bugs/zero-ignored.page"
says 2 '^tests/bugs/bank: zero-ignored: expected .*zero-ignored.page$' "a program that is missing"
touch "$wrong/tests/bugs/patch/unlisted.patch"
says 2 '^tests/bugs/bank: unlisted: has a patch or a program, and no line' "a patch that bugs.def does not list"
rm "$wrong/tests/bugs/patch/unlisted.patch"
sed -i 's/, direct, bytes/, sideways, bytes/' "$wrong/tests/bugs/bugs.def"
says 2 "bugs.def:[0-9]*: zero-ignored: expected a backend of direct, alias, got sideways" \
	"a word that bugs.def does not know"
sed -i 's/^BUG("zero-ignored",/BUG("zero-ignored"/' "$wrong/tests/bugs/bugs.def"
says 2 'expected 3 entries in the form' "an entry that cannot be read"

# ---- usage, figures ----

run_to 2 "$bank" no-such-bug && grep -q no-such-bug "$scratch/err"
ok $? "a bug that is none is bad usage" "$scratch/err"
run_to 2 "$bank" --colunm replay &&
	[ "$(cat "$scratch/err")" = "tests/bugs/bank: unknown option --colunm; did you mean --column? (see tests/bugs/bank --help)" ]
ok $? "a misspelt option is answered with the right one" "$scratch/err"
for arguments in --frob '--time x' '--jobs 0' '--compare one' '--without plain'; do
	# shellcheck disable=SC2086 # words
	run_to 2 "$bank" $arguments && [ "$(wc -l <"$scratch/err")" -eq 1 ]
	ok $? "usage: tests/bugs/bank $arguments: one line" "$scratch/err"
done
for arguments in --list --help; do
	run_to 2 sh -c "'$pagetorture' bugs $arguments >/dev/full" && [ "$(wc -l <"$scratch/err")" -eq 1 ]
	ok $? "a full disk below bugs $arguments ends with 2, and one line" "$scratch/err"
done
for mine in 'my own notes' '["mine"]' '{"version": "of mine"}'; do
	echo "$mine" >"$scratch/mine"
	run_to 2 "$bank" --results "$scratch/mine" --column matrix bounds-one-too-far &&
		[ "$(wc -l <"$scratch/err")" -eq 1 ] && [ "$(cat "$scratch/mine")" = "$mine" ]
	ok $? "--results with a file of other things is an error, and the file stays: $mine" "$scratch/err"
done
run_to 2 "$bank" --results "$scratch/mine/results" --column matrix bounds-one-too-far &&
	[ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -q "$scratch/mine" "$scratch/err"
ok $? "--results that cannot be written is one line" "$scratch/err"
run_to 2 "$bank" --column replay,guessing && grep -q guessing "$scratch/err"
ok $? "a column that is none is bad usage" "$scratch/err"
run_to 2 "$bank" --compare "$scratch/all.json" "$scratch/no.json"
ok $? "a comparison with nothing is bad usage" "$scratch/err"
run_to 0 "$bank" --help && grep -q '^Examples:' "$scratch/out"
ok $? "--help has examples" "$scratch/out"

# Of 1..10 against 11..20 the normal approximation, corrected by one half, gives 0.000183.
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$abs_srcdir/tests/bugs python3 - >"$scratch/figures" 2>&1 <<'END'
import math
from compare import a12, mann_whitney
low, high = list(range(1, 11)), list(range(11, 21))
assert a12(low, high) == 1 and a12(high, low) == 0 and a12(low, low) == 0.5
assert abs(mann_whitney(low, high) - 0.000183) < 5e-7, mann_whitney(low, high)
assert mann_whitney([math.inf] * 10, [math.inf] * 10) == 1
assert mann_whitney(low, [math.inf] * 10) < 0.001
assert mann_whitney([1, 3, 5, 7], [2, 4, 6, 8]) > 0.5
END
ok $? "A12 and Mann-Whitney are what they are known to be" "$scratch/figures"

done_testing
