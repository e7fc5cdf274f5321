# shellcheck shell=sh disable=SC2034 # what scripts use is not used here
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Test Anything Protocol for scripts. A test script first sources this file, then calls expect, expect_error,
# ok_if_files_equal, ok_if_empty, ok or skip for each check, and done_testing last. `make check` sets the
# variables abs_srcdir, abs_builddir and CC.

: "${abs_srcdir:?is set by make check}" "${abs_builddir:?is set by make check}"

tests=0
failures=0
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
trap 'exit 99' HUP INT TERM

pagetorture=$abs_builddir/pagetorture
pagetorture_dev=$abs_builddir/pagetorture-dev

# ok STATUS NAME [FILE]: prints that the check NAME passed if STATUS is 0; otherwise prints that NAME failed,
# and the first 40 lines of FILE.
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

# ok_if_empty NAME FILE: the check NAME passes if FILE, a list of errors, exists and is empty.
ok_if_empty() {
	[ -e "$2" ] && [ ! -s "$2" ]
	ok $? "$1" "$2"
}

# ok_if_files_equal NAME EXPECTED ACTUAL: the check NAME passes if the two files have the same content and are not empty.
ok_if_files_equal() {
	[ -s "$2" ] && diff "$2" "$3" >"$scratch/difference"
	ok $? "$1" "$scratch/difference"
}

# skip REASON: prints that a check is skipped for REASON; check.py counts the check as skipped, not as passed.
skip() {
	tests=$((tests + 1))
	echo "ok $tests # SKIP $1"
}

# skip_rest REASON: prints that a check is skipped for REASON, and ends the script.
skip_rest() {
	skip "$1"
	done_testing
	exit
}

# skip_rest_without_tools TOOL...: ends the script if one of the tools is missing.
skip_rest_without_tools() {
	for tool in "$@"; do
		command -v "$tool" >/dev/null || skip_rest "no $tool"
	done
}

# has_flavour FLAVOUR: true if this build has pagetorture in the flavour.
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

# succeeds_or_skip REASON COMMAND...: true if the command succeeds. If COMMAND fails, prints that a check is
# skipped for REASON.
succeeds_or_skip() {
	reason=$1
	shift
	"$@" || ! skip "$reason"
}

# has_flavour_or_skip FLAVOUR CHECK: true if this build has the flavour. If the flavour is missing, prints
# that CHECK is skipped.
has_flavour_or_skip() {
	has_flavour "$1" || ! skip "$2: this build has no $1 flavour"
}

# has_tool_or_skip TOOL: true if the tool is in PATH. If TOOL is missing, prints that a check is skipped.
has_tool_or_skip() {
	command -v "$1" >/dev/null || ! skip "no $1"
}

# print_sanitizer_flags FLAVOUR: prints the compiler flags of the flavour's sanitizer.
print_sanitizer_flags() {
	case $1 in
	asan) echo "$ASAN_FLAGS" ;;
	tsan) echo "$TSAN_FLAGS" ;;
	msan) echo "$MSAN_FLAGS" ;;
	esac
}

# print_dev_objects FLAVOUR: prints the paths of the objects of pagetorture-dev in the flavour.
print_dev_objects() {
	for source in $DEV_SOURCES; do
		echo "$abs_builddir/obj/$1/${source%.c}.o"
	done
}

# print_hook_flags BUILD: prints the linker flags by which the hooks of tsan_hooks.c replace functions; nothing
# unless BUILD is tsan or fuzz-tsan.
print_hook_flags() {
	case $1 in
	*tsan) nm "$abs_builddir/libharness-$1.a" 2>/dev/null | sed -n 's/.* T __wrap_/-Wl,--wrap=/p' ;;
	esac
}

# print_flavour_suffix FLAVOUR: prints the end of the flavour's program names, -FLAVOUR; nothing for plain.
print_flavour_suffix() {
	[ "$1" = plain ] || echo "-$1"
}

# has_backend BACKEND: false only if pagetorture reports that the page library lacks the backend. After any other
# failure of pagetorture, has_backend is true, and the check that uses the backend fails.
has_backend() {
	"$pagetorture" run --backend "$1" --flavour plain "$abs_srcdir/corpus/rules/bounds.page" \
		>"$scratch/backend" 2>&1
	! grep -q 'expected a backend that the page library has' "$scratch/backend"
}

# run_expecting_status STATUS COMMAND...: runs the command; true if its exit status is STATUS. COMMAND's
# output goes to $scratch/out and $scratch/err, its exit status to $status.
run_expecting_status() {
	expected=$1
	shift
	status=0
	"$@" >"$scratch/out" 2>"$scratch/err" || status=$?
	[ "$status" -eq "$expected" ]
}

# expect STATUS NAME PATTERN COMMAND...: the check NAME passes if the exit status of the command is STATUS and
# PATTERN is empty or matches a line of its output. Never call `expect` in a pipeline, where a subshell would
# lose the counts of checks.
expect() {
	expected=$1 name=$2 pattern=$3
	shift 3
	run_expecting_status "$expected" "$@" && { [ -z "$pattern" ] || grep -qe "$pattern" "$scratch/out" "$scratch/err"; }
	set -- $?
	echo "exit status $status" | cat "$scratch/err" "$scratch/out" - >"$scratch/printed"
	ok "$1" "$name" "$scratch/printed"
}

# expect_error NAME PATTERN COMMAND...: the check NAME passes if COMMAND ends with 2 and prints exactly one
# line on standard error, which matches PATTERN.
expect_error() {
	name=$1 pattern=$2
	shift 2
	run_expecting_status 2 "$@" && [ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -qe "$pattern" "$scratch/err"
	ok $? "$name" "$scratch/err"
}

# write_good_program FILE [LINE]: writes a program without errors. LINE, a comment or an expectation, is
# added, and may make the program fail.
write_good_program() {
	{
		printf 'pagetorture 1\n%s\n' "${2-}"
		printf 'p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n'
		printf 'T0: write_raw(p0, 0, 0x40, 0x11) -> 0\nT1: read_raw(p0, 0x40, 1) -> 0\n'
	} >"$1"
}

# report_shows_part_state STATE PART FILE: true if `make report` shows PART with STATE when FILE has its
# results. Writes the report's state and line of PART to $scratch/said. report_shows_part_state is also true
# if python3 or jinja2 is missing.
report_shows_part_state() {
	python3 -c 'import jinja2' 2>/dev/null || return 0
	rm -rf "$scratch/read_back"
	mkdir "$scratch/read_back" || return 1
	cp "$3" "$scratch/read_back/$2.json" || return 1
	python3 -B - "$abs_srcdir/report" "$2" "$scratch/read_back" >"$scratch/said" 2>&1 <<-'END'
		import pathlib, sys
		sys.path.insert(0, sys.argv[1])
		import parts
		row = next(row for row in parts.PARTS if row[0] == sys.argv[2])
		made = parts.make_part(*row, parts.Sources(pathlib.Path(sys.argv[3]), None, None, None))
		print(f"{made.state}: {made.line}")
	END
	grep -q "^$1: " "$scratch/said"
}

# kill_command_and_check_cleanup SIGNAL COMMAND...: sends SIGNAL to COMMAND when it has made a file in TMPDIR;
# true if COMMAND ends by SIGNAL, and TMPDIR is then empty within seconds.
kill_command_and_check_cleanup() {
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

# finish_with_checks_of_command COMMAND...: runs a command that prints TAP, and prints its checks with numbers that continue
# those of the script. A script calls finish_with_checks_of_command in place of done_testing.
finish_with_checks_of_command() {
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
