#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Runs fuzz/oss-fuzz/build.sh in the environment that OSS-Fuzz gives it: empty directories, the flags of
# OSS-Fuzz, and no other variables. After the build, this script moves $OUT, removes all other directories,
# and runs check_out.py, which must also refuse broken builds.
#
#   OSS_FUZZ  pairs of engine and sanitizer (default: two; `make oss-fuzz-check`: all)
. "$(dirname "$0")/tap.sh"

pairs=${OSS_FUZZ:-libfuzzer:address libfuzzer:thread}
if [ "$pairs" = all ]; then
	pairs='libfuzzer:address libfuzzer:coverage libfuzzer:memory libfuzzer:thread
		libfuzzer:undefined afl:address'
fi
judge="python3 $abs_srcdir/fuzz/oss-fuzz/check_out.py"

# print_oss_fuzz_flags SANITIZER: prints the compiler flags that the base image of OSS-Fuzz sets for the sanitizer.
common='-O1 -fno-omit-frame-pointer -gline-tables-only'
common="$common -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION"
undefined=array-bounds,bool,builtin,enum,function,integer-divide-by-zero,null,object-size
undefined=$undefined,return,returns-nonnull-attribute,shift,signed-integer-overflow
undefined=$undefined,unreachable,vla-bound,vptr
print_oss_fuzz_flags() {
	case $1 in
	address) echo -fsanitize=address -fsanitize-address-use-after-scope ;;
	coverage)
		echo -fprofile-instr-generate -fcoverage-mapping -pthread \
			-Wl,--no-as-needed -Wl,-ldl -Wl,-lm -Wno-unused-command-line-argument
		;;
	memory) echo -fsanitize=memory -fsanitize-memory-track-origins ;;
	thread) echo -fsanitize=thread ;;
	undefined)
		echo "-fsanitize=$undefined,unsigned-integer-overflow -fno-sanitize-recover=$undefined"
		;;
	esac
}

# find_afl_driver: prints the path of libAFLDriver.a, which is near the compiler of AFL++.
find_afl_driver() {
	ls "$(dirname "$(command -v afl-clang-fast)")/../lib/afl/libAFLDriver.a" 2>/dev/null
}

# set_build_variables ENGINE SANITIZER: sets cc, cxx, engine_flag, cflags and harness.
set_build_variables() {
	harness=libharness-given.a
	[ "$2" != thread ] || harness=libharness-given-tsan.a
	cflags="$common $(print_oss_fuzz_flags "$2")"
	if [ "$1" = afl ]; then
		cc=afl-clang-fast cxx=afl-clang-fast++ engine_flag=$(find_afl_driver)
		return
	fi
	cc=$CC cxx=$(echo "$CC" | sed 's/clang/clang++/') engine_flag=-fsanitize=fuzzer
	[ "$2" = coverage ] || cflags="$cflags -fsanitize=fuzzer-no-link"
}

# list_missing_requirements ENGINE SANITIZER: prints what this system lacks for ENGINE and SANITIZER.
list_missing_requirements() {
	for tool in python3 nm objdump readelf bash; do
		command -v $tool >/dev/null || echo "no $tool"
	done
	[ ! -e "$abs_srcdir/config.status" ] || echo "the source directory is configured itself"
	case $1 in
	afl)
		command -v afl-clang-fast >/dev/null && [ -n "$(find_afl_driver)" ] ||
			echo "no afl-clang-fast with libAFLDriver.a"
		;;
	libfuzzer)
		case "$2 $FUZZERS" in
		thread*fuzz_race* | address*fuzz_page* | coverage*fuzz_page* | undefined*fuzz_page*) ;;
		memory*fuzz_page*) has_flavour msan || echo "this build has no msan flavour" ;;
		*) echo "$CC has no libFuzzer for it" ;;
		esac
		;;
	*) echo "not installed, nor known to check_out.py" ;;
	esac
}

# run_as_in_image COMMAND...: runs the command with only the variables that the image of OSS-Fuzz sets.
run_as_in_image() {
	env -i HOME="$scratch" PATH="$PATH" TMPDIR="$scratch" SRC="$scratch/src" \
		WORK="$scratch/work" OUT="$scratch/out.d" SANITIZER="$sanitizer" FUZZING_ENGINE="$engine" \
		ARCHITECTURE=x86_64 FUZZING_LANGUAGE=c CC="$cc" CXX="$cxx" CFLAGS="$cflags" \
		CXXFLAGS="$cflags" LIB_FUZZING_ENGINE="$engine_flag" AFL_QUIET=1 \
		ASAN_OPTIONS=detect_leaks=0 "$@"
}

