#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# tests/mutants generates exactly the expected mutants of a small library, and gives each mutant its verdict.
# The same holds for a few mutants of src/page.
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools python3
command -v clang-19 >/dev/null || skip_rest_without_tools clang

# ---- a small tree ----

small=$scratch/small
fixture=$abs_srcdir/tests/mutants/small
mkdir -p "$small/src/page" "$small/tests/mutants" "$small/build/obj/plain/tests"
cp "$fixture/small.h" "$fixture/small.c" "$small/src/page"
cp "$fixture/test_small.c" "$small/tests"
chmod -R u+w "$small"

build_small_library_and_test() {
	cd "$small/build" &&
		$CC -I../src -c ../tests/test_small.c -o obj/plain/tests/test_small.o &&
		$CC -I../src -c ../src/page/small.c -o small.o &&
		ar -rc libpage-plain.a small.o && ar -rc libharness-plain.a
}

small_tests=test_small
run_mutants_tool() {
	LIBRARY_SOURCE=$small LIBRARY_BUILD=$small/build LIBRARY_CC=$CC LIBRARY_CFLAGS='-O2' \
		LIBRARY_LIBS='' MUTANTS_TESTS="$small_tests" \
		${interrupted-} python3 -B "$abs_srcdir/tests/mutants/main.py" "$@"
}

expect 0 "the small tree builds" '' build_small_library_and_test
expect 0 "its mutants are listed" '' run_mutants_tool --list
cp "$scratch/out" "$scratch/list"
# Each line lists all mutants of one expression by one mutation operator.
sed 's/^[0-9a-f]* small\.c://' "$scratch/list" | awk -F ' => ' '
	$1 != last { if (NR > 1) print text; text = $0; last = $1; next }
	{ text = text " | " $2 }
	END { print text }' >"$scratch/found"
ok_if_files_equal "they are the expected ones" "$fixture/expected" "$scratch/found"

# ---- verdicts ----

test_mutants_of_small_library() {
	run_mutants_tool --trials test_small --jobs 2 --report "$scratch/report.json" "$@"
}

# write_surviving_list LINE...: writes the LINEs to tests/mutants/surviving of the small library.
write_surviving_list() {
	printf '%s\n' "$@" >"$small/tests/mutants/surviving"
}

# find_mutant_id TEXT: prints the name of the mutant whose line of the list contains TEXT.
find_mutant_id() {
	grep -F -- "$1" "$scratch/list" | cut -d ' ' -f 1
}

# expect_verdict ID VERDICT: the results must have VERDICT for the mutant ID.
expect_verdict() {
	python3 -B -c 'import json, sys
results = json.load(open(sys.argv[1]))["results"]
sys.exit([r["verdict"] for r in results if r["id"] == sys.argv[2]] != [sys.argv[3]])' "$scratch/report.json" "$@"
	ok $? "$1 is $2" "$scratch/report.json"
}

expect_state_in_make_report() {
	report_shows_part_state "$1" mutants "$scratch/report.json"
	ok $? "make report reads the results as $1" "$scratch/said"
}

minus_zero=$(find_mutant_id 'keep arithmetic: a + 0')
unseen=$(find_mutant_id 'keep statement: *spare = a + 0')
endless=$(find_mutant_id 'keep statement: a--')
swapped=$(find_mutant_id 'small swap')
some=$minus_zero,$unseen,$endless,$swapped
write_surviving_list
expect 1 "two of three killed are too few" '^66.7 % of 4 of' test_mutants_of_small_library --only "$some"
grep -q "^survived: $unseen small.c" "$scratch/out" && grep -q 'killed by test_small: .*swap' "$scratch/err"
ok $? "both are named" "$scratch/printed"
expect_state_in_make_report failed
expect_verdict "$swapped" killed
expect_verdict "$endless" killed
grep -q '"status":"hang"' "$scratch/report.json"
ok $? "a loop without end is a hang" "$scratch/report.json"
expect_verdict "$minus_zero" 'same code'
expect_verdict "$unseen" survived

expect 1 "a second run has the same result" '^66.7 % of 4' test_mutants_of_small_library --only "$some"
! grep -q '^\[' "$scratch/err"
ok $? "... and tests nothing again" "$scratch/err"
results=$small/build/tests/mutants/results.jsonl
truncate -s -40 "$results"
expect 1 "after a run that was killed, the incomplete result is tested again" '^\[1/1\]' test_mutants_of_small_library --only "$some"
expect_error "a wrong line of the results" 'NEWS:1: expected a result' run_mutants_tool --results "$abs_srcdir/NEWS"

# Sends SIGINT, as Ctrl-C does, while the second mutant hangs.
cat >"$scratch/interrupted" <<'END'
echo $$ >"$0.pid"
exec env --default-signal=INT "$@"
END
interrupted="sh $scratch/interrupted"
test_mutants_of_small_library --only "$swapped,$endless" --jobs 1 --again >"$scratch/out" 2>"$scratch/err" &
tries=0
until grep -q '^\[1/2\]' "$scratch/err" 2>/dev/null || [ $tries -ge 300 ]; do
	sleep 0.2
	tries=$((tries + 1))
done
kill -INT "$(cat "$scratch/interrupted.pid")"
wait $!
interrupted=
grep -q '^stopped; ' "$scratch/err" && grep -q '"status":"stopped"' "$scratch/report.json"
ok $? "a run that is stopped says so, in the report too" "$scratch/err"
expect_verdict "$swapped" killed
expect_state_in_make_report stopped

