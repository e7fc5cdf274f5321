#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The C program of `to-c` compiles without a warning, and reproduces the result of the page program or says
# that it does not. This script tests some programs of corpus/rules, or all with TO_C_ALL=1 (`make
# check-to-c`).
. "$(dirname "$0")/tap.sh"

rules=$abs_srcdir/corpus/rules
seeds=$abs_srcdir/corpus/seed
cd "$scratch" || exit 99

# compiles_without_warnings FILE NAME: true if $CC and gcc compile FILE without a warning.
compiles_without_warnings() {
	: >warnings
	for compiler in "$CC" gcc; do
		command -v "${compiler%% *}" >/dev/null || continue
		# shellcheck disable=SC2086 # split into words
		$compiler -Wall -Wextra -Werror -O2 -I"$abs_srcdir/src/page" -c -o /dev/null "$1" \
			>>warnings 2>&1 || echo "$compiler does not take $1" >>warnings
	done
	[ ! -s warnings ]
}

# print_missing_needed_flavour PROGRAM: prints the flavour that shows the result, if this build lacks it.
print_missing_needed_flavour() {
	case $("$pagetorture" check --json "$1" 2>/dev/null) in
	*'"verdict": [])'*) ;;
	*'data-race'*) has_flavour tsan || echo tsan ;;
	*'uninit-use'*) has_flavour msan || echo msan ;;
	esac
}

# expect_reproduced PROGRAM: the C program of PROGRAM must reproduce the result, on pthreads and with
# --deterministic.
expect_reproduced() {
	name=$(basename "$1" .page)
	lacking=$(print_missing_needed_flavour "$1")
	for mode in '' --deterministic; do
		if [ -n "$lacking" ]; then
			skip "$name: this build has no $lacking flavour"
			continue
		fi
		# shellcheck disable=SC2086 # split into words
		if run_expecting_status 1 "$pagetorture" to-c $mode -o "$name.c" "$1"; then
			# A seed of the fuzz targets may access no byte.
			[ "${1#"$seeds/"}" != "$1" ] && grep -q ': nothing can see this' err
		else
			[ "$status" -eq 0 ] && [ ! -s err ] &&
				grep -q '^ \* Reproduced: yes' "$name.c" && compiles_without_warnings "$name.c"
		fi
		ok $? "$name: compiles without warnings and reproduces ${mode:-on pthreads}" err
	done
}

# In these programs, the fatal call accesses no byte, so nothing detects it, and `to-c` expects no report.
invisible="bounds-before-dead dead-even-for-nothing out-of-bounds-of-nothing"

if [ -n "${TO_C_ALL-}" ]; then
	set -- "$rules"/*.page "$abs_srcdir"/corpus/regress/*.page "$seeds"/*/*.page
else
	set --
	for name in aliases-overlap deadlock foreign-load foreign-unmap free-by-two-owners \
		injected-failures lock-handed-on map-overflow odd-atomics-skipped \
		out-of-bounds-by-one two-races-one-program uninit-copied-then-used unmap-order \
		use-after-free-by-another-thread use-after-unmap user-fault-at-each-edge; do
		set -- "$@" "$rules/$name.page"
	done
	set -- "$@" "$seeds/fuzz_page/every-edge.page" "$seeds/fuzz_race/every-order.page"
fi
for page; do
	case " $invisible " in
	*" $(basename "$page" .page) "*) continue ;;
	esac
	expect_reproduced "$page"
done
for name in $invisible; do
	run_expecting_status 1 "$pagetorture" to-c -o "$name.c" "$rules/$name.page" && compiles_without_warnings "$name.c" &&
		grep -q 'does not reproduce: nothing can see this' err &&
		grep -q '^ \* DOES NOT REPRODUCE: nothing can see this' "$name.c"
	ok $? "$name: says that nothing can see it" err
done

# ---- every call of the format ----

