#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# page.h is a seam: ./configure --with-page-library puts another library under the harness.
# Here that is simple_page.c, which does what a library of 300 lines can do and sees less
# than ours. What it does not see is written down below, program by program, and has to be
# reported by `run`: a disagreement too few is as wrong as one too many.
. "$(dirname "$0")/tap.sh"

unset MAKEFLAGS MFLAGS MAKELEVEL
corpus=$abs_srcdir/corpus/rules
# AddressSanitizer's reports are read for their first line only.
ASAN_OPTIONS=symbolize=0
MSAN_OPTIONS=symbolize=0
export ASAN_OPTIONS MSAN_OPTIONS

# Where the simple library differs: program, flavours, what the disagreement says, why.
differs() {
	cat <<-'END'
	copy-dead-source plain,tsan,msan use-after-free dead
	foreign-unmap plain,asan,tsan,msan foreign-map nothing-mapped
	free-before-overflow plain,asan,tsan,msan use-after-free.*map-overflow overflow-first
	free-twice plain,tsan,msan use-after-free dead
	race-before-fatal-call plain,tsan,msan use-after-free dead
	get-of-dead plain,tsan,msan use-after-free dead
	unmap-twice plain,asan,tsan,msan use-after-unmap nothing-mapped
	use-after-free plain,tsan,msan use-after-free dead
	use-after-free-by-mapping plain,asan,tsan,msan use-after-free dead-untouched
	use-after-free-by-another-thread plain,tsan,msan use-after-free dead
	use-after-free-of-nothing plain,asan,tsan,msan use-after-free dead-untouched
	use-after-free-of-recycled-frame plain,tsan,msan use-after-free dead
	use-after-free-reading-nothing plain,asan,tsan,msan use-after-free dead-untouched
	use-after-free-writing-nothing plain,asan,tsan,msan use-after-free dead-untouched

	alloc-without-zero-touches-nothing tsan no.race allocation-writes
	free-writes-the-first-byte tsan data-race free-writes-nothing
	free-writes-the-last-byte tsan data-race free-writes-nothing

	random-00001 tsan no.race allocation-writes
	random-00004 plain,tsan,msan use-after-free dead
	random-00014 plain,tsan,msan use-after-free dead
	random-00020 plain,tsan,msan use-after-free dead
	random-00022 plain,asan,tsan,msan use-after-free dead-untouched
	random-00027 plain,tsan,msan use-after-free dead
	random-00037 plain,tsan,msan use-after-free dead
	random-00047 tsan no.race allocation-writes
	random-00048 tsan no.race allocation-writes
	random-00054 tsan no.race allocation-writes
	random-00059 tsan no.race allocation-writes
	END
}

EXAMPLES="2572519485 57996"

# The reasons, for people who read this.
reasons() {
	cat <<-'END'
	dead                 nothing remembers that a page died: only AddressSanitizer's heap does
	dead-untouched       and not even it, when the call touches no byte of the page
	overflow-first       so the mapping that is one too many is what is found
	nothing-mapped       a task that has nothing mapped may unmap anything
	allocation-writes    for ThreadSanitizer malloc() is a write by its caller, and the memory
	                     of a page comes from there
	free-writes-nothing  the last page_free() writes no byte that ThreadSanitizer would see
	END
}

# Fatal calls that are not run: with one address for all mappings of a page nothing detects a
# load or store through a mapping that ended, nor whose mapping it was. AddressSanitizer's
# heap sees the end of a page, its own and that of its life.
not_run() {
	cat <<-'END'
	bounds-before-dead plain,asan,tsan,msan
	dead-even-for-nothing plain,asan,tsan,msan
	foreign-load plain,asan,tsan,msan
	foreign-map plain,asan,tsan,msan
	out-of-bounds plain,tsan,msan
	out-of-bounds-by-one plain,tsan,msan
	out-of-bounds-into-a-neighbour plain,tsan,msan
	out-of-bounds-of-nothing plain,asan,tsan,msan
	unmap-order-one-page-twice plain,asan,tsan,msan
	unmap-order-over-another-page plain,asan,tsan,msan
	use-after-free-through-mapping plain,tsan,msan
	use-after-unmap plain,asan,tsan,msan
	END
}

