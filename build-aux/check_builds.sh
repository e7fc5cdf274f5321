#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Build and test in other configurations, each from a read-only source tree of a tarball, in its own
# directory below check-builds/: gcc without clang, clang without gcc, 32 bits, the current
# configuration, and distcheck. Print one row for each build, with the log of a failed step. make sets MAKE,
# CC, AWK, JOBS, UNIT_TESTS and similar variables.
#
#   make check-builds                  all builds
#   make check-builds BUILDS='gcc m32' only these
set -u

source=${1:?usage: check_builds.sh SOURCE [BUILD...]; by make check-builds}
shift
top=$PWD/check-builds
# One line: make runs the second line of a value as a command.
scripts="tests/test_abi.sh tests/test_check.sh tests/test_completion.sh tests/test_deb.sh \
	tests/test_editors.sh tests/test_install.sh tests/test_man.sh tests/test_run.sh \
	tests/test_tree.sh"

# run_step_in_build_directory NAME COMMAND...: run the command in the build's directory, with $path as PATH.
run_step_in_build_directory() {
	step=$1
	shift
	echo "check-builds: $build: $step"
	(cd "$top/$build" && PATH=$path "$@") >"$top/$build.$step.log" 2>&1 </dev/null
}

# hide_programs_from_path PATTERN...: make a directory with links to all programs of PATH that match no pattern, and
# set $path to it.
hide_programs_from_path() {
	mkdir -p "$top/$build.path"
	echo "$PATH" | tr ':' '\n' | while read -r programs; do
		ln -s "$programs"/* "$top/$build.path" 2>/dev/null
	done
	for pattern; do
		find "$top/$build.path" -name "$pattern" -delete
	done
	path=$top/$build.path
}

# build_and_test_with_compiler COMPILER: build the files of the tests before the tests, so that a missing
# dependency of a file fails in the step "programs".
build_and_test_with_compiler() {
	run_step_in_build_directory configure sh "$source/configure" --enable-werror CC="$1" &&
		run_step_in_build_directory make "$MAKE" -j"$JOBS" all &&
		run_step_in_build_directory programs "$MAKE" -j"$JOBS" unit-tests test_mutator_text test_page_system_calls afl_mutator.so &&
		run_step_in_build_directory tests "$MAKE" check check_needs= TESTS="$UNIT_TESTS $scripts"
}

# Run and replay corpus/rules by pagetorture with each backend, and replay corpus/rules by replayers.
run_and_replay_rule_programs() {
	for backend in direct alias; do
		run_step_in_build_directory "run-$backend" ./pagetorture run --backend $backend "$source/corpus/rules" &&
			run_step_in_build_directory "replay-$backend" ./pagetorture replay --backend $backend "$source/corpus/rules" || return
	done
	for target in fault page race text; do
		run_step_in_build_directory "fuzz-$target" "$MAKE" -j"$JOBS" "fuzz_$target-replay" &&
			run_step_in_build_directory "replay-$target" "./fuzz_$target-replay" "$source/corpus/rules" || return
	done
}

# run_build_or_set_missing BUILD: build and test; if that is impossible here, set $missing to the reason.
run_build_or_set_missing() {
	case $1 in
	gcc)
		missing='no gcc'
		command -v gcc >/dev/null && missing='' &&
			hide_programs_from_path 'clang*' 'afl-*' '*-clang*' && build_and_test_with_compiler gcc
		;;
	clang)
		missing='no clang'
		[ -n "$CLANG" ] && missing='' &&
			hide_programs_from_path gcc 'gcc-*' 'g++*' cc 'c++*' 'c[89]9*' '*-linux-gnu*-gcc*' \
				'*-linux-gnu*-g++*' '*-gcc*' 'afl-*' && build_and_test_with_compiler "$CLANG"
		;;
	m32)
		missing='gcc makes no programs of 32 bits here (gcc-multilib)'
		echo 'int main(void) { return 0; }' >"$top/probe.c"
		gcc -m32 -o "$top/probe" "$top/probe.c" 2>/dev/null && "$top/probe" && missing='' &&
			build_and_test_with_compiler 'gcc -m32' && run_and_replay_rule_programs &&
			echo "check-builds: m32: left out: $(sed -n 's/^  skipped *//p' "$top/m32.configure.log")"
		;;
	readonly) build_and_test_with_compiler "$CC" ;;
	distcheck) run_step_in_build_directory tests "$MAKE" -C "$top/.." distcheck TESTS="test_page test_rules $scripts" ;;
	esac
}

# print_result_and_remove_good_build STATUS: print the result of $build, which ended with STATUS; remove the directory
# of a good build.
print_result_and_remove_good_build() {
	passed=$(sed -n 's/^\([0-9]*\) passed, .*/\1/p' "$top/$build.tests.log" 2>/dev/null | tail -n 1)
	if [ -n "$missing" ]; then
		echo "skipped $missing"
	elif [ "$1" -ne 0 ]; then
		echo "FAILED $step: $top/$build.$step.log"
	elif ! list_source_sizes_and_times | diff "$top/$build.before" - >"$top/$build.source.log"; then
		echo "FAILED source was changed: $top/$build.source.log"
	elif [ "${passed:-0}" -eq 0 ]; then
		echo "FAILED no test ran: $top/$build.tests.log"
	else
		echo "good $passed tests passed"
		rm -rf "${top:?}/$build"
	fi
}

# Print name, size and time of each source file, to detect that a build wrote to the source tree.
list_source_sizes_and_times() {
	find "$source" -printf '%P %s %T@\n' | sort
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
for build; do
	path=$PATH missing='' begun=$(date +%s) status=0
	mkdir -p "$top/$build"
	list_source_sizes_and_times >"$top/$build.before"
	run_build_or_set_missing "$build" || status=$?
	print_result_and_remove_good_build $status | while read -r result text; do
		printf '%-9s %-8s %6s  %s\n' "$build" "$result" "$(($(date +%s) - begun)) s" "$text"
	done >>"$top/rows"
done
echo
cat "$top/rows"
! grep -q '^[a-z0-9]*  *FAILED ' "$top/rows"
