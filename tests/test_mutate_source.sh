#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Mutants of sources: exactly the expected ones are found, and each verdict is given where it
# belongs. On a small tree of its own; then a few on the library.
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/report_state.sh
. "$(dirname "$0")/report_state.sh"

if ! command -v python3 >/dev/null; then
	skip "no python3 to make mutants with"
	done_testing
	exit
fi
if ! $CC --version 2>&1 | grep -q clang && ! command -v clang-19 >/dev/null &&
	! command -v clang >/dev/null; then
	skip "no clang to read sources with"
	done_testing
	exit
fi

# ---- a small tree ----

small=$scratch/small
mkdir -p "$small/src/page" "$small/tests" "$small/tests/mutants" "$small/build/tests" \
	"$small/build/obj/plain/tests"
cat >"$small/src/page/small.h" <<'END'
int small(int a, int b);
int keep(int a, volatile int *spare);
_Bool big(int a);
END
cat >"$small/src/page/small.c" <<'END'
#include "page/small.h"
#define TWICE(x) ((x) + (x))
#define unlikely(x) __builtin_expect(!!(x), 1)
#define true 1
#define false 0

static int minus(int a, int b)
{
	return a - b;
}

int small(int a, int b)
{
	if (unlikely(a < TWICE(2)) && b)
		return minus(a, b);
	for (int i = 0; i != 3; i++)
		a += b;
	return ~a;
}

int keep(int a, volatile int *spare)
{
	*spare = a;
	*spare = a + 0;
	while (a) {
		if (a == 7)
			break;
		a--;
		*spare = a;
	}
	return 5;
}

_Bool big(int a)
{
	return a >= 0 ? true : false;
}
END
cat >"$small/tests/test_small.c" <<'END'
#include "page/small.h"
int main(void)
{
	int spare;

	return small(9, 4) != ~21 || small(1, 2) != -1 || small(9, 0) != ~9 || small(4, 1) != ~7 ||
	       small(3, 2) != 1 || keep(6, &spare) != 5 || keep(9, &spare) != 5 || !big(0) || big(-1);
}
END
: >"$small/tests/mutants/survivors"

small_build() {
	cd "$small/build" &&
		$CC -I../src -c ../tests/test_small.c -o obj/plain/tests/test_small.o &&
		$CC -I../src -c ../src/page/small.c -o small.o &&
		ar -rc libpage-plain.a small.o && ar -rc libharness-plain.a
}

small_mutants() {
	LIBRARY_SOURCE=$small LIBRARY_BUILD=$small/build LIBRARY_CC=$CC LIBRARY_CFLAGS='-O2' \
		LIBRARY_LIBS='' MUTANTS_TESTS=test_small PYTHONDONTWRITEBYTECODE=1 \
		${interrupted-} python3 "$abs_srcdir/tests/mutants/main.py" "$@"
}

# name TEXT: of the one mutant whose line holds it
name() {
	grep -F -- "$1" "$scratch/list" | cut -d ' ' -f 1
}

