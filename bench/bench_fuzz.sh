#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# How far fuzzing gets from an empty corpus, on one core, in a given time: with the mutator
# that knows programs, without it, and with a target that reads a plain stream of bytes.
#
#   bench_fuzz.sh           run in the build folder; leaves nothing behind
#   TIME                    seconds of each run (default 60)
#   N                       runs of each (default 5)
#   TARGETS                 what to compare (default: all that were built, of those below)
#
# From make: LLVM_COV and LLVM_PROFDATA; without them branches are not counted.
set -u

TIME=${TIME:-60}
N=${N:-5}
TARGETS=${TARGETS:-"fuzz_page fuzz_page-bytes fuzz_stream fuzz_race fuzz_race-bytes"}
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

# 64 calls, in the longest form that each target has for them.
max_len() {
	case $1 in
	fuzz_stream) echo 1792 ;;
	*) echo 704 ;;
	esac
}

# branches REPLAYER CORPUS: how many branches of src/page it takes, and of how many.
branches() {
	if [ -z "${LLVM_COV-}" ]; then
		echo "- -"
		return
	fi
	LLVM_PROFILE_FILE=$scratch/profile "./$1" "$2" >"$scratch/replay.log" 2>&1 &&
		"$LLVM_PROFDATA" merge -o "$scratch/merged" "$scratch/profile" &&
		"$LLVM_COV" export -summary-only -instr-profile "$scratch/merged" "./$1" |
		sed -n 's/.*"totals":{"branches":{"count":\([0-9]*\),"covered":\([0-9]*\),.*/\2 \1/p'
}

# run TARGET ROUND: a line of figures in $scratch/TARGET.
run() {
	corpus=$scratch/corpus
	rm -rf "$corpus"
	mkdir "$corpus"
	if ! "./$1" -max_total_time="$TIME" -timeout=10 -rss_limit_mb=4096 -print_final_stats=1 \
		-max_len="$(max_len "$1")" -artifact_prefix="$scratch/" "$corpus" >"$scratch/log" 2>&1; then
		echo "bench-fuzz: $1 found something:" >&2
		tail -n 20 "$scratch/log" >&2
		exit 1
	fi
	case $1 in
	fuzz_page*) taken=$(branches fuzz_page-replay-cov "$corpus") ;;
	fuzz_stream) taken=$(branches fuzz_stream-replay-cov "$corpus") ;;
	*) taken="- -" ;;
	esac
	awk -v taken="$taken" -v time="$TIME" '
		/DONE/ { for (i = 1; i < NF; i++) { if ($i == "cov:") cov = $(i + 1)
			if ($i == "ft:") ft = $(i + 1) } }
		/stat::average_exec_per_sec/ { rate = $2 }
		/calls ran/ { for (i = 2; i < NF; i++) if ($i == "calls") calls = $(i - 1) }
		END { split(taken, t, " ")
			print t[1], cov, ft, rate, int(calls / time) }' "$scratch/log" >>"$scratch/$1"
	# Inputs so far and edges so far, at each find.
	sed -n 's/^#\([0-9]*\).* cov: \([0-9]*\) .*/\1 \2/p' "$scratch/log" >"$scratch/$1.curve.$2"
}

# The most edges that any run of the same code reached, with or without the mutator. A
# stream is held against fuzz_page, though its reader has some twenty edges more.
most_edges() {
	case $1 in
	fuzz_race*) kin=fuzz_race ;;
	*) kin=fuzz_page ;;
	esac
	cat "$scratch/$kin" "$scratch/$kin-bytes" 2>/dev/null | cut -d ' ' -f 2 | sort -n |
		tail -n 1
}

# inputs_needed TARGET: until it had 95 % of those; median [least .. most]
inputs_needed() {
	for curve in "$scratch/$1".curve.*; do
		awk -v goal="$(most_edges "$1")" '$2 >= 0.95 * goal { print $1; found = 1; exit }
			END { if (!found) print "1000000000000" }' "$curve"
	done | sort -n | spread | sed 's/1000000000000/never/g'
}

# Of sorted numbers, one a line: median [least .. most]
spread() {
	awk '{ x[NR] = $1 }
		END { if (x[1] == "-") print "-"
			else printf "%s [%s .. %s]\n", x[int((NR + 1) / 2)], x[1], x[NR] }'
}

# figure TARGET COLUMN: median [least .. most]
figure() {
	cut -d ' ' -f "$2" "$scratch/$1" | sort -n | spread
}

compared=
for target in $TARGETS; do
	if [ -x "./$target" ]; then
		compared="$compared $target"
	else
		echo "skipped: $target: this compiler has no engine for it"
	fi
done
[ -n "$compared" ] || exit 77

# In turns, so that what else the machine does hits all of them.
round=0
while [ $round -lt "$N" ]; do
	round=$((round + 1))
	for target in $compared; do
		run "$target" "$round"
		echo "round $round of $N: $target: $(tail -n 1 "$scratch/$target")" >&2
	done
done

echo "from an empty corpus, $TIME s on one core: median of $N [least .. most]"
echo
format='%-16s %-18s %-18s %-22s %-25s %-25s %s\n'
# shellcheck disable=SC2059 # one format for head and rows
row() {
	printf "$format" "$@"
}

row target 'branches, library' 'edges, all' features 'inputs to 95 % of edges' inputs/s \
	'calls/s that ran'
for target in $compared; do
	row "$target" "$(figure "$target" 1)" "$(figure "$target" 2)" "$(figure "$target" 3)" \
		"$(inputs_needed "$target")" "$(figure "$target" 4)" "$(figure "$target" 5)"
done
stored=$(branches fuzz_page-replay-cov seeds/fuzz_page)
echo
echo "the stored corpus takes ${stored% *} of ${stored#* } branches of src/page"
