#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# ./configure --with-page-library builds the harness with another page library. The other library is
# simple_page.c, which detects less than src/page: `run` must report exactly the differences in the table.
. "$(dirname "$0")/tap.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
corpus=$abs_srcdir/corpus/rules
# The script reads only the first line of each sanitizer report, so no report needs symbols.
ASAN_OPTIONS=symbolize=0
MSAN_OPTIONS=symbolize=0
export ASAN_OPTIONS MSAN_OPTIONS

# A line of the table is KIND FLAVOURS PATTERN PROGRAM..., the difference that `run` reports for the PROGRAMs.
# KIND `differ`: model and execution disagree; `not-run`: `run` leaves out a fatal call, which nothing would
# detect; `beyond`: ThreadSanitizer misses the race, as the model predicts.
grep -v '^#' >"$scratch/differences" <<'END'
# Only AddressSanitizer detects the use of the freed page.
differ plain,tsan,msan use-after-free copy-dead-source free-twice get-of-dead race-before-fatal-call use-after-free use-after-free-by-another-thread use-after-free-of-recycled-frame
# Not even AddressSanitizer detects the use of the freed page, because the call accesses no byte of the page.
differ plain,asan,tsan,msan use-after-free use-after-free-by-mapping use-after-free-of-nothing use-after-free-reading-nothing use-after-free-writing-nothing
# Nothing detects the use of the freed page, so the library reports only the later map-overflow.
differ plain,asan,tsan,msan use-after-free.*map-overflow free-before-overflow
# simple_page.c ignores an unmap by a task without mappings.
differ plain,asan,tsan,msan foreign-map foreign-unmap
differ plain,asan,tsan,msan use-after-unmap unmap-twice
# simple_page.c allocates a page by aligned_alloc(), which ThreadSanitizer handles as a write of the page.
differ tsan no.race alloc-without-zero-touches-nothing
# In simple_page.c, page_free() writes no byte of the page, so ThreadSanitizer reports no race with page_free().
differ tsan data-race free-writes-the-first-byte free-writes-the-last-byte
# All mappings of a page have the same address, so nothing detects accesses through an ended mapping or
# through the mapping of another thread. Only AddressSanitizer detects accesses beyond the page.
not-run plain,asan,tsan,msan .* bounds-before-dead dead-even-for-nothing foreign-load foreign-map out-of-bounds-of-nothing unmap-order-one-page-twice unmap-order-over-another-page use-after-unmap
not-run plain,tsan,msan .* out-of-bounds out-of-bounds-by-one out-of-bounds-into-a-neighbour use-after-free-through-mapping
# ThreadSanitizer remembers four accesses of a granule; one of them is here the allocation of the page.
beyond tsan .* free-races-with-read free-while-reading tsan-keeps-four-sets-of-bytes
END

# ---- the argument of the option ----

# expect_linker_arguments FLAVOUR FLAGS EXPECTED: page-library.sh must print EXPECTED as the linker arguments.
expect_linker_arguments() {
	(cd "$scratch" && ${SHELL:-/bin/sh} "$abs_srcdir/build-aux/page-library.sh" "$1" "$2") >"$scratch/out"
	[ "$(cat "$scratch/out")" = "$3" ]
	ok $? "--with-page-library='$2', $1" "$scratch/out"
}

: >"$scratch/here.a"
expect_linker_arguments tsan '-L/lib/{flavour} -lpage' ' -L/lib/tsan -Wl,-rpath,/lib/tsan -lpage'
expect_linker_arguments plain 'here.a there.a -pthread' " $scratch/here.a there.a -pthread"
expect_linker_arguments asan '-Llib -lpage-{flavour}' " -L$scratch/lib -Wl,-rpath,$scratch/lib -lpage-asan"
expect_linker_arguments '{flavour}' 'lib/{flavour}/libpage.a' " $scratch/lib/{flavour}/libpage.a"

# ---- functions that the harness needs ----

