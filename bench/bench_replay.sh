#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The cost of isolation: `replay` of many small programs, which names each failure, against libFuzzer's
# -runs=0 on the same files, which ends at the first crash. Turns spread other load evenly. The gain
# of a second process depends on a free CPU, so this also prints the ratio in equal CPU time. Then
# `replay` runs with inputs that crash, hang and leak, and must name exactly these.
#
#   bench_replay.sh        run in the build directory; prints samples for bench.py
#   BENCH_INPUTS           programs (default 100000, at least 3000)
#   BENCH_ROUNDS           rounds (default 5)
# Exit status 1: replay names a wrong input. 77: no AddressSanitizer, or no fuzz_page.
set -u
# shellcheck source=bench/figures.sh
. "$(dirname "$0")/figures.sh"

inputs=${BENCH_INPUTS:-100000}
rounds=${BENCH_ROUNDS:-5}
if [ "$inputs" -lt 3000 ]; then
	say "bench-replay: expected BENCH_INPUTS of 3000 or more, got $inputs"
	exit 2
fi

for binary in fuzz_page pagetorture-asan make_programs; do
	if [ ! -x ./$binary ]; then
		skipped "replay" "no $binary"
		exit 77
	fi
done

mkdir "$work/inputs"
(here=$PWD && cd "$work/inputs" && "$here/make_programs" "$inputs" 1 bytes) || exit 2

# timed LOG COMMAND...: print "SECONDS CPU-SECONDS"
timed() {
	log=$1
	shift
	python3 - "$log" "$@" <<-'END'
		import resource, subprocess, sys, time
		before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
		with open(sys.argv[1], "w") as log:
		    status = subprocess.call(sys.argv[2:], stdout=log, stderr=subprocess.STDOUT)
		used = resource.getrusage(resource.RUSAGE_CHILDREN)
		print("%.3f %.3f" % (time.monotonic() - start,
		      used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime))
		sys.exit(status)
	END
}

# "SECONDS CPU-SECONDS" of libFuzzer, then of replay
for round in $(seq "$rounds"); do
	say "bench-replay: round $round of $rounds"
	engine=$(timed "$work/engine" ./fuzz_page -runs=0 -timeout=20 "$work/inputs") || exit 1
	replay=$(timed "$work/replay" ./pagetorture replay --flavour asan -j 2 "$work/inputs") || exit 1
	grep -q "^asan  *$inputs  *$inputs  *0 " "$work/replay" || exit 1
	echo "$engine $replay"
done >"$work/rounds"
[ "$(wc -l <"$work/rounds")" -eq "$rounds" ] || exit 1

awk -v n="$inputs" '{ print n / $3 }' "$work/rounds" | figure "replay, 2 processes" inputs/s ""
awk -v n="$inputs" '{ print n / $1 }' "$work/rounds" | figure "libFuzzer -runs=0" inputs/s ""
awk '{ print $1 / $3 }' "$work/rounds" | figure "replay, 2 processes : libFuzzer -runs=0" times ""
awk '{ print $2 / $4 }' "$work/rounds" |
	figure "replay : libFuzzer -runs=0, in equal CPU time" times ">= 1"
awk '$4 / $3 / ($2 / $1) >= 1.5 { print $1 / $3 }' "$work/rounds" >"$work/free"
free="replay, 2 processes : libFuzzer -runs=0, where both had a CPU"
if [ -s "$work/free" ]; then
	figure "$free" times ">= 1" <"$work/free"
else
	skipped "$free" "there was no second CPU"
fi

# ---- failing inputs ----

# spread WAY COUNT OFFSET: replace COUNT good inputs by failing ones.
spread() {
	for i in $(seq "$2"); do
		name=$((i * (inputs / $2) - $3))
		printf '# misbehave: %s\npagetorture 1\np0 = alloc_page(GFP_KERNEL)\n' "$1" \
			>"$work/inputs/$name.page"
		rm "$work/inputs/$name.bin"
		echo "$name.page $1"
	done
}

{
	spread crash 100 17
	spread hang 10 29
	spread leak 10 41
} | sort >"$work/expected"
timed "$work/named" ./pagetorture-dev replay --flavour asan -j 2 --cpu 2 --timeout 10 --json \
	"$work/inputs" >"$work/time"
sed -n 's|^{"input": "[^"]*/\([^"/]*\)", .*"result": "\([a-z-]*\)", "failed": true.*|\1 \2|p' "$work/named" |
	sort | diff "$work/expected" - >"$work/wrong" || status=1
if [ -s "$work/wrong" ]; then
	say "expected (<) and named (>):"
	cat "$work/wrong" >&2
else
	column 1 "$work/time" |
		figure "100 that crash, 10 that hang, 10 that leak among $inputs, all named" s ""
fi
exit "${status:-0}"
