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
# The make of the second build must not use the job server of the calling make.
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

# run_with_counters FIGURE: run each line NAME COMMAND... of standard input, at most one for each CPU at a
# time; store its counters and its output in FIGURE.
run_with_counters() {
	rm -rf "$1"
	mkdir "$1"
	# shellcheck disable=SC2016 # variables of the inner shell
	xargs -P "$(nproc)" -L 1 sh -c 'log=$0/$1.log
		export LLVM_PROFILE_FILE="$PWD/$0/$1-%p%c.profraw"
		shift
		"$@" >"$log" 2>&1 || { echo "exit status $?: $*; see $PWD/$log"; exit 1; }' "$1"
}

# The rules with both executors, and the whole corpus with the fuzz targets. fuzz_api and fuzz_fatal need
# that the use of an ended mapping ends the process.
list_replays() {
	for backend in direct alias; do
		echo "run-$backend build/pagetorture run --backend $backend $corpus/rules $corpus/regress $corpus/bugs"
	done
	for binary in build/fuzz_*-replay build/fuzz_*-replay-*san; do
		[ -x "$binary" ] || continue
		name=$(basename "$binary")
		for way in direct alias "alias PAGE_MAP_REVOKE=protect" "alias PAGE_MAP_REVOKE=none"; do
			case $name,$way in fuzz_api-*,*none | fuzz_fatal-*,*none) continue ;; esac
			echo "$name-${way#* } env PAGE_MAP=$way $binary $corpus/rules $corpus/regress $corpus/bugs" \
				"$corpus/seed/${name%%-*}"
		done
	done
}

list_unit_tests() {
	for binary in build/unit-tests build/unit-tests-*san; do
		[ ! -x "$binary" ] || "$binary" --list | sed -n "s|^test_page.*|&-${binary#*/} $binary &|p"
	done
}

# export_figure FIGURE DIRECTORY...: write the counts of the directories as JSON, as a table and as HTML.
export_figure() {
	figure=$1
	shift
	find "$@" -name '*.profraw' >"$figure.files"
	"$LLVM_PROFDATA" merge -f "$figure.files" -o "$figure.profdata"
	# All binaries contain the library; only the unit tests contain page_kernel.h.
	set -- -instr-profile="$figure.profdata" build/pagetorture \
		-object build/unit-tests
	"$LLVM_COV" export "$@" "$srcdir/src/page" >"$figure.json"
	"$LLVM_COV" report -show-region-summary=false -show-instantiation-summary=false "$@" \
		"$srcdir/src/page" >"$figure.txt"
	"$LLVM_COV" show -format=html -show-branches=count -output-dir="html/$figure" "$@" \
		"$srcdir/src/page"
}

build_programs
rm -rf html
list_replays | run_with_counters replay
list_unit_tests | run_with_counters units
export_figure replay replay
export_figure all replay units
