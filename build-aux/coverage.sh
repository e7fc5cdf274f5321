#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Measure which lines and branches of src/page the corpus reaches, and which the unit tests reach.
#
#   coverage.sh SRCDIR      run in the build directory; writes to coverage/
#
# make sets CC, COVERAGE_FLAGS, LLVM_COV and LLVM_PROFDATA. This script makes a separate build with
# coverage counters, in every flavour that supports counters. The counters are in a shared mapping of a file
# (%c), so the counters survive any end of the process.
set -eu

srcdir=${1:?expected the source directory}
if [ -z "${LLVM_COV-}" ]; then
	echo "skipped: coverage ($CC cannot count, or has no llvm-cov of its own)"
	exit 77
fi
# The make that builds with counters must not use the job server of the make that called this script.
unset MAKEFLAGS MFLAGS MAKELEVEL
# Tests that end a process read only the first line of its report, so no report needs symbols.
ASAN_OPTIONS=symbolize=0
MSAN_OPTIONS=symbolize=0
export ASAN_OPTIONS MSAN_OPTIONS
srcdir=$(cd "$srcdir" && pwd)
mkdir -p coverage/build
cd coverage
corpus=$srcdir/corpus

# Only src/page and the unit tests, which include page_kernel.h, need counters.
build_programs_with_counters() {
	[ -e build/Makefile ] || (cd build && "$srcdir/configure" --quiet CC="$CC" \
		CFLAGS="-g -O1 $COVERAGE_FLAGS" --disable-tsan --disable-fuzz --disable-shared)
	sh "$srcdir/build-aux/copy_objects.sh" .. build "$srcdir" src/page src/page_stubs tests
	make -s -C build -j "$(nproc)" coverage-programs
}

# run_listed_commands_with_counters DIRECTORY: read lines NAME COMMAND... from standard input, and run each
# command, one at a time on each CPU. Store the counters and the output of each command in DIRECTORY.
run_listed_commands_with_counters() {
	rm -rf "$1"
	mkdir "$1"
	# shellcheck disable=SC2016 # variables of the inner shell
	xargs -P "$(nproc)" -L 1 sh -c 'log=$0/$1.log
		export LLVM_PROFILE_FILE="$PWD/$0/$1-%p%c.profraw"
		shift
		"$@" >"$log" 2>&1 || { echo "exit status $?: $*; see $PWD/$log"; exit 1; }' "$1"
}

# Print lines NAME COMMAND... for the corpus: `pagetorture run` with each backend, and each replayer with each
# kind of mapping. In fuzz_api and fuzz_fatal a use of an ended mapping must end the process, so both do not
# run with PAGE_MAP_REVOKE=none.
list_corpus_commands() {
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

list_unit_test_commands() {
	for binary in build/unit-tests build/unit-tests-*san; do
		# Without a name the program lists its tests as an error.
		[ ! -x "$binary" ] || "$binary" 2>&1 | sed -n "s|^  \\(test_page.*\\)|\\1-${binary#*/} $binary \\1|p"
	done
}

# merge_counters_and_export NAME DIRECTORY...: merge the directories' counters; write JSON, a table and HTML.
merge_counters_and_export() {
	name=$1
	shift
	find "$@" -name '*.profraw' >"$name.files"
	"$LLVM_PROFDATA" merge -f "$name.files" -o "$name.profdata"
	# All binaries contain the library; only the unit tests contain page_kernel.h.
	set -- -instr-profile="$name.profdata" build/pagetorture \
		-object build/unit-tests
	"$LLVM_COV" export "$@" "$srcdir/src/page" >"$name.json"
	"$LLVM_COV" report -show-region-summary=false -show-instantiation-summary=false "$@" \
		"$srcdir/src/page" >"$name.txt"
	"$LLVM_COV" show -format=html -show-branches=count -output-dir="html/$name" "$@" \
		"$srcdir/src/page"
}

build_programs_with_counters
rm -rf html
list_corpus_commands | run_listed_commands_with_counters replay
list_unit_test_commands | run_listed_commands_with_counters units
merge_counters_and_export replay replay
merge_counters_and_export all replay units
