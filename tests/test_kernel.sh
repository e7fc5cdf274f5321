#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The kernel's own rust/kernel/page.rs under the harness (doc/kernel.md): every program of the corpus, the
# race matrix and the unit tests agree; the corpus finds the bugs that kernel/rust/mutants.py inserts; and
# versions of the file that kernel/rust does not fit are refused by name.
. "$(dirname "$0")/tap.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
kernel=$abs_builddir/kernel
corpus=$abs_srcdir/corpus

skip_rest_without_tools "${RUSTC:-rustc}" objcopy
if ! make -C "$abs_builddir" kernel ${KERNEL:+KERNEL="$KERNEL"} >"$scratch/build" 2>&1; then
	if grep -q '^skipped: ' "$scratch/build"; then
		skip_rest "$(sed -n 's/^skipped: //p' "$scratch/build" | sed q)"
	fi
	ok 1 "make kernel" "$scratch/build"
	done_testing
	exit
fi
grep -F ' obj/tsan/src/harness/model/' "$scratch/build" >"$scratch/compiled"
ok_if_empty "make kernel does not compile what does not depend on page.rs" "$scratch/compiled"

# ---- the kernel's file, unchanged ----

for backend in direct alias; do
	expect 0 "$backend: the corpus agrees in each flavour" ' yes$' \
		"$kernel/pagetorture" run --backend "$backend" "$corpus"
	! grep -E ' NO$' "$scratch/out" >"$scratch/differences"
	ok $? "$backend: no program disagrees" "$scratch/differences"
done
if [ -d "$abs_srcdir/../shared/examples" ]; then
	expect 0 "the examples of the contract agree" ' yes$' "$kernel/pagetorture" run "$abs_srcdir/../shared/examples"
fi
for target in fuzz_race fuzz_api; do
	mkdir "$scratch/$target"
	expect 0 "$target: libFuzzer fuzzes the kernel's file" 'Done 2000 runs' \
		"$kernel/$target" -runs=2000 -seed=1 "$scratch/$target"
done
expect 0 "its race matrix agrees, without a false alarm" ' 0 false alarms' \
	"$kernel/pagetorture-dev" race --repeat 1 --detector tsan-fibers

for test in $(cd "$abs_srcdir/tests" && printf '%s\n' test_page*.c | grep -vE 'accesses|alias|arena|detect|fork|promises|references|system' | sed 's/\.c$//'); do
	expect 0 "its unit test $test" '^ok' "$kernel/unit-tests" "$test"
done
# The kernel's copy of user memory is a failure point for each of its callers.
"$kernel/unit-tests" test_page_promises >"$scratch/promises"
sed -n 's/^not ok [0-9]* - [a-z, ]*: //p' "$scratch/promises" | sort -u >"$scratch/differences"
printf '%s\n' 'the failure was not used up' 'user_slice_read is no failure point' | cmp -s - "$scratch/differences"
ok $? "its unit test test_page_promises: only user_slice_read differs, which is a failure point" "$scratch/promises"

# ---- versions of the file, and bugs in it: both scripts print TAP ----

# repeat_checks_of_tap_file KIND: repeats each check in $scratch/tap as a check of this script; one or more
# checks must pass.
repeat_checks_of_tap_file() {
	sed -n 's/^ok [0-9]* - //p' "$scratch/tap" >"$scratch/passed"
	sed -n 's/^not ok [0-9]* - //p' "$scratch/tap" >"$scratch/failed"
	[ -s "$scratch/passed" ]
	ok $? "$1: the checks ran" "$scratch/tap"
	while read -r name; do
		ok 0 "$1: $name"
	done <"$scratch/passed"
	while read -r name; do
		ok 1 "$1: $name" "$scratch/tap"
	done <"$scratch/failed"
}

RUSTC=${RUSTC:-rustc} python3 -B "$abs_srcdir/kernel/rust/variants.py" "$(sed -n 's/^KERNEL_SOURCE = //p' "$kernel/Makefile")" \
	"$scratch/variants" >"$scratch/tap"
repeat_checks_of_tap_file version
make -C "$kernel" -s check-kernel-bugs >"$scratch/tap" 2>&1
repeat_checks_of_tap_file bug
done_testing
