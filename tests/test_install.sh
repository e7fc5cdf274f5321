#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# What a user of the library gets: header, shared and static library, pkg-config; in C
# and, where there is a compiler, in C++.
. "$(dirname "$0")/tap.sh"

prefix=$scratch/usr
(cd "$abs_builddir" && make install prefix="$prefix" exec_prefix="$prefix") \
	>"$scratch/out" 2>&1 </dev/null
ok $? "make install" "$scratch/out"

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
if command -v g++ >/dev/null; then
	# shellcheck disable=SC2086 # words
	g++ -x c++ -Wall -Wextra -Werror -o "$scratch/user" "$scratch/user.c" -x none $flags \
		>"$scratch/out" 2>&1 && LD_LIBRARY_PATH=$prefix/lib "$scratch/user"
	ok $? "and a C++ program" "$scratch/out"
else
	skip "no g++"
fi

nm -D --defined-only "$prefix/lib/libpage.so" | awk '$2 == "T" { print $3 }' | sort |
	diff "$abs_srcdir/src/page/libpage.sym" - >"$scratch/symbols"
ok $? "the shared library exports exactly libpage.sym" "$scratch/symbols"
run_to 0 "$prefix/bin/pagetorture" run "$abs_srcdir/corpus/rules/bounds.page"
ok $? "the installed tool finds its flavours" "$scratch/err"

done_testing
