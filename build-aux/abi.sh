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

usage() {
	echo "abi.sh: expected dump LIBRARY HEADER..., or check KEPT LIBRARY HEADER..." >&2
	exit 2
}

skip() {
	echo "skipped: $*"
	exit 77
}

# dump LIBRARY HEADER...: only the types of these headers are part of the ABI.
dump() {
	library=$1
	shift
	mkdir -p "$scratch/public" && cp "$@" "$scratch/public" &&
		abidw --headers-dir "$scratch/public" --drop-private-types --exported-interfaces-only \
			--no-corpus-path --no-comp-dir-path --no-show-locs "$library" |
		sed "s| path='[^']*/| path='|"
}

command -v abidw >/dev/null || skip "no abidw (abigail-tools)"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

case ${1-} in
dump)
	[ $# -ge 3 ] || usage
	shift
	dump "$@"
	;;
check)
	[ $# -ge 4 ] || usage
	kept=$2
	shift 2
	readelf -S --wide "$1" | grep -q ' \.debug_info ' || skip "$1 has no debugging information"
	dump "$@" >"$scratch/now.abi" || exit 2
	of() {
		sed -n "s/^<abi-corpus .*architecture='\([^']*\)'.*/\1/p" "$1"
	}
	[ "$(of "$kept")" = "$(of "$scratch/now.abi")" ] ||
		skip "$kept is of $(of "$kept"), $1 is not"
	abidiff "$kept" "$scratch/now.abi" && exit 0
	echo "$1: programs that were linked with what $kept has would not fit"
	exit 1
	;;
*) usage ;;
esac
