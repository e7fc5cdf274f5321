#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# `make install` installs a library that C and C++ programs find by pkg-config, shared and static, and a tool that
# finds its flavours, also after the directory was moved. `make uninstall` removes all installed files.
. "$(dirname "$0")/tap.sh"

CC=${CC:-cc}
flavours=$(list_flavours)

# expect_make_succeeds NAME TARGET VARIABLE...: the check NAME passes if `make TARGET VARIABLE...` succeeds.
expect_make_succeeds() {
	name=$1
	shift
	(cd "$abs_builddir" && make "$@") >"$scratch/out" 2>&1 </dev/null
	ok $? "$name" "$scratch/out"
}

# ---- staged ----

stage=$scratch/stage
expect_make_succeeds "make install DESTDIR" install DESTDIR="$stage" prefix=/usr exec_prefix=/usr
{
	printf './bin/%s\n' pagetorture pagetorture-export
	printf './include/libpage/%s\n' page.h page_kernel.h
	printf './lib/%s\n' libpage.a libpage.la libpage.so libpage.so.0 libpage.so.0.0.0 \
		pkgconfig/libpage.pc
	for flavour in $flavours; do
		echo "./lib/pagetorture/libpage-$flavour.a"
		[ "$flavour" = plain ] || echo "./libexec/pagetorture/pagetorture-$flavour"
	done
	(cd "$abs_srcdir/src/tool" && find . -name '*.py' && find to_c -name "*.c" -printf "./%p\n") | sed 's|^\.|./libexec/pagetorture|'
	printf './share/bash-completion/completions/%s\n' pagetorture pagetorture-export
	printf './share/vim/vimfiles/%s\n' ftdetect/pagetorture.vim ftplugin/pagetorture.vim \
		syntax/pagetorture.vim
	printf './share/man/%s\n' man1/pagetorture.1 man1/pagetorture-export.1 man5/pagetorture-program.5
	{
		cat "$abs_srcdir/src/page/libpage.sym"
		(cd "$abs_srcdir/doc/man" && ls ./*.3) | sed 's|^\./\(.*\)\.3$|\1|'
	} | sed 's|.*|./share/man/man3/&.3|'
} | sort -u >"$scratch/expected"
(cd "$stage/usr" && find . ! -type d) | sort >"$scratch/installed"
ok_if_files_equal "it installs these files and no others" "$scratch/expected" "$scratch/installed"
if has_tool_or_skip mandoc; then
	expect 0 "man user_slice_left shows user_slice(3)" '^USER_SLICE(3)' \
		sh -c "cd '$stage/usr/share/man' && mandoc -T ascii man3/user_slice_left.3"
fi
expect_make_succeeds "make uninstall DESTDIR" uninstall DESTDIR="$stage" prefix=/usr exec_prefix=/usr
find "$stage" ! -type d >"$scratch/left"
ok_if_empty "which leaves no file" "$scratch/left"

# ---- below a prefix, stripped ----

prefix=$scratch/usr
expect_make_succeeds "make install-strip" install-strip prefix="$prefix" exec_prefix="$prefix"
# Programs with a sanitizer keep their symbols, because signatures of failures contain names of functions.
for file in bin/pagetorture lib/libpage.so libexec/pagetorture/pagetorture-*; do
	wanted=0
	[ "${file%%/*}" = libexec ] || wanted=1
	for path in "$prefix"/$file; do
		[ ! -e "$path" ] || expect $wanted "${path#"$prefix"/}: are its symbols there?" '' \
			sh -c "readelf -S --wide '$path' | grep -q ' \.debug_info '"
	done
done

# ---- the library ----

cat >"$scratch/user.c" <<'END_OF_C'
#include <page.h>
int main(void)
{
	struct page *page = page_alloc(GFP_KERNEL | __GFP_ZERO);
	char byte = 1;

	if (!page || page_read_raw(page, &byte, 0, 1))
		return 1;
	page_free(page);
	return byte;
}
END_OF_C

# expect_user_program_runs NAME COMPILER ARGUMENT...: a program that uses the installed library
# must compile and run.
expect_user_program_runs() {
	name=$1
	shift
	# shellcheck disable=SC2048,SC2086 # words of the compiler
	$* -o "$scratch/user" >"$scratch/out" 2>&1 && LD_LIBRARY_PATH=$prefix/lib "$scratch/user"
	ok $? "$name" "$scratch/out"
}

flags="-I$prefix/include/libpage -L$prefix/lib -lpage"
if has_tool_or_skip pkg-config; then
	flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs \
		--define-variable=prefix="$prefix" libpage 2>"$scratch/err")
	ok $? "pkg-config knows libpage" "$scratch/err"
	# The example is built outside of the tree, by its own Makefile.
	cp -r "$abs_srcdir/examples" "$scratch/example" && chmod -R u+w "$scratch/example"
	expect 0 "the example builds and runs, shared and static" '' \
		env -u MAKEFLAGS -u MAKELEVEL PKG_CONFIG_PATH="$prefix/lib/pkgconfig" make -C "$scratch/example" \
		CC="$CC" check PKG_CONFIG="pkg-config --define-variable=prefix=$prefix"
	expect 0 "it needs libpage.so.0" 'NEEDED.*\[libpage\.so\.0\]' readelf -d "$scratch/example/page_cat"
	! readelf -d "$scratch/example/page_cat-static" | grep -q 'NEEDED.*\[libpage'
	ok $? "and the static one does not"
fi
expect_user_program_runs "a C11 program, with the shared library" "$CC" -std=c11 -Wall -Wextra -pedantic -Werror "$scratch/user.c" "$flags"
expect_user_program_runs "a C program, with the static library" "$CC" "-I$prefix/include/libpage" "$scratch/user.c" "$prefix/lib/libpage.a"
# g++ needs the option -m32 or -m64 that $CC has, to compile for the architecture of the library.
cxx="g++ $(echo "$CC" | grep -o -- '-m[^ ]*')"
echo 'int main() { return 0; }' >"$scratch/cxx.cc"
# shellcheck disable=SC2086 # split into words
if succeeds_or_skip "no $cxx" $cxx -o "$scratch/cxx" "$scratch/cxx.cc" 2>/dev/null; then
	expect_user_program_runs "a C++ program" "$cxx" -x c++ -Wall -Wextra -Werror "$scratch/user.c" -x none "$flags"
fi
nm -D --defined-only "$prefix/lib/libpage.so" | awk '$2 != "A" { print $3 }' | sort >"$scratch/exported"
ok_if_files_equal "the shared library exports exactly libpage.sym" "$abs_srcdir/src/page/libpage.sym" "$scratch/exported"

# ---- the tool ----

rules=$abs_srcdir/corpus/rules

# check_installed_tool PLACE: checks that the commands of the installed pagetorture work. PLACE is a part of
# the names of the checks.
check_installed_tool() {
	tool=$prefix/bin/pagetorture
	expect 0 "$1: run" '' "$tool" run --json "$rules/bounds.page"
	for flavour in $flavours; do
		grep -q "\"$flavour\": {" "$scratch/out" || echo "$flavour"
	done >"$scratch/missing"
	ok_if_empty "$1: run finds all flavours" "$scratch/missing"
	expect 0 "$1: replay" '' "$tool" replay "$rules/bounds.page" "$rules/use-after-free.page"
	expect 2 "$1: fuzz names the binaries that it needs" 'fuzz_page: skipped: libfuzzer: no binary of it' \
		"$tool" fuzz --dir "$scratch/campaign" fuzz_page
	expect_to_c_reproduces use-after-free
}

# expect_to_c_reproduces PROGRAM: the C program that `to-c` writes must have the comment `Reproduced: yes`.
expect_to_c_reproduces() {
	(cd "$scratch" && run_expecting_status 0 "$tool" to-c -o "$scratch/$1.c" "$rules/$1.page") &&
		grep -q "^ \* Reproduced: yes" "$scratch/$1.c"
	ok $? "to-c: $1 compiles, runs and reproduces" "$scratch/err"
	grep -q -- "-I$prefix/include/libpage" "$scratch/$1.c" && ! grep -q "$abs_builddir" "$scratch/$1.c"
	ok $? "to-c: $1 needs nothing of the build directory" "$scratch/$1.c"
}

check_installed_tool "in its prefix"
! has_flavour_or_skip tsan "to-c: a race" || expect_to_c_reproduces overlap-one-byte
expect 0 "check" '' "$tool" check "$rules/bounds.page"
expect 0 "explain" '' "$tool" explain "$rules/overlap-one-byte.page"
if has_flavour_or_skip asan minimize; then
	expect 0 "minimize names the place in the library where it fails" page_read_raw \
		"$tool" minimize "$rules/use-after-free.page"
fi

# A finding of a fuzzing engine has a name that begins with crash-, and contains a program in byte form.
mkdir "$scratch/findings"
"$tool" convert --bytes "$rules/use-after-free.page" >"$scratch/findings/crash-1"
expect 0 "triage" '' "$tool" triage --tries 1 -o "$scratch/triage" "$scratch/findings"
expect 0 "triage's replay.sh reproduces it, with no PATH" '' \
	env -C / -i sh "$scratch"/triage/*/replay.sh
printf 'pagetorture 1\nexpect data-race\n' >"$scratch/it's wrong.page"
run_expecting_status 1 "$tool" replay --flavour plain "$scratch/it's wrong.page"
sed -n 's/^  replay: //p' "$scratch/err" >"$scratch/command"
expect 1 "a command that replay prints reproduces it" 'claim: ' env -C / -i sh "$scratch/command"

mkdir "$scratch/elsewhere"
mv "$prefix" "$scratch/elsewhere/here"
prefix=$scratch/elsewhere/here
check_installed_tool "moved elsewhere"

done_testing
