#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `pagetorture explore --library` executes every interleaving inside of the library's calls, finds a bug that needs
# a switch in the middle of a call, and prints a schedule that replays it.
. "$(dirname "$0")/tap.sh"
. "$(dirname "$0")/mutant.sh"

has_flavour tsan || skip_rest "interleavings: this build has no tsan flavour"
cd "$scratch" || exit 2
rules=$abs_srcdir/corpus/rules

# ---- the unchanged library ----

cat >two.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
get_page(p0)
T0: free_page(p0)
T1: free_page(p0)
END
expect 0 "a clean program: every interleaving" '^two.page: clean in each of [2-9] interleavings$' \
	"$pagetorture" explore --library two.page
expect 0 "threads that share nothing have one interleaving" 'disjoint-writes.page: clean in each of 1 interleaving$' \
	"$pagetorture" explore --library "$rules/disjoint-writes.page"
expect 0 "a limit that is reached is said" 'free-by-two-owners.page: clean in [0-9]* interleavings; more may exist (--limit)$' \
	"$pagetorture" explore --library --limit 5 "$rules/free-by-two-owners.page"
{
	printf 'pagetorture 1\np0 = alloc_page(GFP_KERNEL | __GFP_ZERO)\n'
	for i in 1 2 3 4 5 6; do
		for t in 0 1; do
			printf "T$t: %s\n" 'lock(m0)' "write_raw(p0, 0, 8, 0x$i$t)" 'read_raw(p0, 0, 8)' 'unlock(m0)'
		done
	done
} >many.page
expect 0 "too many outcomes to compare: this is said" '^many.page: .*; the results were not compared: too many orders' \
	"$pagetorture" explore --library --limit 50 many.page
for strategy in dpor bounded pct random; do
	expect 0 "--strategy $strategy" '^two.page: clean in ' \
		"$pagetorture" explore --library --strategy $strategy --limit 50 two.page
done
expect 0 "the default interleaving" '^two.page: clean in 1 interleaving (replayed)$' \
	"$pagetorture" explore --library --replay - two.page
expect 0 "another interleaving" '^two.page: clean in 1 interleaving (replayed)$' \
	"$pagetorture" explore --library --replay 'main.2>T1' two.page
expect 2 "a schedule that is never reached does not fit" 'two.page: not explored: the schedule does not fit' \
	"$pagetorture" explore --library --replay 'T0.999>T1' two.page
expect 2 "a schedule whose thread cannot run does not fit" 'two.page: not explored: the schedule does not fit' \
	"$pagetorture" explore --library --replay 'main.2>T5' two.page
expect_error "what is no schedule" "expected --replay of a schedule" "$pagetorture" explore --library --replay 'T0>T1' two.page
expect_error "an unknown strategy" "dpor, bounded, pct, random" "$pagetorture" explore --library --strategy best two.page
expect 2 "a program that races in some order is not explored" 'not explored: expected a program that is clean' \
	"$pagetorture" explore --library "$rules/read-write.page"
expect 2 "the backend alias is refused" 'expected the backend direct, got alias' \
	env PAGE_MAP=alias "$pagetorture" explore --library two.page
run_expecting_status 0 "$pagetorture" explore --library --json two.page
if has_tool_or_skip jq; then
	jq -e '.verdict == "clean" and .complete and .outcomes_checked and .executions >= 2 and .strategy == "dpor"' \
		"$scratch/out" >/dev/null
	ok $? "--json has the result" "$scratch/out"
fi

# ---- a library with a bug ----

# The count is tested before it is dropped, so two threads that drop the last two references never free the page.
copy_library_and_change_file page.c \
	's/refs = atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel);/refs = atomic_load(\&page->refs); atomic_fetch_sub(\&page->refs, 1);/' &&
	build_changed_tool tsan
ok $? "a library with a bug is built" "$scratch/build"
tool=$scratch/bin/pagetorture-tsan
expect 1 "the bug is found" '^two.page: all pages are freed, but the library did not free [0-9]* bytes' \
	"$tool" explore --library two.page
