#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What stress costs beside a bare loop of memcpy() with the same checks, and how it scales.
#
#   bench_stress.sh  run in the build folder
#   N                turns (default 7): the two ways take turns, the median counts
#   OPS              operations of one turn (default 200000)
set -u

: "${N:=7}" "${OPS:=200000}"

# cpu OPTION...: milliseconds of processor time that stress_split says it took.
cpu() {
	./stress_split -t 1 -n "$OPS" "$@" | sed -n 's/.* Cpu: \([0-9]*\)ms .*/\1/p' | tail -n 1 |
		grep '[1-9]'
}

median() {
	sort -n | awk '{ v[NR] = $1 } END {
		if (!NR) { print "expected figures, got none"; exit 1 }
		printf "%.2f (%.2f .. %.2f)\n", v[int((NR + 1) / 2)],
		v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)] }'
}

for way in libc wide movsb; do
	i=0
	while [ $i -lt "$N" ]; do
		bare=$(cpu --copy=$way --bare) && with=$(cpu --copy=$way) || exit 1
		awk "BEGIN { print $with / $bare }"
		i=$((i + 1))
	done | median | sed "s/^/stress_split, --copy=$way: time by a bare loop's: /"
done
for backend in direct alias; do
	PAGE_MAP=$backend ./bench_scale
done
