#!/bin/sh
# shellcheck disable=SC2016,SC2030,SC2031,SC2317 # paths of their own; called by name
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Build and test in other configurations, each from a read-only source tree of a tarball, in its own
# directory below check-builds/: gcc without clang, clang without gcc, 32 bits, the current
# configuration, and distcheck. Print one row for each, with the log of a failed step. make sets MAKE,
# CC, AWK, JOBS, UNIT_TESTS and similar variables.
#
#   make check-builds                  all builds
#   make check-builds BUILDS='gcc m32' only these
set -u

source=${1:?usage: check_builds.sh SOURCE [BUILD...]; by make check-builds}
shift
top=$PWD/check-builds
rows=$top/rows
scripts='tests/test_abi.sh tests/test_check.sh tests/test_completion.sh tests/test_deb.sh
	tests/test_editors.sh tests/test_install.sh tests/test_man.sh tests/test_run.sh
	tests/test_tree.sh'
failed=0

say() {
	echo "check-builds: $build: $*"
}

row() {
	printf '%-9s %-8s %6s  %s\n' "$build" "$1" "$2" "$3" >>"$rows"
}

# step NAME COMMAND...: run the command in the directory of the build, with the PATH of the build.
step() {
	name=$1
	shift
	say "$name"
	(cd "$top/$build" && PATH=$path && "$@") >"$top/$build.$name.log" 2>&1 </dev/null
}

# path_without DIRECTORY PATTERN...: fill DIRECTORY with all programs of PATH except those that match.
path_without() {
	directory=$1
	shift
	mkdir -p "$directory"
	echo "$PATH" | tr ':' '\n' | while read -r programs; do
		ln -s "$programs"/* "$directory" 2>/dev/null
	done
	(
		cd "$directory" || exit
		for pattern; do
			# shellcheck disable=SC2086 # a pattern
			rm -f -- $pattern
		done
	)
	echo "$directory"
}

# Build the programs before the tests, so that a missing dependency fails here.
run_tests() {
	step programs "$MAKE" -j"$JOBS" unit-tests test_mutator_text &&
		step tests "$MAKE" check check_needs= TESTS="$UNIT_TESTS $scripts"
}

# Print the number of tests; a log without tests is a failure.
tests_passed() {
	sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$top/$build.tests.log" | tail -n 1
}

build_all() {
	step configure sh "$source/configure" --enable-werror "$@" &&
		step make "$MAKE" -j"$JOBS" all
}

build_gcc() {
	path=$(path_without "$top/no-clang" 'clang*' 'afl-*' '*-clang*')
	build_all CC=gcc && run_tests
}

build_clang() {
	path=$(path_without "$top/no-gcc" gcc 'gcc-*' 'g++*' cc 'c++*' 'c[89]9*' '*-linux-gnu*-gcc*' \
		'*-linux-gnu*-g++*' '*-gcc*' 'afl-*')
	build_all CC="$CLANG" && run_tests
}

# Test the library, the corpus with each backend, and the fuzz targets without an engine.
build_m32() {
	path=$PATH
	build_all CC='gcc -m32' && run_tests &&
		step replayers "$MAKE" -j"$JOBS" fuzz_fault-replay fuzz_page-replay fuzz_race-replay \
			fuzz_text-replay &&
		step replay sh -ec 'file=$1/corpus/rules
			for backend in direct alias; do
				./pagetorture run --backend $backend $file/*.page
				./pagetorture replay --backend $backend $file
			done
			for target in fault page race text; do ./fuzz_$target-replay $file; done' sh "$source" &&
		say "left out: $(sed -n 's/^  skipped *//p' "$top/$build.configure.log")"
}

# The current configuration; the build must not write to the source tree.
build_readonly() {
	path=$PATH
	build_all CC="$CC" && run_tests
}

build_distcheck() {
	path=$PATH
	(
		cd "$top/.." && say distcheck &&
			"$MAKE" distcheck TESTS="test_page test_rules $scripts"
	) >"$top/$build.tests.log" 2>&1 </dev/null
}

# Print why a build is impossible, or nothing.
lacking() {
	case $1 in
	gcc) command -v gcc >/dev/null || echo "no gcc" ;;
	clang) [ -n "$CLANG" ] || echo "no clang" ;;
	m32)
		echo 'int main(void) { return 0; }' >"$top/probe.c"
		gcc -m32 -o "$top/probe" "$top/probe.c" 2>/dev/null && "$top/probe" ||
			echo "gcc makes no programs of 32 bits here (gcc-multilib)"
		;;
	esac
}

# state DIRECTORY: print the names, sizes and times of its files.
state() {
	find "$1" -printf '%P %s %T@\n' | sort
}

# one BUILD: run one build, and add its row.
one() {
	build=$1
	begun=$(date +%s)
	why=$(lacking "$build")
	if [ -n "$why" ]; then
		say "skipped: $why"
		row skipped - "$why"
		return
	fi
	mkdir -p "$top/$build"
	name=begin
	state "$source" >"$top/$build.before"
	if ! "build_$build"; then
		failed=1
		row FAILED "$(($(date +%s) - begun)) s" "$name: $top/$build.$name.log"
		return
	fi
	if ! state "$source" | diff "$top/$build.before" - >"$top/$build.source.log"; then
		failed=1
		row FAILED "$(($(date +%s) - begun)) s" "source was changed: $top/$build.source.log"
		return
	fi
	if [ "$(tests_passed)" -gt 0 ] 2>/dev/null; then
		row good "$(($(date +%s) - begun)) s" "$(tests_passed) tests passed"
		rm -rf "${top:?}/$build"
	else
		failed=1
		row FAILED "$(($(date +%s) - begun)) s" "no test ran: $top/$build.tests.log"
	fi
}

[ $# -gt 0 ] || set -- gcc clang m32 readonly distcheck
for build; do
	case $build in
	gcc | clang | m32 | readonly | distcheck) ;;
	*)
		echo "check-builds: expected gcc, clang, m32, readonly or distcheck, got '$build'" >&2
		exit 2
		;;
	esac
done
: >"$rows"
for build; do
	one "$build"
done
echo
cat "$rows"
exit "$failed"
