#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Unit tests under valgrind's memcheck. Sanitizers check the same code, but not the arguments of the
# system calls that it makes itself: this runs the tests of that code.
. "$(dirname "$0")/tap.sh"

tests_of_system_calls="test_isolate test_page_alias test_page_map test_page_user_slice"
# The exit status of a process in which memcheck found an error.
found=99

if [ -z "${VALGRIND-}" ]; then
	skip_rest "no valgrind"
fi
if ! run_expecting 0 "$VALGRIND" -q true; then
	skip "valgrind cannot run here: $(head -n 1 "$scratch/err")"
	done_testing
	exit
fi

# run_memcheck LEAKS COMMAND...: children are checked too. Threads run in turns, or a thread that never
# waits would get all of the time. TEST_SHARE=1 lets tests do all that they do elsewhere.
run_memcheck() {
	leaks=$1
	shift
	TEST_SHARE=${TEST_SHARE:-100} "$VALGRIND" -q --error-exitcode=$found --fair-sched=try --leak-check="$leaks" \
		--show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
}

run_expecting 0 run_memcheck full "$abs_builddir/valgrind_faults" none
ok $? "memcheck finds nothing in a program without an error" "$scratch/err"
for fault in freed freed-in-child leak system-call uninitialised; do
	run_expecting $found run_memcheck full "$abs_builddir/valgrind_faults" $fault
	ok $? "memcheck finds the error: $fault" "$scratch/err"
done

# A search for leaks would read all mappings of the arena at the end of each child, so there is none.
for test in $tests_of_system_calls; do
	run_expecting 0 run_memcheck no "$abs_builddir/unit-tests" "$test" && grep -q '^1\.\.[1-9]' "$scratch/out"
	ok $? "memcheck finds no error in $test" "$scratch/err"
done

done_testing
