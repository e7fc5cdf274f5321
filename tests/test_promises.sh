#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# A test cites each promise of page.h, and a seeded bug breaks it (doc/promises.md). tests/promises.py finds each
# kind of error in marks, citations and patches. test_bugs.sh shows that the bugs are found.
. "$(dirname "$0")/tap.sh"

skip_rest_without_tools python3
promises=$abs_srcdir/tests/promises.py

expect 0 "each promise has a test and a bug, and doc/promises.md is up to date" '^[0-9]* promises, ' \
	python3 -B "$promises" check
[ "$(grep -c '^| P[0-9]' "$abs_srcdir/doc/promises.md")" -ge 290 ]
ok $? "there are at least 290 promises"

# ---- errors ----

# $wrong is a copy of what promises.py reads.
wrong=$scratch/wrong
copy_what_is_read() {
	rm -rf "$wrong"
	mkdir -p "$wrong/src/page" "$wrong/tests/bugs" "$wrong/corpus" "$wrong/fuzz" "$wrong/stress" "$wrong/doc"
	cp "$abs_srcdir"/src/page/page*.h "$wrong/src/page"
	cp "$abs_srcdir"/tests/*.c "$abs_srcdir"/tests/promises_* "$wrong/tests"
	cp -R "$abs_srcdir/tests/bugs/bugs.def" "$abs_srcdir/tests/bugs/patch" "$wrong/tests/bugs"
	cp -R "$abs_srcdir/corpus/bugs" "$abs_srcdir/corpus/rules" "$abs_srcdir/corpus/regress" "$wrong/corpus"
	cp "$abs_srcdir"/fuzz/api_*.c "$wrong/fuzz"
	cp "$abs_srcdir"/stress/*.c "$wrong/stress"
	cp "$abs_srcdir/doc/promises.md" "$wrong/doc"
	chmod -R u+w "$wrong"
}

# expect_promise_error NAME PATTERN FILE SED-SCRIPT: promises.py must report PATTERN after the change of FILE.
expect_promise_error() {
	copy_what_is_read
	sed -i "$4" "$wrong/$3"
	expect 1 "$1" "$2" python3 -B "$promises" check "$wrong"
}

copy_what_is_read
expect 0 "the copy is good" '^[0-9]* promises, ' python3 -B "$promises" check "$wrong"
expect_promise_error "a number that is used twice" 'P38 is the number of two promises' src/page/page.h 's/\[P39\]/[P38]/'
expect_promise_error "a promise without a test" 'page_kernel.h:[0-9]*: no test cites \[P297\]: Writes the lowest byte' \
	tests/test_page_kernel.c 's/\[P297\]/[P298]/'
expect_promise_error "a citation of no promise" 'test_page_kernel.c: \[P9999\] is no promise' \
	tests/test_page_kernel.c 's/\[P297\]/& [P9999]/'
expect_promise_error "a bug that breaks no promise" 'align-wraps: P9999 is no promise' \
	tests/bugs/patch/align-wraps.patch 's/^Breaks: /&P9999, /'
expect_promise_error "a patch without promises" 'align-wraps.patch: expected a line .Breaks: P1, P2.' \
	tests/bugs/patch/align-wraps.patch '/^Breaks:/d'
expect_promise_error "a wrong line of promises" 'align-wraps.patch: expected .Breaks: P1, P2., got .Breaks: 39' \
	tests/bugs/patch/align-wraps.patch 's/^Breaks: P/Breaks: /'
expect_promise_error "a promise without a bug" '^P297: expected a seeded bug that breaks it' \
	tests/bugs/patch/kernel-memset-first-piece.patch 's/P297/P298/'
expect_promise_error "a promise that has a bug now" 'promises_without_bug: P297 has a bug' \
	tests/promises_without_bug "\$a P297"
expect_promise_error "a retired number that is used again" 'P23 is in tests/promises_retired; expected an unused' \
	src/page/page.h 's/\[P24\]/[P23]/'
expect_promise_error "a number that is neither used nor retired" '^P23: expected a mark in a header, or a line in' \
	tests/promises_retired '/^P23 /d'
expect_promise_error "a test that finds a bug and does not cite its promise" \
	'tests/test_page_kernel.c: expected a citation of a promise that align-wraps breaks: \[P39\], \[P40\]' \
	tests/bugs/bugs.def '/"align-wraps"/,/)$/s/"test_page"/"test_page_kernel"/'
expect_promise_error "a stress scenario that cites no promise" \
	'^stress/stress_reader.c: expected a citation of the promises' stress/stress_reader.c 's/ \[P[0-9]*\]//g'
expect_promise_error "a changed sentence" 'doc/promises.md: is not up to date' src/page/page.h 's/^ \* page_align() - round an/&y/'
expect_error "usage" '^promises.py: expected check, write or list' python3 -B "$promises" guess

done_testing
