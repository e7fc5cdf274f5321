#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What `make install` puts where, and that it works there: the library for C and C++ by
# pkg-config, shared and static; the tool with its flavours, also when all of it was moved;
# and that uninstall takes away what install brought.
. "$(dirname "$0")/tap.sh"

# make_quietly ARGUMENT...
make_quietly() {
	(cd "$abs_builddir" && make "$@") >"$scratch/out" 2>&1 </dev/null
}

# ---- staged ----

stage=$scratch/stage
make_quietly install DESTDIR="$stage" prefix=/usr exec_prefix=/usr
ok $? "make install DESTDIR" "$scratch/out"

# What is to be there, by kind.
{
	printf './bin/%s\n' pagetorture pagetorture-export
	printf './include/libpage/%s\n' page.h page_kernel.h
	printf './lib/%s\n' libpage.a libpage.la libpage.so libpage.so.0 libpage.so.0.0.0 \
		pkgconfig/libpage.pc
	for flavour in plain asan tsan msan; do
		has_flavour "$flavour" || continue
		echo "./lib/pagetorture/libpage-$flavour.a"
		[ "$flavour" = plain ] || echo "./libexec/pagetorture/pagetorture-$flavour"
	done
	(cd "$abs_srcdir/src/tool/campaign" && ls -- *.py) | sed 's|^|./libexec/pagetorture/campaign/|'
	printf './share/bash-completion/completions/%s\n' pagetorture pagetorture-export
	printf './share/vim/vimfiles/%s\n' ftdetect/pagetorture.vim ftplugin/pagetorture.vim \
		syntax/pagetorture.vim
	printf './share/man/%s\n' man1/pagetorture.1 man1/pagetorture-export.1 man5/pagetorture-program.5
	{
		cat "$abs_srcdir/src/page/libpage.sym"
		(cd "$abs_srcdir/doc/man" && ls ./*.3) | sed 's|^\./\(.*\)\.3$|\1|'
	} | sed 's|.*|./share/man/man3/&.3|'
} | sort -u >"$scratch/expected"
(cd "$stage/usr" && find . ! -type d) | sort | diff "$scratch/expected" - >"$scratch/list"
ok $? "it installs these files and no others" "$scratch/list"

# Names of functions lead to the page of their group.
if command -v mandoc >/dev/null; then
	(cd "$stage/usr/share/man" && mandoc -T ascii man3/user_slice_left.3) 2>"$scratch/err" |
		grep -q '^USER_SLICE(3)'
	ok $? "man user_slice_left shows user_slice(3)" "$scratch/err"
else
	skip "no mandoc"
fi

make_quietly uninstall DESTDIR="$stage" prefix=/usr exec_prefix=/usr
ok $? "make uninstall DESTDIR" "$scratch/out"
find "$stage" ! -type d >"$scratch/left"
[ ! -s "$scratch/left" ]
ok $? "which leaves no file" "$scratch/left"

# ---- below a prefix, stripped ----

prefix=$scratch/usr
make_quietly install-strip prefix="$prefix" exec_prefix="$prefix"
ok $? "make install-strip" "$scratch/out"

# is_stripped FILE
is_stripped() {
	! readelf -S --wide "$1" 2>/dev/null | grep -q ' \.debug_info '
}

for file in bin/pagetorture lib/libpage.so; do
	is_stripped "$prefix/$file"
	ok $? "$file is stripped"
done
for flavour in asan tsan msan; do
	if has_flavour "$flavour"; then
		! is_stripped "$prefix/libexec/pagetorture/pagetorture-$flavour"
		ok $? "the $flavour flavour is not: signatures need its symbols"
	else
		skip "no $flavour flavour"
	fi
done

# ---- the library ----

cat >"$scratch/user.c" <<'END'
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
END

flags="-I$prefix/include/libpage -L$prefix/lib -lpage"
if command -v pkg-config >/dev/null; then
	flags=$(PKG_CONFIG_PATH=$prefix/lib/pkgconfig pkg-config --cflags --libs \
		--define-variable=prefix="$prefix" libpage 2>"$scratch/err")
	ok $? "pkg-config knows libpage" "$scratch/err"
else
	skip "no pkg-config"
fi
# shellcheck disable=SC2086 # words
${CC:-cc} -std=c11 -Wall -Wextra -pedantic -Werror -o "$scratch/user" "$scratch/user.c" $flags \
	>"$scratch/out" 2>&1 && LD_LIBRARY_PATH=$prefix/lib "$scratch/user"
ok $? "a C11 program builds and runs with the shared library" "$scratch/out"
${CC:-cc} -I"$prefix/include/libpage" -o "$scratch/user" "$scratch/user.c" "$prefix/lib/libpage.a" \
	>"$scratch/out" 2>&1 && "$scratch/user"
ok $? "and with the static one" "$scratch/out"
# The example, outside of the tree, as its Makefile has it.
if command -v pkg-config >/dev/null; then
	cp -r "$abs_srcdir/examples" "$scratch/example" && chmod -R u+w "$scratch/example"
	(cd "$scratch/example" && env -u MAKEFLAGS -u MAKELEVEL PKG_CONFIG_PATH="$prefix/lib/pkgconfig" \
		make CC="${CC:-cc}" check PKG_CONFIG="pkg-config --define-variable=prefix=$prefix") \
		>"$scratch/out" 2>&1
	ok $? "the example builds and runs, shared and static" "$scratch/out"
	readelf -d "$scratch/example/page_cat" | grep -q 'NEEDED.*\[libpage\.so\.0\]'
	ok $? "it needs libpage.so.0"
	! readelf -d "$scratch/example/page_cat-static" | grep -q 'NEEDED.*\[libpage'
	ok $? "and the static one does not"
else
	skip "no pkg-config"
fi

# For the same machine as the library.
cxx=g++
for word in ${CC:-cc}; do
	case $word in -m*) cxx="$cxx $word" ;; esac
done
echo 'int main() { return 0; }' >"$scratch/cxx.cc"
# shellcheck disable=SC2086 # words
if $cxx -o "$scratch/cxx" "$scratch/cxx.cc" 2>/dev/null; then
	# shellcheck disable=SC2086 # words
	$cxx -x c++ -Wall -Wextra -Werror -o "$scratch/user" "$scratch/user.c" -x none $flags \
		>"$scratch/out" 2>&1 && LD_LIBRARY_PATH=$prefix/lib "$scratch/user"
	ok $? "and a C++ program" "$scratch/out"
else
	skip "no $cxx"
fi

nm -D --defined-only "$prefix/lib/libpage.so" | awk '$2 != "A" { print $3 }' | sort |
	diff "$abs_srcdir/src/page/libpage.sym" - >"$scratch/symbols"
ok $? "the shared library exports exactly libpage.sym" "$scratch/symbols"

# ---- the tool ----

rules=$abs_srcdir/corpus/rules
flavours=
for flavour in plain asan tsan msan; do
	has_flavour "$flavour" && flavours="$flavours $flavour"
done

# use_tool WHERE: what an installed pagetorture does with others' files.
use_tool() {
	installed=$prefix/bin/pagetorture
	run_to 0 "$installed" run --json "$rules/bounds.page"
	ok $? "$1: run" "$scratch/err"
	for flavour in $flavours; do
		grep -q "\"$flavour\": {" "$scratch/out" || echo "$flavour"
	done >"$scratch/lacks"
	[ ! -s "$scratch/lacks" ]
	ok $? "$1: run finds all flavours" "$scratch/lacks"
	run_to 0 "$installed" replay "$rules/bounds.page" "$rules/use-after-free.page"
	ok $? "$1: replay" "$scratch/err"
	# What needs more than an installation says so in a line.
	run_to 2 "$installed" fuzz --dir "$scratch/campaign" fuzz_page &&
		grep -q 'fuzz_page: skipped: libfuzzer: no binary of it' "$scratch/out"
	ok $? "$1: fuzz names the binaries that it needs" "$scratch/out"
	reproduce use-after-free
}

# reproduce PROGRAM: as C, by the lines on top of it, with what is installed.
reproduce() {
	(cd "$scratch" && run_to 0 "$installed" to-c -o "$scratch/$1.c" "$rules/$1.page")
	ok $? "to-c: $1 compiles, runs and reproduces" "$scratch/err"
	grep -q "^ \* Reproduced: yes" "$scratch/$1.c" &&
		grep -q -- "-I$prefix/include/libpage" "$scratch/$1.c" &&
		! grep -q "$abs_builddir" "$scratch/$1.c"
	ok $? "to-c: $1 needs nothing of the build directory" "$scratch/$1.c"
}

use_tool "in its prefix"
if has_flavour tsan; then
	reproduce overlap-one-byte
else
	skip "no tsan flavour"
fi
run_to 0 "$installed" check "$rules/bounds.page"
ok $? "check" "$scratch/err"
run_to 0 "$installed" explain "$rules/overlap-one-byte.page"
ok $? "explain" "$scratch/err"
run_to 0 "$installed" minimize "$rules/use-after-free.page"
ok $? "minimize" "$scratch/err"
if has_flavour asan; then
	grep -q 'page_read_raw' "$scratch/err"
	ok $? "minimize knows where in the library it fails" "$scratch/err"
else
	skip "no asan flavour"
fi

# Findings as an engine leaves them.
mkdir "$scratch/findings"
"$prefix/bin/pagetorture" convert --bytes "$rules/use-after-free.page" >"$scratch/findings/crash-1"
run_to 0 "$prefix/bin/pagetorture" triage --tries 1 -o "$scratch/triage" "$scratch/findings"
ok $? "triage" "$scratch/err"
(cd / && env -i sh "$scratch"/triage/*/replay.sh) >"$scratch/out" 2>&1
ok $? "triage's replay.sh shows it again, with no PATH" "$scratch/out"
printf 'pagetorture 1\nexpect data-race\n' >"$scratch/it's wrong.page"
run_to 1 "$prefix/bin/pagetorture" replay --flavour plain "$scratch/it's wrong.page"
sed -n 's/^  replay: //p' "$scratch/err" >"$scratch/command"
(cd / && run_to 1 env -i sh "$scratch/command") && grep -q 'claim: ' "$scratch/err"
ok $? "a command that replay prints shows it again" "$scratch/err"

mkdir "$scratch/elsewhere"
mv "$prefix" "$scratch/elsewhere/here"
prefix=$scratch/elsewhere/here
use_tool "moved elsewhere"

done_testing
