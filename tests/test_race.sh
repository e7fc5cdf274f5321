#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `race` runs all cells of the race matrix on fibers, and a share of them with every other detector. `race` fails
# if an expectation, a detector or the harness is wrong.
. "$(dirname "$0")/tap.sh"

# expect_detector_agrees DETECTOR CELLS [REPEAT]: each cell that matches CELLS must have the predicted result,
# and in some cells DETECTOR must report a race.
expect_detector_agrees() {
	run_expecting_status 0 "$pagetorture_dev" race --detector "$1" --cell "$2" --repeat "${3:-1}"
	good=$?
	if grep -q "^skipped: $1: " "$scratch/err"; then
		skip "$(sed -n 's/^skipped: //p' "$scratch/err")"
		return
	fi
	[ $good -eq 0 ] && grep -qE "^$1 +[1-9][0-9]* +x[0-9]+ +[1-9][0-9]* +[1-9]" "$scratch/out"
	ok $? "$1, ${2:-all cells}: as predicted" "$scratch/err"
}

expect_detector_agrees tsan-fibers ''
expect_detector_agrees tsan-fibers '*raw/*raw' 11
expect_detector_agrees tsan-threads '*raw'
expect_detector_agrees gcc-fibers ''
expect_detector_agrees gcc-fibers '*raw/*raw' 500
expect_detector_agrees gcc-threads '*raw'
expect_detector_agrees gcc-inline ''
expect_detector_agrees helgrind '*raw/*raw'
expect_detector_agrees drd '*raw/*raw'

# ---- options that run no cell ----

run_expecting_status 0 "$pagetorture_dev" race --list && [ "$(wc -l <"$scratch/out")" -gt 10000 ]
ok $? "--list names all cells" "$scratch/err"
cell=store/load/nested/none
"$pagetorture_dev" race --cell $cell --print >"$scratch/cell.page"
expect 0 "--print gives a program that check reads and that races" ': data-race$' "$pagetorture" check "$scratch/cell.page"
expect_error "a pattern that matches no cell ends with 2" 'matches none' "$pagetorture_dev" race --cell nothing/at/all
expect_error "an unknown detector ends with 2" "got 'unknown'" "$pagetorture_dev" race --detector unknown
mkdir "$scratch/alone"
cp "$pagetorture_dev" "$scratch/alone/"
expect 2 "no detector at all is no pass: it is named, and the end is 2" '^skipped: tsan-fibers' \
	"$scratch/alone/pagetorture-dev" race --detector tsan-fibers --cell $cell

has_flavour tsan || skip_rest "formats and negative controls: this build has no tsan flavour"

# ---- hooks ----

# list_symbols KIND ARCHIVE: prints the symbols of the archive that nm prints with the letter KIND.
list_symbols() {
	nm "$abs_builddir/$2" 2>/dev/null | awk -v kind="$1" 'NF > 1 && $(NF - 1) == kind { print $NF }' | sort -u
}

if [ -e "$abs_builddir/libpage-tsan.a" ]; then
	list_symbols U libpage-tsan.a | grep '^__tsan_' | grep -vxE '__tsan_(func_entry|func_exit|init|java_init)' >"$scratch/called"
	list_symbols T libharness-tsan.a | sed -n 's/^__wrap_//p' | comm -13 - "$scratch/called" >"$scratch/unhooked"
	[ "$(wc -l <"$scratch/called")" -gt 10 ]
	ok $? "the library calls functions of ThreadSanitizer" "$scratch/called"
	ok_if_empty "every access function that the library calls has a hook (tsan_hooks.c)" "$scratch/unhooked"
fi

# ---- formats ----

run_expecting_status 0 "$pagetorture_dev" race --detector tsan-fibers --cell '*raw/*raw' --grid &&
	grep -qE '^ 1 read_raw +\. +\+ *$' "$scratch/out" &&
	[ "$(awk 'length($0) > 100' "$scratch/out" | wc -l)" -eq 0 ]
ok $? "--grid: reads do not race; nothing is wider than 100 columns" "$scratch/out"
expect 0 "--results" '' "$pagetorture_dev" race --detector tsan-fibers,tsan-threads \
	--cell store/store/identical --results "$scratch/race.json"