build_targets_as_in_image() {
	set_build_variables "$engine" "$sanitizer"
	rm -rf "$scratch/src" "$scratch/work" "$scratch/out.d"
	mkdir "$scratch/src" "$scratch/work" "$scratch/out.d"
	ln -s "$abs_srcdir" "$scratch/src/pagetorture"
	cp "$abs_srcdir/.clusterfuzzlite/build.sh" "$scratch/src/build.sh"
	(cd "$scratch/src/pagetorture" && run_as_in_image bash -eux "$scratch/src/build.sh") >"$scratch/log" 2>&1 ||
		{ tail -n 30 "$scratch/log" >"$scratch/end" && return 1; }
}

# expect_refused_build WHAT MESSAGE TARGET COMMAND...: COMMAND breaks a copy of the built files; then
# check_out.py must print MESSAGE about TARGET.
expect_refused_build() {
	what=$1 message=$2 target=$3
	shift 3
	rm -rf "$scratch/broken"
	cp -r "$scratch/moved" "$scratch/broken"
	if ! (cd "$scratch/broken" && "$@") >"$scratch/log" 2>&1; then
		ok 1 "refused: $what: breaking it" "$scratch/log"
		return
	fi
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 1 $judge --engine "$engine" --sanitizer "$sanitizer" "$scratch/broken" $target &&
		grep -qE "^[a-zA-Z_]+: $message" "$scratch/err"
	ok $? "refused: $what" "$scratch/err"
}

