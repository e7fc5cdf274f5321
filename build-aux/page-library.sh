#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later OR BSD-2-Clause
#
# The words of ./configure --with-page-library as one flavour's programs are linked with
# them: {flavour} is replaced; what is there as a relative path becomes an absolute one,
# for other directories are linked in than this one; and a directory of libraries is looked in
# again when the program starts.
#
#   page-library.sh FLAVOUR FLAGS     the words, on one line
#   page-library.sh --files WORDS     of these words, the files that are there
set -uf

absolute() {
	case $1 in
	/*) printf '%s' "$1" ;;
	*) printf '%s/%s' "$PWD" "$1" ;;
	esac
}

library_word() {
	case $1 in
	-L?*)
		directory=$(absolute "${1#-L}")
		printf ' -L%s -Wl,-rpath,%s' "$directory" "$directory"
		;;
	-*) printf ' %s' "$1" ;;
	*)
		if [ -e "$1" ] || [ "$1" != "${1#*{}" ]; then
			printf ' %s' "$(absolute "$1")"
		else
			printf ' %s' "$1"
		fi
		;;
	esac
}

if [ "$1" = --files ]; then
	for word in $2; do
		[ ! -f "$word" ] || printf ' %s' "$word"
	done
else
	for word in $(printf '%s\n' "$2" | sed "s/{flavour}/$1/g"); do
		library_word "$word"
	done
fi
echo
