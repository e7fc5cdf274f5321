# shellcheck shell=sh disable=SC2034 # what scripts use is not used here
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Test Anything Protocol for scripts: `. tap.sh`, then expect, expect_error, ok_if_same, ok_if_empty, ok or
# skip for each check, and done_testing last.
# From make: abs_srcdir, abs_builddir, CC.

: "${abs_srcdir:?is set by make check}" "${abs_builddir:?is set by make check}"

tests=0
failures=0
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

pagetorture=$abs_builddir/pagetorture
pagetorture_dev=$abs_builddir/pagetorture-dev

# ok STATUS NAME [FILE]: a check passes if STATUS is 0; the content of FILE explains a failure.
ok() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
		return
	fi
	failures=$((failures + 1))
	echo "not ok $tests - $2"
	if [ -n "${3-}" ]; then
		head -n 40 "$3" | sed 's/^/# /'
	fi
}

# ok_if_empty NAME FILE: a check passes if FILE, a list of errors, is there and empty.
ok_if_empty() {
	[ -e "$2" ] && [ ! -s "$2" ]
	ok $? "$1" "$2"
}

# ok_if_same NAME EXPECTED ACTUAL: a check passes if two files have the same content, which is not empty.
ok_if_same() {
	[ -s "$2" ] && diff "$2" "$3" >"$scratch/difference"
	ok $? "$1" "$scratch/difference"
}

# skip WHAT: a check is skipped, because WHAT is missing. check.py counts it as skipped, not as passed.
skip() {
	tests=$((tests + 1))
	echo "ok $tests # SKIP $1"
}

# skip_rest WHAT: skips a check, and ends the script.
skip_rest() {
	skip "$1"
	done_testing
	exit
}

# skip_rest_without TOOL...: ends the script if one of the tools is missing.
skip_rest_without() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip_rest "no $tool"
	done
}

# has_flavour NAME: does this build have the flavour?
has_flavour() {
	[ "$1" = plain ] || [ -x "$abs_builddir/pagetorture-$1" ]
}

# list_flavours: prints the flavours of this build in one line.
list_flavours() {
	found=plain
	for flavour in asan tsan msan; do
		! has_flavour "$flavour" || found="$found $flavour"
	done
	echo "$found"
}

# has_flavour_or_skip NAME WHAT: if this build lacks the flavour, the check WHAT is skipped.
has_flavour_or_skip() {
	has_flavour "$1" || ! skip "$2: this build has no $1 flavour"
}

# has_tool_or_skip TOOL: if the tool is missing, a check is skipped.
has_tool_or_skip() {
	command -v "$1" >/dev/null || ! skip "no $1"
}

# print_sanitizer_flags FLAVOUR: prints the compiler flags of its sanitizer.
print_sanitizer_flags() {
	case $1 in
	asan) echo "$ASAN_FLAGS" ;;
	tsan) echo "$TSAN_FLAGS" ;;
	msan) echo "$MSAN_FLAGS" ;;
	esac
}

# print_main_object FLAVOUR: the object of pagetorture that is not in libpagetorture-FLAVOUR.a
print_main_object() {
	echo "$abs_builddir/obj/$1/src/tool/main.o"
}

# print_dev_objects FLAVOUR: the objects of pagetorture-dev
print_dev_objects() {
	for source in $DEV_SOURCES; do
		echo "$abs_builddir/obj/$1/${source%.c}.o"
	done
}

# print_flavour_suffix FLAVOUR: prints the end of the names of its programs.
print_flavour_suffix() {
	[ "$1" = plain ] || echo "-$1"
}

# has_backend NAME: false only if the tool says that the library lacks the backend. Other failures of the tool
# are found by the check that follows.
has_backend() {
	"$pagetorture" run --backend "$1" --flavour plain "$abs_srcdir/corpus/rules/bounds.page" \
		>"$scratch/backend" 2>&1
	! grep -q 'expected a backend that the page library has' "$scratch/backend"
}

# run_expecting STATUS COMMAND...: does the command end with that status? Its output is in $scratch/out and err.
run_expecting() {
	expected=$1
	shift
	status=0
	"$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	[ "$status" -eq "$expected" ]
}

# expect STATUS NAME PATTERN COMMAND...: a check passes if the command ends with that status and prints a line
# that matches the pattern, if there is one. Not for pipelines, in which the count of tests would be lost.
expect() {
	expected=$1 name=$2 pattern=$3
	shift 3
	run_expecting "$expected" "$@" && { [ -z "$pattern" ] || grep -qe "$pattern" "$scratch/out" "$scratch/err"; }
	set -- $?
	echo "exit status $status" | cat "$scratch/err" "$scratch/out" - >"$scratch/printed"
	ok "$1" "$name" "$scratch/printed"
}

# expect_error NAME PATTERN COMMAND...: a check passes if the command ends with 2 and prints one line on standard
# error, which matches the pattern.
expect_error() {
	name=$1 pattern=$2
	shift 2
	run_expecting 2 "$@" && [ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -qe "$pattern" "$scratch/err"
	ok $? "$name" "$scratch/err"
}

# kill_when_writing SIGNAL COMMAND...: sends the signal when the command has a directory in TMPDIR. True if the
# signal ends the command, and the directory is removed within seconds.
kill_when_writing() {
	signal=$1 tries=0
	shift
	mkdir "$scratch/temporary" || return 1
	# A shell starts processes in the background with SIGINT ignored.
	TMPDIR=$scratch/temporary env --default-signal=INT "$@" >"$scratch/out" 2>"$scratch/err" &
	until [ "$(ls "$scratch/temporary")" ] || [ $((tries += 1)) -gt 500 ]; do
		sleep 0.02
	done
	kill -s "$signal" $! || tries=501
	status=0
	wait $! || status=$?
	[ "$(kill -l $status)" = "$signal" ] || tries=501
	while [ "$(ls "$scratch/temporary")" ] && [ $((tries += 1)) -le 500 ]; do
		sleep 0.02
	done
	rm -r "$scratch/temporary"
	[ "$tries" -le 500 ]
}

# finish_with_tests_of COMMAND...: replaces done_testing. COMMAND prints TAP; its tests get numbers after ours.
finish_with_tests_of() {
	{ "$@" || echo failed >"$scratch/failed"; } | awk -v n=$tests '
		/^(not )?ok [0-9]/ { n++; sub(/ok [0-9]+/, "ok " n) }
		/^1\.\./ { $0 = "1.." n }
		{ print; fflush() }'
	[ "$failures" -eq 0 ] && [ ! -e "$scratch/failed" ]
}

done_testing() {
	echo "1..$tests"
	[ "$failures" -eq 0 ]
}
