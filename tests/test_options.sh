#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A command line that cannot be used: exit status 2, and one line that says what was expected.
# All commands read theirs by the same table, so what holds for one is asked of another.
. "$(dirname "$0")/tap.sh"

race=$abs_srcdir/examples/race.page

# refuses WORDS COMMAND ARGUMENT...
refuses() {
	words=$1
	shift
	run_to 2 "$pagetorture" "$@" && [ ! -s "$scratch/out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -qF "pagetorture $1: $words (see pagetorture $1 --help)" "$scratch/err"
	ok $? "$*: $words" "$scratch/err"
}

refuses "unknown option --foo" check --foo "$race"
refuses "unknown option -z" to-c -zo out.c "$race"
refuses "unknown option --re" race --re 3
refuses "expected a value after --repeat" run "$race" --repeat
refuses "expected a value after -o" convert "$race" -o
refuses "expected no value, got --json=3" check --json=3 "$race"
refuses "expected no value, got --help=3" explain --help=3 "$race"
refuses "expected --repeat 1 .. 1000000, got '0'" run --repeat 0 "$race"
refuses "expected --rounds 1 .. 1000, got '1001'" bench --rounds=1001 "$race"
refuses "expected --timeout 1 .. 1000000, got '-1'" minimize --timeout -1 "$race"
refuses "expected --tries 1 .. 100000, got '3x'" triage --tries 3x "$scratch"
refuses "expected --jobs 1 .. 64, got '65'" replay -j65 "$race"
refuses "expected --jobs 1 .. 64, got '65'" fuzz --jobs 65
refuses "expected --seconds 1 .. 3600, got ''" to-c --seconds= "$race"
refuses "expected --time like 90, 10m or 8h, got '3y'" fuzz --time 3y
refuses "expected --delays SEED, a number, got 'x'" run --delays x "$race"
refuses "expected --shuffle SEED, a number, got '-3'" replay --shuffle=-3 "$race"
refuses "expected --executor fibers, threads or both, got 'fiber'" run --executor fiber "$race"
refuses "expected --executor fibers or both, got 'threads'" triage --executor threads "$scratch"
refuses "expected --flavour of plain, asan, tsan, msan, got 'asan,usan,tsan'" \
	minimize --flavour asan,usan,tsan "$race"
refuses "expected --engine of libfuzzer, afl, got 'afl,'" fuzz --engine afl,
refuses "expected --backend direct or alias, got 'moon'" race --backend moon
refuses "expected a backend that the page library has, got 'moon'" replay --backend moon "$race"
refuses "expected one FILE" format --bytes
refuses "expected at least one FILE" explain --ascii

for command in bench check convert explain format fuzz minimize race replay run to-c triage; do
	run_to 0 "$pagetorture" $command -h && cp "$scratch/out" "$scratch/help" &&
		run_to 0 "$pagetorture" $command --help && cmp -s "$scratch/out" "$scratch/help" &&
		grep -q "^Usage: pagetorture $command " "$scratch/out"
	ok $? "$command --help, -h" "$scratch/err"
	grep -oE '^  (-[a-z], )?--[a-z-]+' "$scratch/out" | grep -oE '[-][-].*' >"$scratch/told"
	while read -r option; do
		run_to 2 "$pagetorture" $command "$option=x" --no-such-option &&
			! grep -q "unknown option $option" "$scratch/err" || echo "$option"
	done <"$scratch/told" >"$scratch/unknown"
	[ -s "$scratch/told" ] && [ ! -s "$scratch/unknown" ]
	ok $? "$command: every option of its help is one" "$scratch/unknown"
done

done_testing