# List the functions of page.h that the programs of this tree need. The tests of the library, the stress
# scenario `borrow` and fuzz_api are skipped if their functions are missing, so these do not count.
{
	nm "$abs_builddir/libharness-plain.a"
	find "$abs_builddir/obj/plain/stress" "$abs_builddir/obj/plain/fuzz" -name '*.o' \
		! -name stress_borrow.o ! -name 'api_*.o' ! -name fuzz_api.o -exec nm {} +
} 2>/dev/null |
	awk '$1 == "U" { print $2 }' | sort -u | comm -12 - "$abs_srcdir/src/page/libpage.sym" \
	>"$scratch/called"
for stub in "$abs_srcdir"/src/page_stubs/page_*.c; do
	basename "$stub" .c
done | comm -13 - "$scratch/called" >"$scratch/needed"
ok_if_files_equal "src/page_stubs/needs.sym is what the harness calls" "$abs_srcdir/src/page_stubs/needs.sym" "$scratch/needed"

# ---- the library and the second build ----

flavours=$(list_flavours)
missing=
for flavour in plain asan tsan msan; do
	has_flavour $flavour || missing="$missing --disable-$flavour"
done

# A call of the plain library before main() must end the process. The library is linked last, so
# end_constructors() runs after all other constructors.
cat >"$scratch/early.c" <<'END'
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
static bool has_run_constructors;
static void __attribute__((constructor)) end_constructors(void)
{
	has_run_constructors = true;
}
void __cyg_profile_func_enter(void *function, void *caller)
{
	if (has_run_constructors)
		return;
	fprintf(stderr, "the page library is called before main()\n");
	_Exit(99);
}
void __cyg_profile_func_exit(void *function, void *caller)
{
}
END

# compile_scratch_source FLAVOUR SOURCE OBJECT FLAG...: compiles the file SOURCE of $scratch to OBJECT.
compile_scratch_source() {
	of=$1 file=$2 object=$3
	shift 3
	# shellcheck disable=SC2046 # split into words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 -fPIC $(print_sanitizer_flags "$of") "$@" -I"$abs_srcdir/src" \
		-c "$scratch/$file" -o "$object" 2>"$scratch/err"
}

