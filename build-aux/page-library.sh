#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# Convert the argument of ./configure --with-page-library to linker arguments for one flavour: replace
# {flavour}; make relative paths absolute, because programs are linked in other directories; and add
# each -L directory to the run path.
#
#   page-library.sh FLAVOUR FLAGS     print the arguments on one line
#   page-library.sh --files WORDS     print those of the words that are existing files
set -uf

print_absolute_path() {
	case $1 in
	/*) printf '%s' "$1" ;;
	*) printf '%s/%s' "$PWD" "$1" ;;
	esac
}

print_linker_argument() {
	case $1 in
	-L?*)
		directory=$(print_absolute_path "${1#-L}")
		printf ' -L%s -Wl,-rpath,%s' "$directory" "$directory"
		;;
	-*) printf ' %s' "$1" ;;
	*'{'*) printf ' %s' "$(print_absolute_path "$1")" ;;
	*)
		[ ! -e "$1" ] || set -- "$(print_absolute_path "$1")"
		printf ' %s' "$1"
		;;
	esac
}

if [ "$1" = --files ]; then
	for word in $2; do
		[ ! -f "$word" ] || printf ' %s' "$word"
	done
else
	for word in $(printf '%s\n' "$2" | sed "s/{flavour}/$1/g"); do
		print_linker_argument "$word"
	done
fi
echo