# relink_target TARGET FLAGS [LIBRARY-FLAGS [VARIABLE=VALUE]]: links TARGET into the current directory, with
# the additional linker FLAGS, and with a page library built with LIBRARY-FLAGS.
relink_target() {
	relinked=$1 linker_flags=$2
	shift 2
	(
		cd "$scratch/work/pagetorture" || exit 1
		rm -f "$relinked-given" obj/given/fuzz/*.o
		if [ $# -gt 0 ]; then
			rm -f libpage-given.a obj/given/src/page/*.o
			library_flags=$1
			shift
			run_as_in_image make -s -j2 libpage-given.a GIVEN_CFLAGS="$common $library_flags" "$@" || exit 1
		fi
		run_as_in_image make -s "$relinked-given" GIVEN_CFLAGS="$cflags" GIVEN_CXX="$cxx" \
			GIVEN_CXXFLAGS="$cflags $linker_flags" GIVEN_ENGINE="$engine_flag" GIVEN_HARNESS="$harness" "$@"
	) && cp "$scratch/work/pagetorture/$relinked-given" "$relinked"
}

# replace_seed_archive TARGET SEED...: removes all seeds of TARGET except the SEEDs.
replace_seed_archive() {
	zip=$1_seed_corpus.zip
	shift
	rm -rf "$scratch/seeds"
	python3 -m zipfile -e "$zip" "$scratch/seeds" && rm "$zip" &&
		(cd "$scratch/seeds" && python3 -m zipfile -c "$scratch/broken/$zip" "$@")
}

# relink_target_that_exits_on_argument TEXT: links fuzz_page so that it exits if an argument contains TEXT.
relink_target_that_exits_on_argument() {
	printf '%s\n' '#include <string.h>' '#include <unistd.h>' \
		'__attribute__((constructor)) static void die(int argc, char **argv)' \
		'{ for (int i = 1; i < argc; i++) if (strstr(argv[i], WHEN)) _exit(3); }' >"$scratch/die.c"
	$cc -DWHEN="\"$1\"" -c -o "$scratch/die.o" "$scratch/die.c" && relink_target fuzz_page "$scratch/die.o"
}

# relink_target_with_msan_calls TARGET: links TARGET with four calls of MSan's runtime that never run.
relink_target_with_msan_calls() {
	printf '%s\n' 'void __msan_unpoison(const volatile void *, unsigned long) __attribute__((weak));' \
		'void call_msan(void *at);' \
		'void call_msan(void *at) { if (!__msan_unpoison) return; CALL CALL CALL CALL }' |
		sed 's/CALL/__msan_unpoison(at, 1);/g' >"$scratch/call.c"
	$cc -c -o "$scratch/call.o" "$scratch/call.c" && relink_target "$1" "$scratch/call.o"
}

# check_out.py must refuse a page library without the sanitizer or without coverage, if the harness has both.
check_uninstrumented_library_is_refused() {
	expect_refused_build "a library that nothing watches for $sanitizer" "$sanitizer: watches 0" fuzz_page \
		relink_target fuzz_page '' ''
	printf 'src: *src/page/*\n' >"$scratch/deny"
	[ "$sanitizer" = coverage ] ||
		expect_refused_build "a library that is not counted for $engine" "$engine: counts in 0" fuzz_page \
			relink_target fuzz_page '' "$(print_oss_fuzz_flags "$sanitizer")" AFL_LLVM_DENYLIST="$scratch/deny"
}

check_broken_builds_are_refused() {
	expect_refused_build "no seeds" "missing: fuzz_page_seed_corpus.zip" fuzz_text rm fuzz_page_seed_corpus.zip
	expect_refused_build "a stray file" "stray: helper" fuzz_text touch helper
	expect_refused_build "seeds longer than max_len" "seeds: .* more than max_len" fuzz_page \
		sed -i 's/max_len = .*/max_len = 99/' fuzz_page.options
	expect_refused_build "an unknown option" "options: libFuzzer does not know one" fuzz_page sed -i s/timeout/time/ fuzz_page.options
	expect_refused_build "a bad dictionary" "dictionary: .*error in line" fuzz_text sed -i 's/.$//' fuzz_text.dict
	expect_refused_build "a bad archive" "seeds: " fuzz_page cp fuzz_page.dict fuzz_page_seed_corpus.zip
	expect_refused_build "seeds that reach nothing" "seeds do not reach page_read_raw" fuzz_page \
		replace_seed_archive fuzz_page zero-length-never-faults.bin
	expect_refused_build "another program" "has no LLVMFuzzerTestOneInput" fuzz_page cp "$pagetorture" fuzz_page
	expect_refused_build "a place of its own for libraries" "looks for libraries" fuzz_page \
		relink_target fuzz_page -Wl,-rpath,/here
	expect_refused_build "a target that does not start" "does not start" fuzz_page relink_target_that_exits_on_argument runs=4
	expect_refused_build "a seed that fails" "a seed fails" fuzz_page relink_target_that_exits_on_argument seeds
	expect_refused_build "calls into the runtime of another sanitizer" \
		"memory: [0-9]* calls to __msan, expected 3 or fewer" fuzz_text relink_target_with_msan_calls fuzz_text
	expect_refused_build "two sanitizers" "undefined: watches too" fuzz_page \
		relink_target fuzz_page '' '-fsanitize=fuzzer-no-link,address,undefined'
	for sanitizer in memory thread undefined; do
		expect_refused_build "address for $sanitizer" "$sanitizer: no runtime|address: its runtime too" fuzz_text true
	done
	sanitizer=address
}

for pair in $pairs; do
	engine=${pair%%:*} sanitizer=${pair##*:}
	why=$(list_missing_requirements "$engine" "$sanitizer" | head -n 1)
	if [ -n "$why" ]; then
		skip "$engine, $sanitizer: $why"
		continue
	fi
	build_targets_as_in_image
	ok $? "$engine, $sanitizer: it builds" "$scratch/end"
	rm -rf "$scratch/moved"
	mv "$scratch/out.d" "$scratch/moved"
	mv "$scratch/work" "$scratch/work.aside"
	rm -rf "$scratch/src"
	# shellcheck disable=SC2086 # split into words
	run_expecting_status 0 $judge --engine "$engine" --sanitizer "$sanitizer" "$scratch/moved"
	ok $? "$engine, $sanitizer: every target is what it has to be" "$scratch/err"
	while read -r word rest; do
		[ "$word" != skipped: ] || skip "$engine, $sanitizer: $rest"
	done <"$scratch/out"
	rm -rf "$scratch/work"
	mv "$scratch/work.aside" "$scratch/work"
	mkdir "$scratch/src"
	ln -s "$abs_srcdir" "$scratch/src/pagetorture"
	case $pair in
	libfuzzer:address) check_broken_builds_are_refused ;;
	libfuzzer:thread)
		expect_refused_build "seeds that do not race" "sees no race" fuzz_race replace_seed_archive fuzz_race disjoint-writes.bin
		expect_refused_build "a harness that is watched" "thread: watches the harness" fuzz_page \
			relink_target fuzz_page '' '-fsanitize=thread -fsanitize=fuzzer-no-link' build_cflags_given="$cflags"
		;;
	esac
	check_uninstrumented_library_is_refused
done

done_testing