# Races that ThreadSanitizer misses there and not with ours, which is no disagreement: its
# memory is short, and its content is unknown. Here the last page_free()
# writes no byte, after reads of many; and an allocation takes the fifth of four places.
unseen() {
	cat <<-'END'
	free-races-with-read tsan
	free-while-reading tsan
	tsan-keeps-four-sets-of-bytes tsan
	END
}

# ---- the words of the option ----

# words FLAVOUR FLAGS EXPECTED
words() {
	said=$(cd "$scratch" && $SHELL "$abs_srcdir/build-aux/page-library.sh" "$1" "$2")
	[ "$said" = "$3" ] || echo "$said" >"$scratch/said"
	[ "$said" = "$3" ]
	ok $? "--with-page-library='$2', $1" "$scratch/said"
}

: "${SHELL:=/bin/sh}"
: >"$scratch/here.a"
words tsan '-L/lib/{flavour} -lpage' ' -L/lib/tsan -Wl,-rpath,/lib/tsan -lpage'
words plain 'here.a there.a -pthread' " $scratch/here.a there.a -pthread"
words asan '-Llib -lpage-{flavour}' " -L$scratch/lib -Wl,-rpath,$scratch/lib -lpage-asan"
words '{flavour}' 'lib/{flavour}/libpage.a' " $scratch/lib/{flavour}/libpage.a"

# ---- what the harness needs ----

# The calls of page.h that programs make, but for the tests of the library, the stress program
# of buffers and fuzz_api: they skip themselves where calls are missing.
{
	nm "$abs_builddir/libharness-plain.a"
	find "$abs_builddir/obj/plain/stress" "$abs_builddir/obj/plain/fuzz" -name '*.o' \
		! -name stress_borrow.o ! -name 'api_*.o' ! -name fuzz_api.o -exec nm {} +
} 2>/dev/null |
	awk '$1 == "U" { print $2 }' | sort -u | comm -12 - "$abs_srcdir/src/page/libpage.sym" \
	>"$scratch/called"
for standin in "$abs_srcdir"/src/page_stubs/page_*.c; do
	basename "$standin" .c
done >"$scratch/standins"
comm -23 "$scratch/called" "$scratch/standins" | diff "$abs_srcdir/src/page_stubs/needs.sym" - \
	>"$scratch/needs"
ok $? "src/page_stubs/needs.sym is what the harness calls" "$scratch/needs"

# ---- nothing calls the library before main() ----

