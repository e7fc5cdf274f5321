#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# packaging/debian agrees with the rest of the tree. `make check-deb` builds the packages.
. "$(dirname "$0")/tap.sh"

debian=$abs_srcdir/packaging/debian
version=$(sed -n 's/^AC_INIT(\[pagetorture\], \[\([^]]*\)\].*/\1/p' "$abs_srcdir/configure.ac")

if command -v dpkg-parsechangelog >/dev/null; then
	run_to 0 dpkg-parsechangelog -l "$debian/changelog" -S Version && [ ! -s "$scratch/err" ]
	ok $? "packaging/debian/changelog is one" "$scratch/err"
	[ "$(cat "$scratch/out")" = "$version" ]
	ok $? "its version is that of configure.ac ($version)" "$scratch/out"
else
	skip "no dpkg-parsechangelog (dpkg-dev)"
fi

if command -v dh_listpackages >/dev/null; then
	mkdir "$scratch/tree" && ln -s "$debian" "$scratch/tree/debian" &&
		(cd "$scratch/tree" && dh_listpackages -a | sort) >"$scratch/packages" 2>"$scratch/err" &&
		printf '%s\n' libpage-dev libpage0 pagetorture | diff - "$scratch/packages" >"$scratch/err"
	ok $? "packaging/debian/control has the three packages" "$scratch/err"
else
	skip "no dh_listpackages (debhelper)"
fi

# The package of the shared library is called as its soname.
major=$(sed -n 's/.*-version-info \([0-9]*\):[0-9]*:\([0-9]*\).*/\1 \2/p' "$abs_srcdir/src/page/local.mk" |
	awk '{ print $1 - $2 }')
grep -qx "Package: libpage$major" "$debian/control" &&
	head -n 1 "$debian/libpage$major.symbols" | grep -q "^libpage\.so\.$major libpage$major "
ok $? "the package of the library is libpage$major, as -version-info says"
sed -n 's/^ \([a-z_]*\)@Base .*/\1/p' "$debian/libpage0.symbols" |
	diff "$abs_srcdir/src/page/libpage.sym" - >"$scratch/symbols"
ok $? "its symbols are those of libpage.sym" "$scratch/symbols"

# Every file that is installed belongs to one package, every line of a package to a file.
libdir=/usr/lib/x86_64-linux-gnu
(cd "$abs_builddir" && make install DESTDIR="$scratch/tmp" prefix=/usr exec_prefix=/usr \
	libdir=$libdir libexecdir=/usr/libexec) >"$scratch/out" 2>&1 </dev/null
ok $? "make install with Debian's directories" "$scratch/out"
cat "$debian"/*.install "$debian/not-installed" >"$scratch/patterns"

# fits FILE PATTERN: is it that, or below it?
fits() {
	# shellcheck disable=SC2254 # a pattern
	case $1 in
	$2 | $2/*) return 0 ;;
	esac
	return 1
}

(cd "$scratch/tmp" && find . ! -type d) | sed 's|^\./||' | sort >"$scratch/files"
while read -r file; do
	owners=0
	while read -r pattern; do
		fits "$file" "$pattern" && owners=$((owners + 1))
	done <"$scratch/patterns"
	[ "$owners" -eq 1 ] || echo "$file: in $owners packages"
done <"$scratch/files" >"$scratch/wrong"
[ ! -s "$scratch/wrong" ] && [ -s "$scratch/files" ]
ok $? "each installed file is in one package" "$scratch/wrong"
# A build may have no flavour but the plain one.
flavours=
for flavour in asan tsan msan; do
	has_flavour $flavour && flavours="$flavours $flavour"
done
while read -r pattern; do
	found=no
	while read -r file; do
		fits "$file" "$pattern" && found=yes
	done <"$scratch/files"
	[ $found = yes ] || [ "$pattern:$flavours" = usr/libexec/pagetorture: ] || echo "$pattern"
done <"$scratch/patterns" >"$scratch/wrong"
[ ! -s "$scratch/wrong" ]
ok $? "each line of a package is an installed file" "$scratch/wrong"

cat "$debian"/*.docs "$debian"/*.examples | while read -r file; do
	[ -e "$abs_srcdir/$file" ] || echo "$file"
done >"$scratch/wrong"
[ ! -s "$scratch/wrong" ]
ok $? "documents and examples of packages are there" "$scratch/wrong"

done_testing
