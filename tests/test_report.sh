#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# pagetorture reads reports of sanitizers and libFuzzer correctly. This script compiles programs with errors
# by each installed compiler, and reads their reports.
. "$(dirname "$0")/tap.sh"

mkdir -p "$scratch/src/page" || exit 99
cp "$abs_srcdir/tests/report_bugs.c" "$scratch/src/page/bugs.c"

# Compile read_report with AddressSanitizer, if this build has it, to detect errors in the reader.
reader=$abs_builddir/read_report
if has_flavour asan; then
	reader=$scratch/read_report
	# shellcheck disable=SC2046 # split into words
	$CC -D_GNU_SOURCE -g $(print_sanitizer_flags asan) -I"$abs_srcdir/src" "$abs_srcdir/tests/read_report.c" \
		"$abs_srcdir/src/tool/report/report.c" -o "$reader" || exit 99
fi

# compile_report_bugs COMPILER SANITIZER [FLAG...]: compiles report_bugs.c, whose errors the sanitizer reports.
compile_report_bugs() {
	compiler=$1 sanitizer=$2
	shift 2
	(cd "$scratch" && "$compiler" -g -O1 -fno-optimize-sibling-calls -fsanitize="$sanitizer" "$@" -pthread \
		src/page/bugs.c -o bugs) >"$scratch/build" 2>&1
}

# expect_report_summary NAME EXPECTED: the reader must print EXPECTED, a pattern of `case`, for the sanitizer's
# report on the error NAME.
expect_report_summary() {
	(cd "$scratch" && timeout 60 ./bugs "$1") >"$scratch/report" 2>&1
	got=$("$reader" <"$scratch/report" | head -n 1)
	# shellcheck disable=SC2254 # a pattern
	case $got in
	$2) ok 0 "$compiler, $sanitizer: $1: $got" ;;
	*) ok 1 "$compiler, $sanitizer: $1: expected $2, got $got" "$scratch/report" ;;
	esac
}

# expect_modules_without_symbols NAME: in a report without symbols, each frame must have the name of its module.
expect_modules_without_symbols() {
	(cd "$scratch" && ASAN_OPTIONS=symbolize=0 MSAN_OPTIONS=symbolize=0 TSAN_OPTIONS=symbolize=0 \
		timeout 60 ./bugs "$1") >"$scratch/report" 2>&1
	got=$("$reader" -m <"$scratch/report" | head -n 1)
	case $got in
	*" not all"* | "") false ;;
	*" all") true ;;
	*) false ;;
	esac
	ok $? "$compiler, $sanitizer: without symbols, modules: $got" "$scratch/report"
}

# clang's runtimes need a symbolizer to print names of functions, but gcc's runtimes do not.
symbolizer=$(command -v llvm-symbolizer || command -v llvm-symbolizer-19 || command -v llvm-symbolizer-14)
export ASAN_SYMBOLIZER_PATH="$symbolizer" MSAN_SYMBOLIZER_PATH="$symbolizer" \
	TSAN_OPTIONS="external_symbolizer_path=$symbolizer"
unset ASAN_OPTIONS MSAN_OPTIONS UBSAN_OPTIONS

# test_asan_reports COMPILER: the reader must read AddressSanitizer's reports of programs of the compiler.
test_asan_reports() {
	if ! compile_report_bugs "$1" address,undefined -fno-sanitize-recover=undefined; then
		skip "reports of AddressSanitizer: $1 has none"
		return
	fi
	expect_report_summary use-after-free 'AddressSanitizer heap-use-after-free \[page_read<use_after_free*'
	expect_report_summary overflow 'AddressSanitizer heap-buffer-overflow \[page_read<*'
	expect_report_summary intercepted 'AddressSanitizer heap-buffer-overflow \[overflow_in_memset*'
	expect_report_summary double-free 'AddressSanitizer double-free \[free_twice*'
	expect_report_summary bad-free 'AddressSanitizer bad-free \[free_inner_pointer*'
	expect_report_summary wild 'AddressSanitizer SEGV \[page_read<*'
	expect_report_summary sum 'UndefinedBehaviorSanitizer signed-integer-overflow *'
	expect_report_summary shift 'UndefinedBehaviorSanitizer shift *'
	expect_report_summary ours 'page unmap-order*'
	expect_report_summary leak 'LeakSanitizer memory-leak \[main*'
	UBSAN_OPTIONS=print_stacktrace=1 expect_report_summary sum \
		'UndefinedBehaviorSanitizer signed-integer-overflow \[overflow_sum<*'
	ASAN_OPTIONS=handle_abort=1 expect_report_summary ours 'page unmap-order \[print_rule_and_abort<*'
	expect_modules_without_symbols use-after-free
}