# early_library: libearly.a, our library. Each of its functions ends the process if main() has not begun.
early_library() {
	cat >"$scratch/early.c" <<-'END'
	#include <stdbool.h>
	#include <stdio.h>
	#include <stdlib.h>
	static bool begun;
	int __real_main(int argc, char **argv, char **env);
	int __wrap_main(int argc, char **argv, char **env);
	int __wrap_main(int argc, char **argv, char **env)
	{
		begun = true;
		return __real_main(argc, argv, env);
	}
	void __cyg_profile_func_enter(void *function, void *caller);
	void __cyg_profile_func_enter(void *function, void *caller)
	{
		if (begun)
			return;
		fprintf(stderr, "the page library is called before main()\n");
		_Exit(99);
	}
	void __cyg_profile_func_exit(void *function, void *caller);
	void __cyg_profile_func_exit(void *function, void *caller)
	{
	}
	END
	mkdir -p "$scratch/early"
	(
		cd "$scratch/early" || exit
		$CC -O0 -w -D_GNU_SOURCE -std=gnu11 -I"$abs_srcdir/src" -I"$abs_builddir" \
			-finstrument-functions -c "$abs_srcdir"/src/page/*.c &&
			$CC -O0 -c "$scratch/early.c" && ar rc "$scratch/libearly.a" ./*.o
	)
}

# parts PROGRAM: its objects and flags, in the directory of the build
parts() {
	case $1 in
	pagetorture) echo "obj/plain/src/tool/main.o libpagetorture-plain.a" ;;
	stress_*) echo "obj/plain/stress/$1.o libstress-plain.a -Wl,--wrap=memcpy -Wl,--wrap=memset" ;;
	fuzz_*)
		printf 'obj/plain/fuzz/%s.o ' fuzz fuzz_commands "${1%-replay}" input api_call main_replay
		[ "$1" != fuzz_api-replay ] || printf 'obj/plain/fuzz/%s.o ' api_buffer api_fatal api_fault api_page
		;;
	esac
}

# begins PROGRAM: linked with that library, it comes to its main()
begins() {
	# shellcheck disable=SC2046 # words
	(
		cd "$abs_builddir" && $CC $(parts "$1") libharness-plain.a \
			"$scratch/libearly.a" -Wl,--wrap=main -pthread -o "$scratch/$1"
	) >"$scratch/out" 2>&1 && run_to 0 "$scratch/$1" --help
}

early_library >"$scratch/out" 2>&1
ok $? "a library is built that knows whether main() has begun" "$scratch/out"
begin=0 # programs
for program in "$abs_builddir"/pagetorture "$abs_builddir"/fuzz_*-replay "$abs_builddir"/stress_*; do
	program=$(basename "$program")
	case $program in *san | *.*) continue ;; esac
	begin=$((begin + 1))
	begins "$program" || echo "$program: $(cat "$scratch/out" "$scratch/err")"
done >"$scratch/wrong" 2>&1
[ ! -s "$scratch/wrong" ] && [ $begin -gt 20 ]
ok $? "none of $begin programs calls the library before its main()" "$scratch/wrong"

# ---- the library and the second build ----

flavours=
missing=
for flavour in plain asan tsan msan; do
	if has_flavour $flavour; then
		flavours="$flavours $flavour"
	else
		missing="$missing --disable-$flavour"
	fi
done

# compile FLAVOUR OBJECT FLAG...: from $scratch/simple_page.c
compile() {
	of=$1 object=$2
	shift 2
	# shellcheck disable=SC2046 # words
	$CC -D_GNU_SOURCE -std=gnu11 -g -O1 -fPIC $(flags_of "$of") "$@" -I"$abs_srcdir/src" \
		-c "$scratch/simple_page.c" -o "$object" 2>"$scratch/err"
}

# archive FLAVOUR: lib/FLAVOUR/libsimple.a
archive() {
	mkdir -p "$scratch/lib/$1"
	compile "$1" "$scratch/lib/$1/simple.o" && rm -f "$scratch/lib/$1/libsimple.a" &&
		ar rc "$scratch/lib/$1/libsimple.a" "$scratch/lib/$1/simple.o" 2>>"$scratch/err"
}

cp "$abs_srcdir/tests/simple_page.c" "$scratch"
for flavour in $flavours; do
	archive "$flavour" || break
done
ok $? "the simple library compiles in:$flavours" "$scratch/err"

# A directory that was configured in cannot be configured from elsewhere; a copy of it can.
source=$abs_srcdir
if [ -e "$abs_srcdir/config.status" ]; then
	source=$scratch/source
	(cd "$abs_builddir" && make distdir distdir="$source") >"$scratch/out" 2>&1
	ok $? "a copy of the source" "$scratch/out"
fi

# configure PAGE-LIBRARY ARGUMENT...: in $scratch/build; what it says goes to out and err.
configure() {
	library=$1
	shift
	mkdir -p "$scratch/build"
	(
		cd "$scratch/build" || exit 99
		# shellcheck disable=SC2086 # words
		"$source/configure" CC="$CC" CFLAGS=-O1 --disable-dependency-tracking \
			--disable-shared --cache-file="$scratch/cache" $missing "$@" \
			--with-page-library="$library"
	) >"$scratch/out" 2>"$scratch/err"
}

# take_objects: of the harness, of the tool and of programs, which are the same on any library.
take_objects() {
	cp -a "$abs_builddir/obj" "$scratch/build"
	find "$scratch/build/obj" -name '*.d' -delete
	(
		cd "$abs_srcdir" && grep -lE 'config\.h"|TO_C_|PAGE_(PLAIN|ASAN|TSAN|MSAN|LIBRARY)' src/*/*.[ch] src/*/*/*.[ch]
	) | while read -r source; do
		echo "obj/*/${source%/*}"
	done | sort -u >"$scratch/ours"
	# shellcheck disable=SC2046 # patterns
	(cd "$scratch/build" && rm -rf obj/*/src/page obj/*/src/page_stubs $(cat "$scratch/ours"))
}

compile plain "$scratch/lib/lacks.o" -Dpage_copy=copy_page -Duser_slice_skip=skip_slice
ok $? "a library that lacks two calls compiles" "$scratch/err"
! configure ../lib/lacks.o && [ "$(grep -c . "$scratch/err")" -eq 1 ] &&
	grep -q 'error: the page library lacks what the harness calls: page_copy user_slice_skip$' \
		"$scratch/err"
