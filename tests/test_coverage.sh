#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The corpus reaches all of src/page but what tests/coverage_excluded names, and the unit
# tests reach that.
. "$(dirname "$0")/tap.sh"
# shellcheck source=tests/report_state.sh
. "$(dirname "$0")/report_state.sh"

figures=$abs_builddir/coverage
list=$abs_srcdir/tests/coverage_excluded

# hold FIGURE LIST [JSON LCOV]
hold() {
	python3 "$abs_srcdir/tests/coverage.py" "$1" "$2" "${3-$figures/$1.json}" \
		"${4-$figures/$1.lcov}" "$abs_srcdir"
}

# is_red TEXT NAME FIGURE LIST [JSON LCOV]: does it say TEXT, and end with 1?
is_red() {
	text=$1 name=$2
	shift 2
	run_to 1 hold "$@" && grep -q "^$text" "$scratch/out"
	ok $? "$name" "$scratch/out"
}

if ! command -v python3 >/dev/null; then
	skip "no python3 to compare with"
	done_testing
	exit
fi
cd "$abs_builddir" || exit 99
status=0
sh "$abs_srcdir/build-aux/coverage.sh" "$abs_srcdir" >"$scratch/made" 2>&1 || status=$?
if [ $status -eq 77 ]; then
	skip "$(tail -n 1 "$scratch/made" | sed 's/^skipped: //')"
	done_testing
	exit
fi
ok $status "the corpus and the unit tests run in a build that counts" "$scratch/made"

for figure in replay all; do
	run_to 0 hold $figure "$list"
	ok $? "$(head -n 1 "$scratch/out")" "$scratch/out"
done
run_to 0 python3 -B "$abs_srcdir/report/keep.py" "$scratch/coverage.json" --what coverage \
	--begun 1700000000 --status good --command 'make coverage' \
	--coverage replay="$figures/replay.json" --coverage all="$figures/all.json" &&
	report_says good coverage "$scratch/coverage.json"
ok $? "make report reads both as good" "$scratch/said"
[ -s "$figures/html/replay/index.html" ] && [ -s "$figures/html/all/index.html" ]
ok $? "both as HTML"

# Is the comparison blind?
grep -v '^arena\.c take_elsewhere: ' "$list" >"$scratch/short"
is_red 'not reached: arena.c take_elsewhere: \*' "a function that is not in the list is found" \
	replay "$scratch/short"
sed '/=> false$/d' "$list" >"$scratch/short"
is_red 'not reached: alias_set.c alias_set_find: set => false' "so is a side of a branch" \
	replay "$scratch/short"
sed '/: return -EBUSY;$/d' "$list" >"$scratch/short"
is_red 'not reached: map.c page_map_backend_set: return -EBUSY;' "so is a line" replay "$scratch/short"
sed 's/^\(arena.c arena_init: return;\) x2$/\1/' "$list" >"$scratch/short"
is_red 'not reached 2 times, the list says 1: arena.c arena_init: return;' \
	"so is a second line of the same text" replay "$scratch/short"
(cat "$list"; echo 'raw.c page_write_raw: return 0;') >"$scratch/long"
is_red 'reached, and listed as \[tests\]: raw.c page_write_raw: return 0;' \
	"a line of the list that is reached is found" replay "$scratch/long"
(cat "$list"; printf '[never] for no reason\nbuffer.c order_of: order++;\n') >"$scratch/long"
is_red 'reached, and listed as \[never\]: buffer.c order_of: order++;' \
	"so is one that only the unit tests reach" all "$scratch/long"
is_red 'not reached: buffer.c ' "without the unit tests theirs is not reached" \
	all "$list" "$figures/replay.json" "$figures/replay.lcov"
echo 'page.c page_align' >"$scratch/bad"
run_to 2 hold replay "$scratch/bad"
ok $? "a list that cannot be read is an error" "$scratch/err"

# A replay of less reaches less.
"$LLVM_PROFDATA" merge -o "$scratch/less.profdata" "$figures"/replay/fuzz_page-replay-direct-*.profraw &&
	for format in text lcov; do
		"$LLVM_COV" export -format=$format -instr-profile="$scratch/less.profdata" \
			"$figures/build/pagetorture" "$abs_srcdir/src/page" >"$scratch/less.$format"
	done
is_red 'not reached: map_alias.c alias_map: \*' "a replay of one target alone is not enough" \
	replay "$list" "$scratch/less.text" "$scratch/less.lcov"

done_testing
