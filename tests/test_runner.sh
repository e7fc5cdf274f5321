#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# tests/check.py runs tests, counts the checks that they print, and reports a test without a good end as failed.
. "$(dirname "$0")/tap.sh"

cd "$scratch" || exit 99

# write_script NAME LINE...: writes the LINEs to the test script NAME.sh.
write_script() {
	script=$1
	shift
	printf '%s\n' "$@" >"$script.sh"
}

# expect_summary NAME STATUS COUNTS PATTERN ARGUMENT...: `check.py ARGUMENT...` must end with STATUS, print
# COUNTS as its last line, and print a line that matches PATTERN.
expect_summary() {
	name=$1 status=$2 counts=$3 pattern=$4
	shift 4
	run_expecting_status "$status" python3 -B "$abs_srcdir/tests/check.py" --srcdir . "$@" && [ "$(tail -n 1 out)" = "$counts" ] &&
		grep -q "$pattern" out
	ok $? "$name" out
}

write_script good 'echo "ok 1 - one"' 'echo "ok 2 # SKIP no such tool"' 'echo 1..2'
write_script bad 'echo "ok 1 - one"' 'echo "not ok 2 - two"' 'echo "# expected 3, got 4"' 'echo 1..2' 'exit 1'
# shellcheck disable=SC2016 # the written scripts expand it
write_script killed 'echo "ok 1 - one"' 'echo "the last words"' 'kill -9 $$'
write_script stops 'echo "ok 1 - one"'
write_script short 'echo "ok 1 - one"' 'echo 1..2'
write_script lies 'echo "ok 1 - one"' 'echo 1..1' 'exit 3'
write_script skipped 'echo "1..0 # SKIP the page library lacks page_borrow"'
# shellcheck disable=SC2016 # the written scripts expand it
write_script hangup '(kill -s HUP "$(sh -c '"'echo \$PPID'"')"; echo survived) >kept' \
	'[ ! -s kept ] && echo "ok 1 - ended by SIGHUP"' 'echo 1..1'

expect_summary "a test that passes, and what it skips by name" 0 "1 passed, 0 failed, 1 skipped" \
	'^skipped: good.sh: no such tool$' good.sh
expect_summary "a check that fails" 1 "2 passed, 1 failed, 1 skipped" '^FAIL bad.sh: 1 passed, 1 failed ' good.sh bad.sh
grep -A 1 '^not ok 2 - two$' out | grep -q '^# expected 3, got 4$'
ok $? "a check that fails is printed at the end, with what explains it" out
expect_summary "a killed test fails" 1 "1 passed, 1 failed, 0 skipped" '^not ok - exit status -9' killed.sh
grep -q '^# the last words$' out
ok $? "... and the end of its output is printed" out
expect_summary "a test without a plan fails" 1 "1 passed, 1 failed, 0 skipped" 'expected a plan' stops.sh
expect_summary "a test with fewer checks than its plan fails" 1 "1 passed, 1 failed, 0 skipped" \
	'expected 2 checks, got 1' short.sh
expect_summary "a test that passes with a status that is not 0 fails" 1 "1 passed, 1 failed, 0 skipped" 'exit status 3' lies.sh
expect_summary "a test that is not there fails" 1 "0 passed, 1 failed, 0 skipped" '' none.sh
expect_summary "a test that is skipped as a whole, by name" 0 "1 passed, 0 failed, 2 skipped" \
	'^skipped: skipped.sh: the page library lacks' good.sh skipped.sh
expect_summary "a run in which nothing passed fails" 1 "0 passed, 0 failed, 1 skipped" '' skipped.sh
trap '' HUP INT
expect_summary "tests do not inherit ignored signals" 0 "1 passed, 0 failed, 0 skipped" '' hangup.sh
trap 'exit 99' HUP INT
expect_summary "--times prints what tests cost" 0 "2 passed, 0 failed, 2 skipped" '^ *[0-9.]* *all 2 tests$' --jobs 2 --times \
	good.sh ./good.sh
grep -q '^good.sh [0-9.]* [0-9.]*$' check.logs/times
ok $? "... and the log directory keeps it" out

done_testing