ok $? "configure names in one line what the harness cannot do without" "$scratch/err"
! configure -lno-such-library && grep -q 'error: expected --with-page-library to link' "$scratch/err"
ok $? "and says so when there is no library" "$scratch/err"

configure '../lib/{flavour}/libsimple.a'
ok $? "configure takes the simple library" "$scratch/err"
grep -q "^  flavours  *${flavours# }\$" "$scratch/out"
ok $? "it has the flavours of this build:$flavours" "$scratch/out"
grep -q 'lacks page_canonical page_fault_attr_set page_map_backend page_map_backend_set page_map_revoke_set page_task_hook_set: taken for' \
	"$scratch/err"
ok $? "what is taken for granted in its place is named" "$scratch/err"
grep -q 'lacks page_borrow page_buffer_alloc .*page_task_make_it_fail: tests that .*skipped$' \
	"$scratch/err"
ok $? "so is what only tests would call" "$scratch/err"
if grep -q 'engines .*libFuzzer' "$scratch/out"; then
	grep -q 'engines .*without coverage of the page library: asan' "$scratch/out"
	ok $? "fuzzers would do without coverage of it, and are said to" "$scratch/out"
else
	skip "this compiler has no libFuzzer"
fi

programs="test_page_buffer test_page_misuse test_page_raw fuzz_api-replay fuzz_page-replay stress_borrow stress_disjoint"
for flavour in $flavours; do
	programs="$programs pagetorture$(suffix_of "$flavour")"
done
# shellcheck disable=SC2086 # words
take_objects >"$scratch/out" 2>&1 && (cd "$scratch/build" && make -j"$(nproc)" $programs) >"$scratch/out" 2>&1
ok $? "the tool, a replayer, a stress program and tests are built with it" "$scratch/out"

simple=$scratch/build/pagetorture
"$simple" --version | grep -q '^page library: .*libsimple\.a'
ok $? "the tool says what it was built with"
nm "$simple" >"$scratch/out" && ! grep -q ' arena_' "$scratch/out"
ok $? "nothing of src/page is in it"
run_to 2 "$simple" run --backend alias "$corpus/bounds.page" &&
	[ "$(wc -l <"$scratch/err")" -eq 1 ] && grep -q "backend .*'alias'" "$scratch/err"
ok $? "a backend that the library has not is refused" "$scratch/err"
run_to 0 "$scratch/build/test_page_buffer" &&
	grep -q '^1\.\.0 # SKIP the page library lacks page_borrow page_buffer_alloc' "$scratch/out"
ok $? "a test of what the library lacks is skipped, by name" "$scratch/out"
for program in stress_borrow "fuzz_api-replay $abs_srcdir/corpus/seed/fuzz_api" \
	"fuzz_api-replay --bytes $abs_srcdir/corpus/seed/fuzz_api/buffers.calls"; do
	# shellcheck disable=SC2086 # words
	run_to 69 "$scratch/build"/$program && [ ! -s "$scratch/out" ] && [ "$(wc -l <"$scratch/err")" -eq 1 ] &&
		grep -q "^${program%% *}: skipped: the page library lacks page_borrow page_buffer_alloc " "$scratch/err"
	ok $? "${program%% *} is skipped, by name, with a status of its own and nothing on standard output" \
		"$scratch/err"
done
run_to 0 "$scratch/build/test_page_raw" && grep -q '^ok .* page_copy writes exactly' "$scratch/out" &&
	grep -q '^ok .*# SKIP .*backend alias' "$scratch/out" &&
	run_to 1 "$scratch/build/test_page_misuse" && grep -q '^not ok .* a freed page is read' "$scratch/out"
ok $? "other tests of page.h run, and name what does not hold" "$scratch/out"
run_to 69 "$scratch/build/stress_disjoint" -n 1 --backend=alias &&
	grep -q '^stress_disjoint: skipped: the page library has no backend alias$' "$scratch/err" &&
	run_to 69 "$scratch/build/stress_disjoint" -n 1 --fail-alloc=1 &&
	grep -q '^stress_disjoint: skipped: the page library cannot make calls fail$' "$scratch/err"
ok $? "so is a stress run that needs what the library lacks" "$scratch/err"
run_to 0 "$scratch/build/stress_disjoint" -n 2000 && grep -q SUCCESS "$scratch/out"
ok $? "stress runs" "$scratch/out"
run_to 0 "$scratch/build/fuzz_page-replay" "$abs_srcdir/corpus/seed/fuzz_page"
ok $? "fuzz targets run" "$scratch/err"

