#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The stress tests find nothing in a sound library, and find each bug planted in
# them, for the right reason. A TAP script.
#
#   STRESS_DIR  where the programs are (default: stress)
#   FLAVOURS    builds to test; "plain" has no suffix, any other one "-FLAVOUR"
#               (default: plain asan tsan)

: "${STRESS_DIR:=stress}"
: "${FLAVOURS:=plain asan tsan}"

out=$(mktemp) || exit 99
err=$(mktemp) || exit 99
trap 'rm -f "$out" "$err"' EXIT
trap 'exit 99' HUP INT TERM

tests=0

# result OK DESCRIPTION: OK is 0 for yes. What the program said follows a "not ok".
result() {
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
		return
	fi
	echo "not ok $tests - $2"
	echo "# exit status $status of: $command"
	sed 's/^/# stdout: /' "$out"
	sed 's/^/# stderr: /' "$err"
}

skip() {
	tests=$((tests + 1))
	echo "ok $tests # SKIP $1"
}

# run PROGRAM ARGUMENT...: into $out, $err, $status. No test takes a minute.
run() {
	command="$*"
	timeout 60 "$@" >"$out" 2>"$err"
	status=$?
}

last_line_is() {
	[ "$(tail -n 1 "$out")" = "End of test: $1" ]
}

succeeded() {
	[ "$status" -eq 0 ] && last_line_is SUCCESS && ! grep -q '!!!' "$out" && [ ! -s "$err" ]
}

# caught REASON: the test failed, said why, and how to see it again.
caught() {
	[ "$status" -eq 1 ] && last_line_is FAILURE && grep -q "!!! .*$1" "$out" &&
		grep -q "run again: .* --seed=0x2a .*--busted=" "$out"
}

# expect_success DESCRIPTION PROGRAM ARGUMENT...
expect_success() {
	what=$1
	shift
	run "$@"
	succeeded
	result $? "$what"
}

# expect_caught REASON PROGRAM BUG
expect_caught() {
	run "$2" -n 2000 --seed=42 "--busted=$3"
	caught "$1"
	result $? "$name --busted=$3 is caught: $1"
}

# In time mode with statistics: a line for each second and one at the end.
test_time() {
	run "$program" -s 1
	succeeded && [ "$(grep -c ' Total: [1-9].* Max/Min: ' "$out")" -ge 2 ]
	result $? "$name runs for a second and prints statistics"
}

# The first line has all parameters, so that it can be compared.
test_first_line() {
	run "$program" -t 3 -n 100 --seed=0x2a
	first=$(head -n 1 "$out")
	run "$program" -t 3 -n 100 --seed=42
	[ "$first" = "$(head -n 1 "$out")" ] && [ "$first" = "$1--- Start of test: threads=3 \
ops=100 seconds=0 seed=0x2a stat_interval=0 busted=0 tsan=$tsan" ]
	result $? "$name says its parameters in the first line, the same for the same seed"
}

# What both programs have in common.
test_sound() {
	expect_success "$name finds nothing" "$program" -n 5000
	expect_success "$name finds nothing with more threads than cores" "$program" -t 32 -n 500
	test_time
	test_first_line "$1"
}

test_disjoint() {
	test_sound stress_disjoint
	expect_success "$name runs with one thread" "$program" -t 1 -n 1000
	expect_caught "foreign byte: page+0x" "$program" range
	expect_caught "foreign byte: page+0x" "$program" rmw
	[ "$tsan" -eq 1 ] || return
	expect_caught "ThreadSanitizer reported a race on the page" "$program" range
	expect_caught "ThreadSanitizer reported a race on the page" "$program" rmw
	expect_caught "ThreadSanitizer reported a race on the page" "$program" peek
}

test_overlap() {
	test_sound stress_overlap
	expect_caught "byte out of thin air: page+0x" "$program" thin-air
	[ "$tsan" -eq 1 ] || return
	run "$program" -t 2 -n 2000
	succeeded && grep -q 'the expected race was reported [1-9]' "$out"
	result $? "$name: ThreadSanitizer reports the race of one writer and one reader"
	expect_caught "expected a race of .*, ThreadSanitizer reported none" "$program" locked
	expect_caught "expected a race of .*, ThreadSanitizer reported none" "$program" locked-calls
	expect_caught "a race elsewhere than on the page" "$program" outside
}

# expect_usage_error PROGRAM ARGUMENT...: status 2, one line that says what was expected.
expect_usage_error() {
	run "$@"
	[ "$status" -eq 2 ] && [ ! -s "$out" ] && [ "$(wc -l <"$err")" -eq 1 ] &&
		grep -q expected "$err"
	good=$?
	shift
	result "$good" "$name $*: a usage error"
}

test_usage() {
	run "$program" --help
	[ "$status" -eq 0 ] && grep -q '^Usage: ' "$out" && grep -q '^Examples:' "$out"
	result $? "$name --help"
	for bad in "-t 0" "-t 257" "-t x" "-t" "-n -1" "-n 0" "-s 1x" "--seed=0xg" "--seed=0x" \
		"--seed=18446744073709551616" "--stat-interval=" "--busted=nothing" "--nothing" \
		"-q" "word" "-t 1 --busted" "$1"; do
		# Each word of it is an argument.
		# shellcheck disable=SC2086
		expect_usage_error "$program" $bad
	done
}

# flavour FLAVOUR PATTERN BAD_ARGUMENTS
flavour() {
	name=$2
	tsan=0
	case $1 in
	plain) ;;
	tsan*) name=$2-$1 tsan=1 ;;
	*) name=$2-$1 ;;
	esac
	program=$STRESS_DIR/$name
	if [ ! -x "$program" ]; then
		skip "$name: the flavour $1 is not built"
		return
	fi
	"test_${2#stress_}"
	[ "$1" != plain ] || test_usage "$3"
}

for flavour in $FLAVOURS; do
	flavour "$flavour" stress_disjoint "--busted=peek"
	flavour "$flavour" stress_overlap "--busted=locked"
done
echo "1..$tests"