# Each line of the table has a call, and the C text that `to-c` must write for this call.
cat >head.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_ATOMIC | __GFP_ZERO)
u0 = user_slice(8, 1, 4)
k0 = kmap_local(p0)
post(s0)
lock(m0)
END
while IFS=: read -r call text; do
	echo "$call" | sed 's/.* = //; s/(.*//' >>in-table
	{ cat head.page && { grep -qxF "$call" head.page || echo "$call"; }; } >op.page
	"$pagetorture" to-c --no-run op.page >op.c 2>err && grep -qF "$text" op.c && compiles_without_warnings op.c ||
		echo "$call: expected $text"
done <<'END' >wrong
p0 = alloc_page(GFP_ATOMIC | __GFP_ZERO):p0 = page_alloc(GFP_ATOMIC | __GFP_ZERO);
get_page(p0):page_get(p0);
free_page(p0):page_free(p0);
read_raw(p0, 8, 4):expect(7, page_read_raw(p0, main_bytes, 8, 4), 0);
write_raw(p0, 8, 4, 9):expect(7, page_write_raw(p0, main_bytes, 8, 4), 0);
fill_zero(p0, 8, 4):expect(7, page_fill_zero(p0, 8, 4), 0);
lock(m0):pthread_mutex_lock(&m0);
unlock(m0):pthread_mutex_unlock(&m0);
post(s0):sem_post(&s0);
wait(s0):sem_wait(&s0);
read_bytewise_atomic(p0, 8, 4):expect(7, page_read_bytewise_atomic(p0, main_bytes, 8, 4), 0);
write_bytewise_atomic(p0, 8, 4, 9):expect(7, page_write_bytewise_atomic(p0, main_bytes, 8, 4), 0);
copy_page(p0, 8, p0, 16, 4):expect(7, page_copy(p0, 8, p0, 0x10, 4), 0);
u0 = user_slice(8, 1, 4):user_slice_reader_init(&u0, user_slice_new(u0_bytes, 8));
skip(u0, 9):expect(7, user_slice_skip(&u0, 9), -EFAULT);
user_store(u0, 2, 4, 7):fill_user_pattern(u0_bytes + 2, 2, 0x7);
copy_from_user_slice(p0, u0, 8, 8):expect(7, page_copy_from_user_slice(p0, &u0, 8, 8), -EFAULT);
k0 = kmap_local(p0):k0 = page_map_local(p0);
load(k0, 8, 4):memcpy(main_bytes, k0 + 8, 4);
store(k0, 8, 4, 9):memcpy(k0 + 8, main_bytes, 4);
load_atomic(k0, 8, 4):__atomic_load_n((uint32_t *)(k0 + 8), __ATOMIC_RELAXED);
store_atomic(k0, 8, 4, 9):__atomic_store_n((uint32_t *)(k0 + 8), value_7, __ATOMIC_RELAXED);
kunmap_local(k0):page_unmap_local(k0);
fail_nth(3):page_fail_nth(3);
END
[ ! -s wrong ]
ok $? "every call is written as its call of page.h" wrong
sed -n 's/^OP(\([a-z_]*\),.*/\1/p' "$abs_srcdir/src/harness/program/ops.def" | sort >ops
sort in-table | diff - ops >missing
ok $? "the table above has every call of ops.def" missing

# ---- the commands in the first comment ----

# extract_printed_commands FILE: prints the commands in FILE's comment that run FILE with this build.
extract_printed_commands() {
	sed -n '/with this build/,/^ \* or /s/^ \*   \(.*\)/\1/p' "$1"
}