# ---- where it differs ----

# see FILE...: into seen, a line "PROGRAM FLAVOUR agree|differ|beyond|not-run WHY".
see() {
	run_to 1 "$simple" run --json "$@" || return
	awk -F'"flavours": ' '{
		split($1, head, "\"")
		name = head[4]
		sub(".*/", "", name)
		sub("\\.page$", "", name)
		count = split($2, part, "}, \"")
		for (i = 1; i <= count; i++) {
			split((i > 1 ? "\"" : "") part[i], word, "\"")
			why = word[22]
			if (word[4] == "result" && word[20] == "why")
				print name, word[2], word[10] ~ /not run/ ? "not-run" : word[6], why
		}
	}' "$scratch/out" >"$scratch/seen"
}

# expected NAME: rows of the table that are about programs and flavours which were run,
# one a flavour: "PROGRAM FLAVOUR PATTERN".
expected() {
	"$1" | while read -r program among pattern _; do
		for flavour in $flavours; do
			case ,$among, in
			*,"$flavour",*)
				grep -q "^$program $flavour " "$scratch/seen" &&
					echo "$program $flavour $pattern"
				;;
			esac
		done
	done
}

# compare WHAT: is what was seen what was expected, no less and no more?
compare() {
	expected differs >"$scratch/expected"
	while read -r program flavour pattern; do
		grep -q "^$program $flavour differ line [0-9]*: .*$pattern" "$scratch/seen" ||
			echo "expected, and not there: $program $flavour $pattern"
	done <"$scratch/expected" >"$scratch/wrong"
	awk '$3 == "differ"' "$scratch/seen" | while read -r program flavour rest; do
		grep -q "^$program $flavour " "$scratch/expected" ||
			echo "there, and not expected: $program $flavour $rest"
	done >>"$scratch/wrong"
	[ ! -s "$scratch/wrong" ] && [ -s "$scratch/expected" ]
	ok $? "$1: the simple library differs where it is known to, in $(wc -l <"$scratch/expected") places" \
		"$scratch/wrong"
}

see "$corpus"/*.page
ok $? "corpus/rules runs on it, and its differences are reported" "$scratch/err"
compare corpus/rules
expected not_run | sed 's/ *$//' | sort >"$scratch/expected"
awk '$3 == "not-run" { print $1, $2 }' "$scratch/seen" | sort | diff "$scratch/expected" - >"$scratch/wrong"
ok $? "fatal calls that nothing detects are named, and are the known ones" "$scratch/wrong"
expected unseen | sed 's/ *$//' | sort >"$scratch/expected"
awk '$3 == "beyond" { print $1, $2 }' "$scratch/seen" | sort | diff "$scratch/expected" - >"$scratch/wrong"
ok $? "races that are not seen are the known ones" "$scratch/wrong"
awk '$3 !~ /^(agree|beyond|differ|not-run)$/' "$scratch/seen" >"$scratch/wrong"
[ ! -s "$scratch/wrong" ] &&
	[ "$(wc -l <"$scratch/seen")" -eq $(($(find "$corpus" -name '*.page' | wc -l) * $(echo "$flavours" | wc -w))) ]
ok $? "in all other places of $(wc -l <"$scratch/seen") it agrees" "$scratch/wrong"
differs | awk 'NF { print $4 }' | sort -u >"$scratch/given"
reasons | sed -n 's/^\([a-z-]\{1,\}\) .*/\1/p' | sort | diff - "$scratch/given" >"$scratch/wrong"
ok $? "each difference has its reason" "$scratch/wrong"

