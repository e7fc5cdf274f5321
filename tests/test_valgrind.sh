#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Runs unit tests under valgrind's memcheck, which checks the arguments of system calls. Sanitizers check no
# arguments of system calls that code makes without libc, so this script runs only the tests of such code.
. "$(dirname "$0")/tap.sh"

tests_of_system_calls="test_isolate test_page_alias test_page_map test_page_user_slice"
# $found is the exit status of a process in which memcheck finds an error.
found=99

if [ -z "${VALGRIND-}" ]; then
	skip_rest "no valgrind"
fi
if ! run_expecting_status 0 "$VALGRIND" -q true; then
	skip "valgrind cannot run here: $(head -n 1 "$scratch/err")"
	done_testing
	exit
fi

# run_memcheck LEAKS COMMAND...: runs COMMAND and its child processes under memcheck; LEAKS is the option
# --leak-check. Fair scheduling keeps a thread that never waits from using the CPU alone. The variable
# TEST_SHARE=1 makes tests do all of their work.
run_memcheck() {
	leaks=$1
	shift
	TEST_SHARE=${TEST_SHARE:-100} "$VALGRIND" -q --error-exitcode=$found --fair-sched=try --leak-check="$leaks" \
		--show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
}

run_expecting_status 0 run_memcheck full "$abs_builddir/valgrind_faults" none
ok $? "memcheck finds nothing in a program without an error" "$scratch/err"
for fault in freed freed-in-child leak system-call uninitialised; do
	run_expecting_status $found run_memcheck full "$abs_builddir/valgrind_faults" $fault
	ok $? "memcheck finds the error: $fault" "$scratch/err"
done

# No search for leaks: at the end of each child process, memcheck would read all mappings of the arena.
for test in $tests_of_system_calls; do
	expect 0 "memcheck finds no error in $test" '^1\.\.[1-9]' run_memcheck no "$abs_builddir/unit-tests" "$test"
done

done_testing
