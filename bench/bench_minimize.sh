#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The size of minimised racy programs, and the time. Each input is a random program of 40 calls with a
# race. The result must break the same rules and have the same signature, and minimising it again must
# change nothing. Written as C, it must compile without warnings and show the failure.
#
#   bench_minimize.sh      run in the build directory; prints samples for bench.py
#   BENCH_PROGRAMS         number of programs (default 200)
#   BENCH_SEED             seed of the first program (default 1)
#   BENCH_AS_C=no          do not write C files
#   CC                     compiles the C files with all warnings (default clang)
# Exit status 1: a result has another failure, or its C file none. 77: no flavour tsan.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

programs=${BENCH_PROGRAMS:-200}
seed=${BENCH_SEED:-1}
here=$PWD
headers=$(cd "$(dirname "$0")/../src/page" && pwd) || exit 2

if [ ! -x ./pagetorture-tsan ]; then
	skipped "minimised races" "this build has no tsan flavour"
	exit 77
fi
cd "$work" || exit 2
"$here/make_programs" "$programs" "$seed" racy || exit 2

# rules FILE
rules() {
	"$here/pagetorture" check "$1" | sed -n '1s/^[^:]*: //p'
}

# calls FILE
calls() {
	grep -c '(' "$1"
}

# as_c NAME: does the C file reproduce the race? It cannot if the race is a predicted miss.
as_c() {
	if grep -q 'race unseen' "$1.log"; then
		echo "$1" >>unseen
	elif "$here/pagetorture" to-c -o "$1.c" "$1.small" 2>"$1.log3" &&
		${CC:-clang} -Wall -Wextra -Werror -fsyntax-only -I"$headers" "$1.c" 2>>"$1.log3"; then
		echo "$1" >>reproduced
	else
		echo "$1: as C: $(tail -n 1 "$1.log3")" >>other
	fi
}

: >other
: >unseen
: >reproduced
for file in *.page; do
	name=${file%.page}
	begin=$(date +%s%N)
	if ! "$here/pagetorture" minimize -o "$name.small" "$file" 2>"$name.log"; then
		echo "$name: $(tail -n 1 "$name.log")" >>other
		continue
	fi
	end=$(date +%s%N)
	echo "$(calls "$name.small") $(((end - begin) / 1000000))" >>figures
	"$here/pagetorture" minimize -o "$name.again" "$name.small" 2>"$name.log2"
	if [ "$(rules "$file")" != "$(rules "$name.small")" ] ||
		[ "$(sed -n '2s/^[^:]*: //p' "$name.log")" != "$(sed -n '2s/^[^:]*: //p' "$name.log2")" ]; then
		echo "$name: another signature" >>other
	fi
	cmp -s "$name.small" "$name.again" || echo "$name: not the smallest" >>other
	[ "${BENCH_AS_C-}" = no ] || as_c "$name"
done

if [ ! -s figures ]; then
	say "bench-minimize: expected programs to be minimised, got none: $(head -n 1 other)"
	exit 1
fi
column 1 figures | figure "racy programs of 40 calls, calls left" calls "<= 4"
column 2 figures | awk '{ print $1 / 1000 }' | figure "racy programs of 40 calls, each" s ""
if [ "${BENCH_AS_C-}" != no ]; then
	grep -c . reproduced | figure "racy programs that reproduce as C" programs ""
	grep -c . unseen | figure "racy programs that no detector sees" programs ""
fi
say "another signature, not the smallest, or not as C: $(grep -c . other)"
cat other >&2
[ ! -s other ]