# The rows of random programs are about these very files.
examples=$abs_srcdir/../shared/examples
if [ "$(cat "$examples"/*.page 2>/dev/null | cksum)" = "$EXAMPLES" ]; then
	see "$examples"/*.page
	ok $? "the examples beside the checkout run on it" "$scratch/err"
	compare examples
else
	skip "not the examples beside this checkout that the table is about"
fi

# ---- what is broken is found ----

# breaks FLAVOUR SED NAME PROGRAM WORDS: the flavour's library anew, the tool with it.
breaks() {
	if ! has_flavour "$1"; then
		skip "$3: this build has no $1 flavour"
		return
	fi
	sed "$2" "$abs_srcdir/tests/simple_page.c" >"$scratch/simple_page.c"
	if cmp -s "$scratch/simple_page.c" "$abs_srcdir/tests/simple_page.c"; then
		ok 1 "$3: the mutation does not apply any more"
		return
	fi
	tool=pagetorture$(suffix_of "$1")
	archive "$1" && (cd "$scratch/build" && make "$tool") >"$scratch/err" 2>&1 &&
		run_to 1 "$scratch/build/$tool" run --flavour "$1" "$corpus/$4.page" &&
		grep -q "$4.page: $1: [a-z-]*: line [0-9]*: .*$5" "$scratch/err"
	ok $? "$1 finds: $3" "$scratch/err"
}

run_to 0 "$simple" run "$corpus/bounds.page" "$corpus/adjacent-bytes.page"
ok $? "nothing is wrong with bounds and neighbours" "$scratch/err"
breaks plain 's/len <= PAGE_SIZE - off/len <= PAGE_SIZE - off + 1/' \
	"bounds one too far" bounds 'expected EINVAL, got 0'
breaks tsan 's/^\tmemcpy(page->bytes + off, src, len);/&\n\tif (len \&\& off + len < PAGE_SIZE) { volatile unsigned char *n = page->bytes + off + len; *n = *n; }/' \
	"a neighbour's byte written back" adjacent-bytes 'the model knows no race'
breaks tsan 's/^struct page {/#include <pthread.h>\nstatic pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;\n&/
	s/^\tmemcpy(page->bytes + off, src, len);/\tpthread_mutex_lock(\&lock);\n&\n\tpthread_mutex_unlock(\&lock);/' \
	"a lock that orders all who write" write-whole-page-twice 'expected a data-race'
breaks msan 's/memcpy(dst, page->bytes + off, len)/memcpy(dst, page->bytes + off, len \& ~1ul)/' \
	"a last byte that is not read" bytewise-carries-every-byte 'byte'

# ---- what is done in another way is no disagreement ----

# Byte by byte and from the end: reports come in other numbers and about other bytes than
# one range would give, and the same races are there.
if has_flavour tsan; then
	sed 's/^\tmemcpy(page->bytes + off, src, len);/\tfor (size_t i = len; i--;)\n\t\t((volatile unsigned char *)page->bytes)[off + i] = ((const unsigned char *)src)[i];/
		s/^\tmemcpy(dst, page->bytes + off, len);/\tfor (size_t i = len; i--;)\n\t\t((unsigned char *)dst)[i] = ((volatile unsigned char *)page->bytes)[off + i];/' \
		"$abs_srcdir/tests/simple_page.c" >"$scratch/simple_page.c"
	[ "$(diff "$abs_srcdir/tests/simple_page.c" "$scratch/simple_page.c" | grep -c '^<')" -eq 2 ] &&
		archive tsan && (cd "$scratch/build" && make pagetorture-tsan) >"$scratch/err" 2>&1
	ok $? "a library that copies byte by byte is built" "$scratch/err"
	see --flavour tsan "$corpus"/*.page
	compare "byte by byte"
else
	skip "another way to copy: this build has no tsan flavour"
fi

# ---- one build for all flavours, and shared ----

cp "$abs_srcdir/tests/simple_page.c" "$scratch"
mkdir "$scratch/shared"
compile plain "$scratch/shared/simple.o" &&
	$CC -shared -o "$scratch/shared/libsimple.so" "$scratch/shared/simple.o" 2>"$scratch/err" &&
	configure '-L../shared -lsimple'
ok $? "a shared library of one build" "$scratch/err"
if [ "$flavours" = " plain" ]; then
	skip "this build has no other flavour"
else
	grep -q '^  flavours  *plain\( asan\)*$' "$scratch/out" &&
		{ [ -n "$missing" ] || grep -q 'skipped .*tsan(.*{flavour}).*msan(.*{flavour})' "$scratch/out"; }
	ok $? "it is for plain and asan; the others are skipped by name" "$scratch/out"
fi
(cd "$scratch/build" && make pagetorture stress_disjoint) >"$scratch/out" 2>&1 &&
	run_to 0 "$simple" run --flavour plain "$corpus/bounds.page" "$corpus/injected-failures.page"
ok $? "it is found when the tool starts" "$scratch/err"
nm "$scratch/build/stress_disjoint" | grep -q ' U page_alloc'
ok $? "a program of the last configuration is linked again"

done_testing
