#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Coverage from an empty corpus on one core in a given time: with the mutator for programs, and without it.
#
#   bench_fuzz.sh           run in the build directory; prints samples for bench.py
#   TIME, BENCH_SECONDS     seconds of each run (default 60)
#   N, BENCH_ROUNDS         runs of each (default 5)
#   TARGETS                 targets to compare (default: those below that are built)
#
# make sets LLVM_COV and LLVM_PROFDATA; without them branches are not counted.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

TIME=${TIME:-${BENCH_SECONDS:-60}}
N=${N:-${BENCH_ROUNDS:-5}}
TARGETS=${TARGETS:-"fuzz_page fuzz_page-bytes fuzz_race fuzz_race-bytes"}

# branches REPLAYER CORPUS: print the number of executed branches of src/page, and of all branches.
branches() {
	if [ -z "${LLVM_COV-}" ]; then
		echo "- -"
		return
	fi
	LLVM_PROFILE_FILE=$work/profile "./$1" "$2" >"$work/replay.log" 2>&1 &&
		"$LLVM_PROFDATA" merge -o "$work/merged" "$work/profile" &&
		"$LLVM_COV" export -summary-only -instr-profile "$work/merged" "./$1" |
		sed -n 's/.*"totals":{"branches":{"count":\([0-9]*\),"covered":\([0-9]*\),.*/\2 \1/p'
}

# run TARGET ROUND: append a line of figures to $work/TARGET.
run() {
	corpus=$work/corpus
	rm -rf "$corpus"
	mkdir "$corpus"
	if ! "./$1" -max_total_time="$TIME" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
		-max_len=704 -artifact_prefix="$work/" "$corpus" >"$work/log" 2>&1; then
		echo "bench-fuzz: $1 found something:" >&2
		tail -n 20 "$work/log" >&2
		exit 1
	fi
	case $1 in
	fuzz_page*) taken=$(branches fuzz_page-replay-cov "$corpus") ;;
	*) taken="- -" ;;
	esac
	awk -v taken="$taken" -v time="$TIME" '
		/DONE/ { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1)
			if ($i == "ft:") ft = $(i + 1) } }
		/stat::average_exec_per_sec/ { rate = $2 }
		/calls ran/ { for (i = 2; i < NF; i++) if ($i == "calls") calls = $(i - 1) }
		END { split(taken, t, " ")
			print t[1], cov, ft, rate, int(calls / time) }' "$work/log" >>"$work/$1"
	# Inputs so far and edges so far, at each find.
	sed -n 's/^#\([0-9]*\).* cov: \([0-9]*\) .*/\1 \2/p' "$work/log" >"$work/$1.curve.$2"
}

# The most edges that any run of the same target reached, with or without the mutator.
most_edges() {
	cat "$work/${1%-bytes}" "$work/${1%-bytes}-bytes" 2>/dev/null | cut -d ' ' -f 2 | sort -n | tail -n 1
}

# inputs_needed TARGET: until it had 95 % of those, run by run
inputs_needed() {
	for curve in "$work/$1".curve.*; do
		awk -v goal="$(most_edges "$1")" '$2 >= 0.95 * goal { print $1; found = 1; exit }
			END { if (!found) print "never" }' "$curve"
	done
}

# against NAME SLOW FAST: print for each round the inputs of SLOW divided by those of FAST
against() {
	if [ -s "$work/$2.needed" ] && [ -s "$work/$3.needed" ]; then
		paste -d ' ' "$work/$2.needed" "$work/$3.needed" |
			awk '{ print $2 == "never" ? 0 : $1 == "never" ? "never" : $1 / $2 }' |
			figure "$1" times ">= 10"
	else
		skipped "$1" "no $2 or no $3"
	fi
}

# Rows of a target that counts branches, beside what the stored corpus takes.
branch_rows() {
	if [ -z "${LLVM_COV-}" ]; then
		skipped "$1, branches of src/page" "no llvm-cov"
		return
	fi
	column 1 "$work/$1" | figure "$1, branches of src/page" branches ""
	[ "$1" = fuzz_page ] || return 0
	stored=$(branches fuzz_page-replay-cov seeds/fuzz_page)
	column 1 "$work/$1" | awk -v stored="${stored% *}" '{ print 100 * $1 / stored }' |
		figure "$1, branches from nothing : stored corpus" % ">= 95"
	echo "${stored% *}" | figure "the stored corpus, branches of src/page" branches ""
	echo "${stored#* }" | figure "all branches of src/page" branches ""
}

compared=
for target in $TARGETS; do
	if [ -x "./$target" ]; then
		compared="$compared $target"
	else
		skipped "$target" "this compiler has no engine for it"
	fi
done
[ -n "$compared" ] || exit 77

# In turns, so that what else the machine does hits all of them.
round=0
while [ $round -lt "$N" ]; do
	round=$((round + 1))
	for target in $compared; do
		run "$target" "$round"
		echo "round $round of $N: $target: $(tail -n 1 "$work/$target")" >&2
	done
done

for target in $compared; do
	case $target in fuzz_race*) ;; *) branch_rows "$target" ;; esac
	column 2 "$work/$target" | figure "$target, all edges" edges ""
	column 3 "$work/$target" | figure "$target, features" features ""
	inputs_needed "$target" >"$work/$target.needed"
	figure "$target, inputs to 95 % of the edges" inputs "" <"$work/$target.needed"
	column 4 "$work/$target" | figure "$target, rate" inputs/s ""
	column 5 "$work/$target" | figure "$target, calls that ran" calls/s ""
done
against "inputs to 95 % of the edges, no mutator : mutator" fuzz_page-bytes fuzz_page
against "inputs to 95 % of the edges under ThreadSanitizer, no mutator : mutator" fuzz_race-bytes fuzz_race