run_to 0 small_build
ok $? "the small tree builds" "$scratch/err"
run_to 0 small_mutants --list
ok $? "its mutants are listed" "$scratch/err"
cp "$scratch/out" "$scratch/list"
cut -d ' ' -f 2- "$scratch/list" >"$scratch/found"
cat >"$scratch/expected" <<'END'
small.c:9 minus return: a - b => (a - b) + 1
small.c:9 minus return: a - b => 0
small.c:9 minus arithmetic: a - b => a + b
small.c:14 small condition: unlikely(a < TWICE(2)) && b => !(unlikely(a < TWICE(2)) && b)
small.c:14 small condition: unlikely(a < TWICE(2)) && b => 0
small.c:14 small condition: unlikely(a < TWICE(2)) && b => 1
small.c:14 small relation: a < TWICE(2) => a <= TWICE(2)
small.c:14 small relation: a < TWICE(2) => a >= TWICE(2)
small.c:14 small constant: TWICE(2) => TWICE((2 + 1))
small.c:14 small constant: TWICE(2) => TWICE((2 - 1))
small.c:14 small constant: TWICE(2) => TWICE(0)
small.c:14 small logic: unlikely(a < TWICE(2)) && b => unlikely(a < TWICE(2)) || b
small.c:15 small return: minus(a, b) => (minus(a, b)) + 1
small.c:15 small return: minus(a, b) => 0
small.c:15 small swap: minus(a, b) => minus(b, a)
small.c:16 small constant: int i = 0 => int i = (0 + 1)
small.c:16 small constant: int i = 0 => int i = (0 - 1)
small.c:16 small condition: i != 3 => 0
small.c:16 small relation: i != 3 => i == 3
small.c:16 small constant: i != 3 => i != (3 + 1)
small.c:16 small constant: i != 3 => i != (3 - 1)
small.c:16 small constant: i != 3 => i != 0
small.c:16 small step: i++ => i--
small.c:17 small statement: a += b => (void)0
small.c:17 small arithmetic: a += b => a -= b
small.c:18 small not: ~a => a
small.c:18 small return: ~a => (~a) + 1
small.c:18 small return: ~a => 0
small.c:23 keep statement: *spare = a => (void)0
small.c:24 keep statement: *spare = a + 0 => (void)0
small.c:24 keep arithmetic: a + 0 => a - 0
small.c:24 keep constant: *spare = a + 0 => *spare = a + (0 + 1)
small.c:24 keep constant: *spare = a + 0 => *spare = a + (0 - 1)
small.c:25 keep condition: a => !(a)
small.c:25 keep condition: a => 0
small.c:26 keep condition: a == 7 => 0
small.c:26 keep condition: a == 7 => 1
small.c:26 keep relation: a == 7 => a != 7
small.c:26 keep constant: a == 7 => a == (7 + 1)
small.c:26 keep constant: a == 7 => a == (7 - 1)
small.c:26 keep constant: a == 7 => a == 0
small.c:27 keep jump: if (a == 7) break => if (a == 7)
small.c:28 keep statement: a-- => (void)0
small.c:28 keep step: a-- => a++
small.c:29 keep statement: *spare = a => (void)0
small.c:31 keep constant: return 5 => return (5 + 1)
small.c:31 keep constant: return 5 => return (5 - 1)
small.c:31 keep constant: return 5 => return 0
small.c:36 big condition: a >= 0 => 0
small.c:36 big condition: a >= 0 => 1
small.c:36 big return: a >= 0 ? true : false => !(a >= 0 ? true : false)
small.c:36 big relation: a >= 0 => a < 0
small.c:36 big relation: a >= 0 => a > 0
small.c:36 big constant: a >= 0 => a >= (0 + 1)
small.c:36 big constant: a >= 0 => a >= (0 - 1)
small.c:36 big constant: a >= 0 ? true : false => a >= 0 ? false : false
small.c:36 big constant: a >= 0 ? true : false => a >= 0 ? true : true
END
diff "$scratch/expected" "$scratch/found" >"$scratch/diff"
ok $? "they are the expected ones, all of them" "$scratch/diff"

# ---- verdicts ----

# judge [OPTION]...: status in $status
judge() {
	status=0
	small_mutants --trials test_small --jobs 2 --json "$scratch/json" "$@" >"$scratch/out" \
		2>"$scratch/err" || status=$?
}

# verdict_is ID VERDICT
verdict_is() {
	grep -A 30 "\"id\": \"$1\"" "$scratch/json" | grep -m 1 '"verdict"' | grep -qF "\"$2\""
}

shift_of_zero=$(name 'keep arithmetic: a + 0')
unseen=$(name 'keep statement: *spare = a + 0')
endless=$(name 'keep statement: a--')
swapped=$(name 'small swap')
for id in "$shift_of_zero" "$unseen" "$endless" "$swapped"; do
	echo "$id"
done | grep -cE '^[0-9a-f]{8}$' >"$scratch/out"
grep -qx 4 "$scratch/out"
ok $? "four of them by what they change" "$scratch/list"
some=$shift_of_zero,$unseen,$endless,$swapped
judge --only "$some"
[ "$status" -eq 1 ] && grep -q '^66.7 % of 4 of' "$scratch/out"
ok $? "two of three killed are too few: exit status 1" "$scratch/err"
grep -q '"what": "mutants"' "$scratch/json" && grep -q '"status": "failed"' "$scratch/json" &&
	grep -q '"mutants_in_all": [1-9]' "$scratch/json"
ok $? "... and failed in the report's results" "$scratch/json"
report_says failed mutants "$scratch/json"
ok $? "... as make report reads them" "$scratch/said"
verdict_is "$swapped" killed && grep -q 'killed by test_small: .*swap' "$scratch/err"
ok $? "swapped arguments are killed" "$scratch/err"
verdict_is "$endless" killed && grep -q '"status": "hang"' "$scratch/json"
ok $? "a loop without end is killed as a hang" "$scratch/json"
verdict_is "$shift_of_zero" "same code" && verdict_is "$unseen" survived &&
	grep -q "^survived: $unseen small.c" "$scratch/out"
ok $? "a - 0 is the same code; what no test sees survives, by name" "$scratch/out"

judge --only "$some"
[ "$status" -eq 1 ] && ! grep -q '^\[' "$scratch/err" && grep -q '^66.7 % of 4' "$scratch/out"
ok $? "a second run judges nothing again" "$scratch/err"
tail -n 1 "$small/build/tests/mutants/results.jsonl" >"$scratch/last"
sed '$d' "$small/build/tests/mutants/results.jsonl" >"$scratch/kept"
{ cat "$scratch/kept"; head -c 40 "$scratch/last"; } >"$small/build/tests/mutants/results.jsonl"
judge --only "$some"
[ "$(grep -c '^\[' "$scratch/err")" -eq 1 ] && grep -q '^66.7 % of 4' "$scratch/out"
ok $? "a killed run is gone on with: half a line is judged again, nothing else" "$scratch/err"

