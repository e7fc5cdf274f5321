#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The commands of doc/tutorial.md run in one shell and print what the document shows. The page library of the
# tutorial lacks every function that an external page library may lack. This script makes four changes to
# save time and to get the same result in each run: no optimization by the compiler, objects of this build, a
# seed that finds the bug for the first campaign, and 3 s for the last campaign. `make check-doc` makes no
# changes.
#
# Before the bug is fixed, this script also runs commands that the tutorial does not show: triage of the
# finding, a seed, and a program with 512 race reports in each run. TSan keeps all reports, which is no leak.
. "$(dirname "$0")/tap.sh"

tutorial=$abs_srcdir/examples/tutorial
unset CFLAGS MAKEFLAGS MFLAGS MAKELEVEL

# print_reason_to_skip: prints why the tutorial cannot run on this system, or nothing if it can.
print_reason_to_skip() {
	has_flavour tsan || echo "this build has no tsan flavour"
	# gcc replaces the memcpy() with the bug by loads and stores that its ThreadSanitizer does not check.
	$CC --version | grep -q clang || echo "it is about clang"
	for tool in clang-19 llvm-symbolizer-19 patch python3; do
		command -v $tool >/dev/null || echo "no $tool"
	done
	[ ! -e "$abs_srcdir/config.status" ] || echo "the source directory is configured itself"
}

why=$(print_reason_to_skip | head -n 1)
[ -z "$why" ] || skip_rest "the tutorial: $why"

$CC -D_GNU_SOURCE -I"$abs_srcdir/src/page" -c "$tutorial/shelf.c" -o "$scratch/shelf.o" &&
	nm "$scratch/shelf.o" | awk '$2 == "T" { print $3 }' | sort | comm -12 - "$abs_srcdir/src/page/libpage.sym" >"$scratch/calls"
ok_if_files_equal "the tutorial's library has the calls that it must have, and no other" \
	"$abs_srcdir/src/page_stubs/needs.sym" "$scratch/calls"

# The files more.4 and more.7 have additional blocks of commands for sections 4 and 7 of the document.
cat >"$scratch/more.4" <<'END'
<!-- long -->

    $ ls build/seeds
    fuzz_explore
    fuzz_explore.dict
    ...
    $ make -C build seeds | grep skipped
    skipped: seeds of fuzz_api: the page library lacks page_align page_borrow ...
    $ build/pagetorture convert --bytes ../examples/tutorial/finding.page >build/seeds/fuzz_race/finding.bin
    $ build/pagetorture run --flavour tsan ../corpus/rules/write-whole-page-twice.page
    program ...
    ../corpus/rules/write-whole-page-twice.page  data-race ... yes

END
cat >"$scratch/more.7" <<'END'
<!-- long -->

    $ mkdir -p findings tree/corpus/regress tree/src/page
    $ touch tree/src/page/page.h
    $ build/pagetorture convert --bytes ../examples/tutorial/finding.page >findings/crash-1
    $ build/pagetorture triage --flavour plain,tsan --tries 1 --add=tree findings >triage.log
    $ echo $?
    0
    $ diff small.page findings/triage/*/minimised.page
    $ grep '^expect' tree/corpus/regress/*.page
    expect clean
    $ mkdir one-bug
    $ cp small.page one-bug/one.page
    $ sed '$s/write_raw/write_bytewise_atomic/' small.page >one-bug/two.page
    $ build/pagetorture triage --flavour plain,tsan --tries 1 one-bug 2>triage.log | grep '^2 findings'
    2 findings, 1 failure, ...

END

# Write a copy of the document with the additional blocks and with changes that save time.
awk -v more="$scratch/more." '
	/^## [47]\. / { while ((getline line <(more int($2))) > 0) print line; changed++ }
	sub("configure --quiet ", "&CFLAGS=-O0 --disable-shared --disable-dependency-tracking ") { changed++ }
	sub("--time 20s", "--time 3s") { changed++ }
	/^    [$] make -j2 pagetorture / { print "    $ sh ../../build-aux/copy_objects.sh ../../build . ../.. src/page src/page_stubs"; changed++ }
	{ print }
	END { exit changed != 5 }' "$abs_srcdir/doc/tutorial.md" >"$scratch/tutorial.md"
ok $? "the tutorial has what is changed here"

finish_with_checks_of_command env -u CC python3 "$abs_srcdir/tests/doc_commands.py" --long "$abs_srcdir" "$abs_builddir" "$scratch/tutorial.md"
