#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# tests/coverage_excluded lists the code of src/page that the corpus does not reach. The unit tests must reach
# the listed code marked [tests], may reach [chance], and must not reach [never].
. "$(dirname "$0")/tap.sh"

figures=$abs_builddir/coverage
list=$abs_srcdir/tests/coverage_excluded

# compare_coverage_with_list FIGURE LIST [JSON]: coverage.py compares measured coverage with the list of unreached code.
compare_coverage_with_list() {
	python3 "$abs_srcdir/tests/coverage.py" "$1" "$2" "${3-$figures/$1.json}" "$abs_srcdir"
}

skip_rest_without_tools python3
cd "$abs_builddir" || exit 99
status=0
sh "$abs_srcdir/build-aux/coverage.sh" "$abs_srcdir" >"$scratch/made" 2>&1 || status=$?
[ $status -ne 77 ] || skip_rest "$(tail -n 1 "$scratch/made" | sed 's/^skipped: //')"
ok $status "the corpus and the unit tests run in a build with coverage" "$scratch/made"

for figure in replay all; do
	expect 0 "tests/coverage_excluded is right: $figure" "^$figure: " compare_coverage_with_list $figure "$list"
done
run_expecting_status 0 python3 -B "$abs_srcdir/report/keep.py" "$scratch/coverage.json" --what coverage \
	--begun 1700000000 --status good --command 'make coverage' \
	--coverage replay="$figures/replay.json" --coverage all="$figures/all.json" &&
	report_shows_part_state good coverage "$scratch/coverage.json"
ok $? "make report reads both as good" "$scratch/said"
[ -s "$figures/html/replay/index.html" ] && [ -s "$figures/html/all/index.html" ]
ok $? "both as HTML"

# coverage.py reports each kind of error in a changed list of unreached code.
while IFS='|' read -r name figure change pattern; do
	case $change in
	+*) printf '%b\n' "${change#+}" | cat "$list" - ;;
	*) sed "$change" "$list" ;;
	esac >"$scratch/list"
	expect 1 "found: $name" "^$pattern" compare_coverage_with_list "$figure" "$scratch/list"
done <<'END_OF_TABLE'
a function that is not listed|replay|/^alias_set\.c alias_abort_with_errno: /d|not reached: alias_set.c alias_abort_with_errno: \*
a side of a branch|replay|/=> false$/d|not reached: alias_window.c window_canonical: offset < ARENA_SIZE => false
a branch before a line|replay|/: set == MAP_FAILED => true$/d|not reached: alias_set.c add_new_set_or_abort: set == MAP_FAILED => true
one branch with a text that is listed twice|replay|s/^arena.c arena_init: !base => true$/& x2/|not reached 1 times, the list says 2: arena.c arena_init: !base => true
a reached branch that is listed|replay|+raw.c page_write_raw: !range_is_valid(off, len) => true|reached, and listed as \[tests\]: raw.c page_write_raw: !range_is_valid
a branch that only the unit tests reach|all|+[never] for no reason\nbuffer.c find_order: ((size_t)1 << order) < pages => true|reached, and listed as \[never\]: buffer.c find_order:
END_OF_TABLE
expect 1 "found: unit tests that did not run" '^not reached: buffer.c ' \
	compare_coverage_with_list all "$list" "$figures/replay.json"
echo 'page.c page_align' >"$scratch/list"
expect_error "a list that cannot be read" 'list:1: expected' compare_coverage_with_list replay "$scratch/list"

# The inputs of fuzz_page alone reach too little code, so coverage.py must report what they do not reach.
"$LLVM_PROFDATA" merge -o "$scratch/less.profdata" "$figures"/replay/fuzz_page-replay-direct-*.profraw &&
	"$LLVM_COV" export -instr-profile="$scratch/less.profdata" "$figures/build/pagetorture" >"$scratch/less.json"
expect 1 "found: a replay of one target alone" '^not reached: map_alias.c alias_map: \*' \
	compare_coverage_with_list replay "$list" "$scratch/less.json"

done_testing
