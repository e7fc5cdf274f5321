#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Inputs per second of libFuzzer, starting from the seeds, on one core.
#
#   bench_rates.sh   run in the build directory; prints samples for bench.py
#   BENCH_ROUNDS     runs of each target, in turns (default 3)
#   BENCH_SECONDS    seconds of each (default 5)
# Exit status 77: no libFuzzer.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

targets=
for target in fuzz_page fuzz_race; do
	if [ -x ./$target ]; then
		targets="$targets $target"
	else
		skipped "$target, from the seeds" "this compiler has no engine for it"
	fi
done
[ -n "$targets" ] || exit 77

for _ in $(seq "${BENCH_ROUNDS:-3}"); do
	for target in $targets; do
		rm -rf "$work/corpus"
		mkdir "$work/corpus"
		./"$target" -max_total_time="${BENCH_SECONDS:-5}" -max_len=704 -print_final_stats=1 \
			"$work/corpus" seeds/"$target" >"$work/log" 2>&1 || {
			tail -n 20 "$work/log" >&2
			exit 1
		}
		awk '/average_exec_per_sec/ { print $2 }' "$work/log" >>"$work/$target"
	done
done
for target in $targets; do
	figure "$target, from the seeds" inputs/s "" <"$work/$target"
done