cp "$scratch/out" first
run_expecting_status 1 "$tool" explore --library --json two.page
if has_tool_or_skip jq; then
	jq -e '.switches == [{"thread":"T0","call":"free_page","line":4,"before":"an atomic update",
		"next":"T1","next_call":"free_page","next_line":5}]' "$scratch/out" >/dev/null
	ok $? "--json has the switches" "$scratch/out"
fi
run_expecting_status 1 "$tool" explore --library two.page
cmp -s "$scratch/out" first
ok $? "the same search finds the same schedule" "$scratch/out"
grep -qE '^  found by dpor in execution [1-9]; schedule: (T0\.[0-9]+|main\.2)>T1$' first
ok $? "the strategy, the number of executions and the schedule are printed" first
grep -qE '^  T0 stops in free_page of line 4 before an atomic update; T1 goes on with free_page of line 5$' first
ok $? "the calls in which threads switch are printed" first
replay=$(sed -n 's/^  replay: //p' first)
(cd / && sh -c "$replay") >"$scratch/out" 2>&1
[ $? = 1 ] && grep -q 'the library did not free' "$scratch/out" && grep -q 'in execution 1;' "$scratch/out"
ok $? "the printed command replays the failure in another directory" "$scratch/out"
for strategy in bounded pct random; do
	expect 1 "--strategy $strategy finds it" 'the library did not free' \
		"$tool" explore --library --strategy $strategy two.page
done
expect 0 "calls that do not overlap do not show it" 'clean in 1 interleaving' \
	"$tool" explore --library --replay - two.page

# ---- a schedule is a part of the program ----

run_expecting_status 1 "$tool" explore --library --directory found two.page
grep -q "^  written: .*/found/two-schedule.page$" "$scratch/out" && grep -q '^schedule ' found/two-schedule.page
ok $? "--directory writes the program with its schedule" "$scratch/out"
run_expecting_status 1 "$tool" run --flavour tsan found/two-schedule.page
cat "$scratch/out" "$scratch/err" | grep -q 'tsan: differs: schedule: all pages are freed, but the library did not'
ok $? "run executes the schedule, and finds the bug" "$scratch/out"
expect 0 "the unchanged library passes, in every flavour" 'two-schedule.page .*yes$' \
	"$pagetorture" run found/two-schedule.page
"$pagetorture" convert --bytes -o found/two.bin found/two-schedule.page 2>err &&
	run_expecting_status 1 "$tool" run --flavour tsan found/two.bin &&
	cat "$scratch/out" "$scratch/err" | grep -q 'differs: schedule: '
ok $? "the byte form has the schedule too" err
# T0 runs at its first point anyway, so the first deviation has no effect.
sed 's/^schedule .*/schedule T0.1>T0\n&/; $a T1: p1 = alloc_page(GFP_KERNEL)' found/two-schedule.page >long.page
run_expecting_status 0 "$tool" minimize --flavour tsan -o short.page long.page
[ "$(grep -c '^schedule' short.page)" = 1 ] && [ "$(grep -c '(' short.page)" = 4 ]
ok $? "minimize removes deviations and calls that do not matter" "$scratch/err"
sed 's/^schedule .*/schedule T0.999>T1/' found/two-schedule.page >misfit.page
expect 1 "a schedule that does not fit is a difference" 'differs: schedule: the schedule does not fit' \
	"$pagetorture" run --flavour tsan misfit.page
cp found/two-schedule.page more.page
sed -i 's/^schedule .*/&\nschedule T1.1>T0/' more.page
"$tool" run --flavour tsan more.page >"$scratch/out" 2>&1
grep -q 'differs: schedule' "$scratch/out"
ok $? "another deviation changes the execution" "$scratch/out"