if has_tool_or_skip jq; then
	jq -e '(.matrix | length) == 14 and .cells == 14 and
		all(.matrix[]; .as_predicted and (.program | startswith("pagetorture 1\n"))) and
		([.matrix[] | select(.expect == "data-race")] | length) == 4' "$scratch/race.json" >"$scratch/out"
	ok $? "--results has an object for each cell, with its program, and a summary" "$scratch/race.json"
	jq -e '[.matrix[] | select(.cell == "store/store/identical/none/aliases")][0].detectors |
		.["tsan-fibers"].verdict == "caught" and .["tsan-threads"].verdict == "caught"' \
		"$scratch/race.json" >"$scratch/out"
	ok $? "writes through two mappings of a page are reported, on fibers and on threads"
fi

# ---- negative controls ----

expect 1 "a detector that is silenced is found out" 'expected it to catch a race' \
	env TSAN_OPTIONS=report_bugs=0 "$pagetorture_dev" race --detector tsan-threads --cell "$cell"

# expect_matrix_failure_after_change NAME SOURCE SED PATTERN OPTION...: race.py must end with 1 and print
# PATTERN after SED has changed SOURCE. If SOURCE is a C file, the programs are built again.
expect_matrix_failure_after_change() {
	name=$1 source=$2 change=$3 text=$4
	shift 4
	rm -rf "${scratch:?}/src" "${scratch:?}/bin"
	mkdir "$scratch/bin"
	cp -r "$abs_srcdir/src" "$abs_srcdir/report" "$scratch/"
	chmod -R u+w "$scratch/src" "$scratch/report"
	sed "$change" "$abs_srcdir/src/$source" >"$scratch/src/$source"
	if cmp -s "$abs_srcdir/src/$source" "$scratch/src/$source"; then
		ok 1 "$name: the change does not apply any more"
		return
	fi
	case $source in
	*.c)
		if ! link_changed_dev_tool plain || ! link_changed_dev_tool tsan; then
			ok 1 "$name: does not build" "$scratch/build"
			return
		fi
		;;
	*) cp "$pagetorture_dev" "$pagetorture_dev-tsan" "$scratch/bin/" ;;
	esac
	run_expecting_status 1 python3 -B "$scratch/src/dev/race/race.py" "$scratch/bin/pagetorture-dev" "$@" &&
		grep -q "$text" "$scratch/err"
	ok $? "$name is found out" "$scratch/err"
}

# link_changed_dev_tool FLAVOUR: links pagetorture-dev with the changed source. Like all of the harness, the
# source is compiled without a sanitizer. The changed object is first in the linker command, so the linker
# ignores the unchanged object of the archive.
link_changed_dev_tool() {
	object=$(basename "$source" .c).o
	# shellcheck disable=SC2046 # split into words
	(cd "$abs_builddir" && $CC -D_GNU_SOURCE -std=gnu11 -g -O1 -fno-builtin -DBYTES_NO_INTERCEPT \
		-I"$scratch/src" -c "$scratch/src/$source" -o "$scratch/$object" &&
		$CC $(print_sanitizer_flags "$1") "$scratch/$object" $(print_dev_objects "$1" | grep -v "/$object\$") \
			"libpagetorture-$1.a" "libharness-$1.a" "libpage-$1.a" -lpthread \
			-o "$scratch/bin/pagetorture-dev$(print_flavour_suffix "$1")") >"$scratch/build" 2>&1
}

expect_matrix_failure_after_change "an order that the tables invent" dev/race/matrix.def 's/^ORDER(reverse, false/ORDER(reverse, true/' \
	'tables and rule model disagree' --list
expect_matrix_failure_after_change "an edge that the model lacks" harness/model/rules.c 's/^\trelease_clock(eval, find_sync_clock(eval));/\tif (eval->call->op == OP_unlock)\n&/' \
	'tables and rule model disagree' --list
expect_matrix_failure_after_change "an expectation that is wrong" dev/race/matrix.def 's/^KIND(write_raw, BYTES, true/KIND(write_raw, BYTES, false/' \
	'/identical/.*the model knows\|expected no report\|disagree' --detector tsan-fibers --cell '*_raw/*_raw'
expect_matrix_failure_after_change "a store that is not reported to the detector" harness/exec/exec_map.c 's/^\t*tsan_record_write(.*//' \
	'expected .*data-race.*, got' --detector tsan-fibers --cell 'store/*raw/page'
# ThreadSanitizer's history of a thread is full after some ten thousand programs; gcc's history is longer.
case $CC in
*clang*)
	expect_matrix_failure_after_change "a detector that is never emptied" dev/command_race_cells.c 's/^\ttsan_clear_shadow();//' \
		'expected .*data-race.*, got' --detector tsan-fibers --backend direct --repeat 40
	;;
*) skip "a detector that is never emptied: this compiler is not clang" ;;
esac

done_testing