# Ctrl-C, while the second one hangs.
cat >"$scratch/interrupted" <<'END'
echo $$ >"$0.pid"
exec env --default-signal=INT "$@"
END
interrupted="sh $scratch/interrupted"
judge --only "$swapped,$endless" --jobs 1 --again &
running=$!
tries=0
until grep -q '^\[1/2\]' "$scratch/err" 2>/dev/null || [ $tries -ge 300 ]; do
	sleep 0.2
	tries=$((tries + 1))
done
kill -INT "$(cat "$scratch/interrupted.pid")"
wait $running
interrupted=
grep -q '"status": "stopped"' "$scratch/json" && verdict_is "$swapped" killed && grep -q '^stopped; ' "$scratch/err"
ok $? "a run that is stopped says so in the report's results, with what it knows" "$scratch/err"
report_says stopped mutants "$scratch/json"
ok $? "... as make report reads them" "$scratch/said"

printf '[equivalent] Not read.\n%s keep\n' "$unseen" >"$small/tests/mutants/survivors"
judge --only "$some"
[ "$status" -eq 0 ] && grep -q '^100.0 % of 4' "$scratch/out" && verdict_is "$unseen" equivalent
ok $? "with a reason it is equivalent, and does not count" "$scratch/out"
report_says partly mutants "$scratch/json"
ok $? "some of all mutants: make report reads them as run in part" "$scratch/said"
printf '[weak] Not read.\n%s keep\n' "$unseen" >"$small/tests/mutants/survivors"
judge --only "$some"
[ "$status" -eq 1 ] && grep -q "^survived: $unseen .*Not read" "$scratch/out"
ok $? "a weak one counts, and has its reason" "$scratch/out"
printf '[equivalent] No.\n%s\n%s\n01234567\n' "$swapped" "$unseen" >"$small/tests/mutants/survivors"
judge --only "$some"
[ "$status" -eq 1 ] && grep -q "$swapped: is killed, by test_small" "$scratch/err" &&
	grep -q '01234567: the mutant no longer exists' "$scratch/err"
ok $? "reasons for a killed and for an unknown mutant are reported" "$scratch/err"
printf '%s\n' "$unseen" >"$small/tests/mutants/survivors"
judge --only "$some"
[ "$status" -eq 2 ] && grep -q 'survivors:1: expected' "$scratch/err"
ok $? "an entry without a reason is an error that names its line" "$scratch/err"
: >"$small/tests/mutants/survivors"

# Names stay when other code moves; what is known of another library is forgotten.
{ printf 'int other(void);\nint other(void)\n{\n\treturn 3;\n}\n'; cat "$small/src/page/small.c"; } >"$scratch/moved"
cp "$scratch/moved" "$small/src/page/small.c"
small_mutants --list 2>/dev/null | grep -F " keep " | cut -d ' ' -f 1 >"$scratch/after"
grep -F " keep " "$scratch/list" | cut -d ' ' -f 1 | diff - "$scratch/after" >"$scratch/diff"
ok $? "names of mutants stay when lines move" "$scratch/diff"
judge --only "$swapped"
[ "$status" -eq 0 ] && grep -q '^\[1/1\] killed' "$scratch/err"
ok $? "verdicts of another library are not taken" "$scratch/err"
small_mutants --show "$swapped" >"$scratch/out" 2>&1
grep -q '^+.*return minus(b, a);$' "$scratch/out"
ok $? "--show prints the difference" "$scratch/out"

# If the unchanged library fails, no verdict is valid.
sed -i.old 's/|| big(-1)/|| !big(-1)/' "$small/tests/test_small.c"
run_to 0 small_build
judge --only "$swapped" --again
[ "$status" -eq 1 ] && grep -q 'expected the unchanged library to pass' "$scratch/err"
ok $? "a test that always fails kills no mutant" "$scratch/err"
run_to 2 small_mutants --only nothing && [ "$(wc -l <"$scratch/err")" -eq 1 ]
ok $? "an unknown mutant ends with 2" "$scratch/err"

# ---- the library ----

command=$abs_builddir/tests/mutants/mutants
run_to 0 "$command" --list && [ "$(wc -l <"$scratch/out")" -gt 1000 ]
ok $? "the library has $(wc -l <"$scratch/out") mutants" "$scratch/err"
cp "$scratch/out" "$scratch/list"
grep -oE '^[0-9a-f]{8}' "$abs_srcdir/tests/mutants/survivors" | while read -r id; do
	grep -q "^$id " "$scratch/list" || echo "$id"
done >"$scratch/gone"
[ ! -s "$scratch/gone" ]
ok $? "every mutant of tests/mutants/survivors is one of them" "$scratch/gone"
# Each kind of program is linked as make links it.
run_to 0 "$command" --flavours plain --results "$scratch/results" \
	--only "$(name 'range_good relation: off <= PAGE_SIZE => off < PAGE_SIZE')" \
	--trials "test_page_raw; fuzz_page-replay; run plain, direct; stress disjoint"
ok $? "bounds one too near are killed by test_page_raw" "$scratch/err"

done_testing