# An allocation takes the lock of a list and then the lock of the arena, a free the other way round.
cat >alloc.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
T0: free_page(p0)
T1: p1 = alloc_page(GFP_KERNEL)
END
copy_library_and_change_file arena.c '
	s/^\tis_found = free_list_take_frame(list, frame);/\tsync_spin_lock(\&arena.lock);\n\tsync_spin_unlock(\&arena.lock);\n&/
	s/^\tlist = free_list_find_by_frame(frame);/&\n\tsync_spin_lock(\&arena.lock);/
	s/^\tfree_list_append(list, frame);/&\n\tsync_spin_unlock(\&arena.lock);/' &&
	build_changed_tool tsan
ok $? "a library that takes two locks in opposite order is built" "$scratch/build"
expect 1 "a deadlock is found" '^alloc.page: deadlock: every thread waits for a lock' \
	timeout 60 "$tool" explore --library alloc.page

# A library that is not instrumented has no points.
mkdir plain
(cd plain && $CC -D_GNU_SOURCE -std=gnu11 -g -O1 -I"$abs_srcdir/src" -c "$abs_srcdir"/src/page/*.c) >"$scratch/build" 2>&1
# shellcheck disable=SC2046 # split into words
$CC $(print_sanitizer_flags tsan) $(print_hook_flags tsan) "$abs_builddir/obj/tsan/src/tool/main.o" plain/*.o \
	"$abs_builddir/libpagetorture-tsan.a" "$abs_builddir/libharness-tsan.a" -lpthread \
	-o "$scratch/bin/pagetorture-tsan" >>"$scratch/build" 2>&1
ok $? "a library without instrumentation is built" "$scratch/build"
expect 2 "and is refused" 'not explored: expected a page library that is an archive compiled with -fsanitize=thread' \
	"$tool" explore --library two.page

# A report of the library ends the process of the search.
copy_library_and_change_file page.c \
	's/unsigned int refs = atomic_fetch_add_explicit(&page->refs, 1, memory_order_relaxed);/unsigned int refs = atomic_load(\&page->refs);\n\tatomic_store(\&page->refs, refs + 1);/' &&
	build_changed_tool tsan
ok $? "a library that takes references in two steps is built" "$scratch/build"
cat >get.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
T0: get_page(p0)
T1: get_page(p0)
END
expect 1 "a report of the library is found, with its schedule" '^get.page: crash: BUG: page: use-after-free' \
	"$tool" explore --library get.page
grep -q '^  found by dpor in execution [0-9]*; schedule: T' "$scratch/out"
ok $? "and the schedule up to the report" "$scratch/out"

# ---- start states ----

cat >alloc2.page <<'END'
pagetorture 1
T0: p0 = alloc_page(GFP_KERNEL)
T1: p1 = alloc_page(GFP_KERNEL)
T0: free_page(p0)
END
for start in first-use kept-15 freed-64 after-fork; do
	expect 0 "--start $start" "^alloc2.page: from $start: clean in each of [2-9] interleavings" \
		"$pagetorture" explore --library --start $start alloc2.page
done
for start in left-0 left-1 left-2; do
	expect 0 "--start $start" "^alloc2.page: from $start: clean in " \
		"$pagetorture" explore --library --limit 20 --start $start alloc2.page
done
run_expecting_status 0 "$pagetorture" explore --library --limit 20 --start all two.page
[ "$(grep -c 'clean in' "$scratch/out")" = 27 ] && grep -q 'from kept-7: ' "$scratch/out"
ok $? "--start all: 27 states" "$scratch/out"
expect_error "an unknown start state: the known ones are named" 'used, first-use, kept-N, freed-N, left-N, after-fork' \
	"$pagetorture" explore --library --start begin two.page
expect_error "a schedule has its own start state" 'expected --start or --replay, got both' \
	"$pagetorture" explore --library --start left-1 --replay - two.page
expect 0 "a start state in a schedule" '^two.page: from kept-15: clean in 1 interleaving (replayed)$' \
	"$pagetorture" explore --library --replay 'start=kept-15 main.2>T1' two.page
expect 0 "--fork" '^two.page: clean in each of [2-9] interleavings; each in a process of its own$' \
	"$pagetorture" explore --library --fork two.page
cat >start.page <<'END'
pagetorture 1
schedule start=left-1
T0: p0 = alloc_page(GFP_KERNEL)
END
expect 0 "a start state in a program" '^start.page: from left-1: clean in each of 1 interleaving$' \
	"$pagetorture" explore --library start.page

# patch_library BUG: builds the library with the seeded bug BUG.
patch_library() {
	rm -rf "${scratch:?}/src"
	mkdir "$scratch/src"
	cp -r "$abs_srcdir/src/page" "$scratch/src/page"
	chmod -R u+w "$scratch/src"
	(cd "$scratch" && patch -p1 <"$abs_srcdir/tests/bugs/patch/$1.patch") >/dev/null && build_changed_tool tsan
}

if has_tool_or_skip patch; then
	bug=$abs_srcdir/corpus/bugs/refill-without-the-lock.page
	patch_library refill-without-the-lock
	ok $? "a library that refills its list without the lock is built" "$scratch/build"
	expect 1 "the bug is found from the start state of the program" ': from kept-15: library-race: ' \
		"$tool" explore --library --directory found "$bug"
	replay=$(sed -n 's/^  replay: //p' "$scratch/out")
	(cd / && sh -c "$replay") >"$scratch/out" 2>&1
	[ $? = 1 ] && grep -q 'from kept-15: library-race: ' "$scratch/out"
	ok $? "the printed command has the start state" "$scratch/out"
	run_expecting_status 1 "$tool" run --flavour tsan found/refill-without-the-lock-schedule.page
	cat "$scratch/out" "$scratch/err" | grep -q 'tsan: differs: schedule: from kept-15: library-race: '
	ok $? "run executes the schedule from the start state" "$scratch/out"
	expect 0 "the unchanged library passes" 'yes$' \
		"$pagetorture" run --flavour tsan found/refill-without-the-lock-schedule.page
	expect 0 "without the start state nothing is found" 'clean in ' "$tool" explore --library --start used "$bug"
	patch_library other-lists-without-their-locks
	expect 1 "the last page" ': from left-1: library-race: ' \
		"$tool" explore --library "$abs_srcdir/corpus/bugs/other-lists-without-their-locks.page"
fi

# ---- a library whose state is not undone ----

# Each allocation counts in memory of an uninstrumented function, and each third one takes the lock twice.
copy_library_and_change_file arena.c '
	s/^static bool take_from_own_list_or_refill/static NO_SANITIZE_THREAD bool count_allocation(void)\n{\n\tstatic unsigned int count;\n\n\treturn ++count % 3 == 0;\n}\n\n&/
	s/^\tis_found = free_list_take_frame(list, frame);/\tif (count_allocation()) {\n\t\tsync_spin_unlock(\&list->lock);\n\t\tsync_spin_lock(\&list->lock);\n\t}\n&/' &&
	build_changed_tool tsan
ok $? "a library with a hidden count is built" "$scratch/build"
expect 0 "each execution gets a process" '^alloc2.page: clean in .*; each in a process of its own$' \
	"$tool" explore --library --limit 20 alloc2.page

# page_free() reads and writes the count in a function that the compiler does not instrument.
for call in '' 'if (page_sched_point) page_sched_point(counter);'; do
	copy_library_and_change_file page.c "
		s/^void page_free(struct page \*page)/static NO_SANITIZE_THREAD unsigned int drop(atomic_uint *counter)\n{\n\tunsigned int refs = *(unsigned int *)counter;\n\n\t$call\n\t*(unsigned int *)counter = refs - 1;\n\treturn refs;\n}\n\n&/
		s/refs = atomic_fetch_sub_explicit(&page->refs, 1, memory_order_acq_rel);/refs = drop(\&page->refs);/" &&
		build_changed_tool tsan
	ok $? "a library whose count has no hooks is built, with '$call'" "$scratch/build"
	if [ -n "$call" ]; then
		expect 1 "page_sched_point() shows the access" 'two.page: all pages are freed, but the library did not' \
			"$tool" explore --library two.page
	else
		expect 0 "without a call no thread runs in between" 'two.page: clean in ' "$tool" explore --library two.page
	fi
done

done_testing
