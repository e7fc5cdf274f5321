#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The files of packaging/debian agree with the rest of the tree. `make check-deb` also builds the packages.
. "$(dirname "$0")/tap.sh"

debian=$abs_srcdir/packaging/debian
version=$(sed -n 's/^AC_INIT(\[pagetorture\], \[\([^]]*\)\].*/\1/p' "$abs_srcdir/configure.ac")

if has_tool_or_skip dpkg-parsechangelog; then
	expect 0 "the version of packaging/debian/changelog is that of configure.ac" "^$version\$" \
		dpkg-parsechangelog -l "$debian/changelog" -S Version
fi
if has_tool_or_skip dh_listpackages; then
	mkdir "$scratch/tree" && ln -s "$debian" "$scratch/tree/debian"
	(cd "$scratch/tree" && dh_listpackages -a) 2>"$scratch/err" | sort >"$scratch/packages"
	printf '%s\n' libpage-dev libpage0 pagetorture >"$scratch/expected"
	ok_if_files_equal "packaging/debian/control has the three packages" "$scratch/expected" "$scratch/packages"
fi

# The package of the shared library is named after the library's soname.
major=$(sed -n 's/.*-version-info \([0-9]*\):[0-9]*:\([0-9]*\).*/\1 \2/p' "$abs_srcdir/src/page/local.mk" |
	awk '{ print $1 - $2 }')
grep -qx "Package: libpage$major" "$debian/control" &&
	head -n 1 "$debian/libpage$major.symbols" | grep -q "^libpage\.so\.$major libpage$major "
ok $? "the package of the library is libpage$major, as -version-info says"
sed -n 's/^ \([a-z_]*\)@Base .*/\1/p' "$debian/libpage0.symbols" >"$scratch/symbols"
ok_if_files_equal "its symbols are those of libpage.sym" "$abs_srcdir/src/page/libpage.sym" "$scratch/symbols"

# Every installed file belongs to exactly one package, and every line of a package matches an installed file.
(cd "$abs_builddir" && make install DESTDIR="$scratch/tmp" prefix=/usr exec_prefix=/usr \
	libdir=/usr/lib/x86_64-linux-gnu libexecdir=/usr/libexec) >"$scratch/out" 2>&1 </dev/null
ok $? "make install with Debian's directories" "$scratch/out"
(cd "$scratch/tmp" && find . ! -type d) | sed 's|^\./||' | sort >"$scratch/files"
: >"$scratch/owned"
cat "$debian"/*.install "$debian/not-installed" | while read -r pattern; do
	while read -r file; do
		# shellcheck disable=SC2254 # a pattern
		case $file in
		$pattern | $pattern/*) echo "$file" ;;
		esac
	done <"$scratch/files" >"$scratch/fitting"
	cat "$scratch/fitting" >>"$scratch/owned"
	[ -s "$scratch/fitting" ] || echo "$pattern"
done >"$scratch/unused"
sort "$scratch/owned" >"$scratch/packaged"
ok_if_files_equal "each installed file is in one package" "$scratch/files" "$scratch/packaged"
# If this build has only the flavour plain, no program of another flavour is installed.
ls "$scratch/tmp/usr/libexec" >/dev/null 2>&1 || sed -i '\|^usr/libexec/pagetorture$|d' "$scratch/unused"
ok_if_empty "each line of a package is an installed file" "$scratch/unused"
cat "$debian"/*.docs "$debian"/*.examples | while read -r file; do
	[ -e "$abs_srcdir/$file" ] || echo "$file"
done >"$scratch/missing"
ok_if_empty "documents and examples of packages exist" "$scratch/missing"

done_testing
