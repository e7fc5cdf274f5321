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

# user_time COMMAND...: processor time in milliseconds.
user_time() {
	{ time -p "$@" >/dev/null; } 2>&1 | awk '/^user|^sys/ { t += $2 } END { print t * 1000 + 1 }'
}

median() {
	sort -n | awk '{ v[NR] = $1 } END { printf "%.2f (%.2f .. %.2f)\n", v[int((NR + 1) / 2)],
		v[int((NR + 3) / 4)], v[int((3 * NR + 1) / 4)] }'
}

for way in libc wide movsb; do
	i=0
	while [ $i -lt "$N" ]; do
		bare=$(user_time ./stress_split -t 1 -n "$OPS" --copy=$way --bare)
		with=$(user_time ./stress_split -t 1 -n "$OPS" --copy=$way)
		awk "BEGIN { print $with / $bare }"
		i=$((i + 1))
	done | median | sed "s/^/stress_split, --copy=$way: time by a bare loop's: /"
done
for backend in direct alias; do
	PAGE_MAP=$backend ./bench_scale
done
