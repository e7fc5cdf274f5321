#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The unit tests of the plain flavour under valgrind's memcheck, which knows of every byte
# whether it may be touched and has a value, in code that no sanitizer was built into.
#
# The autoconf archive's AX_VALGRIND_CHECK runs all of `make check` under valgrind: scripts
# and sanitizers too, in a run of its own, with the same options for each.
. "$(dirname "$0")/tap.sh"

# They refuse system calls, and valgrind needs them.
not_here="test_page_fork test_page_system"
# What ends a process that memcheck had a word about.
found=99

if [ -z "${VALGRIND-}" ]; then
	skip "no valgrind"
	done_testing
	exit
fi
if ! run_to 0 "$VALGRIND" -q true; then
	skip "valgrind cannot run here: $(head -n 1 "$scratch/err")"
	done_testing
	exit
fi

# memcheck LEAKS COMMAND...: children are followed, and whoever forks them looks at how they
# end. Threads take turns, or one that never waits would have it all. TEST_SHARE=1 lets tests
# do all that they do elsewhere, which takes long.
memcheck() {
	leaks=$1
	shift
	TEST_SHARE=${TEST_SHARE:-100} "$VALGRIND" -q --error-exitcode=$found --fair-sched=try --leak-check="$leaks" \
		--show-leak-kinds=definite --errors-for-leak-kinds=definite "$@"
}

# What the faults are that it has to find, and that it finds none where there is none.
run_to 0 memcheck full "$abs_builddir/valgrind_faults" none
ok $? "nothing is found where nothing is wrong" "$scratch/err"
for fault in freed freed-in-child leak uninitialised; do
	run_to $found memcheck full "$abs_builddir/valgrind_faults" $fault
	ok $? "found: $fault" "$scratch/err"
done

# run NAME LEAKS: its status and what it said, in files.
run() {
	status=0
	memcheck "$2" "$abs_builddir/$1" >"$scratch/$1.$2" 2>&1 || status=$?
	echo $status >"$scratch/$1.$2.status"
}

# Where the library maps the arena more than once, a search for lost memory would look
# through all of it, at the end of each child: leaks are looked for where it does not.
list() {
	for name in $UNIT_TESTS; do
		echo "$name full"
	done
	for name in $PAGE_TESTS; do
		case " $not_here " in *" $name "*) continue ;; esac
		if grep -q page_test_main "$abs_srcdir/tests/$name.c"; then
			echo "$name no"
		fi
		echo "$name full"
	done
}

list >"$scratch/list"
started=0
while read -r name leaks; do
	# A leak is the same whatever maps pages: the first way is enough.
	if [ "$leaks" = full ]; then
		TEST_MAP_MODES=1 run "$name" "$leaks" &
	else
		run "$name" "$leaks" &
	fi
	started=$((started + 1))
	[ $((started % $(nproc))) -ne 0 ] || wait
done <"$scratch/list"
wait

[ "$(wc -l <"$scratch/list")" -gt 15 ]
ok $? "there are unit tests"
while read -r name leaks; do
	[ "$(cat "$scratch/$name.$leaks.status")" -eq 0 ] && grep -q '^1\.\.[1-9]' "$scratch/$name.$leaks"
	ok $? "$name$([ "$leaks" = full ] && echo ", leaks")" "$scratch/$name.$leaks"
done <"$scratch/list"
for name in $not_here; do
	skip "$name: it refuses system calls that valgrind needs"
done

done_testing
