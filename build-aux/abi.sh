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

print_usage_and_exit() {
	echo "abi.sh: expected dump LIBRARY HEADER..., or check KEPT LIBRARY HEADER..." >&2
	exit 2
}

print_skipped_and_exit() {
	echo "skipped: $*"
	exit 77
}

# dump_abi LIBRARY HEADER...: only the types of these headers are part of the ABI.
dump_abi() {
	library=$1
	shift
	mkdir -p "$scratch/public" && cp "$@" "$scratch/public" &&
		abidw --headers-dir "$scratch/public" --drop-private-types --exported-interfaces-only \
			--no-corpus-path --no-comp-dir-path --no-show-locs "$library" |
		sed "s| path='[^']*/| path='|"
}

command -v abidw >/dev/null || print_skipped_and_exit "no abidw (abigail-tools)"
scratch=$(mktemp -d) || exit 2
trap 'rm -rf "$scratch"' EXIT

case ${1-} in
dump)
	[ $# -ge 3 ] || print_usage_and_exit
	shift
	dump_abi "$@"
	;;
check)
	[ $# -ge 4 ] || print_usage_and_exit
	kept=$2
	shift 2
	readelf -S --wide "$1" | grep -q ' \.debug_info ' || print_skipped_and_exit "$1 has no debugging information"
	dump_abi "$@" >"$scratch/now.abi" || exit 2
	read_architecture() {
		sed -n "s/^<abi-corpus .*architecture='\([^']*\)'.*/\1/p" "$1"
	}
	[ "$(read_architecture "$kept")" = "$(read_architecture "$scratch/now.abi")" ] ||
		print_skipped_and_exit "$kept is of $(read_architecture "$kept"), $1 is not"
	abidiff "$kept" "$scratch/now.abi" && exit 0
	echo "$1: programs that were linked with what $kept has would not fit"
	exit 1
	;;
*) print_usage_and_exit ;;
esac
