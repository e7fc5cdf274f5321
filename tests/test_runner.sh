#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# tests/check.py, which runs the tests: it counts what they print, and a test that ends badly fails.
. "$(dirname "$0")/tap.sh"

cd "$scratch" || exit 99

# write_script NAME: the test on standard input
write_script() {
	cat >"$1.sh"
}

# is_check_summary STATUS COUNTS NAME...: check.py on these scripts; its last line is COUNTS
is_check_summary() {
	status=$1 counts=$2
	shift 2
	run_expecting "$status" python3 -B "$abs_srcdir/tests/check.py" --srcdir . "$@" && [ "$(tail -n 1 out)" = "$counts" ]
}

write_script good <<'END'
echo "ok 1 - one"
echo "ok 2 # SKIP no such tool"
echo 1..2
END
write_script bad <<'END'
echo "ok 1 - one"
echo "not ok 2 - two"
echo "# expected 3, got 4"
echo 1..2
exit 1
END
write_script killed <<'END'
echo "ok 1 - one"
echo "the last words"
kill -9 $$
END
write_script stops <<'END'
echo "ok 1 - one"
END
write_script short <<'END'
echo "ok 1 - one"
echo 1..2
END
write_script lies <<'END'
echo "ok 1 - one"
echo 1..1
exit 3
END
write_script skipped <<'END'
echo "1..0 # SKIP the page library lacks page_borrow"
END

is_check_summary 0 "1 passed, 0 failed, 1 skipped" good.sh && grep -q '^skipped: good.sh: no such tool$' out
ok $? "a test that passes, and what it skips by name" out
is_check_summary 1 "2 passed, 1 failed, 1 skipped" good.sh bad.sh && grep -q '^FAIL bad.sh: 1 passed, 1 failed ' out &&
	grep -A 1 '^not ok 2 - two$' out | grep -q '^# expected 3, got 4$'
ok $? "a check that fails is printed at the end, with what explains it" out
is_check_summary 1 "1 passed, 1 failed, 0 skipped" killed.sh && grep -q '^not ok - exit status -9' out && grep -q '^# the last words$' out
ok $? "a killed test fails, and the end of its output is printed" out
is_check_summary 1 "1 passed, 1 failed, 0 skipped" stops.sh && grep -q 'expected a plan' out
ok $? "a test without a plan fails" out
is_check_summary 1 "1 passed, 1 failed, 0 skipped" short.sh && grep -q 'expected 2 checks, got 1' out
ok $? "a test with fewer checks than its plan fails" out
is_check_summary 1 "1 passed, 1 failed, 0 skipped" lies.sh && grep -q 'exit status 3' out
ok $? "a test that passes with a status that is not 0 fails" out
is_check_summary 1 "0 passed, 1 failed, 0 skipped" none.sh
ok $? "a test that is not there fails" out
is_check_summary 0 "1 passed, 0 failed, 2 skipped" good.sh skipped.sh && grep -q '^skipped: skipped.sh: the page library lacks' out
ok $? "a test that is skipped as a whole, by name" out
is_check_summary 1 "0 passed, 0 failed, 1 skipped" skipped.sh
ok $? "a run in which nothing passed fails" out
write_script hangup <<'END'
(kill -s HUP "$(sh -c 'echo $PPID')"; echo survived) >kept
[ ! -s kept ] && echo "ok 1 - ended by SIGHUP"
echo 1..1
END
(trap '' HUP INT && is_check_summary 0 "1 passed, 0 failed, 0 skipped" hangup.sh)
ok $? "tests do not inherit ignored signals" out
is_check_summary 0 "2 passed, 0 failed, 2 skipped" --jobs 2 --times good.sh ./good.sh && grep -q '^ *[0-9.]* *all 2 tests$' out &&
	grep -q '^good.sh [0-9.]* [0-9.]*$' check.logs/times
ok $? "--times prints what tests cost, and the log directory keeps it" out

done_testing
