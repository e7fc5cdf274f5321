#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The cost of a stress pattern against a loop of memcpy() with the same checks.
#
#   bench_stress.sh  run in the build directory; prints samples for bench.py
#   BENCH_ROUNDS     rounds (default 7); the two alternate
#   BENCH_OPS        operations of one turn (default 200000)
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

rounds=${BENCH_ROUNDS:-7}
ops=${BENCH_OPS:-200000}

# cpu OPTION...: print the CPU time of the pattern split in milliseconds.
cpu() {
	./pagetorture-stress split -t 1 -n "$ops" "$@" | sed -n 's/.* Cpu: \([0-9]*\)ms .*/\1/p' | tail -n 1 |
		grep '[1-9]'
}

for way in libc wide movsb; do
	for _ in $(seq "$rounds"); do
		bare=$(cpu --copy=$way --bare) && with=$(cpu --copy=$way) || exit 1
		echo "$with $bare"
	done | awk '{ print $1 / $2 }' >"$work/ratios"
	[ "$(wc -l <"$work/ratios")" -eq "$rounds" ] || exit 1
	figure "split, --copy=$way : bare loop, CPU time" times "<= 2" <"$work/ratios"
done
