#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The ABI of the shared library: its soname, its symbols, and the types in public headers.
#
#   abi.sh dump LIBRARY HEADER...            print the ABI in abidw's format
#   abi.sh check KEPT LIBRARY HEADER...      compare with a stored ABI; exit 1 if it differs
#
# Exit status 77, and the reason in one line, if a tool is missing.
set -u

print_skipped_and_exit() {
	echo "skipped: $*"
	exit 77
}

print_architecture_of_abi() {
	sed -n "s/^<abi-corpus .*architecture='\([^']*\)'.*/\1/p" "$1"
}

kept=
if [ "${1-}" = check ]; then
	kept=${2-}
	shift
elif [ "${1-}" != dump ]; then
	set --
fi
library=${2:?expected dump LIBRARY HEADER..., or check KEPT LIBRARY HEADER...}
shift 2
command -v abidw >/dev/null || print_skipped_and_exit "no abidw (abigail-tools)"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

# Only types that the HEADER arguments define are part of the ABI.
mkdir "$scratch/public" && cp "$@" "$scratch/public" &&
	abidw --headers-dir "$scratch/public" --drop-private-types --exported-interfaces-only \
		--no-corpus-path --no-comp-dir-path --no-show-locs "$library" >"$scratch/with-paths.abi" &&
	sed "s| path='[^']*/| path='|" "$scratch/with-paths.abi" >"$scratch/now.abi" || exit 2
if [ -z "$kept" ]; then
	cat "$scratch/now.abi"
	exit
fi
readelf -S --wide "$library" | grep -q ' \.debug_info ' ||
	print_skipped_and_exit "$library has no debugging information"
[ "$(print_architecture_of_abi "$kept")" = "$(print_architecture_of_abi "$scratch/now.abi")" ] ||
	print_skipped_and_exit "$kept is of $(print_architecture_of_abi "$kept"), $library is not"
abidiff "$kept" "$scratch/now.abi" && exit 0
echo "$library: programs that were linked with what $kept has would not fit"
exit 1
