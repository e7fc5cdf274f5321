#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Programs with a schedule that fails in libraries with seeded bugs (tests/bugs): `run` finds the failure,
# `minimize` makes the program as small as the program of the bug, `explain` draws the switches of threads, and the C
# file of `to-c` runs the schedule without the harness.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

has_flavour tsan || skip_rest "schedules: this build has no tsan flavour"
skip_rest_without_tools patch
cd "$scratch" || exit 2
bugs=$abs_srcdir/corpus/bugs
tool=$scratch/bin/pagetorture-tsan

# build_library_with_bug NAME: builds pagetorture and the archive of the page library with the seeded bug, in
# $scratch/bin.
build_library_with_bug() {
	rm -rf src bin objects
	mkdir -p src bin objects include
	ln -sfn "$abs_srcdir/src/page" include/libpage # as if it were installed
	cp -r "$abs_srcdir/src/page" src/page && chmod -R u+w src &&
		patch -s -p2 -F0 -d src -i "$abs_srcdir/tests/bugs/patch/$1.patch" >build 2>&1 || return 1
	# shellcheck disable=SC2046 # split into words
	(cd objects && $CC -D_GNU_SOURCE -std=gnu11 -g -O1 $(print_sanitizer_flags tsan) -I../src -c ../src/page/*.c &&
		ar cr ../bin/libpage-tsan.a ./*.o) >build 2>&1 && build_changed_tool tsan
}

# write_larger_program NAME: writes a program with the calls of the bug's program, and calls of four threads that the
# bug does not need.
write_larger_program() {
	calls=$(grep -vE '^(#|pagetorture|expect)' "$bugs/$1.page")
	cat <<-END
		pagetorture 1
		main: p4 = alloc_page(GFP_KERNEL | __GFP_ZERO)
		main: p5 = alloc_page(GFP_NOIO)
		main: write_raw(p5, 0, 16, 0x5)
		$(echo "$calls" | grep '^main')
		T2: lock(m1)
		T2: write_raw(p4, 0, 8, 0x1)
		T2: unlock(m1)
		T3: lock(m1)
		T3: read_raw(p4, 4, 8)
		T3: unlock(m1)
		T0: k3 = kmap_local(p5)
		T0: load(k3, 8, 8)
		T1: read_raw(p5, 0, 0x10)
		$(echo "$calls" | grep -v '^main')
		T0: kunmap_local(k3)
		T1: post(s1)
		T3: wait(s1)
		T3: get_page(p4)
		T3: free_page(p4)
		main: free_page(p5)
	END
}

# count_calls FILE: prints the number of calls of the program.
count_calls() {
	grep -c '(' "$1"
}

# expect_schedule_everywhere NAME FAILURE: in the library with the bug NAME, a random schedule of the larger program fails
# with FAILURE, and all commands handle it.
expect_schedule_everywhere() {
	build_library_with_bug "$1"
	ok $? "$1: the library is built" build
	write_larger_program "$1" | sed '/^$/d' >"$1.page"
	run_expecting_status 1 "$tool" explore --library --strategy random --limit 10000 --directory found "$1.page" &&
		grep -q "^$1.page: .*$2" "$scratch/out" && [ "$(grep -c '^schedule' "found/$1-schedule.page")" -ge 2 ]
	ok $? "$1: a random schedule fails" "$scratch/out"
	expect 1 "$1: run finds the failure" "tsan: differs: schedule: .*$2" \
		"$tool" run --flavour tsan "found/$1-schedule.page"
	sed 's/-> .*//' "$bugs/$1.page" | grep -v '^#' >seeded.page
	run_expecting_status 0 timeout 300 "$tool" minimize --flavour tsan -o "$1-small.page" "found/$1-schedule.page" &&
		[ "$(count_calls "$1-small.page")" -le "$(count_calls seeded.page)" ] &&
		[ "$(grep -c '^schedule' "$1-small.page")" -eq 1 ]
	ok $? "$1: minimize gives $(count_calls "$1-small.page") calls of $(count_calls "$1.page"), and one deviation" "$scratch/err"
	expect 1 "$1: the small program fails in the same way" "tsan: differs: schedule: .*$2" \
		"$tool" run --flavour tsan "$1-small.page"
	expect 0 "$1: explain prints the failure" "^schedule [mT].*: fails in the flavour tsan: .*" \
		"$tool" explain "$1-small.page"
	for program in "$1-small.page" "found/$1-schedule.page"; do
		run_expecting_status 0 "$tool" to-c -o repro.c "$program" && grep -q '^ \* Reproduced: yes' repro.c
		ok $? "$1: the C file of $program fails in the same way" "$scratch/err"
	done
	sed -n '/with this build/,/^ \* or /s/^ \*   \(.*\)/\1/p' repro.c >repro.sh
	! sh repro.sh >"$scratch/out" 2>&1 && ! grep -q 'does not fit' "$scratch/out"
	ok $? "$1: the command in the C file compiles it, and it fails" "$scratch/out"
	run_expecting_status 0 "$pagetorture" to-c -o good.c "$1-small.page" && grep -q '^ \* Reproduced: yes' good.c
	ok $? "$1: in the unchanged library the C file passes, as pagetorture does" "$scratch/err"
}

expect_schedule_everywhere lock-dropped-in-an-allocation 'BUG: page: use-after-free'
expect_schedule_everywhere ref-read-again-after-the-drop 'data-race'
expect_schedule_everywhere locks-in-opposite-order 'deadlock: every thread waits'

# ---- explain ----

cat >two.page <<'END'
pagetorture 1
# A comment counts as a line.
schedule T0.2>T1
p0 = alloc_page(GFP_KERNEL)
get_page(p0)
T0: free_page(p0)
T1: free_page(p0)
END
expect 0 "explain: a schedule that does not fail" '^schedule T0.2>T1: runs in the flavour tsan without a failure$' \
	"$pagetorture" explain --ascii two.page
sed -n '/^schedule/,$p' "$scratch/out" >drawn
grep -qE '^ *6 +\* free_page\(p0\) +\(stops before an atomic update\)' drawn &&
	grep -qE '^ +\+-+>\| T1 runs' drawn && grep -qE '^ *7 +\| +\* free_page\(p0\) +\(goes on\)' drawn
ok $? "explain draws the switch, with the lines of the file" drawn
sed 's/T0\.2/T0.99/' two.page >misfit.page
run_expecting_status 0 "$pagetorture" explain misfit.page && tr '\n' ' ' <"$scratch/out" | tr -s ' ' |
	grep -q 'where threads switch are not shown: the schedule does not fit: 1 of its switches are never reached'
ok $? "explain: a schedule that does not fit" "$scratch/out"
mkdir -p plain/bin plain/libexec
ln -s "$abs_srcdir/src/tool" plain/libexec/pagetorture
cp "$pagetorture" plain/bin
run_expecting_status 0 plain/bin/pagetorture explain two.page && tr '\n' ' ' <"$scratch/out" | tr -s ' ' |
	grep -q 'where threads switch are not shown: this build has no flavour tsan'
ok $? "explain without the flavour tsan says that the places are not shown" "$scratch/out"

# ---- to-c ----

expect 1 "to-c: a schedule that does not fit" 'does not reproduce: the schedule does not fit: 1 of its' \
	"$pagetorture" to-c -o misfit.c misfit.page
grep -q '^ \* DOES NOT REPRODUCE: the schedule does not fit' misfit.c
ok $? "the C file says so" misfit.c
sed -n '/with this build/,/^ \* or /s/^ \*   \(.*\)/\1/p' misfit.c >misfit.sh
expect 1 "and so does the C program" 'the schedule does not fit: some of its switches are never reached' sh misfit.sh

# Each point counts as in pagetorture: the last position at which a schedule fits is the same.
cat >points.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL | __GFP_ZERO)
T0: lock(m0)
T0: k0 = kmap_local(p0)
T0: store(k0, 0, 8, 0x3)
T0: kunmap_local(k0)
T0: unlock(m0)
T0: u0 = user_slice(64, 1)
T0: copy_from_user_slice(p0, u0, 128, 32)
T0: skip(u0, 8)
T0: fail_nth(1)
T0: p1 = alloc_page(GFP_KERNEL)
T0: p1 = alloc_page(GFP_KERNEL)
T0: copy_page(p1, 0, p0, 8, 8)
T0: post(s0)
T1: lock(m0)
T1: k1 = kmap_local(p0)
T1: load_atomic(k1, 16, 4)
T1: unlock(m0)
T1: wait(s0)
T1: write_bytewise_atomic(p0, 256, 4, 0x1)
END
sed "s/^p0 =/schedule main.1>T1\n&/" points.page >first.page
"$pagetorture" to-c --no-run -o points.c first.page
for compiler in "$CC" gcc; do
	command -v "${compiler%% *}" >/dev/null || continue
	$compiler -Wall -Wextra -Werror -O2 -I"$abs_srcdir/src/page" -c -o /dev/null misfit.c &&
		$compiler -Wall -Wextra -Werror -O2 -I"$abs_srcdir/src/page" -c -o /dev/null points.c ||
		echo "$compiler does not take them"