# Of the operators that change more than a token: mutants that the test of the small library kills, or does not kill.
cat >"$scratch/verdicts" <<'END'
killed|exit: return 1 => (void)0
survived|exit: { owner->first = 0; owner->second = 0; return 0; } => { return 0; }
killed|operand: unlikely(a < TWICE(2)) && b => b
survived|operand: unlikely(a < TWICE(2)) && b => unlikely(a < TWICE(2))
killed|initial: sum => 0
survived|initial: second => 0
killed|jump: if (a == 7) break => if (a == 7) continue
killed|retry: a += b => a = b
killed|retry: numbers + done => numbers
survived|&(__typeof__(seen)){ seen }
killed|choose_pair substitute: other => find_own()
survived|choose_pair substitute: find_own() => other
killed|- type: unsigned long sum => unsigned int sum
survived|- type: unsigned int first, second => unsigned short second
END
while IFS='|' read -r verdict text; do
	echo "$(find_mutant_id "$text") $verdict"
done <"$scratch/verdicts" >"$scratch/ids"
expect 1 "8 of 14 mutants of other operators are killed" '^57.1 % of 14 of' \
	test_mutants_of_small_library --only "$(cut -d ' ' -f 1 "$scratch/ids" | paste -sd ,)"
while read -r id verdict; do
	expect_verdict "$id" "$verdict"
done <"$scratch/ids"

write_surviving_list '[equivalent] Not read.' "$unseen keep"
expect 0 "an equivalent mutant does not count" '^100.0 % of 4' test_mutants_of_small_library --only "$some"
expect_verdict "$unseen" equivalent
expect_state_in_make_report partly
write_surviving_list '[weak] Not read.' "$unseen keep"
expect 1 "a weak one counts, and has its reason" "^survived: $unseen .*Not read" test_mutants_of_small_library --only "$some"
write_surviving_list '[equivalent] No.' "$swapped" "$unseen" 01234567
expect 1 "a reason for a killed mutant" "$swapped: is killed, by test_small" test_mutants_of_small_library --only "$some"
expect 1 "a reason for a mutant that is gone" '01234567: the mutant no longer exists' test_mutants_of_small_library --only "$some"
write_surviving_list "$unseen"
expect_error "an entry without a reason: its line is named" 'surviving:1: expected' test_mutants_of_small_library --only "$some"
write_surviving_list

# The name of a mutant does not change if its code moves. Verdicts about other library versions are ignored.
printf 'int other(void);\nint other(void)\n{\n\treturn 3;\n}\n' | cat - "$small/src/page/small.c" >"$scratch/moved"
cp "$scratch/moved" "$small/src/page/small.c"
grep -F " keep " "$scratch/list" | cut -d ' ' -f 1 >"$scratch/before"
run_mutants_tool --list 2>/dev/null | grep -F " keep " | cut -d ' ' -f 1 >"$scratch/after"
ok_if_files_equal "names of mutants stay when lines move" "$scratch/before" "$scratch/after"
expect 0 "verdicts of another library are not used" '^\[1/1\] killed' test_mutants_of_small_library --only "$swapped"
expect 0 "--show prints the difference" '^+.*return minus(b, a);$' run_mutants_tool --show "$swapped"

# A surviving mutant is tested only with the trials that it has not passed.
cat >"$small/tests/test_second.c" <<'END'
#include <stdlib.h>
int main(void)
{
	return getenv("SECOND_FAILS") != NULL;
}
END
small_tests='test_small test_second'
build_second_test() {
	$CC -c "$small/tests/test_second.c" -o "$small/build/obj/plain/tests/test_second.o"
}
expect 0 "a second test builds" '' build_second_test
expect 1 "a mutant passes the second test" '^\[1/1\] survived' run_mutants_tool --only "$unseen" --trials test_second
both='test_small; test_second'
export SECOND_FAILS=1
expect 1 "... then only the first test runs" '^\[1/1\] survived' run_mutants_tool --only "$unseen" --trials "$both"
expect 1 "... then none" '^0.0 % of 1 of' run_mutants_tool --only "$unseen" --trials "$both"
! grep -q '^\[' "$scratch/err"
ok $? "... and no line says that one runs" "$scratch/err"
expect 0 "with --again both run" '^\[1/1\] killed by test_second' run_mutants_tool --only "$unseen" --again \
	--trials "$both"
unset SECOND_FAILS
small_tests=test_small

# If the unchanged library fails, no verdict is valid.
sed -i.old 's/|| big(-1)/|| !big(-1)/' "$small/tests/test_small.c"
run_expecting_status 0 build_small_library_and_test
expect 1 "a test that always fails kills no mutant" 'expected the unchanged library to pass' \
	test_mutants_of_small_library --only "$swapped" --again
expect_error "an unknown mutant" nothing run_mutants_tool --only nothing

# ---- the library ----

command=$abs_builddir/tests/mutants/mutants
expect 0 "the library's mutants are listed" . "$command" --list
cp "$scratch/out" "$scratch/list"
[ "$(wc -l <"$scratch/list")" -gt 1000 ]
ok $? "there are $(wc -l <"$scratch/list")"
grep -oE '^[0-9a-f]{8}' "$abs_srcdir/tests/mutants/surviving" | while read -r id; do
	grep -q "^$id " "$scratch/list" || echo "$id"
done >"$scratch/gone"
ok_if_empty "every mutant of tests/mutants/surviving is one of them" "$scratch/gone"
# Tests that tests/mutants links each kind of program (test, replayer, tool, stress) as make does.
expect 0 "bounds one too near are killed" '^\[1/1\] killed' "$command" --results "$scratch/results" \
	--only "$(find_mutant_id 'range_is_valid relation: off <= PAGE_SIZE => off < PAGE_SIZE')" \
	--trials "test_page_raw; fuzz_page-replay; run plain, direct; stress disjoint"

done_testing