if has_flavour_or_skip tsan "races in C"; then
	"$pagetorture" to-c -o pasted.c "$rules/overlap-one-byte.page"
	extract_printed_commands pasted.c >pasted.sh
	sh pasted.sh >out 2>&1
	grep -q 'ThreadSanitizer: data race' out
	ok $? "the lines of the comment compile and run it" out
	seen=0
	for run in 1 2 3 4 5 6 7 8 9 10; do
		./pasted >out 2>&1 || seen=$((seen + $(grep -c 'WARNING: ThreadSanitizer: data race' out)))
	done
	[ "$run" -eq 10 ] && [ "$seen" -eq 10 ]
	ok $? "the race is seen in $seen of 10 runs"
	sed 's/__ATOMIC_RELAXED) != line/__ATOMIC_SEQ_CST) != line/; s/line, __ATOMIC_RELAXED/line, __ATOMIC_SEQ_CST/' \
		pasted.c >ordered.c
	sed 's/pasted/ordered/g' pasted.sh | sh >out 2>&1 && ! cmp -s pasted.c ordered.c
	ok $? "turns that are not relaxed would hide it: they are the reason" out
	sed '/pass_turn_to(5)/d' pasted.c >stuck.c
	sed 's/pasted/stuck/g; s|\./|timeout 2 ./|' pasted.sh | sh >out 2>&1
	[ $? -eq 124 ]
	ok $? "and they keep the order: without its turn a thread waits" out
	"$pagetorture" to-c -o two.c "$rules/two-races-one-program.page"
	extract_printed_commands two.c | sh >out 2>&1
	[ "$(grep -c 'WARNING: ThreadSanitizer: data race' out)" -eq 2 ]
	ok $? "two races in one program are two reports" out
	"$pagetorture" to-c --deterministic -o again.c "$seeds/fuzz_race/every-order.page"
	extract_printed_commands again.c | sh 2>&1 | grep -E 'ThreadSanitizer|(Read|Write|read|write) of size' >first
	./again 2>&1 | grep -E 'ThreadSanitizer|(Read|Write|read|write) of size' |
		sed 's/0x[0-9a-f]*//g; s/pid=[0-9]*//' >second
	sed 's/0x[0-9a-f]*//g; s/pid=[0-9]*//' first | diff - second >differ && [ -s second ]
	ok $? "--deterministic: the same reports again" differ
fi
# The two fibers share errno, and both write it; ThreadSanitizer must not report these writes as a race.
if has_flavour tsan; then
	run_expecting_status 0 "$pagetorture" to-c --deterministic -o errno.c "$abs_srcdir/corpus/regress/failing-in-two-threads.page"
	ok $? "what belongs to the pthread is no race of fibers" err
fi
"$pagetorture" to-c -o alias.c "$rules/use-after-unmap.page" && extract_printed_commands alias.c >alias.sh &&
	grep -q 'PAGE_MAP=alias ./alias' alias.sh
ok $? "the backend that sees it is in its line" alias.sh

# ---- programs that do not reproduce ----

# expect_to_c_reports_no_reproduction NAME PATTERN: `to-c` must report that claim.page does not reproduce, with PATTERN as the reason.
expect_to_c_reports_no_reproduction() {
	run_expecting_status 1 "$pagetorture" to-c -o claim.c claim.page && grep -q "does not reproduce: .*$2" err &&
		grep -q "^ \* DOES NOT REPRODUCE: .*$2" claim.c && [ "$(wc -l <err)" -eq 1 ]
	ok $? "does not reproduce: $1" err
}
cat >claim.page <<'END'
pagetorture 1
p0 = alloc_page(GFP_KERNEL)
write_raw(p0, PAGE_SIZE, 1, 0) -> 0
END
expect_to_c_reports_no_reproduction "a claim that does not hold" 'line 3: not as expected'
printf 'pagetorture 1\nexpect use-after-free\np0 = alloc_page(GFP_KERNEL)\n' >claim.page
expect_to_c_reports_no_reproduction "an expectation of what does not happen" 'expected use-after-free in the flavour [a-z]*, seen: '
printf 'pagetorture 1\nexpect clean\np0 = alloc_page(GFP_KERNEL)\nfree_page(p0)\nfree_page(p0)\n' >claim.page
expect_to_c_reports_no_reproduction "an expectation of nothing" 'expected no use-after-free in the flavour [a-z]*, seen: use-after-free, '
if has_flavour tsan; then
	sed 's/expect clean/expect data-race/' "$rules/mutex-orders.page" >claim.page
	expect_to_c_reports_no_reproduction "a race that is none" 'expected data-race in the flavour tsan, seen: no report'
	sed 's/expect data-race/expect clean/' "$rules/overlap-one-byte.page" >claim.page
	expect_to_c_reports_no_reproduction "a race that was not expected" 'expected no data-race in the flavour tsan, seen: data-race, .*data race'