done >warnings 2>&1
ok_if_empty "the C files compile without a warning" warnings
last=0
for position in $(seq 30 50); do
	if "$pagetorture" explore --library --replay "T0.$position>T1" points.page >"$scratch/out" 2>&1; then
		last=$position
	fi
done
for position in "$last" $((last + 1)); do
	sed "s/^p0 =/schedule T0.$position>T1\n&/" points.page >position.page
	"$pagetorture" to-c --no-run -o position.c position.page
	sed -n '/with this build/,/^ \* or /s/^ \*   \(.*\)/\1/p' position.c >position.sh
	if [ "$position" -eq "$last" ]; then
		[ "$last" -gt 30 ] && run_expecting_status 0 sh position.sh
	else
		run_expecting_status 1 sh position.sh && grep -q 'the schedule does not fit' "$scratch/err"
	fi
	ok $? "points are counted as in pagetorture: T0.$position>T1" "$scratch/err"
done
sed "s/^T0: fail_nth.*/T0: load_atomic(k0, 3, 4)/; s/^p0 =/schedule main.1>T1\n&/" points.page >skipped.page
run_expecting_status 0 "$pagetorture" to-c -o skipped.c skipped.page
ok $? "a call that is skipped is no call of the C program" "$scratch/err"

done_testing