# compile_and_archive_simple_library FLAVOUR: creates lib/FLAVOUR/libsimple.a from simple_page.c.
compile_and_archive_simple_library() {
	mkdir -p "$scratch/lib/$1"
	early=
	[ "$1" != plain ] || early=-finstrument-functions
	# shellcheck disable=SC2086 # a flag, or none
	compile_scratch_source "$1" simple_page.c "$scratch/lib/$1/simple.o" $early &&
		compile_scratch_source plain early.c "$scratch/lib/$1/early.o" && rm -f "$scratch/lib/$1/libsimple.a" &&
		ar rc "$scratch/lib/$1/libsimple.a" "$scratch/lib/$1"/*.o 2>>"$scratch/err"
}

# whole.c is simple_page.c with page_calls.c included, so that one sed script can change any part.
whole=$scratch/whole.c
sed "/page_calls\.c\"/{
	r $abs_srcdir/examples/tutorial/page_calls.c
	d
}" "$abs_srcdir/tests/simple_page.c" >"$whole"
cp "$whole" "$scratch/simple_page.c"
for flavour in $flavours; do
	compile_and_archive_simple_library "$flavour" || break
done
ok $? "the simple library compiles in: $flavours" "$scratch/err"

# configure refuses a source directory that is itself configured, so copy it without the build.
source=$abs_srcdir
if [ -e "$abs_srcdir/config.status" ]; then
	source=$scratch/source
	(cd "$abs_builddir" && make distdir distdir="$source") >"$scratch/out" 2>&1
	ok $? "a copy of the source" "$scratch/out"
fi
mkdir "$scratch/build"

# configure_build PAGE-LIBRARY: runs configure in $scratch/build, --with-page-library=PAGE-LIBRARY.
configure_build() {
	(
		cd "$scratch/build" || exit 99
		# shellcheck disable=SC2086 # split into words
		"$source/configure" CC="$CC" CFLAGS=-O1 --disable-dependency-tracking --disable-shared \
			--cache-file="$scratch/cache" $missing --with-page-library="$1"
	)
}

# build_with_simple_library PROGRAM...: builds PROGRAMs in $scratch/build, with the simple library.
build_with_simple_library() {
	(cd "$scratch/build" && make -j"$(nproc)" "$@")
}

compile_scratch_source plain simple_page.c "$scratch/lib/lacks.o" -Dpage_copy=copy_page -Duser_slice_skip=skip_slice
ok $? "a library that lacks two calls compiles" "$scratch/err"
expect 1 "configure names what the harness needs" \
	'error: the page library lacks what the harness calls: page_copy user_slice_skip$' configure_build ../lib/lacks.o
expect 1 "a library that cannot be linked" 'error: expected --with-page-library to link' configure_build -lno-such-library
expect 0 "configure accepts the simple library; its flavours: $flavours" "^  flavours  *$flavours\$" \
	configure_build '../lib/{flavour}/libsimple.a'
for text in 'lacks page_canonical page_fault_attr_set page_map_backend page_map_backend_set page_map_revoke_set page_task_hook_set: pages are assumed' \
	'lacks page_borrow page_buffer_alloc .*page_task_make_it_fail user_slice_write .*: tests that .*skipped$'; do
	grep -q "$text" "$scratch/err"
	ok $? "configure names it: $text" "$scratch/err"
done
if succeeds_or_skip "this compiler has no libFuzzer" grep -q 'engines .*libFuzzer' "$scratch/out"; then
	grep -q 'engines .*without coverage of the page library: asan' "$scratch/out"
	ok $? "configure says that fuzzers would run without coverage of it" "$scratch/out"
	make -C "$scratch/build" -n V=1 obj/fuzz-asan/src/harness/checker.o >"$scratch/out" 2>&1 &&
		grep -q 'fuzzer-no-link.*checker\.c' "$scratch/out"
	ok $? "so fuzzers count coverage of the harness" "$scratch/out"
fi

programs=$(cd "$abs_builddir" && find fuzz_*-replay pagetorture-stress | grep -v 'san$\|\.')
tools=
for flavour in $flavours; do
	tools="$tools pagetorture$(print_flavour_suffix "$flavour")"
done
sh "$abs_srcdir/build-aux/copy_objects.sh" "$abs_builddir" "$scratch/build" "$source" \
	src/page src/page_stubs >"$scratch/err" 2>&1
ok $? "objects that do not depend on the page library are copied" "$scratch/err"
# shellcheck disable=SC2086 # split into words
expect 0 "the tool, replayers, the stress program and tests are built with it" '' \
	build_with_simple_library test_page_buffer test_page_misuse test_page_raw $programs $tools

# copy_objects.sh finds the objects that depend on the settings of configure by the included config.h.
sed -n 's/^\t-D\([A-Z_]*\)=.*/\\<\1\\>/p' "$abs_srcdir/src/tool/local.mk" >"$scratch/macros"
(cd "$abs_srcdir" && find src/harness src/tool src/dev fuzz stress tests bench -name '*.[ch]' -exec grep -lf "$scratch/macros" {} + |
	sort >"$scratch/sources" && xargs grep -LF '#include "config.h"' <"$scratch/sources") >"$scratch/without"
grep -q command_to_c "$scratch/sources"
ok $? "sources use the settings of tool_cppflags" "$scratch/macros"
ok_if_empty "each such source includes config.h" "$scratch/without"

# ---- programs that run with the library ----

run=$scratch/build/pagetorture
borrow="the page library lacks page_borrow page_buffer_alloc "
for program in pagetorture $programs; do
	"$scratch/build/$program" --help >"$scratch/out" 2>&1 || grep -q "skipped: $borrow" "$scratch/out" ||
		echo "$program: $(cat "$scratch/out")"
done >"$scratch/wrong"
ok_if_empty "no program calls the library before its main(): pagetorture $(echo "$programs" | tr '\n' ' ')" "$scratch/wrong"
expect 0 "the tool names its library" '^page library: .*libsimple\.a' "$run" --version
expect 1 "nothing of src/page is in it" '' sh -c "nm '$run' | grep ' arena_'"
expect_error "a backend that the library has not" "backend .*'alias'" "$run" run --backend alias "$corpus/bounds.page"
expect 0 "a test of missing calls is skipped" "^1\.\.0 # SKIP $borrow" "$scratch/build/test_page_buffer"
expect 0 "other tests of page.h run: what passes" '^ok .* page_copy writes exactly' "$scratch/build/test_page_raw"
expect 1 "... what does not hold" '^not ok .* a freed page is read' "$scratch/build/test_page_misuse"
expect 0 "... what is skipped" '^ok .*# SKIP .*backend alias' "$scratch/build/test_page_raw"
api=$abs_srcdir/corpus/seed/fuzz_api
while read -r what command; do
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 69 "$scratch/build"/$command && [ ! -s "$scratch/out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -q "^${command%% *}.*: skipped: the page library $(echo "$what" | tr _ ' ')" "$scratch/err"
	ok $? "skipped with a status of its own: $command" "$scratch/err"
done <<END
lacks pagetorture-stress borrow
lacks fuzz_api-replay $api
lacks fuzz_api-replay --bytes $api/buffers.calls
has_no_backend_alias pagetorture-stress disjoint -n 1 --backend=alias
cannot_make_calls_fail pagetorture-stress disjoint -n 1 --fail-alloc=1
END
expect 0 "stress runs" SUCCESS "$scratch/build/pagetorture-stress" disjoint -n 2000
expect 0 "fuzz targets run" '' "$scratch/build/fuzz_page-replay" "$abs_srcdir/corpus/seed/fuzz_page"

# ---- differences from src/page ----

# expect_listed_differences NAME KINDS OPTION...: `run OPTION...` on corpus/rules must report
# exactly the differences of the table with one of the KINDS.
expect_listed_differences() {
	name=$1 kinds=$2
	shift 2
	run_expecting_status 1 "$run" run --json "$@" "$corpus"/*.page
	[ "$(grep -c '"file": ' "$scratch/out")" -eq "$(find "$corpus" -name '*.page' | wc -l)" ]
	ok $? "$name: corpus/rules runs with it" "$scratch/err"
	python3 - "$kinds" "$scratch" >"$scratch/missing" 2>&1 <<-'END'
		import json, pathlib, re, sys
		kinds, scratch = sys.argv[1].split(), pathlib.Path(sys.argv[2])
		observed = {}
		for row in map(json.loads, (scratch / "out").open()):
		    for flavour, result in row["flavours"].items():
		        kind = "not-run" if "not run" in result["fibers"] else result["result"]
		        observed[pathlib.Path(row["file"]).stem, flavour] = kind, result["why"]
		expected = {(program, flavour): (kind, pattern)
		            for kind, flavours, pattern, *programs in map(str.split, (scratch / "differences").open())
		            for program in programs for flavour in flavours.split(",")
		            if kind in kinds and (program, flavour) in observed}
		assert expected
		with (scratch / "elsewhere").open("w") as elsewhere:
		    for place, (kind, why) in sorted(observed.items()):
		        expected_kind, pattern = expected.get(place, ("", ""))
		        if place in expected and (kind != expected_kind or not re.search(pattern, why)):
		            print(*place, f"expected {expected_kind} {pattern}, got {kind} {why}")
		        elif place not in expected and kind in kinds:
		            print(*place, kind, why, file=elsewhere)
	END
	ok_if_empty "$name: the simple library differs where it is known to" "$scratch/missing"
	ok_if_empty "$name: and nowhere else" "$scratch/elsewhere"
}

expect_listed_differences "in every flavour" "differ not-run beyond"

# ---- broken libraries are detected ----

# build_changed_library_and_tool FLAVOUR NAME LINES SED: changes simple_page.c by SED, which must make a diff
# of LINES lines, and builds the library and the tool.
build_changed_library_and_tool() {
	sed "$4" "$whole" >"$scratch/simple_page.c"
	[ "$(diff "$whole" "$scratch/simple_page.c" | grep -c '^[<>]')" -eq "$3" ] &&
		compile_and_archive_simple_library "$1" && build_with_simple_library "pagetorture$(print_flavour_suffix "$1")" >"$scratch/err" 2>&1
	ok $? "a library with $2 is built" "$scratch/err"
}

# expect_change_found FLAVOUR NAME LINES SED PROGRAM PATTERN: `run` of PROGRAM, with the changed
# library, must print PATTERN.
expect_change_found() {
	has_flavour_or_skip "$1" "$2" || return
	build_changed_library_and_tool "$1" "$2" "$3" "$4"
	expect 1 "$1 finds $2" "$5.page: $1: [a-z-]*: line [0-9]*: .*$6" \
		"$scratch/build/pagetorture$(print_flavour_suffix "$1")" run --flavour "$1" "$corpus/$5.page"
}

write='	memcpy(to, from, len);'
expect 0 "nothing is wrong with bounds and neighbours" '' "$run" run "$corpus/bounds.page" "$corpus/adjacent-bytes.page"
expect_change_found plain "bounds one too far" 2 's/len <= PAGE_SIZE - off/len <= PAGE_SIZE - off + 1/' \
	bounds 'expected EINVAL, got 0'
expect_change_found tsan "a neighbour's byte written back" 1 \
	"s/^$write/&\n\tif (len \&\& (uintptr_t)(to + len) % PAGE_SIZE) { volatile unsigned char *n = to + len; *n = *n; }/" \
	adjacent-bytes 'the model knows no race'
expect_change_found tsan "a lock that orders all writers" 4 \
	"s/^struct page {/#include <pthread.h>\nstatic pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\n&/
	s/^$write/\tpthread_mutex_lock(\&lock);\n&\n\tpthread_mutex_unlock(\&lock);/" \
	write-whole-page-twice 'expected a data-race'
expect_change_found msan "a last byte that is not read" 2 's/memcpy(dst, page->bytes + off, len)/memcpy(dst, page->bytes + off, len \& ~1ul)/' \
	bytewise-carries-every-byte 'byte'

expect_change_found plain "another byte before the fault" 1 \
	"s/^\t\t!(must_fail_this_call() .*/&\n\tintermediate_bytes[0] ^= !is_copied;/" user-fault 'byte'

# ---- libraries that behave in another allowed way ----

# By the kernel's uaccess.h, a user copy that ends at a fault may copy fewer bytes than are readable.
build_changed_library_and_tool plain "a user copy that stops early" 2 \
	"s/^\t\t!(must_fail_this_call() .*/&\n\tif (!is_copied)\n\t\tmemset(intermediate_bytes, 0, len);/"
expect_listed_differences "a user copy that stops early" differ --flavour plain

# A library may copy byte by byte from the end: ThreadSanitizer prints other reports, but of the same races.
if has_flavour_or_skip tsan "another way to copy"; then
	build_changed_library_and_tool tsan "copies byte by byte" 6 \
		"s/^$write/\tfor (size_t i = len; i--;)\n\t\t((volatile unsigned char *)to)[i] = from[i];/
		s/^	memcpy(dst, page->bytes + off, len);/\tfor (size_t i = len; i--;)\n\t\t((unsigned char *)dst)[i] = ((volatile unsigned char *)page->bytes)[off + i];/"
	expect_listed_differences "byte by byte" differ --flavour tsan
fi

# ---- a shared library of one build for all flavours ----

cp "$whole" "$scratch/simple_page.c"
mkdir "$scratch/shared"
compile_scratch_source plain simple_page.c "$scratch/shared/simple.o" &&
	$CC -shared -o "$scratch/shared/libsimple.so" "$scratch/shared/simple.o" 2>"$scratch/err"
ok $? "a shared library is built" "$scratch/err"
expect 0 "it is for plain and asan" '^  flavours  *plain\( asan\)*$' configure_build '-L../shared -lsimple'
if succeeds_or_skip "this build has not all flavours" test "$flavours" = "plain asan tsan msan"; then
	grep -q 'skipped .*tsan(.*{flavour}).*msan(.*{flavour})' "$scratch/out"
	ok $? "the others are skipped by name" "$scratch/out"
fi
build_with_simple_library pagetorture pagetorture-stress >"$scratch/out" 2>&1
expect 0 "it is found when the tool starts" '' \
	"$run" run --flavour plain "$corpus/bounds.page" "$corpus/injected-failures.page"
nm "$scratch/build/pagetorture-stress" | grep -q ' U page_alloc'
ok $? "a program of the last configuration is linked again"

done_testing