# test_tsan_reports COMPILER: the reader must read ThreadSanitizer's reports of programs of the compiler.
test_tsan_reports() {
	if ! compile_report_bugs "$1" thread -DFIBERS; then
		skip "reports of ThreadSanitizer: $1 has none"
		return
	fi
	if (cd "$scratch" && ./bugs 2>&1) | grep -q 'unexpected memory mapping'; then
		skip "reports of ThreadSanitizer: $1's does not run on this kernel"
		return
	fi
	for name in race fibers; do
		expect_report_summary $name 'ThreadSanitizer data-race \[page_[pw]*\] \[page_[pw]*\]'
		[ "$(echo "$got" | grep -c 'page_poke.*page_write\|page_write.*page_poke')" -eq 1 ]
		ok $? "$compiler, $sanitizer: $name: a site for each of the two"
	done
	expect_report_summary use-after-free 'ThreadSanitizer heap-use-after-free \[page_read<*'
	expect_report_summary wild 'ThreadSanitizer SEGV \[page_read<*'
	expect_modules_without_symbols race
}

# test_msan_reports COMPILER: the reader must read MemorySanitizer's reports of programs of the compiler.
test_msan_reports() {
	if ! compile_report_bugs "$1" memory; then
		skip "reports of MemorySanitizer: $1 has none"
		return
	fi
	expect_report_summary uninitialised 'MemorySanitizer use-of-uninitialized-value \[branch_on_uninitialised*'
	expect_modules_without_symbols uninitialised
}

for tested in $(printf '%s\n' "$CC" clang-19 clang-14 gcc | sort -u); do
	if ! command -v "$tested" >/dev/null; then
		skip "reports of $tested: not found"
		continue
	fi
	test_asan_reports "$tested"
	test_tsan_reports "$tested"
	test_msan_reports "$tested"
done

# expect_libfuzzer_report_kind BUG KIND: the reader must find libFuzzer's report of KIND on the error BUG.
expect_libfuzzer_report_kind() {
	printf %s "$1" >"$scratch/input"
	timeout 60 "$scratch/engine" -timeout=1 -rss_limit_mb=100 "$scratch/input" >"$scratch/report" 2>&1
	got=$("$reader" <"$scratch/report" | head -n 1)
	[ "${got%% \[*}" = "libFuzzer $2" ]
	ok $? "libFuzzer: $2" "$scratch/report"
}

if "$CC" -g -fsanitize=fuzzer,address -DFUZZ_TARGET "$abs_srcdir/tests/report_bugs.c" -o "$scratch/engine" \
	>"$scratch/build" 2>&1; then
	expect_libfuzzer_report_kind abort deadly-signal
	expect_libfuzzer_report_kind hang timeout
	expect_libfuzzer_report_kind memory out-of-memory
	expect_libfuzzer_report_kind exit exit
else
	skip "reports of libFuzzer: $CC cannot link it"
fi

# A report without its last lines, as in a truncated log, is read as far as it goes.
(cd "$scratch" && timeout 60 ./bugs use-after-free) >"$scratch/report" 2>&1
size=$(wc -c <"$scratch/report") bad=0 cut=0
while [ "$cut" -lt "$size" ]; do
	head -c "$cut" "$scratch/report" | "$reader" >"$scratch/out" 2>&1 || bad=$((bad + 1))
	cut=$((cut + 29))
done
[ "$bad" -eq 0 ] && [ "$size" -gt 500 ]
ok $? "$cut bytes of a report, cut at every 29th" "$scratch/out"

# Stack frames above the harness are functions of the page library, also if its sources are not in src/page.
cat >"$scratch/report" <<'END'
==1==ERROR: AddressSanitizer: heap-buffer-overflow on address 0x1 at pc 0x2 bp 0x3 sp 0x4
WRITE of size 8 at 0x1 thread T0
    #0 0x1 in memcpy /llvm/compiler-rt/lib/asan/asan_interceptors.cpp:22:3
    #1 0x2 in put_words /home/me/shelf.c:10:3
    #2 0x3 in page_write_raw /home/me/shelf.c:20:2
    #3 0x4 in exec_write_raw /tree/build/../src/harness/exec/exec_call.c:9:8
    #4 0x5 in main /tree/build/../src/tool/main.c:3:1
    #5 0x6 in start /libc/start.c:5:1
END
got=$("$reader" <"$scratch/report" | head -n 1)
[ "$got" = 'AddressSanitizer heap-buffer-overflow [put_words<page_write_raw]' ]
ok $? "functions of a library elsewhere: $got" "$scratch/report"
sed -i '/shelf/d' "$scratch/report"
[ "$("$reader" <"$scratch/report" | head -n 1)" = 'AddressSanitizer heap-buffer-overflow []' ]
ok $? "the harness's own functions are none" "$scratch/report"

echo 'all is well' | "$reader" >"$scratch/out"
ok_if_empty "no report, nothing read" "$scratch/out"

done_testing
