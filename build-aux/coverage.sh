#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Measure which lines and branches of src/page the corpus reaches, and which the unit tests reach.
#
#   coverage.sh SRCDIR      run in the build directory; writes to coverage/
#
# make sets CC, COVERAGE_FLAGS, LLVM_COV and LLVM_PROFDATA. A separate build has coverage counters, in
# every flavour that supports them. The counters are in a shared mapping of a file (%c), so they
# survive any end of the process.
set -eu

srcdir=${1:?expected the source directory}
if [ -z "${LLVM_COV-}" ]; then
	echo "skipped: coverage ($CC cannot count, or has no llvm-cov of its own)"
	exit 77
fi
# The job server of the calling make may be unavailable.
unset MAKEFLAGS MFLAGS MAKELEVEL
srcdir=$(cd "$srcdir" && pwd)
mkdir -p coverage/build
cd coverage
corpus=$srcdir/corpus

build_programs() {
	[ -e build/Makefile ] || (cd build && "$srcdir/configure" --quiet CC="$CC" \
		CFLAGS="-g -O1 $COVERAGE_FLAGS" --disable-tsan --disable-fuzz --disable-shared)
	make -s -C build -j "$(nproc)" coverage-programs
}

# run_with_counters FIGURE NAME COMMAND...: run the command; store its counters in FIGURE, its output in a log.
run_with_counters() {
	figure=$1 name=$2
	shift 2
	status=0
	LLVM_PROFILE_FILE=$PWD/$figure/$name-%p%c.profraw "$@" >"$figure/$name.log" 2>&1 ||
		status=$?
	[ $status -eq 0 ] || echo "$name: exit status $status; see $PWD/$figure/$name.log" \
		>>"$figure/failed"
}

# run_in_background COMMAND...: run the command in the background; at most one for each CPU.
run_in_background() {
	"$@" &
	started=$((started + 1))
	[ $((started % $(nproc))) -ne 0 ] || wait
}

# Run the rules with both executors, and the whole corpus with the fuzz targets. fuzz_api and fuzz_fatal need
# that the use of an ended mapping ends the process.
replay_corpus() {
	started=0
	for backend in direct alias; do
		run_in_background run_with_counters replay "run-$backend" build/pagetorture run --backend $backend \
			"$corpus"/rules/*.page "$corpus"/regress/*.page "$corpus"/bugs/*.page
	done
	for binary in build/fuzz_*-replay build/fuzz_*-replay-*san; do
		[ -x "$binary" ] || continue
		name=$(basename "$binary")
		for way in direct alias "alias PAGE_MAP_REVOKE=protect" "alias PAGE_MAP_REVOKE=none"; do
			case $name,$way in fuzz_api-*,*none | fuzz_fatal-*,*none) continue ;; esac
			# shellcheck disable=SC2086 # words
			run_in_background run_with_counters replay "$name-${way#* }" env PAGE_MAP=$way "$binary" \
				"$corpus/rules" "$corpus/regress" "$corpus/bugs" "$corpus/seed/${name%%-*}"
		done
	done
	wait
}

run_unit_tests() {
	started=0
	for binary in build/unit-tests build/unit-tests-*san; do
		[ -x "$binary" ] || continue
		for test in $("$binary" --list | grep '^test_page'); do
			run_in_background run_with_counters units "$test-$(basename "$binary")" "$binary" "$test"
		done
	done
	wait
}

# export_figure FIGURE DIRECTORY...: export the counters of the directories in all formats.
export_figure() {
	figure=$1
	shift
	find "$@" -name '*.profraw' >"$figure.files"
	"$LLVM_PROFDATA" merge -f "$figure.files" -o "$figure.profdata"
	# All binaries contain the library; only the unit tests contain page_kernel.h.
	set -- -instr-profile="$figure.profdata" build/pagetorture \
		-object build/unit-tests
	"$LLVM_COV" export "$@" "$srcdir/src/page" >"$figure.json"
	"$LLVM_COV" export -format=lcov "$@" "$srcdir/src/page" >"$figure.lcov"
	"$LLVM_COV" report -show-region-summary=false -show-instantiation-summary=false "$@" \
		"$srcdir/src/page" >"$figure.txt"
	"$LLVM_COV" show -format=html -show-branches=count -output-dir="html/$figure" "$@" \
		"$srcdir/src/page"
}

build_programs
rm -rf replay units html
mkdir replay units
replay_corpus
run_unit_tests
if [ -e replay/failed ] || [ -e units/failed ]; then
	cat replay/failed units/failed 2>/dev/null
	exit 1
fi
export_figure replay replay
export_figure all replay units