fi
# The C program of `to-c` also checks the bytes of pages.
"$pagetorture" to-c -o bytes.c "$rules/bytewise-carries-every-byte.page" 2>err
extract_printed_commands bytes.c >bytes.sh
sh bytes.sh >out 2>&1
ok $? "bytes that are as expected" out
sed 's/\(expect_pattern([a-zA-Z0-9_ ,]*\)0x[0-9a-f]*/\10xee/' bytes.c >other.c
mv other.c bytes.c
run_expecting_status 1 sh bytes.sh && grep -q '^line [0-9]*: not as expected: byte [0-9]*: expected 0xee, got 0x[0-9a-f]*$' err
ok $? "and bytes that are not" err

run_expecting_status 1 "$pagetorture" to-c --cc no-such-compiler -o none.c "$rules/bounds.page" &&
	grep -q 'skipped, not tried: there is no compiler no-such-compiler' err &&
	grep -q '^ \* NOT TRIED: there is no compiler no-such-compiler' none.c
ok $? "without a compiler it is not tried, and says so" err
mkdir -p alone/bin alone/libexec
ln -s "$abs_srcdir/src/tool" alone/libexec/pagetorture
cp "$pagetorture" alone/bin
expect 1 "nor without a build of the page library" 'skipped, not tried: there is no build of the page library' \
	alone/bin/pagetorture to-c -o none.c "$rules/bounds.page"
run_expecting_status 0 "$pagetorture" to-c --no-run "$rules/bounds.page" && grep -q '^ \* NOT TRIED' out && [ ! -s err ]
ok $? "--no-run only writes" err
printf 'my own\n' >mine.c
run_expecting_status 2 "$pagetorture" to-c --no-run -o mine.c "$rules/bounds.page" && [ "$(cat mine.c)" = 'my own' ]
ok $? "a file that is not of to-c stays" err
run_expecting_status 0 "$pagetorture" to-c --no-run --cc 'odd */ cc' "$rules/bounds.page" && mv out odd.c &&
	grep -qF 'odd * / cc' odd.c && compiles_without_warnings odd.c
ok $? "no name ends the comment" err
[ "$(find . -name '.pagetorture-*' | wc -l)" -eq 0 ]
ok $? "nothing is left beside"
printf '#!/bin/sh\nsleep 2\nexit 1\n' >slow
chmod +x slow
for signal in HUP INT TERM KILL; do
	kill_command_and_check_cleanup "$signal" "$pagetorture" to-c --cc "$PWD/slow" -o cut.c "$rules/bounds.page" && [ ! -e cut.c ]
	ok $? "ended by SIG$signal: no directory is left" err
done
expect 1 "without a directory for temporary files: skipped" 'skipped, not tried: expected a temporary directory, got /missing/pagetorture-[0-9a-f]*: No such file or directory$' \
	env TMPDIR=/missing "$pagetorture" to-c "$rules/bounds.page"
for arguments in '' '--frob x' 'a b' '--timeout 0 x'; do
	# shellcheck disable=SC2086 # split into words
	expect_error "usage: pagetorture to-c $arguments" '' "$pagetorture" to-c $arguments
done
expect 0 "--help has examples" Examples "$pagetorture" to-c --help

done_testing
